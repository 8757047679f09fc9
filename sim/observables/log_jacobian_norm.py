"""How far a small change of the start has grown: log of the spectral norm of the product of Jacobians, by
lag.

M[t] = J[t-1] ... J[0] = ds[t]/ds[0] is carried as n tangent vectors; lanes that grow or shrink far are
divided by powers of two, counted, so that 10^4 steps neither overflow nor underflow. -inf where the product
is exactly zero.
"""

import numpy as np

from sim.jacobians.product import finish, tangents
from sim.observable import Coordinate, Declared, Facts, Loop, NoKeywords, Whole


def declare(facts: Facts) -> Declared:
    """One number for each lag from 0 to steps."""
    return Declared(
        (Coordinate("lag", np.arange(facts.steps + 1), "lag", "step"),),
        "log of the Jacobian's norm",
        "1",
        "natural log of the largest singular value of ds[lag]/ds[0]",
        "R. Pascanu, T. Mikolov & Y. Bengio, ICML 2013, arXiv:1211.5063, eq. (5)",
        infinite=True,
    )


def plan(form: object, k: NoKeywords, facts: Facts) -> Loop:
    """The loop over the steps of a run."""
    made = tangents(form, "log_jacobian_norm")
    n, size, at, lanes = made.n, made.size, made.at, made.lanes
    layout = getattr(made.module, "layout", made.module)
    log2, x, y, z = (layout.allocate(count * lanes) for count in (1, n, n, 4 * n + 8))

    def body(arguments: str, select: str, blocks: str) -> str:
        return f"""def products({arguments}, out, blocks, whole, steps, n, work):
    for block in range(blocks):
        c = {select}
        load_start(start, block, work)
        identity(work, {at}, n, {size}, LANES)
        store(work, {log2}, splat(0.0, LANES))
        for k in range(n):
            store(work, {x} + k * LANES, splat(0.0, LANES))
        store(out, block * LANES, splat(0.0, LANES))
        for t in range(steps):
            load_input(inputs, {blocks}, block, t, work)
            push(c, work)
            step(c, work)
            rescale(work, {at}, n, {size}, {log2}, LANES)
            sigma = spectral_norm(work, {at}, n, {size}, {x}, {y}, {z}, LANES)
            grown = fma(load(work, {log2}, LANES), 0.6931471805599453, log(sigma))
            store(out, (t + 1) * whole + block * LANES, grown)
"""

    source, evaluate, scratch = finish(form, made, body, layout.work + 64, facts.steps + 1)
    return Loop(source, evaluate, facts.steps * (2.0 * n**3 + 40.0 * n**2 + 40.0), 8 * n * n, scratch)


observable = Whole(declare, plan)
