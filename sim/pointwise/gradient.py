"""Modules for gradients of systems with a small fixed state: forward beside the states, and backward
through time.
"""

from collections.abc import Sequence
from typing import Any

from sim import kernels
from sim.equations.derivatives import along, gradient
from sim.equations.equation import Equation
from sim.equations.graph import Node
from sim.equations.lower import Code, operations
from sim.objective import cost, growth
from sim.observable import Pulled
from sim.pointwise.module import Module, Program, Watcher, numbers_of, tuple_of, updating, watching


def tangent(
    equation: Equation,
    watchers: Sequence[Watcher],
    k: Any,
    parameters: Sequence[str],
    width: int = 64,
    apart: bool = False,
) -> Program:
    """As `rollout`, and the gradient of the loss with respect to the parameters as the last output, forward
    in time; where the losses' times are `apart`, each in a window of its own.

    With J = dF/ds and F_p = dF/dp of one step, ds/dp follows S' = J S + F_p: one multiply-add for each
    parameter and state.
    """
    module = Module(equation, width)
    module.loading()
    rows = watching(module, watchers)
    graph, n = equation.graph, module.n
    wrt = [equation.parameters[name] for name in parameters]
    partial = [gradient(value, [*equation.state, *wrt]) for value in equation.next]
    # a parameter that enters no step (the input weight of a silent run) has tangents that stay zero
    moving = [j for j in range(len(wrt)) if any(row[n + j] is not None for row in partial)]
    count = n * len(moving)
    v = {j: [graph.leaf("tangent", str(m * n + i)) for i in range(n)] for m, j in enumerate(moving)}
    moved = [along(graph, partial[i][:n], v[j], partial[i][n + j]) for j in moving for i in range(n)]
    module.straight("begin_tangent(p, s)", [], [graph.constant(0.0)] * count)
    code = module.code()
    names = code.lanes([*equation.next, *moved])
    module.operations += operations([*equation.next, *moved])
    unpack = module.unpack("p", "s", "v", tangents=count)
    module.add(
        "step_tangent(p, s, x, v)",
        [*unpack, *code.lines, f"return {tuple_of(names[:n])}, {tuple_of(names[n:])}"],
    )
    error = graph.lift(cost(k, equation.pack, equation.shaped(equation.state)))
    slopes = gradient(error, [*equation.state, *wrt])
    g = [graph.leaf("gradient", str(j)) for j in range(len(wrt))]
    none: list[Node] = []
    grown = tuple(
        along(graph, slopes[:n] if j in v else [], v.get(j, none), slopes[n + j], g[j])
        for j in range(len(wrt))
    )
    module.straight("begin_gradient(p, s)", [], [graph.constant(0.0)] * len(wrt))
    labels = [f"g{j}" for j in range(len(wrt))]
    unpack = [*module.unpack("p", "s", "v", tangents=count), f"{tuple_of(labels)} = g"]
    condition = "counts[t] > 0.0" if equation.masked else f"t >= first[{len(rows)}]"
    head = "update_gradient(p, s, v, g, y, t, first, counts)"
    updating(module, head, [(0, condition, grown)], unpack, labels)
    stores = [f"store(outs[{len(rows)}], {j} * cells + at, {label})" for j, label in enumerate(labels)]
    module.add("finish_gradient(outs, cells, at, g)", [f"{tuple_of(labels)} = g", *stores])
    title = "States forward in time, and the gradient of the loss with them."
    if apart:
        module.stepping()
    loop = kernels.windows if apart else kernels.tangent
    return module.finished(loop, title, [*rows, len(wrt)], ", _I")


def _backward(module: Module, k: Any) -> list[Node]:
    """Adds the parts of a backward pass: the loss's own gradient, a step back, tapes. Returns J^T g."""
    equation = module.equation
    module.loading()
    module.stepping()
    graph, n, g = equation.graph, module.n, module.gradient
    error = graph.lift(cost(k, equation.pack, equation.shaped(equation.state)))
    slopes = gradient(error, equation.state)
    code = module.code()
    names = code.lanes([along(graph, [], [], slope, g[i]) for i, slope in enumerate(slopes)])
    block = [*code.lines, f"return {tuple_of(names)}"]
    unpack = module.unpack("p", "s", "g")
    condition = "counts[t] > 0.0" if equation.masked else "t >= first[0]"
    module.add(
        "cost_gradient(p, s, g, y, t, first, counts)",
        [
            *unpack,
            f"if {condition}:",
            *(f"    {line}" for line in block),
            "return g",
        ],
    )
    partial = [gradient(value, equation.state) for value in equation.next]
    pulled = [along(graph, [partial[i][j] for i in range(n)], g) for j in range(n)]
    module.straight("pull_back(p, s, x, g)", module.unpack("p", "s", "g"), pulled, count=True)
    module.straight("zero_gradient(s)", [], [graph.constant(0.0)] * n)
    stores = [f"store(tape, (row * {n} + {i}) * WIDTH, s{i})" for i in range(n)]
    module.add("store_tape(tape, row, s)", [*module.unpack("s"), *stores])
    loads = [f"load(tape, (row * {n} + {i}) * WIDTH, WIDTH)" for i in range(n)]
    module.add("load_tape(tape, row)", [f"return {tuple_of(loads)}"])
    return pulled


