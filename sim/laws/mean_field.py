"""Mean-field theory of random tanh networks in steps: recurrent in discrete time, or deep and layer by layer.

h' = tanh(x), x = W h + b with W ~ N(0, gain^2/n) and b ~ N(0, bias^2), n -> infinity. A sum of many is
Gaussian: its variance q obeys q' = gain^2 <tanh^2> + bias^2, the covariance c of two states
c' = gain^2 <tanh tanh> + bias^2, and a small difference grows by chi = gain^2 <tanh'^2>. A recurrent
network obeys the same equations at each time as a deep one in each layer. Sources: L. Molgedey,
J. Schuchhardt & H. Schuster, PRL 69 (1992) 3717, doi:10.1103/PhysRevLett.69.3717; B. Poole et al., NIPS 2016,
arXiv:1606.05340; S. Schoenholz et al., ICLR 2017, arXiv:1611.01232;
R. Engelken, F. Wolf & L. Abbott, Phys. Rev. Research 5 (2023) 043044,
doi:10.1103/PhysRevResearch.5.043044.

Everything here is a function of arrays of gains and biases that broadcast against each other.
"""

from typing import Any

import numpy as np

from sim.errors import refuse
from sim.laws import gaussian

_ROUNDS, _HALVINGS = 60, 52
_CLOSE = 1e-14


def _slope(u: np.ndarray) -> np.ndarray:
    h = np.tanh(u)
    return 1.0 - h * h


def checked(gain: Any, bias: Any) -> tuple[np.ndarray, np.ndarray]:
    """Gains and biases as arrays of one shape; refused where one is negative or no number."""
    for name, given in (("gain", gain), ("bias", bias)):
        try:
            numbers = np.asarray(given, dtype=float)
        except (TypeError, ValueError):
            numbers = np.array(np.nan)
        if not (np.isfinite(numbers) & (numbers >= 0.0)).all():
            raise refuse(name, f"{given!r:.80} given; standard deviations are finite and not negative")
    pair = np.broadcast_arrays(np.asarray(gain, dtype=float), np.asarray(bias, dtype=float))
    return pair[0], pair[1]


def variance(gain: Any, bias: Any = 0.0) -> np.ndarray:
    """The stationary variance q of the summed inputs; 0 for gain <= 1 without bias, where activity dies out.

    Newton's method from above on gain^2 <tanh^2> + bias^2 - q, which is concave: it never oversteps.
    """
    g, b = checked(gain, bias)
    q = np.where((g > 1.0) | (b > 0.0), g * g + b * b, 0.0)
    flat_q, square, bias_square = q.ravel(), (g * g).ravel(), (b * b).ravel()
    left = np.flatnonzero(flat_q > 0.0)
    for _ in range(_ROUNDS):
        if not left.size:
            break
        now, factor = flat_q[left], square[left]
        held, _, rise = _moments(now)
        step = (factor * held + bias_square[left] - now) / np.minimum(factor * rise - 1.0, -1e-300)
        flat_q[left] = np.maximum(now - step, 0.0)
        left = left[np.abs(step) > _CLOSE * now]
    return flat_q.reshape(q.shape)


