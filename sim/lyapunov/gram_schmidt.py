"""Many tangents of many cells made orthonormal: modified Gram-Schmidt on lanes, two columns at a time.

Tangents lie as [tangent][row][lane]; eight lanes are worked on at once, so that what is carried stays in
registers. Two columns that are done take their parts out of two that are not: four sums a pass over the
rows, one store for two multiply-adds. The functions are copied into generated modules.
"""

import inspect
from typing import Any

import numba

from sim.graded import exponent, power
from sim.lanes import any_lane, fma, load, select, splat, sqrt, store

LANES, ROWS, SIZE, TANGENTS = 8, 1, 8, 1  # those of the module that the functions are copied into
jit = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


@jit
def measure(work: Any, at: Any, squares: Any, powers: Any) -> None:
    """The squared length of each tangent of eight lanes to `squares`; those far from 1 are scaled first, by a
    power of two that is added to `powers`.
    """
    for k in range(TANGENTS):
        v = at + k * SIZE
        total = splat(0.0, 8)
        for i in range(ROWS):
            o = v + i * LANES
            x = load(work, o, 8)
            total = fma(x, x, total)
        if any_lane(~((total > 1e-200) & (total < 1e200))):
            top = splat(0.0, 8)
            for i in range(ROWS):
                o = v + i * LANES
                x = abs(load(work, o, 8))
                top = select(x > top, x, top)
            shift = select((total > 1e-200) & (total < 1e200), 0.0, exponent(top))
            factor = power(-shift)
            total = splat(0.0, 8)
            for i in range(ROWS):
                o = v + i * LANES
                x = load(work, o, 8) * factor
                store(work, o, x)
                total = fma(x, x, total)
            store(work, powers + k * LANES, load(work, powers + k * LANES, 8) + shift)
        store(work, squares + k * 8, total)


@jit
def unit(work: Any, v: Any, before: Any, grown: Any, powers: Any) -> None:
    """A tangent divided by its length, by which `grown` is multiplied.

    One of which nothing but rounding is left depends on those before it: it is zero, and stays zero.
    """
    total = splat(0.0, 8)
    for i in range(ROWS):
        o = v + i * LANES
        x = load(work, o, 8)
        total = fma(x, x, total)
    share = ROWS * 4.5e-16
    length = select(total <= load(work, before, 8) * (share * share), 0.0, sqrt(total))
    inverse = select(length > 0.0, 1.0 / length, length)
    for i in range(ROWS):
        o = v + i * LANES
        store(work, o, load(work, o, 8) * inverse)
    product = load(work, grown, 8) * length
    if any_lane(~((product > 1e-100) & (product < 1e100))):
        shift = exponent(product)
        store(work, powers, load(work, powers, 8) + shift)
        product = product * power(-shift)
    store(work, grown, product)


@jit
def project_one(work: Any, a: Any, c: Any) -> None:
    """What c has along a is taken out of it."""
    ac = splat(0.0, 8)
    for i in range(ROWS):
        o = i * LANES
        ac = fma(load(work, a + o, 8), load(work, c + o, 8), ac)
    for i in range(ROWS):
        o = i * LANES
        store(work, c + o, fma(-ac, load(work, a + o, 8), load(work, c + o, 8)))


@jit
def project_on_two(work: Any, a: Any, b: Any, c: Any) -> None:
    """What c has along a and b."""
    ac = splat(0.0, 8)
    bc = splat(0.0, 8)
    for i in range(ROWS):
        o = i * LANES
        z = load(work, c + o, 8)
        ac = fma(load(work, a + o, 8), z, ac)
        bc = fma(load(work, b + o, 8), z, bc)
    for i in range(ROWS):
        o = i * LANES
        z = fma(-ac, load(work, a + o, 8), load(work, c + o, 8))
        store(work, c + o, fma(-bc, load(work, b + o, 8), z))


@jit
def project_two(work: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    """What c and d have along a and b."""
    ac = splat(0.0, 8)
    bc = splat(0.0, 8)
    ad = splat(0.0, 8)
    bd = splat(0.0, 8)
    for i in range(ROWS):
        o = i * LANES
        x = load(work, a + o, 8)
        y = load(work, b + o, 8)
        z = load(work, c + o, 8)
        w = load(work, d + o, 8)
        ac = fma(x, z, ac)
        bc = fma(y, z, bc)
        ad = fma(x, w, ad)
        bd = fma(y, w, bd)
    for i in range(ROWS):
        o = i * LANES
        x = load(work, a + o, 8)
        y = load(work, b + o, 8)
        z = fma(-bc, y, fma(-ac, x, load(work, c + o, 8)))
        w = fma(-bd, y, fma(-ad, x, load(work, d + o, 8)))
        store(work, c + o, z)
        store(work, d + o, w)


@jit
def orthonormalise_pairs(work: Any, first: Any, squares: Any, grown: Any, powers: Any) -> None:
    """All tangents of a block; lengths multiply up in `grown` and, as powers of two, add up in `powers`."""
    for lane in range(0, LANES, 8):
        at = first + lane
        measure(work, at, squares, powers + lane)
        for k in range(0, TANGENTS - 1, 2):
            a = at + k * SIZE
            b = a + SIZE
            g = grown + k * LANES + lane
            p = powers + k * LANES + lane
            unit(work, a, squares + k * 8, g, p)
            project_one(work, a, b)
            unit(work, b, squares + k * 8 + 8, g + LANES, p + LANES)
            for later in range(k + 2, TANGENTS - 1, 2):
                c = at + later * SIZE
                project_two(work, a, b, c, c + SIZE)
            if TANGENTS % 2 == 1:
                project_on_two(work, a, b, at + (TANGENTS - 1) * SIZE)
        if TANGENTS % 2 == 1:
            k = TANGENTS - 1
            unit(work, at + k * SIZE, squares + k * 8, grown + k * LANES + lane, powers + k * LANES + lane)


@jit
def scale_one(work: Any, first: Any, squares: Any, grown: Any, powers: Any) -> None:
    """One tangent alone, of all lanes."""
    for lane in range(0, LANES, 8):
        measure(work, first + lane, squares, powers + lane)
        unit(work, first + lane, squares, grown + lane, powers + lane)


ALONE = (measure, unit, scale_one)
PARTS = (measure, unit, project_one, project_on_two, project_two, orthonormalise_pairs)


def source(tangents: int) -> str:
    """The functions as text, without what Numba has no use for; the last one takes `tangents` of them."""
    parts = ALONE if tangents == 1 else PARTS
    text = "".join(f"\n\n{inspect.getsource(getattr(part, 'py_func', part))}" for part in parts)
    return text.replace(": Any", "").replace(" -> None", "")
