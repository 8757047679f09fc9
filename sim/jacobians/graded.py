"""Products of Jacobians over thousands of steps: on lanes, in log space, without overflow or underflow.

Arrays lie in the block's scratch array as [vector][unit][lane]; a vector's units are padded to `size /
lanes`. What is done to a lane depends on that lane alone (frozen by `select`, scaled by powers of two), so
that a cell's bits do not depend on its neighbours.
"""

import math

from sim.elementary import ROUND
from sim.lanes import any_lane, bits, fma, load, select, splat, sqrt, store, unbits
from sim.machine.jit import jit

LN2 = 0.6931471805599453
_FAR = 2.0**200
_PATIENCE = 20


@jit
def exponent(x):
    """floor(log2 |x|) of positive normal numbers, as floats; 0 for zero, infinities and NaN."""
    plain = (x > 2.3e-308) & (x < 1.7e308)
    return select(plain, unbits(((bits(x) >> 52) - 1023) + 0x4338000000000000) - ROUND, 0.0)


@jit
def power(k):
    """2.0**k for whole floats, 0 below -1022 (what is that much smaller does not count), at most 2**1023."""
    low = select(k < -1022.0, -1022.0, select(k > 1023.0, 1023.0, k))
    return select(k < -1022.0, 0.0, unbits((bits(low + ROUND) + 1023) << 52))


@jit
def identity(work, at, n, size, lanes):
    """The unit vectors."""
    for k in range(n):
        for i in range(n):
            store(work, at + k * size + i * lanes, splat(1.0 if i == k else 0.0, lanes))


@jit
def rescale(work, at, n, size, log2, lanes):
    """Lanes whose largest entry is far from 1 are divided by a power of two, which is added to `log2`."""
    top = splat(0.0, lanes)
    for k in range(n):
        for i in range(n):
            v = abs(load(work, at + k * size + i * lanes, lanes))
            top = select(v > top, v, top)
    far = (top > _FAR) | ((top < 1.0 / _FAR) & (top > 0.0))
    if any_lane(far):
        e = select(far, exponent(top), 0.0)
        store(work, log2, load(work, log2, lanes) + e)
        factor = power(-e)
        for k in range(n):
            for i in range(n):
                o = at + k * size + i * lanes
                store(work, o, load(work, o, lanes) * factor)


@jit
def spectral_norm(work, at, n, size, x, y, z, lanes):
    """The largest singular value of the matrix with these columns.

    Power iteration from the vector kept at `x` (the last singular vector and a little of everything), until
    nothing changes. Where the squares of all other values together are below half of what is found, that is
    the largest, and each change was at least three times what is still missing. Else Lanczos finds it. `y`
    and `z` are scratch of n and 4 n + 8 bundles.
    """
    length = splat(0.0, lanes)
    for k in range(n):
        v = load(work, x + k * lanes, lanes)
        length = fma(v, v, length)
    inverse = select(length > 0.0, 1.0 / sqrt(length), 0.0)
    squares = splat(0.0, lanes)  # of all singular values together
    for k in range(n):
        generic = 1e-3 / (1.0 + k) * (1.0 if k % 2 == 0 else -0.7)
        store(work, x + k * lanes, fma(load(work, x + k * lanes, lanes), inverse, generic))
        for i in range(n):
            v = load(work, at + k * size + i * lanes, lanes)
            squares = fma(v, v, squares)
    sigma = splat(0.0, lanes)
    done = sigma > 0.0
    for _ in range(_PATIENCE):
        length = splat(0.0, lanes)
        for k in range(n):
            v = load(work, x + k * lanes, lanes)
            length = fma(v, v, length)
        for i in range(n):
            s = splat(0.0, lanes)
            for k in range(n):
                s = fma(load(work, at + k * size + i * lanes, lanes), load(work, x + k * lanes, lanes), s)
            store(work, y + i * lanes, s)
        image = splat(0.0, lanes)
        for i in range(n):
            v = load(work, y + i * lanes, lanes)
            image = fma(v, v, image)
        new = sqrt(image / length)
        near = ~(abs(new - sigma) > new * 5e-16)
        sigma = select(done, sigma, new)
        inverse = select(image > 0.0, 1.0 / image, 0.0)
        done = done | near
        if not any_lane(~done):
            break
        for k in range(n):
            s = splat(0.0, lanes)
            for i in range(n):
                s = fma(load(work, at + k * size + i * lanes, lanes), load(work, y + i * lanes, lanes), s)
            old = load(work, x + k * lanes, lanes)
            store(work, x + k * lanes, select(done, old, s * inverse))
    certain = done & ~(squares > 1.5 * sigma * sigma)
    if any_lane(~certain):
        bidiagonalise(work, at, n, size, z, lanes)
        sigma = select(certain, sigma, sqrt(largest_eigenvalue(work, z + 2 * n * lanes, n + 4, lanes)))
    return sigma


