"""Many starts for each cell of a run: the same system from other states, or with other numbers.

Attractors, basins and fixed points are questions about all starts of one set of parameters. An ensemble asks
them of a whole tile: every cell is repeated, each copy has a start (and, where wanted, numbers) of its own,
and the copies run as cells do, through the same kernels. A network's copies share its matrices.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_AT_ONCE = 1 << 18  # copies that run together: what a tile of cells has at most


class Ensemble:
    """Runs of the system of `form` with these observables, over so many steps.

    `observables` are pairs of a name and an observable with its keywords' values filled in by
    `setting.values`; `changed` are keywords whose values differ from copy to copy.
    """

    def __init__(
        self,
        form: Any,
        observables: Sequence[tuple[str, Any]],
        steps: int,
        values: Mapping[str, Any] | None = None,
        changed: Sequence[str] = (),
    ) -> None:
        setting = form.setting
        self.varied = setting.varied | {"start", *changed}
        every = {**setting.values, **(values or {}), "steps": steps}
        every |= {name: 1.0 for name in changed if every[name] is None}  # an example, as for any axis
        inner = setting._replace(
            observables=tuple(observables),
            values=every,
            varied=self.varied,
        )
        self.form = type(form)(inner, form.known)
        self._own = setting.varied

    @property
    def sources(self) -> list[str]:
        """The text of everything that is compiled."""
        found: list[str] = self.form.sources
        return found

    @property
    def operations(self) -> float:
        """Counted operations of one copy."""
        return float(self.form.operations)

    def run(
        self,
        given: Mapping[str, np.ndarray],
        cells: int,
        starts: np.ndarray,
        changed: Mapping[str, np.ndarray] | None = None,
    ) -> dict[str, np.ndarray]:
        """The observables from these starts (cells, copies, n): name -> (cells, copies, rows...).

        `given` are the columns of the cells, `changed` those that differ from copy to copy, (cells, copies).
        """
        copies, n = starts.shape[1:]
        together = max(1, _AT_ONCE // copies)
        parts: list[dict[str, np.ndarray]] = []
        for first in range(0, cells, together):
            some = slice(first, min(first + together, cells))
            count = (some.stop - first) * copies
            own = {name: column for name, column in given.items() if name in self._own}
            columns: dict[str, np.ndarray] = {name: np.repeat(c[some], copies) for name, c in own.items()}
            columns |= {name: column[some].reshape(-1) for name, column in (changed or {}).items()}
            columns["start"] = starts[some].reshape(count, n)
            raw = self.form.compute(self.form.load(columns, count))
            parts.append(
                {
                    name: np.array(values).reshape(-1, copies, *values.shape[1:])
                    for name, values in raw.items()
                }
            )
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
