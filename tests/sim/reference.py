"""Every observable again, as a plain loop over time with the system's own `step`: what tests compare with.

Derivatives are five-point differences in extended precision (`differences`: 1e-14 where numbers are near 1),
products of
Jacobians are multiplied out and rescaled, and singular values come from compound matrices: the product of
the k largest is
the norm of the k-th compound of the product.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from sim.equations.equation import learnt_numbers
from sim.generic import gates, networked, noise, output, units
from tests.sim.compounds import log_norms, log_singular_values_of
from tests.sim.plain import (
    Cell,
    Vector,
    differences,
    driven,
    flat,
    jacobian,
    moved,
    numbers,
    parameter_jacobian,
    replaced,
    shaped,
    sizes,
)


def once(f: Callable[[Cell], Any]) -> Callable[[Cell], Any]:
    """The same for the same cell, computed once: several observables read one reference."""
    known: dict[int, tuple[Cell, Any]] = {}

    @wraps(f)
    def found(c: Cell) -> Any:
        if id(c) not in known:
            if len(known) > 50:
                known.clear()
            known[id(c)] = (c, f(c))  # the cell is kept, so that its number is not given to another
        return known[id(c)][1]

    return found


# ---- forward ----------------------------------------------------------------------


@once
def states(c: Cell) -> Vector:
    """s[0..steps], (time, unit)."""
    path = [c.start]
    for t in range(c.steps):
        path.append(moved(c, path[-1], t))
    return np.stack(path)


def trajectory(c: Cell) -> Vector:
    return states(c)


def final_state(c: Cell) -> Vector:
    return states(c)[-1]


def norm(c: Cell) -> Vector:
    return np.array([math.sqrt(sum(float(v) ** 2 for v in s)) for s in states(c)])


def orbit(c: Cell) -> Vector:
    return states(c)[c.steps + 1 - c.values["keep"] :]


def first_time(c: Cell) -> int:
    """The first time whose error counts."""
    since = c.values["loss_from"]
    return since if since >= 0 else c.steps + 1 + since


def cost(c: Cell, s: Vector) -> Vector:
    """The squared error of one state."""
    error = flat(output(c.pack, shaped(c, s))) - c.values["target"]
    return np.sum(error * error)


def loss(c: Cell) -> Vector:
    return np.array(sum(cost(c, s) for s in states(c)[first_time(c) :]))


def period(c: Cell) -> Vector:
    path = states(c)
    then = c.steps - c.values["max_period"]
    for n in range(1, c.values["max_period"] + 1):
        if np.linalg.norm((path[then + n] - path[then]).astype(float)) <= c.values["tolerance"]:
            return np.array(n)
    return np.array(-1)


def escape_time(c: Cell) -> Vector:
    for t, s in enumerate(states(c)):
        if not float(np.sum(s * s)) <= c.values["radius"] ** 2:
            return np.array(t)
    return np.array(-1)


# ---- gradients ----------------------------------------------------------------------


@once
def backward(c: Cell) -> tuple[Vector, dict[str, Vector]]:
    """(dE/ds[t] for every t, dE/dp by label), by reverse accumulation with Jacobians from differences."""
    path, factors = states(c), jacobians(c)
    g = np.zeros(len(c.start), dtype=path.dtype)
    total = {label: np.zeros(value.size, dtype=path.dtype) for label, value in numbers(c.pack).items()}
    through = np.zeros_like(path)
    for t in range(c.steps, -1, -1):
        if t < c.steps:
            for label in total:
                total[label] += parameter_jacobian(c, path[t], t, label).T @ g
            g = factors[t].T @ g
        if t >= first_time(c):
            g = g + differences(lambda y: np.atleast_1d(cost(c, y)), path[t])[0]
            for label, value in numbers(c.pack).items():
                total[label] += differences(
                    lambda y, label=label, s=path[t]: np.atleast_1d(
                        cost(c._replace(pack=replaced(c.pack, label, y)), s)
                    ),
                    value.reshape(-1),
                )[0]
        through[t] = g
    return through, total


def gradient(c: Cell) -> Vector:
    return np.concatenate(list(backward(c)[1].values()))


def gradient_by_differences(c: Cell) -> Vector:
    """The same without reverse accumulation: differences of the whole run's loss."""
    return np.concatenate(
        [
            differences(
                lambda y, label=label: np.atleast_1d(loss(c._replace(pack=replaced(c.pack, label, y)))),
                value.reshape(-1),
            )[0]
            for label, value in numbers(c.pack).items()
        ]
    )


