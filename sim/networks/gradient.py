"""Modules for a network's gradient through time: the parts of `bptt`, `windows` and `lags` in
`sim/networks/kernels.py`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sim.equations.derivatives import gradient
from sim.equations.equation import Equation, flattened
from sim.equations.graph import Graph, Node, reachable
from sim.equations.lower import operations
from sim.equations.stages import Layout, Stages
from sim.functions import parts
from sim.generic import vjp
from sim.networks import kernels as network_kernels
from sim.networks.module import Module, Program, stored
from sim.networks.parameter_sums import Pairs, ParameterSums, contribution, norm_lines, norm_rows, terms
from sim.objective import cost, growth
from sim.observable import Backward, Inward, Norms, Pulled
from sim.pointwise.module import Watcher

Error = Callable[[Any, Any, Any], Any]  # of an observable's keywords, the pack and the state

_BARRIERS = ("matvec", "total", "largest")


class Back(NamedTuple):
    """What the system's vjp gives, on symbols."""

    g: tuple[Node, ...]  # the gradient that comes in, shaped like the state
    state: tuple[Node, ...]  # the gradient that goes out
    matrices: dict[str, Pairs]
    vectors: dict[str, Node | None]
    numbers: dict[str, Node | None]
    inputs: Node | None  # the gradient with respect to the inputs


def pulled_back(equation: Equation) -> Back:
    """The system's vjp on symbols, its pack taken apart."""
    graph = equation.graph
    g = tuple(graph.leaf("gradient", part, (n,)) for part, n in equation.parts.items())
    found = vjp(equation.pack, equation.shaped(equation.state), equation.driven, equation.shaped(g))
    own = flattened(found[0])
    matrices = {name: terms(name, own.get(name)) for name in equation.matrices}
    vectors = {name: own.get(name) for name in equation.vectors}
    numbers = {name: _number(graph, own.get(name)) for name in equation.learnt}
    inputs = found[2] if len(found) > 2 and isinstance(found[2], Node) else None
    return Back(g, equation.numbers(found[1]), matrices, vectors, numbers, inputs)


def _number(graph: Graph, share: Any) -> Node | None:
    """The gradient of a number, where there is one."""
    return None if share is None else graph.lift(share)


