"""Branches and curves of bifurcations against closed forms and published numbers."""

from operator import itemgetter

import numpy as np
import pytest

from sim.continuation import arclength, branches, family, planes, switching
from sim.continuation.arclength import Steps
from sim.continuation.branches import branch
from sim.continuation.family import family as of
from sim.continuation.planes import curves
from sim.continuation.switching import diagram, switched
from sim.errors import Refused
from tests.conftest import REPOSITORY

SYSTEMS = REPOSITORY / "tests" / "systems"
ONE = {"alpha": 1.0}


def fold_of_tanh(w):
    return np.sqrt(w * (w - 1)) - np.arctanh(np.sqrt(1 - 1 / w))


def folds_of_sigmoid(w):
    """Beer 1995: where w sigma'(s) = 1, b = s - w sigma(s)."""
    s = 2 * np.log((np.sqrt(w) + np.sqrt(w - 4)) / 2)
    return sorted(z - w / (1 + np.exp(-z)) for z in (s, -s))


def values(points):
    return [float(point.values[0]) for point in points]


@pytest.mark.parametrize(("w", "known"), [(1.2, 0.05639058531), (2.0, 0.5328399754), (5.0, 3.02850048)])
def test_folds_of_tanh_and_the_bistable_window_of_row_94(w, known):
    """SCL-01, SCL-02."""
    found = branch(of("ctrnn", ["b"], {**ONE, "w": w}), 0.1, 0.0, (-4.0, 4.0))
    folds = found.of("fold")
    assert len(folds) == len(found.special) == 2
    np.testing.assert_allclose(values(folds), [-fold_of_tanh(w), fold_of_tanh(w)], rtol=0, atol=1e-13)
    assert fold_of_tanh(w) == pytest.approx(known, abs=1e-9)
    assert all(point.located and abs(point.multipliers[0] - 1) < 1e-9 for point in folds)
    inside = np.abs(found.values) < 0.99 * fold_of_tanh(w)
    between = np.abs(np.tanh(found.states[:, 0])) < np.sqrt(1 - 1 / w) - 0.05
    assert not found.stable[inside & between].any()
    assert found.stable[~inside & (np.abs(found.values) > 1.01 * fold_of_tanh(w))].all()
    assert found.ends == ("leaves the box", "leaves the box")


def test_folds_and_flips_of_the_sigmoid():
    """SCL-07, row 21."""
    found = branch(of("ctrnn", ["b"], {**ONE, "w": 5.0, "activation": "sigmoid"}), 0.0, -2.5, (-6.0, 1.0))
    np.testing.assert_allclose(values(found.of("fold")), folds_of_sigmoid(5.0), atol=1e-12)
    np.testing.assert_allclose(values(found.of("fold")), [-2.655610339, -2.344389661], atol=1e-9)
    found = branch(of("ctrnn", ["w"], {**ONE, "activation": "sigmoid"}), 0.5, 0.0, (-12.0, 12.0))
    (flip,) = found.special
    assert flip.kind == "flip"
    assert flip.values[0] == pytest.approx(-5.8696, abs=2e-5)
    assert flip.state[0] == pytest.approx(-1.27846, abs=1e-5)


def test_the_pitchfork_of_tanh_and_both_its_branches():
    """Row 23: h* = tanh(w h*) branches off at w = 1; the flip at -1 begins the cycle +-h*."""
    found = diagram(of("ctrnn", ["w"], ONE), [(0.0, 0.5)], (-2.0, 3.0))
    assert [(b.period, len(b.values) > 10) for b in found] == [(1, True), (2, True), (1, True)]
    trivial, cycle, pair = found
    assert [(p.kind, round(float(p.values[0]), 12)) for p in trivial.special] == [
        ("flip", -1),
        ("pitchfork", 1),
    ]
    for w, state in ((1.2, 0.65857), (2.0, 0.95750), (3.0, 0.99490)):
        near = np.argmin(np.abs(pair.values - w) + 10 * (pair.states[:, 0] < 0))
        s = branches.fixed_point(of("ctrnn", ["w"], ONE), pair.states[near], w)
        assert np.tanh(s[0]) == pytest.approx(state, abs=6e-6)
    np.testing.assert_allclose(pair.states[:, 0], pair.values * np.tanh(pair.states[:, 0]), atol=1e-10)
    np.testing.assert_allclose(-cycle.states[:, 0], cycle.values * np.tanh(cycle.states[:, 0]), atol=1e-10)


