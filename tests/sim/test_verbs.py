"""Derivatives of every system that is found: registered or derived, they are the derivatives of its step."""

from __future__ import annotations

import numpy as np
import pytest

from sim.derivatives import gradient
from sim.equation import Equation
from sim.generic import has, jvp, step, units, vjp
from sim.graph import Node
from tests.sim.cases import Case, cases
from tests.sim.plain import Cell, cell, flat, jacobian, moved, numbers, parameter_jacobian, shaped
from tests.sim.reference import states
from tests.sim.symbols import value, values

CASES = list(cases())
SMALL = [case for case in CASES if "units" not in case.fixed]
NETWORKS = [case for case in CASES if "units" in case.fixed]
TIMES = (0, 3, 8)


def ids(case: Case) -> str:
    return case.name


def equation_of(case: Case) -> Equation:
    return Equation(case.run(("final_state",)).setting.example, "cells")


def leaves_of(c: Cell, s: np.ndarray, t: int) -> dict:
    """The numbers of a cell at time t, as the leaves of its equation."""
    found = {("parameter", label): array[0] for label, array in numbers(c.pack).items() if array.size == 1}
    found |= {("state", str(i)): number for i, number in enumerate(s)}
    for name, array in zip(c.pack._fields, c.pack, strict=True):
        found |= {("matrix", name): array, ("vector", name): array, ("parameter", f"{name}.factor"): 1.0}
    x = c.inputs[t] if isinstance(units(c.pack), int) else c.inputs[t, 0]
    return found | {("state", "s"): s, ("input", "x"): x}


def cells_of(case: Case):
    """(cell in extended precision, its states) for the first and the last cell."""
    run = case.run(("final_state",))
    for i in (0, 3):
        c = cell(run, case.columns, i, np.longdouble)
        yield c, states(c)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_traced_step_is_the_step(case: Case):
    equation = equation_of(case)
    for c, path in cells_of(case):
        for t in TIMES:
            found = flat(np.concatenate([flat(v) for v in values(equation.next, leaves_of(c, path[t], t))]))
            np.testing.assert_allclose(found, moved(c, path[t], t), rtol=1e-17, atol=1e-17)


@pytest.mark.parametrize("case", SMALL, ids=ids)
def test_derived_jacobians_are_differences(case: Case):
    equation = equation_of(case)
    for c, path in cells_of(case):
        for t in TIMES:
            leaves = leaves_of(c, path[t], t)
            found = [[_slope(n, leaves) for n in gradient(row, equation.state)] for row in equation.next]
            np.testing.assert_allclose(found, jacobian(c, path[t], t).astype(float), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", SMALL, ids=ids)
def test_derived_parameter_gradients_are_differences(case: Case):
    equation = equation_of(case)
    for c, path in cells_of(case):
        for t in TIMES:
            leaves = leaves_of(c, path[t], t)
            for label, leaf in equation.parameters.items():
                found = [_slope(gradient(row, [leaf])[0], leaves) for row in equation.next]
                wanted = parameter_jacobian(c, path[t], t, label)[:, 0]
                np.testing.assert_allclose(found, wanted.astype(float), rtol=1e-11, atol=1e-13)


def _slope(node: Node | None, leaves: dict) -> float:
    return 0.0 if node is None else float(value(node, leaves))


def network(case: Case):
    """(pack, state, input, jacobian in extended precision, time, cell) at several times, in double
    precision."""
    for c, path in cells_of(case):
        pack = type(c.pack)(*(a.astype(float) if isinstance(a, np.ndarray) else a for a in c.pack))
        for t in TIMES:
            yield (
                pack,
                path[t].astype(float),
                c.inputs[t].astype(float),
                jacobian(c, path[t], t),
                t,
                c,
                path[t],
            )


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_jvp_is_differences_along_the_tangent(case: Case):
    if not has(jvp, type(equation_of(case).pack)):
        pytest.skip(f"{case.system} has no jvp of its own")
    random = np.random.default_rng(5)
    for pack, s, x, J, *_ in network(case):
        v = random.normal(size=len(s))
        np.testing.assert_allclose(jvp(pack, s, x, v), (J @ v).astype(float), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_vjp_is_the_adjoint_of_jvp(case: Case):
    random = np.random.default_rng(6)
    for pack, s, x, *_ in network(case):
        v, g = random.normal(size=(2, len(s)))
        back, forth = vjp(pack, s, x, g)[1], jvp(pack, s, x, v)
        scale = np.linalg.norm(g) * np.linalg.norm(forth) + np.linalg.norm(back) * np.linalg.norm(v)
        assert abs(g @ forth - back @ v) <= 1e-12 * scale


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_parameter_gradients_of_vjp_are_differences(case: Case):
    random = np.random.default_rng(7)
    for pack, s, x, _, t, c, exact in network(case):
        g = random.normal(size=len(s))
        found = vjp(pack, s, x, g)[0]
        assert type(found) is type(pack)
        for label in numbers(c.pack):
            wanted = g @ parameter_jacobian(c, exact, t, label).astype(float)
            np.testing.assert_allclose(np.ravel(getattr(found, label)), wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_registered_derivatives_are_those_of_the_graph(case: Case):
    """The same equation differentiated by reverse accumulation on its graph: an independent derivation of
    jvp and vjp."""
    equation = equation_of(case)
    graph, n = equation.graph, equation.state[0].shape
    g = graph.leaf("gradient", "g", n)
    wrt = [equation.state[0], *equation.matrices.values(), *equation.vectors.values()]
    derived = gradient(equation.next[0], wrt, seed=g)
    random = np.random.default_rng(8)
    for pack, s, x, _, t, c, _exact in network(case):
        leaves = leaves_of(c, s, t) | {("gradient", "g"): random.normal(size=len(s))}
        leaves = {
            key: a.astype(float) if isinstance(a, np.ndarray | np.longdouble) else a
            for key, a in leaves.items()
        }
        own, back = vjp(pack, s, x, leaves["gradient", "g"])
        found = [np.asarray(value(node, leaves)) for node in derived]
        np.testing.assert_allclose(found[0], back, rtol=1e-11, atol=1e-13)
        for name, array in zip([*equation.matrices, *equation.vectors], found[1:], strict=True):
            np.testing.assert_allclose(array, getattr(own, name), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_verbs_change_none_of_their_arguments(case: Case):
    random = np.random.default_rng(9)
    for pack, s, x, *_ in network(case):
        v = random.normal(size=len(s))
        given = (s, x, v, *(a for a in pack if isinstance(a, np.ndarray)))
        kept = [a.copy() for a in given]
        for a in given:
            a.setflags(write=False)
        step(pack, s, x), jvp(pack, s, x, v), vjp(pack, s, x, v)
        for before, after in zip(kept, given, strict=True):
            np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("case", SMALL, ids=ids)
def test_a_small_state_keeps_its_form(case: Case):
    """What step returns can be stepped again: a number for a number, as many numbers as there are labels."""
    for c, path in cells_of(case):
        s, x = shaped(c, path[0]), c.inputs[0, 0]
        once = step(c.pack, s, x)
        assert isinstance(once, tuple) == isinstance(s, tuple)
        assert flat(once).shape == path[0].shape
