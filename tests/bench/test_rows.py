"""Every row runs once at a tiny size, untimed, and every peer that is here says what ours says."""

from __future__ import annotations

import pytest

from tests.bench.harness import Bar, Case, Missing, Timing, disagreements, measure, quartiles
from tests.bench.machine import peak
from tests.bench.rows import ROWS

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.filterwarnings("ignore"),
]  # the peers' warnings are not ours to mend


@pytest.mark.oracle  # the oracle lane has the peers that the runtime does without
@pytest.mark.parametrize("name", ROWS)
def test_ours_and_its_peers_agree(name):
    case = ROWS[name].build(True)
    if isinstance(case, Case):
        assert disagreements(case) == []
    else:
        assert all(figure.value == figure.value for figure in case)


def _sleepless(seconds: float):
    """A call that takes at least this long."""
    import time

    def call():
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        return {}

    return call


def _absent():
    raise Missing("no such library: install it")


def test_a_ratio_is_the_peers_time_over_ours():
    case = Case(_sleepless(0.002), {"slow": lambda: _sleepless(0.008), "absent": _absent}, (), operations=1.0)
    timing = measure(case, lambda: 500.0, rounds=5)
    assert timing.ratios["slow"][0] == pytest.approx(4.0, rel=0.3)
    assert timing.fraction[0] == pytest.approx(1.0, rel=0.3)
    assert timing.missing == {"absent": "no such library: install it"}
    assert timing.rounds == 5


def test_rounds_end_after_their_time_but_not_before_three():
    timing = measure(Case(_sleepless(0.01), {}, ()), lambda: 1.0, rounds=50, seconds=0.0)
    assert timing.rounds == 3


TIMING = Timing(1.0, 1.0, {"near": (2.0, 1.5, 2.5), "far": (9.0, 8.0, 10.0)}, (0.7, 0.6, 0.8), {}, 9)


def test_a_bar_is_held_against_the_fastest_peer_present():
    assert Bar(("far", "near", "gone"), at_least=2.5).value(TIMING) == (2.0, 1.5, 2.5)
    assert Bar(("gone",), at_least=2.5).value(TIMING) is None
    assert Bar((), strive=0.7).value(TIMING) == (0.7, 0.6, 0.8)


def test_a_bar_from_above_is_our_time_in_units_of_the_peers():
    bar = Bar(("near",), at_least=0.6, at_most=True)
    assert bar.value(TIMING) == (0.5, 0.4, 1 / 1.5)
    assert bar.met(0.5, 0.6)
    assert not bar.met(0.7, 0.6)


def test_a_peer_that_disagrees_is_named():
    import numpy as np

    ours = {"loss": np.array([1.0, np.nan])}
    case = Case(
        lambda: ours,
        {"right": lambda: lambda: ours, "wrong": lambda: lambda: {"loss": np.array([1.1, 2.0])}},
        (),
    )
    (said,) = disagreements(case)
    assert said.startswith("wrong: loss differs")


def test_the_peak_is_that_of_a_processor():
    rate = peak()()
    assert 1e9 < rate < 1e12


def test_quartiles_stand_in_order():
    assert quartiles([3.0, 1.0, 2.0]) == (2.0, 1.5, 2.5)
