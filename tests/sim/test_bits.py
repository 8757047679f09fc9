"""Bits of a cell depend on the cell alone: not on tiles, order, other observables, forms of products,
checkpoints."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.run import Run
from tests.conftest import INTERPRETED
from tests.sim.cases import Case, cases, measure, passes

pytestmark = pytest.mark.usefixtures("compiling_ahead")
FULL = {case.name: case for case in cases() if case.full}
GROUPS = [(name, group) for name, case in FULL.items() for group in passes(case)]
few = settings(
    max_examples=4 if INTERPRETED else 25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def columns_of(case: Case, cells: int, seed: int) -> dict[str, np.ndarray]:
    """Many cells like the case's own: its numbers shaken a little, its seeds drawn from a few."""
    random = np.random.default_rng(seed)
    found = {}
    for path, column in case.columns.items():
        chosen = column[random.integers(0, len(column), cells)]
        found[path] = chosen if chosen.dtype.kind == "i" else chosen + random.normal(size=cells) * 0.01
    return found


def same(found: dict, wanted: dict, where: np.ndarray | slice = slice(None)) -> None:
    for name, values in found.items():
        assert values.tobytes() == np.ascontiguousarray(wanted[name][where]).tobytes(), name


@few
@given(
    group=st.sampled_from(GROUPS),
    cells=st.integers(1, 40 if INTERPRETED else 200),
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(0, 200), max_size=3),
)
def test_tiles_and_order_change_nothing(group, cells: int, seed: int, cuts: list[int]):
    name, observables = group
    case = FULL[name]
    run = case.run(observables)
    columns = columns_of(case, cells, seed)
    whole = run.evaluate(columns)
    order = np.random.default_rng(seed + 1).permutation(cells)
    for part in np.split(order, sorted({cut for cut in cuts if 0 < cut < cells})):
        same(run.evaluate({path: column[part] for path, column in columns.items()}), whole, part)


# every subset is a kernel of its own: the compiled lane takes a few that mix every way of being observed
SUBSETS = {
    "ctrnn-tanh-unit": [("loss",), ("trajectory", "gradient", "escape_time")],
    "rnn-tanh-network": [("loss", "gradient_norm")],
    "henon": [("period", "final_state", "gradient_through_time")],
}


@pytest.mark.parametrize(("name", "subset"), [(name, s) for name, all_of in SUBSETS.items() for s in all_of])
def test_what_else_runs_changes_nothing(name: str, subset: tuple[str, ...]):
    case = FULL[name]
    alone = case.run(subset).evaluate(case.columns)
    for group in passes(case):
        common = [observable for observable in subset if observable in group]
        if common:
            together = case.run(group).evaluate(case.columns)
            same({observable: alone[observable] for observable in common}, together)


# ---- networks ---------------------------------------------------------------------------

NETWORK = FULL["rnn-tanh-network"]
SEEDS = np.array([5, 2, 5, 9, 2, 1, 0, 7, 7])
GAINS = np.array([0.5, 1.3, 2.0, 1.3, 1.3, 1.3, 0.5, 1.3, 1.0])


def network(observables: tuple[str, ...], varied: tuple[str, ...] = ("weights.gain", "seed"), **fixed) -> Run:
    """The network of the conformance suite with other settings."""
    fixed = NETWORK.fixed | {path.replace("__", "."): value for path, value in fixed.items()}
    columns = dict.fromkeys(varied, SEEDS)
    return NETWORK._replace(fixed=fixed, columns=columns).run(observables)


@pytest.mark.parametrize("group", passes(NETWORK), ids=lambda group: group[0])
def test_shared_and_distinct_matrices_give_equal_bits(group: tuple[str, ...]):
    """Cells of one seed share a block's matrix where a gain varies beside the seed, else every lane has its
    own.

    And a gain that is swept is a gain that is fixed.
    """
    shared = network(group)
    distinct = network(group, ("seed",), weights__gain=1.3)
    assert (distinct._form.shared, shared._form.shared) == (False, True)
    wanted = shared.evaluate({"seed": SEEDS, "weights.gain": GAINS})
    same(distinct.evaluate({"seed": SEEDS[GAINS == 1.3]}), wanted, GAINS == 1.3)


