"""Random networks beside their theories: simulation converges to what the limit n -> infinity says."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sim.errors import Refused
from sim.laws import mean_field, mean_field_flow, random_matrices
from sim.laws.gaussian import mean, product_mean
from sim.machine.one_thread import one_thread
from sim.names import find, listing
from sim.theory import Theory

GAIN = 1.5


def theory(name: str) -> Theory:
    """A theory by its name."""
    return find("sim.theory", name).theory


@functools.cache
def discrete(n: int, gain: float, seeds: int, steps: int = 400) -> dict[str, np.ndarray]:
    """Networks x' = gain J tanh(x): exponent, mean square of tanh, autocorrelation at lags 0 to 3."""
    found: dict[str, list[float]] = {"exponent": [], "activity": [], "lags": []}
    with one_thread():
        for seed in range(seeds):
            draw = np.random.default_rng(seed)
            weights = gain * draw.standard_normal((n, n)) / np.sqrt(n)
            x, v = draw.standard_normal(n), draw.standard_normal(n)
            growth, kept = 0.0, []
            for t in range(steps + 100):
                h = np.tanh(x)
                x, v = weights @ h, weights @ ((1.0 - h * h) * v)
                size = np.linalg.norm(v)
                v /= size
                if t >= 100:
                    growth += np.log(size)
                    kept.append(x)
            path = np.array(kept)
            found["exponent"].append(growth / steps)
            found["activity"].append(float(np.mean(np.tanh(path) ** 2)))
            found["lags"].append([float(np.mean(path[: steps - k] * path[k:])) for k in range(4)])
    return {name: np.array(values) for name, values in found.items()}


def apart(values: np.ndarray, wanted: float) -> tuple[float, float]:
    """Distance of the mean from what is wanted, and its standard error."""
    return float(abs(values.mean() - wanted)), float(values.std(ddof=1) / np.sqrt(len(values)))


# ---- averages ------------------------------------------------------------------------------------


def test_averages_have_their_closed_forms():
    q = np.array([0.0, 0.3, 2.0, 90.0])
    np.testing.assert_allclose(mean(lambda u: u**4, q), 3 * q * q, rtol=1e-12)
    np.testing.assert_allclose(mean(np.cos, q), np.exp(-q / 2), rtol=1e-12, atol=1e-13)
    shared = np.array([0.0, 0.5, 1.9, 2.0])
    np.testing.assert_allclose(product_mean(lambda u: u, 2.0, shared), shared, atol=1e-13)
    np.testing.assert_allclose(product_mean(lambda u: u**2, 2.0, shared), 4 + 2 * shared**2, rtol=1e-12)


def test_the_trapezoid_rule_is_as_good_as_finer_ones_where_gauss_hermite_is_not():
    """At a gain of 5 and 10: 721 nodes agree with 5001, 101 Gauss-Hermite nodes are 14 % and 47 % off."""
    for gain, excess in ((5.0, 0.14), (10.0, 0.47)):
        q = mean_field.variance(gain)
        z, w = np.linspace(-8.5, 8.5, 5001), np.exp(-(np.linspace(-8.5, 8.5, 5001) ** 2) / 2)
        fine = np.log(gain**2 * np.sum(w / np.cosh(np.sqrt(q) * z) ** 4) / w.sum()) / 2
        assert mean_field.largest_exponent(gain) == pytest.approx(fine, rel=1e-9)
        z, w = np.polynomial.hermite_e.hermegauss(101)
        level = gain * gain
        for _ in range(200):
            level = gain * gain * np.sum(w * np.tanh(np.sqrt(level) * z) ** 2) / w.sum()
        coarse = np.log(gain**2 * np.sum(w / np.cosh(np.sqrt(level) * z) ** 4) / w.sum()) / 2
        assert coarse / fine - 1 == pytest.approx(excess, abs=0.02)


# ---- discrete time -------------------------------------------------------------------------------


def test_rnn_01_the_exponent_at_gain_one_and_a_half():
    """RNN-01: mean field."""
    assert float(mean_field.largest_exponent(GAIN)) == pytest.approx(0.06521721191, abs=1e-10)
    np.testing.assert_allclose(mean_field.largest_exponent([0.25, 0.5]), np.log([0.25, 0.5]), rtol=1e-14)


def test_exponents_of_networks_converge_to_theory():
    """Their distance shrinks with n; at n = 800 it is within three standard errors."""
    wanted = float(theory("mean_field_exponent")([GAIN])[0])
    near = [
        apart(discrete(n, GAIN, seeds)["exponent"], wanted) for n, seeds in ((50, 12), (200, 8), (800, 4))
    ]
    assert near[0][0] > 3 * near[2][0]
    assert near[2][0] < 3 * near[2][1] < 0.02