def bptt(equation: Equation, k: Any, watchers: Sequence[Watcher], width: int = 64) -> Program:
    """The gradient of the loss with respect to the state of every time, backward: g[t] = J^T g[t+1] +
    dE_t/ds.
    """
    module = Module(equation, width)
    pulled = _backward(module, k)
    graph, g = equation.graph, module.gradient
    rows, lines, before = [], [], []
    for index, (observable, own) in enumerate(watchers):
        if isinstance(observable, Pulled):
            attended, count = _pulled(module, index, observable, own, pulled)
            before += attended
            rows.append(count)
            continue
        values = [graph.lift(value) for value in numbers_of(observable.value(equation.shaped(g)))]
        code = Code(equation.source, prefix=f"o{index}_")
        names = code.lanes(values)
        lines += [*code.lines, *falling(index, names)]
        rows.append(len(values))
    module.add("sample_gradient(outs, cells, at, g, t)", [*module.unpack("g"), *lines])
    attended = [*module.unpack("p", "s", "g"), *before] if before else []
    module.add("attend_gradient(outs, cells, at, p, s, x, g, t)", attended)
    module.operations *= 1.5
    title = "The gradient of the loss through time, backward."
    return module.finished(kernels.bptt, title, rows, ", _I, _F, _F, _I")


def lags(equation: Equation, k: Any, width: int = 64) -> Program:
    """The gradient of the loss with respect to the parameters by lag, where several times have a loss."""
    module = Module(equation, width)
    _backward(module, k)
    own = _contributions(module)
    labels = [f"a{i}" for i in range(len(own))]
    sums = [equation.graph.leaf("accumulator", str(i)) for i in range(len(own))]
    module.straight("begin_lag(p, s)", [], [equation.graph.constant(0.0)] * len(own))
    unpack = module.unpack("p", "s", "g", "a", accumulators=len(own))
    grown = [total + share for total, share in zip(sums, own.values(), strict=True)]
    module.straight("add_lag(p, s, x, g, a)", unpack, grown, count=True)
    module.add(
        "keep_lag(outs, cells, at, a, t)",
        [*([f"{tuple_of(labels)} = a"] if labels else []), *falling(0, labels)],
    )
    module.operations *= 0.5  # of all pairs of steps and lags half are in the run
    title = "The gradient of the loss by lag."
    return module.finished(kernels.lags, title, [len(own)], ", _I, _F, _F")


def _contributions(module: Module) -> dict[str, Node]:
    """What one step adds to the gradient by each parameter, g coming in."""
    equation = module.equation
    return {
        name: along(equation.graph, [gradient(value, [leaf])[0] for value in equation.next], module.gradient)
        for name, leaf in equation.parameters.items()
    }


def falling(index: int, names: Sequence[str]) -> list[str]:
    """Lines that keep these as the rows of time t, where times and so rows come in falling order."""
    head = f"keep_falling(outs[{index}], cells, at, t * {len(names)}"
    return [f"{head} + {i}, {names[i]}, WIDTH)" for i in reversed(range(len(names)))]


def _pulled(
    module: Module,
    index: int,
    observable: Pulled,
    k: Any,
    pulled: Sequence[Node],
) -> tuple[list[str], int]:
    """Lines that keep, or add up, what is read off the backward step from time t, and how many numbers."""
    equation, g = module.equation, module.gradient
    own = _contributions(module)
    omega = growth(equation.graph, g, pulled)
    values = [equation.graph.lift(value) for value in numbers_of(observable.value(k, own, omega))]
    code = Code(equation.source, prefix=f"o{index}_")
    names = code.lanes(values)
    if observable.summed:
        places = [f"outs[{index}], {i} * cells + at" for i in range(len(names))]
        stores = [
            f"store({place}, load({place}, WIDTH) + {name})"
            for place, name in zip(places, names, strict=True)
        ]
    else:
        stores = falling(index, names)
    return [*code.lines, *stores], len(names)
