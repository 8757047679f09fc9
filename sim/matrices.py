"""The arrays of many networks at once: which different ones there are, which of them a cell has, and times what factor."""

from typing import Any, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse


class Matrices(NamedTuple):
    """W = factor * base[which]; the factor is applied after the product, factor * (base @ h), also when it is swept."""

    base: np.ndarray  # (kinds, rows, columns)
    which: np.ndarray  # (cells,) or (1,)
    factor: Any  # number or (cells,)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of each matrix."""
        return self.base.shape[1], self.base.shape[2]


class Vectors(NamedTuple):
    """b = base[which]."""

    base: np.ndarray  # (kinds, units)
    which: np.ndarray  # (cells,) or (1,)


class Chosen(NamedTuple):
    """A family chosen by its word, with its settings (numbers, or one number a cell) and the seed of each cell."""

    place: str
    word: str
    member: Any
    settings: dict[str, Any]
    seed: Any
    purpose: str
    touched: bool  # whether anything differs from the defaults

    def _kinds(self, names: list[str]) -> tuple[list[dict[str, Any]], np.ndarray]:
        columns = {name: np.atleast_1d(self.settings[name]) for name in names} | {"seed": np.atleast_1d(self.seed)}
        moving = {name: column for name, column in columns.items() if len(column) > 1}
        if not moving:
            return [{name: column[0] for name, column in columns.items()}], np.zeros(1, dtype=np.intp)
        table = np.stack([np.asarray(column, dtype=np.float64) for column in moving.values()])
        kinds, which = np.unique(table, axis=1, return_inverse=True)
        made = []
        for kind in kinds.T:
            values = {name: column[0] for name, column in columns.items()}
            made.append(values | {name: columns[name].dtype.type(value) for name, value in zip(moving, kind, strict=True)})
        return made, which.reshape(-1)

    def _made(self, own: dict[str, Any], *sizes: int) -> np.ndarray:
        values = {**self.settings, **own}
        seed = values.pop("seed")
        keys = {name: value for name, value in values.items() if name not in ("gain", "spectral_radius")}
        return np.asarray(self.member(*sizes, Draw(int(seed), self.purpose), **keys), dtype=np.float64)

    def matrices(self, rows: int, columns: int) -> Matrices:
        """One matrix for each different setting, and the factor from gain and spectral_radius."""
        names = [name for name in self.settings if name not in ("gain", "spectral_radius", "seed")]
        kinds, which = self._kinds([n for n in names if np.ndim(self.settings[n]) == 1 and isinstance(self.settings[n], np.ndarray)])
        base = np.stack([self._made(own, rows, columns) for own in kinds])
        factor = np.asarray(self.settings.get("gain", 1.0), dtype=np.float64)
        wanted = self.settings.get("spectral_radius")
        if wanted is not None:
            radius = np.array([np.abs(np.linalg.eigvals(matrix)).max() for matrix in base])
            if not (radius > 0.0).all():
                raise refuse(f"parameters.{self.place}.spectral_radius", f"the {self.word} matrix has spectral radius 0 and cannot be scaled to another")
            factor = factor * (np.asarray(wanted) / radius[which])
        return Matrices(base, which, factor)

    def vectors(self, n: int) -> Vectors:
        """One vector for each different setting."""
        names = [n for n, value in self.settings.items() if isinstance(value, np.ndarray) and value.ndim == 1 and n != "seed"]
        kinds, which = self._kinds(names)
        return Vectors(np.stack([self._made(own, n) for own in kinds]), which)


def vectors(value: Any, n: int, place: str) -> Vectors:
    """A bias given by a number (or one a cell), a list of n numbers, or a family."""
    if isinstance(value, Chosen):
        return value.vectors(n)
    numbers = np.asarray(value, dtype=np.float64)
    if isinstance(value, (list, tuple)):
        if numbers.shape != (n,):
            raise refuse(place, f"{numbers.shape[0] if numbers.ndim else 1} numbers for {n} units; write {n} numbers, or one for all")
        return Vectors(numbers[None], np.zeros(1, dtype=np.intp))
    kinds, which = np.unique(np.atleast_1d(numbers), return_inverse=True)
    return Vectors(np.repeat(kinds[:, None], n, axis=1), which.reshape(-1))
