"""The bifurcation curves that a sweep asks for, in the plane of its first two axes over the system's numbers.

They follow from the sweep alone, like coordinates, and are written with the store's template.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jobs.skeleton import Frame
from jobs.sweep import Axis, Sweep
from sim.continuation.family import Family
from sim.continuation.planes import Found, curves
from sim.continuation.results import MEANINGS
from sim.errors import refuse
from sim.run import Run
from sim.start import starts_of

MOST_NUMBERS = 12  # of a state whose curves are followed
_SOURCE = "W. Govaerts, Numerical Methods for Bifurcations of Dynamical Equilibria, 2000, ch. 3-5"
_KINDS = (
    "fold: two fixed points (or cycles) meet and vanish; flip: a cycle of twice the period begins; "
    "neimark_sacker: an invariant circle begins; branch_point: branches cross"
)


_MORE = (
    "cusp", "resonance_1_1", "resonance_1_2", "resonance_1_3", "resonance_1_4", "fold_flip",
    "generalised_flip",
)  # fmt: skip


class Plane(NamedTuple):
    """The map of a sweep over the plane of two of its axes."""

    family: Family
    axes: tuple[Axis, Axis]


def plane(sweep: Sweep, runs: Mapping[tuple[str, ...], Run]) -> Plane:
    """The plane whose curves a sweep asks for. Errors: Refused where there is none."""
    words = [axis.path for axis in sweep.axes if axis.is_word]
    if words:
        raise refuse(
            f"axes.{words[0]}", "curves are of one system, and a word along an axis changes it; fix it, or "
            "leave curves out"
        )  # fmt: skip
    run = next(iter(runs.values()))
    if not hasattr(run.form, "equation"):
        raise refuse("curves", f"{sweep.system!r} is no recurrence: it has no fixed points; leave curves out")
    own = [axis for axis in sweep.axes if not axis.integer and axis.path.partition(".")[0] in run.setting.own]
    if len(own) < 2:
        names = ", ".join(axis.path for axis in own) or "none"
        raise refuse(
            "curves",
            f"axes over numbers of the system: {names}; curves lie in a plane: give it two such axes, or "
            "leave curves out",
        )
    pair = (own[0], own[1])
    rest = {axis.path: axis.values[:1] for axis in sweep.axes if axis not in pair}
    family = Family(run.form, [axis.path for axis in pair], rest)
    if family.n > MOST_NUMBERS:
        raise refuse("curves", f"a state of {family.n} numbers; curves are followed for up to {MOST_NUMBERS}")
    _refuse_others(sweep, family, rest)
    return Plane(family, pair)


def _refuse_others(sweep: Sweep, family: Family, rest: Mapping[str, Any]) -> None:
    """Every further axis must leave the system as it is (the loss, the start, the length of the run)."""
    ends = {axis.path: axis.values[:1] for axis in sweep.axes}
    first = family.map.load(ends, 1)
    for axis in sweep.axes:
        if axis.path in rest:
            last = family.map.load({**ends, axis.path: axis.values[-1:]}, 1)
            moved = [node for node, value in first.items() if not np.array_equal(value, last[node])]
            if any(node.value.kind != "extra" for node in moved):  # an extra is a number of an observable
                drawn = " and ".join(family.free)
                raise refuse(
                    f"axes.{axis.path}",
                    f"changes the system, and curves are stored for one plane, that of {drawn}; fix it, or "
                    "leave curves out",
                )


def search(sweep: Sweep, runs: Mapping[tuple[str, ...], Run]) -> Found:
    """The curves of a sweep, from the states that its runs start from and around them."""
    family, axes = plane(sweep, runs)
    setting = next(iter(runs.values())).setting
    ends = {axis.path: axis.values[:1] for axis in sweep.axes}
    start = np.array([np.broadcast_to(v, 1)[0] for v in starts_of(setting, ends, 1, family.n)], dtype=float)
    box = [(float(axis.values.min()), float(axis.values.max())) for axis in axes]
    ones = np.ones(family.n)
    starts = np.stack([start, 0.0 * ones, 0.5 * ones, -ones])
    return curves(family, (box[0], box[1]), sweep.curves, periods=sweep.curve_period, starts=starts)


def frames(sweep: Sweep, runs: Mapping[tuple[str, ...], Run]) -> list[Frame]:
    """The curves as arrays of a store; none where the sweep asks for none."""
    if not sweep.curves:
        return []
    found, axes = search(sweep, runs), plane(sweep, runs).axes
    left = f"; {found.left_out}, which are left out" if found.left_out else ""
    ends = np.array([_ending(curve.ends, curve.closed) for curve in found.curves], dtype=object)
    count = len(found.curves)
    longest = max((len(curve.values) for curve in found.curves), default=0)
    made = [
        _frame("curve_kind", np.array([c.kind for c in found.curves], dtype=object), ("curve",), {
            "long_name": "kind of bifurcation", "units": "1", "comment": f"{_KINDS}{left}", "source": _SOURCE,
        }),
        _frame("curve_period", np.array([c.period for c in found.curves], dtype=np.int32), ("curve",), {
            "long_name": "period of the cycles that bifurcate", "units": "step",
            "comment": "1: fixed points", "source": _SOURCE,
        }),
        _frame("curve_ends", ends, ("curve",), {
            "long_name": "how each curve ends", "units": "1", "comment": "at its first / at its last corner",
            "source": _SOURCE,
        }),
    ]  # fmt: skip
    for i, axis in enumerate(axes):
        corners = np.full((count, longest), np.nan)
        for row, curve in zip(corners, found.curves, strict=True):
            row[: len(curve.values)] = curve.values[:, i]
        attributes = {
            "long_name": f"{axis.meaning or axis.path} along bifurcation curves",
            "units": axis.unit or "1",
            "comment": "corners of each curve in order, each on it to the resolution of the numbers; NaN "
            "after the last",
            "source": _SOURCE,
        }
        made.append(_frame(f"curve_{axis.dim}", corners, ("curve", "vertex"), attributes))
    return made + _special_points(found, axes)


def _special_points(found: Found, axes: tuple[Axis, Axis]) -> list[Frame]:
    """The points on the curves where more happens, of codimension two, in the order of their curves."""
    points = [(row, point) for row, curve in enumerate(found.curves) for point in curve.special]
    kinds = np.array([point.kind for _, point in points], dtype=object)
    meaning = "; ".join(f"{kind}: {MEANINGS[kind]}" for kind in _MORE)
    made = [
        _frame("special_kind", kinds, ("special",), {
            "long_name": "kind of codimension-two point", "units": "1", "comment": meaning, "source": _SOURCE,
        }),
        _frame("special_curve", np.array([row for row, _ in points], dtype=np.int32), ("special",), {
            "long_name": "curve on which a codimension-two point lies", "units": "1",
            "comment": "its place along the dim curve", "source": _SOURCE,
        }),
    ]  # fmt: skip
    for i, axis in enumerate(axes):
        places = np.array([point.values[i] for _, point in points], dtype=float)
        made.append(_frame(f"special_{axis.dim}", places, ("special",), {
            "long_name": f"{axis.meaning or axis.path} of codimension-two points", "units": axis.unit or "1",
            "comment": "corners of their curves", "source": _SOURCE,
        }))  # fmt: skip
    return made


def _ending(ends: tuple[str, str], closed: bool) -> str:
    if closed:
        return "closes"
    return ends[0] if ends[0] == ends[1] else " / ".join(ends)


def _frame(name: str, values: np.ndarray, dims: tuple[str, ...], attributes: dict[str, Any]) -> Frame:
    text = values.dtype.kind == "O"
    blank: Any = "" if text else float("nan") if values.dtype.kind == "f" else -1
    chunks = tuple(max(size, 1) for size in values.shape)
    return Frame(
        name, values.shape, chunks, "string" if text else values.dtype.name, dims, blank, attributes, values
    )
