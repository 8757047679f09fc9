"""Elementary functions on bundles of lanes, branch-free, with their stated errors.

Maximum error in units in the last place against extended precision (3 million points in each of several
ranges; `tests/sim/test_elementary.py` measures again): tanh 2.9, exp 1.1, expm1 1.3 (on x <= 0), sigmoid 2.7,
log 1, log1p 1.4, softplus 2, sin and cos 2.5 for |x| <= 1e5. NaN, infinities and signed zeros give what IEEE
asks for. Each operation is the same in every lane and for every width, so a cell's value does not depend on
its neighbours. The polynomials are minimax fits on the reduced range.

The one-constant range reduction of tanh is exact enough only because `fma` rounds once. Interpreted, where
`fma` rounds twice, tanh errs by up to 4.3 units and 4.7e-16; exp, expm1, sigmoid and log have ln 2 in two
parts, a short one whose products are exact, and are as good as compiled.
"""

from sim.lanes import bits, fma, select, unbits
from sim.machine.jit import jit
from sim.machine.quotients import quotient

LOG2E = 1.4426950408889634
LN2_HIGH = 0.6931471805599453
# ln 2 with 21 trailing zero bits, and the rest: k * LN2_SHORT is exact, with or without a fused multiply-add
LN2_SHORT = 0.693147180369123816490
LN2_REST = 1.90821492927058770002e-10
# 1.5 * 2**52: adding and subtracting rounds to the nearest integer, left in the low bits
ROUND = 6755399441055744.0
ROUND_BIASED = ROUND + 1023.0  # the same, with the low bits those of the exponent of 2**k


@jit
def _expm1_reduced(r):
    """expm1 on |r| <= ln(2)/2; Horner, because Estrin's form costs half an ulp in exp."""
    p = fma(r, 2.511455307886693e-08, 2.762634907450462e-07)
    p = fma(p, r, 2.755722755756419e-06)
    p = fma(p, r, 2.480150441513748e-05)
    p = fma(p, r, 0.0001984126990367175)
    p = fma(p, r, 0.0013888888932371624)
    p = fma(p, r, 0.008333333333314184)
    p = fma(p, r, 0.04166666666657382)
    p = fma(p, r, 0.16666666666666688)
    p = fma(p, r, 0.5000000000000006)
    return fma(p * r, r, r)  # r * r would underflow


@jit
def _power_of_two(k):
    """2**k for integer lanes with -1022 <= k <= 1023; the low bits of a rounded float serve as k."""
    return unbits((k + 1023) << 52)


@jit
def _tanh_reduced(u):
    """Two numbers whose quotient is tanh(u) on |u| <= ln(2)/4: 4 coefficients miss it by 5.7e-18 of it.

    A power that underflows costs as much as the whole function, and activity that dies out goes through all
    of them: the square stays above 1e-300, which cannot be seen beside the constants that it is added to.
    """
    z = fma(u, u, 1e-300)
    a = fma(z * fma(z, 0.0010574202394284017, 0.11109939039911912), u, u)
    b = fma(fma(z, 0.0158683281521023, 0.44443272373244674), z, 1.0)
    return a, b


@jit
def tanh(x):
    """Hyperbolic tangent; absolute error below 2.8e-16 (compiled), odd to the last bit, never beyond 1.

    x = k ln(2)/2 + u, s = 2**k and tanh(u) = a/b give ((s - 1) b + (s + 1) a) / ((s + 1) b + (s - 1) a): 18
    operations and a division, where T / (1 + T) with a polynomial for T = expm1(-2|x|) / 2 has 22, two of
    them to take the sign off and put it back. Of two products the smaller is rounded before they are added,
    which spares a unit of the error.
    """
    z = select(x > 20.0, 20.0, x)
    z = select(z < -20.0, -20.0, z)
    k = fma(z, 2.0 * LOG2E, ROUND_BIASED)
    s = unbits(bits(k) << 52)
    u = fma(k - ROUND_BIASED, -LN2_HIGH / 2.0, z)
    a, b = _tanh_reduced(u)
    less, more = 1.0 - s, s + 1.0
    return quotient(fma(-less, b, more * a), fma(more, b, -less * a))


@jit
def exp(x):
    """Exponential; subnormal results and overflow to infinity are right."""
    z = select(x > 709.79, 709.79, x)
    z = select(z < -745.2, -745.2, z)
    k = fma(z, LOG2E, ROUND)
    n = (bits(k) << 12) >> 12
    k = k - ROUND
    r = fma(k, -LN2_REST, fma(k, -LN2_SHORT, z))
    m = _expm1_reduced(r)
    half = n >> 1  # the scale in two factors, so that subnormals and the last binade come out right
    s = _power_of_two(half)
    return fma(s, m, s) * _power_of_two(n - half)


