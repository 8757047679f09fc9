"""Any other task with its input sequence reversed: what came last comes first.

Of T words that are shown one after the other and told one after the other, every word waits T steps;
reversed, the k-th waits 2k - 1: the first only one step, the last 2T - 1, the mean stays T. Short
dependencies are learnt first. A task may say which steps are its `message`; else all of its input is
reversed, and then it must ask at the end alone. Source: I. Sutskever, O. Vinyals & Q. Le, NeurIPS 2014,
arXiv:1409.3215, section 3.3.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse, said_of
from sim.names import find, listing
from sim.signature import About, Family, Group


def tasks() -> Mapping[str, Callable[..., Any]]:
    """The keywords of every other task that has targets, by its name."""
    own = __name__.rpartition(".")[2]
    modules = {name: find("sim.tasks", name) for name in listing("sim.tasks") if name != own}
    return {name: module.Keywords for name, module in modules.items() if hasattr(module, "targets")}


class Keywords(NamedTuple):
    """Which task, and that task's keywords."""

    of: Annotated[Any, About("the task whose input is reversed"), Family(tasks)] = "copy"


class Inner(NamedTuple):
    """The task that is reversed, and its keywords."""

    task: Any
    k: Any


def _inner(k: Keywords) -> Inner:
    group: Group = k.of
    return Inner(find("sim.tasks", group.word), group.keywords)


def _full(place: str) -> str:
    """The full name of what the inner task refuses."""
    return re.sub(r"^parameters\.(?!steps$)", "parameters.of.", place)


def inputs_count(k: Keywords) -> int:
    """As the inner task."""
    task, own = _inner(k)
    return int(task.inputs_count(own))


def outputs_count(k: Keywords) -> int:
    """As the inner task."""
    task, own = _inner(k)
    return int(task.outputs_count(own))


def check(k: Keywords, steps: int) -> None:
    """The inner task must fit into the run, and not ask for what has not been shown yet."""
    task, own = _inner(k)
    with said_of(_full):
        if hasattr(task, "check"):
            task.check(own, steps)
    if not hasattr(task, "message") and task.when(own, steps)[:steps].any():
        raise refuse(
            "parameters.of",
            f"{k.of.word} asks before its end, for what a reversed input has not shown yet; reverse a task "
            "that asks at the end alone, or one that has a message",
        )


def _made(function: Callable[..., Any], own: Any, steps: int, draw: Draw) -> np.ndarray:
    random = "draw" in inspect.signature(function).parameters
    with said_of(_full):
        return np.asarray(function(own, steps, draw) if random else function(own, steps))


def inputs(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The inner task's inputs, (kinds, steps, inputs), with its message in reversed order."""
    task, own = _inner(k)
    x = _made(task.inputs, own, steps, draw)
    x = x if x.ndim == 3 else x[..., None]
    first, beyond = task.message(own, steps) if hasattr(task, "message") else (0, steps)
    t = np.arange(steps)
    source = np.atleast_2d(np.where((first <= t) & (t < beyond), first + beyond - 1 - t, t))
    return np.take_along_axis(x, source[..., None], axis=1)


def targets(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The inner task's targets, as they are."""
    task, own = _inner(k)
    return _made(task.targets, own, steps, draw)


def when(k: Keywords, steps: int) -> np.ndarray:
    """As the inner task."""
    task, own = _inner(k)
    return np.asarray(task.when(own, steps))