def gradient_norm(c: Cell) -> Vector:
    found = backward(c)[1]
    return np.array([np.sqrt(np.sum(found[label] ** 2)) for label in arrays(c)])


def matrix_gradients(c: Cell) -> list[Vector]:
    """The gradient with respect to every matrix, in the order of the pack."""
    found = backward(c)[1]
    shapes = {label: np.shape(field(c.pack, label)) for label in found}
    return [found[label].reshape(shape) for label, shape in shapes.items() if len(shape) == 2]


def neuron_gradient_norm(c: Cell) -> Vector:
    rows = [np.sqrt(np.sum(g * g, axis=1)) for g in matrix_gradients(c)]
    table = np.full((len(rows), max(map(len, rows))), np.nan)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table


def dead_fraction(c: Cell) -> Vector:
    return np.array([np.mean(~np.any(g, axis=1)) for g in matrix_gradients(c)])


def field(pack: Any, label: str) -> Any:
    """The value that a label names: `layers[1].W`."""
    for name in label.replace("[", ".").replace("]", "").split("."):
        pack = pack[int(name) - hasattr(pack[0], "_fields")] if name.isdigit() else getattr(pack, name)
    return pack


def gradient_through_time(c: Cell) -> Vector:
    own = units(c.pack)
    named = isinstance(own, dict | tuple)
    parts = sizes(c.pack) if isinstance(own, dict) else [1] * len(own) if named else [len(c.start)]
    edges = np.cumsum([0, *parts])
    g = backward(c)[0]
    norms = [np.sqrt(np.sum(g[:, a:b] ** 2, axis=1)) for a, b in itertools.pairwise(edges)]
    return np.stack(norms, axis=1) if named else norms[0]


def contributions(c: Cell) -> list[tuple[Vector, Vector, dict[str, Vector]]]:
    """For every step, the first one first: g that comes in, J^T g, and what the step itself adds to dE/dp."""
    path, (through, _) = states(c), backward(c)
    found = []
    for t in range(c.steps):
        own = {
            label: parameter_jacobian(c, path[t], t, label).T @ through[t + 1] for label in numbers(c.pack)
        }
        found.append((through[t + 1], jacobians(c)[t].T @ through[t + 1], own))
    return found


def arrays(c: Cell) -> list[str]:
    """The labels of what gradient_norm has a number of: all that is not held."""
    return [label for label in numbers(c.pack) if label in learnt_numbers(c.pack)]


def gradient_by_lag(c: Cell) -> Vector:
    if not networked(c.pack):
        return np.array([np.concatenate(list(own.values())) for _, _, own in contributions(c)[::-1]])
    return np.array(
        [[np.sqrt(np.sum(own[label] ** 2)) for label in arrays(c)] for _, _, own in contributions(c)[::-1]]
    )


def omega(c: Cell, s: Vector, g: Vector, t: int) -> Any:
    """One step's term of Omega; 0 where no gradient comes in."""
    incoming = np.sum(g * g)
    if not incoming > 0:
        return np.longdouble(0.0)
    return (np.sqrt(np.sum((jacobian(c, s, t).T @ g) ** 2) / incoming) - 1) ** 2


def pascanu_regulariser(c: Cell) -> Vector:
    path, through = states(c), backward(c)[0]
    return np.array(sum(omega(c, path[t], through[t + 1], t) for t in range(c.steps)))


def pascanu_regulariser_gradient(c: Cell) -> Vector:
    """Differences of a sum whose Jacobians are differences: a wider step, so good to about 1e-9."""
    path, through = states(c), backward(c)[0]
    found = []
    for label in arrays(c):

        def summed(y: Vector, label: str = label) -> Vector:
            other = c._replace(pack=replaced(c.pack, label, y))
            return np.atleast_1d(sum(omega(other, path[t], through[t + 1], t) for t in range(c.steps)))

        slope = differences(summed, np.asarray(numbers(c.pack)[label]).reshape(-1), 1e-3)[0]
        found.append(np.sqrt(np.sum(slope * slope)))
    return np.array(found)


# ---- runs beside the run ------------------------------------------------------------