@jit
def sigmoid(x):
    """1 / (1 + exp(-x)), clamped at |x| = 708 where the distance to 0 or 1 is below 1e-307.

    With exp(-x) = s exp(-2 u) and tanh(u) = a/b it is (b + a) / (b + a + s (b - a)).
    """
    z = select(x > 708.0, 708.0, x)
    z = select(z < -708.0, -708.0, z)
    k = fma(z, -LOG2E, ROUND_BIASED)
    s = unbits(bits(k) << 52)
    k = k - ROUND_BIASED
    u = fma(k, LN2_REST / 2.0, fma(k, LN2_SHORT / 2.0, 0.5 * z))
    a, b = _tanh_reduced(u)
    more = b + a
    return quotient(more, fma(s, b - a, more))


@jit
def expm1(x):
    """exp(x) - 1 without cancellation; for large x the same as exp(x) - 1."""
    z = select(x > 700.0, 0.0, x)
    z = select(z < -40.0, -40.0, z)
    k = fma(z, LOG2E, ROUND_BIASED)
    s = unbits(bits(k) << 52)
    k = k - ROUND_BIASED
    r = fma(k, -LN2_REST, fma(k, -LN2_SHORT, z))
    y = select(x > 700.0, exp(x), fma(s, _expm1_reduced(r), s - 1.0))
    return select(abs(x) > 0.0, y, x)  # -0 is kept


@jit
def log(x):
    """Natural logarithm; -inf at 0, NaN below."""
    tiny = x < 2.2250738585072014e-308
    y = select(tiny, x * 18014398509481984.0, x)  # 2**54 lifts subnormals
    b = bits(y)
    # exponent so that the mantissa lies in [sqrt(1/2), sqrt(2))
    e = (b - 0x3FE6A09E667F3BCD) >> 52
    m = unbits(b - (e << 52))
    k = unbits(e + 0x4338000000000000) - ROUND
    k = select(tiny, k - 54.0, k)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    p = fma(z, 1.479819860511658591e-01, 1.531383769920937332e-01)
    p = fma(p, z, 1.818357216161805012e-01)
    p = fma(p, z, 2.222219843214978396e-01)
    p = fma(p, z, 2.857142874366239149e-01)
    p = fma(p, z, 3.999999999940941908e-01)
    p = fma(p, z, 6.666666666666735130e-01)
    r = p * z
    h = f * f * 0.5
    # log(1+f) = f - (h - s*(h + r)), with k*ln2 added from its short and long parts
    y = fma(k, LN2_SHORT, f - (h - fma(s, h + r, k * LN2_REST)))
    y = select(x > 0.0, y, select(x < 0.0, unbits(bits(x) | 0x7FF8000000000000), -1.0 / abs(x)))
    return select(abs(x) < 1.7976931348623157e308, y, select(x > 0.0, x, select(x < 0.0, y, x + x)))


@jit
def log1p(x):
    """log(1 + x), exact to the last places also for small x (the rounding of 1 + x is put back)."""
    u = x + 1.0
    rest = x - (u - 1.0)
    y = select(u > 0.0, log(u) + rest / u, log(u))
    y = select(abs(x) > 0.0, y, x)  # -0 is kept
    return select(abs(x) < 1.7976931348623157e308, y, select(x > 0.0, x, x - x))


@jit
def softplus(x):
    """log(1 + exp(x)) without overflow: max(x, 0) + log1p(exp(-|x|))."""
    return select(x > 0.0, x, 0.0) + log1p(exp(-abs(x)))


@jit
def _quadrant(x):
    """x - k * pi/2 on |r| <= pi/4 and k, by three parts of pi/2 (Cody and Waite 1980); good for |x| <=
    1e5.
    """
    k = fma(x, 0.6366197723675814, ROUND)
    n = bits(k)
    k = k - ROUND
    r = fma(k, -1.5707963267341256, x)
    r = fma(k, -6.0771005063039660e-11, r)
    return fma(k, -2.0222662487959506e-21, r), n


@jit
def _sin_reduced(r):
    z = r * r
    p = fma(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08)
    p = fma(p, z, 2.75573137070700676789e-06)
    p = fma(p, z, -1.98412698298579493134e-04)
    p = fma(p, z, 8.33333333332248946124e-03)
    p = fma(p, z, -1.66666666666666324348e-01)
    return select(z > 0.0, fma(p, z * r, r), r)  # -0 is kept


@jit
def _cos_reduced(r):
    z = r * r
    p = fma(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09)
    p = fma(p, z, -2.75573143513906633035e-07)
    p = fma(p, z, 2.48015872894767294178e-05)
    p = fma(p, z, -1.38888888888741095749e-03)
    p = fma(p, z, 4.16666666666666019037e-02)
    h = z * 0.5
    w = 1.0 - h
    return w + ((1.0 - w) - h + z * z * p)


@jit
def _turn(r, n):
    """sin(r + n * pi/2) from the quadrant's number."""
    odd = unbits((n & 1) + 0x4338000000000000) - ROUND
    negative = unbits((n & 2) + 0x4338000000000000) - ROUND
    y = select(odd > 0.5, _cos_reduced(r), _sin_reduced(r))
    return select(negative > 0.5, -y, y)


@jit
def sin(x):
    """Sine of an angle in radians, |x| <= 1e5."""
    r, n = _quadrant(x)
    return _turn(r, n)


@jit
def cos(x):
    """Cosine of an angle in radians, |x| <= 1e5."""
    r, n = _quadrant(x)
    return _turn(r, n + 1)
