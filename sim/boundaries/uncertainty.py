"""The uncertainty exponent by trying: how often a small change of the start changes where it leads."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sim.boundaries.fits import FEWEST, Dimension, power
from sim.draws import Draw
from sim.errors import refuse

Label = Callable[[np.ndarray], np.ndarray]


def box(low: Any, high: Any) -> tuple[np.ndarray, np.ndarray]:
    """The corners (d,) of a box; refused where it has no inside."""
    first, last = np.atleast_1d(np.asarray(low, dtype=float)), np.atleast_1d(np.asarray(high, dtype=float))
    if first.shape != last.shape or first.ndim != 1 or not (np.isfinite(first) & np.isfinite(last)).all():
        raise refuse("low, high", f"{low!r:.40} and {high!r:.40}; write one finite number for each dimension")
    if not (first < last).all():
        raise refuse("low, high", f"{low!r:.40} and {high!r:.40}; every side must rise")
    return first, last


def labels_of(label: Label, points: np.ndarray) -> np.ndarray:
    """The labels (n,) of points (n, d); refused where the function gives anything else."""
    found = np.asarray(label(points))
    if found.shape != (len(points),):
        raise refuse(
            "label", f"it gave shape {found.shape} for {len(points)} points; one label for each is needed"
        )
    whole = found.dtype.kind in "biu" or (found.dtype.kind == "f" and bool((found == np.rint(found)).all()))
    if not whole or not np.isfinite(found).all():
        raise refuse("label", f"it gave {found.dtype} that are no whole numbers; labels are whole numbers")
    return found.astype(np.int64)


def perturbed(
    label: Label, low: Any, high: Any, scales: Sequence[float], points: int = 20_000, seed: int = 0
) -> Dimension:
    """alpha: the share of starts whose label changes under a step of length eps, either way, is like
    eps^alpha.

    label: labels (n,) of points (n, d), whole numbers. Starts are uniform in the box, steps along one random
    direction each, and go on outside it; the boundary has dimension d - alpha. `counts` are shares, each
    weighed by its binomial error. All are of the same starts, so that they err together: the error of alpha
    follows from how often starts are uncertain at two scales at once. Scales at which no start is uncertain
    are left out. Errors: Refused where fewer than three are left. Cost: 2 points x scales labels. Source:
    C. Grebogi, S. McDonald, E. Ott & J. Yorke, Phys. Lett. A 99 (1983) 415,
    doi:10.1016/0375-9601(83)90945-3.
    """
    first, last = box(low, high)
    eps = np.unique(np.asarray(scales, dtype=float))[::-1]
    if not (np.isfinite(eps) & (eps > 0.0)).all():
        raise refuse("scales", f"{scales!r:.80} given; lengths are finite and positive")
    draw = Draw(seed, "uncertainty")
    starts = first + (last - first) * draw.uniform(points, len(first))[0]
    ways = Draw(seed, "uncertainty directions").normal(points, len(first))[0]
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    home = labels_of(label, starts)
    changed = np.array(
        [
            (labels_of(label, starts + step * ways) != home)
            | (labels_of(label, starts - step * ways) != home)
            for step in eps
        ]
    ).reshape(len(eps), points)
    shares = changed.sum(axis=1) / max(points, 1)
    seen = (shares > 0.0) & (shares < 1.0)
    if seen.sum() < FEWEST:
        raise refuse(
            "scales",
            f"at {int(seen.sum())} of {len(eps)} scales some but not all of {points} starts are uncertain; "
            f"{FEWEST} are needed: write more points, or scales that the boundary is seen at",
        )
    kept, held = shares[seen], changed[seen].astype(float)
    both = held @ held.T / points / np.multiply.outer(kept, kept)
    return power(eps[seen], kept, 1.0, covariance=(both - 1.0) / points)
