"""The loop that runs to the last state, takes the Jacobian of one step there, and its eigenvalues.

The Jacobian dF/ds comes from the same tangents as products of Jacobians do, cell by cell in lanes; its
eigenvalues from LAPACK, one matrix after another under one thread, so that a cell's bits do not depend on
its neighbours.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.jacobians.product import finish, tangents
from sim.linear.spectra import by_modulus
from sim.machine.one_thread import one_thread
from sim.observable import Facts, Loop


def eigenvalues_at_the_end(
    form: Any, facts: Facts, name: str, kept: Callable[[np.ndarray], np.ndarray], rows: int
) -> Loop:
    """The loop for the observable of this name, which stores what `kept` makes of eigenvalues (cells, n).

    They stand by modulus, the largest first; of equals the larger real part, then the larger imaginary
    one. The input is that of the last step. NaN where the Jacobian is not finite. `kept` gives (cells,
    rows).
    """
    made = tangents(form, name)
    n, size, at = made.n, made.size, made.at
    layout = getattr(made.module, "layout", made.module)

    def body(arguments: str, select: str, blocks: str) -> str:
        return f"""def products({arguments}, out, blocks, whole, steps, n, work):
    for block in range(blocks):
        c = {select}
        load_start(start, block, work)
        for t in range(steps):
            load_input(inputs, {blocks}, block, t, work)
            step(c, work)
        identity(work, {at}, n, {size}, LANES)
        load_input(inputs, {blocks}, block, steps - 1, work)
        push(c, work)
        for k in range(n):
            for i in range(n):
                row = (i * n + k) * whole + block * LANES
                for lane in range(LANES):
                    out[row + lane] = work[{at} + k * {size} + i * LANES + lane]
"""

    source, jacobians, scratch = finish(form, made, body, layout.work + 64, n * n)

    def evaluate(tile: Any) -> np.ndarray:
        J = np.moveaxis(jacobians(tile).reshape(n, n, -1), -1, 0)
        sound = np.isfinite(J).all(axis=(1, 2))
        with one_thread():
            found = np.linalg.eigvals(np.where(sound[:, None, None], J, 0.0)).astype(np.complex128)
        found = np.take_along_axis(found, by_modulus(found), axis=-1)
        return np.where(sound, kept(found).reshape(-1, rows).T, np.nan)

    operations = facts.steps * (2.0 * n * n + 30.0 * n) + 100.0 * n**3
    return Loop(source, evaluate, operations, 24 * n * n + 16 * n, scratch)


__all__ = ["eigenvalues_at_the_end"]
