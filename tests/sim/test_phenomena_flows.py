"""Flows by `euler` and `rk4`: rows 121-132 of the phenomena, and published numbers of flows.

The rows of single units and of alpha alone are in test_phenomena_time.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from sim.equations.evaluation import Map
from sim.run import Run, prepare
from tests.sim.plain import cell, moved


def stepped(stepper: str, flow: str, observables=("trajectory",), varied=(), **settings) -> Run:
    fixed = {path.replace("__", "."): value for path, value in settings.items()}
    fixed = {"steps": 1, "dt": 0.1} | {"flow": flow} | fixed
    fixed = {path: value for path, value in fixed.items() if path not in varied}
    return prepare(stepper, observables=observables, fixed=fixed, varied=varied)


def orbit(stepper: str, flow: str, steps: int, start: list[float], **settings) -> np.ndarray:
    """The states of every cell, (cells, time, unit), by the equation on arrays; arrays among the settings
    vary."""
    varied = {path.replace("__", "."): v for path, v in settings.items() if isinstance(v, np.ndarray)}
    settings = {path: value for path, value in settings.items() if not isinstance(value, np.ndarray)}
    one = Map(stepped(stepper, flow, ("final_state",), tuple(varied), **settings)._form)
    cells = len(next(iter(varied.values()))) if varied else 1
    known, which = one.load(varied, cells), np.arange(cells)
    path = [np.broadcast_to(np.array(start, dtype=float), (cells, one.n))]
    for _ in range(steps):
        path.append(one.step(known, which, path[-1]))
    return np.stack(path, axis=1)


# ---- orders of convergence: rows 122, 131, 132 -----------------------------------------------------------

DT = 2.0 ** -np.arange(7)  # alpha = 1 .. 1/64
SEEDS = np.arange(64)
LECTURE = {"euler": [1.94, 1.09, 0.41, 0.178, 0.083, 0.040, 0.0197], "rk4": [0.24, 0.0062, 0.00027, 0.000015]}


@pytest.fixture(scope="module")
def exact() -> np.ndarray:
    """s(5 tau) of sixteen units at gain 1.5, (seed, unit), by DOP853."""
    made = _sixteen("euler", 1.0)
    found = []
    for seed in SEEDS:
        c = cell(made, {"seed": SEEDS}, seed)
        W = c.pack.flow.W
        options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-13}
        path = solve_ivp(lambda t, s, W=W: W @ np.tanh(s) - s, (0, 5), c.start, **options)
        found.append(path.y[:, -1])
    return np.array(found)


def _sixteen(stepper: str, dt: float) -> Run:
    own = {"flow__units": 16, "flow__weights__gain": 1.5, "start": "gaussian"}
    return stepped(stepper, "ctrnn", ("final_state",), ("seed",), dt=dt, steps=round(5 / dt), **own)


@pytest.fixture(scope="module")
def states() -> dict[str, np.ndarray]:
    """The same by each step, (dt, seed, unit)."""
    return {
        stepper: np.array([_sixteen(stepper, dt).evaluate({"seed": SEEDS})["final_state"] for dt in DT])
        for stepper in ("euler", "rk4")
    }


@pytest.fixture(scope="module")
def errors(states: dict[str, np.ndarray], exact: np.ndarray) -> dict[str, np.ndarray]:
    """Errors relative to the length of the state, (dt, seed)."""
    length = np.linalg.norm(exact, axis=1)
    return {name: np.linalg.norm(s - exact, axis=2) / length for name, s in states.items()}


@pytest.mark.compiled
@pytest.mark.parametrize(("stepper", "order"), [("euler", 1), ("rk4", 4)])
def test_rows_122_132_orders_of_convergence(errors: dict[str, np.ndarray], stepper: str, order: int):
    """Halving the step divides the error by 2^order, the closer the smaller the step."""
    ratios = errors[stepper][:-1] / errors[stepper][1:]
    middle = np.median(ratios, axis=1)
    assert middle[-1] == pytest.approx(2**order, rel=0.03)
    assert (np.diff(np.abs(middle / 2**order - 1)) < 0).all()
    assert np.mean(np.abs(ratios[-1] / 2**order - 1) < 0.07) > 0.9
    slopes = np.polyfit(np.log(DT[-3:]), np.log(errors[stepper][-3:]), 1)[0]
    assert np.median(slopes) == pytest.approx(order, abs=0.05)


@pytest.mark.compiled
def test_row_122_the_lectures_errors_are_those_of_such_networks(errors: dict[str, np.ndarray]):
    """Theirs is one random matrix, ours are 64: every error of theirs lies among ours."""
    for stepper, column in LECTURE.items():
        ours = errors[stepper][: len(column)]
        assert (ours.min(axis=1) < column).all()
        assert (ours.max(axis=1) > column).all()
    assert np.median(errors["euler"][0]) > 0.9  # alpha = 1 has nothing of the flow


@pytest.mark.compiled
def test_row_131_another_step_is_another_system_unless_it_is_small(states: dict[str, np.ndarray]):
    """The slide lets one sample a trained network at other rates by changing dt: from alpha = 1 to 1/2 the
    state changes by as much as there is of it, from 1/32 to 1/64 by some percent."""
    s = states["euler"]
    change = np.linalg.norm(np.diff(s, axis=0), axis=2) / np.linalg.norm(s[1:], axis=2)
    assert np.median(change[0]) > 0.5
    assert np.median(change[-1]) < 0.02
    assert (np.diff(np.median(change, axis=1)) < 0).all()


def test_row_131_the_input_must_be_resampled_too():
    """An impulse lasts one step: at half the step it is half the impulse. A held input is the same one."""
    found = {}
    for task in ("impulse", "constant"):
        for dt in (0.02, 0.01):
            fixed = {"flow": "ctrnn", "flow.w": 0.0, "dt": dt, "steps": round(1 / dt)}
            c = cell(prepare("rk4", task=task, observables=["final_state"], fixed=fixed))
            s = c.start
            for step in range(c.steps):
                s = moved(c, s, step)
            found[task, dt] = s[0]
    assert found["impulse", 0.01] / found["impulse", 0.02] == pytest.approx(0.5, rel=0.01)
    assert found["constant", 0.01] == pytest.approx(found["constant", 0.02], rel=1e-8)
    assert found["constant", 0.01] == pytest.approx(1 - np.exp(-1), rel=1e-8)


# ---- what alpha does: rows 121, 124, 125, 127-129 ---------------------------------------------------------


@pytest.mark.compiled
@pytest.mark.parametrize("gain", [0.7, 1.3])
def test_row_121_the_rest_state_is_stable_where_eigenvalues_lie_left_of_one(gain: float):
    """SCS-06: below g = 1 the largest exponent is -1 + max Re eig, near -1 + g (H. Sompolinsky, A. Crisanti &
    H.-J. Sommers, Phys. Rev. Lett. 61 (1988) 259, doi:10.1103/PhysRevLett.61.259); above, activity stays."""
    own = {"flow__units": 80, "flow__weights__gain": gain, "start": "gaussian", "start__scale": 0.01}
    made = stepped("rk4", "ctrnn", ("norm",), ("seed",), steps=3000, **own)
    seeds = np.arange(6)
    norm = made.evaluate({"seed": seeds})["norm"]
    W = [cell(made, {"seed": seeds}, i).pack.flow.W for i in seeds]
    leading = np.array([np.linalg.eigvals(w).real.max() for w in W]) - 1.0
    if gain > 1:
        assert (leading > 0).all()
        assert (norm[:, -1] > 0.3).all()
    else:
        slopes = np.polyfit(np.arange(1501) * 0.1, np.log(norm[:, 1500:]).T, 1)[0]
        np.testing.assert_allclose(slopes, leading, atol=0.01)
        assert np.mean(slopes) == pytest.approx(-0.3, abs=0.06)


def _network(alpha: float) -> tuple[Map, dict, np.ndarray]:
    """Four stepped units as a map, and a hundred states."""
    fixed = {"units": 4, "alpha": alpha, "b": 0.3, "weights.gain": 1.5, "steps": 1}
    one = Map(prepare("ctrnn", observables=["final_state"], fixed=fixed)._form)
    return one, one.load({}, 1), np.random.default_rng(2).normal(size=(100, 4))


def after_one(alpha: float) -> tuple[np.ndarray, np.ndarray]:
    one, known, s = _network(alpha)
    return s, one.step(known, np.zeros(100, dtype=int), s)


def test_row_124_a_convex_combination_up_to_alpha_one():
    s, drive = after_one(1.0)
    for alpha in (0.05, 0.5, 0.95):
        _, after = after_one(alpha)
        assert (after >= np.minimum(s, drive)).all()
        assert (after <= np.maximum(s, drive)).all()
    _, beyond = after_one(1.5)
    assert not ((beyond >= np.minimum(s, drive)) & (beyond <= np.maximum(s, drive))).any()


def test_row_125_leak_and_drive_keep_their_proportion():
    """The slide says that a small alpha leaves little but the decay: a step's leak is -alpha s, its drive
    alpha F(s), and their ratio is the same for every alpha."""
    ratios = []
    for alpha in (0.001, 0.1, 1.0):
        s, after = after_one(alpha)
        leak = -alpha * s
        ratios.append(np.linalg.norm(leak, axis=1) / np.linalg.norm(after - s - leak, axis=1))
    np.testing.assert_allclose(ratios, np.broadcast_to(ratios[-1], (3, 100)), rtol=1e-10)


def test_row_127_effective_time_constants_of_the_flow():
    """tau / (1 - lambda): 1, 2, 10, 100 tau."""
    eigenvalue = np.tile([0.0, 0.5, 0.9, 0.99], 2)
    tau = np.repeat([0.5, 2.0], 4)
    varied = {"flow__w": eigenvalue, "flow__tau": tau}
    s = orbit("rk4", "ctrnn", 20, [1.0], flow__activation="identity", dt=0.02, **varied)[..., 0]
    np.testing.assert_allclose(
        -0.4 / np.log(s[:, 20] / s[:, 0]), tau * np.tile([1, 2, 10, 100], 2), rtol=1e-7
    )


def test_row_128_longer_steps_flip_what_the_flow_settles():
    """w = -3: beyond dt = 2 / 4 Euler ends on a cycle of two, beyond 2.785 / 4 Runge-Kutta at rest where the
    flow does not rest."""
    limit = -brentq(lambda z: z / 2 + z**2 / 6 + z**3 / 24 + 1, -3.0, -2.5) / 4
    for stepper, critical in (("euler", 0.5), ("rk4", limit)):
        dt = critical * np.array([0.1, 0.98, 1.02])
        s = orbit(stepper, "ctrnn", 3000, [1.0], flow__w=-3.0, dt=dt)[..., 0]
        assert (np.abs(s[:2, -1]) < 1e-12).all()
        assert np.abs(s[2, -1]) > 0.1
        assert s[2, -2] == pytest.approx(s[2, -1] * (-1 if stepper == "euler" else 1), rel=1e-9)
    assert limit == pytest.approx(0.6963, abs=1e-4)


def cycle(stepper: str, dt: float) -> tuple[float, float]:
    """Amplitude and period, in time constants, of two units that oscillate."""
    W = [[1.2, -1.0], [1.0, 1.2]]
    own = {"flow__units": 2, "flow__weights": "matrix", "flow__weights__matrix": W}
    s = orbit(stepper, "ctrnn", round(60 / dt), [0.5, 0.1], dt=dt, **own)[0, :, 0]
    s = s[len(s) // 2 :]
    up = np.flatnonzero((s[:-1] < 0) & (s[1:] >= 0))
    return s.max(), np.diff(up + s[up] / (s[up] - s[up + 1])).mean() * dt


def test_row_129_the_cycle_of_the_flow_is_what_euler_comes_to():
    """Amplitude and period grow with Euler's step; Runge-Kutta has the flow's own at half a tau."""
    amplitude, period = cycle("rk4", 0.02)
    coarse = cycle("rk4", 0.5)
    euler = {dt: cycle("euler", dt) for dt in (0.01, 0.02, 0.1, 0.5, 1.0)}
    found = np.array([*euler.values()])
    assert (np.diff(found, axis=0) > 0).all()
    wanted = np.array([[0.9506, 7.62], [1.039, 7.85], [1.355, 8.6], [1.712, 9.1]])
    np.testing.assert_allclose(found[[0, 2, 3, 4]], wanted, rtol=0.01)
    np.testing.assert_allclose(2 * found[0] - found[1], [amplitude, period], rtol=1e-3)
    assert coarse[0] == pytest.approx(amplitude, rel=0.03)  # the largest of some twenty samples a round
    assert coarse[1] == pytest.approx(period, rel=3e-3)


# ---- published numbers of flows ---------------------------------------------------------------------------


def matrix(flow: str, s: list[float], **numbers: float) -> np.ndarray:
    """A = dG/ds of a flow: Euler's Jacobian is 1 + dt A."""
    own = {f"flow.{name}": value for name, value in numbers.items()}
    fixed = {"flow": flow, "dt": 1.0, "steps": 1} | own
    one = Map(prepare("euler", observables=["final_state"], fixed=fixed)._form)
    J = one.jacobian(one.load({}, 1), np.zeros(1, dtype=int), np.array([s]))[0]
    return J - np.eye(len(s))