class Reverse:
    """The backward pass in the making."""

    def __init__(
        self, module: Module, watchers: Sequence[Watcher], names: Sequence[str], error: Error
    ) -> None:
        self.module, self.equation, self.watchers = module, module.equation, watchers
        self.error = error  # the loss of one time
        self.names = names  # of all arrays of parameters, in order
        self.back = pulled_back(self.equation)
        layout = module.layout
        self.g_at = layout.allocate(module.size)
        self.ratio = growth(self.equation.graph, self.back.g, self.back.state)
        kinds = [watcher.observable for watcher in watchers]
        wanted = any(isinstance(kind, Norms) and kind.of == "loss" for kind in kinds)
        wanted = wanted or any(isinstance(kind, Pulled) for kind in kinds)
        empty: Pairs = []
        matrices = self.back.matrices if wanted else dict.fromkeys(self.equation.matrices, empty)
        vectors = self.back.vectors if wanted else dict.fromkeys(self.equation.vectors)
        numbers = self.back.numbers if wanted else dict.fromkeys(self.equation.learnt)
        self.wanted = wanted
        self.sums = ParameterSums(module, matrices, vectors, numbers, "loss")
        self.others: ParameterSums | None = None
        if any(isinstance(kind, Norms) and kind.of == "regulariser" for kind in kinds):
            self.others = ParameterSums(module, *self._regulariser(), "regulariser")
        self.read: dict[str, int] = {}  # where the norm of one time's gradient of a read-out's array lies
        if self.equation.head is not None and any(isinstance(kind, Pulled) and kind.by_lag for kind in kinds):
            arrays = [name for name in names if name.startswith("readout.")]
            self.read = {name: layout.allocate(layout.width) for name in arrays}
        self.stride = 0  # of a row of factors
        self.kept: dict[Node, int] = {}
        self.width = 0

    def _regulariser(self) -> tuple[dict[str, Pairs], dict[str, Node | None], dict[str, Node | None]]:
        """The gradient of one time's term of Omega, the state and the incoming gradient held."""
        equation = self.equation
        leaves = equation.learnable
        found = dict(zip(leaves, gradient(self.ratio, list(leaves.values())), strict=True))
        matrices = {}
        for name in equation.matrices:
            factor = equation.parameters.get(f"{name}.factor")
            pairs = terms(name, found[name])  # with respect to the unscaled matrix
            matrices[name] = pairs if factor is None else [(a / factor, b) for a, b in pairs]
        vectors = {name: found[name] for name in equation.vectors}
        return matrices, vectors, {name: found[name] for name in equation.learnt}

    def roots(self) -> list[Node]:
        """All that the backward pass computes of a step."""
        found = list(self.back.state)
        for sums in (self.sums, self.others):
            if sums is not None:
                shares = (*sums.vectors.values(), *sums.numbers.values())
                found += [*sums.nodes, *(node for node in shares if node is not None)]
        for observable, k in self.watchers:
            if isinstance(observable, Pulled):
                found += self.pulled_values(observable, k)
            elif isinstance(observable, Inward):
                found += self.inward()
        return found

    def inward(self) -> list[Node]:
        """The gradient with respect to the inputs of a step, where its vjp gives one."""
        inputs = self.back.inputs
        return [self.equation.graph.zeros(self.equation.x.shape[0]) if inputs is None else inputs]

    def pulled_values(self, observable: Pulled, k: Any) -> list[Node]:
        own = {name: self.sums.length(name) for name in self.names}
        if observable.by_lag:
            own |= self._read_norms()
        return list(self.equation.numbers(observable.value(k, own, self.ratio)))

    def _read_norms(self) -> dict[str, Node]:
        """What the loss at the end of this step adds to the gradients of the read-out's arrays."""
        return {name: self.equation.graph.leaf("sum", f"norm of {name}") for name in self.read}

    def keep(self) -> list[str]:
        """Lines of the step that also keep what the backward pass needs: the values that it would compute
        again.
        """
        module, equation = self.module, self.equation
        forward = reachable(equation.next)
        for node in frontier(equation, forward, self.roots()):
            self.kept[node] = self.width
            self.width += module.layout.size(node.shape[0])
        stages = module.stages()
        stages.home |= module.placed(equation.state, "tape", f"row * {module.size}")
        places = dict(
            zip(
                equation.state,
                module.placed(equation.state, "tape", f"(row + 1) * {module.size}").values(),
                strict=True,
            )
        )
        targets = {node: f"kept, row * {self.width} + {at}" for node, at in self.kept.items()}
        nexts = list(zip(equation.next, places.values(), strict=True))
        levels = depths([*equation.next, *targets])
        for level in sorted({levels[node] for node in (*targets, *equation.next)}):
            own = [(node, place) for node, place in targets.items() if levels[node] == level]
            own += [(node, place) for node, place in nexts if levels[node] == level]
            stages.write(own)
            stages.home |= dict(own)
        return stages.lines

    def pulling(self) -> list[str]:
        """Lines that pull the gradient back through one step."""
        module, equation = self.module, self.equation
        stages = module.stages()
        stages.home |= module.placed(equation.state, "tape", f"row * {module.size}")
        after = module.placed(equation.state, "tape", f"(row + 1) * {module.size}")
        stages.home |= dict(zip(equation.next, after.values(), strict=True))
        stages.home |= {node: f"kept, row * {self.width} + {at}" for node, at in self.kept.items()}
        stages.home |= module.placed(self.back.g, "work", str(self.g_at))
        sets = [sums for sums in (self.sums, self.others) if sums is not None]
        for sums in sets:
            self.stride = sums.place(stages.home, self.stride)
        for sums in sets:
            sums.add(stages, self.stride)
        for index, (observable, k) in enumerate(self.watchers):
            if isinstance(observable, Pulled):
                self._keep_pulled(stages, index, observable, k)
            elif isinstance(observable, Inward):
                stages.lines += stored(module, index, stages, self.inward(), "t")[0]
        places = module.placed(self.back.g, "work", str(self.g_at)).values()
        stages.write(list(zip(self.back.state, places, strict=True)))
        module.operations += operations(self.roots())
        module.operations += sum(
            a.shape[0] * b.shape[0] for pairs in self.sums.matrices.values() for a, b in pairs
        )
        return stages.lines

    def _keep_pulled(self, stages: Stages, index: int, observable: Pulled, k: Any) -> None:
        values = self.pulled_values(observable, k)
        lanes = self.module.layout.lanes
        if not observable.summed:
            read = self._read_norms() if observable.by_lag else {}
            for i, (array, leaf) in enumerate(read.items()):
                stages.names[leaf] = f"read{i}"
                stages.lines.append(f"read{i} = load(work, {self.read[array]}, {lanes})")
                stages.lines.append(f"store(work, {self.read[array]}, splat(0.0, {lanes}))")  # of one step
            stages.lines += stored(self.module, index, stages, values, "t")[0]
            return
        for row, name in enumerate(stages.scalars(values)):
            place = f"{row} * cells + at"
            stages.lines.append(
                f"store(outs[{index}], {place}, load(outs[{index}], {place}, {lanes}) + {name})"
            )

    def costing(self) -> list[str]:
        """Lines that add the gradient of one time's cost to the state's, and to that of the read-out."""
        module, equation = self.module, self.equation
        k = self.watchers[0].k
        error = equation.graph.lift(self.error(k, equation.pack, equation.shaped(equation.state)))
        head = equation.head
        leaves = [*equation.state, *((*head.V, head.c) if head is not None else ())]
        slopes = gradient(error, leaves)
        stages = module.stages()
        stages.home |= module.placed(equation.state, "tape", f"row * {module.size}")
        places = module.placed(self.back.g, "work", str(self.g_at))
        stages.home |= places
        if equation.head is not None and self.wanted:
            self._head(stages, slopes[len(equation.state) :])
            self._keep_read(stages, slopes[len(equation.state) :])
        pairs = [
            (leaf + slope, place)
            for (leaf, place), slope in zip(places.items(), slopes[: len(places)], strict=True)
            if slope is not None
        ]
        if pairs:
            stages.write(pairs)
        guard = "counts[t] > 0.0" if equation.masked else "t >= first[0]"
        return [f"if {guard}:", *(f"    {line}" for line in stages.lines or ["pass"])]

    def _keep_read(self, stages: Stages, slopes: Sequence[Node | None]) -> None:
        """Lines that keep the norms of one time's gradient of the read-out, for the step that ends there."""
        if not self.read:
            return
        graph = self.equation.graph
        norms = [
            contribution(graph, slope if name.endswith(".c") else terms(name, slope))
            for name, slope in zip(self.read, slopes, strict=True)
        ]
        for at, name in zip(self.read.values(), stages.scalars(norms), strict=True):
            stages.lines.append(f"store(work, {at}, {name})")

    def _head(self, stages: Stages, slopes: Sequence[Node | None]) -> None:
        """Lines that add one time's gradient of the read-out: its matrices, and last its bias."""
        lanes, layout = self.module.layout.lanes, self.module.layout
        names = [name for name in self.equation.matrices if name.startswith("readout.")]
        for name, slope in zip(names, slopes[:-1], strict=True):
            for a, b in terms(name, slope):
                (left, i_at), (right, j_at) = (stages.array(node).split(", ") for node in (a, b))
                place = f"{self.sums.tables[name]} + (i * {layout.padded(b.shape[0])} + j) * {lanes}"
                stages.lines += [
                    f"for i in range({a.shape[0]}):",
                    f"    a = load({left}, {i_at} + i * {lanes}, {lanes})",
                    f"    for j in range({b.shape[0]}):",
                    f"        b = load({right}, {j_at} + j * {lanes}, {lanes})",
                    f"        store(work, {place}, fma(a, b, load(work, {place}, {lanes})))",
                ]
        if slopes[-1] is not None:
            leaf = slopes[-1].graph.leaf("sum", "readout.c", slopes[-1].shape)
            stages.home[leaf] = f"work, {self.sums.sums['readout.c']}"
            stages.write([(leaf + slopes[-1], stages.home[leaf])])