@jit
def bidiagonalise(work, at, n, size, z, lanes):
    """n + 4 steps of Golub and Kahan's Lanczos process from a vector of everything, not orthogonalised again.

    Lost orthogonality repeats values that are found and spoils none. At `z`: the two vectors, then the
    diagonal and the one above it. Source: G. Golub & W. Kahan, SIAM J. Numer. Anal. B 2 (1965) 205.
    """
    v, u, a, b = z, z + n * lanes, z + 2 * n * lanes, z + (3 * n + 4) * lanes
    length = 0.0
    for k in range(n):
        length += (1.0 + 0.61 * (k % 3) - 0.37 * (k % 7)) ** 2
    for k in range(n):
        store(work, v + k * lanes, splat((1.0 + 0.61 * (k % 3) - 0.37 * (k % 7)) / length**0.5, lanes))
        store(work, u + k * lanes, splat(0.0, lanes))
    beta = splat(0.0, lanes)
    for j in range(n + 4):
        length = splat(0.0, lanes)
        for i in range(n):
            s = -beta * load(work, u + i * lanes, lanes)
            for k in range(n):
                s = fma(load(work, at + k * size + i * lanes, lanes), load(work, v + k * lanes, lanes), s)
            store(work, u + i * lanes, s)
            length = fma(s, s, length)
        alpha = sqrt(length)
        store(work, a + j * lanes, alpha)
        inverse = select(alpha > 0.0, 1.0 / alpha, 0.0)
        for i in range(n):
            store(work, u + i * lanes, load(work, u + i * lanes, lanes) * inverse)
        length = splat(0.0, lanes)
        for k in range(n):
            s = -alpha * load(work, v + k * lanes, lanes)
            for i in range(n):
                s = fma(load(work, at + k * size + i * lanes, lanes), load(work, u + i * lanes, lanes), s)
            store(work, v + k * lanes, s)
            length = fma(s, s, length)
        beta = sqrt(length)
        store(work, b + j * lanes, beta)
        inverse = select(beta > 0.0, 1.0 / beta, 0.0)
        for k in range(n):
            store(work, v + k * lanes, load(work, v + k * lanes, lanes) * inverse)


@jit
def largest_eigenvalue(work, a, m, lanes):
    """Of B^T B, where the bidiagonal B of m rows lies at `a` (diagonal, then above it), by Sturm's
    bisection.
    """
    b = a + m * lanes
    low = splat(0.0, lanes)
    high = splat(0.0, lanes)
    before = splat(0.0, lanes)  # |entry beside the diagonal| of B^T B
    for j in range(m):
        alpha = load(work, a + j * lanes, lanes)
        above = load(work, b + (j - 1) * lanes, lanes) if j > 0 else splat(0.0, lanes)
        own = fma(alpha, alpha, above * above)
        beside = alpha * load(work, b + j * lanes, lanes)
        low = select(own > low, own, low)
        reach = own + before + beside
        high = select(reach > high, reach, high)
        before = beside
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = middle < 0.0
        q = splat(1.0, lanes)
        before = splat(0.0, lanes)
        for j in range(m):
            alpha = load(work, a + j * lanes, lanes)
            above = load(work, b + (j - 1) * lanes, lanes) if j > 0 else splat(0.0, lanes)
            q = fma(alpha, alpha, above * above) - middle - before * before / q
            q = select(abs(q) > 1e-290, q, -1e-290)
            below = below | (q > 0.0)  # an eigenvalue lies above the middle
            before = alpha * load(work, b + j * lanes, lanes)
        low, high = select(below, middle, low), select(below, high, middle)
    return 0.5 * (low + high)


@jit
def orthonormalise(work, at, n, size, r, lanes):
    """Modified Gram-Schmidt in place; R (row j, column k) goes to `r`.

    A vector of which nothing but rounding is left depends on those before it: it is zero, and stays zero.
    """
    for k in range(n):
        before = splat(0.0, lanes)
        for i in range(n):
            v = abs(load(work, at + k * size + i * lanes, lanes))
            before = select(v > before, v, before)
        for j in range(k):
            s = splat(0.0, lanes)
            for i in range(n):
                s = fma(
                    load(work, at + j * size + i * lanes, lanes),
                    load(work, at + k * size + i * lanes, lanes),
                    s,
                )
            store(work, r + (j * n + k) * lanes, s)
            for i in range(n):
                o = at + k * size + i * lanes
                store(work, o, fma(-s, load(work, at + j * size + i * lanes, lanes), load(work, o, lanes)))
        s = splat(0.0, lanes)
        top = splat(0.0, lanes)
        for i in range(n):
            v = abs(load(work, at + k * size + i * lanes, lanes))
            top = select(v > top, v, top)
        vanished = top <= before * (n * 4.5e-16)
        scale = power(-exponent(top))
        for i in range(n):
            v = load(work, at + k * size + i * lanes, lanes) * scale
            s = fma(v, v, s)
        length = select(vanished, 0.0, sqrt(s))
        store(work, r + (k * n + k) * lanes, length / scale)
        inverse = select(length > 0.0, scale / length, 0.0)
        for i in range(n):
            o = at + k * size + i * lanes
            store(work, o, load(work, o, lanes) * inverse)


