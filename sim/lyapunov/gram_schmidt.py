"""Many tangents of many cells made orthogonal: modified Gram-Schmidt on lanes, two columns at a time.

Tangents lie as [tangent][row][lane]; eight lanes are worked on at once, so that what is carried stays in
registers. Two columns that are done take their parts out of two that are not: four sums a pass over the
rows, one store for two multiply-adds. Their lengths are left as they are, but for powers of two where they
come far from 1: a root, a pass over the rows and a product of lengths less for every column and step, and
how far a column has grown is its length at the end. The functions are copied into generated modules.
"""

import inspect
from typing import Any

from sim.jacobians.graded import exponent, power
from sim.lanes import any_lane, fma, load, select, splat, store
from sim.machine.jit import jit

LANES, ROWS, SIZE, TANGENTS = 8, 1, 8, 1  # those of the module that the functions are copied into


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
        if any_lane(~((total > 1e-100) & (total < 1e100))):
            top = splat(0.0, 8)
            for i in range(ROWS):
                o = v + i * LANES
                x = abs(load(work, o, 8))
                top = select(x > top, x, top)
            shift = select((total > 1e-100) & (total < 1e100), 0.0, exponent(top))
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
def invert(work: Any, v: Any, before: Any, inverse: Any, after: Any) -> None:
    """The squared length of a column that is done, to `after`, and one over it.

    One of which nothing but rounding is left depends on those before it: it is zero, and stays zero.
    """
    even = splat(0.0, 8)
    odd = splat(0.0, 8)
    for i in range(0, ROWS - 1, 2):
        o = v + i * LANES
        x = load(work, o, 8)
        y = load(work, o + LANES, 8)
        even = fma(x, x, even)
        odd = fma(y, y, odd)
    if ROWS % 2 == 1:
        x = load(work, v + (ROWS - 1) * LANES, 8)
        even = fma(x, x, even)
    total = even + odd
    share = ROWS * 4.5e-16
    gone = total <= load(work, before, 8) * (share * share)
    if any_lane(gone):
        for i in range(ROWS):
            o = v + i * LANES
            store(work, o, select(gone, 0.0, load(work, o, 8)))
        total = select(gone, 0.0, total)
    store(work, after, total)
    store(work, inverse, select(gone, 0.0, 1.0 / total))


@jit
def project_one(work: Any, a: Any, c: Any, inverse: Any) -> None:
    """What c has along a is taken out of it."""
    ac = splat(0.0, 8)
    for i in range(ROWS):
        o = i * LANES
        ac = fma(load(work, a + o, 8), load(work, c + o, 8), ac)
    ac = ac * load(work, inverse, 8)
    for i in range(ROWS):
        o = i * LANES
        store(work, c + o, fma(-ac, load(work, a + o, 8), load(work, c + o, 8)))


@jit
def project_on_two(work: Any, a: Any, b: Any, c: Any, inverse: Any) -> None:
    """What c has along a and b."""
    ac = splat(0.0, 8)
    bc = splat(0.0, 8)
    for i in range(ROWS):
        o = i * LANES
        z = load(work, c + o, 8)
        ac = fma(load(work, a + o, 8), z, ac)
        bc = fma(load(work, b + o, 8), z, bc)
    ac = ac * load(work, inverse, 8)
    bc = bc * load(work, inverse + 8, 8)
    for i in range(ROWS):
        o = i * LANES
        z = fma(-ac, load(work, a + o, 8), load(work, c + o, 8))
        store(work, c + o, fma(-bc, load(work, b + o, 8), z))


@jit
def project_two(work: Any, a: Any, b: Any, c: Any, d: Any, inverse: Any) -> None:
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
    first = load(work, inverse, 8)
    second = load(work, inverse + 8, 8)
    ac = ac * first
    bc = bc * second
    ad = ad * first
    bd = bd * second
    for i in range(ROWS):
        o = i * LANES
        x = load(work, a + o, 8)
        y = load(work, b + o, 8)
        z = fma(-bc, y, fma(-ac, x, load(work, c + o, 8)))
        w = fma(-bd, y, fma(-ad, x, load(work, d + o, 8)))
        store(work, c + o, z)
        store(work, d + o, w)


@jit
def orthogonalise_pairs(work: Any, first: Any, squares: Any, inverses: Any, after: Any, powers: Any) -> None:
    """All tangents of a block; their squared lengths to `after`, powers of two add up in `powers`."""
    for lane in range(0, LANES, 8):
        at = first + lane
        measure(work, at, squares, powers + lane)
        for k in range(0, TANGENTS - 1, 2):  # the next pair finished before the others are met: no faster
            a = at + k * SIZE
            b = a + SIZE
            done = after + k * LANES + lane
            inverse = inverses + k * 8
            invert(work, a, squares + k * 8, inverse, done)
            project_one(work, a, b, inverse)
            invert(work, b, squares + k * 8 + 8, inverse + 8, done + LANES)
            for later in range(k + 2, TANGENTS - 1, 2):
                c = at + later * SIZE
                project_two(work, a, b, c, c + SIZE, inverse)
            if TANGENTS % 2 == 1:
                project_on_two(work, a, b, at + (TANGENTS - 1) * SIZE, inverse)
        if TANGENTS % 2 == 1:
            k = TANGENTS - 1
            invert(work, at + k * SIZE, squares + k * 8, inverses + k * 8, after + k * LANES + lane)


@jit
def scale_one(work: Any, first: Any, squares: Any, inverses: Any, after: Any, powers: Any) -> None:
    """One tangent alone, of all lanes."""
    for lane in range(0, LANES, 8):
        measure(work, first + lane, squares, powers + lane)
        store(work, after + lane, load(work, squares, 8))


@jit
def revive(work: Any, at: Any, after: Any, frame: Any) -> None:
    """Tangents whose squared length in `after` is zero begin anew with their rows of `frame`, orthogonal to
    the others; lanes where none is zero keep every bit.
    """
    for lane in range(0, LANES, 8):
        for k in range(TANGENTS):
            done = after + k * LANES + lane
            dead = load(work, done, 8) <= 0.0
            if any_lane(dead):
                v = at + k * SIZE + lane
                for i in range(ROWS):
                    o = v + i * LANES
                    store(work, o, select(dead, splat(frame[k * ROWS + i], 8), load(work, o, 8)))
                for j in range(2 * TANGENTS):  # twice: the first leaves what cancels
                    other = j % TANGENTS
                    square = load(work, after + other * LANES + lane, 8)
                    own = dead & (square > 0.0)
                    a = at + other * SIZE + lane
                    c = splat(0.0, 8)
                    for i in range(ROWS):
                        o = i * LANES
                        c = fma(load(work, a + o, 8), load(work, v + o, 8), c)
                    c = select(own, c / square, 0.0)
                    for i in range(ROWS):
                        o = i * LANES
                        x = load(work, v + o, 8)
                        store(work, v + o, select(own, fma(-c, load(work, a + o, 8), x), x))
                total = splat(0.0, 8)
                for i in range(ROWS):
                    x = load(work, v + i * LANES, 8)
                    total = fma(x, x, total)
                store(work, done, select(dead, total, load(work, done, 8)))


ALONE = (measure, scale_one, revive)
PARTS = (measure, invert, project_one, project_on_two, project_two, orthogonalise_pairs, revive)


def source(tangents: int) -> str:
    """The functions as text, without what Numba has no use for, those that `tangents` of them need."""
    parts = ALONE if tangents == 1 else PARTS
    text = "".join(f"\n\n{inspect.getsource(getattr(part, 'py_func', part))}" for part in parts)
    return text.replace(": Any", "").replace(" -> None", "")
