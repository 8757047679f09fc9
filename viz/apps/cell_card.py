"""The card of the tapped cell: its numbers at once, its live simulation as soon as it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import panel as pn

from viz import element_lines
from viz.apps import cell as cells
from viz.apps import page
from viz.escape import Markup, html
from viz.scenes import Lines

if TYPE_CHECKING:
    import xarray as xr

FRAME = (222, 118)


class CellCard:
    """One cell of a store, in numbers and through time."""

    def __init__(self) -> None:
        self.numbers, self.word = (
            page.block(Markup(""), sizing_mode="stretch_width", margin=(4, 0)) for _ in range(2)
        )
        self.plots = pn.Column(margin=0)
        self._ticket = 0
        self._shown: tuple[Any, ...] = ()

    def layout(self) -> pn.Column:
        """The parts of the card, one below the other."""
        head = page.block(page.section("Cell"), margin=(0, 0, 6, 0))
        return pn.Column(
            head,
            self.numbers,
            self.plots,
            self.word,
            width=324,
            margin=(14, 12, 14, 14),
            styles={**page.CARD, "padding": "14px 14px"},
        )

    def show(self, dataset: xr.Dataset, variable: str, cell: Mapping[str, Any]) -> None:
        """Numbers now; the simulation in a thread where there is a browser, at once where there is none."""
        page.put(self.numbers, cells.numbers(dataset, variable, cell))
        key = (id(dataset), tuple(cell.items()))
        if key == self._shown:
            return
        self._shown = key
        self._ticket += 1
        ticket = self._ticket
        page.put(self.word, html("p", "simulating …", cls="soft"))
        if pn.state.curdoc is None or pn.state.curdoc.session_context is None:
            self._put(ticket, *_live(dataset, cell))
            return

        async def simulate() -> None:
            self._put(ticket, *await asyncio.to_thread(_live, dataset, dict(cell)))

        pn.state.execute(simulate)

    def clear(self) -> None:
        """No cell."""
        self._ticket += 1
        self._shown = ()
        self.plots.objects = []
        page.put(self.numbers, Markup(""))
        page.put(self.word, Markup(""))

    def _put(self, ticket: int, lines: list[Lines], word: Markup) -> None:
        if ticket == self._ticket:
            parts: list[Any] = []
            for one in lines:
                parts.append(page.block(html("p", html("b", one.title), cls="plot"), margin=(8, 0, 0, 0)))
                parts.append(pn.pane.HoloViews(element_lines.small(one, FRAME), linked_axes=False, margin=0))
            self.plots.objects = parts
            page.put(self.word, word)


def _live(dataset: xr.Dataset, cell: Mapping[str, Any]) -> tuple[list[Lines], Markup]:
    try:
        lines, word = cells.simulate(dataset, cell)
    except Exception as fault:  # noqa: BLE001 - whatever a user's system raises is shown by name, the process lives
        return [], page.fault(f"No live cell: {type(fault).__name__}", fault)
    return lines, html("p", word, cls="soft")
