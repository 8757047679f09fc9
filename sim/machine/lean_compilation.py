"""What Numba need not do while it compiles a kernel: a third of its time.

It makes machine code of every function that a kernel is made of, though they are inlined and nobody calls
them by themselves; that is a tenth to a quarter of the time. It makes millions of objects that live to its
end, and Python looks through them for cycles of dead ones again and again; that is an eighth.
"""

import contextlib
import gc
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from numba.core import codegen
from numba.core.dispatcher import Dispatcher

# ruff: noqa: SLF001  Numba has no door here; what its lock pins is what this was written for

_WRAPPER = "cpython"  # in the names of functions that Python calls


@contextlib.contextmanager
def lean_compilation() -> Iterator[None]:
    """Within it this thread compiles kernels, and nothing else that Numba can compile."""
    collects = gc.isenabled()
    gc.disable()
    try:
        with _code_of_kernels_alone():
            yield
    finally:
        if collects:
            gc.enable()


@contextlib.contextmanager
def _code_of_kernels_alone() -> Iterator[None]:
    """Functions that Python does not call are optimised, so that they can be inlined, and left at that."""
    ours = threading.get_ident()
    library, generator = codegen.JITCodeLibrary, codegen.JITCPUCodegen
    finish, bind = library._finalize_final_module, generator.set_env

    def finished(self: Any) -> None:
        defined = [f.name for f in self._final_module.functions if not f.is_declaration]
        called = any(_WRAPPER in name for name in defined)
        if called or not defined or threading.get_ident() != ours:  # none: its code comes from the cache
            finish(self)
            return
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def bound(self: Any, name: str, environment: Any) -> None:
        if self._engine.is_symbol_defined(name):
            bind(self, name, environment)

    library._finalize_final_module, generator.set_env = finished, bound
    try:
        yield
    finally:
        library._finalize_final_module, generator.set_env = finish, bind


def forget_types(module: ModuleType) -> None:
    """Drop the typed form of a module's functions, which Numba keeps to show it to people.

    Of a network's kernel it is 14 000 objects that Python looks through again and again. Functions from
    Numba's cache have none.
    """
    for function in vars(module).values():
        if isinstance(function, Dispatcher):
            for kinds, built in function.overloads.items():
                function.overloads[kinds] = built._replace(type_annotation="", metadata={})
