"""Modes of a linear recurrence: W = U diag(lambda) U^-1, so that W^t h = sum_i a_i lambda_i^t u_i.

Eigenvalues stand by modulus, the largest first: it is the modulus that decides what lasts, not the real
part and not the number itself (-1.2 outlasts 1.1). A matrix whose eigenvectors are nearly parallel has no
such sum that could be computed: `Modes.condition` says how many digits are lost, `defective` where all
meaning is. Source: G. H. Golub & C. F. Van Loan, Matrix Computations, 4th ed. 2013, ch. 7; distance to
defective matrices: J. W. Demmel, Numer. Math. 51 (1987) 251, doi:10.1007/BF01400115.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from sim.errors import refuse
from sim.linear.arrays import count, single, size_of, square, vector
from sim.machine.one_thread import one_thread

_GAP = 100.0
DEFECTIVE = 1e7  # a defective matrix of two equal eigenvalues shows a condition from about 1e8 on, in float64


class Modes(NamedTuple):
    """Eigenvalues and eigenvectors of matrices (..., n, n)."""

    values: np.ndarray  # (..., n), by modulus, largest first
    vectors: np.ndarray  # (..., n, n), of norm 1 in the columns
    inverse: np.ndarray  # (..., n, n), of the vectors; NaN where defective
    condition: np.ndarray  # (...), ratio of the vectors' largest and smallest singular values

    @property
    def defective(self) -> np.ndarray:
        """Whether the eigenvectors are too nearly parallel for amplitudes to mean anything."""
        return np.asarray(~(self.condition < DEFECTIVE))

    @property
    def radius(self) -> np.ndarray:
        """The spectral radius, the largest modulus."""
        return np.asarray(np.abs(self.values[..., 0]))

    def statement(self) -> str:
        """In words, whether the sum over modes can be trusted (the worst of the matrices)."""
        worst = float(np.max(self.condition))
        if self.defective.any():
            return (
                f"defective to working precision (condition of the eigenvectors {worst:.1e}): there is no "
                "basis of eigenvectors, amplitudes are NaN; multiply W out instead, and see jordan_blocks"
            )
        return (
            f"diagonalisable; condition of the eigenvectors {worst:.3g}: amplitudes are good to about "
            f"{max(0, int(15 - np.log10(worst)))} digits, and ||W^t|| <= {worst:.3g} rho^t"
        )


def by_modulus(values: np.ndarray) -> np.ndarray:
    """Indices that put numbers (..., n) in order: largest modulus, then largest real part, then largest
    imaginary one.

    >>> np.array([1.1, -1.2, 1.2])[by_modulus(np.array([1.1, -1.2, 1.2]))].tolist()
    [1.2, -1.2, 1.1]
    """
    return np.lexsort((-values.imag, -values.real, -np.abs(values)), axis=-1)


def eigenvalues(W: Any) -> np.ndarray:
    """Eigenvalues (..., n) of matrices (..., n, n), complex, by modulus, largest first. Cost: 10 n^3 each."""
    W = square("W", W)
    with one_thread():
        found = np.linalg.eigvals(W).astype(np.complex128)
    return np.take_along_axis(found, by_modulus(found), axis=-1)


def modes(W: Any) -> Modes:
    """The eigen-decomposition of matrices (..., n, n). Cost: 25 n^3 each.

    >>> modes([[0.5, 1.0], [0.0, -1.2]]).values.real.tolist()
    [-1.2, 0.5]
    """
    W = square("W", W)
    with one_thread():
        values, vectors = (part.astype(np.complex128) for part in np.linalg.eig(W))
        order = by_modulus(values)
        values = np.take_along_axis(values, order, axis=-1)
        vectors = np.take_along_axis(vectors, order[..., None, :], axis=-1)
        sizes = np.linalg.svd(vectors, compute_uv=False)
        with np.errstate(divide="ignore"):
            condition = sizes[..., 0] / sizes[..., -1]
        sound = condition < DEFECTIVE
        identity = np.eye(W.shape[-1], dtype=np.complex128)
        inverse = np.linalg.inv(np.where(sound[..., None, None], vectors, identity))
    return Modes(values, vectors, np.where(sound[..., None, None], inverse, np.nan), condition)


def amplitudes(made: Modes, h: Any) -> np.ndarray:
    """The a_i (..., n) of h = sum_i a_i u_i, complex; NaN where the matrix is defective."""
    h = vector("h", h, made.values.shape[-1])
    return np.asarray((made.inverse @ h[..., None])[..., 0])


def trajectories(made: Modes, h: Any, steps: int) -> np.ndarray:
    """Every mode's part a_i lambda_i^t u_i of the free run from h: (..., time, mode, unit), complex.

    The sum over modes is W^t h. Cost: n^2 a step.
    """
    a = amplitudes(made, h)
    time = np.arange(count("steps", steps) + 1)
    powers = made.values[..., None, :] ** time[:, None]
    return np.asarray(
        (a[..., None, :] * powers)[..., None] * np.swapaxes(made.vectors, -1, -2)[..., None, :, :]
    )


def free_run(W: Any, h: Any, steps: int) -> np.ndarray:
    """States W^t h of times 0..steps, multiplied out step by step: (..., time, n). Cost: n^2 a step."""
    W = square("W", W)
    h = vector("h", h, W.shape[-1])
    shape = np.broadcast_shapes(W.shape[:-2], h.shape[:-1])
    kind = np.result_type(W, h)
    out = np.empty((*shape, count("steps", steps) + 1, W.shape[-1]), kind)
    out[..., 0, :] = h
    with one_thread(), np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps):
            out[..., t + 1, :] = (W @ out[..., t, :, None])[..., 0]
    return out


def dominant(made: Modes, a: Any, tolerance: float = 1e-12) -> np.ndarray:
    """The mode (...) that outlasts the others: the largest modulus with an amplitude above `tolerance` times
    the largest.

    -1 where the matrix is defective. In floating-point arithmetic an absent leading mode comes back from
    rounding, after ln(1/eps) / ln|lambda_1 / lambda_2| steps.
    """
    size = np.abs(np.asarray(a))
    with np.errstate(invalid="ignore"):
        there = size > tolerance * size.max(axis=-1, keepdims=True)
    return np.where(there.any(axis=-1), there.argmax(axis=-1), -1)


def growth(made: Modes, a: Any, tolerance: float = 1e-12) -> np.ndarray:
    """The asymptotic rate (1/t) ln||W^t h|| -> ln|lambda_m| of the dominant mode (...); NaN where
    defective.
    """
    which = dominant(made, a, tolerance)
    size = np.abs(np.take_along_axis(made.values, np.maximum(which, 0)[..., None], axis=-1)[..., 0])
    with np.errstate(divide="ignore"):
        return np.where(which < 0, np.nan, np.log(size))


def angle(h: Any, u: Any) -> np.ndarray:
    """The angle in radians (...) between real vectors h (..., n) and what an eigenvector u spans.

    A real u spans a line, a complex one the plane of its real and imaginary parts, in which its pair turns.
    """
    h, u = np.asarray(h, dtype=np.float64), np.asarray(u, dtype=np.complex128)
    n = u.shape[-1]
    basis = np.stack([vector("u", u, n).real, u.imag], axis=-1)
    with one_thread():
        left, size, _ = np.linalg.svd(basis, full_matrices=False)
    left = np.where((size > 1e-12 * size[..., :1])[..., None, :], left, 0.0)
    inside = np.einsum("...ik,...i->...k", left, h)
    rest = h - np.einsum("...ik,...k->...i", left, inside)
    return np.asarray(np.arctan2(np.linalg.norm(rest, axis=-1), np.linalg.norm(inside, axis=-1)))


class Jordan(NamedTuple):
    """One eigenvalue and the sizes of its Jordan blocks, largest first."""

    value: complex
    sizes: tuple[int, ...]


def jordan_blocks(W: Any, tolerance: float = 1e-10) -> tuple[Jordan, ...]:
    """The Jordan structure of one matrix (n, n), of all matrices within about `tolerance` of it the most
    defective.

    m eigenvalues within tolerance^(1/m) of their mean, relative to the norm, are taken as one, if they are no
    two groups and W - mean is singular: so far a change of the matrix by `tolerance` spreads a block of size
    m, and nothing that far in a normal matrix. The sizes follow from the ranks of (W - lambda I)^k.
    A block of size k at |lambda| = 1 grows like t^(k-1): the eigenvalue alone does not tell. Source: G. H.
    Golub & J. H. Wilkinson, SIAM Rev. 18 (1976) 578, doi:10.1137/1018113.

    >>> jordan_blocks([[1.0, 1.0], [0.0, 1.0]])[0].sizes
    (2,)
    """
    W = single("W", W)
    if not 0 < tolerance < 1:
        raise refuse("tolerance", f"{tolerance!r} given, a number between 0 and 1 is needed")
    unit = size_of(W)  # powers of very large and very small numbers leave float64
    W = W / unit
    found = []
    for group in _multiples(W, eigenvalues(W), float(np.linalg.norm(W, 2)) or 1.0, tolerance):
        value = complex(group.mean())
        found.append(Jordan(value * unit, _sizes(W, value, len(group), tolerance)))
    order = by_modulus(np.array([block.value for block in found]))
    return tuple(found[i] for i in order)


def _multiples(W: np.ndarray, values: np.ndarray, scale: float, tolerance: float) -> list[np.ndarray]:
    """Eigenvalues in groups that may each be one. A group is parted where it is too wide for its size, where
    its halves are much farther apart than anything within them (a block's eigenvalues make a ring), and where
    no matrix within the tolerance has their mean as an eigenvalue.
    """
    if len(values) == 1:
        return [values]
    tree = linkage(np.stack([values.real, values.imag], axis=1), "single")
    heights = np.concatenate([[0.0], tree[:, 2]])
    radius = float(np.abs(values - values.mean()).max())
    apart = heights[-1] > max(_GAP * heights[-2], scale * tolerance**0.5)
    if radius <= scale * tolerance ** (1.0 / len(values)) and not apart:
        with one_thread():
            rest = np.linalg.svd(W - values.mean() * np.eye(len(W)), compute_uv=False)[-1]
        if rest <= scale * tolerance or heights[-1] == 0.0:
            return [values]
    which = fcluster(tree, heights[-1] * (1.0 - 1e-9), "distance")
    parts = [values[which == label] for label in dict.fromkeys(which.tolist())]
    return [group for part in parts for group in _multiples(W, part, scale, tolerance)]


def _sizes(W: np.ndarray, value: complex, multiple: int, tolerance: float) -> tuple[int, ...]:
    """Block sizes of an eigenvalue of this multiplicity from the nullities of powers."""
    n = len(W)
    shifted = W - value * np.eye(n)
    power = np.eye(n, dtype=np.complex128)
    at_least: list[int] = []  # blocks of size at least 1, 2, ...
    with one_thread():
        while sum(at_least) < multiple:
            power = power @ shifted
            size = np.linalg.svd(power, compute_uv=False)
            limit = tolerance * max(float(np.linalg.norm(W, 2)), 1e-300) ** (len(at_least) + 1)
            more = min(int((size <= limit).sum()), multiple) - sum(at_least)
            at_least.append(int(np.clip(more, 1, at_least[-1] if at_least else multiple)))
    return tuple(sum(count > k for count in at_least) for k in range(at_least[0]))
