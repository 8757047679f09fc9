"""From numbers to colours and tick marks: linear, logarithmic and symmetric-logarithmic scales.

A scale knows its limits in the units of the data. `unit` maps data onto 0..1, `ticks` says where a reader
finds round numbers. Limits hold all numbers, on a logarithm all decades that are there, unless a few far
ones would push everything else into one colour: then the colours end at percentiles. `note` says whatever
lies outside the colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from sim.errors import refuse

Kind = Literal["linear", "log", "symlog"]
Choice = Literal["auto", "linear", "log", "symlog"]
CHOICES = get_args(Choice)

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WALL = 4.0  # full range over that of the middle 98 % from which the colours end at percentiles
_STRIDES = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200)  # decades between two marks
_SAMPLE = 1_000_000
_LEAST = 1e-320  # a length whose parts are still numbers
_MANTISSA = 4  # digits from which a large number is written out


@dataclass(frozen=True)
class Scale:
    """How numbers become colours: a kind, limits in the units of the data, the half width of a symmetric
    log's linear part. `whole`: all numbers are.
    """

    kind: Kind
    low: float
    high: float
    threshold: float = 1.0
    note: str = ""
    whole: bool = False

    def forward(self, values: np.ndarray) -> np.ndarray:
        """The numbers on the scale's own axis; NaN where a logarithm does not exist."""
        values = np.asarray(values, dtype=float)
        with np.errstate(all="ignore"):
            if self.kind == "log":
                return np.where(
                    values > 0,
                    np.log10(np.where(values > 0, values, 1.0)),
                    np.where(values == 0, -np.inf, np.nan),
                )
            if self.kind == "symlog":
                return np.sign(values) * np.log10(1.0 + np.abs(values) / self.threshold)
        return values

    @property
    def span(self) -> tuple[float, float]:
        """Both limits on the scale's own axis."""
        low, high = self.forward(np.array([self.low, self.high]))
        return float(low), float(high)

    @property
    def signed(self) -> bool:
        """Whether zero is the middle of the colours."""
        return self.low < 0 < self.high and math.isclose(-self.low, self.high)

    def unit(self, values: np.ndarray) -> np.ndarray:
        """The numbers as 0..1 between the limits, clipped; NaN stays NaN, infinities become the ends."""
        low, high = self.span
        with np.errstate(all="ignore"):
            return np.clip((self.forward(values) - low) / (high - low), 0.0, 1.0)

    def ticks(self, n: int = 6) -> list[tuple[float, str]]:
        """Round numbers within the limits: (value in the units of the data, text), at most about `n`."""
        if self.kind == "log":
            return log_ticks(self.low, self.high, n)
        if self.kind == "symlog":
            return _symlog_ticks(self.low, self.high, self.threshold, n)
        return linear_ticks(self.low, self.high, n, self.whole)


def power(exponent: int) -> str:
    """A power of ten as a reader writes it.

    >>> power(-3), power(0), power(1)
    ('10⁻³', '1', '10')
    """
    return {0: "1", 1: "10"}.get(exponent, "10" + str(exponent).translate(_SUPERSCRIPT))


def text(value: float, digits: int = 4) -> str:
    """A number for a reader: few digits, a true minus sign, powers of ten outside 10⁻³..10⁵.

    >>> text(-2.6122966), text(0.00001234), text(float("nan")), text(3), text(12345.6)
    ('−2.612', '1.234·10⁻⁵', 'NaN', '3', '12346')
    """
    if isinstance(value, (int, np.integer)):
        return f"{value:,}".replace(",", "\u202f").replace("-", "−")
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "NaN")
    if value and not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        times = {"1": "", "-1": "-"}.get(mantissa, f"{mantissa}·")
        return f"{times}{power(int(exponent))}".replace("-", "−")
    short = f"{value:.{digits}g}"
    return (f"{value:.0f}" if "e" in short else short).replace("-", "−")  # fewer digits than before the point


