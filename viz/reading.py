"""What a store says about its variables: sweep axes and own dims, labels with units, fixed coordinates,
missing cells.

Nothing is computed here; variables are cut before they are read, so that a picture reads only the chunks
that it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import Problem, Refused
from viz.axes import axis
from viz.scales import needed, text

if TYPE_CHECKING:
    import xarray as xr

PENDING, OK = 0, 1
LOST = (PENDING, 2, 5, 6, 7)  # pending, diverged, timeout, crashed, out of memory: nothing was counted
NEVER = -1  # in a count: what it counts did not happen
_UNITLESS = ("", "1", "dimensionless")
_LAST = ("time", "lag", "iterate")


class Unseen(Refused):
    """A picture that cannot be drawn: what was asked, what there is, what to do."""

    def __init__(self, text: str) -> None:
        super().__init__([Problem("", text)])

    def __reduce__(self) -> Any:
        return type(self), (str(self),)


def sweep_axes(dataset: xr.Dataset) -> tuple[str, ...]:
    """The axes of the sweep, in the file's order: the dims of `outcome`."""
    if "outcome" in dataset.variables:
        return tuple(str(dim) for dim in dataset["outcome"].dims)
    return max((tuple(str(d) for d in dataset[name].dims) for name in dataset.data_vars), key=len, default=())


def variables(dataset: xr.Dataset) -> tuple[str, ...]:
    """The variables that hold results, `outcome` last; curves are drawn over them."""
    own = [str(name) for name in dataset.data_vars if name != "outcome"]
    names = [name for name in own if not {"curve", "special"} & set(dataset[name].dims)]
    return (*names, "outcome") if names and "outcome" in dataset.variables else tuple(names)


def first(dataset: xr.Dataset) -> str:
    """The variable that is shown without a wish: the first result with an axis, else the first."""
    known = variables(dataset)
    if not known:
        raise Unseen("this store holds no variable, so there is nothing to draw")
    return next((name for name in known if dataset[name].dims), known[0])


def variable(dataset: xr.Dataset, name: str | None) -> xr.DataArray:
    """The variable of this name, the first result without one."""
    if name is None:
        return dataset[first(dataset)]
    known = variables(dataset)
    if name not in known:
        raise Unseen(f"variable {name!r}: this store has no such variable; it has {', '.join(known)}")
    return dataset[name]


def turned(array: xr.DataArray, *dims: str) -> np.ndarray:
    """The numbers of a variable with its dims in this order.

    They are read before they are turned: xarray asks a store for a turned variable number by number, which
    takes ten times as long.
    """
    return np.asarray(array.values).transpose([array.dims.index(dim) for dim in dims])


def label(thing: xr.DataArray) -> str:
    """Name and unit as an axis shows them: `w`, `time [step]`."""
    unit = str(thing.attrs.get("units", "")).strip()
    return f"{thing.name} [{unit}]" if unit not in _UNITLESS else str(thing.name)


def full_name(thing: xr.DataArray) -> str:
    """The long name of a variable with its unit."""
    unit = str(thing.attrs.get("units", "")).strip()
    return f"{long_name(thing)} [{unit}]" if unit not in _UNITLESS else long_name(thing)


def long_name(thing: xr.DataArray) -> str:
    """The long name of a variable, or its name."""
    return str(thing.attrs.get("long_name") or thing.name)


def coordinate(dataset: xr.Dataset, dim: str) -> xr.DataArray:
    """The coordinate of a dim; its index where it has none."""
    return dataset[dim]


def fixed(dataset: xr.Dataset, dims: tuple[str, ...], at: Mapping[str, Any] | None) -> dict[str, int]:
    """Where the dims that are not drawn are held: index of the stored value nearest to the one asked for.

    Without a wish a sweep axis and a word are held at their first value, time and its kin at their last.
    """
    wishes = dict(at or {})
    unknown = [name for name in wishes if name not in dataset.sizes]
    if unknown:
        raise Unseen(
            f"at {unknown[0]!r}: this store has no such axis; it has {', '.join(map(str, dataset.sizes))}"
        )
    return {
        dim: nearest(dataset, dim, wishes[dim]) if dim in wishes else _default(dataset, dim) for dim in dims
    }


def _default(dataset: xr.Dataset, dim: str) -> int:
    return dataset.sizes[dim] - 1 if dim in _LAST else 0


def nearest(dataset: xr.Dataset, dim: str, wish: Any) -> int:
    """The index of the stored value nearest to a wish, which lies in a cell of the axis; a word has to be one
    of the words.
    """
    values = coordinate(dataset, dim).values
    if values.dtype.kind not in "iufb":
        words = [str(value) for value in values]
        if str(wish) not in words:
            raise Unseen(f"{dim} = {wish!r}: this axis has no such word; it has {', '.join(words)}")
        return words.index(str(wish))
    try:
        number = float(wish)
    except (TypeError, ValueError):
        raise Unseen(
            f"{dim} = {wish!r}: this axis is made of numbers, such as {text(float(values[0]))}"
        ) from None
    if not np.isfinite(number):
        raise Unseen(f"{dim} = {wish!r}: a finite number is needed")
    edges = axis(dim, dim, values).edges
    if not edges[0] <= number <= edges[-1]:
        ends = [text(float(end)) for end in (values.min(), values.max())]
        reach = ends[0] if len(values) == 1 else f"{ends[0]} … {ends[1]}"
        raise Unseen(f"{dim} = {wish!r}: outside this axis, which has {reach}")
    return int(np.argmin(np.abs(values - number)))


