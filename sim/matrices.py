"""The arrays of many networks at once: which different ones there are, which of them a cell has, and times
what factor.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import nearest, refuse, said_of
from sim.machine.memory import LARGE, free_memory
from sim.machine.one_thread import one_thread
from sim.series import different
from sim.signature import Family, signature, split

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

    def built(self, **changes: Any) -> Any:
        """What the member makes of its settings, some of them replaced."""
        return self.member(**{**self.settings, **changes})

    def apart(self, mark: str) -> "Chosen":
        """The same choice with random numbers of its own, also in the families among its settings."""
        settings = {
            name: value.apart(mark) if isinstance(value, Chosen) else value
            for name, value in self.settings.items()
        }
        return self._replace(settings=settings, purpose=f"{self.purpose}.{mark}")

    def _made(self, sizes: tuple[int, ...], part: str = "") -> tuple[np.ndarray, np.ndarray]:
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
        self._refuse_size((count, *sizes))
        seeds = own.pop("seed") if "seed" in own else np.full(count, columns["seed"][0])
        shape = (-1,) + (1,) * len(sizes)
        keys = {name: value for name, value in self.settings.items() if name not in SCALINGS}
        keys |= {name: row.reshape(shape) for name, row in own.items()}
        draw = Draw(seeds, f"{self.purpose}.{part}" if part else self.purpose)
        # LAPACK's bits may depend on the number of threads
        with said_of(self._own_place), one_thread():
            made = np.asarray(self.member(*sizes, draw, **keys), dtype=np.float64)
        return np.ascontiguousarray(np.broadcast_to(made, (len(seeds), *sizes))), which

    def _own_place(self, place: str) -> str:
        """A family says `weights`, whatever it is the weights of."""
        return place.replace("parameters.weights", f"parameters.{self.place}", 1)

    def _refuse_size(self, sizes: tuple[int, ...]) -> None:
        """Refuse arrays that memory does not hold, before they are drawn."""
        needed = 8 * math.prod(sizes)
        if needed > LARGE and needed > (free := free_memory()):
            what = " x ".join(map(str, sizes[sizes[0] == 1 :]))
            raise refuse(
                f"parameters.{self.place}",
                f"{what} numbers need {needed / 1e9:.3g} GB of memory, {free / 1e9:.3g} GB are free; write "
                "fewer units",
            )

    def matrices(self, rows: int, columns: int, part: str = "") -> Matrices:
        """One matrix for each different setting, and the factor from gain and spectral_radius.

        Each `part` of a system (a gate) has random numbers of its own.
        """
        if min(rows, columns) < 1:
            raise refuse(
                f"parameters.{self.place}", f"a matrix of {rows} x {columns}; units and inputs are at least 1"
            )
        wanted = self.settings.get("spectral_radius")
        if wanted is not None and rows != columns:
            raise refuse(
                f"parameters.{self.place}.spectral_radius",
                f"a matrix of {rows} x {columns} has no eigenvalues; leave it out, or write settings that "
                "make it square",
            )
        base, which = self._made((rows, columns), part)
        factor = np.asarray(self.settings.get("gain", 1.0), dtype=np.float64)
        if wanted is not None:
            if not (np.asarray(wanted) >= 0.0).all():
                raise refuse(
                    f"parameters.{self.place}.spectral_radius",
                    f"{np.min(wanted)} is no modulus; write a number from 0 on, and its sign in gain",
                )
            with one_thread():
                radius = np.abs(np.linalg.eigvals(base)).max(axis=-1)
            if not (radius > 0.0).all():
                raise refuse(
                    f"parameters.{self.place}.spectral_radius",
                    f"a {self.word} matrix here has spectral radius 0; it cannot be scaled",
                )
            factor = factor * (np.asarray(wanted) / radius[which])
        return Matrices(base, which, factor)

    def vectors(self, n: int, part: str = "") -> Vectors:
        """One vector for each different setting."""
        return Vectors(*self._made((n,), part))


def choose(path: str, family: Family, values: Mapping[str, Any], touched: frozenset[str]) -> Chosen:
    """The member of a family that its word names, with all that belongs to it; refused where there is no such
    word.
    """
    word = values[path]
    members = family.members()
    if word not in members:
        raise refuse(f"parameters.{path}", f"{word!r:.80} is no family; {nearest(word, members)}")
    member = members[word]
    heads = {name: split(annotation)[2] for name, annotation, _ in signature(member)}
    settings: dict[str, Any] = {}
    for full, value in values.items():
        name = full.removeprefix(f"{path}.")
        head, dot, _ = name.partition(".")
        if name == full or (dot and heads.get(head) is not None):
            continue
        inner = heads.get(name)
        nested = inner is not None and isinstance(value, str)
        settings[name] = choose(full, inner, values, touched) if nested else value  # type: ignore[arg-type]
    seed = settings.pop("seed", None)
    seed = values["seed"] if seed is None else seed
    return Chosen(path, word, member, settings, seed, path, path in touched)


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
