"""Is every byte of a store what was written? Each file against its seal, each chunk against the ledger."""

from dataclasses import dataclass
from pathlib import Path

from jobs import lock, rooms, seals
from jobs.layout import damage, layout
from jobs.ledger import PLACE, Ledger
from sim.errors import Refused


@dataclass(frozen=True)
class Report:
    """What verify found. damaged: files by name; reopened: tiles that the next run computes again."""

    path: Path
    tiles: int
    checked: int
    damaged: tuple[str, ...] = ()
    reopened: tuple[int, ...] = ()
    note: str = ""


def verify(store: Path | str, root: Path | str = "results") -> Report:
    """Check every byte of a store. Damaged tiles become pending again, unless a driver works on them now.

    Errors: Refused where there is no store or its frame cannot be read.
    """
    path = rooms.find(store, root)
    if not (path / PLACE).is_file():
        seals.attributes_of(path)  # says whether it is a store at all
    pages, header = seals.pages_of(path)
    if broken := seals.broken(path, header):
        return Report(path, header["tiles"], 0, tuple(seals.said(broken)), note=seals.MEND)
    cut = layout(path)
    damaged: list[str] = []
    reopened = []
    for number, record in sorted(pages.records.items()):
        if found := damage(path, cut, record):
            damaged += found
            reopened.append(number)
    note = ""
    if reopened:
        note = _reopen(path, reopened)
    elif pages.damaged:
        note = f"{pages.damaged} damaged {'line' if pages.damaged == 1 else 'lines'} of the ledger; "
        lost = header["tiles"] - len(pages.records)
        note += (
            f"{lost} tiles without one are computed by the next run" if lost else "every tile has a whole one"
        )
    return Report(path, header["tiles"], len(pages.records), tuple(damaged), tuple(reopened), note)


def _reopen(path: Path, tiles: list[int]) -> str:
    name = path.name.removesuffix(rooms.SUFFIX)
    again = "run its sweep again to compute them anew"
    try:
        with lock.owned(path.parent, name), Ledger(path) as ledger:
            ledger.reopen(tiles)
    except (Refused, OSError):
        return f"nothing was changed: the store is held or read-only; {again}"
    return again