def rolls(rho: float) -> list[float]:
    """The Lorenz equations' fixed point of rolls."""
    x = np.sqrt(8.0 / 3.0 * (rho - 1.0))
    return [x, x, rho - 1.0]


def growth(rho: float) -> float:
    """The largest real part of the eigenvalues at the rolls."""
    return float(np.linalg.eigvals(matrix("tests.systems.lorenz", rolls(rho), rho=rho)).real.max())


def test_lor_05_the_rolls_of_the_lorenz_equations_lose_stability():
    """AUTO-07p's demo lrz; rho = sigma (sigma + beta + 3) / (sigma - beta - 1)."""
    rho = brentq(growth, 20.0, 28.0, xtol=1e-10)
    np.testing.assert_allclose([rho, *rolls(rho)], [24.7368, 7.95602, 7.95602, 23.7368], atol=6e-5)
    assert rho == pytest.approx(10 * (10 + 8 / 3 + 3) / (10 - 8 / 3 - 1), abs=1e-7)


def test_lorenz_below_it_is_as_stable_as_its_eigenvalues():
    """ChaosTools.jl's test has an exponent of about 0 at rho = 20; eigenvalues and orbits say -0.15479."""
    assert growth(20.0) == pytest.approx(-0.15479, abs=5e-6)
    start = [x + 1e-6 for x in rolls(20.0)]
    s = orbit("rk4", "tests.systems.lorenz", 3000, start, flow__rho=20.0, dt=0.01)[0]
    away = np.log(np.linalg.norm(s - rolls(20.0), axis=1))
    assert np.polyfit(np.arange(2001) * 0.01, away[1000:], 1)[0] == pytest.approx(-0.15479, abs=2e-3)


