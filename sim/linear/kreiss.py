"""The Kreiss constant: how large ||W^t|| becomes, from the resolvent alone, to within a factor of e n.

Maps: K = sup over |z| > 1 of (|z| - 1) ||(z - W)^-1||, and K <= sup_t ||W^t|| <= e n K. Flows: K = sup
over Re z > 0 of Re z ||(z - A)^-1||, and K <= sup_t ||exp(t A)|| <= e n K. On a circle (a vertical line)
the largest resolvent is found by level sets, for certain. Between circles its logarithm is a convex
function of ln|z| (of Re z: the three circles and three lines theorems), so that the chord between two
circles bounds all that lies between them: intervals are halved until lower and upper bound meet. Sources:
H.-O. Kreiss, BIT 2 (1962) 153, doi:10.1007/BF01957330; M. N. Spijker, BIT 31 (1991) 551,
doi:10.1007/BF01933268; level sets: S. Boyd & V. Balakrishnan, Syst. Control Lett. 15 (1990) 1,
doi:10.1016/0167-6911(90)90037-U; T. Mitchell, SIAM J. Sci. Comput. 42 (2020) A3749,
doi:10.1137/19M1275127.
"""

import heapq
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg

from sim.linear.arrays import single
from sim.linear.spectra import eigenvalues
from sim.linear.transients import between, numerical_abscissa, numerical_radius, on_circle
from sim.machine.one_thread import one_thread

_LEVEL = 1e-9  # relative height at which a level set is asked for


class Kreiss(NamedTuple):
    """The constant lies between both bounds; `at` is the z whose value is the lower one (infinite where it
    is 1).
    """

    lower: float
    upper: float
    at: complex
    verdict: (
        str  # "converged", "not_converged", "unstable" (infinite), "critical" (on the border: a lower bound)
    )


class _Row(NamedTuple):
    """The largest resolvent on one circle or line at coordinate u, and where."""

    u: float
    log: float
    z: complex


def discrete(W: Any, tolerance: float = 1e-6, budget: int = 300) -> Kreiss:
    """The constant of a map, one matrix (n, n); `budget` counts circles. Cost: 1000 n^3 a circle.

    >>> found = discrete([[0.5, 10.0], [0.0, 0.5]])
    >>> round(found.lower, 3), found.upper / found.lower < 1 + 2e-6
    (5.519, True)
    """
    W = single("W", W).astype(np.complex128)
    radius = float(np.abs(eigenvalues(W)[0]))
    if radius > 1 + 1e-12:
        return Kreiss(float("inf"), float("inf"), complex("nan"), "unstable")
    if numerical_radius(W) <= 1 + 1e-12:
        return Kreiss(1.0, 1.0, complex("inf"), "converged")
    # u = -ln|z| in (-inf, 0); K = max (1 - e^u) G(u), G = |z| ||(z - W)^-1||, log G convex in u
    size = float(np.linalg.norm(W, 2))
    first = float(np.log(tolerance / 4 / size))
    last = -1e-7 if radius > 1 - 1e-7 else 0.0

    def row(u: float) -> _Row:
        value, angle = _circle(W * np.exp(u))
        return _Row(u, float(np.log(value)), complex(np.exp(-u + 1j * angle)))

    def weight(u: float) -> float:
        return float(np.log(-np.expm1(u))) if u < 0 else -np.inf

    def summit(slope: float) -> float:
        return float(np.log(slope / (1 + slope))) if slope > 0 else -np.inf

    far = -np.expm1(first) / (1 - size * np.exp(first))
    starts = np.concatenate([np.linspace(first, -4.0, 4), -np.geomspace(2.0, 1e-3, 6)])
    return _bisected(row, weight, summit, [*starts[starts < last], last], float(far), tolerance, budget)


def continuous(A: Any, tolerance: float = 1e-6, budget: int = 300) -> Kreiss:
    """The constant of a flow s' = A s, one matrix (n, n); `budget` counts lines. Cost: 1000 n^3 a line."""
    A = single("A", A).astype(np.complex128)
    abscissa = float(eigenvalues(A).real.max())
    scale = float(np.linalg.norm(A, 2)) or 1.0
    rise = float(numerical_abscissa(A))
    if abscissa > 1e-12 * scale:
        return Kreiss(float("inf"), float("inf"), complex("nan"), "unstable")
    if rise <= 1e-12 * scale:
        return Kreiss(1.0, 1.0, complex("inf"), "converged")
    # K = max x g(x), g = the largest resolvent on Re z = x, log g convex in x
    last = rise * (1 + 4 / tolerance)
    first = 1e-7 * scale if abscissa > -1e-7 * scale else 0.0

    def row(x: float) -> _Row:
        value, height = _line(A, x)
        return _Row(x, float(np.log(value)), complex(x, height))

    def weight(x: float) -> float:
        return float(np.log(x)) if x > 0 else -np.inf

    def summit(slope: float) -> float:
        return -1 / slope if slope < 0 else np.inf

    starts = [first, *np.geomspace(1e-3 * scale, 10 * scale, 8), last]
    return _bisected(row, weight, summit, starts, last / (last - rise), tolerance, budget)


