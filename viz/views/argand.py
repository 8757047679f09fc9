"""Eigenvalues in the complex plane, beside the circle or the discs in which they die out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import choices, palettes, reading, scales
from viz.complex_plane import RIM, axes, euler_disc, numbers, unit_circle, upright, window
from viz.reading import Unseen
from viz.scales import Scale, text
from viz.shapes import Marks, Plane, Shape
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, own=("index",), names=("eigenvalues", "fixed_points_eigenvalues"), kinds="f", rank=15)
_MOST_DISCS = 4
_PARTS = ("component", "part")  # what the axis of the real and the imaginary part may be called


def scene(
    dataset: xr.Dataset,
    variable: str,
    by: str | None = None,
    at: Mapping[str, Any] | None = None,
    of: Literal["auto", "step", "weights"] = "auto",
    most: int = 400,
    palette: palettes.Named = "viridis",
) -> Plane:
    """Every eigenvalue as a point, coloured along one axis.

    `by`: the axis that gives the colour, by default the longest axis of the sweep (at most `most` of its
    values, evenly spaced). `at`: where the others are held; of fixed points all branches are drawn unless one
    is named. `of`: "step" shows the multipliers of a step with the unit circle; "weights" shows
    lambda = 1 + (multiplier - 1) / alpha of an Euler step with the disc of radius 1/alpha that it allows and
    the line Re lambda = 1 of continuous time; "auto" is "weights" where the store has an alpha other than 1
    and the multipliers are those of one step.
    """
    array = reading.variable(dataset, variable)
    choices.check(array, by=by)
    parts = next(dim for dim in map(str, array.dims) if dim in _PARTS)
    if by in ("index", parts):
        raise Unseen(f"by = {by!r}: these are the points of this picture; colour by an axis of the sweep")
    of_points = "branch" in array.dims
    branches = ("branch",) if of_points and by != "branch" and "branch" not in (at or {}) else ()
    points = (*branches, "index", parts)
    own = [dim for dim in choices.free(array, (by,), at) if dim not in points]
    by = by or choices.longest(dataset, array, own)
    held = choices.held(dataset, array, (by, *points), at)
    part = reading.turned(array.isel(held), *([by] if by else []), *points)
    multipliers = numbers(part)
    multipliers = multipliers if by else multipliers[None]
    total = len(multipliers)
    chosen = choices.spread(total, most) if by else np.arange(1)
    each = multipliers[chosen].reshape(-1, multipliers.shape[-1])  # of each cell or fixed point
    multipliers = multipliers[chosen].reshape(len(chosen), -1)
    alpha = _alpha(dataset, by, held, chosen) if _steps(dataset, of_points) == 1 else None
    if of == "weights" and alpha is None:
        raise Unseen(
            'of = "weights": this store has no alpha of one step above zero, so that a step is all there is; '
            'write of = "step"'
        )
    weights = alpha is not None and (of == "weights" or (of == "auto" and bool((alpha != 1).any())))
    roots = 1 + (multipliers - 1) / alpha[:, None] if weights and alpha is not None else multipliers
    marks, scale = _marks(dataset, by, chosen, roots, palette)
    rims = _discs(alpha, by, scale, palette) if weights and alpha is not None else unit_circle()
    x, y, beyond = window(roots, rims)
    line = (upright(1.0, y, "Re λ = 1, continuous time"),) if weights else ()
    letter = "λ" if weights else "μ"
    plainly = not branches and (
        weights or alpha is None or bool((alpha == 1).all())
    )  # else they are no eigenvalues of weights
    return Plane(
        shapes=(*axes(x, y), *rims, *line, *marks),
        x_range=x,
        y_range=y,
        x_label=f"Re {letter}",
        y_label=f"Im {letter}",
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, _note(each, len(chosen), total, beyond, weights, by)),
        scale=scale,
        palette=palette,
        scale_label=reading.label(dataset[by]) if by else "",
        also=tuple(dim for dim in (by, *points) if dim),
        x_name="re" if plainly else "",
        y_name="im" if plainly else "",
    )


def _marks(
    dataset: xr.Dataset, by: str | None, chosen: np.ndarray, roots: np.ndarray, palette: str
) -> tuple[tuple[Marks, ...], Scale | None]:
    """The points: on a scale of colours along an axis of numbers, in colours of their own along words."""
    size = 9.0 if roots.size <= 300 else 6.0 if roots.size <= 3000 else 4.0
    if by is None or not choices.numeric(dataset, by):
        hues = choices.hues(chosen, int(chosen.max()) + 1)
        labels = [reading.said(dataset, {by: int(i)}) for i in chosen] if by else [""]
        rows = zip(choices.some(labels), roots, hues, strict=True)
        return tuple(Marks(label, row.real, row.imag, hue, size=size) for label, row, hue in rows), None
    places = dataset[by].values[chosen].astype(float)
    ends = float(places.min()), float(places.max())
    scale = (
        Scale("log", *ends) if choices.geometric(np.sort(places)) else scales.choose(places, "linear", *ends)
    )
    values = np.repeat(places, roots.shape[1])
    flat = roots.ravel()
    return (Marks("", flat.real, flat.imag, palettes.CURVES[0], size=size, values=values),), scale


def _alpha(
    dataset: xr.Dataset, by: str | None, held: Mapping[str, int], chosen: np.ndarray
) -> np.ndarray | None:
    """alpha of each of the chosen cells, from its axis or the sweep's parameters; None without one, or where
    one is not above zero: no eigenvalue of the weights follows from such a step.
    """
    given = json.loads(str(dataset.attrs.get("sweep", "{}"))).get("parameters", {})
    alpha: Any = given.get("alpha")
    if by == "alpha":
        alpha = dataset["alpha"].values[chosen]
    elif "alpha" in held:
        alpha = float(reading.value(dataset, "alpha", held["alpha"]))
    elif alpha is None and all(isinstance(given.get(name), int | float) for name in ("dt", "tau")):
        alpha = given["dt"] / given["tau"]
    fits = isinstance(alpha, int | float | np.ndarray) and bool(np.all(np.asarray(alpha) > 0))
    return np.broadcast_to(np.asarray(alpha, dtype=float), chosen.shape) if fits else None


def _discs(alpha: np.ndarray, by: str | None, scale: Scale | None, palette: str) -> tuple[Shape, ...]:
    """One disc for each alpha in sight, a few of many; in the colours of the points where these are
    alphas.
    """
    sizes = np.unique(alpha)
    found: list[Shape] = []
    for value in sizes[choices.spread(len(sizes), _MOST_DISCS)]:
        graded = by == "alpha" and scale is not None
        hue = palettes.words(palette)[round(float(scale.unit(value)) * 255)] if graded and scale else RIM
        found += euler_disc(float(value), hue, f"Euler, α = {text(float(value))}")
    return tuple(found)


def _steps(dataset: xr.Dataset, of_cycles: bool) -> int:
    """Of how many steps the multipliers are: those of a cycle are of all its steps together."""
    given = json.loads(str(dataset.attrs.get("sweep", "{}"))).get("parameters", {})
    cycle = given.get("cycle", 1) if of_cycles else 1
    return int(cycle) if isinstance(cycle, int) else 1


def _note(each: np.ndarray, drawn: int, total: int, beyond: int, weights: bool, by: str | None) -> str:
    """What the picture says of stability, of each cell or fixed point, and what it leaves out."""
    with np.errstate(invalid="ignore"):
        sound = np.isfinite(each).all(axis=1)
        stable = int((np.abs(each[sound]) < 1).all(axis=1).sum())
    where = "their disc" if weights else "the circle"
    words = [f"all eigenvalues inside {where} in {stable} of {sound.sum()} drawn"]
    if drawn < total:
        words.append(f"{drawn} of {total} values of {by} are drawn")
    if beyond:
        words.append(f"eigenvalues beyond the frame: {beyond}")
    return "; ".join(words)