def beside(c: Cell, start: Vector, inputs: Vector | None = None) -> Vector:
    """The states of the same system from another start, perhaps with other inputs."""
    return states(c._replace(start=start, inputs=c.inputs if inputs is None else inputs))


def separation(c: Cell) -> Vector:
    return np.sqrt(np.sum((states(c) - beside(c, c.start + c.values["apart"])) ** 2, axis=1))


def superposition_residual(c: Cell) -> Vector:
    pieces = c.values["pieces"]
    count = noise(c.pack) if networked(c.pack) else 0
    rest = states(c) - beside(c, c.start, _only(c, -1, pieces, count))
    for j in range(pieces):
        rest = rest - beside(c, 0 * c.start, _only(c, j, pieces, count))
    apart, length = np.sum(rest**2, axis=1), np.sum(states(c) ** 2, axis=1)
    return np.sqrt(np.divide(apart, length, out=np.where(apart > 0, np.inf, 0 * apart), where=length > 0))


def _only(c: Cell, piece: int, pieces: int, count: int) -> Vector:
    """The inputs of one piece; random numbers beside them stay."""
    series = c.inputs.copy()
    own = np.arange(c.steps) % pieces == piece
    series[~own, : series.shape[1] - count] = 0
    return series


def memory_length(c: Cell) -> Vector:
    path, other = states(c), beside(c, c.start - c.values["apart"])
    far = np.sum((path - other) ** 2, axis=1)
    below = np.flatnonzero(far < c.values["forgotten"] ** 2 * far[0])
    return np.array(below[0] if below.size else -1)


def gate_trace(c: Cell) -> Vector:
    path = states(c)
    return np.array([[*gates(c.pack, shaped(c, path[t]), driven(c, t)).values()] for t in range(c.steps)])


SET = {"alpha", "tau", "dt", "gate", "force_f", "force_i", "force_o", "keep_probability", "mean", "variance"}


def parameter_count(c: Cell) -> Vector:
    found = numbers(c.pack)
    return np.array(sum(found[label].size for label in found if label.rpartition(".")[2] not in SET))


# ---- growth ----------------------------------------------------------------------


@once
def jacobians(c: Cell) -> Vector:
    """J[0..steps-1]."""
    path = states(c)
    return np.stack([jacobian(c, path[t], t) for t in range(c.steps)])


def log_jacobian_norm(c: Cell) -> Vector:
    return log_norms(jacobians(c))


def log_singular_values(c: Cell) -> Vector:
    """Differences cannot tell e^-28 a step from zero: a matrix of low rank, and what comes after it."""
    found = log_singular_values_of(jacobians(c))
    return np.where(np.cumsum(found < -28.0 * c.steps) > 0, -np.inf, found)


def effective_rank(c: Cell) -> Vector:
    logs = log_singular_values(c)
    share = np.exp(logs - logs[0])
    share = share[share > 0] / np.sum(share)
    return np.exp(-np.sum(share * np.log(share)))


# ---- where it ends ----------------------------------------------------------------


@once
def last_jacobian(c: Cell) -> Vector:
    """dF/ds at the last state, with the input of the last step."""
    return jacobian(c, states(c)[-1], c.steps - 1).astype(float)


def eigenvalues(c: Cell) -> Vector:
    """By modulus, then real part, then imaginary part, all falling; parts side by side."""
    found = sorted(np.linalg.eigvals(last_jacobian(c)), key=lambda v: (-abs(v), -v.real, -v.imag))
    return np.array([(v.real, v.imag) for v in found])


def jacobian_spectral_radius(c: Cell) -> Vector:
    return np.abs(np.linalg.eigvals(last_jacobian(c))).max()


REFERENCE: dict[str, Callable[[Cell], Vector]] = {
    f.__name__: f
    for f in (
        trajectory,
        final_state,
        norm,
        loss,
        orbit,
        period,
        escape_time,
        gradient,
        gradient_norm,
        gradient_through_time,
        neuron_gradient_norm,
        dead_fraction,
        gradient_by_lag,
        pascanu_regulariser,
        pascanu_regulariser_gradient,
        separation,
        superposition_residual,
        memory_length,
        gate_trace,
        parameter_count,
        effective_rank,
        log_jacobian_norm,
        log_singular_values,
        eigenvalues,
        jacobian_spectral_radius,
    )
}
