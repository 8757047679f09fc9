"""Laws of the eigenvalues of large Gaussian matrices, as curves and as checks of eigenvalues at hand.

Entries of gain J / sqrt(n) have variance gain^2/n; `tau` is the correlation of J_ij and J_ji: 0 independent,
1 symmetric, -1 antisymmetric. The eigenvalues fill evenly an ellipse with half axes gain (1 + tau) and
gain (1 - tau): a disc at tau = 0. Sources: V. Girko, Theory Probab. Appl. 29 (1985) 694,
doi:10.1137/1129095; H. Sommers, A. Crisanti, H. Sompolinsky & Y. Stein, PRL 60 (1988) 1895,
doi:10.1103/PhysRevLett.60.1895.
"""

from typing import Any

import numpy as np

from sim.errors import refuse


def half_axes(gain: float = 1.0, tau: float = 0.0) -> tuple[float, float]:
    """Along the real and the imaginary axis; refused for a correlation outside -1 to 1."""
    if not (np.isfinite(gain) and gain >= 0.0):
        raise refuse("gain", f"{gain!r:.80} given; write a finite number, 0 or more")
    if not -1.0 <= tau <= 1.0:
        raise refuse("tau", f"{tau!r:.80} given; a correlation lies between -1 and 1")
    return gain * (1.0 + tau), gain * (1.0 - tau)


def _check_extent(length: float) -> None:
    """Refused where the eigenvalues, or their real parts, all lie in 0 and have no density."""
    if length == 0.0:
        raise refuse("gain, tau", "at gain 0, and for real parts at tau = -1, all lie at 0: write others")


def circular_density(radius: Any, gain: float = 1.0) -> np.ndarray:
    """Density of the moduli: 2 r / gain^2 up to the gain, 0 beyond.

    >>> circular_density([0.5, 2.0]).tolist()
    [1.0, 0.0]
    """
    edge, _ = half_axes(gain)
    _check_extent(edge)
    r = np.asarray(radius, dtype=float)
    found: np.ndarray = np.where((r >= 0.0) & (r <= edge), 2.0 * r / edge**2, 0.0)
    return found


def real_density(place: Any, gain: float = 1.0, tau: float = 0.0) -> np.ndarray:
    """Density of the real parts: half an ellipse over +-gain (1 + tau); at tau = 1 Wigner's semicircle."""
    a, _ = half_axes(gain, tau)
    _check_extent(a)
    x = np.asarray(place, dtype=float)
    found: np.ndarray = 2.0 / (np.pi * a * a) * np.sqrt(np.maximum(a * a - x * x, 0.0))
    return found


def outline(place: Any, gain: float = 1.0, tau: float = 0.0) -> np.ndarray:
    """The ellipse as (2, ...): upper and lower imaginary part at each real part, NaN outside."""
    a, b = half_axes(gain, tau)
    with np.errstate(invalid="ignore", divide="ignore"):  # at gain 0 the ellipse is a point
        share = 1.0 - (np.asarray(place, dtype=float) / a) ** 2
        height = b * np.sqrt(np.where(share < 0.0, np.nan, share))
    return np.stack([height, -height])


def departure(eigenvalues: Any, gain: float = 1.0, tau: float = 0.0) -> float:
    """The largest difference of the share of eigenvalues inside each smaller ellipse from the law's.

    (x/a)^2 + (y/b)^2 is uniform on 0 to 1; at tau = +-1, where the ellipse is a line, the place along it
    is compared with the semicircle. Shrinks like 1/sqrt(n) or faster; 1 for eigenvalues all outside.
    """
    a, b = half_axes(gain, tau)
    _check_extent(a + b)
    z = np.asarray(eigenvalues, dtype=complex).ravel()
    if not z.size or not np.isfinite(z).all():
        raise refuse("eigenvalues", f"{z.size} given, not all finite or none at all; write at least one")
    if min(a, b) > 0.0:
        expected = np.minimum((z.real / a) ** 2 + (z.imag / b) ** 2, 1.0)
    else:
        s = np.clip((z.real if a else z.imag) / (a or b), -1.0, 1.0)
        expected = 0.5 + (s * np.sqrt(1.0 - s * s) + np.arcsin(s)) / np.pi
    expected = np.sort(expected)
    n = len(expected)
    steps = np.arange(n) / n
    return float(np.maximum(np.abs(expected - steps), np.abs(expected - steps - 1.0 / n)).max())


def leading(gain: Any) -> np.ndarray:
    """The largest modulus of an eigenvalue of gain J / sqrt(n): the gain itself, in the limit.

    n units have more, 4.4 % at n = 100 and 2.4 % at n = 800: the excess dies out like sqrt(ln n / n), and
    its law (B. Rider & C. Sinclair, Ann. Appl. Probab. 24 (2014) 1621, doi:10.1214/13-AAP958) holds for n far
    above what networks here have.
    """
    edge: np.ndarray = np.asarray(gain, dtype=float)
    if not (np.isfinite(edge) & (edge >= 0.0)).all():
        raise refuse("gain", f"{gain!r:.80} given; write finite numbers, 0 or more")
    return edge