def test_period_doubling_of_the_logistic_map():
    """LOG-07, and LOG-08: the ratio of the distances."""
    known = [3, 3.449489743, 3.54409036, 3.564407266, 3.56875942]
    one, flips = of("logistic", ["r"]), []
    here = branch(one, 0.6, 2.5, (1.5, 3.58), steps=Steps(largest=0.02))
    for _ in range(5):
        flip = here.of("flip")[0]
        flips.append(float(flip.values[0]))
        assert flip.located
        here = switched(one, flip, here.tangents[flip.place], (1.5, 3.58), Steps(largest=0.02))
    np.testing.assert_allclose(flips, known, rtol=0, atol=5e-10)
    assert flips[1] == pytest.approx(1 + np.sqrt(6), abs=1e-12)
    assert (flips[3] - flips[2]) / (flips[4] - flips[3]) == pytest.approx(4.668242236, abs=1e-4)


def test_a_cycle_that_shrinks_to_its_fixed_point_has_no_pitchfork_there():
    """2-cycles of the logistic map: they flip at 1 + sqrt 6 (seen from both their states), no more."""
    one = of("logistic", ["r"])
    here = branch(one, 0.6, 2.5, (1.5, 3.5))
    flip = here.of("flip")[0]
    cycle = switched(one, flip, here.tangents[flip.place], (1.5, 3.5))
    assert [point.kind for point in cycle.special] == ["flip", "flip"]
    np.testing.assert_allclose(values(cycle.special), 1 + np.sqrt(6), atol=1e-12)


def test_transcritical_point_of_the_logistic_map_and_the_branch_across():
    one = of("logistic", ["r"])
    here = branch(one, 0.6, 2.5, (0.5, 2.9))
    (point,) = here.special
    assert (point.kind, point.values[0]) == ("branch_point", pytest.approx(1.0, abs=1e-12))
    across = switched(one, point, here.tangents[point.place], (0.5, 2.9))
    assert np.abs(across.states).max() < 1e-9


def test_the_window_of_period_three():
    """LOG-12: a fold of f^3 at 1 + sqrt 8, which ends in a flip at 3.8414990075; QUAD-02: at -1.75."""
    found = branch(of("logistic", ["r"]), 0.5, 3.83187405528, (3.8, 3.9), period=3)
    (fold,), (flip,) = found.of("fold"), found.of("flip")
    assert fold.values[0] == pytest.approx(1 + np.sqrt(8), abs=1e-12)
    assert flip.values[0] == pytest.approx(3.8414990075, abs=2e-10)
    found = branch(of("quadratic", ["c"]), -1.75488, -1.7549, (-1.8, -1.7), period=3)
    assert found.of("fold")[0].values[0] == pytest.approx(-1.75, abs=1e-12)
    assert found.of("flip")[0].values[0] == pytest.approx(-1.768529152, abs=1e-9)


def test_the_quadratic_map():
    """QUAD-02."""
    one = of("quadratic", ["c"])
    found = branch(one, 0.0, 0.0, (-1.5, 1.0))
    (fold,), (flip,) = found.of("fold"), found.of("flip")
    assert (fold.values[0], flip.values[0]) == (
        pytest.approx(0.25, abs=1e-13),
        pytest.approx(-0.75, abs=1e-13),
    )
    doubled = switched(one, flip, found.tangents[flip.place], (-1.5, 1.0))
    assert doubled.of("flip")[0].values[0] == pytest.approx(-1.25, abs=1e-12)


