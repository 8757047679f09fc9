"""Runs of layered feed-forward networks: the weights of each cell drawn, its batch sent forward and back.

Here, and only here, cells are a loop in Python: one cell is one large network, seconds of matrix products.
Cells that differ in other things than their weights share them; the matrices of one configuration exist at a
time.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim import compile as machine_code
from sim.activations import activation
from sim.cells import aligned
from sim.errors import Problem, Refused, refuse
from sim.layers.chain import Chain, measured
from sim.layers.quick_draws import QuickDraw, source
from sim.machine.one_thread import one_thread
from sim.names import find
from sim.observable import Declared, Facts, Norms, Whole
from sim.signature import Keyword

_USED = ("seed", "criterion")  # of what belongs to runs and observables; the rest is for recurrences
_DRAW = 150.0  # operations that one normal number costs


class Tile(NamedTuple):
    """The networks of some cells, as packs, and which cells have the same weights."""

    packs: list[Any]
    alike: list[list[int]]


class Layers:
    """The form of one run of a layered network.

    Its pack says `layers`, `shapes` (of the matrices, first layer first), `activation`, `weights` and `b`
    (families), `batch`, and `examples(seed)`: images (batch, pixels) and their classes.
    """

    def __init__(self, setting: Any, known: Mapping[str, Keyword]) -> None:
        self.setting, self.pack = setting, setting.example
        self._refuse_idle(known)
        self.criterion = str(setting.values.get("criterion", "cross_entropy"))
        own = {path for path in setting.varied if path == "seed" or path.startswith("weights.")} - {
            "weights.gain"
        }
        self.together = frozenset(setting.varied - own)
        self.declared: list[tuple[str, Declared]] = []
        self.loops: dict[str, Any] = {}
        self._asked: list[
            tuple[str, str]
        ] = []  # of each observable its name and the word for it in `measured`
        for name, observable in setting.observables:
            facts = self._facts(observable)
            if isinstance(observable, Whole) and observable.layered:
                self.loops[name] = observable.plan(self, facts.k, facts)
            else:
                self._asked.append((name, _word(setting.system, name, observable)))
            self.declared.append((name, observable.declare(facts)))

    def _refuse_idle(self, known: Mapping[str, Keyword]) -> None:
        """What is for recurrences over time is refused where it is given, not ignored."""
        values, varied = self.setting.values, self.setting.varied
        problems = [
            Problem(
                f"parameters.{path}",
                f"{path} ({keyword.owner}) is for recurrent networks; {self.setting.system!r} has layers and "
                "no time: leave it out",
            )
            for path, keyword in known.items()
            if keyword.owner != f"system {self.setting.system}"
            and path.partition(".")[0] not in self.setting.own
            if path not in _USED and (path in varied or values[path] != keyword.default)
        ]
        if self.setting.task.inputs is not None:
            problems.append(
                Problem("task", f"{self.setting.system!r} chooses its own images; leave task out")
            )
        if problems:
            raise Refused(problems)

    def _facts(self, observable: Any) -> Facts:
        shapes = {f"W[{k}]": shape for k, shape in enumerate(self.pack.shapes, start=1)}
        k = observable.keywords(*(self.setting.values[name] for name in observable.keywords._fields))
        return Facts(None, 1, tuple(shapes), k, shapes, self.pack.layers)

    @property
    def sources(self) -> list[str]:
        """The text of everything that is compiled."""
        return [source()]

    @property
    def operations(self) -> float:
        """Counted operations of a cell: three products a layer, and the drawing of its weights."""
        weights = sum(rows * columns for rows, columns in self.pack.shapes)
        return float(weights) * (3.0 * self.pack.batch + _DRAW)

    @property
    def work_bytes(self) -> int:
        """Scratch memory of a cell: all weights, the gradient of a layer and what drawing one takes,
        activations.
        """
        sizes = [rows * columns for rows, columns in self.pack.shapes]
        neurons = sum(rows for rows, _ in self.pack.shapes) + 3 * max(map(max, self.pack.shapes))
        return 8 * (sum(sizes) + 4 * max(sizes) + self.pack.batch * neurons)

    def lanes_of(self, tile: Tile) -> int:
        """How many cells a tile has."""
        return len(tile.packs)

    def compile(self) -> None:
        """Compile or fetch the drawing of numbers, the one kernel here."""
        machine_code.load(source())

    def load(self, columns: Mapping[str, np.ndarray], cells: int) -> Tile:
        """The packs of these cells, numbers as plain ones; weights are drawn when they are needed."""
        packs = []
        alike: dict[Any, list[int]] = {}
        for cell in range(cells):
            own = {path: column[cell].item() for path, column in columns.items()}
            values = {**self.setting.values, **own}
            packs.append((self.setting.built(values), values["seed"]))
            weights = packs[-1][0].weights
            settings = {name: value for name, value in weights.settings.items() if name != "gain"}
            alike.setdefault((weights.seed, *sorted(settings.items())), []).append(cell)
        return Tile(packs, list(alike.values()))

    def compute(self, tile: Tile) -> dict[str, np.ndarray]:
        """The raw values of every observable, cells first."""
        found = {name: loop.evaluate(tile)[0] for name, loop in self.loops.items()}
        if not self._asked:
            return found
        shapes = self.pack.shapes
        W = [aligned(rows * columns).reshape(rows, columns) for rows, columns in shapes]
        gradient = aligned(max(rows * columns for rows, columns in shapes))
        wanted = frozenset(word for _, word in self._asked)
        seen: list[Any] = [None] * len(tile.packs)
        with one_thread(), np.errstate(all="ignore"):
            for cells in tile.alike:
                _draw(W, tile.packs[cells[0]][0].weights)
                for cell in cells:
                    pack, seed = tile.packs[cell]
                    images, classes = pack.examples(seed)
                    chain = chained(pack, W)
                    seen[cell] = measured(chain, images, classes, self.criterion, wanted, gradient)
        for name, word in self._asked:
            found[name] = np.array([each[word] for each in seen], dtype=np.float64)
        return found


def _word(system: str, name: str, observable: Any) -> str:
    """The word under which `measured` has an observable; refused where it is of a run over time."""
    if isinstance(observable, Norms):
        return observable.by
    if observable is find("sim.observables", "loss").observable:
        return "loss"
    raise refuse(
        "observables",
        f"{name} is of a run over time, {system!r} has layers instead; it has loss, gradient_norm and "
        "the other norms by layer",
    )


def _draw(W: list[np.ndarray], family: Any) -> None:
    """Every layer's matrix, each from random numbers of its own."""
    settings = {name: value for name, value in family.settings.items() if name != "gain"}
    for k, matrix in enumerate(W, start=1):
        matrix[:] = family.member(
            *matrix.shape, QuickDraw(family.seed, f"{family.purpose}[{k}]"), **settings
        )[0]


def chained(pack: Any, W: list[np.ndarray]) -> Chain:
    """The network of this pack with these matrices, its biases drawn."""
    if isinstance(pack.b, float):
        b = [np.full(rows, pack.b) for rows, _ in pack.shapes]
    else:
        b = [
            pack.b.member(rows, columns, QuickDraw(pack.b.seed, f"{pack.b.purpose}[{k}]"), **pack.b.settings)[
                0
            ]
            for k, (rows, columns) in enumerate(pack.shapes, start=1)
        ]
    return Chain(W, b, float(pack.weights.settings["gain"]), *activation(pack.activation))


def drawn(pack: Any) -> Chain:
    """The network of this pack, everything drawn."""
    W = [np.empty(shape) for shape in pack.shapes]
    with one_thread():
        _draw(W, pack.weights)
    return chained(pack, W)
