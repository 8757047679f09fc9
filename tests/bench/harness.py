"""Interleaved timing: ours, every peer and the machine's arithmetic peak in the same rounds, A B C A B C.

A shared machine switches between fast and slow states while a benchmark runs, so wall times of different
minutes cannot be compared. Ratios inside one round can: every number in the table is the median of per-round
ratios.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

# seconds before each call: JAX frees what it used after it has answered, 4 ms that the next call would pay
SETTLING = 0.01

Arrays = Mapping[str, np.ndarray]
Call = Callable[[], Arrays]


class Missing(Exception):
    """A peer that this machine does not have; the text says what would bring it."""


class Bar(NamedTuple):
    """What a row must reach, and what it strives for.

    Against peers: `peer time / our time` of the fastest of `against` that is present. Against the machine
    (`against` empty): the fraction of its peak, `operations / our time / peak`. `at_most` turns both round:
    our time in units of the peer's, and `at_least` is the most that it may be.
    """

    against: tuple[str, ...]
    at_least: float | None = None
    strive: float | None = None
    at_most: bool = False

    def value(self, timing: Timing) -> tuple[float, float, float] | None:
        """Median and quartiles, or None where no peer is present."""
        if not self.against:
            return timing.fraction
        present = [timing.ratios[name] for name in self.against if name in timing.ratios]
        if not present:
            return None
        nearest = min(present, key=lambda ratios: ratios[0])
        return (1 / nearest[0], 1 / nearest[2], 1 / nearest[1]) if self.at_most else nearest

    def met(self, value: float, goal: float) -> bool:
        return value <= goal if self.at_most else value >= goal


class Figure(NamedTuple):
    """A number that is no ratio of times, with the most that it may be."""

    what: str
    value: float
    at_most: float


class Case(NamedTuple):
    """One row, ready to run: what ours computes, what each peer computes, and the bars.

    peers: name -> a function that prepares the peer and returns its call; it raises `Missing`.
    operations: multiplications and fused multiply-adds on one lane in one call, 16 per tanh or sigmoid;
    additions,
        divisions, loads and stores count as free (0: no limit is known).
    tolerance: relative, of the agreement between ours and each peer.
    shown: what of our result the peers are compared with.
    """

    ours: Call
    peers: Mapping[str, Callable[[], Call]]
    bars: tuple[Bar, ...]
    operations: float = 0.0
    tolerance: float = 1e-11
    shown: Callable[[Arrays], Arrays] = dict


class Timing(NamedTuple):
    """Seconds of ours; ratios `peer / ours` and the fraction of the peak as (median, 25 %, 75 %)."""

    best: float
    median: float
    ratios: dict[str, tuple[float, float, float]]
    fraction: tuple[float, float, float] | None
    missing: dict[str, str]
    rounds: int


def prepared(case: Case) -> tuple[dict[str, Call], dict[str, str]]:
    """The peers that are present, and for the others why not."""
    present: dict[str, Call] = {}
    missing: dict[str, str] = {}
    for name, prepare in case.peers.items():
        try:
            present[name] = prepare()
        except Missing as reason:
            missing[name] = str(reason)
    return present, missing


def measure(
    case: Case,
    peak: Callable[[], float],
    rounds: int = 15,
    seconds: float = 30.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Time a case in interleaved rounds: `rounds` of them, fewer (at least 3) once `seconds` have passed.

    `peak()` returns the machine's peak at this moment, in lane operations a second. With `time.process_time`
    for a clock, what computes on one core alone is not charged for the time that others had the core.
    """
    peers, missing = prepared(case)
    calls = {"": case.ours, **peers}
    for call in calls.values():  # compile, fill caches
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    peaks: list[float] = []
    begin = time.perf_counter()
    while len(peaks) < rounds and (len(peaks) < 3 or time.perf_counter() - begin < seconds):
        for name, call in calls.items():
            time.sleep(SETTLING)
            found = peak()  # which also wakes the core up again
            if not name:
                peaks.append(found)
            start = clock()
            call()
            taken[name].append(clock() - start)
    ours = taken[""]
    ratios = {name: quartiles([a / b for a, b in zip(taken[name], ours, strict=True)]) for name in peers}
    fraction = quartiles([case.operations / (t * p) for t, p in zip(ours, peaks, strict=True)])
    return Timing(
        min(ours), statistics.median(ours), ratios, fraction if case.operations else None, missing, len(peaks)
    )


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, lower and upper quartile."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return float(middle), float(low), float(high)


def disagreements(case: Case) -> list[str]:
    """Which peers say something else than ours, run once? Only arrays that both name are compared."""
    ours = case.shown(case.ours())
    peers, _ = prepared(case)
    found = []
    for name, call in peers.items():
        theirs = call()
        shared = sorted(set(ours) & set(theirs))
        if theirs and not shared:
            found.append(f"{name} returns {sorted(theirs)}, ours {sorted(ours)}")
        for key in shared:
            a, b = np.asarray(ours[key]), np.asarray(theirs[key])
            if a.shape != b.shape:
                found.append(f"{name}: {key} has shape {b.shape}, ours {a.shape}")
            elif not np.allclose(a, b, rtol=case.tolerance, atol=case.tolerance, equal_nan=True):
                worst = float(np.nanmax(np.abs(a - b)))
                found.append(f"{name}: {key} differs by up to {worst:.3g} (tolerance {case.tolerance:g})")
    return found