@pytest.mark.parametrize(("slope", "alpha"), [(-3.0, 0.5), (-1.5, 0.8), (0.5, 4.0)])
def test_row_128_euler_steps_flip_where_a_real_eigenvalue_says(slope, alpha):
    found = branch(of("ctrnn", ["alpha"], {"w": slope}), 0.1, 0.01, (0.005, 5.0))
    assert [point.kind for point in found.special] == ["flip"]
    assert found.special[0].values[0] == pytest.approx(alpha, abs=1e-12)


def turning(re, im):
    weights = {"units": 2, "weights": "matrix", "weights.matrix": ((re, -im), (im, re))}
    return {"activation": "tanh", **weights}


def test_row_128_a_complex_pair_leaves_the_circle():
    """|1 + alpha (l - 1)| = 1 at alpha = 2 (1 - Re l) / |1 - l|^2."""
    for z, alpha in ((0.5 + 1j, 0.8), (3j, 0.2)):
        found = branch(of("ctrnn", ["alpha"], turning(z.real, z.imag)), 0.1, 0.01, (0.005, 1.0))
        (point,) = found.special
        assert point.kind == "neimark_sacker"
        assert point.values[0] == pytest.approx(alpha, abs=1e-12)
        np.testing.assert_allclose(np.abs(point.multipliers), 1.0, atol=1e-12)


def test_the_plane_of_tanh_has_one_curve_of_folds_with_a_cusp():
    found = curves(of("ctrnn", ["w", "b"], ONE), ((0.0, 5.0), (-4.0, 4.0)))
    assert found.left_out == ""
    assert [curve.kind for curve in found.curves] == ["fold"]
    (curve,) = found.curves
    w, b = curve.values.T
    np.testing.assert_allclose(np.abs(b), fold_of_tanh(np.maximum(w, 1.0)), atol=1e-12)
    (cusp,) = curve.special
    np.testing.assert_allclose(cusp.values, [1.0, 0.0], atol=1e-12)
    assert cusp.kind == "cusp"
    assert (curve.values[cusp.place] == cusp.values).all()


def test_the_plane_of_the_sigmoid():
    """SCL-08, row 22: the cusp (4, -2); row 21: flips for strong inhibition."""
    found = curves(of("ctrnn", ["w", "b"], {**ONE, "activation": "sigmoid"}), ((-12.0, 12.0), (-10.0, 10.0)))
    fold, flip = found.curves
    assert (fold.kind, flip.kind) == ("fold", "flip")
    np.testing.assert_allclose(fold.special[0].values, [4.0, -2.0], atol=1e-12)
    for w, b in fold.values[fold.values[:, 0] > 4.001]:
        assert np.min(np.abs(np.array(folds_of_sigmoid(w)) - b)) < 1e-10
    w, b = flip.values.T
    h = 1 / (1 + np.exp(-flip.states[:, 0]))
    np.testing.assert_allclose(w * h * (1 - h), -1.0, atol=1e-10)
    np.testing.assert_allclose(w * h + b, flip.states[:, 0], atol=1e-10)


def test_the_plane_of_gain_and_euler_step():
    """Row 128 over a plane: |1 + alpha (g l - 1)| = 1, from resonance to the border."""
    found = curves(of("ctrnn", ["alpha", "weights.gain"], turning(1.2, 1.0)), ((0.05, 2.0), (0.1, 3.0)))
    (curve,) = (curve for curve in found.curves if curve.kind == "neimark_sacker")
    alpha, gain = curve.values.T
    size = np.abs(1 + alpha * (gain * (1.2 + 1j) - 1))
    np.testing.assert_allclose(size, 1.0, atol=1e-10)
    np.testing.assert_allclose(curve.extra, 1 + alpha * (1.2 * gain - 1), atol=1e-8)
    assert {p.kind for p in curve.special} <= {"resonance_1_3", "resonance_1_4"}
    for point in curve.of("resonance_1_4"):
        np.testing.assert_allclose(point.multipliers.real, 0.0, atol=1e-9)


