"""What the functions of this package are given: square matrices, vectors, polynomials, checked once."""

from typing import Any

import numpy as np

from sim.errors import refuse


def finite(place: str, values: Any) -> np.ndarray:
    """An array of finite real or complex numbers, floating; Refused where a number is not finite."""
    try:
        array = np.asarray(values)
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    except (TypeError, ValueError):
        raise refuse(place, f"{values!r:.60} is no array of numbers; give numbers") from None
    if not np.isfinite(array).all():
        count = int(array.size - np.isfinite(array).sum())
        raise refuse(place, f"{count} of {array.size} numbers are not finite; give finite numbers")
    return array


def real(place: str, values: Any) -> np.ndarray:
    """An array of finite real numbers."""
    array = finite(place, values)
    if array.dtype.kind == "c":
        raise refuse(place, "complex numbers given, real ones are needed")
    return array


def size_of(array: np.ndarray) -> float:
    """The largest power of 2 that is no larger than the largest modulus; 1 of zeros."""
    largest = float(np.abs(array).max(initial=0.0))
    return float(np.ldexp(0.5, np.frexp(largest)[1])) if largest > 0.0 else 1.0


def square(place: str, W: Any) -> np.ndarray:
    """Square matrices (..., n, n) of finite numbers, n at least 1."""
    array = finite(place, W)
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or array.shape[-1] == 0:
        raise refuse(place, f"shape {array.shape} given, square matrices (..., n, n) are needed")
    return array


def single(place: str, W: Any) -> np.ndarray:
    """One square matrix (n, n) of finite numbers."""
    array = square(place, W)
    if array.ndim > 2:
        raise refuse(place, f"shape {array.shape} given, one matrix (n, n) is needed; call once for each")
    return array


def vector(place: str, h: Any, n: int) -> np.ndarray:
    """Vectors (..., n) of finite numbers."""
    array = finite(place, h)
    if array.ndim < 1 or array.shape[-1] != n:
        raise refuse(place, f"shape {array.shape} given, vectors of {n} numbers are needed")
    return array


def polynomial(place: str, coefficients: Any) -> np.ndarray:
    """Coefficients (..., degree + 1), highest power first, the first one not zero, degree at least 1."""
    array = finite(place, coefficients)
    if array.ndim < 1 or array.shape[-1] < 2:
        raise refuse(
            place,
            f"shape {array.shape} given; coefficients (..., degree + 1), highest power first, are needed",
        )
    if (array[..., 0] == 0).any():
        raise refuse(place, "the leading coefficient is zero; leave it out, or divide by the next one")
    return array


def whole(value: Any, least: int) -> bool:
    """Whether something is a whole number from `least` on."""
    try:
        return not isinstance(value, bool) and int(value) == value and value >= least
    except (TypeError, ValueError, OverflowError):
        return False


def count(place: str, steps: int, least: int = 0) -> int:
    """A whole number of steps."""
    if not whole(steps, least):
        raise refuse(place, f"{steps!r:.60} given, a whole number from {least} on is needed")
    return int(steps)
