"""Widgets that follow from a view's signature and a variable's axes."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import panel as pn

from viz import reading, view
from viz.apps import page
from viz.escape import Markup, html, plain

if typing.TYPE_CHECKING:
    import xarray as xr

AXES = ("x", "y", "by", "panels")
_NAMES = {
    "x": "across",
    "y": "up",
    "by": "curves",
    "panels": "panels",
    "log": "logarithm",
    "scale": "colours",
}
_AUTO, _NONE = "auto", "none"


def select(name: str, options: list[str], value: str | None, **more: Any) -> pn.widgets.Select:
    """A choice among words; Panel shows the words of a Select as text."""
    return pn.widgets.Select(
        label=plain(name),
        options={plain(option, 60): option for option in options},
        value=value,
        stylesheets=[page.WIDGET_CSS],
        sizing_mode="stretch_width",
        margin=(4, 0),
        **more,
    )


def option_widgets(
    name: str, array: xr.DataArray, wishes: Mapping[str, str], changed: Callable[[Any], None]
) -> tuple[dict[str, pn.widgets.Widget], list[str]]:
    """One widget for each option of a view that can be chosen; a word about each wish that cannot be had."""
    widgets: dict[str, pn.widgets.Widget] = {}
    words: list[str] = []
    dims = [str(dim) for dim in array.dims if array.sizes[dim] > 1] or [str(dim) for dim in array.dims]
    for option, choices in _choices(name, dims).items():
        wish = wishes.get(option, choices[0])
        if wish not in choices:
            words.append(f"{option} = {wish!r}: this picture offers {', '.join(choices)}")
            wish = choices[0]
        widgets[option] = select(_NAMES.get(option, option), choices, wish)
        widgets[option].param.watch(changed, "value")
    unknown = [
        f"{option} = {wish!r}: the view {name} has no such option"
        for option, wish in wishes.items()
        if option not in widgets
    ]
    return widgets, words + unknown


def _choices(name: str, dims: list[str]) -> dict[str, list[str]]:
    """The words that each option of a view may take: dims for axes, yes and no for what is or is not drawn,
    its annotation's literals for others.
    """
    module = view.find(name)
    function = module.scene if hasattr(module, "scene") else module.view
    hints = get_type_hints(
        function, localns={"xr": SimpleNamespace(Dataset=object), "hv": SimpleNamespace(Element=object)}
    )
    found = {}
    for option, parameter in view.options(name).items():
        if option in AXES:
            found[option] = [_AUTO, *dims]
        elif isinstance(parameter.default, bool):
            found[option] = ["yes", "no"] if parameter.default else ["no", "yes"]
        elif typing.get_origin(hints.get(option)) is typing.Literal:
            words = [str(word) for word in get_args(hints[option])]
            found[option] = [parameter.default, *(word for word in words if word != parameter.default)]
    return found


def theory_widget(
    names: list[str], wish: str, changed: Callable[[Any], None]
) -> tuple[pn.widgets.Widget | None, list[str]]:
    """A choice among the theories that speak of a picture; a word about a wish that cannot be had."""
    words = []
    if wish not in ("", _NONE, *names):
        offered = f"this picture has {', '.join(names)}" if names else "no theory speaks of this picture"
        words.append(f"theory = {wish!r}: {offered}")
        wish = _NONE
    if not names:
        return None, words
    widget = select("theory", [_NONE, *names], wish or _NONE)
    widget.param.watch(changed, "value")
    return widget, words


def chosen(widgets: Mapping[str, pn.widgets.Widget]) -> dict[str, str]:
    """The options that were chosen, without those left to the view."""
    return {option: widget.value for option, widget in widgets.items() if not _is_default(option, widget)}


def say_auto(widget: pn.widgets.Select, meant: str) -> None:
    """Show beside `auto` what it stands for."""
    if _AUTO in widget.options.values():
        rest = {label: value for label, value in widget.options.items() if value != _AUTO}
        widget.options = {plain(f"auto · {meant}", 60) if meant else _AUTO: _AUTO, **rest}


def _is_default(option: str, widget: pn.widgets.Widget) -> bool:
    return bool(
        widget.value == _AUTO or (option not in AXES and widget.value == next(iter(widget.options.values())))
    )


class Slider:
    """Where an axis that is not drawn is held: a slider over its values, or a choice among its words."""

    def __init__(self, dataset: xr.Dataset, dim: str, index: int, changed: Callable[[Any], None]) -> None:
        values = dataset[dim].values
        self.dim = dim
        self.values = [value.item() if hasattr(value, "item") else value for value in values]
        self._dataset = dataset
        common = {"stylesheets": [page.WIDGET_CSS], "sizing_mode": "stretch_width"}
        self.label = page.block(self._said(index), margin=(6, 0, 0, 0))
        if values.dtype.kind in "iufb":
            last = max(len(values) - 1, 1)
            self.widget: Any = pn.widgets.IntSlider(
                label="", value=index, start=0, end=last, show_value=False, margin=(0, 4), **common
            )
            self.parts = [self.label, self.widget]
        else:
            words = {plain(word, 60): i for i, word in enumerate(map(str, values))}
            self.widget = pn.widgets.Select(
                label=plain(dim), options=words, value=index, margin=(4, 0), **common
            )
            self.parts = [self.widget]
        self.widget.param.watch(self._moved, "value")
        self._changed = changed

    @property
    def value(self) -> Any:
        """The stored value at which the axis is held."""
        return self.values[min(self.widget.value, len(self.values) - 1)]

    def _moved(self, event: Any) -> None:
        page.put(self.label, self._said(self.widget.value))
        self._changed(event)

    def _said(self, index: int) -> Markup:
        said = reading.said(self._dataset, {self.dim: min(index, len(self.values) - 1)})
        return html("p", said, cls="slider")