def percent(share: float, decimals: int = 1) -> str:
    """A share for a reader: what is there is not said to be nothing, nor what is not quite all to be all.

    >>> percent(0.273), percent(1.0), percent(1 / 10201), percent(1 - 1 / 10201)
    ('27.3%', '100.0%', '<0.1%', '>99.9%')
    """
    least = 10.0 ** -(decimals + 2)
    if 0 < share < least / 2:
        return f"<{least:.{decimals}%}"
    if 1 - least / 2 < share < 1:
        return f">{1 - least:.{decimals}%}"
    return f"{share:.{decimals}%}"


def needed(value: float, gap: float, least: int = 4) -> int:
    """How many digits of a number tell it from others that are at least `gap` away: the unit of the last one
    is no larger.

    >>> needed(4.947, 0.0157), needed(3.569940, 1e-6), needed(0.0, 0.1)
    (4, 7, 4)
    """
    if not (value and gap > 0 and math.isfinite(value) and math.isfinite(gap)):
        return least
    digits = math.floor(math.log10(abs(value))) + 1 + math.ceil(-math.log10(gap) - 1e-9)
    return min(max(digits, least), 17)


def whole(values: np.ndarray) -> bool:
    """Whether all finite numbers are whole, so that marks between whole numbers would mean nothing.

    >>> whole(np.array([0.0, 2.0, np.nan])), whole(np.array([0.5])), whole(np.array([np.nan]))
    (True, False, False)
    """
    finite = values[np.isfinite(values)]
    few = finite[:1000]  # nearly always enough to see that they are not
    return bool(finite.size) and bool((few == np.round(few)).all() and (finite == np.round(finite)).all())


