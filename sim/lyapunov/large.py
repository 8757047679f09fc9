"""Exponents of one large network at a time: products with BLAS, orthonormalised with LAPACK, one thread.

V <- J V for several steps, then V = Q R and V = Q. Q itself is never formed where the next step's Jacobian
can be multiplied by its reflectors (`ormqr`), which does a product's work at once. How many steps lie between
two factorisations follows from how far apart the lengths have grown in the last: what they lose of the
smallest exponent is the ratio of the largest to the smallest length times a rounding.
"""

from typing import Any

import numpy as np
from scipy.linalg import lapack

from sim.equations.equation import flattened
from sim.equations.evaluation import ELEMENTWISE, elementwise
from sim.equations.graph import NOTHING, Node, reachable
from sim.errors import refuse
from sim.generic import carried, mirrored, noise
from sim.lyapunov.registers import directions
from sim.lyapunov.window import SEEN, Window, returns
from sim.machine.one_thread import one_thread
from sim.series import series_of
from sim.start import starts_of

_UNITS = 256  # from here on a network's tangents fill no cache, and products of matrices are what BLAS is for
_MANY = 16  # tangents; fewer are products with few columns
_MOST = 8  # steps between two factorisations
_SPREAD = 3e7  # of lengths between two factorisations: 1e-8 of the smallest is lost at most


def fits(form: Any, n: int, exponents: int) -> bool:
    """Whether the network is so large that one cell at a time is worth it."""
    plain = not noise(form.setting.example) and not mirrored(form.setting.example)
    return n >= _UNITS and exponents >= _MANY and plain


