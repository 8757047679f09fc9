"""`python -m tests.bench [ROW ...]`: every row timed against its peers, bars and verdicts.

Exit code 1 where a bar that must be met is not.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator

from tests.bench.harness import Case, Figure, Timing, measure
from tests.bench.machine import described as machine
from tests.bench.machine import peak
from tests.bench.rows import ROWS


def described(case: Case, timing: Timing) -> Iterator[tuple[str, bool]]:
    """One line for each bar, and whether it must be met and is not."""
    for bar in case.bars:
        name = " / ".join(bar.against) or "of the machine's peak"
        value = bar.value(timing)
        if value is None:
            yield f"    {name}: not measured, the peer is missing", False
            continue
        median, low, high = value
        verdicts = []
        if bar.at_least is not None:
            word, verdict = "at most" if bar.at_most else "at least", bar.met(median, bar.at_least)
            verdicts.append(f"{word} {bar.at_least:g}: {'reached' if verdict else 'MISSED'}")
        if bar.strive is not None:
            verdict = bar.met(median, bar.strive)
            verdicts.append(f"strive for {bar.strive:g}: {'reached' if verdict else 'not yet'}")
        missed = bar.at_least is not None and not bar.met(median, bar.at_least)
        yield f"    {median:8.2f} [{low:.2f}, {high:.2f}]  {name}; {'; '.join(verdicts)}", missed


def report(name: str, tiny: bool, rounds: int, seconds: float) -> int:
    """Time one row and print it; the number of bars missed."""
    row = ROWS[name]
    cores = sorted(os.sched_getaffinity(0))
    if row.cores == 1:
        os.sched_setaffinity(0, {cores[-1]})
    try:
        print(f"{name}: {row.what}", flush=True)
        case = row.build(tiny)
        if isinstance(case, Case):
            clock = time.process_time if row.cores == 1 else time.perf_counter
            timing = measure(case, peak(), rounds, seconds, clock)
            best, median = timing.best * 1e3, timing.median * 1e3
            print(f"    ours {best:.2f} ms at best, {median:.2f} ms median of {timing.rounds} rounds")
            for peer, (median, low, high) in timing.ratios.items():
                print(f"      {peer}: {median:.2f} x ours [{low:.2f}, {high:.2f}]")
            for peer, reason in timing.missing.items():
                print(f"      {peer}: missing ({reason})")
            lines = list(described(case, timing))
        else:
            lines = [(_figure(figure), figure.value > figure.at_most) for figure in case]
        if tiny:  # bars are for the full sizes
            return 0
        for line, _ in lines:
            print(line, flush=True)
        return sum(missed for _, missed in lines)
    except Exception as fault:  # noqa: BLE001  the other rows are still worth their time
        print(f"    FAILED: {type(fault).__name__}: {fault}", flush=True)
        return 1
    finally:
        os.sched_setaffinity(0, cores)


def _figure(figure: Figure) -> str:
    verdict = "reached" if figure.value <= figure.at_most else "MISSED"
    return f"    {figure.value:8.3f}  {figure.what}; at most {figure.at_most:g}: {verdict}"


def main() -> int:
    """Read the arguments, time the rows, say how many bars were missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help=f"one or more of: {', '.join(ROWS)} (default: all)"
    )
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds of every row")
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="end a row's rounds after this long, at least 3"
    )
    parser.add_argument(
        "--tiny", action="store_true", help="the sizes of the test suite: a check, not a measurement"
    )
    given = parser.parse_args()
    if unknown := [name for name in given.rows if name not in ROWS]:
        parser.error(f"no row {', '.join(unknown)}; the rows are {', '.join(ROWS)}")
    print(machine(), flush=True)
    missed = sum(report(name, given.tiny, given.rounds, given.seconds) for name in given.rows or ROWS)
    if not given.tiny:
        print(f"{missed} bar{'s' * (missed != 1)} missed" if missed else "every bar reached")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
