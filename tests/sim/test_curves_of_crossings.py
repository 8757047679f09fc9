"""Where branches cross along a whole curve of a plane: found whichever keyword moves them, and no fold."""

import numpy as np
import pytest

from sim.continuation.branches import branch
from sim.continuation.family import family as of
from sim.continuation.planes import curves
from sim.continuation.switching import diagram
from tests.conftest import REPOSITORY

SYSTEMS = REPOSITORY / "tests" / "systems"
BOX = ((-3.0, 3.1), (-3.2, 3.0))


@pytest.mark.parametrize("free", [("v", "w"), ("w", "v")])
def test_both_units_have_their_pitchfork_whichever_keyword_comes_first(free):
    """The first keyword moves nothing at the pitchfork of the other unit: w . F_p is 0 all over the plane."""
    found = curves(of("./two_units.py", free, folder=SYSTEMS), BOX, ["branch_point"])
    assert {end for curve in found.curves for end in curve.ends} == {"leaves the box"}
    still = sorted(int(np.ptp(curve.values[:, 1]) < 1e-9) for curve in found.curves)
    assert still == [0, 1]  # one upright, one level
    for curve in found.curves:
        level = int(np.ptp(curve.values[:, 1]) < 1e-9)
        np.testing.assert_allclose(curve.values[:, level], 1.0, atol=1e-10)
        np.testing.assert_allclose(np.sort(curve.values[[0, -1], 1 - level]), BOX[1 - level], atol=1e-10)


@pytest.fixture(scope="module")
def plane():
    starts = np.array([[0.3, 0.3], [0.5, 0.1], [0.2, 0.0]])
    family = of("./predator_prey.py", ["a", "b"], folder=SYSTEMS)
    return curves(family, ((0.5, 4.0), (1.2, 4.0)), starts=starts)


def test_where_branches_cross_nothing_folds(plane):
    """Transcritical: both fixed points go on beyond it. A fold was reported on b = a / (a - 1) as well."""
    kinds = sorted(curve.kind for curve in plane.curves)
    assert kinds == ["branch_point"] * 2 + ["flip"] * 3 + ["neimark_sacker"]
    known = {
        "branch_point": lambda a, b: np.minimum(np.abs(a - 1.0), np.abs(a * b - b - a)),
        "neimark_sacker": lambda a, b: np.abs(a * (b - 2.0) - b),
        "flip": lambda a, b: np.minimum(
            np.minimum(np.abs(a - 3.0), np.abs(a * (1.0 + b) - b)), np.abs(a * (3.0 - b) - 3.0 * b)
        ),
    }
    for curve in plane.curves:
        np.testing.assert_allclose(known[curve.kind](*curve.values.T), 0.0, atol=1e-8)
        assert set(curve.ends) == {"leaves the box"}


def test_a_pair_that_is_i_and_minus_i_all_along_passes_no_resonance():
    """Of two units without weights of their own the trace is zero: c d = -1 is 1:4 everywhere, not where
    rounding changes a sign.
    """
    found = curves(of("./two_units.py", ["c", "d"], folder=SYSTEMS), BOX, ["neimark_sacker"])
    assert len(found.curves) == 2
    for curve in found.curves:
        np.testing.assert_allclose(np.prod(curve.values, axis=1), -1.0, atol=1e-10)
        np.testing.assert_allclose(curve.extra, 0.0, atol=1e-9)
        assert curve.special == ()


def test_a_line_of_fixed_points_at_one_value_has_no_folds():
    """The Ricker map at r = 0 is the identity; dozens of folds were reported along it."""
    found = diagram(of("./ricker.py", ["r"], folder=SYSTEMS), [(1.0, 1.5)], (-1.0, 2.7))
    kinds = [(here.period, point.kind, point.values[0]) for here in found for point in here.special]
    assert not [kind for kind in kinds if kind[1] == "fold"]
    flips = sorted(round(float(value), 6) for _, kind, value in kinds if kind == "flip")
    assert flips[:3] == [2.0, 2.526468, 2.526468]  # of the fixed point, of the 2-cycle


@pytest.mark.parametrize(("n", "c", "most"), [(3, 0.7, 1.0), (4, 0.3, 2.0)])
def test_units_that_compete_break_their_symmetry_all_at_once(n, c, most):
    """h_i' = tanh(g (h_i / 2 - c sum of the others) + 0.3): n - 1 multipliers (1/2 + c) g (1 - h^2) of the
    state with all units alike pass 1 together. For n = 3 they are two, and no determinant changes its sign.
    """
    W = 0.5 * np.eye(n) - c * (1 - np.eye(n))
    units = of(
        "rnn", ["weights.gain"], {"units": n, "weights": "matrix", "weights.matrix": W.tolist(), "b": 0.3}
    )
    found = branch(units, 0.0, 0.1, (0.05, most))
    (point,) = found.special
    assert point.kind == "branch_point"
    gain, h = float(point.values[0]), float(point.state[0])
    np.testing.assert_allclose((0.5 + c) * gain * (1.0 - h * h), 1.0, atol=1e-9)
    np.testing.assert_allclose(np.tanh(gain * W[0].sum() * h + 0.3), h, atol=1e-9)
    np.testing.assert_allclose(np.sort(point.multipliers.real)[1:], 1.0, atol=1e-6)
    assert found.stable[found.values < gain - 1e-6].all()
    assert not found.stable[found.values > gain + 1e-6].any()


@pytest.mark.parametrize(("sign", "kind"), [(1.0, "branch_point"), (-1.0, "flip")])
def test_two_units_that_are_alike_bifurcate_in_one_point(sign, kind):
    W = (sign * np.eye(2)).tolist()
    units = of("rnn", ["weights.gain"], {"units": 2, "weights": "matrix", "weights.matrix": W})
    (point,) = branch(units, 0.0, 0.5, (0.1, 2.0)).special
    assert point.kind == kind
    np.testing.assert_allclose(point.values, 1.0, atol=1e-9)
    found = diagram(units, [(0.0, 0.5)], (0.1, 2.0), longest=2)
    assert [here.period for here in found] == ([1, 1] if sign > 0 else [1, 2])
    assert not [special for here in found for special in here.of("fold")]  # the arm begins there, and turns


def test_no_point_of_a_branch_of_cycles_lies_beyond_where_it_begins(tmp_path):
    """a cos s flips at s = cot s = 0.86, a = 1 / sin s = 1.3192. With long steps the branch of 2-cycles went
    over to the fixed points there, and points at a = 1.3052, where there is no cycle, stood among its own.
    """
    source = (SYSTEMS / "ricker.py").read_text().replace("s * exp(p.r * (1.0 - s))", "p.r * cos(s)")
    (tmp_path / "cosine.py").write_text(source.replace("import exp", "import cos"))
    found = diagram(of("./cosine.py", ["r"], folder=tmp_path), [(0.7, 1.0)], (-3.0, 3.0), longest=2)
    cycles = [here for here in found if here.period == 2]
    assert len(cycles) == 2  # from -a, too
    for here in cycles:
        assert np.abs(here.values).min() > 1.319156
        a, s = here.values, here.states[:, 0]
        np.testing.assert_allclose(a * np.cos(a * np.cos(s)), s, atol=1e-9)
