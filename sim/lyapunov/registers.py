"""Growth of tangents of systems of a few numbers, everything in registers: state, tangents, accumulators.

Where all exponents of a state of n numbers are wanted, n - 1 tangents are carried: the determinant of the
Jacobian, an expression like any other, says how volumes grow, and the last exponent is what is left. One
tangent alone needs no root and no logarithm but at the end of a batch; lengths of several are multiplied up
as mantissas and powers of two.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.cells import aligned
from sim.compile import BARE_TAIL, kernel
from sim.equations.derivatives import along, gradient
from sim.equations.graph import Node
from sim.equations.lower import operations
from sim.functions import total
from sim.lyapunov.window import AFTER, SEEN, SEEN_ROW, Window, returns
from sim.pointwise.module import Module, column_kind, tuple_of

WIDTH = 32  # lanes; the width of the tile's bundles is a multiple
AHEAD = 8  # steps between two looks at how large one tangent has become: 2**115 a step is too much
_MOST_ALONE, _MOST = 12, 4  # numbers of a state with one tangent, with several

_HEAD = '''"""How fast tangents grow."""
import numba
from sim.elementary import cos, exp, expm1, log, log1p, sigmoid, sin, softplus, tanh
from sim.jacobians.graded import exponent, power
from sim.machine.jit import bare as jit
from sim.lanes import align_stack, any_lane, fma, load, select, splat, sqrt, store

WIDTH = {width}
LN2 = 0.6931471805599453
'''


def fits(n: int, exponents: int) -> bool:
    """Whether a state of n numbers and the tangents for so many exponents are few enough."""
    return n <= _MOST or (exponents == 1 and n <= _MOST_ALONE)


class Growth:
    """The program for one system, and what it gives for a tile."""

    def __init__(self, form: Any, exponents: int, window: Window) -> None:
        self.window, self.exponents, self.returns = window, exponents, returns(form)
        equation = form.equation
        self.module = module = Module(equation, WIDTH)
        self.n = n = module.n
        self.whole = exponents == n > 1  # the determinant takes the last one's part
        self.carried = exponents - 1 if self.whole else exponents
        self.v = [
            [equation.graph.leaf("tangent", str(k * n + i)) for i in range(n)] for k in range(self.carried)
        ]
        module.loading()
        self._advance()
        self._settle()
        self._revive()
        if self.returns:
            module.straight("step(p, s, x)", module.unpack("p", "s"), equation.next)
        self.source = self._text()
        self.operations = float(module.operations + 4 * self.carried * n * (self.carried + 1))

    def _advance(self) -> None:
        """The next state and tangents from the same expressions; and |det J|."""
        module, equation = self.module, self.module.equation
        slopes = [gradient(value, equation.state) for value in equation.next]
        moved = [along(equation.graph, row, v) for v in self.v for row in slopes]
        nodes = [*equation.next, *moved]
        if self.whole:
            volume = equation.graph.leaf("accumulator", "0")
            nodes.append(volume * _determinant(slopes, equation))
        code = module.code()
        names = code.lanes(nodes)
        module.operations += operations(nodes)
        count = self.carried * self.n
        vectors = tuple_of(names[self.n : self.n + count])
        volume_name = names[-1] if self.whole else "a"
        lines = [*module.unpack("p", "s", "v", tangents=count)]
        lines += ["a0 = a"] if self.whole else []
        module.add(
            "advance(p, s, x, v, a)",
            [*lines, *code.lines, f"return {tuple_of(names[: self.n])}, {vectors}, {volume_name}"],
        )

    def _settle(self) -> None:
        """Tangents made orthonormal, or one alone scaled by a power of two; the volume scaled too."""
        n, module = self.n, self.module
        count = self.carried * n
        grown = [f"r{k}" for k in range(self.carried)]
        powers = [f"e{k}" for k in range(self.carried)]
        lines = [f"{tuple_of([f'v{i}' for i in range(count)])} = v", f"{tuple_of(grown)} = r"]
        lines += [f"{tuple_of(powers)} = e"]
        if self.carried == 1:
            lines += _largest(n)
            lines += ["shift = exponent(top)", "e0 = e0 + shift", "factor = power(-shift)"]
            lines += [f"v{i} = v{i} * factor" for i in range(n)]
        else:
            for k in range(self.carried):
                lines += self._orthogonal(k)
        lines += ["shift = exponent(abs(a))", "f = f + shift", "a = a * power(-shift)"] if self.whole else []
        vectors = tuple_of([f"v{i}" for i in range(count)])
        after = f"{vectors}, {tuple_of(grown)}, {tuple_of(powers)}, a, f"
        module.add("settle(v, r, e, a, f)", [*lines, f"return {after}"])
        if self.carried == 1:
            self._look()

    def _revive(self) -> None:
        """Tangents that died in the transient begin anew, orthogonal to the others: a step whose Jacobian is
        singular, as the first of an orbit that starts on a critical point, belongs to what is thrown away.
        """
        n, vectors = self.n, tuple_of([f"v{i}" for i in range(self.carried * self.n)])
        lines = [f"{vectors} = v"]
        for k, direction in enumerate(directions(n, self.carried)):
            own = [f"v{k * n + i}" for i in range(n)]
            fresh = [f"x{i}" for i in range(n)]
            lines += ["dead = " + " & ".join(f"(abs({name}) <= 0.0)" for name in own)]
            lines += [f"{x} = splat({float(d)!r}, WIDTH)" for x, d in zip(fresh, direction, strict=True)]
            for j in [j for j in range(self.carried) if j != k] * 2:  # twice: the first leaves what cancels
                other = [f"v{j * n + i}" for i in range(n)]  # of length one, or of zero and then no matter
                lines += [f"c = {other[0]} * {fresh[0]}"]
                lines += [f"c = fma({a}, {b}, c)" for a, b in zip(other[1:], fresh[1:], strict=True)]
                lines += [f"{b} = fma(-c, {a}, {b})" for a, b in zip(other, fresh, strict=True)]
            if self.carried > 1:
                lines += [f"c = {fresh[0]} * {fresh[0]}"]
                lines += [f"c = fma({x}, {x}, c)" for x in fresh[1:]]
                lines += ["c = select(c > 0.0, 1.0 / sqrt(c), c)"]
                lines += [f"{x} = {x} * c" for x in fresh]
            lines += [f"{v} = select(dead, {x}, {v})" for v, x in zip(own, fresh, strict=True)]
        self.module.add("revive(v)", [*lines, f"return {vectors}"])

    def _look(self) -> None:
        """All settled if anything has gone far. Powers of two move no bit of what the end of a batch makes of
        it, so neighbours do not matter. Settled every time the logistic map takes 1.3 times as long, lane by
        lane 1.2 times.
        """
        lines = [f"{tuple_of([f'v{i}' for i in range(self.n)])} = v", *_largest(self.n)]
        far = "~((top > 1e-30) & (top < 1e30))"
        if self.whole:
            lines.append("size = abs(a)")
            far += " | ~((size > 1e-30) & (size < 1e30))"
        lines += [f"if any_lane({far}):", "    v, r, e, a, f = settle(v, r, e, a, f)", "return v, r, e, a, f"]
        self.module.add("look(v, r, e, a, f)", lines)

    def _orthogonal(self, k: int) -> list[str]:
        """Modified Gram-Schmidt of tangent k; what is left of one that depends on those before is zero."""
        n = self.n
        own = [f"v{k * n + i}" for i in range(n)]
        lines = ["before = splat(0.0, WIDTH)"]
        lines += [line for x in own for line in (f"w = abs({x})", "before = select(w > before, w, before)")]
        for j in range(k):
            other = [f"v{j * n + i}" for i in range(n)]
            lines.append(f"c = {other[0]} * {own[0]}")
            lines += [f"c = fma({a}, {b}, c)" for a, b in zip(other[1:], own[1:], strict=True)]
            lines += [f"{b} = fma(-c, {a}, {b})" for a, b in zip(other, own, strict=True)]
        lines += ["top = splat(0.0, WIDTH)"]
        lines += [line for x in own for line in (f"w = abs({x})", "top = select(w > top, w, top)")]
        lines += [
            f"gone = top <= before * {n * 4.5e-16!r}",
            "shift = exponent(top)",
            "factor = power(-shift)",
        ]
        lines += [f"{x} = {x} * factor" for x in own]
        lines.append(f"c = {own[0]} * {own[0]}")
        lines += [f"c = fma({x}, {x}, c)" for x in own[1:]]
        lines += ["c = select(gone, 0.0, sqrt(c))", "inverse = select(c > 0.0, 1.0 / c, c)"]
        lines += [f"{x} = {x} * inverse" for x in own]
        lines += [f"r{k} = r{k} * c", f"w = exponent(r{k})", f"e{k} = e{k} + (shift + w)"]
        return [*lines, f"r{k} = r{k} * power(-w)"]

    def _text(self) -> str:
        n, m = self.n, self.carried
        alone = m == 1
        start = [f"splat({float(x)!r}, WIDTH)" for x in directions(n, m).ravel()]
        zeros, ones = ["splat(0.0, WIDTH)"] * m, ["splat(1.0, WIDTH)"] * m
        every = AHEAD if alone else max(1, self.window.every)
        stores = []
        for k in range(m):
            if alone:
                square = "v[0] * v[0]"
                for i in range(1, n):
                    square = f"fma(v[{i}], v[{i}], {square})"
                stores += [
                    f"w = {square}",
                    "lasting = 0.5 * log(w)",
                    "grown0 = fma(e[0], LN2, lasting - begun)",
                    "begun = select(w > 0.0, lasting, 0.0)",
                ]
            else:
                stores.append(f"grown{k} = fma(e[{k}], LN2, log(r[{k}]))")
            stores += self._stored(k, f"grown{k}")
        if self.whole:
            stores += ["rest = fma(f, LN2, log(abs(a)))"]
            stores += [f"rest = rest - grown{k}" for k in range(m)]
            dead = " | ".join(f"(grown{k} <= -1e999)" for k in range(m))
            stores += [f"rest = select({dead}, -1e999, rest)"]
            stores += self._stored(m, "rest")
        stores += self._seen()
        kinds = f"{column_kind(len(self.module.equation.columns()))}, {column_kind(n)}, _F"
        tail = BARE_TAIL.format(kinds=f"{kinds}, _F, _I, _I, _I, _I")
        body = _LOOP.format(
            start=tuple_of(start),
            zeros=tuple_of(zeros),
            ones=tuple_of(ones),
            every=every,
            look="look" if alone else "settle",
            alone=alone,
            stores="\n            ".join(stores),
        )
        body += self._returned() if self.returns else ""
        return _HEAD.format(width=WIDTH) + "".join(self.module.parts) + tail + body

    def _seen(self) -> list[str]:
        """Lines that store where the state is and how far from zero, at the ends of the first batch and the
        last two. Stored for every batch, both exponents of two units took a quarter longer.
        """
        lines = ["place = splat(0.0, WIDTH)", "size = splat(0.0, WIDTH)"]
        for i, weight in enumerate(directions(self.n, 1)[0]):
            lines += [f"w = s[{i}] * {float(weight)!r}", "place = place + w", "size = fma(w, w, size)"]
        lines += [f"row = {SEEN_ROW.format(m=self.exponents)}"]
        lines += ["store(out, row * cells + at, size)", "store(out, (row + 1) * cells + at, place)"]
        return ["if batch == 0 or batch >= batches - 2:", *(f"    {line}" for line in lines)]

    def _returned(self) -> str:
        """Lines that store, where an orbit comes back to the state in which the window ended, what is seen of
        that in the place of the batch before: it stands still or is a cycle, whatever a batch's length.
        """
        far = " + ".join(f"abs(s[{i}] - last[{i}])" for i in range(self.n))
        lines = ["last, nearest = s, splat(1e999, WIDTH)"]
        lines += [f"for t in range({AFTER.format(most=self.returns)}):"]
        lines += ["    s = step(p, s, load_input(inputs, cells, at, t))", f"    far = {far}"]
        lines += ["    nearest = select(far < nearest, far, nearest)"]
        for row in (2, 3):
            here, end = (f"(batches * {self.exponents} + {r}) * cells + at" for r in (row, row + 2))
            lines += [f"w = select(nearest <= 0.0, load(out, {end}, WIDTH), load(out, {here}, WIDTH))"]
            lines += [f"store(out, {here}, w)"]
        return "".join(f"        {line}\n" for line in lines)

    def _stored(self, k: int, name: str) -> list[str]:
        row = f"(batch * {self.exponents} + {k}) * cells + at"
        return ["if batch >= 0:", f"    store(out, {row}, {name})"]

    def compile(self) -> None:
        """Compile or fetch the machine code."""
        kernel(self.source)

    def numbers(self, tile: Any) -> tuple[Any, Any, Any, int, int]:
        """The parameters, starts and inputs of a tile as kernels take them, how many cells there are with the
        last bundle of its form filled up (rows of inputs are so long), and how many without.
        """
        return tuple(tile.parameters), tuple(tile.start), tile.inputs, tile.whole, tile.cells

    def evaluate(self, tile: Any) -> np.ndarray:
        """What the loop stores (`sim.lyapunov.grown`), (rows, cells)."""
        window = self.window
        *given, whole, cells = self.numbers(tile)
        rows = window.batches * self.exponents + SEEN
        out = aligned(rows * whole)
        kernel(self.source)(*given, out, whole, window.transient, window.batches, window.length)
        return out.reshape(rows, whole)[:, :cells]


_LOOP = """def growth(parameters, start, inputs, out, cells, transient, batches, length):
    align_stack()
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        v = {start}
        e = {zeros}
        r = {ones}
        a = splat(1.0, WIDTH)
        f = splat(0.0, WIDTH)
        begun = splat(0.0, WIDTH)
        for batch in range(-1, batches):
            t = transient + batch * length
            end = t + length
            if batch < 0:
                t = 0
                end = transient
            while t + {every} <= end:
                for _ in range({every}):
                    x = load_input(inputs, cells, at, t)
                    s, v, a = advance(p, s, x, v, a)
                    t += 1
                v, r, e, a, f = {look}(v, r, e, a, f)
            if t < end or {alone}:
                while t < end:
                    x = load_input(inputs, cells, at, t)
                    s, v, a = advance(p, s, x, v, a)
                    t += 1
                v, r, e, a, f = settle(v, r, e, a, f)
            if batch < 0:
                v = revive(v)
            {stores}
            e = {zeros}
            r = {ones}
            a = splat(1.0, WIDTH)
            f = splat(0.0, WIDTH)
