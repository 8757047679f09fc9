"""Machine code without its compiler: a kernel as an object file, which LLVM loads and ctypes calls.

Importing Numba and its type machinery takes longer than most tiles. Numba compiles a kernel once; what is
kept is its object code, in a file with the name of its symbol and the kinds of its arguments, and from then
on LLVM alone is needed. The function is called as Numba's own functions call each other: an array is seven
arguments (two owners that nobody counts, items, bytes of an item, address, length, stride), a tuple its
elements. Whether that holds is checked on the compiled function; if not, nothing is kept and Numba calls it.
"""

import ctypes
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import binding

FILE = "kernel.code"
_LETTERS = {np.dtype(np.float64): "d", np.dtype(np.int64): "l"}
_WORDS = {"d": "pp88p88", "l": "pp88p88", "i": "8"}  # p: an address, 8: an integer of 64 bits
_TYPES = {"p": ctypes.c_void_p, "8": ctypes.c_int64}
_MOST = 1024  # arguments that ctypes passes
_engines: list[Any] = []  # they own the machine code


def build(function: Any, kinds: Any, folder: Path) -> bool:
    """Compile a function that makes no array and raises nothing for these types, and keep its code."""
    from numba.core import compiler, registry  # noqa: PLC0415  this module is there to do without Numba

    from sim.machine.jit import Passes  # noqa: PLC0415

    flags = compiler.Flags()
    flags.nrt, flags.error_model = False, "numpy"
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    cpu = registry.cpu_target
    contexts, types = (cpu.typing_context, cpu.target_context), (kinds.args, kinds.return_type)
    made = compiler.compile_extra(*contexts, function, *types, flags, {}, pipeline_class=Passes)
    module = binding.parse_assembly(made.library.get_llvm_str())
    symbol, letters = made.fndesc.llvm_func_name, "".join(map(_letters, kinds.args))
    words = ["p" if str(a.type)[-3:] == "ptr" else str(a.type) for a in module.get_function(symbol).arguments]
    expected = "pp" + "".join(_WORDS[letter] for letter in letters)
    missing = [f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
    missing += [g.name for g in module.global_variables if g.is_declaration]
    if len(words) > _MOST or missing or words != [{"p": "p", "8": "i64"}[word] for word in expected]:
        return False
    head = json.dumps({"symbol": symbol, "letters": letters}).encode()
    (folder / FILE).write_bytes(head + b"\n" + _machine().emit_object(module))
    return True


def fetch(folder: Path) -> Callable[..., None]:
    """The kernel kept in a folder, as a function of arrays, integers and tuples of them. It holds no lock."""
    head, _, code = (folder / FILE).read_bytes().partition(b"\n")
    known = json.loads(head)
    letters = known["letters"]
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    words = "".join(_WORDS[letter] for letter in letters)
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, *(_TYPES[word] for word in "pp" + words))
    function = kind(engine.get_function_address(known["symbol"]))

    def kernel(*arguments: Any) -> None:
        parts = list(_flat(arguments))
        if "".join(letter for letter, _ in parts) != letters:
            given = [letter for letter, _ in parts]
            raise TypeError(
                f"a kernel of {letters} was given {''.join(given)}: contiguous float64, int64, int"
            )
        room = ctypes.create_string_buffer(16)  # nothing is returned, nothing is raised
        status = function(room, room, *(word for _, words in parts for word in words))
        if status:
            raise RuntimeError(f"the kernel {known['symbol']} failed with status {status}")

    return kernel


def _flat(arguments: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for value in arguments:
        if isinstance(value, tuple):
            yield from _flat(value)
        elif isinstance(value, np.ndarray):
            letter = _LETTERS.get(value.dtype, "?") if value.flags.c_contiguous else "?"
            yield letter, (None, None, value.size, 8, value.ctypes.data, value.size, 8)
        else:
            yield "i", (int(value),)


def _letters(kind: Any) -> str:
    """The letters of a Numba type; "?" where it is none that is passed so."""
    if hasattr(kind, "types"):
        return "".join(map(_letters, kind.types))
    name = str(kind)
    return "i" if name == "int64" else {"array(float64, 1d, C)": "d", "array(int64, 1d, C)": "l"}[name]


def _machine() -> Any:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        reloc="static",
        codemodel="jitdefault",
        jit=True,
    )