def test_activity_and_autocorrelation_of_networks_converge_to_theory():
    run = discrete(800, GAIN, 4)
    distance, error = apart(run["activity"], float(mean_field.activity(GAIN)))
    assert distance < 3 * error < 0.03
    wanted = theory("mean_field_autocorrelation")(np.arange(4.0), {"weights.gain": GAIN})
    np.testing.assert_array_equal(wanted[1:], 0.0)
    for lag in range(4):
        distance, error = apart(run["lags"][:, lag], wanted[lag])
        assert distance < max(3 * error, 0.02)
    norm = theory("mean_field_norm")([0.5, GAIN], {"units": 800})
    assert norm[0] == 0.0
    assert norm[1] == pytest.approx(np.sqrt(800 * run["activity"].mean()), rel=0.03)


def test_theory_has_one_power_series_at_the_onset():
    """q -> gain - 1 and the exponent -> (gain - 1)^2 (2/3) ...: both vanish at gain 1, from either side."""
    small = np.array([1e-2, 1e-3])
    q = mean_field.variance(1 + small)
    np.testing.assert_allclose(q / small, 1.0, atol=0.02)
    rise = mean_field.largest_exponent(1 + small)
    assert rise[0] / rise[1] == pytest.approx(100.0, rel=0.05)
    assert float(mean_field.largest_exponent(1.0)) == 0.0


# ---- continuous time -----------------------------------------------------------------------------


def test_the_autocorrelation_obeys_its_equation_of_motion():
    """c'' = c - gain^2 <tanh tanh>_c from rest at c(0), by SciPy, as long as rounding lets it."""
    lags = np.linspace(0.0, 6.0, 25)
    for gain in (1.2, 2.0, 4.0):
        start = float(mean_field_flow.variance(gain))

        def pull(_, y, gain=gain, start=start):
            return [y[1], y[0] - gain**2 * product_mean(np.tanh, start, y[:1])[0]]

        path = solve_ivp(pull, (0.0, 6.0), [start, 0.0], t_eval=lags, rtol=1e-11, atol=1e-13).y[0]
        np.testing.assert_allclose(mean_field_flow.autocorrelation(gain, lags), path, atol=2e-6 * start)
        far = mean_field_flow.autocorrelation(gain, [3000.0, 1e5])
        assert far[0] < 1e-6 * start
        assert far[1] == 0.0
    np.testing.assert_array_equal(mean_field_flow.autocorrelation(0.9, lags), 0.0)


def test_the_flow_near_its_onset_and_below():
    """Exponent (gain - 1)^2 / 2 just above gain 1 (Sompolinsky et al., eq. 13), gain - 1 below."""
    np.testing.assert_allclose(mean_field_flow.largest_exponent([1.001, 1.01]), [5e-7, 5e-5], rtol=0.04)
    np.testing.assert_allclose(mean_field_flow.largest_exponent([0.3, 1.0]), [-0.7, 0.0], rtol=1e-14)
    with pytest.raises(Refused, match="closer to the onset"):
        mean_field_flow.largest_exponent(1.0001)


@functools.cache
def flow(n: int, gain: float, seeds: int, steps: int = 2600, dt: float = 0.1) -> dict[str, np.ndarray]:
    """Networks x' = -x + gain J tanh(x) by Heun's method: exponent, variance, autocorrelation at lag 2."""
    made: dict[str, list[float]] = {"exponent": [], "variance": [], "lag": []}
    with one_thread():
        for seed in range(seeds):
            draw = np.random.default_rng(seed)
            weights = gain * draw.standard_normal((n, n)) / np.sqrt(n)
            state = draw.standard_normal((n, 2))
            growth, kept = 0.0, []
            for t in range(steps):
                first = _field(weights, state)
                state = state + 0.5 * dt * (first + _field(weights, state + dt * first))
                size = np.linalg.norm(state[:, 1])
                state[:, 1] /= size
                if t >= 600:
                    growth += np.log(size)
                    kept.append(state[:, 0])
            path = np.array(kept)
            made["exponent"].append(growth / (dt * len(path)))
            made["variance"].append(float(np.mean(path**2)))
            made["lag"].append(float(np.mean(path[:-20] * path[20:])))
    return {name: np.array(values) for name, values in made.items()}


