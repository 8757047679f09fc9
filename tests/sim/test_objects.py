"""Kernels as object code: the numbers of Numba's own, found again without Numba, never called wrongly."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sim import compile as machine_code
from sim.machine import objects
from tests.sim.test_compile import ask, flip

SOURCE = (
    '"""A bare kernel."""\nimport math\nimport numba\n'
    + machine_code.BARE_TAIL.format(kinds="numba.types.Tuple((numba.types.UniTuple(_F, 2), _N)), _F, _I")
    + "def scaled(given, out, n):\n    (a, b), marks = given\n    for i in range(n):\n"
    + "        out[i] = a[i] * b[i] + {more}\n        marks[i] += n\n"
)
pytestmark = pytest.mark.compiled


@pytest.fixture
def cold(cold_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine_code, "_loaded", {})
    monkeypatch.setattr(machine_code, "_kernels", {})
    return cold_cache


def arguments(n: int = 5) -> tuple:
    a, b = np.linspace(0.1, 0.7, n), np.linspace(2.0, 3.0, n)
    return ((a, b), np.arange(n)), np.zeros(n), n


def test_object_code_gives_the_numbers_of_numbas_own(cold: Path):
    source = SOURCE.format(more="a[i]")
    by_object, by_numba = arguments(), arguments()
    machine_code.kernel(source)(*by_object)
    machine_code.load(source).scaled(*by_numba)
    assert by_object[1].tobytes() == by_numba[1].tobytes()
    assert np.array_equal(by_object[0][1], np.arange(5) + 5)
    assert (cold / machine_code.digest_of(source) / objects.FILE).exists()


@pytest.mark.parametrize("name", [objects.FILE, "sums.json", "kernel.py"])
def test_damaged_object_code_is_built_anew(cold: Path, name: str):
    source = SOURCE.format(more="2.0")
    machine_code.kernel(source)
    machine_code._kernels.clear()
    folder = cold / machine_code.digest_of(source)
    flip(folder / name)
    given = arguments()
    machine_code.kernel(source)(*given)
    assert np.array_equal(given[1], given[0][0][0] * given[0][0][1] + 2.0)
    assert machine_code._intact(folder)


def test_what_needs_more_than_itself_is_left_to_numba(cold: Path):
    source = SOURCE.format(more="math.gamma(a[i])")
    given = arguments()
    machine_code.kernel(source)(*given)
    (a, b), _ = given[0]
    np.testing.assert_allclose(given[1], a * b + [math.gamma(x) for x in a], rtol=1e-14)
    assert not (cold / machine_code.digest_of(source) / objects.FILE).exists()


def test_what_takes_more_arguments_than_ctypes_passes_is_left_to_numba(cold: Path):
    """150 arrays of seven words each: as the weights of 8 gated units, a number each."""
    tail = machine_code.BARE_TAIL.format(kinds="numba.types.UniTuple(_F, 150), _F, _I")
    source = '"""A kernel."""\nimport numba\n' + tail + "def last(columns, out, n):\n"
    source += "    for i in range(n):\n        out[i] = columns[0][i] + columns[149][i]\n"
    columns, out = tuple(np.arange(3.0) + k for k in range(150)), np.zeros(3)
    machine_code.kernel(source)(columns, out, 3)
    assert out.tolist() == [149.0, 151.0, 153.0]
    assert not (cold / machine_code.digest_of(source) / objects.FILE).exists()


def test_arguments_of_other_kinds_are_refused(cold: Path):
    kernel = machine_code.kernel(SOURCE.format(more="3.0"))
    (pair, marks), out, n = arguments()
    for wrong in (
        ((pair, marks.astype(float)), out, n),
        ((pair, marks), out.astype(np.float32), n),
        ((pair, marks), np.zeros(2 * n)[::2], n),
        ((pair[:1], marks), out, n),
        ((pair, marks), out, n, n),
    ):
        with pytest.raises(TypeError, match="a kernel of ddldi was given"):
            kernel(*wrong)


SECOND = """
import sys
import numpy as np
from sim.run import prepare
run = prepare("logistic", observables=["orbit"], fixed={"steps": 50, "keep": 4}, varied=["r"])
print(run.evaluate({"r": np.linspace(2.5, 4.0, 70)})["orbit"].tobytes().hex()[:400], "numba" in sys.modules)
"""


def test_a_second_process_needs_no_numba(cold: Path, tmp_path: Path):
    first, again = ask(SECOND, tmp_path).split(), ask(SECOND, tmp_path).split()
    assert first[0] == again[0]
    assert (first[1], again[1]) == ("True", "False")
