"""Different settings among the columns of cells."""

import numpy as np
import pytest

from sim.series import different

RANDOM = np.random.default_rng(0)
SEEDS = RANDOM.integers(-5, 5, 500) + 2**60  # beyond what a float tells apart
GAINS = RANDOM.choice([-0.0, 0.0, 1.5, -2.0, np.nan], 500)


@pytest.mark.parametrize("columns", [[SEEDS], [GAINS], [SEEDS, GAINS], [GAINS, SEEDS], [SEEDS[:1]]])
def test_rows_are_told_apart_bit_by_bit_as_numpy_does(columns):
    rows, which = different(columns)
    wanted, place = np.unique(np.stack([c.view(np.int64) for c in columns]), axis=1, return_inverse=True)
    np.testing.assert_array_equal(np.stack([row.view(np.int64) for row in rows]), wanted)
    np.testing.assert_array_equal(which, place.reshape(-1))
    assert [row.dtype for row in rows] == [column.dtype for column in columns]


def test_no_cell_has_no_setting():
    rows, which = different([SEEDS[:0], GAINS[:0]])
    assert [len(row) for row in rows] == [0, 0]
    assert len(which) == 0
