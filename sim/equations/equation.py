"""A system's verbs traced on symbols: the equation that kernels are generated from."""

from collections.abc import Sequence
from typing import Any

from sim.equations.graph import Graph, Leaf, Node
from sim.errors import refuse
from sim.generic import free, mirrored, noise, output, step, units
from sim.generic import inputs as wanted_inputs
from sim.matrices import Matrices, Vectors
from sim.objective import Head


def is_number(value: Any) -> bool:
    """Whether a pack's field is a number of its own for every cell (else it is fixed: a word, a count, a
    flag).
    """
    return value is not None and not isinstance(value, (str, bool, int, tuple))


class Scaled:
    """A weight matrix times a number of each cell; the number multiplies the product, not the matrix."""

    def __init__(self, matrix: Node, factor: Node) -> None:
        self.matrix, self.factor = matrix, factor
        self.shape = matrix.shape

    def __matmul__(self, vector: Any) -> Node:
        return self.factor * (self.matrix @ vector)

    @property
    def T(self) -> "Scaled":
        """The transposed matrix."""
        return Scaled(self.matrix.T, self.factor)


def flattened(pack: Any, prefix: str = "") -> dict[str, Any]:
    """The fields of a pack by full name, packs and tuples inside it opened: `layers[1].W`, `taps[0]`.

    Layers and other packs are counted from 1, as the parts of their states are, numbers from 0.
    """
    found: dict[str, Any] = {}
    for name, value in zip(pack._fields, pack, strict=True):
        found |= _opened(prefix + name, value)
    return found


def _opened(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, (Matrices, Vectors)) or not isinstance(value, tuple):
        return {name: value}
    if hasattr(value, "_fields"):
        return flattened(value, f"{name}.")
    return {
        path: found
        for i, item in enumerate(value)
        for path, found in _opened(f"{name}[{ordinal(item, i)}]", item).items()
    }


def ordinal(item: Any, index: int) -> int:
    """What the item of a tuple is counted as, from its index."""
    return index + (hasattr(item, "_fields") and not isinstance(item, (Matrices, Vectors)))


def learnt_numbers(pack: Any, prefix: str = "") -> list[str]:
    """The full names of the numbers of a pack that are learnt, those of packs inside too: what is held is
    left out.
    """
    found: list[str] = []
    for name in free(type(pack)):
        found += _numbers(prefix + name, getattr(pack, name))
    return found


def _numbers(name: str, value: Any) -> list[str]:
    if isinstance(value, (Matrices, Vectors)):
        return []
    if not isinstance(value, tuple):
        return [name] if is_number(value) else []
    if hasattr(value, "_fields"):
        return learnt_numbers(value, f"{name}.")
    return [found for i, item in enumerate(value) for found in _numbers(f"{name}[{ordinal(item, i)}]", item)]


