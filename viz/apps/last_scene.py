"""The scene that was asked for last: a map of millions of cells takes seconds and is not made twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from viz import view
from viz.reading import Unseen
from viz.scenes import Scene

if TYPE_CHECKING:
    import xarray as xr


class LastScene:
    """What a view shows of a variable, remembered until something else is asked for."""

    def __init__(self) -> None:
        self._dataset: xr.Dataset | None = None
        self._asked: tuple[Any, ...] = ()
        self._scene: Scene | None = None

    def of(self, dataset: xr.Dataset, variable: str, name: str, wishes: dict[str, Any]) -> Scene:
        """The scene of a variable in a view with these options."""
        asked = (variable, name, wishes)
        if self._scene is None or self._dataset is not dataset or self._asked != asked:
            drawn = view.scene(dataset, variable, name, **wishes)
            if drawn is None:
                raise Unseen(f"the view {name!r} makes its own element and is not for the app")
            self._dataset, self._asked, self._scene = dataset, asked, drawn
        return self._scene
