"""Values in the kind of their keyword: what fits as it will be used, what does not with what is needed."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.errors import nearest
from sim.signature import Keyword

_NEEDS = {
    "number": "a number, as in 1.5",
    "integer": "a whole number, as in 10",
    "word": 'a word, as in "tanh"',
    "words": 'a list of words, as in ["a", "b"]',
    "numbers": "a list of numbers, as in [0.5, -0.5]",
    "matrix": "a list of rows of numbers, as in [[1.0, 0.0], [0.0, 1.0]]",
    "flag": "true or false",
    "start": "a number, a list of numbers or a word",
}


def fit(value: Any, keyword: Keyword) -> tuple[Any, str]:
    """The value in its keyword's kind and '', or the value and what is needed: 1 is 1.0 where numbers are
    meant, lists are tuples.
    """
    kind = keyword.kind
    if value is None and keyword.default is None:
        return None, ""
    if kind in ("number", "start") and _is_number(value):
        return float(value), ""
    if kind == "integer" and isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value), ""
    if kind in ("word", "start") and isinstance(value, str):
        if keyword.choices and value not in keyword.choices:
            return value, said(value, keyword)
        return value, ""
    if kind == "flag" and isinstance(value, (bool, np.bool_)):
        return bool(value), ""
    if kind == "words" and _is_list(value) and all(isinstance(item, str) for item in value):
        return tuple(value), ""
    if kind in ("numbers", "start") and _is_list(value) and all(map(_is_number, value)):
        return tuple(float(item) for item in value), ""
    if kind == "matrix" and _is_list(value) and all(map(_is_row, value)):
        return tuple(tuple(map(float, row)) if _is_list(row) else float(row) for row in value), ""
    return value, f"{_NEEDS[kind]} is needed ({keyword.meaning or keyword.owner})"


def said(word: str, keyword: Keyword) -> str:
    """What may be written in the place of a word that is none of the keyword's."""
    return "; ".join(filter(None, (nearest(word, keyword.choices), keyword.further)))


def beneath(path: str, known: Mapping[str, Keyword], given: Mapping[str, Any]) -> bool:
    """Whether a name that is not known belongs to a head whose word is wrong, which is said already: what
    it would bring is not known either.
    """
    heads = [path[:i] for i, letter in enumerate(path) if letter == "."]
    words = {head: given[head] for head in heads if head in known and isinstance(given.get(head), str)}
    return any(fit(word, known[head])[1] for head, word in words.items())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _is_row(value: Any) -> bool:
    return _is_number(value) or (_is_list(value) and all(map(_is_number, value)))
