"""Growth of tangents of networks and of states too large for registers: blocks of cells in scratch memory."""

from typing import Any

import numpy as np

from sim.cells import aligned
from sim.compile import TAIL, load
from sim.jacobians.product import small
from sim.lyapunov import gram_schmidt
from sim.lyapunov.frames import Frame
from sim.lyapunov.registers import AHEAD, directions
from sim.lyapunov.window import AFTER, SEEN, SEEN_ROW, Window, returns
from sim.networks import module as network
from sim.pointwise.module import column_kind

_IMPORTS = """from sim.jacobians.graded import exponent, power
LN2 = 0.6931471805599453
TANGENTS, ROWS, SIZE = {m}, {rows}, {size}
"""


class Growth:
    """The program for one system, and what it gives for a tile."""

    def __init__(self, form: Any, exponents: int, window: Window) -> None:
        self.window, self.exponents, self.returns = window, exponents, returns(form)
        self.is_network = bool(form.equation.parts)
        m = exponents
        if self.is_network:
            self.module = network.Module(form.equation, form.lanes, form.tile, form.shared)
            self.module.loading()
            frame = Frame(self.module, m)
            self.at, self.rows, self.lanes = frame.at, frame.rows, frame.lanes
            layout: Any = self.module.layout
            self.own, self.state = _own_rows(form.equation, self.module), self.module.state
            self.operations = self.module.operations + 2.0 * m * m * self.rows
        else:
            made = small(form, m)
            self.module, layout = made.module, made.module
            self.at, self.rows, self.lanes, self.own = made.at, made.n, made.lanes, np.arange(made.n)
            self.state = 0
            self.operations = 60.0 * made.n + made.n * made.n * m + 2.0 * m * m * made.n
        self.squares, self.inverses = (layout.allocate(m * 8) for _ in range(2))
        self.after, self.powers, self.begun = (layout.allocate(m * self.lanes) for _ in range(3))
        self.last = layout.allocate(self.rows * self.lanes)
        self.work = layout.work + 64
        self.source = self._text()

    def _text(self) -> str:
        m, lanes = self.exponents, self.lanes
        every = max(1, self.window.every) if m > 1 else AHEAD
        if self.is_network:
            arguments = "numbers, vectors, matrices, which, start, inputs"
            kinds = "_F, _F, _F, _N, _F, _F"
            select, count = "select_block(numbers, vectors, matrices, which, block)", "blocks"
            begin, move, walk = "load_start(start, block, work)", "advance(c, work)", "step(c, work)"
            products = "".join(self.module.products.values())
        else:
            arguments, products = "parameters, start, inputs", ""
            columns = len(self.module.equation.columns())
            kinds = f"{column_kind(columns)}, {column_kind(self.rows)}, _F"
            select, count = "select_block(parameters, whole, block)", "whole"
            begin, walk = "load_start(start, whole, block, work)", "step(c, work)"
            move = f"push(c, work); {walk}"
        loop = _LOOP.format(
            arguments=arguments, select=select, count=count, begin=begin, move=move, every=every, m=m,
            settle="orthogonalise_pairs" if m > 1 else "scale_one", at=self.at, rows=self.rows,
            squares=self.squares, inverses=self.inverses, after=self.after, powers=self.powers,
            begun=self.begun, state=self.state, seen=SEEN_ROW.format(m=m),
        )  # fmt: skip
        if self.returns:
            loop += _RETURNED.format(
                count=count,
                walk=walk,
                after=AFTER.format(most=self.returns),
                m=m,
                rows=self.rows,
                state=self.state,
                last=self.last,
            )
        head = network.HEAD.format(title="How fast tangents grow.", lanes=lanes)
        head += _IMPORTS.format(m=m, rows=self.rows, size=self.rows * lanes)
        tail = TAIL.format(kinds=f"{kinds}, _F, _F, _I, _I, _I, _I, _I, _F")
        return head + products + gram_schmidt.source(m) + "".join(self.module.parts) + tail + loop

    def compile(self) -> None:
        """Compile or fetch the machine code."""
        load(self.source)

    def evaluate(self, tile: Any) -> np.ndarray:
        """What the loop stores (`sim.lyapunov.grown`), (rows, cells)."""
        window = self.window
        blocks = tile.blocks if self.is_network else tile.whole // self.lanes
        whole = blocks * self.lanes
        frame = np.zeros((self.exponents, self.rows))
        frame[:, self.own] = directions(len(self.own), self.exponents)
        scratch = aligned(self.work)
        scratch[:] = 0.0
        rows = window.batches * self.exponents + SEEN
        out = aligned(rows * whole)
        given = tile[:6] if self.is_network else (tuple(tile.parameters), tuple(tile.start), tile.inputs)
        flat = np.ascontiguousarray(frame.ravel())
        times = (window.transient, window.batches, window.length)
        load(self.source).growth(*given, flat, out, blocks, whole, *times, scratch)
        found = out.reshape(rows, whole)
        return found[:, tile.place] if self.is_network else found[:, : tile.cells]


