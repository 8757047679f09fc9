"""Every system that is found, unasked: compiled or interpreted kernels against the plain reference, and laws
of runs."""

from __future__ import annotations

import numpy as np
import pytest

from sim.generic import mirrored
from sim.names import listing
from tests.conftest import INTERPRETED
from tests.sim.cases import CELLS, ELSEWHERE, STEPS, Case, cases, passes, recurrences
from tests.sim.plain import cell, moved, numbers
from tests.sim.reference import REFERENCE, gradient, gradient_by_differences, jacobians, last_jacobian

# without machine code a wrapper's run takes minutes; its verbs are tested by themselves in both lanes
CASES = [case for case in cases() if not (INTERPRETED and {"cell", "flow"} & set(case.fixed))]
FIVE = range(CELLS)
SOME = (0, 2, 4)  # of networks, whose references take seconds
SLOW = {"pascanu_regulariser_gradient"}  # differences of sums of Jacobians that are differences themselves
pytestmark = pytest.mark.usefixtures("compiling_ahead")


OF_LAYERS = {"activation_norm", "delta_norm"}  # for networks of layers alone: tests/sim/test_mlp.py


def ids(case: Case) -> str:
    return case.name


every_case = pytest.mark.parametrize("case", CASES, ids=ids)
each_full_case = pytest.mark.parametrize("case", [case for case in CASES if case.full], ids=ids)


def close(found: np.ndarray, wanted: np.ndarray, tolerance: float, least: float = 1e-300) -> None:
    """Equal up to the tolerance relative to the largest number of the wanted array (to `least` where all are
    smaller: what is relative already is nothing but rounding there); infinities are equal exactly."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    assert found.shape == wanted.shape
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(found[~finite], wanted[~finite])
    scale = np.max(np.abs(wanted[finite]), initial=least)
    np.testing.assert_allclose(found[finite] / scale, wanted[finite] / scale, rtol=0, atol=tolerance)


def test_every_system_has_a_case_and_every_observable_a_reference():
    assert {case.system for case in cases()} == set(recurrences())
    missing = sorted(set(listing("sim.observables")) - set(REFERENCE) - OF_LAYERS - ELSEWHERE)
    assert not missing, f"tests/sim/reference.py has no reference for {missing}; write one"


@pytest.mark.parametrize("case", [case for case in CASES if "trajectory" in passes(case)[0]], ids=ids)
def test_a_step_is_the_reference_step(case: Case):
    run = case.run(passes(case)[0])
    trajectory = run.evaluate(case.columns)["trajectory"].reshape(CELLS, STEPS + 1, -1)
    for i in FIVE:
        c = cell(run, case.columns, i)
        np.testing.assert_array_equal(trajectory[i, 0], c.start)
        for t in range(STEPS):
            close(trajectory[i, t + 1], moved(c, trajectory[i, t], t), 1e-13)


@every_case
def test_observables_are_the_reference(case: Case):
    for names in passes(case):
        run = case.run(names)
        found = run.evaluate(case.columns)
        exact = {i: cell(run, case.columns, i, np.longdouble) for i in (SOME if case.network else FIVE)}
        assert set(found) == {*names, "outcome"}
        assert (found["outcome"] == 1).all()
        for variable in run.variables:
            values = found[variable.name]
            assert values.shape == (CELLS, *variable.shape)
            assert values.dtype == variable.dtype
            for i, c in exact.items():
                if case.network and i > 0 and variable.name in SLOW:
                    continue
                wanted = REFERENCE[variable.name](c).reshape(variable.shape)
                least = 1.0 if variable.name == "superposition_residual" else 1e-300
                close(values[i], wanted, _tolerance(c, variable.name), least)


def _tolerance(c, name: str) -> float:
    """1e-13 a step, grown by the run's own Jacobians: what one rounding has become at the end."""
    if name in ("period", "escape_time", "memory_length", "parameter_count"):
        return 0.0
    if name == "pascanu_regulariser_gradient":
        return 1e-8  # what the differences of the reference reach
    growth, worst = 1.0, 1.0
    if name in ("eigenvalues", "jacobian_spectral_radius"):  # Bauer & Fike 1960
        vectors = np.linalg.eig(last_jacobian(c))[1]
        worst = min(np.linalg.cond(vectors), 1e6)
    for factor in jacobians(c):
        growth *= max(1.0, np.linalg.norm(factor.astype(float), 2))
        worst = max(worst, growth)
        if name in ("log_singular_values", "effective_rank"):  # a rounding in J moves the smallest the most
            worst = max(worst, min(np.linalg.cond(factor.astype(float)), 1e6))
    return 1e-13 * (c.steps + 1) * worst


@each_full_case
def test_reverse_accumulation_is_the_difference_of_whole_runs(case: Case):
    """The two references of the gradient agree, so that neither is wrong alone."""
    run = case.run(("loss",))
    c = cell(run, case.columns, 1, np.longdouble)
    total = gradient_by_differences(c)
    close(gradient(c), total, 1e-12)


@each_full_case
def test_a_cell_alone_is_that_cell_in_any_tile(case: Case):
    for names in passes(case):
        run = case.run(names)
        together = run.evaluate(case.columns)
        many = {path: np.resize(column, 75) for path, column in case.columns.items()}
        wide = run.evaluate(many) if not INTERPRETED or "log" not in names[0] else None
        for i in (0, CELLS - 1):
            alone = run.evaluate({path: column[i : i + 1] for path, column in case.columns.items()})
            for name, values in alone.items():
                assert values[0].tobytes() == together[name][i].tobytes(), (name, i)
                if wide is not None:
                    assert values[0].tobytes() == wide[name][70 + i].tobytes(), (name, i)


@each_full_case
def test_evaluating_changes_nothing_that_was_given(case: Case):
    run = case.run(passes(case)[0])
    columns = {path: column.copy() for path, column in case.columns.items()}
    for column in columns.values():
        column.setflags(write=False)
    first, second = run.evaluate(columns), run.evaluate(columns)
    for name, values in first.items():
        assert values.tobytes() == second[name].tobytes()
    for path, column in columns.items():
        np.testing.assert_array_equal(column, case.columns[path])


@each_full_case
def test_steps_longer_leaves_earlier_times_equal(case: Case):
    names = passes(case)[0]
    short, long = case.run(names, steps=7), case.run(names, steps=STEPS)
    if mirrored(short.setting.example):
        pytest.skip("it reads the sequence from its end, which lies elsewhere in a longer run")
    before, after = short.evaluate(case.columns)["trajectory"], long.evaluate(case.columns)["trajectory"]
    assert before.tobytes() == np.ascontiguousarray(after[:, :8]).tobytes()


@every_case
def test_step_reads_its_arguments_only(case: Case):
    run = case.run(("final_state",))
    c = cell(run, case.columns, 0)
    s, x = c.start.copy(), c.inputs.copy()
    kept = {label: value.copy() for label, value in numbers(c.pack).items()}
    moved(c, s, 0)
    np.testing.assert_array_equal(s, c.start)
    np.testing.assert_array_equal(x, c.inputs)
    for label, value in numbers(c.pack).items():
        np.testing.assert_array_equal(kept[label], value)
