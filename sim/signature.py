"""Keywords read from signatures: their kind, default, unit and meaning.

A keyword's type is its annotation, its meaning and unit an `About` beside it: `w: Annotated[float,
About("recurrent weight")]`. float is a number (one for each cell, may be an axis), int a whole number, str or
Literal a word, bool a flag, tuple[float, ...] a list of numbers, tuple[tuple[float, ...], ...] a matrix. A
keyword of type `Family` is the head of a group: a word that names a function of that family, whose own
keywords follow as `head.key`.
"""

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple


class _Required:
    """The default of a keyword that must be given."""

    def __repr__(self) -> str:
        return "REQUIRED"

    def __reduce__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


class About(NamedTuple):
    """What a keyword means, its unit, and whether it may be an axis."""

    meaning: str
    unit: str = "1"
    sweepable: bool | None = None
    choices: tuple[str, ...] = ()


class Held(NamedTuple):
    """Marks a number of a pack that is set, not learnt: a time step, a gate forced open, a statistic."""


class Family(NamedTuple):
    """Marks the head of a group: `members` gives for each word the function whose keywords the group has."""

    members: Callable[[], Mapping[str, Callable[..., Any]]]
    kind: str = "word"  # or "start": a number or a list of numbers may stand in its place
    common: type | None = None  # a NamedTuple of keywords that every member has


class Group(NamedTuple):
    """The head of a group among a task's keywords: the word that was chosen, and that member's keywords."""

    word: str
    keywords: Any


@dataclass(frozen=True)
class Keyword:
    """One word of the vocabulary; `path` is its full name, such as `weights.gain`."""

    path: str
    owner: str
    kind: str
    default: Any
    unit: str
    meaning: str
    choices: tuple[str, ...] = ()
    sweepable: bool = True
    further: str = ""  # what else may be written than the choices


_KINDS: dict[Any, str] = {float: "number", int: "integer", str: "word", bool: "flag"}
_KINDS |= {tuple[float, ...]: "numbers", tuple[tuple[float, ...], ...]: "matrix", tuple[str, ...]: "words"}


def kind_of(annotation: Any) -> tuple[str, tuple[str, ...]]:
    """The kind of a bare annotation, and the words it allows."""
    if typing.get_origin(annotation) is Literal:
        return "word", tuple(typing.get_args(annotation))
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        inner = [part for part in typing.get_args(annotation) if part is not type(None)]
        return kind_of(inner[0])
    return _KINDS.get(annotation, "number"), ()


def split(annotation: Any) -> tuple[Any, About, Family | None]:
    """A keyword's bare type, what is said about it, and the family it heads."""
    if typing.get_origin(annotation) is not Annotated:
        return annotation, About("", "1"), None
    bare, *notes = typing.get_args(annotation)
    about = next((note for note in notes if isinstance(note, About)), About("", "1"))
    return bare, about, next((note for note in notes if isinstance(note, Family)), None)


def signature(source: Any) -> Iterator[tuple[str, Any, Any]]:
    """(name, annotation, default) of the keywords of a NamedTuple or of a function's keyword-only
    arguments.
    """
    hints = typing.get_type_hints(source, include_extras=True)
    if isinstance(source, type):
        defaults = getattr(source, "_field_defaults", {})
        for name in source._fields:  # type: ignore[attr-defined]
            yield name, hints.get(name, float), defaults.get(name, REQUIRED)
        return
    for name, parameter in inspect.signature(source).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            yield (
                name,
                hints.get(name, float),
                REQUIRED if parameter.default is inspect.Parameter.empty else parameter.default,
            )


def described(
    source: Any, owner: str, words: Mapping[str, Sequence[str]], prefix: str = ""
) -> dict[str, Keyword]:
    """The keywords of a NamedTuple or function, groups opened for the chosen words."""
    found: dict[str, Keyword] = {}
    for name, annotation, default in signature(source):
        bare, about, family = split(annotation)
        path = prefix + name
        if family is None:
            kind, choices = kind_of(bare)
            sweepable = about.sweepable if about.sweepable is not None else kind in ("number", "word")
            found[path] = Keyword(
                path, owner, kind, default, about.unit, about.meaning, about.choices or choices, sweepable
            )
            continue
        members = family.members()
        chosen = words.get(path, [default] if isinstance(default, str) else [])
        own = {word for word in chosen if isinstance(word, str) and word in members}  # a dotted name
        choices = tuple(sorted({*members, *own}))
        further = getattr(members, "further", "")
        found[path] = Keyword(
            path, owner, family.kind, default, about.unit, about.meaning, choices, True, further
        )
        for word in chosen:
            if word in members:
                found |= described(members[word], f"{path} {word}", words, f"{path}.")
                if family.common is not None:
                    found |= described(family.common, f"{path} {word}", words, f"{path}.")
    return found


def belonging(source: Any, names: Iterable[str]) -> list[str]:
    """Those of these full names that are keywords of `source`: its own, and what follows its groups' heads.

    >>> class K(NamedTuple):
    ...     gap: float = 0.0
    >>> belonging(K, ["gap", "weights", "weights.gain"])
    ['gap']
    """
    families = {name: split(annotation)[2] for name, annotation, _ in signature(source)}
    heads = {name for name, family in families.items() if family is not None}
    return [name for name in names if name in families or name.partition(".")[0] in heads]


def filled(source: Any, values: Mapping[str, Any]) -> Any:
    """The NamedTuple `source` with these values by full name; the head of a group becomes a `Group`."""
    fields = {}
    for name, annotation, _ in signature(source):
        family, fields[name] = split(annotation)[2], values[name]
        if family is not None and isinstance(values[name], str):
            below = {
                path.partition(".")[2]: value for path, value in values.items() if path.startswith(f"{name}.")
            }
            fields[name] = Group(values[name], filled(family.members()[values[name]], below))
    return source(**fields)