def _bisected(
    row: Callable[[float], _Row],
    weight: Callable[[float], float],
    summit: Callable[[float], float],
    starts: list[float],
    far: float,
    tolerance: float,
    budget: int,
) -> Kreiss:
    """The maximum of weight + log of the rows, between bounds; `far` bounds what lies beyond the starts."""
    with one_thread():
        rows = [row(u) for u in starts]
        best = max(rows, key=lambda one: weight(one.u) + one.log)

        def top(a: _Row, b: _Row) -> float:
            """The most that can lie between two rows, the chord being above all between them."""
            slope = (b.log - a.log) / (b.u - a.u)
            u = min(max(summit(slope), a.u), b.u)
            return weight(u) + a.log + slope * (u - a.u)

        spans = [(-top(a, b), i, a, b) for i, (a, b) in enumerate(itertools.pairwise(rows))]
        heapq.heapify(spans)
        used = len(rows)
        while -spans[0][0] > weight(best.u) + best.log + tolerance and used < budget:
            _, _, a, b = heapq.heappop(spans)
            slope = (b.log - a.log) / (b.u - a.u)
            cut = min(max(summit(slope), a.u + 0.1 * (b.u - a.u)), b.u - 0.1 * (b.u - a.u))
            middle = row(cut)
            used += 1
            if weight(middle.u) + middle.log > weight(best.u) + best.log:
                best = middle
            for one, two in ((a, middle), (middle, b)):
                heapq.heappush(spans, (-top(one, two), used + (one is middle) * budget, one, two))
    lower = max(1.0, float(np.exp(weight(best.u) + best.log)))
    upper = max(lower, far, float(np.exp(-spans[0][0]))) * (1 + 2 * _LEVEL)
    if weight(starts[0]) > -np.inf and weight(starts[-1]) > -np.inf:  # it could not begin at the border
        return Kreiss(lower, float("inf"), best.z, "critical")
    converged = upper <= lower * (1 + 2 * tolerance)
    return Kreiss(lower, upper, best.z, "converged" if converged else "not_converged")


def _circle(W: np.ndarray) -> tuple[float, float]:
    """The largest ||(1 - e^(-i a) W)^-1|| over angles, and the angle; level sets rise until none is left."""
    n = len(W)
    eye, none = np.eye(n), np.zeros((n, n))
    own = np.angle(np.linalg.eigvals(W))
    angles = np.concatenate([own, np.linspace(0.0, 2 * np.pi, 8, endpoint=False)])
    value, angle = 0.0, 0.0
    for _ in range(50):
        size = np.linalg.svd(eye - np.exp(-1j * angles)[:, None, None] * W, compute_uv=False)[:, -1]
        i = int(size.argmin())
        if 1 / size[i] <= value * (1 + _LEVEL):
            break
        value, angle = float(1 / size[i]), float(angles[i])
        low = 1 / (value * (1 + _LEVEL))
        # (1 - z W) v = low u and (1 - W^* / z) u = low v with z = e^(-i a)
        left, right = (
            np.block([[-low * eye, eye], [-W.conj().T, none]]),
            np.block([[none, W], [-eye, low * eye]]),
        )
        angles = on_circle(left, right)
        if not angles.size:
            break
        angles = -between(angles)
    return value, angle


def _line(A: np.ndarray, x: float) -> tuple[float, float]:
    """The largest ||(x + i y - A)^-1|| over y, and the y."""
    n = len(A)
    eye = np.eye(n)
    heights = np.concatenate([np.linalg.eigvals(A).imag, [0.0]])
    value, height = 0.0, 0.0
    for _ in range(50):
        size = np.linalg.svd((x + 1j * heights)[:, None, None] * eye - A, compute_uv=False)[:, -1]
        i = int(size.argmin())
        if 1 / size[i] <= value * (1 + _LEVEL):
            break
        value, height = float(1 / size[i]), float(heights[i])
        low = 1 / (value * (1 + _LEVEL))
        shifted = A - x * eye
        found = scipy.linalg.eigvals(np.block([[shifted, -low * eye], [low * eye, -shifted.conj().T]]))
        scale = max(float(np.abs(found).max()), 1e-300)
        crossings = np.sort(found.imag[np.abs(found.real) < 1e-7 * scale])
        if not crossings.size:
            break
        heights = np.concatenate([crossings, (crossings[1:] + crossings[:-1]) / 2])
    return value, height