def frontier(equation: Equation, forward: Sequence[Node], roots: Sequence[Node]) -> list[Node]:
    """The arrays of the forward step that the backward step reads: kept, not computed again.

    A gate costs a matrix product and an exponential to compute, one store and one load to keep. Measured on
    an LSTM of 8 units: keeping is 1.5 times as fast as computing again.
    """
    known, nexts = set(forward), set(equation.next)
    moving = {*equation.state, *parts(equation.driven)}
    for node in forward:
        if any(arg in moving for arg in node.args):
            moving.add(node)
    read = {arg for node in reachable(roots) if node not in known for arg in node.args} | set(roots)
    return [
        node
        for node in forward
        if node in read
        and node in moving
        and node not in nexts
        and node.op not in ("leaf", "zeros")
        and len(node.shape) == 1
    ]


def depths(roots: Sequence[Node]) -> dict[Node, int]:
    """How many products and sums over units lie one behind another before each node."""
    found: dict[Node, int] = {}
    for node in reachable(roots):
        found[node] = max((found[arg] for arg in node.args), default=0) + (node.op in _BARRIERS)
    return found


def bptt(
    equation: Equation,
    watchers: Sequence[Watcher],
    names: Sequence[str],
    lanes: int,
    tile: int,
    shared: bool,
    loop: Callable[..., None] = network_kernels.bptt,
    error: Error = cost,
) -> Program:
    """The backward pass of the loss whose one time is `error`; `names` are the arrays of parameters in their
    order. `loop` is `bptt`, `windows` (the loss of each time in a window of its own) or `lags` of `kernels`.
    """
    module = Module(equation, lanes, tile, shared)
    module.loading()
    module.stepping()
    reverse = Reverse(module, watchers, names, error)
    size, g_at = module.size, reverse.g_at
    module.copying("store_mark(marks, row, work)", f"marks, row * {size}", f"work, {module.state}")
    module.copying("load_mark(marks, row, tape)", "tape, 0", f"marks, row * {size}")
    module.add("keep_step(c, work, tape, kept, row)", reverse.keep())
    module.add("add_cost(c, work, tape, row, t, first, counts)", reverse.costing())
    module.add("pull_back(outs, cells, at, c, work, tape, kept, factors, row, t)", reverse.pulling())
    sets = [sums for sums in (reverse.sums, reverse.others) if sums is not None]
    gathering = [line for sums in sets for line in sums.gathering(reverse.stride)]
    module.add("gather(work, tape, kept, factors, count)", gathering)
    if loop is network_kernels.lags:
        module.copying("store_adjoint(adjoints, row, work)", f"adjoints, row * {size}", f"work, {g_at}")
        module.copying("load_adjoint(adjoints, row, work)", f"work, {g_at}", f"adjoints, row * {size}")
    module.add("forget(work)", _cleared([(g_at, size)], module.layout))
    zeros = [(g_at, size), *(zero for sums in sets for zero in sums.zeros())]
    zeros += [(at, module.layout.width) for at in reverse.read.values()]
    module.add("clear_gradient(work)", _cleared(zeros, module.layout))
    rows, sample, finish = [], [], []
    for index, (observable, k) in enumerate(watchers):
        if isinstance(observable, Backward):
            stages = module.stages()
            stages.home |= module.placed(reverse.back.g, "work", str(g_at))
            values = equation.numbers(observable.value(equation.shaped(reverse.back.g)))
            stores, count = stored(module, index, stages, values, "t")
            sample += [*stages.lines, *stores]
            rows.append(count)
        elif isinstance(observable, Pulled):
            rows.append(len(reverse.pulled_values(observable, k)))
        elif isinstance(observable, Inward):
            rows.append(equation.x.shape[0])
        else:
            sums = reverse.others if observable.of == "regulariser" and reverse.others else reverse.sums
            finish += norm_lines(sums, names, index, observable.by)
            rows.append(norm_rows(equation, names, observable.by))
    module.add("sample_gradient(outs, cells, at, c, work, t)", sample)
    module.add("finish_gradient(outs, cells, at, c, work)", finish)
    more = ", _I" if loop is network_kernels.bptt else ""
    title = "A network's gradient through time, backward."
    made = module.finished(loop, title, rows, f", _F, _F, _F, _F, _I{more}", reverse.stride)
    return made._replace(kept=reverse.width, state=size)


def _cleared(places: Sequence[tuple[int, int]], layout: Layout) -> list[str]:
    width = layout.width
    return [
        line
        for at, length in places
        for line in (
            f"for k in range(0, {length}, {width}):",
            f"    store(work, {at} + k, splat(0.0, {width}))",
        )
    ]