class Equation:
    """One step of a system, on symbols.

    `example` is a pack with the fixed fields filled in; its numbers only say which fields are numbers. Fields
    may be tuples and packs of their own: their parameters are named `taps[0]`, `layers[1].W`. `inputs` says
    where x comes from: "none" (always zero), "shared" (one series for all cells) or "cells" (a series for
    each), `series` the same for inputs and random numbers together. A network's fields are `Matrices` and
    `Vectors`, its state is one array over units or several.
    """

    def __init__(self, example: Any, inputs: str = "none", series: str = "") -> None:
        self.inputs = inputs
        self.series = series or ("cells" if inputs == "cells" else "shared")
        self.goal: Node | None = None  # the targets of a time
        self.goals = "shared"  # whether every cell has its own
        self.masked = False  # whether the task says which times count
        self.head: Head | None = None
        self.graph = Graph()
        self.labels = units(example)
        self.parameters: dict[str, Node] = {}
        self.extras: dict[str, Node] = {}
        self.matrices: dict[str, Node] = {}
        self.vectors: dict[str, Node] = {}
        self.pack = self._packed("", example)
        own = learnt_numbers(example)
        self.learnt = {name: node for name, node in self.parameters.items() if name in own}
        self.t = self.graph.leaf("time", "t")
        graph = self.graph
        if isinstance(self.labels, (int, dict)):
            self.parts = {"s": self.labels} if isinstance(self.labels, int) else dict(self.labels)
            self.state = tuple(graph.leaf("state", part, (n,)) for part, n in self.parts.items())
            width = wanted_inputs(example)
            self.x: Any = graph.leaf("input", "x", (width,)) if inputs != "none" else graph.zeros(width)
            count = noise(example)
            self.z = graph.leaf("noise", "z", (count,)) if count else None
            both = mirrored(example)
            self.mirror = graph.leaf("mirror", "w", (width,)) if both and inputs != "none" else None
        else:
            self.parts, self.z, self.mirror, both = {}, None, None, False
            self.state = tuple(graph.leaf("state", str(i)) for i in range(len(self.labels or [""])))
            self.x = graph.leaf("input", "x") if inputs != "none" else graph.silence()
        self.driven = self.x  # what the verbs take
        if both:
            self.driven = (self.x, self.x if self.mirror is None else self.mirror)
        elif self.z is not None:
            self.driven = (self.x, self.z)
        self.next = self.numbers(step(self.pack, self.shaped(self.state), self.driven))
        if [node.shape for node in self.next] != [node.shape for node in self.state]:
            raise refuse(
                "system",
                f"step of {type(example).__name__} returns {len(self.next)} values of the shapes "
                f"{[node.shape for node in self.next]} for a state of {len(self.state)} of the shapes "
                f"{[node.shape for node in self.state]}; "
                "a state of several numbers or arrays is declared with @units.register",
            )

    @property
    def learnable(self) -> dict[str, Node]:
        """What a network learns, by name: matrices, vectors, and the numbers that are not held."""
        return {**self.matrices, **self.vectors, **self.learnt}

    def _packed(self, prefix: str, pack: Any) -> Any:
        return type(pack)(
            *(self._field(prefix + name, value) for name, value in zip(pack._fields, pack, strict=True))
        )

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, Matrices):
            matrix = self.matrices.setdefault(name, self.graph.leaf("matrix", name, value.base.shape[1:]))
            return Scaled(matrix, self._field(f"{name}.factor", 1.0))
        if isinstance(value, Vectors):
            return self.vectors.setdefault(name, self.graph.leaf("vector", name, value.base.shape[1:]))
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._packed(f"{name}.", value)
        if isinstance(value, tuple):
            return tuple(self._field(f"{name}[{ordinal(item, i)}]", item) for i, item in enumerate(value))
        if not is_number(value):
            return value
        return self.parameters.setdefault(name, self.graph.leaf("parameter", name))

    def own(self, name: str) -> Node:
        """A number of each cell that belongs to an observable (such as `target`), not to the system."""
        return self.extras.setdefault(name, self.graph.leaf("extra", name))

    def aim(self, width: int, goals: str) -> Node:
        """The targets of a time, from the task."""
        self.goal = self.graph.leaf("goal", "y", (width,) if self.parts else ())
        self.goals = goals
        return self.goal

    def read_out(self, outputs: int) -> Head:
        """Gives it a linear read-out with this many outputs; its arrays are named `readout.V` (one for each
        array that is read out) and `readout.c`.
        """
        read = self.output(self.state)
        names = ["readout.V"] if len(read) == 1 else [f"readout.V[{i}]" for i in range(len(read))]
        for name, h in zip(names, read, strict=True):
            self.matrices[name] = self.graph.leaf("matrix", name, (outputs, h.shape[0]))
        c = self.vectors["readout.c"] = self.graph.leaf("vector", "readout.c", (outputs,))
        self.head = Head(tuple(self.matrices[name] for name in names), c)
        return self.head

    def shaped(self, numbers: Sequence[Node]) -> Any:
        """Numbers as the system's functions see a state: one of them alone, or a tuple."""
        return tuple(numbers) if isinstance(self.labels, (tuple, dict)) else numbers[0]

    def numbers(self, state: Any) -> tuple[Node, ...]:
        """What a function of the system gives, as a tuple of nodes."""
        values = tuple(state) if isinstance(state, (tuple, list)) else (state,)
        if any(value is None for value in values):
            name = type(self.pack).__name__
            raise refuse("system", f"a function of {name} gives None; does it end without `return`?")
        return tuple(self.graph.lift(value) for value in values)

    def output(self, state: Sequence[Node]) -> tuple[Node, ...]:
        """What is read out of a state."""
        return self.numbers(output(self.pack, self.shaped(state)))

    def columns(self) -> list[str]:
        """The names of the numbers each cell has, in the order in which kernels take them."""
        return [*self.parameters, *self.extras]

    def source(self, node: Node) -> tuple[str, bool] | None:
        """The variable that holds a leaf in generated code, and whether it is the same for all lanes."""
        if node.op != "leaf":
            return None
        leaf = node.value
        if leaf.kind in ("parameter", "extra"):
            return variable(leaf), False
        if leaf.kind == "time":
            return leaf.name, True
        if leaf.kind == "input":
            return leaf.name, self.inputs != "cells"
        if leaf.kind == "goal":
            return leaf.name, self.goals != "cells"
        return {"state": "s", "accumulator": "a", "tangent": "v", "gradient": "g"}[
            leaf.kind
        ] + leaf.name, False

    def variables(self) -> list[str]:
        """The variables that hold the columns in generated code."""
        return [variable(node.value) for node in (*self.parameters.values(), *self.extras.values())]


def variable(leaf: Leaf) -> str:
    """A legal variable name for a parameter: `taps[0]` is p_taps_0_."""
    return ("p_" if leaf.kind == "parameter" else "k_") + "".join(
        c if c.isalnum() else "_" for c in leaf.name
    )
