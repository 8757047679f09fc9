"""Maps and flows in the form that a user writes (tests/systems): what is known of them comes out."""

from __future__ import annotations

import numpy as np
import pytest

from sim.equations.evaluation import Map
from sim.generic import has, rhs
from sim.lyapunov.dimension import kaplan_yorke
from sim.names import find
from sim.run import prepare
from sim.vocabulary import packs
from tests.conftest import REPOSITORY
from tests.sim.plain import cell, moved

NAMES = sorted(f"tests.systems.{file.stem}" for file in (REPOSITORY / "tests" / "systems").glob("*.py"))
MAPS = [name for name in NAMES if not any(has(rhs, pack) for pack in packs(find("sim.systems", name)))]


def made(name: str, **fixed):
    stepping = {} if name in MAPS else {"flow": name, "dt": 0.05}
    stepping |= {} if hasattr(find("sim.systems", name), "START") else {"start": 0.3}
    system = name if name in MAPS else "rk4"
    return prepare(system, observables=["final_state"], fixed={"steps": 30} | stepping | fixed)


@pytest.mark.parametrize("name", NAMES)
def test_an_orbit_is_that_of_the_plain_step(name: str):
    """The equation traced on symbols is the function on numbers, along thirty steps."""
    run = made(name)
    one, c = Map(run._form), cell(run)
    known, which, after = one.load({}, 1), np.zeros(1, dtype=int), c.start
    for t in range(30):
        before = after
        after = one.step(known, which, before[None])[0]
        np.testing.assert_allclose(after, moved(c, before, t), rtol=1e-14, atol=1e-15)
    assert np.isfinite(after).all()


@pytest.mark.parametrize(
    ("name", "low", "high"), [("standard_map", 0.0, 2 * np.pi), ("cat_map", 0.0, 1.0)], ids=["turn", "one"]
)
def test_choices_bring_states_back_as_the_remainder_does(name: str, low: float, high: float):
    run = made(f"tests.systems.{name}")
    one = Map(run._form)
    s = np.random.default_rng(1).uniform(low, high, (2000, 2))
    found = one.step(one.load({}, 1), np.zeros(2000, dtype=int), s)
    if name == "cat_map":
        wanted = np.mod(np.stack([2 * s[:, 0] + s[:, 1], s[:, 0] + s[:, 1]], axis=1), 1.0)
    else:
        p = np.mod(s[:, 1] + 10.0 * np.sin(s[:, 0]), 2 * np.pi)
        wanted = np.stack([np.mod(s[:, 0] + p, 2 * np.pi), p], axis=1)
    assert (found >= low).all()
    assert (found < high).all()
    apart = np.abs(found - wanted)
    assert np.minimum(apart, high - apart).max() < 1e-13


def exponents(system: str, cells: int, steps: int, **fixed) -> tuple[np.ndarray, np.ndarray]:
    """Mean exponents over runs from random starts, and their standard errors over these runs."""
    fixed = {"steps": steps, "start": "gaussian"} | {k.replace("__", "."): v for k, v in fixed.items()}
    run = prepare(system, observables=["lyapunov_spectrum"], fixed=fixed, varied=["seed"])
    found = run.evaluate({"seed": np.arange(cells)})["lyapunov_spectrum"]
    return found.mean(axis=0), found.std(axis=0) / np.sqrt(cells)


FLOWS = {
    # LOR-01, LOR-02: J. C. Sprott, comchaos.htm (2004); LyapunovExponents.jl, lorenz_63.jl
    "lorenz": ({"dt": 0.01, "start.scale": 5.0}, [0.9056, 0.0, -14.5723], [0.01, 0.01, 0.01], 2.06215, 0.002),
    # J. C. Sprott, comchaos.htm (2004): 0.0714, 0, -5.3943 and 2.0132
    "roessler": ({"dt": 0.02}, [0.0714, 0.0, -5.3943], [0.002, 0.002, 0.01], 2.0132, 0.002),
    # dysts has 0.0163 and 2.0304 from short runs; longer ones say 0.0096 and 2.0206
    "beer": ({"dt": 0.1}, [0.0096, 0.0, -0.466], [0.001, 0.001, 0.005], 2.0206, 0.002),
}


@pytest.mark.compiled
@pytest.mark.slow
@pytest.mark.parametrize("name", FLOWS)
def test_exponents_of_flows(name: str):
    """Per time, by Runge-Kutta's steps: the second is zero, the sum is the mean divergence."""
    settings, wanted, tolerance, dimension, within = FLOWS[name]
    own = {"flow": f"tests.systems.{name}", "per": "time", "transient": 4000} | settings
    found, error = exponents("rk4", 192, 40000, **own)
    assert (3 * error < tolerance).all()
    assert (np.abs(found - wanted) < tolerance).all()
    assert kaplan_yorke(found[:, None])[0] == pytest.approx(dimension, abs=within)


@pytest.mark.compiled
@pytest.mark.slow
def test_exponents_of_the_towel_map():
    """The third is -3.30, not the -3.746 of a comment in PredefinedDynamicalSystems.jl."""
    found, _ = exponents("tests.systems.towel", 1, 100_000, start=[0.085, -0.121, 0.075])
    np.testing.assert_allclose(found, [0.430, 0.377, -3.30], atol=0.01)


@pytest.mark.compiled
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "total"), [("ikeda", 2 * np.log(0.9)), ("lozi", np.log(0.5))], ids=["ikeda", "lozi"]
)
def test_the_sum_of_exponents_is_the_contraction(name: str, total: float):
    found, _ = exponents(f"tests.systems.{name}", 1, 20_000, start=0.1)
    assert found[0] > 0.1
    assert found.sum() == pytest.approx(total, abs=1e-10)


@pytest.mark.compiled
def test_the_exponent_of_the_skew_tent_map():
    """-c ln c - (1 - c) ln (1 - c), whatever the place of the tip."""
    c = np.array([0.2, 0.35, 0.6])
    fixed = {"steps": 200_000}
    run = prepare("tests.systems.skew_tent", observables=["lyapunov_spectrum"], fixed=fixed, varied=["c"])
    found = run.evaluate({"c": c})["lyapunov_spectrum"].ravel()
    np.testing.assert_allclose(found, -c * np.log(c) - (1 - c) * np.log(1 - c), atol=0.005)
