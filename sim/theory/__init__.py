"""Theories to lay beside simulations: one file each, found by name (`sim.names.find("sim.theory", name)`).

A file holds one value named `theory`. It says of which variable it speaks and over which axis, what it
assumes, where it comes from, and gives the curve:

>>> import numpy as np
>>> from sim.names import find
>>> theory = find("sim.theory", "mean_field_exponent").theory
>>> theory(np.array([0.5, 1.5]), {"activation": "tanh"}).round(4).tolist()
[-0.6931, 0.0652]
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from sim.errors import Problem, Refused, refuse
from sim.laws import mean_field, random_matrices

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Theory(NamedTuple):
    """A curve over an axis of a sweep: heights of a variable, or places on another axis.

    `curve(x, parameters)` is pure: x are values of the axis, parameters what else the sweep says, by full
    name, swept ones at the values they are held at. It returns numbers shaped like x, or (branches, ...) for
    several branches; NaN where the theory has none. A theory of a curve in the plane has `onto`, the axis
    on which its numbers are places, instead of a variable; with axis "" it holds over any axis.
    `demands` lists, for a parameter, the values that the theory allows; what a sweep does not say is taken
    to be as demanded.
    """

    curve: Callable[[np.ndarray, Mapping[str, Any]], np.ndarray]
    title: str  # what the curve is, as a legend says it
    source: str
    assumes: str  # in words
    axis: str = ""
    variable: str = ""
    onto: str = ""
    units: str = "1"  # of what it returns
    demands: Mapping[str, tuple[Any, ...]] = NOTHING

    def __call__(self, x: Any, parameters: Mapping[str, Any] = NOTHING) -> np.ndarray:
        """The curve; Refused where what the theory assumes does not hold, every reason at once."""
        places = np.asarray(x, dtype=float)
        if not np.isfinite(places).all():
            raise refuse(self.axis, "numbers that are not finite; a curve is drawn over finite ones")
        check(self, parameters)
        made = np.asarray(self.curve(places, parameters), dtype=float)
        if made.shape[made.ndim - places.ndim :] != places.shape:
            raise refuse(self.title, f"its curve has shape {made.shape} over an axis of shape {places.shape}")
        return made


def check(theory: Theory, parameters: Mapping[str, Any]) -> None:
    """Refused, with every reason, where a sweep is not what the theory assumes."""
    problems = []
    for name, allowed in theory.demands.items():
        given = setting(parameters, name, allowed[0])
        if given not in allowed:
            wanted = " or ".join(str(value) for value in allowed)
            problems.append(
                Problem(
                    f"parameters.{name}",
                    f"{given!r:.80} given; {theory.title} needs {wanted}: it assumes {theory.assumes}",
                )
            )
    if problems:
        raise Refused(problems)


def setting(parameters: Mapping[str, Any], name: str, default: Any) -> Any:
    """A parameter by its full name, or by its last word where that is how it was given.

    >>> setting({"gain": 1.5}, "weights.gain", 1.0), setting({}, "weights.gain", 1.0)
    (1.5, 1.0)
    """
    if name in parameters:
        return parameters[name]
    return parameters.get(name.rpartition(".")[2], default)


def spectral_edge(gain: Any, parameters: Mapping[str, Any]) -> np.ndarray:
    """The radius that the eigenvalues of one step's Jacobian D W fill, W ~ N(0, gain^2/n), D the slopes of f.

    The gain where all slopes are 1: f the identity, or a network of tanh at rest in 0. In activity that has
    become stationary D is independent of W for n -> infinity, and the radius is gain sqrt(<tanh'^2>)
    (Y. Ahmadian, F. Fumarola & K. Miller, PRE 91 (2015) 012820, doi:10.1103/PhysRevE.91.012820).
    """
    edge = random_matrices.leading(gain)
    biased = setting(parameters, "b", 0.0) != 0.0
    resting = not biased and not _moves(setting(parameters, "start", 0.0))
    if resting or setting(parameters, "activation", "tanh") == "identity":
        return edge
    if setting(parameters, "system", "rnn") != "rnn" or setting(parameters, "weights.tau", 0.0) != 0.0:
        raise refuse(
            "parameters.start",
            "the eigenvalues at a state that moves are known of `rnn` with independent weights; write "
            "start = 0 and b = 0 for those of the weights",
        )
    return np.sqrt(mean_field.growth(edge, bias_scale(parameters)))


def _moves(start: Any) -> bool:
    """Whether a start is anything but zeros."""
    return isinstance(start, str) or bool(np.any(np.asarray(start, dtype=float)))


def bias_scale(parameters: Mapping[str, Any]) -> float:
    """The standard deviation of the biases: `b.scale` where they are drawn, else 0."""
    drawn = setting(parameters, "b", 0.0) == "gaussian"
    return float(setting(parameters, "b.scale", 1.0)) if drawn else 0.0