def value(dataset: xr.Dataset, dim: str, index: int) -> Any:
    """The stored coordinate value at an index, as a Python number or word."""
    held = coordinate(dataset, dim).values[index]
    return held.item() if isinstance(held, np.generic) else held


def said(dataset: xr.Dataset, held: Mapping[str, int]) -> str:
    """Fixed coordinates in words: `seed = 0, time = 50 [step]`; axes of one value are said too."""
    return ", ".join(
        f"{dim} = {placed(dataset, dim, index)}{unit(dataset, dim)}" for dim, index in held.items()
    )


def placed(dataset: xr.Dataset, dim: str, index: int) -> str:
    """A coordinate value for a reader, with as many digits as tell it from its neighbours on the axis."""
    values = coordinate(dataset, dim).values
    if values.dtype.kind != "f":
        return word(value(dataset, dim, index))
    apart = np.abs(values - values[index])
    gap = apart[apart > 0].min(initial=np.inf)
    return text(float(values[index]), needed(float(values[index]), float(gap)))


def unit(dataset: xr.Dataset, dim: str) -> str:
    """The unit of a dim with a space before it; empty where it has none."""
    return unit_of(dataset[dim]) if dim in dataset.variables else ""


def unit_of(array: xr.DataArray) -> str:
    """The unit of a variable with a space before it; empty where it has none."""
    unit = str(array.attrs.get("units", "")).strip()
    return f" {unit}" if unit not in _UNITLESS else ""


def word(thing: Any) -> str:
    """A coordinate value for a reader."""
    if isinstance(thing, (bool, np.bool_)) or not isinstance(thing, (int, float, np.number)):
        return str(thing)
    return text(thing.item() if isinstance(thing, np.number) else thing)


def never_word(array: xr.DataArray) -> str:
    """What -1 means in a variable of counts; of most, that there is none of what their long name says.

    The name is quoted: it may be a clause (`whether the slope is resolved`), which no word can lead into.
    """
    known = {"escape": "never escaped", "memory": "never forgotten"}
    return known.get(str(array.name).split("_")[0], f"no “{long_name(array)}”")


def flags(array: xr.DataArray) -> dict[int, str]:
    """The words of a variable's codes, as its attributes say; none where its numbers are amounts."""
    codes = np.atleast_1d(array.attrs.get("flag_values", []))
    words = str(array.attrs.get("flag_meanings", "")).split()
    return {int(code): word.replace("_", " ") for code, word in zip(codes, words, strict=False)}


def meanings(dataset: xr.Dataset) -> dict[int, str]:
    """Words of the outcome codes, as the store declares them."""
    return flags(dataset["outcome"]) if "outcome" in dataset.variables else {}


def counted(array: xr.DataArray) -> bool:
    """Whether -1 is no number of a variable: whole numbers whose comment says what -1 means, or without one.

    A sum of indices may well be -1, and codes with words have a -1 of their own.
    """
    comment = str(array.attrs.get("comment", ""))
    return array.dtype.kind == "i" and not flags(array) and (not comment or "-1" in comment)


def stated(here: xr.DataArray, outcome: int = OK, digits: int = 6) -> str:
    """One number of a cell with this outcome for a reader: the word of a code, what -1 means in a count, else
    its digits.
    """
    held = here.values.item()
    if here.dtype.kind in "iu" and int(held) in flags(here):
        return flags(here)[int(held)]
    if counted(here) and held == NEVER:
        return "missing" if outcome in LOST else never_word(here)
    return word(held) if isinstance(held, (bool, str)) else text(held, digits)


def outcomes(dataset: xr.Dataset, held: Mapping[str, int]) -> tuple[np.ndarray | None, str]:
    """Outcome codes of the cells in sight, and in words how many are not ok (empty where all are)."""
    if "outcome" not in dataset.variables:
        return None, ""
    array = dataset["outcome"]
    codes = array.isel({dim: index for dim, index in held.items() if dim in array.dims}).values
    known = meanings(dataset)
    counts = np.bincount(codes.ravel().astype(np.int64), minlength=2)
    odd = [
        f"{text(int(n))} {known.get(code, f'code {code}')}"
        for code, n in enumerate(counts)
        if n and code != OK
    ]
    total = "1 cell" if counts.sum() == 1 else f"{text(int(counts.sum()))} cells"
    alright = "ok" if counts.sum() == 1 else "all ok"
    return codes, f"{total}, {', '.join(odd) or alright}."


def title(dataset: xr.Dataset, array: xr.DataArray) -> str:
    """The heading of a picture: what is measured, of what."""
    whole = str(dataset.attrs.get("title") or dataset.attrs.get("name") or "").strip()
    return f"{long_name(array)} · {whole}" if whole else long_name(array)


def caption(dataset: xr.Dataset, array: xr.DataArray, held: Mapping[str, int], note: str = "") -> str:
    """What is seen, in words: meaning and unit, fixed coordinates, outcomes that are not ok, a note on
    the colours.

    The last sentence is there only where something needs saying.
    """
    unit = str(array.attrs.get("units", "")).strip()
    name = long_name(array)
    head = name if name == array.name else f"{array.name}: {name}"
    head += f" [{unit}]" if unit not in _UNITLESS else ""
    where = said(dataset, held)
    _, missing = outcomes(dataset, held)
    parts = [
        f"{head}, at {where}." if where else f"{head}.",
        missing,
        f"{note[:1].upper()}{note[1:]}." if note else "",
    ]
    return " ".join(part for part in parts if part)
