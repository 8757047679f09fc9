"""Multi-tap linear recursion h[t] = sum_k gains_k h[t - lags_k] + x[t].

The state is the last L = max(lags) values, newest first: (h[t], h[t-1], …, h[t-L+1]); what is read out is
h[t]. The number of modes is the largest lag, not the number of taps. Source: A. V. Oppenheim & R. W. Schafer,
Discrete-Time Signal Processing, 3rd ed. 2010, ch. 6.
"""

from typing import Annotated, Any, NamedTuple

from sim.errors import refuse
from sim.generic import output, step, units
from sim.signature import About


class Taps(NamedTuple):
    """Gains by lag 1..L (zero where there is no tap), and the lags as they were given."""

    gains: tuple[float, ...]
    lags: str


def _lags(p: Taps) -> list[int]:
    return [int(word) for word in p.lags.split()]


@units.register
def _(p: Taps) -> tuple[str, ...]:
    return tuple(f"h[t-{lag}]" if lag else "h[t]" for lag in range(max(_lags(p))))


@step.register
def _(p: Taps, s: Any, x: Any) -> Any:
    h = x
    for gain, lag in zip(p.gains, _lags(p), strict=True):
        h = h + gain * s[lag - 1]
    return (h, *s[:-1])


@output.register
def _(p: Taps, s: Any) -> Any:
    return s[0]


def build(
    *,
    lags: Annotated[tuple[float, ...], About("lags of the taps", "step")] = (1.0, 5.0),
    gains: Annotated[tuple[float, ...], About("gain of each tap, in the order of the lags")] = (0.5, 0.25),
    gain: Annotated[float, About("factor on all gains")] = 1.0,
) -> Taps:
    """The pack of a recursion with these taps."""
    if len(lags) != len(gains) or not lags:
        raise refuse(
            "parameters.gains", f"{len(gains)} gains for {len(lags)} lags; write one gain for each lag"
        )
    whole = [int(lag) for lag in lags]
    if any(lag < 1 or lag != given for lag, given in zip(whole, lags, strict=True)) or len(set(whole)) != len(
        whole
    ):
        raise refuse(
            "parameters.lags",
            f"{list(lags)} are not different whole numbers from 1 on; write for example lags = [1, 5]",
        )
    return Taps(tuple(gain * value for value in gains), " ".join(map(str, whole)))
