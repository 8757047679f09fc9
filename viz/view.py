"""Views: pure functions from a Dataset to a HoloViews element, found by name, one file each.

A view file holds `NEEDS` (what a variable must have) and one function whose signature holds its options
with their
defaults: either `scene(dataset, variable, ...)`, plain data that is drawn as an element and as a PNG
alike, or
`view(dataset, variable, ...)`, any HoloViews element. The first sentence of its docstring is its title.
A file of a user is found by its dotted name or its path.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from viz import reading, theories
from viz.reading import Unseen
from viz.scenes import Scene

if TYPE_CHECKING:
    import holoviews as hv
    import xarray as xr


class Needs(NamedTuple):
    """What a variable must have to be seen this way.

    `dims` counts all dims of at least two values, `own` names dims that must be among the variable's own,
    `names` the only variables that this view is made for (empty: any), `likes` dims that this view shows
    best, `first` variables that it is offered first for, `kinds` are NumPy's letters of the dtype, `rank`
    says who is offered first where several views fit.
    """

    dims: int = 1
    own: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    likes: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    kinds: str = "biuf"
    rank: int = 0


def listing() -> tuple[str, ...]:
    """The names of the shipped views, found as files; nothing is imported."""
    folder = Path(__file__).parent / "views"
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(folder)])))


def find(name: str, folder: Path | None = None) -> ModuleType:
    """The file of a view, by bare name, dotted name, or path ending in `.py` (relative to `folder`)."""
    if name.endswith(".py"):
        path = (folder or Path.cwd()) / name
        spec = importlib.util.spec_from_file_location(f"_view_{path.stem}", path)
        if not path.is_file() or spec is None or spec.loader is None:
            raise Unseen(f"view {name!r}: there is no such file")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    elif "." in name:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise Unseen(f"view {name!r}: {error}") from None
    elif name in listing():
        module = importlib.import_module(f"viz.views.{name}")
    else:
        raise Unseen(f"view {name!r}: there is no such view; there are {', '.join(listing())}")
    if not (hasattr(module, "scene") or hasattr(module, "view")):
        raise Unseen(
            f"view {name!r}: the file defines neither `scene` nor `view`; write scene(dataset, variable, ...)"
        )
    return module


def title(name: str) -> str:
    """The first sentence of a view's docstring."""
    return (inspect.getdoc(_plain(find(name))) or name).split("\n\n")[0].replace("\n", " ").rstrip(".")


def options(name: str) -> dict[str, inspect.Parameter]:
    """The options of a view with their defaults, from its signature."""
    return dict(list(inspect.signature(_plain(find(name))).parameters.items())[2:])


def _plain(module: ModuleType) -> Callable[..., Any]:
    plain: Callable[..., Any] = module.scene if hasattr(module, "scene") else module.view
    return plain


def function(name: str) -> Callable[..., hv.Element]:
    """The view as a function from a Dataset to a HoloViews element, with the signature of its file."""
    module = find(name)
    if hasattr(module, "view"):
        return _plain(module)

    @functools.wraps(module.scene)
    def element(dataset: xr.Dataset, variable: str, **chosen: Any) -> hv.Element:
        return _element(module.scene(dataset, variable, **chosen))

    return element


def _element(scene: Scene) -> hv.Element:
    from viz.elements import element  # noqa: PLC0415 - HoloViews with Bokeh takes a second to import

    return element(scene)


def suited(dataset: xr.Dataset, variable: str) -> tuple[str, ...]:
    """The names of the views that can show this variable, the best one first."""
    array = reading.variable(dataset, variable)
    if not array.dims:
        return ()
    long = [str(dim) for dim in array.dims if array.sizes[dim] > 1]
    fitting = []
    for name in listing():
        needs: Needs = find(name).NEEDS
        enough = needs.dims <= max(len(long), min(array.ndim, needs.dims))
        meant = not needs.names or variable in needs.names
        if (
            enough
            and meant
            and set(needs.own) <= set(map(str, array.dims))
            and array.dtype.kind in needs.kinds
        ):
            fitting.append((_rank(needs, array, long), name))
    return tuple(name for _, name in sorted(fitting, key=lambda pair: (-pair[0], pair[1])))


def _rank(needs: Needs, array: xr.DataArray, long: list[str]) -> int:
    """How well a view fits: named dims count most; a picture with an axis of one value is a last resort."""
    meant = 5 if array.name in needs.first else 0
    liked = 8 if set(needs.likes) & set(long) else 0
    return needs.rank + meant + liked + 10 * len(needs.own) - (20 if needs.dims > len(long) else 0)