def _own_rows(equation: Any, module: network.Module) -> np.ndarray:
    """The rows of a tangent that are units, the padding left out."""
    rows, at = [], 0
    for count, size in zip(equation.parts.values(), module.sizes, strict=True):
        rows.append(at + np.arange(count))
        at += size // module.layout.lanes
    return np.concatenate(rows)


_LOOP = """def growth({arguments}, frame, out, blocks, whole, transient, batches, length, work):
    align_stack()
    for block in range(blocks):
        c = {select}
        {begin}
        for i in range({m} * {rows}):
            store(work, {at} + i * LANES, splat(frame[i], LANES))
        for k in range({m}):
            store(work, {begun} + k * LANES, splat(0.0, LANES))
            store(work, {after} + k * LANES, splat(1.0, LANES))
        for batch in range(-1, batches):
            for k in range({m}):
                store(work, {powers} + k * LANES, splat(0.0, LANES))
            t = transient + batch * length if batch >= 0 else 0
            end = t + length if batch >= 0 else transient
            due = 0
            while t < end:
                load_input(inputs, {count}, block, t, work)
                {move}
                t += 1
                due += 1
                if due == {every} or t == end:
                    due = 0
                    {settle}(work, {at}, {squares}, {inverses}, {after}, {powers})
            if batch < 0:
                revive(work, {at}, {after}, frame)  # what died in the transient says nothing of the window
            for k in range({m}):
                square = load(work, {after} + k * LANES, LANES)
                lasting = 0.5 * log(square)
                stretch = fma(load(work, {powers} + k * LANES, LANES), LN2, lasting)
                stretch = stretch - load(work, {begun} + k * LANES, LANES)
                store(work, {begun} + k * LANES, select(square > 0.0, lasting, 0.0))
                if batch >= 0:
                    store(out, (batch * {m} + k) * whole + block * LANES, stretch)
            if batch == 0 or batch >= batches - 2:
                place = splat(0.0, LANES)
                size = splat(0.0, LANES)
                for i in range({rows}):
                    w = load(work, {state} + i * LANES, LANES) * frame[i]
                    place = place + w
                    size = fma(w, w, size)
                row = {seen}
                store(out, row * whole + block * LANES, size)
                store(out, (row + 1) * whole + block * LANES, place)
"""

# an orbit that comes back to the state in which the window ended: what is seen of that is stored in the place
# of the batch before, since it stands still or is a cycle, whatever a batch's length
_RETURNED = """        nearest = splat(1e999, LANES)
        for i in range({rows}):
            w = load(work, {state} + i * LANES, LANES)
            store(work, {last} + i * LANES, w)
        for t in range({after}):
            load_input(inputs, {count}, block, t, work)
            {walk}
            far = splat(0.0, LANES)
            for i in range({rows}):
                w = load(work, {state} + i * LANES, LANES)
                v = load(work, {last} + i * LANES, LANES)
                far = far + abs(w - v)
            nearest = select(far < nearest, far, nearest)
        for i in range(batches * {m} + 2, batches * {m} + 4):
            w = load(out, (i + 2) * whole + block * LANES, LANES)
            v = load(out, i * whole + block * LANES, LANES)
            store(out, i * whole + block * LANES, select(nearest <= 0.0, w, v))
"""