def test_symmetry_makes_a_curve_of_branch_points():
    found = curves(of("ctrnn", ["alpha", "w"]), ((0.1, 3.0), (-3.0, 3.0)))
    kinds = [curve.kind for curve in found.curves]
    assert kinds.count("branch_point") == 1
    assert "fold" not in kinds
    line = found.curves[kinds.index("branch_point")]
    np.testing.assert_allclose(line.values[:, 1], 1.0, atol=1e-12)
    trivial = next(c for c in found.curves if c.kind == "flip" and np.abs(c.states).max() < 1e-9)
    np.testing.assert_allclose(2 + trivial.values[:, 0] * (trivial.values[:, 1] - 1), 0.0, atol=1e-10)


def test_the_henon_map():
    """Folds a = -(1 - b)^2 / 4, flips a = 3 (1 - b)^2 / 4, flips of cycles (1 - b)^2 + (1 + b)^2 / 4."""
    found = curves(of("henon", ["a", "b"]), ((-1.0, 2.0), (-0.9, 0.9)), ["fold", "flip"], periods=2)
    named = {(c.kind, c.period): c for c in found.curves}
    a, b = named["fold", 1].values.T
    np.testing.assert_allclose(a, -((1 - b) ** 2) / 4, atol=1e-11)
    a, b = named["flip", 1].values.T
    np.testing.assert_allclose(a, 3 * (1 - b) ** 2 / 4, atol=1e-11)
    a, b = named["flip", 2].values.T
    np.testing.assert_allclose(a, (1 - b) ** 2 + (1 + b) ** 2 / 4, atol=1e-10)
    assert len(found.curves) == 3


def test_a_saddle_is_not_stable():
    """A branch of the Henon map: sinks up to the flip at a = 3 (1 - b)^2 / 4, saddles beyond."""
    found = branch(of("henon", ["a"], {"b": 0.3}), (0.6, 0.2), 1.0, (0.1, 1.4))
    (flip,) = found.special
    beyond = found.values > 3 * 0.7**2 / 4 + 1e-9
    np.testing.assert_array_equal(np.delete(found.stable, flip.place), np.delete(~beyond, flip.place))
    assert ((np.abs(found.multipliers[beyond]) < 1.0).sum(axis=1) == 1).all()


def test_a_continuum_of_fixed_points_is_no_curve():
    """relu with w = 1, b = 0: every state above zero stands still."""
    found = curves(
        of("ctrnn", ["w", "b"], {**ONE, "activation": "relu"}), ((-3.0, 3.0), (-1.0, 1.0)), ["fold"]
    )
    assert found.curves == ()


def test_a_users_file_with_the_cusp_of_auto():
    """AUT-01: mu = +-0.3849 at x = -+0.57736; the curve 27 mu^2 = 4 lambda^3."""
    one = of("./cusp.py", ["mu"], folder=SYSTEMS)
    found = branch(one, 1.0, 0.0, (-1.0, 1.0))
    low, high = found.of("fold")
    np.testing.assert_allclose([low.values[0], high.values[0]], [-2 / 27**0.5, 2 / 27**0.5], atol=1e-13)
    np.testing.assert_allclose([low.state[0], high.state[0]], [3**-0.5, -(3**-0.5)], atol=1e-9)
    plane = curves(of("./cusp.py", ["mu", "slope"], folder=SYSTEMS), ((-1.0, 1.0), (-1.0, 1.5)), ["fold"])
    (curve,) = plane.curves
    mu, slope = curve.values.T
    np.testing.assert_allclose(27 * mu**2, 4 * slope**3, atol=1e-10)
    np.testing.assert_allclose(curve.of("cusp")[0].values, 0.0, atol=1e-12)