def best(dataset: xr.Dataset, variable: str, view: str | None = None) -> str:
    """The view that was asked for if it fits, else the best one; says which ones fit if none does."""
    array = reading.variable(dataset, variable)
    if not array.dims and (view is None or view in listing()):
        raise Unseen(lone(dataset, array))
    fitting = suited(dataset, variable)
    if view is not None and ("." in view or view in fitting):
        return view
    if view is not None and view in listing():
        shape = ", ".join(f"{dim}: {n}" for dim, n in array.sizes.items())
        raise Unseen(
            f"view {view!r} cannot show {variable} ({array.dtype}; {shape}); "
            f"{'these can: ' + ', '.join(fitting) if fitting else 'no view can'}"
        )
    if view is not None:
        find(view)
    if not fitting:
        raise Unseen(f"variable {variable!r}: no view can show it ({array.dtype})")
    return fitting[0]


def lone(dataset: xr.Dataset, array: xr.DataArray) -> str:
    """What is said of a variable that is one number: there is no axis to draw it over."""
    others = [name for name in reading.variables(dataset) if dataset[name].dims]
    drawn = f"; {', '.join(others)} can be drawn" if others else ""
    cells = reading.outcomes(dataset, {})[1].rstrip(".")
    code = int(dataset["outcome"].values) if "outcome" in dataset.variables else reading.OK
    held = f"{array.name} = {reading.stated(array, code)}{reading.unit_of(array)}"
    held += f" ({cells})" if cells else ""
    return f"{held}: one number without an axis, so there is nothing to draw it over{drawn}"


def scene(
    dataset: xr.Dataset,
    variable: str | None = None,
    view: str | None = None,
    *,
    theory: str = "",
    **chosen: Any,
) -> Scene | None:
    """What a view shows, as plain data; None for a view that only knows how to make an element.

    `theory`: the name of one of `sim/theory`, or the path of one's own, whose curve is laid over the picture.
    """
    array = reading.variable(dataset, variable)
    name = best(dataset, str(array.name), view)
    module = find(name)
    _check(name, chosen)
    if not hasattr(module, "scene"):
        if theory:
            raise Unseen(
                f"theory {theory!r}: the view {name!r} makes its own element, over which none is laid"
            )
        return None
    plain: Scene = module.scene(dataset, str(array.name), **_meant(name, chosen))
    return theories.over(plain, dataset, theory, chosen.get("at")) if theory else plain


def draw(
    dataset: xr.Dataset,
    variable: str | None = None,
    view: str | None = None,
    *,
    theory: str = "",
    **chosen: Any,
) -> hv.Element:
    """A picture of a variable as a HoloViews element, by the view that is named or fits best.

    Raises: `Unseen` for a variable, view, option or coordinate that does not exist.

    >>> import numpy as np, xarray as xr
    >>> ds = xr.Dataset({"loss": (("b", "w"), np.eye(3))}, {"w": [0.0, 1.0, 2.0], "b": [0.0, 1.0, 2.0]})
    >>> draw(ds, "loss").kdims
    [Dimension('b'), Dimension('w')]
    """
    made = scene(dataset, variable, view, theory=theory, **chosen)
    if made is not None:
        return _element(made)
    array = reading.variable(dataset, variable)
    name = best(dataset, str(array.name), view)
    return function(name)(dataset, str(array.name), **_meant(name, chosen))


def caption(dataset: xr.Dataset, variable: str | None = None, view: str | None = None, **chosen: Any) -> str:
    """What is seen, in words: meaning and unit, fixed coordinates, cells that are not ok, a note on the
    colours.
    """
    seen = scene(dataset, variable, view, **chosen)
    return (
        seen.caption
        if seen is not None
        else reading.caption(dataset, reading.variable(dataset, variable), {})
    )


def _meant(name: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """The options as a view takes them: `yes` and `no` for those that are true or false."""
    words = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
    meant = dict(chosen)
    for key, parameter in options(name).items():
        if key in chosen and isinstance(parameter.default, bool) and not isinstance(chosen[key], bool):
            if str(chosen[key]).lower() not in words:
                raise Unseen(f"{key} = {chosen[key]!r}: write yes or no")
            meant[key] = words[str(chosen[key]).lower()]
    return meant


def _check(name: str, chosen: dict[str, Any]) -> None:
    known = options(name)
    for key in chosen:
        if key not in known:
            raise Unseen(f"option {key!r}: the view {name!r} has no such option; it has {', '.join(known)}")
