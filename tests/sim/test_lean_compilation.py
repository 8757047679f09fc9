"""What is left out while kernels are compiled, and that nobody else misses it."""

from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import numba
import numpy as np
import pytest

from sim.machine.lean_compilation import forget_types, lean_compilation

pytestmark = pytest.mark.compiled


def square(x):
    return x * x


def part():
    """A function as kernels are made of: nobody calls it from Python."""
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(square)


def has_code(function):
    made = function.overloads[(numba.float64,)]
    return made.library.get_pointer_to_function(made.fndesc.llvm_func_name) != 0


def test_what_is_inlined_has_no_machine_code_of_its_own():
    hasty, patient = part(), part()
    with lean_compilation():
        hasty.compile((numba.float64,))
    patient.compile((numba.float64,))
    assert has_code(patient)
    assert not has_code(hasty)


def test_what_others_make_of_it_later_runs():
    inner = part()
    with lean_compilation():
        kernel = numba.njit("float64(float64)")(lambda x: inner(x) + 1.0)
    assert kernel(3.0) == 10.0
    later = numba.njit(lambda x: inner(x) - 1.0)
    assert later(3.0) == 8.0


def test_types_are_forgotten_and_the_function_runs_on():
    module = ModuleType("kernels")
    module.twice = numba.njit("float64(float64)")(lambda x: x + x)
    forget_types(module)
    (built,) = module.twice.overloads.values()
    assert not built.type_annotation
    assert module.twice(3.0) == 6.0
    twice = module.twice
    assert numba.njit(lambda x: twice(x) + 1.0)(3.0) == 7.0


def test_other_threads_compile_as_ever():
    with lean_compilation(), ThreadPoolExecutor(1) as pool:
        made = pool.submit(numba.vectorize(["float64(float64)"]), square).result()
    assert made(np.array([2.0, 3.0])).tolist() == [4.0, 9.0]


def test_an_error_leaves_all_as_it_was():
    library = numba.core.codegen.JITCodeLibrary
    before = library._finalize_final_module

    def failing():
        with lean_compilation():
            assert library._finalize_final_module is not before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert library._finalize_final_module is before