@jit
def begin_triangle(work, p, e, n, lanes):
    """The identity as a triangle whose rows have powers of two of their own."""
    for i in range(n):
        store(work, e + i * lanes, splat(0.0, lanes))
        for j in range(n):
            store(work, p + (i * n + j) * lanes, splat(1.0 if i == j else 0.0, lanes))


@jit
def multiply_triangle(work, p, e, r, n, lanes):
    """P becomes R P; row i of P is 2**e[i] times what is stored, so rows may differ by any number of
    decades.
    """
    for i in range(n):
        base = splat(-1e300, lanes)
        for m in range(i, n):
            own = load(work, e + m * lanes, lanes)
            base = select((abs(load(work, r + (i * n + m) * lanes, lanes)) > 0.0) & (own > base), own, base)
        for m in range(i, n):
            o = r + (i * n + m) * lanes
            store(work, o, load(work, o, lanes) * power(load(work, e + m * lanes, lanes) - base))
        top = splat(0.0, lanes)
        for j in range(i, n):
            s = splat(0.0, lanes)
            for m in range(i, j + 1):
                s = fma(
                    load(work, r + (i * n + m) * lanes, lanes), load(work, p + (m * n + j) * lanes, lanes), s
                )
            store(work, p + (i * n + j) * lanes, s)
            top = select(abs(s) > top, abs(s), top)
        shift = exponent(top)
        store(work, e + i * lanes, select(base > -1e299, base, 0.0) + shift)
        factor = power(-shift)
        for j in range(i, n):
            o = p + (i * n + j) * lanes
            store(work, o, load(work, o, lanes) * factor)


@jit
def log_singular_values(work, p, e, n, lanes, lane, rows, powers, result):
    """Natural logs of the singular values of one lane's graded triangle, largest first, by one-sided Jacobi
    rotations of its rows.

    Rows keep their own powers of two, so small values have the same relative accuracy as large ones. Source:
    J. Demmel & K. Veselic, SIAM J. Matrix Anal. Appl. 13 (1992) 1204, doi:10.1137/0613074.
    """
    for i in range(n):
        powers[i] = work[e + i * lanes + lane]
        for j in range(n):
            rows[i, j] = work[p + (i * n + j) * lanes + lane]
    for _ in range(60):
        rotated = False
        for i in range(n - 1):
            for j in range(i + 1, n):
                a, b = (i, j) if powers[i] >= powers[j] else (j, i)
                aa = bb = ab = 0.0
                for k in range(n):
                    aa += rows[a, k] * rows[a, k]
                    bb += rows[b, k] * rows[b, k]
                    ab += rows[a, k] * rows[b, k]
                if not abs(ab) > 1e-15 * math.sqrt(aa * bb):
                    continue
                rotated = True
                d = 2.0 ** max(powers[b] - powers[a], -1000.0)
                h = aa - d * d * bb
                root = math.sqrt(h * h + 4.0 * d * d * ab * ab)
                tau = 2.0 * ab / (h + root if h >= 0.0 else h - root)
                t = tau * d
                c = 1.0 / math.sqrt(1.0 + t * t)
                for k in range(n):
                    u, v = rows[a, k], rows[b, k]
                    rows[a, k] = c * (u + t * d * v)
                    rows[b, k] = c * (v - tau * u)
        for i in range(n):
            top = 0.0
            for k in range(n):
                top = max(top, abs(rows[i, k]))
            if 0.0 < top < math.inf:
                shift = math.floor(math.log2(top))
                for k in range(n):
                    rows[i, k] *= 2.0**-shift
                powers[i] += shift
        if not rotated:
            break
    for i in range(n):
        length = 0.0
        for k in range(n):
            length += rows[i, k] * rows[i, k]
        value = -math.inf if length == 0.0 else 0.5 * math.log(length) + powers[i] * LN2
        at = i  # insertion, the largest first: np.sort alone took a second to compile
        while at > 0 and not result[at - 1] >= value:
            result[at] = result[at - 1]
            at -= 1
        result[at] = value
