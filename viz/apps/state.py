"""What the explorer shows, as plain data and as the query of an address, forgiving towards bad addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

_KNOWN = ("store", "variable", "view")
_WORD = re.compile(r"^[\w.\-]{1,64}$")
_LONGEST = 4000


@dataclass(frozen=True)
class State:
    """A store, a variable, a view with its options, where other axes are held, and the tapped cell."""

    store: str = ""
    variable: str = ""
    view: str = ""
    options: dict[str, str] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)
    cell: dict[str, str] = field(default_factory=dict)


def parse(query: str) -> tuple[State, list[str]]:
    """The state that a query string asks for, and a word about each part that cannot be meant.

    >>> parse("?store=cliff&view=map&x=w&at.seed=3&cell.w=1.5")[0].at
    {'seed': '3'}
    """
    words: list[str] = []
    if len(query) > _LONGEST:
        return State(), ["the address is too long to be one of ours; showing the defaults"]
    plain: dict[str, str] = {}
    held: dict[str, dict[str, str]] = {"at": {}, "cell": {}, "options": {}}
    for key, value in parse_qsl(query.lstrip("?"), keep_blank_values=True):
        head, _, tail = key.partition(".")
        if head in ("at", "cell") and tail:
            held[head][tail] = value
        elif not _WORD.match(value) or not _WORD.match(key):
            words.append(f"{key[:40]} = {value[:40]!r} in the address is not a name; ignored")
        elif key in _KNOWN:
            plain[key] = value
        else:
            held["options"][key] = value
    return State(**plain, options=held["options"], at=held["at"], cell=held["cell"]), words


def query(state: State) -> str:
    """The query string that brings this state back.

    >>> query(State("cliff", "loss", "map", {"x": "w"}, {"seed": "3"}, {"w": "1.5"}))
    '?store=cliff&variable=loss&view=map&x=w&at.seed=3&cell.w=1.5'
    """
    pairs: list[tuple[str, Any]] = [(key, getattr(state, key)) for key in _KNOWN if getattr(state, key)]
    pairs += state.options.items()
    pairs += [(f"at.{dim}", value) for dim, value in state.at.items()]
    pairs += [(f"cell.{dim}", value) for dim, value in state.cell.items()]
    return "?" + urlencode(pairs) if pairs else ""
