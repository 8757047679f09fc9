"""Multi-tap recursions h[t] = sum_k g_k h[t - l_k] + sum_m b_m x[t - m] as rational functions of z.

H(z) = numerator / denominator, both in powers of z from L down, L the largest lag: z^L - sum_k g_k z^(L -
l_k) below. The number of modes is the largest lag, not the number of taps. Gains may be arrays, one
recursion for each of their elements. Source: A. V. Oppenheim & R. W. Schafer, Discrete-Time Signal
Processing, 3rd ed. 2010, ch. 5 and 6.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev

from sim.errors import refuse
from sim.linear.arrays import count, finite, polynomial, real, square, whole
from sim.linear.spectra import eigenvalues
from sim.machine.one_thread import one_thread

_ALIKE = 1e-6  # poles nearer than this, relative to the largest, have no residues of their own


class Recursion(NamedTuple):
    """Numerator and denominator (..., L + 1) of H(z), the highest power first, the denominator monic."""

    numerator: np.ndarray
    denominator: np.ndarray


def characteristic(taps: Mapping[int, Any]) -> np.ndarray:
    """The polynomial z^L - sum_k g_k z^(L - l_k) of taps {lag: gain}, coefficients (..., L + 1).

    >>> characteristic({1: 0.5, 5: 0.25}).tolist()
    [1.0, -0.5, 0.0, 0.0, 0.0, -0.25]
    """
    return recursion(taps).denominator


def recursion(taps: Mapping[int, Any], inputs: Mapping[int, Any] | None = None) -> Recursion:
    """H(z) of taps {lag: gain} on the past (lags from 1 on) and `inputs` {lag: gain} (from 0 on, by
    default x[t]).
    """
    given = {0: 1.0} if inputs is None else inputs
    backward, forward = _lags("taps", taps, 1), _lags("inputs", given, 0)
    gains = [real("taps", taps[lag]) for lag in backward] + [real("inputs", given[lag]) for lag in forward]
    shape = np.broadcast_shapes(*(gain.shape for gain in gains))
    degree = max([*backward, *forward, 1])
    below, above = np.zeros((*shape, degree + 1)), np.zeros((*shape, degree + 1))
    below[..., 0] = 1.0
    for lag, gain in zip(backward, gains, strict=False):
        below[..., lag] = -gain
    for lag, gain in zip(forward, gains[len(backward) :], strict=True):
        above[..., lag] = gain
    return Recursion(above, below)


def _lags(place: str, taps: Mapping[int, Any], least: int) -> list[int]:
    if not isinstance(taps, Mapping) or not taps:
        said = "no taps" if isinstance(taps, Mapping) else f"{taps!r:.60}"
        raise refuse(place, f"{said} given; write them as {{lag: gain}}, such as {{1: 0.5, 5: 0.25}}")
    lags = list(taps)
    if not all(whole(lag, least) for lag in lags):
        raise refuse(place, f"lags {lags!r:.60} given, whole numbers from {least} on are needed")
    return [int(lag) for lag in lags]


def roots(coefficients: Any) -> np.ndarray:
    """The roots (..., degree) of polynomials (..., degree + 1), by modulus, largest first. Cost: 10
    degree^3 each.
    """
    a = polynomial("coefficients", coefficients)
    degree = a.shape[-1] - 1
    companion = np.zeros((*a.shape[:-1], degree, degree), dtype=a.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        companion[..., 0, :] = -a[..., 1:] / a[..., :1]
    if not np.isfinite(companion).all():
        raise refuse("coefficients", "the first is too small beside the others; leave it out, or scale z")
    companion[..., np.arange(1, degree), np.arange(degree - 1)] = 1.0
    return eigenvalues(companion)


def poles(made: Recursion) -> np.ndarray:
    """The poles (..., L) of a recursion, by modulus, largest first: one mode p^t each."""
    return roots(made.denominator)


def zeros(made: Recursion) -> np.ndarray:
    """The zeros of one recursion, by modulus, largest first: frequencies that it swallows."""
    if made.numerator.ndim > 1:
        raise refuse("made", "many recursions given, whose zeros may differ in number; call once for each")
    there = np.flatnonzero(made.numerator)
    if not there.size:
        raise refuse("made", "the numerator is zero, so that every number is a zero of H; give inputs")
    above = made.numerator[there[0] :]
    return roots(above) if len(above) > 1 else np.empty(0, dtype=np.complex128)


def residues(made: Recursion, at: np.ndarray | None = None) -> np.ndarray:
    """The r_i (..., L) of the response to an impulse h[t] = sum_i r_i p_i^t, complex, for the poles `at`
    (`poles(made)`).

    NaN for poles at zero and for poles that are equal to about six digits, whose share grows like t p^t.
    Where the inputs reach as far back as the taps, the sum holds from t = 1 on, and h[0] is the
    numerator's first number; where they reach m steps farther, without the m poles at zero, from t = m + 1.
    """
    p = poles(made) if at is None else np.asarray(at, dtype=np.complex128)
    others = p[..., :, None] - p[..., None, :]
    n = p.shape[-1]
    near = np.abs(others) + np.where(np.eye(n, dtype=bool), np.inf, 0.0)
    sound = near.min(axis=-1) > _ALIKE * np.abs(p).max(axis=-1, keepdims=True)
    product = np.where(np.eye(n, dtype=bool), 1.0, others).prod(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _at(made.numerator, p) / (p * product)
    return np.where(sound & (p != 0), found, np.nan)


def impulse_response(made: Recursion, steps: int) -> np.ndarray:
    """h[0..steps] (..., time) of an impulse x[0] = 1, from the recursion itself. Cost: L a step."""
    above, below = made.numerator, made.denominator
    steps = count("steps", steps)
    lags = below.shape[-1] - 1
    out = np.zeros((*below.shape[:-1], steps + 1))
    out[..., : min(lags, steps) + 1] = above[..., : steps + 1]
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(1, steps + 1):
            back = min(t, lags)
            out[..., t] -= (below[..., 1 : back + 1] * out[..., t - back : t][..., ::-1]).sum(axis=-1)
    return out


def dc_gain(made: Recursion) -> np.ndarray:
    """H(1), the sum of the response to an impulse where it is stable; infinite with a pole at z = 1, NaN with
    a pole and a zero there.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(made.numerator.sum(axis=-1) / made.denominator.sum(axis=-1))


