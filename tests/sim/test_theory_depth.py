"""Deep networks beside mean-field theory: edge of chaos, depth scales; rows INI-07, INI-08, INI-20."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from sim.laws import gaussian, mean_field
from sim.machine.one_thread import one_thread
from sim.names import find


def layers(gain: float, bias: float, width: int, depth: int, seed: int) -> np.ndarray:
    """(depth, 2, 2) mean products of the summed inputs of two inputs of a deep tanh network."""
    draw = np.random.default_rng(seed)
    x = draw.standard_normal((width, 2))
    x[:, 1] = 0.6 * x[:, 0] + 0.8 * x[:, 1]
    made = []
    for _ in range(depth):
        b = bias * draw.standard_normal((width, 1))
        x = gain / np.sqrt(width) * (draw.standard_normal((width, width)) @ np.tanh(x)) + b
        made.append(x.T @ x / width)
    return np.array(made)


@pytest.mark.parametrize(("gain", "bias"), [(1.2, 0.5), (3.0, 0.6)])
def test_layers_tend_to_the_variance_and_covariance_of_theory(gain: float, bias: float):
    """Order at gain 1.2, where two inputs become one; chaos at 3, where a part stays shared. The root mean
    square over layers and seeds falls with the width.
    """
    q, c = float(mean_field.variance(gain, bias)), float(mean_field.covariance(gain, bias))
    with one_thread():
        far = {}
        for width in (100, 800):
            ends = np.array([layers(gain, bias, width, 40, seed)[20:, 0] for seed in range(3)])
            far[width] = np.sqrt(np.mean((ends - [q, c]) ** 2, axis=(0, 1)))
    assert (far[800] < 2 * q / np.sqrt(800)).all()  # what 800 independent numbers would leave
    assert (far[800] < 0.6 * far[100]).all()
    assert (c == pytest.approx(q)) == (gain < float(mean_field.edge(bias)))


@pytest.mark.parametrize(("gain", "bias"), [(1.15, 0.3), (0.8, 0.0)])
def test_depth_scales_are_those_of_wide_networks(gain: float, bias: float):
    """q - c falls as exp(-layer / xi_c) on the ordered side."""
    xi = float(mean_field.depth_of_covariance(gain, bias))
    with one_thread():
        moments = np.mean([layers(gain, bias, 1200, 30, seed) for seed in range(3)], axis=0)
    apart = 0.5 * (moments[:, 0, 0] + moments[:, 1, 1]) - moments[:, 0, 1]
    slope = np.polyfit(np.arange(10, 30), np.log(apart[10:]), 1)[0]
    assert -1 / slope == pytest.approx(xi, rel=0.04)
    assert xi == pytest.approx(-1 / np.log(float(mean_field.growth(gain, bias))), rel=1e-12)


def test_depth_scales_follow_from_the_maps_themselves():
    """The recursions of q and c, iterated from elsewhere, fall at the rates that theory gives."""
    gain, bias = 2.0, 0.4
    q_end, c_end = float(mean_field.variance(gain, bias)), float(mean_field.covariance(gain, bias))
    q, c = q_end + 0.1, c_end + 0.01
    for _ in range(12):
        q_before, c_before = q, c
        q = gain**2 * float(gaussian.mean(lambda u: np.tanh(u) ** 2, np.array(q))) + bias**2
        c = gain**2 * float(gaussian.product_mean(np.tanh, q_end, np.array([c]))[0]) + bias**2
    assert -1 / np.log((q - q_end) / (q_before - q_end)) == pytest.approx(
        float(mean_field.depth_of_variance(gain, bias)), rel=1e-3
    )
    assert -1 / np.log((c - c_end) / (c_before - c_end)) == pytest.approx(
        float(mean_field.depth_of_covariance(gain, bias)), rel=0.01
    )


@pytest.mark.parametrize("name", ["depth_of_variance", "depth_of_covariance"])
def test_theories_of_depth_are_of_their_own_scale(name: str):
    """With biases of `b.scale` where they are drawn, of none else; both scales differ."""
    gain, law = np.array([0.7, 1.5, 2.5]), find("sim.theory", name).theory
    wanted = {bias: getattr(mean_field, name)(gain, bias) for bias in (0.0, 0.4, 1.0)}
    np.testing.assert_array_equal(law(gain, {"b": "gaussian", "b.scale": 0.4}), wanted[0.4])
    np.testing.assert_array_equal(law(gain, {"b": "gaussian"}), wanted[1.0])
    np.testing.assert_array_equal(law(gain, {"b": 0.0}), wanted[0.0])
    other = mean_field.depth_of_covariance if name == "depth_of_variance" else mean_field.depth_of_variance
    assert (np.abs(other(gain, 0.4) / wanted[0.4] - 1.0) > 0.1).all()


def test_biases_leave_an_autocorrelation_at_all_lags():
    """q at lag 0 and c at the others, which networks tend to (above); without biases nothing."""
    law = find("sim.theory", "mean_field_autocorrelation").theory
    found = law([0.0, 1.0, 5.0], {"weights.gain": 3.0, "b": "gaussian", "b.scale": 0.6})
    q, c = float(mean_field.variance(3.0, 0.6)), float(mean_field.covariance(3.0, 0.6))
    np.testing.assert_array_equal(found, [q, c, c])
    assert 0.05 * q < c < 0.95 * q


def test_the_edge_of_chaos():
    """chi = 1 on it, infinite depth scale, gain 1 without bias, and rises with the bias."""
    bias = np.array([0.0, 0.05, 0.3, 1.0, 2.0])
    gain = find("sim.theory", "edge_of_chaos").theory(bias)
    assert gain[0] == 1.0
    assert (np.diff(gain) > 0).all()
    np.testing.assert_allclose(mean_field.growth(gain, bias), 1.0, atol=1e-9)
    near = mean_field.depth_of_covariance(gain[2] + np.array([-1e-3, 1e-3]), 0.3)
    assert (near > 300).all()
    assert float(mean_field.depth_of_covariance(1.0)) == np.inf


@pytest.mark.parametrize(("variance", "factor", "tolerance"), [(2.0, 1.0, 0.02), (1.0, 0.5, 0.015)])
def test_ini_07_and_08_layers_of_relus(variance: float, factor: float, tolerance: float):
    """INI-07, INI-08. Gradients' second moment is multiplied by n variance / 2 a layer: He keeps it, LeCun
    halves it."""
    assert float(mean_field.rectifier_growth(np.sqrt(variance))) == pytest.approx(factor, rel=1e-14)
    width, depth = 800, 10
    factors = []
    with one_thread():
        for seed in range(4):
            draw = np.random.default_rng(seed)
            h, masks, matrices = draw.standard_normal((width, 16)), [], []
            for _ in range(depth):
                w = np.sqrt(variance / width) * draw.standard_normal((width, width))
                x = w @ h
                h = np.maximum(x, 0.0)
                masks.append(x > 0)
                matrices.append(w)
            g = draw.standard_normal((width, 16))
            first = np.mean(g**2)
            for w, mask in zip(matrices[::-1], masks[::-1], strict=True):
                g = w.T @ (g * mask)
            factors.append((np.mean(g**2) / first) ** (1 / depth))
    assert np.mean(factors) == pytest.approx(factor, abs=tolerance)


def test_gradients_of_tanh_layers_grow_by_chi():
    """As theory says for the growth of differences, and backward likewise (Schoenholz et al., eq. 13)."""
    gain, bias, width, depth = 2.0, 0.3, 800, 12
    factors = []
    with one_thread():
        for seed in range(4):
            draw = np.random.default_rng(seed)
            q = float(mean_field.variance(gain, bias))
            x = np.sqrt(q) * draw.standard_normal((width, 8))
            slopes, matrices = [], []
            for _ in range(depth):
                slopes.append(1 - np.tanh(x) ** 2)
                w = gain / np.sqrt(width) * draw.standard_normal((width, width))
                matrices.append(w)
                x = w @ np.tanh(x) + bias * draw.standard_normal((width, 1))
            g = draw.standard_normal((width, 8))
            first = np.mean(g**2)
            for w, slope in zip(matrices[::-1], slopes[::-1], strict=True):
                g = slope * (w.T @ g)
            factors.append((np.mean(g**2) / first) ** (1 / depth))
    assert np.mean(factors) == pytest.approx(float(mean_field.growth(gain, bias)), rel=0.03)


def test_ini_20_two_layers_of_one_linear_unit_learn_along_a_logistic_curve():
    """u(t) = s e^(2st) / (e^(2st) - 1 + s/u0): gradient descent at rate 1e-3 stays within 0.01 of it."""
    s, u0, rate = 1.0, 0.01, 1e-3
    a = b = np.sqrt(u0)
    for t in range(1, 8001):
        wrong = s - a * b
        a, b = a + rate * wrong * b, b + rate * wrong * a
        if t % 500 == 0:
            grown = np.exp(2 * s * rate * t)
            assert a * b == pytest.approx(s * grown / (grown - 1 + s / u0), abs=0.01)
    assert a * b == pytest.approx(s, abs=1e-3)


@pytest.mark.parametrize(("gain", "bias"), [(10, 0), (50, 0), (1000, 0), (2, 50), (40, 300)])
def test_saturated_networks_have_the_moments_of_adaptive_quadrature(gain: float, bias: float):
    """At gain 50 nodes 1.2 apart in the summed input missed tanh's bend, and activity seemed to die out."""

    def averaged(f, q: float) -> float:
        scale = np.sqrt(q)
        ends = [0.0, 1.0, 3.0, 8.0, 20.0, 40.0, *(s * scale for s in (1, 3, 6, 10, 14) if s * scale > 40.0)]
        parts = itertools.pairwise(ends)
        density = np.sqrt(2.0 / (np.pi * q))
        return sum(
            quad(lambda u: f(u) * density * np.exp(-u * u / (2.0 * q)), *part, epsabs=1e-15, limit=200)[0]
            for part in parts
        )

    q = float(mean_field.variance(gain, bias))
    assert gain**2 * averaged(lambda u: np.tanh(u) ** 2, q) + bias**2 == pytest.approx(q, rel=1e-11)
    chi = gain**2 * averaged(lambda u: np.cosh(min(u, 150.0)) ** -4.0, q)
    assert float(mean_field.largest_exponent(gain, bias)) == pytest.approx(0.5 * np.log(chi), abs=1e-11)


def test_the_edge_of_chaos_at_large_biases():
    """chi = 1 with <tanh'^2> -> 4 / (3 sqrt(2 pi q)): gain^2 -> (3/4) sqrt(2 pi) bias."""
    bias = np.array([100.0, 1e3, 1e4, 1e6])
    gain = mean_field.edge(bias)
    np.testing.assert_allclose(gain**2, 0.75 * np.sqrt(2 * np.pi) * bias, rtol=2.0 / bias[0])
    np.testing.assert_allclose(mean_field.growth(gain, bias), 1.0, atol=1e-9)
    np.testing.assert_allclose(gain[-1] ** 2 / bias[-1], 0.75 * np.sqrt(2 * np.pi), rtol=1e-5)
