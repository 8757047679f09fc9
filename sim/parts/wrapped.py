"""Systems inside systems: a wrapper's `cell` is any network, found by name, with all its keywords."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sim.errors import Refused, refuse, said_of
from sim.functions import parts
from sim.generic import has, jvp, mirrored, networked, noise, rhs, step, units, vjp
from sim.matrices import Chosen
from sim.names import find, listing
from sim.signature import signature
from sim.vocabulary import builder

WRAPPERS = ("stacked", "bidirectional")


class Cells(Mapping[str, Callable[..., Any]]):
    """What makes the pack of each system, by name; also by the dotted name of one's own."""

    further = "one of your own is named by its dotted module on the Python path, as in my_lab.cell"

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name.endswith(".py"):  # relative to a sweep file whose folder is not known here
            raise KeyError(name)
        try:
            made: Callable[..., Any] = builder(find("sim.systems", name), name)
        except Refused as refusal:
            raise KeyError(name) from refusal
        if not _several(made):
            raise KeyError(name)
        return made

    def __iter__(self) -> Iterator[str]:
        return (name for name in listing("sim.systems") if name not in WRAPPERS and name in self)

    def __len__(self) -> int:
        return len(tuple(iter(self)))


def _several(made: Callable[..., Any]) -> bool:
    """Whether a system's keywords say how many units it has."""
    return any(keyword == "units" for keyword, _, _ in signature(made))


def cells() -> Mapping[str, Callable[..., Any]]:
    """The systems that can be wrapped."""
    return Cells()


def wrapped(cell: Chosen, wrapper: str, **changes: Any) -> Any:
    """The pack of a cell inside a wrapper; refused where the cell lacks what the wrapper needs."""
    pack = _inside(cell, wrapper, changes)
    if not networked(pack):
        raise _one_unit(cell, wrapper)
    if has(rhs, type(pack)) and not has(step, type(pack)):
        raise refuse(
            "parameters.cell",
            f"{cell.word} is a flow here, ds/dt = ..., and {wrapper} is made of steps; write what gives it "
            "one (cell.alpha for ctrnn)",
        )
    for name, verb in (("step", step), ("jvp", jvp), ("vjp", vjp)):
        if not has(verb, type(pack)):
            raise refuse(
                "parameters.cell",
                f"{wrapper} needs {name}, which {cell.word} does not define; add one with @{name}.register",
            )
    if mirrored(pack):
        raise refuse(
            "parameters.cell", f"{wrapper} cannot hold {cell.word}, which reads the sequence from its end"
        )
    if noise(pack):
        raise refuse(
            "parameters.cell", f"{wrapper} has no random numbers for its cells; leave dropout at none"
        )
    return pack


def _inside(cell: Chosen, wrapper: str, changes: Mapping[str, Any]) -> Any:
    """The pack of a cell; what it refuses is said of the keywords as they are named inside a wrapper."""
    head, inside = "parameters.", f"parameters.{cell.place}."

    def full(place: str) -> str:
        own = place.startswith(head) and not place.startswith(inside)
        return inside + place.removeprefix(head) if own else place

    try:
        with said_of(full):
            return cell.built(**changes)
    except Refused:
        if cell.settings.get("units") == 1 and _built(cell, changes):
            raise _one_unit(cell, wrapper) from None
        raise


def _built(cell: Chosen, changes: Mapping[str, Any]) -> bool:
    """Whether two units of the cell are no trouble, so that one unit is."""
    try:
        return networked(cell.built(**{**changes, "units": 2}))
    except Refused:
        return False


def _one_unit(cell: Chosen, wrapper: str) -> Refused:
    return refuse(
        f"parameters.{cell.place}.units",
        f"{wrapper} is made of networks; {cell.word} is one unit here: write {cell.place}.units = 2 or more, "
        f'or {cell.place}.weights = "gaussian" for a network of one',
    )


def split(packs: tuple[Any, ...], s: Any) -> list[Any]:
    """The states of several cells, each in its own form, from one after another."""
    rest, found = list(parts(s)), []
    for pack in packs:
        own = units(pack)
        count = len(own) if isinstance(own, dict) else 1
        found.append(tuple(rest[:count]) if isinstance(own, dict) else rest[0])
        del rest[:count]
    return found


def joined(states: list[Any]) -> tuple[Any, ...]:
    """The states of several cells one after another."""
    return tuple(part for state in states for part in parts(state))


def labels(packs: tuple[Any, ...], names: tuple[str, ...]) -> dict[str, int]:
    """The names and sizes of the parts of several cells' states."""
    found: dict[str, int] = {}
    for pack, name in zip(packs, names, strict=True):
        own = units(pack)
        sizes = own if isinstance(own, dict) else {"h": own} if isinstance(own, int) else {}
        found |= {f"{part}{name}": n for part, n in sizes.items()}
    return found


def added(a: Any, b: Any) -> Any:
    """The sum of two things of the form of a state."""
    if isinstance(a, tuple):
        return tuple(one + other for one, other in zip(a, b, strict=True))
    return a + b
