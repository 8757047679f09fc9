"""The picture in the middle: drawn once, then only its numbers change; a tap on it, a mark in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import holoviews as hv
import panel as pn

from viz import elements
from viz.apps import page
from viz.escape import Markup
from viz.scenes import Field, Scene

FRAME = (500, 480)  # in the smallest page
PAIR = (0.8, 0.6875)  # of it each of two maps takes, one under the other
_BETWEEN = 160  # pixels of colours and numbers between two maps side by side

Place = tuple[float | None, float | None]


def paired(frame: tuple[int, int]) -> tuple[tuple[int, int], int]:
    """The size of each of two maps in the room of one, and how many stand side by side: both where each is
    then no narrower than one under the other in the smallest page.

    >>> paired((500, 480)), paired((1780, 1120))
    (((400, 330), 1), ((810, 1120), 2))
    """
    beside = (frame[0] - _BETWEEN) // 2
    if beside >= PAIR[0] * FRAME[0]:
        return (beside, frame[1]), 2
    return (round(PAIR[0] * frame[0]), round(PAIR[1] * frame[1])), 1


class Picture:
    """A scene on the page. `tapped` is called with the position of a tap on a field."""

    def __init__(self, tapped: Callable[[float | None, float | None], None]) -> None:
        self.box = pn.Column(margin=0)
        self._tapped = tapped
        self._scene: Scene | None = None
        self._heading = ""
        self._place: Place = (None, None)
        self._key: tuple[Any, ...] = ()
        self._frame = FRAME
        self._pulse, self._mark = hv.streams.Counter(), hv.streams.Counter()

    def show(self, scene: Scene, key: tuple[Any, ...], heading: str, place: Place) -> None:
        """Draw a scene; one with the key of the last only changes its colours, so that a zoom stays."""
        self._scene, self._heading = scene, heading
        if key == self._key and isinstance(scene, Field):
            self._pulse.event(counter=self._pulse.counter + 1)
            self.mark(place)
        else:
            self._key, self._place = key, place
            self._draw(scene)

    def _draw(self, scene: Scene) -> None:
        self.box.objects = [pn.pane.HoloViews(self._plot(scene), linked_axes=False, margin=0)]

    def grow(self, wide: int, high: int) -> None:
        """Take so many pixels more than the smallest picture; what is shown is drawn anew."""
        frame = FRAME[0] + wide, FRAME[1] + high
        if frame != self._frame:
            self._frame = frame
            if self._scene is not None and self._key:  # not a card in its place
                self._draw(self._scene)

    def mark(self, place: Place) -> None:
        """Move the mark of the cell."""
        self._place = place
        self._mark.event(counter=self._mark.counter + 1)

    def replace(self, card: Markup) -> None:
        """Show a card in the place of the picture."""
        self._key = ()
        self.box.objects = [page.block(card)]

    def forget(self) -> None:
        """Draw anew next time."""
        self._key = ()

    def _plot(self, scene: Scene) -> Any:
        """The picture with its tap and the mark; a large field is drawn in detail where the window is."""
        if not isinstance(scene, Field):
            return elements.element(scene, frame=self._frame, title=self._heading)
        self._pulse, self._mark = hv.streams.Counter(), hv.streams.Counter()
        if scene.beside is None:
            return self._touchable(scene, lambda: self._first, self._frame)
        pair, columns = paired(self._frame)
        one = self._touchable(scene, lambda: self._first, pair)
        return hv.Layout([one, self._touchable(scene.beside, lambda: self._second, pair)]).cols(columns)

    @property
    def _first(self) -> Field | None:
        """The map that is shown, under the heading of the page."""
        scene = self._scene
        return replace(scene, beside=None, title=self._heading) if isinstance(scene, Field) else None

    @property
    def _second(self) -> Field | None:
        """The one beside it."""
        beside = self._scene.beside if isinstance(self._scene, Field) else None
        return None if beside is None else replace(beside, title=beside.label)

    def _touchable(self, scene: Field, now: Callable[[], Field | None], frame: tuple[int, int]) -> Any:
        """One map, its shapes, its tap and the mark. A tap is heard by the colours alone: HoloViews hears
        none on a map whose layers change together.
        """
        large = scene.limited(*elements.MOST_IMAGE) is not scene or not (scene.x.regular and scene.y.regular)

        def colours(counter: int = 0, x_range: Any = None, y_range: Any = None) -> Any:
            field = now()
            window = (x_range, y_range) if x_range and y_range else None
            if field is None:
                return hv.Image([])
            return elements.element(replace(field, over=()), window, frame, field.title)

        def over(counter: int = 0) -> Any:
            field = now()
            return elements.over(field) if field is not None else hv.Overlay([])

        streams = [self._pulse, hv.streams.RangeXY()] if large else [self._pulse]
        made = hv.DynamicMap(colours, streams=streams)
        tap = hv.streams.SingleTap(source=made)
        tap.add_subscriber(self._tapped)
        mark = hv.DynamicMap(self._marked, streams=[self._mark])
        if not scene.over:
            return made * mark
        whole = made * hv.DynamicMap(over, streams=[self._pulse]) * mark
        return whole.opts(hv.opts.Overlay(**elements.BELOW))

    def _marked(self, counter: int = 0) -> Any:
        return elements.mark(self._scene, *self._place)
