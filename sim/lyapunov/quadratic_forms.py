"""One pass over batches for each model of their correlation: 1^T C^-1 x and x^T C^-1 x of every column x; and
one for the sums of its squares and cubes.

In NumPy the passes took two thirds of the time of a logistic map's exponents: 21 ms of 32 for 4096 cells and
64 batches, twelve models, seven operations on rows; on lanes they take 1. Products and sums stay apart, so
that NumPy's rows, in the same order, have the same bits (the test).
"""

from typing import Any

import numpy as np

from sim.cells import aligned
from sim.compile import BARE_TAIL, kernel

WIDTH = 16
_SOURCE = (
    f'''"""Quadratic forms of batches."""
import numba
from sim.lanes import align_stack, load, splat, store

WIDTH = {WIDTH}
'''
    + BARE_TAIL.format(kinds="_F, _F, _F, _F, _F, _F, _F, _I, _I, _I")
    + """def forms(rows, below, inverse, ones, along, squares, sums, models, batches, cells):
    align_stack()
    for at in range(0, cells, WIDTH):
        for model in range(models):
            rest = splat(0.0, WIDTH)
            first = splat(0.0, WIDTH)
            second = splat(0.0, WIDTH)
            for i in range(batches):
                k = model * batches + i
                rest = rest * -below[k]
                rest = rest + load(rows, i * cells + at, WIDTH)
                first = first + rest * ones[k]
                second = second + rest * rest * inverse[k]
            store(along, model * cells + at, first)
            store(squares, model * cells + at, second)
        two = splat(0.0, WIDTH)
        three = splat(0.0, WIDTH)
        for i in range(batches):
            one = load(rows, i * cells + at, WIDTH)
            square = one * one
            two = two + square
            three = three + square * one
        store(sums, at, two)
        store(sums, cells + at, three)
"""
)


def forms(
    rows: np.ndarray, mean: np.ndarray, below: Any, inverse: Any, ones: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """1^T C^-1 x and x^T C^-1 x, each (models, columns), of the columns x of `rows` (batches, columns), less
    their `mean` (columns,); and the sums of their squares and of their cubes, (2, columns).

    `below` holds the factor L of C = L D L^T beside its diagonal, `inverse` 1 / D, `ones` L^-1 1 / D, each
    (models, batches).
    """
    batches, columns = rows.shape
    models = len(below)
    cells = -(-columns // WIDTH) * WIDTH
    padded = aligned(batches * cells)
    centred = padded.reshape(batches, cells)
    np.subtract(rows, mean, out=centred[:, :columns])
    centred[:, columns:] = 0.0
    along, squares, sums = aligned(models * cells), aligned(models * cells), aligned(2 * cells)
    flat = (np.ascontiguousarray(values, dtype=np.float64).ravel() for values in (below, inverse, ones))
    kernel(_SOURCE)(padded, *flat, along, squares, sums, models, batches, cells)
    along, squares, sums = (values.reshape(-1, cells)[:, :columns] for values in (along, squares, sums))
    return along, squares, sums
