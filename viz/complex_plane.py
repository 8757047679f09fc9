"""Roots in the complex plane, beside what decides of their stability: the unit circle, discs of Euler
steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viz.palettes import CURVES
from viz.scales import text
from viz.shapes import Marker, Marks, Path, Plane, Region, Shape, circle, framed

RIM = "#58606e"
_FAR = 8.0  # how many times as far as most a root may lie and still be in the frame


def numbers(parts: np.ndarray) -> np.ndarray:
    """Complex numbers (...) from their real and imaginary parts (..., 2); NaN where one is not finite."""
    found = np.empty(parts.shape[:-1], dtype=complex)
    found.real, found.imag = parts[..., 0], parts[..., 1]
    return np.where(np.isfinite(found), found, np.nan)


def unit_circle(label: str = "unit circle") -> tuple[Shape, ...]:
    """The disc in which a map is stable, pale, with its rim."""
    rim = circle(0.0, 0.0, 1.0)
    return (Region("", *rim, CURVES[0], 0.07), Path(label, *rim, RIM, "thin"))


def euler_disc(alpha: float, colour: str, label: str) -> tuple[Shape, ...]:
    """The disc of radius 1/alpha around 1 - 1/alpha, in which Euler steps of this alpha are stable."""
    rim = circle(1.0 - 1.0 / alpha, 0.0, 1.0 / alpha)
    return (Region("", *rim, colour, 0.07), Path(label, *rim, colour, "line"))


def upright(at: float, height: tuple[float, float], label: str) -> Shape:
    """A line of one real part."""
    return Path(label, np.array([at, at]), np.array(height), RIM, "dashed")


def axes(x: tuple[float, float], y: tuple[float, float]) -> tuple[Shape, ...]:
    """Where the real and the imaginary part are zero, as hairlines."""
    zero, hair = np.zeros(2), "#c9ced6"
    return (Path("", np.array(x), zero, hair, "thin"), Path("", zero, np.array(y), hair, "thin"))


def window(roots: np.ndarray, rims: Sequence[Shape]) -> tuple[tuple[float, float], tuple[float, float], int]:
    """Ranges that hold the rims and most roots, and how many finite roots lie beyond."""
    finite = roots[np.isfinite(roots)]
    size = np.abs(finite)
    far = _FAR * max(1.0, float(np.percentile(size, 90))) if size.size else 1.0
    near = finite[size <= far]
    held = [shape for shape in rims if not isinstance(shape, Marks)]
    x = np.concatenate([near.real, *(shape.x for shape in held)])
    y = np.concatenate([near.imag, *(shape.y for shape in held)])
    return (*framed(x, y), len(finite) - len(near))


def pole_zero(
    poles: np.ndarray,
    zeros: np.ndarray,
    title: str = "Poles and zeros",
    caption: str = "",
    also: tuple[str, ...] = (),
) -> Plane:
    """Poles as crosses and zeros as rings around the unit circle, as for H(z) of `sim.linear`.

    Roots that agree to six digits are one mark; the legend says how many the largest of them are.
    """
    rims = unit_circle()
    every = np.concatenate([np.asarray(poles, complex).ravel(), np.asarray(zeros, complex).ravel()])
    x, y, beyond = window(every, rims)
    marks = []
    kinds: tuple[tuple[str, np.ndarray, str, Marker], ...] = (
        ("poles", poles, CURVES[1], "cross"),
        ("zeros", zeros, CURVES[0], "open"),
    )
    for name, found, colour, marker in kinds:
        places, most = _distinct(np.asarray(found, complex).ravel())
        if places.size:
            label = f"{name}, up to {most}-fold" if most > 1 else name
            marks.append(Marks(label, places.real, places.imag, colour, marker, 13.0))
    poles = np.asarray(poles, complex).ravel()
    size = np.abs(poles[np.isfinite(poles)])
    said = f"The largest pole has modulus {text(float(size.max()))}: " if size.size else "No poles. "
    if size.size:
        said += "stable." if size.max() < 1 else "not stable."
    said += f" Beyond the frame: {beyond}." if beyond else ""
    return Plane(
        shapes=(*axes(x, y), *rims, *reversed(marks)),
        x_range=x,
        y_range=y,
        x_label="Re z",
        y_label="Im z",
        name="pole_zero",
        title=title,
        caption=f"{caption} {said}".strip(),
        also=also,
    )


def _distinct(roots: np.ndarray) -> tuple[np.ndarray, int]:
    """The places of roots, those that agree once, and how many agree at most."""
    finite = roots[np.isfinite(roots)]
    if not finite.size:
        return finite, 0
    places, counts = np.unique(np.round(finite, 6), return_counts=True)
    return places, int(counts.max())
