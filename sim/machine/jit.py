"""How functions of kernels are compiled: the decorators of `sim` and of generated modules.

Kernels are plain loops over numbers and bundles. They have no closures, comprehensions, context managers or
array expressions, and nothing to prune; Numba looks for all of that in every function. `Passes` leaves it
out, a tenth of the time that a kernel takes to compile. What is generated is the same.
"""

from typing import Any

import numba
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import (
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    TranslateByteCode,
)

_PASSES = (
    (TranslateByteCode, "the bytecode as Numba's language"),
    (FixupArgs, "arguments"),
    (IRProcessing, "lives of variables"),
    (GenericRewrites, "constant indices"),
    (ReconstructSSA, "one definition for each name"),
    (NopythonTypeInference, "types"),
    (PreLowerStripPhis, "definitions joined again"),
    (IRLegalization, "ends of lives"),
    (NativeLowering, "LLVM's language"),
    (NoPythonBackend, "the result"),
)


class Passes(CompilerBase):
    """Numba's compiler with the passes that a kernel needs."""

    def define_pipelines(self) -> list[PassManager]:
        """The only one: there is no way back to Python's objects."""
        manager = PassManager("kernel")
        for each, purpose in _PASSES:
            manager.add_pass(each, purpose)
        manager.finalize()
        return [manager]


_ALL: dict[str, Any] = {"nogil": True, "error_model": "numpy", "pipeline_class": Passes}
_UNSEEN: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # by Python and C

jit = numba.njit(**_ALL)
"""A function that kernels call, and Python may."""
inner = numba.njit(**_ALL, **_UNSEEN)
"""A function that only kernels call."""
part = numba.njit(forceinline=True, **_ALL, **_UNSEEN)
"""A function that becomes a part of the kernel's own code."""
uncounted = numba.njit(_nrt=False, **_ALL)
"""`jit` without counting references to arrays: it makes none."""
bare = numba.njit(_nrt=False, **_ALL, **_UNSEEN)
"""`inner` without counting references to arrays."""


def kernel(kinds: Any) -> Any:
    """The kernel itself, for these types of arguments: compiled where it stands, and kept on disk."""
    return numba.njit(kinds, cache=True, **_ALL)
