"""The passes that kernels are compiled with make the code that Numba's own make."""

import re

import numba
import pytest

from sim.elementary import sigmoid, tanh
from sim.lanes import align_stack, any_lane, fma, load, select, splat, store
from sim.machine.jit import Passes, uncounted
from sim.pointwise.samples import deliver

pytestmark = pytest.mark.compiled
_KINDS = numba.void(numba.types.UniTuple(numba.float64[::1], 2), numba.int64, numba.float64[::1])


def run(columns, steps, out):
    """Branches, loops, tuples, names that are bound again, integers beside numbers."""
    align_stack()
    w, start = columns
    for at in range(0, out.size, 8):
        h = load(start, at, 8)
        total = splat(0.0, 8)
        for t in range(steps):
            h = tanh(load(w, at, 8) * h) if t % 2 else sigmoid(h)
            total = fma(h, h, total) if t > 3 else total
            if any_lane(h > 0.9):
                h = select(h > 0.9, 0.5, h)
        store(out, at, total + h)


def instructions(function):
    """What LLVM makes machine code of, but for the names of values and of symbols of Numba: numbered ones."""
    (text,) = function.inspect_llvm().values()
    lines = [line for line in text.splitlines() if line.startswith("  ")]  # what stands within functions
    return [re.sub(r'(?!@llvm)[%@](".*?"|[\w.$]+)', "_", line) for line in lines]


def test_the_code_is_that_of_all_passes():
    ours = numba.njit(_KINDS, nogil=True, error_model="numpy", pipeline_class=Passes)(run)
    theirs = numba.njit(_KINDS, nogil=True, error_model="numpy")(run)
    assert len(instructions(ours)) > 200
    assert instructions(ours) == instructions(theirs)


def test_so_is_that_of_what_turns_samples():
    kinds = numba.void(numba.float64[::1], *[numba.int64] * 4)
    theirs = numba.njit(kinds, nogil=True, error_model="numpy", _nrt=False)(deliver.py_func)
    ours = uncounted(deliver.py_func)
    ours.compile(kinds.args)
    assert instructions(ours) == instructions(theirs)
