"""The loop that multiplies up a run's Jacobians and takes the singular values of the product.

Each step's tangents are orthonormalised, J Q = Q' R, and the triangles are multiplied up with a power of two
for each row; the singular values of the graded product follow from one-sided Jacobi rotations, the smallest
as accurately as the largest. Source: J. Demmel & K. Veselic, SIAM J. Matrix Anal. Appl. 13 (1992) 1204,
doi:10.1137/0613074.
"""

from sim.jacobians.product import finish, tangents
from sim.observable import Facts, Loop


def log_singular_values(form: object, facts: Facts, name: str) -> Loop:
    """The loop over the steps of a run, for the observable of this name; its rows are the logs, largest
    first.
    """
    made = tangents(form, name)
    n, size, at, lanes = made.n, made.size, made.at, made.lanes
    layout = getattr(made.module, "layout", made.module)
    r, p, e = (layout.allocate(count * lanes) for count in (n * n, n * n, n))

    def body(arguments: str, select: str, blocks: str) -> str:
        return f"""def products({arguments}, out, blocks, whole, steps, n, work):
    rows = np.empty((n, n))
    powers = np.empty(n)
    result = np.empty(n)
    for block in range(blocks):
        c = {select}
        load_start(start, block, work)
        identity(work, {at}, n, {size}, LANES)
        begin_triangle(work, {p}, {e}, n, LANES)
        for t in range(steps):
            load_input(inputs, {blocks}, block, t, work)
            push(c, work)
            step(c, work)
            orthonormalise(work, {at}, n, {size}, {r}, LANES)
            multiply_triangle(work, {p}, {e}, {r}, n, LANES)
        # once more without a step: what the last Gram-Schmidt left wanting goes into the triangle
        orthonormalise(work, {at}, n, {size}, {r}, LANES)
        multiply_triangle(work, {p}, {e}, {r}, n, LANES)
        for lane in range(LANES):
            log_singular_values(work, {p}, {e}, n, LANES, lane, rows, powers, result)
            for i in range(n):
                out[i * whole + block * LANES + lane] = result[i]
"""

    source, evaluate, scratch = finish(form, made, body, layout.work + 64, n)
    return Loop(source, evaluate, facts.steps * (3.5 * n**3 + 60.0), 24 * n * n, scratch)