def test_a_circle_of_solutions_closes():
    class Circle:
        def residual(self, u):
            return u[:, :1] ** 2 + u[:, 1:] ** 2 - 1.0

        def jacobian(self, u):
            return 2.0 * u[None]

        def adapt(self, u):
            pass

    room = arclength.Room(np.array([-2.0]), np.array([2.0]), np.ones(2))
    piece = arclength.follow(Circle(), np.array([1.0, 0.0]), np.array([0.0, 1.0]), room, Steps(largest=0.1))
    assert piece.end == arclength.ENDS["closed"]
    way = np.diff(np.array(piece.points), axis=0)
    assert np.hypot(*way.T).sum() == pytest.approx(2 * np.pi, rel=1e-3)


def test_what_does_not_converge_is_said():
    one = of("quadratic", ["c"])
    none = branch(one, 0.0, 0.9, (0.5, 1.0))
    assert len(none.values) == 0
    assert "found no solution from 0.0 at 0.9" in none.ends[0]
    short = branch(one, 0.0, 0.0, (-1.0, 1.0), steps=Steps(budget=3))
    assert short.ends == ("the budget of steps ran out",) * 2


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: of("logistic", ["q"]), "q"),
        (lambda: of("logistic", ["r"], {"start": (0.1, 0.2)}), "2 numbers for a state of 1"),
        (
            lambda: branch(of("logistic", ["r"]), 0.5, 5.0, (0.0, 4.0)),
            "write finite numbers, low < high",
        ),
        (lambda: branch(of("henon", ["a", "b"]), 0.5, 1.0, (0.0, 4.0)), "needs exactly one"),
        (lambda: branch(of("henon", ["a"]), (0.5, 0.1, 3.0), 1.0, (0.0, 4.0)), "3 numbers for a state of 2"),
        (lambda: curves(of("logistic", ["r"]), ((0, 1), (0, 1))), "needs? exactly two"),
        (lambda: curves(of("henon", ["a", "b"]), ((1, 0), (0, 1))), "the lower one first"),
        (lambda: curves(of("henon", ["a", "b"]), ((0, 1), (0, 1)), ["hopf"]), "'hopf' is no kind of curve"),
    ],
)
def test_wrong_questions(call, text):
    with pytest.raises(Refused, match=text):
        call()


def test_derivatives_by_keywords_are_those_of_differences():
    cases = [("ctrnn", ["w", "alpha"], {}), ("ctrnn", ["weights.gain", "alpha"], {"units": 3})]
    for system, free, fixed in cases:
        one = of(system, free, fixed)
        s, p = np.full((1, one.n), 0.3), np.array([[1.5, 0.4]])
        value, _, P = one.whole(s, p, 3)
        assert np.array_equal(value, one.value(s, p, 3))
        for j in range(2):
            e = 1e-6 * np.eye(2)[j]
            difference = (one.value(s, p + e, 3) - one.value(s, p - e, 3)) / 2e-6
            np.testing.assert_allclose(P[:, :, j], difference, rtol=1e-6, atol=1e-8)


def test_the_examples_in_the_code_run():
    import doctest

    for module in (family, branches, switching, planes):
        assert doctest.testmod(module).failed == 0


