"""Escape with fractions of a step; MAN-08 and the examples of row 83."""

import numpy as np
import pytest

from sim.errors import Refused
from sim.run import prepare

AT_ZERO = {"start": [0.0, 0.0]}


def found(names, c, **fixed):
    c = np.asarray(c, dtype=complex)
    run = prepare("complex_quadratic", observables=names, fixed=AT_ZERO | fixed, varied=["c_re", "c_im"])
    return run.evaluate({"c_re": c.real.copy(), "c_im": c.imag.copy()})


@pytest.mark.compiled
def test_MAN_08_pi_at_the_seahorse_neck():
    """MAN-08: eps n -> pi."""
    eps = np.array([1e-1, 1e-2, 1e-3, 1e-4, 1e-5])
    n = found(["escape_time"], -0.75 + 1j * eps, steps=314_200)["escape_time"]
    assert abs(n - [33, 315, 3143, 31417, 314160]).max() <= 1
    assert abs(eps * n - np.pi)[-1] < 2e-5


def test_row_83_inside_and_outside():
    inside = [0.15, 0.25, -0.75, -1.0, -1.3125, -2.0, 1j]
    values = found(["escape_time"], [*inside, 0.26, -2.01, 0.4 + 0.4j], steps=300)["escape_time"]
    assert values.tolist() == [-1] * 7 + [30, 1, 9]


def test_rounded_up_it_is_the_escape_time_at_its_radius():
    grid = np.linspace(-2.2, 0.8, 31)[:, None] + 1j * np.linspace(-1.2, 1.2, 25)[None]
    both = found(["escape_time", "escape_smooth"], grid.ravel(), steps=60, radius=1000.0)
    out = both["escape_time"] > 0
    assert out.sum() > 300
    assert (np.isnan(both["escape_smooth"]) == ~out).all()
    assert (both["outcome"] == 1).all()
    wanted = both["escape_time"][out]
    # |z^2 + c| is not |z|^2 to the last digit: within 1e-5 of a whole number it may fall on either side
    assert (np.ceil(both["escape_smooth"][out] - 1e-5) <= wanted).all()
    assert (np.ceil(both["escape_smooth"][out] + 1e-5) >= wanted).all()


def test_it_is_smooth_where_the_count_jumps():
    """Along a ray outside the set the count falls in steps of 1, the smooth value by little at a time."""
    ray = np.linspace(0.3, 2.0, 4001)
    both = found(["escape_time", "escape_smooth"], ray, steps=100, radius=1000.0)
    assert (np.diff(both["escape_time"]) <= 0).all()
    falls = np.diff(both["escape_smooth"])
    assert falls.max() < 0.0
    assert abs(falls[1:] / falls[:-1] - 1.0).max() < 0.05  # a jump would be hundreds of times its neighbours
    # far out |z_n| is R at log2(log R / log |c|): one squaring after another
    c = 1e6
    alone = found(["escape_smooth"], [c], steps=9)["escape_smooth"][0]
    assert alone == pytest.approx(1.0 - np.log2(np.log(c) / np.log(1000.0)), abs=1e-6)


@pytest.mark.parametrize("beyond", [1e3, 1e20, 1e75])
def test_any_radius_that_is_taken_tells_the_same_potential(beyond):
    """log R / 2^n: where |z| is R after n steps. A radius of 1e100 gave minus infinity, 1e200 no escape."""
    c = [0.3, 0.5, 1.0]
    near, far = (found(["escape_smooth"], c, steps=100, beyond=R)["escape_smooth"] for R in (1e10, beyond))
    np.testing.assert_allclose(far - near, np.log2(np.log(beyond) / np.log(1e10)), atol=1e-5)


def test_a_map_of_another_degree_says_which(tmp_path):
    """x^3 + c far out: |x_n| is R at log3(log R / log |c|), and at 3^k times it for c^(3^k)."""
    (tmp_path / "cube.py").write_text(
        "from typing import NamedTuple\n"
        "from sim.generic import escapes, step\n"
        "class Cube(NamedTuple):\n"
        "    c: float = 0.0\n"
        "@step.register\n"
        "def _(p: Cube, s, x):\n"
        "    return s * s * s + p.c\n"
        "@escapes.register\n"
        "def _(p: Cube, radius):\n"
        "    return (abs(p.c) <= radius) & (radius > 2.0)\n"
    )
    fixed = {"steps": 9, "start": 0.0, "degree": 3.0}
    run = prepare("./cube.py", observables=["escape_smooth"], fixed=fixed, varied=["c"], folder=tmp_path)
    c = np.array([1e4, 1e6, 1e12])
    wanted = 1.0 - np.log(np.log(c) / np.log(1000.0)) / np.log(3.0)
    np.testing.assert_allclose(run.evaluate({"c": c})["escape_smooth"], wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("system", "given", "said"),
    [
        ("logistic", {}, "escape_smooth is for iterations whose orbits do not come back"),
        ("complex_quadratic", {"beyond": 1.0}, r"parameters.beyond: 1.0 is too small"),
        ("complex_quadratic", {"degree": 1.0}, r"parameters.degree: 1.0 is too small"),
        ("complex_quadratic", {"beyond": 1e100}, r"parameters.beyond: 1e\+100 is too large"),
        ("complex_quadratic", {"beyond": 1e70, "degree": 3.0}, r"at most 1e\+50 for degree 3"),
    ],
)
def test_wrong_words_are_refused(system, given, said):
    start = AT_ZERO if system == "complex_quadratic" else {"start": 0.3}
    with pytest.raises(Refused, match=said):
        prepare(system, observables=["escape_smooth"], fixed={"steps": 9, **start, **given})
