"""No row of the lectures' phenomena is lost: each is named by a test, in its name or its docstring.

The table has rows of sections A to J, 1 to 194. `row 95`, `rows 90-92`, `rows 5 and 39` and names such as
`test_rows_75_to_77_...` count; the first lines of a file, which may promise more than its tests hold, do not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.conftest import REPOSITORY

# Rows with something to compute
A, B, C = range(1, 20), range(20, 36), range(36, 46)  # linear and non-linear recursions, criteria
D, E, FLOWS = range(46, 72), range(72, 96), range(121, 133)  # chains of gradients, maps and cliffs, flows
KEEPING = (*range(96, 109), *range(110, 113))  # F
UCLA = (115, *range(133, 146))  # G
GATED = (146, 147, *range(149, 173), *range(176, 180), *range(181, 188))  # H, I
ARCHITECTURES = (*range(188, 194),)  # J
COMPUTED = (*A, *B, *C, *D, *E, *FLOWS, *KEEPING, *UCLA, *GATED, *ARCHITECTURES)
SAID_ONLY = {  # statements without a number: names, history, diagrams, what other rows show
    109: "a list of methods",
    113: "the usual answer is another architecture: H",
    114: "networks without a state",
    116: "the notion of a state",
    117: "the notion of an output",
    118: "feedback makes inputs persist: row 7",
    119: "motor cortex",
    120: "names of the matrices",
    148: "where the diagrams are from: row 157",
    173: "a name",
    174: "history",
    175: "an opinion",
    180: "the idea of row 182",
    194: "slides without text",
}

NUMBERS = r"(\d{{1,3}}(?!\d)(?:(?:{between})\d{{1,3}}(?!\d))*)"
IN_NAMES = re.compile(r"rows?_" + NUMBERS.format(between="_and_|_to_|_"))
IN_TEXT = re.compile(
    r"\b(?:rows?|phenomen(?:a|on)) " + NUMBERS.format(between=r"-|, (?:and )?| and | or | to | \(\w+\), "),
    re.IGNORECASE,
)
TO = re.compile(r"(\d{1,3})(?:_to_|-| to )(\d{1,3})")


def expanded(written: str) -> set[int]:
    """The rows of `5, 37 to 43` or `126_130`."""
    rows = {int(number) for number in re.findall(r"\d+", written)}
    for first, last in TO.findall(written):
        rows |= set(range(int(first), int(last) + 1))
    return rows


def named(text: str, pattern: re.Pattern[str]) -> set[int]:
    """Every row that a text names."""
    joined = re.sub(r"\s*\n\s*#?\s*", " ", text)
    return set().union(*(expanded(found[1]) for found in pattern.finditer(joined)))


def functions_of(source: str) -> Iterator[tuple[str, str]]:
    """Name and text of each test function, decorators and comments among it."""
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.name, "\n".join(lines[first - 1 : node.end_lineno])


@cache
def rows() -> frozenset[int]:
    """The rows that tests name: what only the first lines of a file promise does not count."""
    found: set[int] = set()
    for path in sorted((REPOSITORY / "tests").glob("*/test_*.py")):
        if path.parent.name == "house":
            continue
        for name, text in functions_of(path.read_text(encoding="utf-8")):
            found |= named(name, IN_NAMES) | named(text, IN_TEXT)
    return frozenset(found)


def test_every_row_is_in_one_of_these_lists():
    assert sorted([*COMPUTED, *SAID_ONLY]) == list(range(1, 195))


@pytest.mark.parametrize("row", COMPUTED)
def test_a_row_with_something_to_compute_is_named_by_a_test(row: int):
    assert row in rows(), f"no test has 'row {row}' in its name, docstring or comments"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Rows 5 and 37 to 43 of", {5, *range(37, 44)}),
        ("phenomena 27, 28 and 30.", {27, 28, 30}),
        ("row 22: the cusp; row 21:", {21, 22}),
        ("rows 6-7, 20-22, 92, 94 and the", {6, 7, 20, 21, 22, 92, 94}),
        ("rows LOG-01, 02; 3 rows", set()),
    ],
)
def test_what_a_text_names(written: str, wanted: set[int]):
    assert named(written, IN_TEXT) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("test_rows_75_to_77_the_exponent", {75, 76, 77}),
        ("test_log_01_and_rows_84_to_86_kinds", {84, 85, 86}),
        ("test_row_82_flips_and_log_12", {82}),
        ("test_rows_45_and_log_04_05_14", {45}),
        ("test_rows_126_130_alpha", {126, 130}),
    ],
)
def test_what_a_name_names(name: str, wanted: set[int]):
    assert named(name, IN_NAMES) == wanted
