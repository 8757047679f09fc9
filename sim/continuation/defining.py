"""The equations of fixed points and cycles, and of what happens to them, as `arclength` follows them.

With A = J - 1 (fold, branch point) or J + 1 (flip), J the Jacobian of F^k, and bordering vectors b, c, [A
b; c^T 0][v; g] = [0; 1]: g = 0 exactly where A is singular. A pair exp(+-i theta) makes J^2 - 2 cos(theta)
J + 1 lose two ranks, which two entries of a bordered 2 x 2 matrix say. Source: W. Govaerts, Numerical
Methods for Bifurcations of Dynamical Equilibria, 2000, ch. 3-5, doi:10.1137/1.9780898719543.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from sim.continuation.differences import numeric
from sim.continuation.family import Family

Kind = Literal["fold", "flip", "neimark_sacker", "branch_point"]
EXTRA: dict[str, int] = {"fold": 0, "flip": 0, "neimark_sacker": 1, "branch_point": 1}
_PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


class Solutions:
    """F^k(s; p) = s in one keyword: unknowns (s, p)."""

    def __init__(self, family: Family, period: int = 1) -> None:
        self.family, self.period, self.n = family, period, family.n

    def residual(self, u: np.ndarray) -> np.ndarray:
        s = u[:, : self.n]
        return self.family.value(s, u[:, self.n :], self.period) - s

    def jacobian(self, u: np.ndarray) -> np.ndarray:
        _, M, P = self.family.whole(u[None, : self.n], u[None, self.n :], self.period)
        return np.hstack([M[0] - np.eye(self.n), P[0]])

    def adapt(self, u: np.ndarray) -> None:
        """There is nothing to fit."""

    def linear(self, u: np.ndarray) -> np.ndarray:
        """J of F^k at a point, (n, n)."""
        return self.family.linear(u[None, : self.n], u[None, self.n :], self.period)[1][0]


class Defining:
    """Points of one kind: unknowns (s, extra, p), with q free keywords.

    With q = 1 there are as many equations as unknowns (a point), with q = 2 one less (a curve). `extra` is
    cos(theta) of a Neimark-Sacker pair, or the constant that is added to F where branch points are sought:
    these are sought with F - s + beta b = 0, so that they go on where they belong to the system's symmetry
    (beta = 0). Branches cross where F moves with no keyword, w . F_p = 0 for all of them. On a curve of such
    points one of these equations is enough, but not any one: where F nowhere moves with the other keyword it
    says nothing. `entries` are those that are imposed, or the entries of the 2 x 2 matrix of a pair.
    """

    def __init__(self, family: Family, kind: Kind, period: int = 1) -> None:
        self.family, self.kind, self.period, self.n = family, kind, period, family.n
        self.extra = EXTRA[kind]
        self.b = self.c = np.zeros((self.n, 1))
        self.entries: tuple[int, ...] = (0,) if kind == "branch_point" else (0, 3)

    @property
    def size(self) -> int:
        """How many unknowns there are."""
        return self.n + self.extra + len(self.family.free)

    def split(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """State, extra (0 where there is none) and keywords of points (m, size)."""
        n = self.n
        other = u[:, n] if self.extra else np.zeros(len(u))
        return u[:, :n], other, u[:, n + self.extra :]

    def singular(self, M: np.ndarray, extra: np.ndarray) -> np.ndarray:
        """The matrices that lose rank, (m, n, n)."""
        one = np.eye(self.n)
        if self.kind == "flip":
            return M + one
        if self.kind == "neimark_sacker":
            return np.matmul(M, M) - 2.0 * extra[:, None, None] * M + one
        return M - one

    def adapt(self, u: np.ndarray) -> None:
        """Bordering vectors that make the bordered matrix as regular as can be at this point."""
        s, extra, p = self.split(u[None])
        M = self.family.linear(s, p, self.period)[1]
        A = self.singular(M, extra)[0]
        if not np.isfinite(A).all():
            return
        left, _, right = np.linalg.svd(A)
        ranks = 2 if self.kind == "neimark_sacker" else 1
        b, c = left[:, -ranks:], right[-ranks:].T
        if (
            ranks == 1 and self.b.ndim == 2 and self.b.any()
        ):  # the same side as before, so that signs mean something
            b = b if np.sum(b * self.b) >= 0 else -b
            c = c if np.sum(c * self.c) >= 0 else -c
        self.b, self.c = b, c
        if ranks == 2:
            self.entries = self._best(u, _PAIRS)
        elif self.kind == "branch_point" and p.shape[1] > 1:
            self.entries = self._best(u, ((0,), (1,)))

    def each(self, u: np.ndarray) -> None:
        """Bordering vectors (m, n, ranks) for each of many points, all of finite derivatives."""
        s, extra, p = self.split(u)
        ranks = 2 if self.kind == "neimark_sacker" else 1
        left, _, right = np.linalg.svd(self.singular(self.family.linear(s, p, self.period)[1], extra))
        self.b, self.c = left[:, :, -ranks:], np.swapaxes(right[:, -ranks:], 1, 2)
        # more equations than needed: which ones are independent is not known yet
        self.entries = (0, 1, 2, 3) if ranks == 2 else tuple(range(p.shape[1]))

    def repeated(self, count: int) -> "Defining":
        """These equations with the bordering vectors of each point `count` times in a row."""
        more = Defining(self.family, self.kind, self.period)
        more.b, more.c = np.repeat(self.b, count, axis=0), np.repeat(self.c, count, axis=0)
        more.entries = self.entries
        return more

    def _best(self, u: np.ndarray, choices: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """Of these entries those whose gradients are most independent here, beside those of the other
        equations.
        """
        every = self.repeated(1)
        every.entries = tuple(sorted(set().union(*choices)))
        J = numeric(every.residual, u)
        if not np.isfinite(J).all():
            return self.entries
        others, corners = J[: -len(every.entries)], J[-len(every.entries) :]
        sizes = [
            np.linalg.svd(np.vstack([others, corners[list(choice)]]), compute_uv=False)[-1]
            for choice in choices
        ]
        return choices[int(np.argmax(sizes))]

    def _bordered(self, A: np.ndarray) -> np.ndarray:
        m, n, r = len(A), self.n, self.b.shape[-1]
        whole = np.zeros((m, n + r, n + r))
        whole[:, :n, :n] = A
        whole[:, :n, n:] = self.b
        whole[:, n:, :n] = np.swapaxes(self.c, -1, -2)
        return whole

    def _corner(self, M: np.ndarray, extra: np.ndarray) -> np.ndarray:
        """G, flat: zero where the matrix loses its ranks; NaN where the bordered matrix is singular."""
        r = self.b.shape[-1]
        whole = self._bordered(self.singular(M, extra))
        right = np.zeros((len(M), self.n + r, r))
        right[:, self.n :] = np.eye(r)
        return _solved(whole, right)[:, self.n :].reshape(len(M), r * r)

    def vectors(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """v and w: right and left null vectors at a point where A loses one rank, of length one."""
        s, extra, p = self.split(u[None])
        A = self.singular(self.family.linear(s, p, self.period)[1], extra)
        right = np.zeros((1, self.n + 1, 1))
        right[:, self.n] = 1.0
        v = _solved(self._bordered(A), right)[0, : self.n, 0]
        w = _solved(np.swapaxes(self._bordered(A), 1, 2), right)[0, : self.n, 0]
        return v / np.linalg.norm(v), w / np.linalg.norm(w)

    def residual(self, u: np.ndarray) -> np.ndarray:
        """What must be zero, (m, equations)."""
        s, extra, p = self.split(u)
        if self.kind != "branch_point":
            value, M = self.family.linear(s, p, self.period)
            G = self._corner(M, extra)
            return np.hstack([value - s, G[:, list(self.entries)] if self.extra else G])
        value, M, P = self.family.whole(s, p, self.period)
        right = np.zeros((len(u), self.n + 1, 1))
        right[:, self.n] = 1.0
        whole = self._bordered(self.singular(M, extra))
        g = _solved(whole, right)[:, self.n]
        w = _solved(np.swapaxes(whole, 1, 2), right)[:, : self.n, 0]
        slopes = np.sum(w[:, :, None] * P[:, :, list(self.entries)], axis=1)
        return np.hstack([value - s + extra[:, None] * self.b[..., 0], g, slopes])

    def jacobian(self, u: np.ndarray) -> np.ndarray:
        """By differences: it decides how soon Newton's method converges, not to what."""
        return numeric(self.residual, u)

    def linear(self, u: np.ndarray) -> np.ndarray:
        """J of F^k at a point, (n, n)."""
        s, _, p = self.split(u[None])
        return self.family.linear(s, p, self.period)[1][0]