class Growth:
    """Steps of one network after another, each a cell."""

    source = ""

    def __init__(self, form: Any, exponents: int, window: Window) -> None:
        self.form, self.window, self.exponents, self.returns = form, window, exponents, returns(form)
        equation = self.equation = form.equation
        graph = equation.graph
        self.parts = list(equation.parts.values())
        self.n = sum(self.parts)
        self.v = tuple(graph.leaf("tangent", part, (count,)) for part, count in equation.parts.items())
        still = graph.zeros(equation.x.shape[0])
        self.moved = equation.numbers(
            carried(
                equation.pack,
                equation.shaped(equation.state),
                equation.driven,
                equation.shaped(self.v),
                still,
            )
        )
        self.order = reachable([*equation.next, *self.moved])
        self.operations = float(self.n * self.n * exponents * 3)

    def evaluate(self, tile: Any) -> np.ndarray:
        """What is kept (`sim.lyapunov.grown`), (rows, cells)."""
        setting, cells = self.form.setting, len(tile.place)
        fields = tile.fields or flattened(setting.built({**setting.values, **tile.given}))
        width = self.equation.x.shape[0]
        steps = int(setting.values["steps"])
        series, which = series_of(setting, tile.given, cells, steps, width)
        starts = np.stack(
            [np.broadcast_to(s, cells) for s in starts_of(setting, tile.given, cells, self.n)], axis=1
        )
        found = np.empty((self.window.batches * self.exponents + SEEN, cells))
        with one_thread(), np.errstate(all="ignore"):
            for cell in range(cells):
                found[..., cell] = self._cell(
                    self._leaves(fields, tile.given, cell, cells), starts[cell], series[which[cell]]
                )
        return found

    def _leaves(self, fields: Any, given: Any, cell: int, cells: int) -> dict[Node, Any]:
        """The numbers of one cell: its arrays and its parameters."""
        equation = self.equation
        known: dict[Node, Any] = {}
        for name, node in (*equation.matrices.items(), *equation.vectors.items()):
            if name in fields:
                field = fields[name]
                known[node] = field.base[np.broadcast_to(field.which, cells)[cell]]
        for name, node in equation.parameters.items():
            value = fields[name.removesuffix(".factor")]
            value = value.factor if name.endswith(".factor") else value
            known[node] = np.broadcast_to(np.asarray(value, dtype=np.float64), cells)[cell]
        return known

    def _cell(self, known: dict[Node, Any], s: np.ndarray, x: np.ndarray) -> np.ndarray:
        window, m = self.window, self.exponents
        q = directions(self.n, m)
        frame = _Lengths(m)
        found, seen = np.empty((window.batches, m)), []
        weights = q[0]
        for batch in range(-1, window.batches):
            t = 0 if batch < 0 else window.transient + batch * window.length
            end = window.transient if batch < 0 else t + window.length
            frame.logs[:] = 0.0
            while t < end:
                s, q = self._step(known, s, x[t], q)
                t += 1
                frame.waiting += 1
                if t == end or frame.waiting >= (window.every or frame.patience):
                    q = frame.orthonormal(q)
            if batch < 0:
                q = frame.revived(q)
            else:
                found[batch] = frame.logs
            if batch == 0 or batch >= window.batches - 2:
                seen += [np.sum((weights * s) ** 2), np.sum(weights * s)]
        last = s
        for _ in range(window.after(self.returns)):
            s, _ = self._step(known, s, x[0], weights[None])
            if (s == last).all():  # it stands still or is a cycle, whatever a batch's length
                seen[-4:-2] = seen[-2:]
        return np.concatenate([found.ravel(), seen])

    def _step(
        self, known: dict[Node, Any], s: np.ndarray, x: np.ndarray, q: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The next state, and J q for tangents as rows."""
        edges = np.cumsum([0, *self.parts])
        values = dict(known)
        for i, (node, tangent) in enumerate(zip(self.equation.state, self.v, strict=True)):
            values[node] = s[edges[i] : edges[i + 1]]
            values[tangent] = q[:, edges[i] : edges[i + 1]]
        if self.equation.inputs != "none":
            values[self.equation.x] = x
        for node in self.order:
            if node not in values:
                values[node] = _value(node, [values[arg] for arg in node.args])
        state = np.concatenate([np.broadcast_to(values[n], n.shape) for n in self.equation.next])
        many = [np.broadcast_to(values[n], (len(q), *n.shape)) for n in self.moved]
        return state, many[0] if len(many) == 1 else np.concatenate(many, axis=1)


class _Lengths:
    """Tangents (m, n) as rows made orthonormal; the logs of their lengths added up."""

    def __init__(self, m: int) -> None:
        self.logs = np.zeros(m)
        self.alive = np.ones(m, dtype=bool)
        self.waiting, self.patience = 0, 1

    def orthonormal(self, rows: np.ndarray) -> np.ndarray:
        """The rows made orthonormal; those of which nothing but rounding is left are zero from then on."""
        m, n = rows.shape
        if not np.isfinite(rows).all():
            self.logs[:] = np.nan
            return np.full_like(rows, np.nan)
        columns = np.array(rows.T, order="F")
        before = np.sqrt((columns * columns).sum(axis=0))
        factors, tau, _, _ = lapack.dgeqrf(columns, lwork=64 * m, overwrite_a=1)
        lengths = np.abs(np.diagonal(factors)[:m]).copy()
        self.alive &= lengths > before * (n * 4.5e-16)
        made, _, _ = lapack.dorgqr(factors, tau, lwork=64 * m, overwrite_a=1)
        made[:, ~self.alive] = 0.0
        lengths[~self.alive] = 0.0
        self.logs += np.log(lengths)
        sound = lengths[self.alive]
        if sound.size:
            spread = np.log(sound.max() / sound.min()) / self.waiting
            self.patience = int(np.clip(np.log(_SPREAD) / max(spread, 1e-3), 1, _MOST))
        self.waiting = 0
        return np.asarray(made.T)

    def revived(self, rows: np.ndarray) -> np.ndarray:
        """The same rows, those that have died replaced by directions orthogonal to all others: what died in
        the transient says nothing of the window.
        """
        m, n = rows.shape
        for k in np.flatnonzero(~self.alive):
            row = directions(n, m)[k]
            for _ in range(2):  # twice: the first leaves what cancels
                row = row - (rows @ row) @ rows
            rows[k] = row / np.sqrt((row * row).sum())
        self.alive[:] = True
        return rows


def _value(node: Node, args: list[Any]) -> Any:
    """A node's value: (units,) where it belongs to the state, (tangents, units) where to tangents."""
    if node.op == "const":
        return np.float64(node.value)
    if node.op in NOTHING:
        return np.zeros(node.shape)
    if node.op in ELEMENTWISE:
        return elementwise(node, args)
    if node.op == "transpose":
        return args[0].T
    if node.op == "matvec":
        return args[1] @ args[0].T
    if node.op in ("total", "largest"):
        return (np.sum if node.op == "total" else np.max)(args[0], axis=-1) if node.args[0].shape else args[0]
    if node.op == "spread":
        return np.asarray(args[0])[..., None] if np.ndim(args[0]) else args[0]
    raise refuse("observables", f"the equation has {node.op}, which exponents of large networks do not know")