"""


def _largest(n: int) -> list[str]:
    """The largest number of one tangent, without its sign."""
    lines = ["top = abs(v0)"]
    for i in range(1, n):
        lines += [f"w = abs(v{i})", "top = select(w > top, w, top)"]
    return lines


def _determinant(rows: Sequence[Sequence[Node | None]], equation: Any) -> Node:
    """By permutations: 24 products at most, those with a zero by structure left out."""
    terms: list[Node] = []
    n = len(rows)
    for order in itertools.permutations(range(n)):
        factors = [rows[i][order[i]] for i in range(n)]
        if any(factor is None for factor in factors):
            continue
        product = factors[0]
        for factor in factors[1:]:
            product = product * factor  # type: ignore[operator]
        odd = sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n)) % 2
        terms.append(-product if odd else product)  # type: ignore[operator, arg-type]
    zero: Node = equation.graph.constant(0.0)
    return total(terms) if terms else zero


def directions(n: int, m: int) -> np.ndarray:
    """m orthonormal tangents of n numbers, (m, n), the rows of a cosine transform (type IV): none is in a
    system's invariant plane but by design.

    >>> directions(2, 1).round(3).tolist()
    [[0.924, 0.383]]
    """
    k, i = np.arange(m)[:, None] + 0.5, np.arange(n)[None, :] + 0.5
    return np.sqrt(2.0 / n) * np.cos(np.pi * k * i / n)
