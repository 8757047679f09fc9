"""What a run of networks is set to: blocks and registers, what the loss compares, the keywords as symbols."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.equations.equation import Equation, flattened
from sim.equations.stages import REGISTER
from sim.errors import refuse
from sim.machine.processor import SHAPES
from sim.networks.tile import readout
from sim.objective import counted
from sim.series import check_head, targets_kind
from sim.signature import Keyword

_SCALINGS = ("gain", "spectral_radius")


class Shape(NamedTuple):
    """Lanes of a block, registers of a product's tile, whether the lanes share their matrices, and the varied
    keywords over which cells do.
    """

    lanes: int
    tile: int
    shared: bool
    together: frozenset[str]


def shape_of(setting: Any, matrices: int, *, pulled: bool, whole: bool) -> Shape:
    """The blocks of a run whose kernels read so many bytes of a cell's own matrices; whether gradients are
    pulled back, and whether a loop of an observable's own works on lanes.
    """
    moving = {
        path
        for path in setting.varied
        if path == "seed" or ("." in path and path.rpartition(".")[2] not in _SCALINGS)
    }
    if not moving or setting.varied - moving:
        return Shape(*(SHAPES.pulled if pulled else SHAPES.shared), True, frozenset(setting.varied - moving))
    return Shape(*_blocks(matrices, whole), False, frozenset())


def _blocks(matrices: int, whole: bool) -> tuple[int, int]:
    """Lanes of a block and registers of a tile where every lane has its own matrices of so many bytes.

    As many lanes as the first-level cache holds matrices of beside the rest; at least a register where a loop
    of an observable's own (`whole`) works on lanes alone. Fraction of the multiply-add peak: 8 units with 32
    lanes 0.7; 24 units with 8 lanes 0.55, with 4 lanes 0.63; 32 units with 8 lanes 0.37, with 2 lanes 0.7; 64
    units with 8 lanes 0.26, with one 0.65.
    """
    choices = tuple(lanes for lanes in SHAPES.blocks if lanes >= REGISTER or not whole)
    lanes = next((lanes for lanes in choices if lanes * matrices <= SHAPES.fast), choices[-1])
    return lanes, 4 if lanes == 32 else SHAPES.tile if lanes >= REGISTER else SHAPES.narrow


def matrix_bytes(equation: Equation) -> int:
    """Bytes of a cell's own matrices."""
    return 8 * sum(math.prod(node.shape) for node in equation.matrices.values())


def parameter_names(equation: Equation) -> tuple[str, ...]:
    """All arrays of parameters and all numbers that are learnt, in the order of the pack; those of the
    read-out last.
    """
    own = flattened(equation.pack)
    arrays = equation.learnable
    return (*(name for name in own if name in arrays), *(name for name in arrays if name not in own))


def aimed(setting: Any, equation: Equation) -> np.ndarray:
    """Give the equation its targets and read-out, where the observables have a loss; returns for every time
    whether its loss counts, where the task says so.
    """
    values = setting.values
    if "outputs" not in values:
        return np.zeros(1)
    read = sum(h.shape[0] for h in equation.output(equation.state))
    width = check_head(setting, int(values["outputs"]) or read)
    if values["outputs"]:
        readout(setting, values, equation.read_out(width))  # refuses a matrix of another shape
    if hasattr(setting.task, "targets"):
        equation.aim(width, targets_kind(setting))
    mask = counted(setting, int(values["loss_from"]), int(values["steps"]))
    equation.masked = mask is not None
    return np.zeros(1) if mask is None else mask


def check_ends(setting: Any, mask: np.ndarray | None) -> None:
    """Refused where the loss of a network whose halves meet at the last time alone counts at another."""
    values = setting.values
    if "loss_from" not in values:
        return
    steps = int(values["steps"])
    if mask[:-1].any() if mask is not None else values["loss_from"] not in (-1, steps):
        raise refuse(
            "parameters.loss_from",
            'with alignment = "ends" the two halves of a bidirectional network have both seen the whole '
            f'sequence at the last time only; write loss_from = {steps}, or alignment = "positions", where '
            "every time belongs to one input",
        )


def symbols(setting: Any, known: Mapping[str, Keyword], equation: Equation, observable: Any) -> Any:
    """An observable's keywords as its functions see them: numbers of cells as symbols, targets, read-out."""
    names = observable.keywords._fields
    numbers = {name for name in names if known[name].kind == "number"}
    given = {name: equation.own(name) if name in numbers else setting.values[name] for name in names}
    if "target" in given and equation.goal is not None:
        given["target"] = equation.goal
    if "readout" in given:
        given["readout"] = equation.head
    return observable.keywords(**given)