def linear_ticks(low: float, high: float, n: int = 6, whole: bool = False) -> list[tuple[float, str]]:
    """Multiples of 1, 2 or 5 times a power of ten within the limits; `whole`: whole numbers alone.

    >>> linear_ticks(-6, 2, 5)
    [(-6.0, '−6'), (-4.0, '−4'), (-2.0, '−2'), (0.0, '0'), (2.0, '2')]
    >>> linear_ticks(-0.5, 1.5, 5, whole=True)
    [(0.0, '0'), (1.0, '1')]
    >>> [words for _, words in linear_ticks(999900, 1000000, 3)]
    ['999\u202f900', '999\u202f950', '1\u202f000\u202f000']
    >>> linear_ticks(0, 5e-324)  # a fifth of it is no number
    [(0, '0')]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high - low < _LEAST:
        return [(low, text(low))] if math.isfinite(low) else []
    rough = (high - low) / max(n - 1, 1)
    base = 10.0 ** math.floor(math.log10(rough))
    step = next((m * base for m in (1, 2, 5) if m * base >= rough * 0.999), 10 * base)
    if whole and step < 1 and math.floor(high) >= math.ceil(low):  # a limit that was asked for may allow none
        step = 1.0
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [round(i * step, 12 - math.floor(math.log10(step))) + 0.0 for i in range(first, last + 1)]
    largest = max((abs(value) for value in values), default=0.0)
    if largest >= 1e5 or largest < 1e-3:
        if step >= 1 and largest < 1e12 and needed(largest, step) > _MANTISSA:
            return [(value, text(round(value))) for value in values]
        return [(value, text(value, needed(value, step, 3))) for value in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(value, f"{value:.{decimals}f}".replace("-", "−")) for value in values]


def log_ticks(low: float, high: float, n: int = 6) -> list[tuple[float, str]]:
    """Powers of ten within the limits; 1, 2, 5 where there are fewer than two decades.

    >>> log_ticks(1e-3, 1e2, 3)
    [(0.001, '10⁻³'), (0.1, '10⁻¹'), (10.0, '10')]
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first < 1:
        values = [m * 10.0**e for e in range(first - 1, last + 1) for m in (1, 2, 5)]
        inside = [(value, text(value)) for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        return inside if len(inside) > 1 else linear_ticks(low, high, n)
    least = max(1, math.ceil((last - first) / max(n, 1)))
    stride = next(stride for stride in _STRIDES if stride >= least)
    start = first if stride < 5 else -(-first // stride) * stride  # wide steps go through 1
    return [(10.0**e, power(e)) for e in range(start, last + 1, stride)]


def _symlog_ticks(low: float, high: float, threshold: float, n: int) -> list[tuple[float, str]]:
    """Zero, and powers of ten on both sides that lie above the linear part."""
    top = max(abs(low), abs(high))
    first, last = math.ceil(math.log10(threshold) + 0.2), math.floor(math.log10(top) + 1e-9)
    stride = max(1, math.ceil((last - first + 1) / max(n // 2, 1)))
    exponents = list(range(last, first - 1, -stride))
    ticks = [(-(10.0**e), "−" + power(e)) for e in exponents] + [(0.0, "0")]
    ticks += [(10.0**e, power(e)) for e in reversed(exponents)]
    return [tick for tick in ticks if low * (1 + 1e-9) <= tick[0] <= high * (1 + 1e-9)]


def choose(
    values: np.ndarray,
    kind: Choice = "auto",
    low: float | None = None,
    high: float | None = None,
    centred: bool = False,
) -> Scale:
    """The scale that shows these numbers best, or the kind that is asked for.

    Signed numbers are centred on zero; numbers over many decades get a logarithm; a few far values end the
    colours at a percentile. `low`, `high`: limits that are asked for. `centred`: zero is the middle whatever
    the numbers, for colours whose middle means zero. What cannot be seen so, the scale's note says.

    Errors: Refused for a kind that there is not and for limits that are no numbers or do not rise.

    >>> choose(np.array([1e-6, 1e-3, 1.0])).kind, choose(np.array([-1.0, 3.0])).low
    ('log', -3.0)
    """
    if kind not in CHOICES:
        raise refuse("scale", f"{kind!r} is no scale; choose one of {', '.join(CHOICES)}")
    _check(low, high)
    finite = _sample(values)
    if not finite.size:
        bottom, top = 0.0 if low is None else low, 1.0 if high is None else high
        top = top if top > bottom else bottom + 1.0
        return _noted(_centred(Scale("linear", bottom, top, note="no finite number here"), centred), values)
    smallest, largest = float(finite.min()), float(finite.max())
    if kind == "auto":
        kind = _kind(finite, smallest)
        kind = "linear" if centred and kind == "log" else kind  # a logarithm has no zero
    if kind == "log" and largest > 0:
        return _noted(_log(finite[finite > 0], low, high), values)
    if kind == "symlog":
        return _noted(_centred(_symlog(finite, low, high), centred), values)
    note = "no positive number for a logarithm" if kind == "log" else ""
    return _noted(_centred(_linear(finite, low, high, note), centred), values)


def _check(low: Any, high: Any) -> None:
    """Refuse limits between which there are no colours."""
    for name, limit in (("low", low), ("high", high)):
        if limit is not None and (isinstance(limit, str) or not math.isfinite(limit)):
            raise refuse(name, f"{limit!r}: a limit of the colours is a finite number")
    if low is not None and high is not None and not low < high:
        raise refuse("low", f"{low:g} is not below high = {high:g}; the colours lie between them")


def _centred(scale: Scale, wanted: bool) -> Scale:
    """The scale with zero in its middle: the farther limit counts for both sides."""
    reach = max(abs(scale.low), abs(scale.high))
    return replace(scale, low=-reach, high=reach) if wanted else scale


def _noted(scale: Scale, values: np.ndarray) -> Scale:
    """The scale with a word on every number that its colours do not tell apart from others."""
    values = np.asarray(values, dtype=float)
    notes = [scale.note]
    negative = int((values < 0).sum()) if scale.kind == "log" else 0
    zeros = int((values == 0).sum()) if scale.kind == "log" else 0
    known = int((~np.isnan(values)).sum())
    if negative:
        notes.append(f"{text(negative)} of {text(known)} numbers are negative, which a logarithm cannot show")
    if zeros:
        notes.append(f"{text(zeros)} of {text(known)} numbers are zero and have the lowest colour")
    shown = values[np.isfinite(values) & ((values > 0) | (scale.kind != "log"))]
    slack = 1e-9 * (scale.high - scale.low)
    if shown.size and (shown.min() < scale.low - slack or shown.max() > scale.high + slack):
        ends = f"{text(scale.low)} and {text(scale.high)}"
        reach = f"{text(float(shown.min()))} … {text(float(shown.max()))}"
        notes.append(f"colours end at {ends}; the numbers reach {reach}")
    infinite = int(np.isinf(values).sum())
    if infinite:
        notes.append(f"{text(infinite)} infinite numbers have the colours of the ends")
    return replace(scale, note="; ".join(note for note in notes if note), whole=whole(values))


def _sample(values: np.ndarray) -> np.ndarray:
    """The finite numbers, thinned evenly where there are very many; the extremes are kept."""
    flat = np.asarray(values, dtype=float).ravel()
    finite = flat[np.isfinite(flat)]
    if finite.size > _SAMPLE:
        ends = [finite.min(), finite.max()]
        finite = np.concatenate([finite[:: finite.size // _SAMPLE + 1], ends])
    return finite


def _kind(finite: np.ndarray, smallest: float) -> Kind:
    sizes = np.abs(finite[finite != 0])
    if not sizes.size:
        return "linear"
    typical = float(np.percentile(sizes, 20))
    decades = math.log10(float(sizes.max()) / typical) if typical > 0 else 0.0
    if smallest < 0:
        return "symlog" if decades > 2.5 else "linear"
    return "log" if decades > 2.5 and (finite > 0).mean() > 0.5 else "linear"


def _linear(finite: np.ndarray, low: float | None, high: float | None, note: str) -> Scale:
    given = low is not None or high is not None
    bottom, top = (float(finite.min()), float(finite.max())) if given else _robust(finite)
    if bottom < 0 < top and not given:
        top = max(-bottom, top)
        bottom = -top
    bottom, top = bottom if low is None else low, top if high is None else high
    if not top > bottom:
        pad = abs(bottom) * 0.05
        # zeros alone have no sign, and a count or a norm is never below zero: zero is the low end
        bottom, top = (bottom - pad, bottom + pad) if pad else (0.0, 1.0)
    return Scale("linear", bottom, top, note=note)


def _robust(heights: np.ndarray) -> tuple[float, float]:
    """The ends of all numbers, or of the middle 98 % where all reach several times as far."""
    ends = float(heights.min()), float(heights.max())
    lower, upper = (float(part) for part in np.percentile(heights, [1, 99]))
    return (lower, upper) if 0 < _WALL * (upper - lower) < ends[1] - ends[0] else ends


def _log(positive: np.ndarray, low: float | None, high: float | None) -> Scale:
    exponents = _robust(np.log10(positive))
    ends = [float(positive.min()), float(positive.max())]
    bottom, top = (
        end if math.isclose(exponent, np.log10(end)) else float(10.0**exponent)
        for end, exponent in zip(ends, exponents, strict=True)
    )
    bottom = bottom if low is None or low <= 0 else low
    top = top if high is None or high <= 0 else high
    if not top > bottom:
        bottom, top = (bottom / 2, bottom * 2) if high is None else (top / 2, top)
    return Scale("log", bottom, top)


def _symlog(finite: np.ndarray, low: float | None, high: float | None) -> Scale:
    sizes = np.abs(finite[finite != 0])
    top = float(sizes.max()) if sizes.size else 1.0
    typical = float(np.percentile(sizes, 20)) if sizes.size else top / 10
    threshold = 10.0 ** math.floor(math.log10(min(max(typical, top * 1e-6), top / 10)))
    bottom = -top if finite.min() < 0 else 0.0
    ceiling = top if finite.max() > 0 or bottom == 0 else 0.0
    return Scale(
        "symlog",
        bottom if low is None else low,
        ceiling if high is None else high,
        threshold,
        note=f"linear within ±{text(threshold)}",
    )
