"""The stores that the app may open: names in one root; nothing that a browser sends becomes a path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import jobs
from jobs.entries import Entry, catalog
from viz.apps import page
from viz.escape import Markup
from viz.reading import Unseen

if TYPE_CHECKING:
    import xarray as xr

_READABLE = ("done", "running", "interrupted", "failed")


class Shelf:
    """The stores of a root, looked up by name; a finished one is opened once per session."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._opened: tuple[Entry, xr.Dataset] | None = None

    def entries(self) -> dict[str, Entry]:
        """What there is now, by name."""
        return {entry.name: entry for entry in catalog(self.root)}

    def entry(self, name: str) -> Entry:
        """One store as the catalog knows it."""
        known = self.entries()
        if name not in known:
            have = ", ".join(known) if known else "none; run one with `separatrix run pascanu-cliff`"
            raise Unseen(f"there is no store {name!r} in {self.root}; there are: {have}")
        return known[name]

    def open(self, entry: Entry) -> xr.Dataset:
        """The dataset of a store; opened again when more of it is done or another has taken its name."""
        if entry.state not in _READABLE:
            raise Unseen(f"the store {entry.name!r} is damaged: {entry.note}")
        if self._opened is None or self._opened[0] != entry:
            self._opened = (entry, jobs.open(entry.path, self.root))
        return self._opened[1]


def same_sweep(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Whether two datasets are of one sweep, so that every axis and variable of the one is in the other."""
    return bool(one.attrs.get("sweep") == other.attrs.get("sweep"))


def progress(entry: Entry) -> Markup:
    """The title of a store and how far it is, with a bar while it grows."""
    growing = entry.state in ("running", "interrupted") and entry.tiles
    share = (entry.done + entry.failed) / entry.tiles if growing else None
    said = entry.state if share is None else f"{entry.state} · {entry.done} of {entry.tiles} tiles"
    said = f"{said} · {entry.failed} failed" if entry.failed else said
    return page.heading(entry.title or entry.name, said, entry.state, share)