def test_aut_06_branch_points_of_the_lorenz_equations():
    """A pitchfork at rho = 1; x = 8.79394, z = 29 at rho = 30, by Newton's method on the step itself."""
    origin = [0.0, 0.0, 0.0]
    assert np.linalg.det(matrix("tests.systems.lorenz", origin, rho=1.0)) == pytest.approx(0.0, abs=1e-12)
    fixed = {"flow": "tests.systems.lorenz", "flow.rho": 30.0, "dt": 0.01, "steps": 1}
    one = Map(prepare("rk4", observables=["final_state"], fixed=fixed)._form)
    known, which, s = one.load({}, 1), np.zeros(1, dtype=int), np.array([[8.0, 9.0, 28.0]])
    for _ in range(20):
        J = one.jacobian(known, which, s)[0]
        s = s - np.linalg.solve(J - np.eye(3), one.step(known, which, s)[0] - s[0])
    np.testing.assert_allclose(s[0], [8.79394, 8.79394, 29.0], atol=6e-6)
    np.testing.assert_allclose(s[0], rolls(30.0), rtol=1e-12)


def test_ini_20_how_two_linear_layers_learn():
    """Gradient descent is Euler's step of the flow, off by some of its step; Runge-Kutta is on the curve."""
    times, s, start = np.arange(3001) * 1e-3, 3.0, 0.01
    e = np.exp(2 * s * times)
    curve = s * e / (e - 1 + s / start)
    off = {}
    for stepper in ("euler", "rk4"):
        found = orbit(stepper, "tests.systems.saxe", 3000, [start], dt=1e-3)[0, :, 0]
        off[stepper] = np.abs(found - curve).max()
    assert 1e-4 < off["euler"] < 0.03
    assert off["rk4"] < 1e-10