def _solved(whole: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of many linear systems; NaN where a matrix is singular or not finite."""
    sound = np.isfinite(whole).all(axis=(1, 2))
    result = np.full(right.shape, np.nan)
    if not sound.any():
        return result
    try:
        result[sound] = np.linalg.solve(whole[sound], right[sound])
    except np.linalg.LinAlgError:
        for i in np.flatnonzero(sound):
            try:
                result[i] = np.linalg.solve(whole[i], right[i])
            except np.linalg.LinAlgError:
                continue
    return result


_CENTRAL = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])  # of order eight
_WIDE = 0.02
_NARROW = 1e-4


def curvature(defining: Defining, u: np.ndarray) -> float:
    """w^T F_ss[v, v] / 2 of F^k: zero where two folds meet (a cusp). By differences of order eight."""
    v, w = defining.vectors(u)
    widths = _WIDE * 0.25 ** np.arange(4)  # iterates need narrow ones, for rounding wide ones are best
    offsets = np.concatenate([width * np.arange(1, 5) for width in widths])
    along_v = _along(defining, u, v, w, np.concatenate([offsets, -offsets]))
    half = len(offsets)
    found = (along_v[:half] - along_v[half:]).reshape(4, 4) @ _CENTRAL / widths
    return float(0.5 * found[int(np.argmin(np.abs(np.diff(found))))])


def even(defining: Defining, u: np.ndarray) -> bool:
    """Whether the multiplier falls off to both sides of a crossing alike (a pitchfork), not along one of
    them.
    """
    v, w = defining.vectors(u)
    below, here, above = _along(defining, u, v, w, np.array([-_NARROW, 0.0, _NARROW]))
    return bool(abs(above - below) < 0.02 * abs(above + below - 2.0 * here))


def _along(
    defining: Defining, u: np.ndarray, v: np.ndarray, w: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """w^T J v at these distances from a point along v."""
    s, _, p = defining.split(u[None])
    count = len(offsets)
    _, M = defining.family.linear(s + offsets[:, None] * v, np.repeat(p, count, axis=0), defining.period)
    return np.asarray((M @ v) @ w)
