"""What is said when something cannot be done: what was given, what is needed, what to do."""

import difflib
from collections.abc import Iterable
from typing import NamedTuple


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


def nearest(word: str, words: Iterable[str]) -> str:
    """', did you mean X?' where a word comes close, and the list of what there is."""
    known = sorted(words)
    close = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}there are: {', '.join(known)}" if known else f"{hint}there are none"