def _field(weights: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Speeds of the state and of its tangent."""
    h = np.tanh(state[:, 0])
    pushed = weights @ np.stack([h, (1 - h * h) * state[:, 1]], axis=1)
    return pushed - state


def test_the_flow_far_above_its_onset():
    """Units at +-1 leave V = -c^2/2 + gain^2 <|u||v|>: c(0) -> 2 (1 - 2/pi) gain^2. A motion is refused where
    its covariances would take hours and gigabytes.
    """
    shares = mean_field_flow.variance([30.0, 100.0, 1e3, 1e4]) / np.array([30.0, 100.0, 1e3, 1e4]) ** 2
    assert (np.diff(shares) > 0).all()
    assert shares[-1] == pytest.approx(2 * (1 - 2 / np.pi), rel=1e-6)
    with pytest.raises(Refused, match="gains up to 50"):
        mean_field_flow.largest_exponent(200.0)


def test_flows_of_networks_converge_to_theory():
    """Gain 2.5: an exponent is short of theory by 12/n, and twice that at 2n less that at n is theory, within
    three standard errors. Variance and autocorrelation are within three of theirs at n = 400. Chaos makes of
    the last bits of a product, which differ from processor to processor, as much as a standard error.
    """
    gain = 2.5
    small, large = flow(200, gain, 4), flow(400, gain, 4)
    wanted = float(theory("flow_exponent")([gain])[0])
    (near, error), (far, other) = (apart(run["exponent"], wanted) for run in (large, small))
    assert abs(near - 12 / 400) < 3 * error
    assert abs(far - 12 / 200) < 3 * other
    joined = np.hypot(2 * error, other)
    assert abs(2 * large["exponent"].mean() - small["exponent"].mean() - wanted) < 3 * joined < 0.12
    autocorrelation = theory("flow_autocorrelation")([0.0, 2.0], {"gain": gain})
    assert autocorrelation[0] == pytest.approx(float(mean_field_flow.variance(gain)), rel=1e-12)
    for name, value in zip(("variance", "lag"), autocorrelation, strict=True):
        distance, error = apart(large[name], float(value))
        assert distance < 3 * error < 0.15 * value


# ---- eigenvalues ---------------------------------------------------------------------------------


def correlated(n: int, tau: float, seed: int) -> np.ndarray:
    """A Gaussian matrix of variance 1/n whose mirror images have correlation tau."""
    draw = np.random.default_rng(seed)
    g = draw.standard_normal((n, n))
    even, odd = (g + g.T) / 2, (g - g.T) / 2
    return (np.sqrt(1 + tau) * even + np.sqrt(1 - tau) * odd) / np.sqrt(n)


@pytest.mark.parametrize("tau", [-0.5, 0.0, 0.6, 1.0])
def test_eigenvalues_converge_to_the_elliptic_law(tau: float):
    with one_thread():
        spectra = {n: [np.linalg.eigvals(correlated(n, tau, s)) for s in range(4)] for n in (40, 320)}
    far = {n: np.mean([random_matrices.departure(z, 1.0, tau) for z in some]) for n, some in spectra.items()}
    assert far[320] < min(0.045, 0.5 * far[40])
    z = np.concatenate(spectra[320])
    wrong = random_matrices.departure(z, 1.0, 0.9 * tau - 0.1)
    assert wrong > 2 * far[320]
    places = np.linspace(-0.9, 0.9, 7) * (1 + tau)
    counted, _ = np.histogram(z.real, bins=places, density=False)
    density = random_matrices.real_density(np.linspace(places[0], places[-1], 6001), 1.0, tau)
    shares = density[:-1].reshape(6, -1).mean(axis=1) * (places[1] - places[0])
    np.testing.assert_allclose(counted / len(z), shares, atol=0.02)


def test_the_leading_eigenvalue_tends_to_the_gain():
    with one_thread():
        largest = {
            n: np.mean([np.abs(np.linalg.eigvals(correlated(n, 0.0, s))).max() for s in range(seeds)])
            for n, seeds in ((100, 24), (500, 6))
        }
    wanted = float(theory("leading_eigenvalue")([1.0])[0])
    assert 0.04 > largest[500] - wanted > 0
    assert largest[100] > 1.01 * largest[500]


@pytest.mark.parametrize("gain", [0.8, 2.0])
def test_eigenvalues_of_active_networks_fill_a_smaller_circle(gain: float):
    """Slopes below 1: at gain 2 the circle has the radius 1.17, not 2. 320 units have up to a tenth more."""
    told = {"weights.gain": gain, "gain": gain, "start": "gaussian"}
    wanted = float(theory("leading_eigenvalue")([gain], told)[0])
    n, found = 320, []
    with one_thread():
        for seed in range(4):
            W, h = gain * correlated(n, 0.0, seed), np.random.default_rng(seed).standard_normal(n)
            for _ in range(200):
                h = np.tanh(W @ h)
            found.append(np.abs(np.linalg.eigvals((1 - np.tanh(W @ h)[:, None] ** 2) * W)).max())
    assert 0 < np.mean(found) / wanted - 1 < 0.1
    assert wanted == pytest.approx({0.8: 0.8, 2.0: 1.16734}[gain], abs=1e-5)
    np.testing.assert_allclose(theory("elliptic_law")([0.0], told)[:, 0], [wanted, -wanted])
    np.testing.assert_allclose(theory("elliptic_law")([0.0], told | {"start": 0.0})[0], gain)
    assert theory("leading_eigenvalue")([gain], told | {"activation": "identity"})[0] == gain


def test_eigenvalues_of_other_systems_have_no_circle():
    for given in ({"system": "lstm"}, {"activation": "relu"}, {"b": 0.5}, {"task": "white_noise"}):
        with pytest.raises(Refused, match="given"):
            theory("leading_eigenvalue")([1.0], given)
        with pytest.raises(Refused, match="given"):
            theory("elliptic_law")([1.0], given)
    with pytest.raises(Refused, match="start = 0"):
        theory("elliptic_law")([1.0], {"system": "ctrnn", "start": 0.3})
    with pytest.raises(Refused, match="start = 0"):
        theory("elliptic_law")([1.0], {"weights.tau": 0.3, "start": "gaussian"})


def test_densities_have_the_mass_one_and_curves_the_shapes_they_say():
    r = np.linspace(0, 2, 20001)
    assert np.mean(theory("circular_law")(r, {"gain": 1.5})) * 2 == pytest.approx(1.0, abs=1e-3)
    for tau in (0.0, 1.0):
        x = np.linspace(-2.5, 2.5, 20001)
        assert np.mean(random_matrices.real_density(x, 1.2, tau)) * 5 == pytest.approx(1.0, abs=1e-3)
    ellipse = theory("elliptic_law")([0.0, 1.0, 3.0], {"weights.gain": 2.0, "weights.tau": 0.2})
    np.testing.assert_allclose(ellipse[:, 0], [1.6, -1.6])
    assert np.isnan(ellipse[:, 2]).all()


# ---- every theory --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", listing("sim.theory"))
def test_every_theory_says_what_it_is_and_is_pure(name: str):
    law = theory(name)
    assert law.title
    assert law.assumes
    assert re.search(r"(19|20)\d\d", law.source)
    assert re.search(r"doi:|arXiv:", law.source)
    assert bool(law.variable) != bool(law.onto)
    x, told = np.array([0.0, 0.5, 1.25, 2.0]), {"units": 10, "weights.gain": 1.2}
    first, again = law(x, told), law(x.copy(), dict(told))
    np.testing.assert_array_equal(first, again)
    assert first.shape[first.ndim - 1 :] == x.shape
    np.testing.assert_array_equal(law(x[2:], told), first[..., 2:])


def test_theories_refuse_what_they_do_not_assume():
    with pytest.raises(Refused) as refusal:
        theory("mean_field_exponent")([1.0], {"activation": "relu", "weights": "orthogonal", "b": 0.5})
    said = str(refusal.value)
    assert said.count("\n") == 2
    assert "'relu' given" in said
    assert "needs tanh" in said
    with pytest.raises(Refused, match="finite"):
        theory("mean_field_exponent")([np.nan])
    with pytest.raises(Refused, match="not negative"):
        theory("mean_field_exponent")([-1.0])
    with pytest.raises(Refused, match="not negative"):
        mean_field.variance("a")
    for call in (
        lambda: random_matrices.circular_density([0.0, 0.5], 0.0),
        lambda: random_matrices.real_density([0.0], 1.0, -1.0),
        lambda: random_matrices.departure([0.0, 0.0], 0.0),
    ):
        with pytest.raises(Refused, match="all lie at 0"):
            call()
    with pytest.raises(Refused, match=r"alpha of 0\.25 or less"):
        theory("flow_exponent")([2.0], {"alpha": 1.0})
    whole, stepped = (theory("flow_exponent")([2.0], {"alpha": 0.1, "per": per}) for per in ("time", "step"))
    np.testing.assert_allclose(stepped, 0.1 * whole, rtol=1e-15)
    np.testing.assert_array_equal(
        theory("flow_exponent")([2.0], {"tau": 5.0, "dt": 0.5, "per": "step"}), stepped
    )
    with pytest.raises(Refused, match="how many"):
        theory("mean_field_norm")([2.0])
    with pytest.raises(Refused, match="between -1 and 1"):
        random_matrices.half_axes(1.0, 2.0)
    with pytest.raises(Refused, match="at least one"):
        random_matrices.departure([])


def test_a_theory_of_ones_own_is_a_file(tmp_path):
    (tmp_path / "mine.py").write_text(
        '"""Nought."""\nimport numpy as np\nfrom sim.theory import Theory\n'
        'theory = Theory(lambda x, p: 0 * x[:-1], "nought", "me", "no", axis="gain", variable="norm")\n'
    )
    mine = find("sim.theory", "mine.py", tmp_path).theory
    with pytest.raises(Refused, match=re.escape("shape (1,) over an axis of shape (2,)")):
        mine([1.0, 2.0])
    with pytest.raises(Refused, match="no theory"):
        find("sim.theory", "mean_field_exponents")