def test_the_stability_triangle_and_its_resonances():
    """JRY-04: 0 loses its stability at b = 1 - a (branches), b = 1 + a (flip), b = -1 (Neimark-Sacker)."""
    found = curves(of("./resonant.py", ["a", "b"], folder=SYSTEMS), ((-3.0, 3.0), (-2.0, 1.5)))
    trivial = {c.kind: c for c in found.curves if np.abs(c.states).max() < 1e-9}
    assert set(trivial) == {"branch_point", "flip", "neimark_sacker"}
    a, b = trivial["branch_point"].values.T
    np.testing.assert_allclose(a + b, 1.0, atol=1e-12)
    a, b = trivial["flip"].values.T
    np.testing.assert_allclose(b - a, 1.0, atol=1e-12)
    (strong,) = trivial["flip"].of("resonance_1_2")
    np.testing.assert_allclose(strong.values, [-2.0, -1.0], atol=1e-9)
    circle = trivial["neimark_sacker"]
    np.testing.assert_allclose(circle.values[:, 1], -1.0, atol=1e-12)
    np.testing.assert_allclose(circle.values[:, 0], 2 * circle.extra, atol=1e-10)
    assert circle.ends == ("ends in a resonance",) * 2
    named = {p.kind: float(p.values[0]) for p in circle.special}
    known = {"resonance_1_1": 2.0, "resonance_1_2": -2.0, "resonance_1_3": -1.0, "resonance_1_4": 0.0}
    assert named == {kind: pytest.approx(value, abs=1e-9) for kind, value in known.items()}


def area(polygon):
    """Of a polygon by its corners, (n, 2)."""
    x, y = polygon.T
    return 0.5 * abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


def test_the_main_cardioid_and_the_disc_beside_it():
    """MAN-03, MAN-07: where |2 z| = 1 at the fixed point of z^2 + c, and |4 (c + 1)| = 1 for the 2-cycle.

    Areas are those of the polygons through the points of the curves, which lie inside of them.
    """
    box = ((-1.6, 0.6), (-0.9, 0.9))
    found = curves(of("complex_quadratic", ["c_re", "c_im"]), box, ["neimark_sacker"], periods=2)
    cardioid, disc = found.curves
    assert (cardioid.period, disc.period, cardioid.closed, disc.closed) == (1, 2, True, True)
    z = cardioid.states[:, 0] + 1j * cardioid.states[:, 1]
    c = cardioid.values[:, 0] + 1j * cardioid.values[:, 1]
    np.testing.assert_allclose(np.abs(2 * z), 1.0, atol=1e-9)
    np.testing.assert_allclose(z - z * z, c, atol=1e-10)
    c = disc.values[:, 0] + 1j * disc.values[:, 1]
    np.testing.assert_allclose(np.abs(c + 1.0), 0.25, atol=1e-9)
    thirds = sorted((p.values.tolist() for p in cardioid.of("resonance_1_3")), key=itemgetter(1))
    np.testing.assert_allclose(thirds, [[-0.125, -0.6495190528], [-0.125, 0.6495190528]], atol=1e-9)
    quarters = sorted((p.values.tolist() for p in cardioid.of("resonance_1_4")), key=itemgetter(1))
    np.testing.assert_allclose(quarters, [[0.25, -0.5], [0.25, 0.5]], atol=1e-9)
    around = np.argsort(np.angle(c + 1.0))  # the curve goes round twice, once by each point of the cycle
    areas = [area(curve) for curve in (cardioid.values, disc.values[around])]
    np.testing.assert_allclose(areas, [3 * np.pi / 8, np.pi / 16], atol=0.002)
    assert sum(areas) == pytest.approx(1.374446786, abs=0.004)


@pytest.mark.slow
def test_curves_of_a_network_meet_in_their_resonances():
    """A curve of Neimark-Sacker points ends on a curve of flips, found by other equations."""
    one = of("rnn", ["weights.gain", "b"], {"units": 8, "seed": 1})
    starts = np.stack([np.full(8, v) for v in (0.0, 0.5, -1.0)])
    found = curves(one, ((1.2, 2.2), (-0.7, 0.7)), ["flip", "neimark_sacker"], starts=starts)
    flips = [p.values for c in found.curves if c.kind == "flip" for p in c.of("resonance_1_2")]
    ends = [p.values for c in found.curves if c.kind == "neimark_sacker" for p in c.of("resonance_1_2")]
    assert len(ends) >= 2
    for end in ends:
        assert min(np.abs(end - flip).max() for flip in flips) < 1e-7
