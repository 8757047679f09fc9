"""What is said when something cannot be done: what was given, what is needed, what to do."""

import contextlib
import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np


class Problem(NamedTuple):
    """One fault: its place in the sweep (`parameters.weights.gain`) and what to write instead."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


class Refused(Exception):
    """Raised before anything runs, with every fault found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type["Refused"], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def refuse(place: str, text: str) -> Refused:
    """A refusal with a single fault."""
    return Refused([Problem(place, text)])


@contextlib.contextmanager
def said_of(place: Callable[[str], str]) -> Iterator[None]:
    """Within it what is refused is said of other places: a part does not know where in a sweep it stands."""
    try:
        yield
    except Refused as refusal:
        raise Refused(problem._replace(place=place(problem.place)) for problem in refusal.problems) from None


def within(name: str, value: Any, low: float, high: float, meaning: str) -> None:
    """Refuses numbers of a keyword (one, or one a cell) outside [low, high]."""
    inside = (np.asarray(value) >= low) & (np.asarray(value) <= high)
    if not inside.all():
        worst = np.asarray(value)[~inside].flat[0]
        raise refuse(
            f"parameters.{name}", f"{worst:g} is no {meaning}; write a number from {low:g} to {high:g}"
        )


def nearest(word: str, words: Iterable[str]) -> str:
    """', did you mean X?' where a word comes close, and the list of what there is."""
    known = sorted(words)
    close = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}there are: {', '.join(known)}" if known else f"{hint}there are none"
