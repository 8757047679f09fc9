"""The arrays of many networks at once: which different ones there are, which of them a cell has, and times
what factor.
"""

from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from sim.draws import Draw
from sim.errors import refuse
from sim.series import different

SCALINGS = ("gain", "spectral_radius")


class Matrices(NamedTuple):
    """W = factor * base[which]; the factor is applied after the product, factor * (base @ h), also when it
    is swept.
    """

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
    """A family chosen by its word, with its settings (numbers, or one number a cell) and the seed of each
    cell.
    """

    place: str
    word: str
    member: Any
    settings: dict[str, Any]
    seed: Any
    purpose: str
    touched: bool  # whether anything differs from the defaults

    def _made(self, sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """The arrays of every different setting (kinds, *sizes), and for each cell which it has."""
        columns = {"seed": np.atleast_1d(self.seed)}
        columns |= {
            name: np.atleast_1d(value)
            for name, value in self.settings.items()
            if isinstance(value, np.ndarray) and name not in SCALINGS
        }
        moving = [name for name, column in columns.items() if len(column) > 1]
        kinds: list[np.ndarray] = []
        which = np.zeros(1, dtype=np.intp)
        if moving:
            kinds, which = different([columns[name] for name in moving])
        own = dict(zip(moving, kinds, strict=True))
        count = len(kinds[0]) if kinds else 1
        seeds = own.pop("seed") if "seed" in own else np.full(count, columns["seed"][0])
        shape = (-1,) + (1,) * len(sizes)
        keys = {name: value for name, value in self.settings.items() if name not in SCALINGS}
        keys |= {name: row.reshape(shape) for name, row in own.items()}
        with threadpool_limits(1):  # LAPACK's bits may depend on the number of threads
            made = np.asarray(self.member(*sizes, Draw(seeds, self.purpose), **keys), dtype=np.float64)
        return np.ascontiguousarray(np.broadcast_to(made, (len(seeds), *sizes))), which

    def matrices(self, rows: int, columns: int) -> Matrices:
        """One matrix for each different setting, and the factor from gain and spectral_radius."""
        if min(rows, columns) < 1:
            raise refuse(
                f"parameters.{self.place}", f"a matrix of {rows} x {columns}; units and inputs are at least 1"
            )
        base, which = self._made((rows, columns))
        factor = np.asarray(self.settings.get("gain", 1.0), dtype=np.float64)
        wanted = self.settings.get("spectral_radius")
        if wanted is not None:
            if not (np.asarray(wanted) >= 0.0).all():
                raise refuse(
                    f"parameters.{self.place}.spectral_radius",
                    f"{np.min(wanted)} is no modulus; write a number from 0 on, and its sign in gain",
                )
            with threadpool_limits(1):
                radius = np.abs(np.linalg.eigvals(base)).max(axis=-1)
            if not (radius > 0.0).all():
                raise refuse(
                    f"parameters.{self.place}.spectral_radius",
                    f"a {self.word} matrix here has spectral radius 0; it cannot be scaled",
                )
            factor = factor * (np.asarray(wanted) / radius[which])
        return Matrices(base, which, factor)

    def vectors(self, n: int) -> Vectors:
        """One vector for each different setting."""
        return Vectors(*self._made((n,)))


def vectors(value: Any, n: int, place: str) -> Vectors:
    """A bias given by a number (or one a cell), a list of n numbers, or a family."""
    if isinstance(value, Chosen):
        return value.vectors(n)
    numbers = np.asarray(value, dtype=np.float64)
    if isinstance(value, (list, tuple)):
        if numbers.shape != (n,):
            raise refuse(
                place,
                f"{numbers.shape[0] if numbers.ndim else 1} numbers for {n} units; write {n} numbers, or "
                "one for all",
            )
        return Vectors(numbers[None], np.zeros(1, dtype=np.intp))
    kinds, which = np.unique(np.atleast_1d(numbers), return_inverse=True)
    return Vectors(np.repeat(kinds[:, None], n, axis=1), which.reshape(-1))
