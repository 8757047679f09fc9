"""The demonstration: the loss cliff of a one-unit network, computed as a batch job, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import jobs
from viz.scales import text

if TYPE_CHECKING:
    from jobs.light import Glance

SWEEP = "pascanu-cliff"
_THRESHOLDS = (1.0, 10.0, 100.0)
_FROM = 5.0  # the wall is a straight line once the network latches, well beyond w = 4


def demo(root: Path | str, say: Callable[[str], None]) -> bool:
    """Run the shipped cliff (again: nothing is recomputed) and say what it holds; True if tiles failed."""
    result = jobs.run(SWEEP, root=root)
    for line in found(jobs.glance(result.path, root)):
        say(line)
    if result.computed_tiles:
        say(f"computed  {result.computed_tiles} of {result.tiles} tiles in {result.seconds:.2g} s")
    else:
        say(f"computed  nothing: all {result.tiles} tiles were there already")
    say(f"store     {result.path}")
    say(f'notebook  import xarray as xr; ds = xr.open_zarr("{Path(result.path).as_posix()}")')
    say(f"picture   separatrix show {SWEEP} --root {root} --variable gradient -o cliff.png")
    return bool(result.failed)


def found(dataset: Glance) -> list[str]:
    """What the cliff's store shows: where the wall stands, and how steep it is."""
    loss = dataset["loss"].transpose("w", "b").values
    names = list(dataset["parameter"].values)
    slopes = dataset["gradient"].transpose("parameter", "w", "b").values
    size = np.hypot(slopes[names.index("w")], slopes[names.index("b")])
    size = np.where(np.isfinite(size), size, 0.0)
    steep = ", ".join(f"{text(int((size > limit).sum()))} beyond {limit:g}" for limit in _THRESHOLDS)
    lowest, highest = text(float(np.nanmin(loss))), text(float(np.nanmax(loss)))
    lines = [
        f"cells     {text(loss.size)}: loss from {lowest} to {highest}",
        f"gradient  largest {text(float(size.max()))}; cells: {steep}",
    ]
    return [*lines, *_wall(dataset["w"].values, dataset["b"].values, loss)]


def _wall(w: np.ndarray, b: np.ndarray, loss: np.ndarray) -> list[str]:
    """The wall as the largest jump of the loss between neighbours in b, against b = 0.5 - sigma(0.5) w."""
    far = w >= _FROM
    if far.sum() < 2:
        return []
    jump = np.nanargmax(np.abs(np.diff(loss[far], axis=1)), axis=1)
    place = (b[jump] + b[jump + 1]) / 2
    slope, height = np.polyfit(w[far], place, 1)
    exact = 0.5 - w[far] / (1 + np.exp(-0.5))
    off = float(np.abs(place - exact).max())
    sign, step = "−" if slope < 0 else "+", b[1] - b[0]
    fitted = f"b = {height:.4f} {sign} {abs(slope):.4f} w"
    predicted = f"b = 0.5 − σ(0.5) w = 0.5000 − {1 / (1 + np.exp(-0.5)):.4f} w"
    return [
        f"wall      {fitted}, fitted to the largest jump of the loss for w ≥ {_FROM:g}",
        f"          {predicted} predicted; none farther off than {off:.4f}, the grid's step is {step:.4f}",
    ]