@pytest.mark.parametrize(("units", "lanes"), [(18, 4), (26, 2), (40, 1)])
def test_more_units_take_other_forms_with_equal_bits(units: int, lanes: int):
    """The larger the matrices, the fewer lanes a block has, down to registers that lanes share with units;
    these sizes say the same with every processor's shapes.
    """
    observed, settings = ("gradient_norm", "gradient_through_time"), {"units": units, "b": 0.1}
    shared = network(observed, **settings).evaluate({"seed": SEEDS, "weights.gain": np.ones(len(SEEDS))})
    distinct = network(observed, ("seed",), **settings)
    assert distinct._form.lanes == lanes
    same(distinct.evaluate({"seed": SEEDS}), shared)


@pytest.mark.parametrize("group", passes(NETWORK)[:2], ids=lambda group: group[0])
def test_the_matrix_is_gain_times_another(group: tuple[str, ...]):
    """W = 2 W0 by the gain or written out: powers of two commute with rounding, so the bits are equal."""
    w = np.random.default_rng(4).normal(size=(5, 5))
    one = {"seed": np.array([3])}
    by_gain = network(group, weights="matrix", weights__matrix=w.tolist())
    written = network(group, weights="matrix", weights__matrix=(2 * w).tolist())
    same(
        by_gain.evaluate(one | {"weights.gain": np.array([2.0])}),
        written.evaluate(one | {"weights.gain": np.array([1.0])}),
    )


def test_more_seeds_change_nothing():
    run = network(passes(NETWORK)[1], ("seed",))
    few_seeds = run.evaluate({"seed": SEEDS[:3]})
    same(few_seeds, run.evaluate({"seed": np.append(SEEDS, np.arange(40))}), slice(3))


def test_a_varied_number_is_a_fixed_number():
    """Columns that are the same for all cells are read with another stride, not by another program."""
    case = FULL["ctrnn-tanh-unit"]
    group = passes(case)[0]
    varied = case.run(group).evaluate(case.columns)
    for i in range(2):
        numbers = {path: float(column[i]) for path, column in case.columns.items()}
        fixed = case._replace(fixed=case.fixed | numbers, columns={}).run(group).evaluate({})
        same({name: values[0] for name, values in fixed.items()}, varied, i)


def test_a_varied_start_is_a_fixed_start():
    starts = np.array([0.2, -0.7, 1.5])
    varied = measure("rnn", ["trajectory"], {"start": starts}, w=1.3, steps=12)
    for i, start in enumerate(starts):
        alone = measure("rnn", ["trajectory"], w=1.3, start=float(start), steps=12)
        same({name: values[0] for name, values in alone.items()}, varied, i)


def test_threads_change_nothing():
    case = FULL["rnn-tanh-network"]
    run = case.run(passes(case)[0])
    columns = columns_of(case, 60, 1)
    wanted = run.evaluate(columns)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: run.evaluate(columns), range(8)):
            same(found, wanted)


# ---- checkpoints --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ctrnn-tanh-unit", "henon", "rnn-tanh-network"])
def test_checkpoints_change_no_gradient(name: str):
    case = FULL[name]
    group = passes(case)[1]
    steps = 53
    run = case.run(group, steps=steps)
    columns = {path: column[:2] for path, column in case.columns.items()}
    if name == "henon":
        columns = {"a": np.array([0.2, 0.3]), "b": np.array([0.3, 0.2])}
    wanted = run.evaluate(columns)
    assert run._form.span == steps
    for span in (1, 7, 52):
        again = case.run(group, steps=steps)
        again._form.__dict__["span"] = span
        assert again._form.span == span  # what is set is what is taken
        same(again.evaluate(columns), wanted)


@pytest.mark.compiled
@pytest.mark.parametrize(("name", "steps"), [("ctrnn-tanh-unit", 3000), ("rnn-tanh-network", 3000)])
def test_long_runs_set_checkpoints_and_change_no_gradient(name: str, steps: int):
    case = FULL[name]
    run = case.run(passes(case)[1], steps=steps)
    assert run._form.span < steps / 4
    whole = case.run(passes(case)[1], steps=steps)
    whole._form.__dict__["span"] = steps
    same(run.evaluate(case.columns), whole.evaluate(case.columns))
