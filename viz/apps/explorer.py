"""The explorer: pick a store, a variable and a view; move through the axes; tap a cell and see it live."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn

from sim.errors import Refused
from viz import reading, theories, view
from viz.apps import page, touch
from viz.apps.cell_card import CellCard
from viz.apps.controls import Slider, chosen, option_widgets, say_auto, select, theory_widget
from viz.apps.guards import Quiet, shown
from viz.apps.last_scene import LastScene
from viz.apps.picture import Picture, Place
from viz.apps.state import State, parse, query
from viz.apps.stores import Shelf, progress, same_sweep
from viz.escape import Markup, html, joined, plain
from viz.keys import explained
from viz.reading import Unseen
from viz.scenes import Field, Scene, drawn_dims

if TYPE_CHECKING:
    import xarray as xr

    from jobs.entries import Entry


class Explorer:
    """One session of the app. Nothing here is shared with other sessions but the files."""

    def __init__(self, root: Path, address: str = "") -> None:
        self.shelf = Shelf(root)
        self.wish, self.words = parse(address)
        self.entry: Entry | None = None
        self.dataset: xr.Dataset | None = None
        self.scene: Scene | None = None
        self.cell: dict[str, Any] = {}
        self.options: dict[str, Any] = {}
        self.sliders: dict[str, Slider] = {}
        self.cell_sliders: dict[str, Slider] = {}
        self.card = CellCard()
        self._quiet = Quiet()
        self._scenes = LastScene()
        self._loaded = self._lost = False
        self._build()
        self.load()

    def _build(self) -> None:
        """The parts of the page, empty."""
        self.store, self.variable, self.view = (
            select(name, [], None) for name in ("store", "variable", "view")
        )
        for widget, react in (
            (self.store, self._store_picked),
            (self.variable, self._variable_picked),
            (self.view, self._view_picked),
        ):
            widget.param.watch(react, "value")
        self.option_box, self.slider_box = pn.Column(margin=0), pn.Column(margin=0)
        self.head, self.caption, self.note = (page.block(Markup("")) for _ in range(3))
        self.picture = Picture(self._tapped)

    def layout(self) -> pn.Row:
        """The whole page: choices on the left, the picture in the middle, the tapped cell on the right."""
        choices = (self.store, self.variable, self.view, self.option_box, self.slider_box)
        for part in (self.head, self.note, self.caption):
            part.sizing_mode, part.margin = "stretch_width", (4, 0)
        middle = (self.head, self.note, self.picture.box, self.caption)
        return page.columns(choices, middle, self.card.layout())

    # --- choosing, from the store down to the sliders

    def load(self) -> None:
        """Fill the page from what the address asked for, else from the first store."""
        with self._quiet:
            entries = self.shelf.entries()
            names = list(entries)
            self.store.options = {name: name for name in names}
            if self.wish.store and self.wish.store not in names:
                self.words.append(f"there is no store {self.wish.store!r} here")
            latest = max(entries.values(), key=lambda entry: entry.written, default=None)
            self.store.value = self.wish.store if self.wish.store in names else latest and latest.name
            if self.store.value != self.wish.store:
                self.wish = State()
        self._open()

    def _open(self) -> None:
        with self._quiet, shown(self.fail, "This store cannot be shown"):
            if self.store.value is None:
                hint = "run `separatrix run pascanu-cliff`, then come back"
                raise Unseen(f"there is no store in {self.shelf.root} yet; {hint}")
            self.entry = self.shelf.entry(self.store.value)
            self._say_progress()
            self.dataset = self.shelf.open(self.entry)
            first, names = reading.first(self.dataset), list(reading.variables(self.dataset))
            self.variable.options = {plain(name, 60): name for name in names}
            if self.wish.variable and self.wish.variable not in names:
                self.words.append(f"{self.entry.name} has no variable {self.wish.variable!r}")
            self.variable.value = self.wish.variable if self.wish.variable in names else first
            self._views()
            self._restore_cell()
            self._show_sliders()
            self.draw()

    def _views(self) -> None:
        """The views that fit the variable, their options and sliders."""
        dataset, name = self._data(), self.variable.value
        fitting = view.suited(dataset, name)
        if not fitting and dataset[name].dims:
            raise Unseen(f"no view can show {name} ({dataset[name].dtype})")
        if fitting and self.wish.view and self.wish.view not in fitting:
            self.words.append(f"the view {self.wish.view!r} does not fit {name}; showing {fitting[0]}")
        self.view.options = {one.replace("_", " "): one for one in fitting}
        self.view.value = self.wish.view if self.wish.view in fitting else next(iter(fitting), None)
        self._option_widgets()

    def _option_widgets(self) -> None:
        array = self._data()[self.variable.value]
        if not array.dims:  # one number: there is nothing to choose
            self.scene, self.options, self.sliders, self.option_box.objects = None, {}, {}, []
            self._show_sliders()
            return
        wishes = {option: wish for option, wish in self.wish.options.items() if option != "theory"}
        self.options, words = option_widgets(self.view.value, array, wishes, self._option_picked)
        self.option_box.objects = list(self.options.values())  # they stay where what they say cannot be drawn
        self.words += words
        self._slider_widgets(self.wish.at)

    def _slider_widgets(self, wishes: dict[str, Any]) -> None:
        """A slider for every axis that the picture does not draw, and the theories that speak of it."""
        dataset = self._data()
        held = {slider.dim: slider.value for slider in self.sliders.values() if slider.dim in dataset.dims}
        self.scene = self._scene({}, theory=False)
        drawn = drawn_dims(self.scene)
        self.sliders = {}
        for dim in (str(dim) for dim in dataset[self.variable.value].dims if str(dim) not in drawn):
            index = reading.fixed(dataset, (dim,), None)[dim]
            try:
                wish = wishes.get(dim, held.get(dim))
                index = index if wish is None else reading.nearest(dataset, dim, wish)
            except Unseen as fault:
                self.words.append(str(fault))
            if dataset.sizes[dim] > 1:
                self.sliders[dim] = Slider(dataset, dim, index, self._slider_moved)
        self._show_sliders()
        self._theory_widget()

    def _theory_widget(self) -> None:
        """Below the options of the view, the theories that can be laid over it where the sliders stand: what
        they speak of is the same wherever those are.
        """
        at = {dim: slider.value for dim, slider in self.sliders.items()}
        names = list(theories.fitting(self.scene, self._data(), at)) if self.scene is not None else []
        widget, words = theory_widget(names, self.wish.options.get("theory", ""), self._option_picked)
        self.words += words
        self.options.pop("theory", None)
        if widget is not None:
            self.options["theory"] = widget
        self.option_box.objects = list(self.options.values())

    def _show_sliders(self) -> None:
        """The sliders of axes that are held; below, where curves have no cells to tap, those of the cell."""
        dataset = self._data()
        held = [part for slider in self.sliders.values() for part in slider.parts]
        free = [
            dim for dim in reading.sweep_axes(dataset) if dim not in self.sliders and dataset.sizes[dim] > 1
        ]
        self.cell_sliders = {}
        if not isinstance(self.scene, Field):
            for dim in free:
                index = reading.nearest(dataset, dim, self.cell[dim]) if dim in self.cell else 0
                self.cell_sliders[dim] = Slider(dataset, dim, index, self._cell_moved)
        chosen_cell = [part for slider in self.cell_sliders.values() for part in slider.parts]
        groups = (("Held at", held), ("Cell", chosen_cell))
        self.slider_box.objects = [
            part
            for words, rows in groups
            if rows
            for part in (page.block(page.section(words), margin=(14, 0, 2, 0)), *rows)
        ]

    # --- reacting

    def _store_picked(self, _: Any) -> None:
        if not self._quiet:
            self.wish, self.cell = State(), {}
            self._open()

    def _variable_picked(self, _: Any) -> None:
        self._again(self._views)

    def _view_picked(self, _: Any) -> None:
        self._again(self._option_widgets)

    def _option_picked(self, _: Any) -> None:
        self._again(lambda: self._slider_widgets({}))

    def _slider_moved(self, _: Any) -> None:
        self._again(self._theory_widget)

    def _cell_moved(self, _: Any) -> None:
        if self._quiet:
            return
        with shown(self.fail, "This cell cannot be shown"):
            self.cell |= {dim: slider.value for dim, slider in self.cell_sliders.items()}
            self._write_address()
            self.show_cell()

    def _again(self, prepare: Callable[[], None]) -> None:
        """React to a choice: prepare the widgets below it, then draw."""
        if self._quiet or self.dataset is None:
            return
        with self._quiet, shown(self.fail, "This picture cannot be drawn"):
            self.wish, self.words = replace(self._state(), at={}, view=self.view.value), []
            prepare()
            moved = {dim: slider.value for dim, slider in self.sliders.items() if dim in self.cell}
            self.cell |= moved
            self.draw()

    def _tapped(self, x: float | None, y: float | None) -> None:
        """Take the cell under the pointer, the other axes as they are held."""
        if x is None or y is None or not isinstance(self.scene, Field):
            return
        with shown(self.fail, "This cell cannot be shown"):
            dataset = self._data()
            axes = reading.sweep_axes(dataset)
            cell = {dim: reading.value(dataset, dim, 0) for dim in axes} | self.cell
            cell |= {dim: slider.value for dim, slider in self.sliders.items() if dim in axes}
            cell |= {
                dim: value for dim, value in touch.under(self.scene, dataset, x, y).items() if dim in axes
            }
            self.cell = cell
            self.picture.mark(self._place())
            self._write_address()
            self.show_cell()

    def _restore_cell(self) -> None:
        """The cell that the address asked for, snapped to the grid; else one off the middle."""
        held = {dim: slider.value for dim, slider in self.sliders.items()}
        self.cell, words = touch.restored(self._data(), self.wish.cell, held)
        self.words += words

    # --- drawing

    def _scene(self, at: dict[str, Any], theory: bool = True) -> Scene:
        """What the chosen view shows, with or without the chosen theory."""
        wishes: dict[str, Any] = {**chosen(self.options), **({"at": at} if at else {})}
        if not theory:
            wishes.pop("theory", None)
        return self._scenes.of(self._data(), self.variable.value, self.view.value, wishes)

    def draw(self) -> None:
        """Draw the picture; the same picture with other numbers only changes its colours. One number without
        an axis is said in its place.
        """
        array = self._data()[self.variable.value]
        at = {dim: slider.value for dim, slider in self.sliders.items()}
        self.scene = self._scene(at) if array.dims else None
        said = html("p", self.scene.caption if self.scene else "", cls="caption")
        page.put(self.caption, joined(explained(self.scene), said))
        page.put(self.note, page.word(*self.words))
        self._say_auto()
        if self.scene is None:
            self.picture.replace(page.word(view.lone(self._data(), array)))
        else:
            drawn = (self.store.value, self.variable.value, self.view.value)
            key = (*drawn, *sorted(chosen(self.options).items()))
            self.picture.show(self.scene, key, reading.full_name(array), self._place())
        self._write_address()
        self.show_cell()

    def _say_auto(self) -> None:
        """Write beside every `auto` what it stands for in this picture."""
        with self._quiet:
            for option, meant in touch.chosen_by_view(self.scene).items():
                if option in self.options:
                    say_auto(self.options[option], meant)

    def _place(self) -> Place:
        """Where the cell stands in the picture."""
        if not isinstance(self.scene, Field) or not self.cell:
            return None, None
        return touch.place(self.scene, self._data(), self.cell)

    def show_cell(self) -> None:
        """The card of the chosen cell; a store without axes has one."""
        if self.cell or not reading.sweep_axes(self._data()):
            self.card.show(self._data(), self.variable.value, self.cell)

    # --- progress and address

    def look(self) -> None:
        """Look at the store once more: more of a running sweep, a new store, a store that is gone."""
        names = list(self.shelf.entries())
        if names != list(self.store.options):
            with self._quiet:
                gone = self.store.value is not None and self.store.value not in names
                self.store.options = {
                    name: name for name in (names if not gone else [self.store.value, *names])
                }
            if self.store.value is None and names:
                self.load()
        if self.entry is None:
            return
        with self._quiet, shown(self._lose, "This store cannot be shown any more"):
            now = self.shelf.entry(self.entry.name)
            if now == self.entry and not self._lost:
                return
            self.entry, self._lost = now, False
            before, self.dataset = self.dataset, self.shelf.open(now)
            if before is not None and same_sweep(before, self.dataset):
                self._say_progress()
                self.draw()
            else:  # another sweep under the same name: its axes and variables may be others
                self.wish, self.words = self._state(), []
                self.picture.forget()
                self._open()

    def _lose(self, what: str, why: Exception) -> None:
        self._lost = True
        self.fail(what, why)

    def _say_progress(self) -> None:
        if self.entry is not None:
            page.put(self.head, progress(self.entry))

    def _state(self) -> State:
        at = {dim: str(slider.value) for dim, slider in self.sliders.items()}
        cell = {dim: str(value) for dim, value in self.cell.items()}
        return State(
            self.store.value or "",
            self.variable.value or "",
            self.view.value or "",
            chosen(self.options),
            at,
            cell,
        )

    def loaded(self) -> None:
        """The page is up: from now on the address follows; earlier the browser would answer with its own."""
        self._loaded = True
        self._write_address()

    def _write_address(self) -> None:
        if self._loaded and pn.state.location is not None:
            pn.state.location.search = query(self._state())

    def follow(self, event: Any) -> None:
        """The address was changed by hand or by the back button."""
        if event.new != query(self._state()):
            self.wish, self.words = parse(event.new)
            self.picture.forget()
            self.load()

    def _data(self) -> xr.Dataset:
        if self.dataset is None:
            raise Unseen("no store is open")
        return self.dataset

    def fail(self, what: str, why: Exception) -> None:
        """Show a named card in the place of the picture."""
        said = why if isinstance(why, Refused) else f"{type(why).__name__}: {why}"
        self.picture.replace(page.fault(what, said))
        page.put(self.caption, Markup(""))
        self.card.clear()
