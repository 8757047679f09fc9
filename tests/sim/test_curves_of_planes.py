"""Which curves of bifurcations a box has: all that cross it."""

import numpy as np
import pytest

from sim.continuation.family import family as of
from sim.continuation.planes import curves


@pytest.mark.parametrize("low", [-2.0, -1.5, -1.3, -1.2, -1.0, -0.1])
def test_the_fold_of_the_henon_map_is_found_from_border_to_border(low):
    """a = -(1 - b)^2 / 4 between b = -0.9 (or where a is the lower end) and 0.9."""
    found = curves(of("henon", ["a", "b"]), ((low, 3.0), (-0.9, 0.9)), ["fold"])
    (curve,) = found.curves
    a, b = curve.values.T
    np.testing.assert_allclose(a, -((1 - b) ** 2) / 4, atol=1e-11)
    first = max(-0.9, 1.0 - 2.0 * np.sqrt(-low))
    np.testing.assert_allclose(sorted(b[[0, -1]]), [first, 0.9], atol=1e-9)


@pytest.mark.parametrize("b", [0.3, -0.4, -0.8])
def test_a_curve_that_cuts_off_a_corner_is_found(b):
    """The flip a = 3 (1 - b)^2 / 4 enters below and leaves at once, between places of the grid."""
    a = 3 * (1 - b) ** 2 / 4
    box = ((a - 0.01, a + 1.0), (b, b + 0.5))
    (curve,) = curves(of("henon", ["a", "b"]), box, ["flip"]).curves
    a, b = curve.values.T
    np.testing.assert_allclose(a, 3 * (1 - b) ** 2 / 4, atol=1e-11)
    np.testing.assert_allclose([np.ptp(a), curve.values[:, 1].min()], [0.01, box[1][0]], atol=1e-9)
