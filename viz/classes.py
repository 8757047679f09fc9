"""Colours of classes: whole numbers that are names, such as the number of an attractor, not amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from viz.scales import Scale


@dataclass(frozen=True)
class Classes(Scale):
    """The scale of classes 1, 2, …: one colour each, with its word beside it."""

    words: tuple[str, ...] = ()

    def ticks(self, n: int = 6) -> list[tuple[float, str]]:
        """Every class with its word, also where there are more than `n`."""
        return [(i + 1.0, word) for i, word in enumerate(self.words)]


def classes(words: Sequence[str]) -> Classes:
    """The scale of these classes; its palette is `palette(len(words))`.

    >>> classes(["left", "right"]).ticks()
    [(1.0, 'left'), (2.0, 'right')]
    """
    return Classes("linear", 0.5, max(len(words), 1) + 0.5, words=tuple(words))


def palette(count: int) -> str:
    """The name of the palette of so many classes."""
    return f"classes{max(count, 1)}"