def response(made: Recursion, angles: Any) -> np.ndarray:
    """H(e^(i w)) (..., angle), complex, at frequencies w in radians a step."""
    z = np.exp(1j * finite("angles", angles))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(_at(made.numerator, z) / _at(made.denominator, z))


def _at(coefficients: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Polynomials (..., degree + 1) at numbers (..., k), by Horner's rule."""
    value = np.zeros((*coefficients.shape[:-1], z.shape[-1]), dtype=np.complex128)
    for i in range(coefficients.shape[-1]):
        value = value * z + coefficients[..., i, None]
    return value


def critical_gain(taps: Mapping[int, float]) -> float:
    """The smallest factor on all gains at which a pole reaches the unit circle; infinite if none does.

    A pole stands at e^(i w) where factor * G(w) = 1 with G(w) = sum_k g_k e^(-i w l_k): of all w with a real,
    positive G the largest G counts. They are found as roots of a Chebyshev series in cos w. For gains that
    are not negative it is 1 / sum_k g_k, at w = 0. Cost: 10 L^3.

    >>> round(critical_gain({1: 0.5, 5: 0.25}), 5), round(critical_gain({1: -0.5}), 5)
    (1.33333, 2.0)
    """
    lags = _lags("taps", taps, 1)
    given = [real("taps", taps[lag]) for lag in lags]
    if any(gain.ndim for gain in given):
        raise refuse("taps", "arrays of gains given, one recursion is needed; call once for each")
    gains = [float(gain) for gain in given]
    # Im G = -sum g sin(l w) = -sin w sum g U_(l-1)(cos w), and U_n is twice a sum of every other T
    series = np.zeros(max(lags))
    for lag, gain in zip(lags, gains, strict=True):
        series[lag - 1 :: -2] += 2.0 * gain
        if (lag - 1) % 2 == 0:
            series[0] -= gain
    inside = np.empty(0)
    if np.flatnonzero(series).size and np.flatnonzero(series)[-1] > 0:
        with one_thread():
            found = chebyshev.chebroots(np.trim_zeros(series, "b"))
        inside = found.real[(np.abs(found.imag) < 1e-6) & (np.abs(found.real) <= 1)]
    w = np.concatenate([[0.0, np.pi], np.arccos(inside)])
    most = float((np.cos(np.multiply.outer(w, lags)) @ np.array(gains)).max())
    return 1.0 / most if most > 0 else float("inf")


def block_companion(taps: Mapping[int, Any]) -> np.ndarray:
    """The matrix (..., L n, L n) of a recursion of vectors h[t] = sum_k W_k h[t - l_k] for matrices {lag:
    W_k}.

    Its eigenvalues are the poles, the roots of det(z^L I - sum_k W_k z^(L - l_k)); no tensors are needed.
    The state is (h[t], h[t-1], ..., h[t-L+1]).
    """
    lags = _lags("taps", taps, 1)
    matrices = [square("taps", taps[lag]) for lag in lags]
    sizes = {W.shape[-1] for W in matrices}
    if len(sizes) > 1:
        raise refuse("taps", f"matrices of {sorted(sizes)} rows given; all need the same size")
    n, depth = sizes.pop(), max(lags)
    shape = np.broadcast_shapes(*(W.shape[:-2] for W in matrices))
    found = np.zeros((*shape, depth * n, depth * n), dtype=np.result_type(*matrices))
    for lag, W in zip(lags, matrices, strict=True):
        found[..., :n, (lag - 1) * n : lag * n] = W
    rest = (depth - 1) * n
    found[..., n:, :rest] = np.eye(rest)
    return found