def _moments(q: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """<tanh^2>, <tanh'^2>, and <tanh'^2 + tanh tanh''>, which is the first one's derivative by q."""
    u, weights = gaussian.places(q)
    square = np.tanh(u) ** 2
    slope = 1.0 - square
    averages = [(part * weights).sum(-1) for part in (square, slope * slope, slope * (1.0 - 3.0 * square))]
    return averages[0], averages[1], averages[2]


def growth_of_variance(gain: Any, q: np.ndarray) -> np.ndarray:
    """dq'/dq = gain^2 <tanh'^2 + tanh tanh''>: the factor by which a deviation of the variance goes on."""
    g = np.asarray(gain, dtype=float)
    return g * g * _moments(q)[2]


def growth(gain: Any, bias: Any = 0.0) -> np.ndarray:
    """chi = gain^2 <tanh'^2>: the factor on squared small differences, forward, and on squared gradients,
    backward.

    >>> bool(growth(1.0) == 1.0)
    True
    """
    g, b = checked(gain, bias)
    return g * g * _moments(variance(g, b))[1]


def largest_exponent(gain: Any, bias: Any = 0.0) -> np.ndarray:
    """The largest Lyapunov exponent (1/2) ln chi, per step; ln(gain) where activity dies out."""
    with np.errstate(divide="ignore"):
        return 0.5 * np.log(growth(gain, bias))


def activity(gain: Any, bias: Any = 0.0) -> np.ndarray:
    """<tanh^2>, the mean square of a unit's activation."""
    return _moments(variance(gain, bias))[0]


def covariance(gain: Any, bias: Any = 0.0) -> np.ndarray:
    """What two states have in common in the end, and one state with itself at any other time: c.

    q where differences die out (chi <= 1); below it, the root of c = gain^2 <tanh tanh>_c + bias^2 that is
    stable; 0 for chaos without bias: in discrete time its autocorrelation is gone after one step.
    """
    g, b = checked(gain, bias)
    q, chi = variance(g, b), growth(g, b)
    found = np.where((chi > 1.0) & (b == 0.0), 0.0, q)
    for place in zip(*np.nonzero(np.atleast_1d((chi > 1.0) & (b > 0.0))), strict=True):
        at = place if found.ndim else ()
        found[at] = _shared(float(g[at]), float(b[at]), float(q[at]))
    return found


def _shared(g: float, b: float, q: float) -> float:
    """Newton's method from below: the right-hand side is convex in c."""
    c = 0.0
    for _ in range(_ROUNDS):
        at = np.array([c])
        surplus = g * g * gaussian.product_mean(np.tanh, q, at)[0] + b * b - c
        step = surplus / (1.0 - g * g * gaussian.product_mean(_slope, q, at)[0])
        c = min(c + step, q)
        if abs(step) <= 1e-13 * q:
            break
    return c


def depth_of_variance(gain: Any, bias: Any = 0.0) -> np.ndarray:
    """xi_q, in layers: deviations of the variance die out as exp(-layer / xi_q)."""
    g, b = checked(gain, bias)
    return _depth(growth_of_variance(g, variance(g, b)))


def depth_of_covariance(gain: Any, bias: Any = 0.0) -> np.ndarray:
    """xi_c, in layers: what two inputs have in common tends to its end as exp(-layer / xi_c).

    -1 / ln chi where differences die out; infinite on the edge, where a network can be trained however deep.
    """
    g, b = checked(gain, bias)
    q, chi, c = variance(g, b), growth(g, b), covariance(g, b)
    rate = np.array(chi)
    for place in zip(*np.nonzero(np.atleast_1d(chi > 1.0)), strict=True):
        at = place if rate.ndim else ()
        shared = gaussian.product_mean(_slope, float(q[at]), np.array([float(c[at])]))[0]
        rate[at] = g[at] ** 2 * shared
    return _depth(rate)


def _depth(rate: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        logs = np.log(rate)
        found: np.ndarray = np.where(np.abs(logs) < 1e-14, np.inf, -1.0 / logs)
    return found


def edge(bias: Any) -> np.ndarray:
    """The gain at which chi = 1 for each bias: order below, chaos above; 1 without bias.

    On the edge the variance q says both: gain^2 = 1 / <tanh'^2>, bias^2 = q - gain^2 <tanh^2>; the latter
    rises with q, and is bisected. It exceeds q - 2 sqrt(q) from q = 4 on, as 1 / <tanh'^2> tends to
    (3/4) sqrt(2 pi q) = 1.88 sqrt(q): so q = 4 bias^2 + 16 is never below the root.
    """
    _, b = checked(1.0, bias)
    low, high = np.full(b.shape, -30.0), np.log(4.0 * b * b + 16.0)  # ln q
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        q = np.exp(middle)
        level, chi, _ = _moments(q)
        below = q - level / chi < b * b
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(b == 0.0, 1.0, 1.0 / np.sqrt(_moments(np.exp(low))[1]))


def rectifier_growth(gain: Any) -> np.ndarray:
    """gain^2 / 2: the factor a layer of ReLUs puts on the mean squares of signals and gradients alike.

    1 at gain = sqrt(2), which is He's variance 2/n (K. He et al., ICCV 2015, doi:10.1109/ICCV.2015.123);
    1/2 at variance 1/n.

    >>> float(rectifier_growth(1.0))
    0.5
    """
    g, _ = checked(gain, 0.0)
    return 0.5 * g * g
