"""Derivatives of every system that is found: registered or derived, they are the derivatives of its step."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from sim.equations.derivatives import gradient
from sim.equations.equation import Equation
from sim.equations.graph import Node
from sim.generic import carried, has, jvp, step, units, vjp
from tests.sim.cases import Case, cases
from tests.sim.plain import (
    Cell,
    cell,
    differences,
    driven,
    flat,
    jacobian,
    moved,
    numbers,
    parameter_jacobian,
    shaped,
)
from tests.sim.reference import field, states
from tests.sim.symbols import value, values

CASES = list(cases())
SMALL = [case for case in CASES if not case.network]
NETWORKS = [case for case in CASES if case.network]
TIMES = (0, 3, 8)


def ids(case: Case) -> str:
    return case.name


def equation_of(case: Case) -> Equation:
    return Equation(case.run(("final_state",)).setting.example, "cells")


def leaves_of(c: Cell, s: np.ndarray, t: int) -> dict:
    """The numbers of a cell at time t, as the leaves of its equation."""
    found: dict = {}
    for name, array in numbers(c.pack).items():
        found |= {("matrix", name): array, ("vector", name): array, ("parameter", f"{name}.factor"): 1.0}
        if array.size == 1:
            found[("parameter", name)] = array[0]
    labels = units(c.pack)
    if isinstance(labels, dict):
        found |= {("state", part): value for part, value in zip(labels, shaped(c, s), strict=True)}
    elif isinstance(labels, int):
        found[("state", "s")] = s
    else:
        found |= {("state", str(i)): number for i, number in enumerate(s)}
    x = driven(c, t)
    return found | (
        {("input", "x"): x[0], ("noise", "z"): x[1], ("mirror", "w"): x[1]}
        if isinstance(x, tuple)
        else {("input", "x"): x}
    )


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


class At(NamedTuple):
    """A network at one time of its run, in double precision; `exact` in extended."""

    cell: Cell
    s: np.ndarray
    x: Any
    t: int
    exact: tuple[Cell, np.ndarray]

    def jvp(self, v: np.ndarray, y: np.ndarray) -> np.ndarray:
        return flat(carried(self.cell.pack, shaped(self.cell, self.s), self.x, shaped(self.cell, v), y))

    def vjp(self, g: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
        own, back, *more = vjp(self.cell.pack, shaped(self.cell, self.s), self.x, shaped(self.cell, g))
        return own, flat(back), *more


def network(case: Case):
    """A network at several times."""
    run = case.run(("final_state",))
    for i in (0, 3):
        c, exact = cell(run, case.columns, i), cell(run, case.columns, i, np.longdouble)
        path = states(exact)
        for t in TIMES:
            yield At(c, path[t].astype(float), driven(c, t), t, (exact, path[t]))


def plain_input(at: At) -> np.ndarray:
    return at.x[0] if isinstance(at.x, tuple) else at.x


def input_jacobian(at: At) -> np.ndarray:
    """dF/dx, by differences in extended precision."""
    c, s = at.exact
    m = len(plain_input(at))

    def step_with(x: np.ndarray) -> np.ndarray:
        series = c.inputs.copy()
        series[at.t, :m] = x
        return moved(c._replace(inputs=series), s, at.t)

    return differences(step_with, c.inputs[at.t, :m]).astype(float)


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_jvp_is_differences_along_the_tangent(case: Case):
    if not has(jvp, type(equation_of(case).pack)):
        pytest.skip(f"{case.system} has no jvp of its own")
    random = np.random.default_rng(5)
    for at in network(case):
        v, y = random.normal(size=len(at.s)), random.normal(size=len(plain_input(at)))
        wanted = jacobian(*at.exact, at.t).astype(float) @ v + input_jacobian(at) @ y
        np.testing.assert_allclose(at.jvp(v, y), wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_vjp_is_the_adjoint_of_jvp(case: Case):
    """<g, J v + K y> = <J^T g, v> + <K^T g, y>."""
    random = np.random.default_rng(6)
    for at in network(case):
        v, g = random.normal(size=(2, len(at.s)))
        y = random.normal(size=len(plain_input(at)))
        _, back, aside = at.vjp(g)
        forth = at.jvp(v, y)
        scale = np.linalg.norm(g) * np.linalg.norm(forth) + np.linalg.norm(back) * np.linalg.norm(v)
        assert abs(g @ forth - back @ v - aside @ y) <= 1e-12 * (
            scale + np.linalg.norm(aside) * np.linalg.norm(y)
        )


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_parameter_gradients_of_vjp_are_differences(case: Case):
    random = np.random.default_rng(7)
    for at in network(case):
        c, s = at.exact
        g = random.normal(size=len(s))
        own = at.vjp(g)[0]
        assert type(own) is type(c.pack)
        for label in numbers(c.pack):
            wanted = g @ parameter_jacobian(c, s, at.t, label).astype(float)
            found = np.ravel(np.zeros_like(wanted) if field(own, label) is None else field(own, label))
            np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_registered_derivatives_are_those_of_the_graph(case: Case):
    """The same equation differentiated by reverse accumulation on its graph: an independent derivation of
    jvp and vjp."""
    equation = equation_of(case)
    graph = equation.graph
    g = tuple(
        graph.leaf("gradient", part, node.shape)
        for part, node in zip(equation.parts, equation.state, strict=True)
    )
    arrays = {**equation.matrices, **equation.vectors}
    wrt = [*equation.state, *arrays.values()]
    shares = [gradient(value, wrt, seed=seed) for value, seed in zip(equation.next, g, strict=True)]
    random = np.random.default_rng(8)
    for at in network(case):
        seed = random.normal(size=len(at.s))
        own, back, _ = at.vjp(seed)
        leaves = leaves_of(at.cell, at.s, at.t)
        leaves |= {
            ("gradient", part): v for part, v in zip(equation.parts, parted(at.cell, seed), strict=True)
        }
        found = [
            sum((np.asarray(value(node, leaves)) for node in nodes if node is not None), np.zeros(leaf.shape))
            for leaf, nodes in zip(wrt, zip(*shares, strict=True), strict=True)
        ]
        count = len(equation.state)
        np.testing.assert_allclose(np.concatenate(found[:count]), back, rtol=1e-11, atol=1e-13)
        for name, array in zip(arrays, found[count:], strict=True):
            wanted = field(own, name)
            np.testing.assert_allclose(
                array, 0.0 * array if wanted is None else wanted, rtol=1e-11, atol=1e-13
            )


def parted(c: Cell, s: np.ndarray) -> tuple[np.ndarray, ...]:
    made = shaped(c, s)
    return made if isinstance(made, tuple) else (made,)


@pytest.mark.parametrize("case", NETWORKS, ids=ids)
def test_verbs_change_none_of_their_arguments(case: Case):
    random = np.random.default_rng(9)
    for at in network(case):
        v = random.normal(size=len(at.s))
        given = [at.s, v, *(a for a in numbers(at.cell.pack).values())]
        kept = [a.copy() for a in given]
        for a in given:
            a.setflags(write=False)
        moved(at.cell, at.s, at.t), at.jvp(v, 0.0 * plain_input(at)), at.vjp(v)
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
