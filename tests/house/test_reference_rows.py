"""Every published row is named in the test that asserts it: a row without a test is lost no more."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROWS = """
LOG-01 LOG-02 LOG-03 LOG-04 LOG-05 LOG-07 LOG-08 LOG-10 LOG-11 LOG-12 LOG-14 QUAD-01 QUAD-02
HEN-01 HEN-02 HEN-04 STD-06 MAP-01
LOR-01 LOR-02 LOR-05 LIN-01 LIN-02
MAN-01 MAN-03 MAN-04 MAN-07 MAN-08 JUL-03
SCL-01 SCL-02 SCL-03 SCL-04 SCL-05 SCL-07 SCL-08 PAS-01 PAS-07 PAS-08
RNN-01 RNN-07 SCS-06 SCS-07
LVB-01 LVB-05 LVB-06 LVB-09 JOR-04
INI-01 INI-03 INI-04 INI-05 INI-06 INI-07 INI-08 INI-17 INI-20
BPT-rnn BPT-lstm BPT-gru BPT-peep BPT-peep0 GRD-01 GRD-02 GRD-04 GRD-05
JRY-01 JRY-02 JRY-03 JRY-04 JRY-05 RTH-01 RTH-02 RTH-03 JRY-06
BAS-01 BAS-08 BAS-09 BAS-10 BAS-11 BAS-16
DIM-01 DIM-03 DIM-05 DIM-08
FPF-2 AUT-01 AUT-06 WC-01 BEE-01
"""


def named(text: str) -> set[str]:
    """The rows that a text names; `LOG-07, 08 and 10` are three."""
    found = set()
    for prefix, first, more in re.findall(r"\b([A-Z]{2,4})-(\w+)((?:(?:, and |, | and )\d\d\b)*)", text):
        found |= {f"{prefix}-{number}" for number in (first, *re.findall(r"\d\d", more))}
    return found


def test_short_forms_are_several_rows():
    assert named("LOG-07, 08 and 10, BPT-rnn: of 20") == {"LOG-07", "LOG-08", "LOG-10", "BPT-rnn"}
    assert named("JRY-04, 2000 points and 12") == {"JRY-04"}


def beside_tests(path: Path) -> set[str]:
    """The rows that a file names where its tests are: what its first docstring promises does not count."""
    text = path.read_text(encoding="utf-8")
    return named(text.removeprefix(f'"""{ast.get_docstring(ast.parse(text), clean=False)}"""'))


def test_every_row_is_named_where_it_is_tested():
    """Write a test that gets the number of a missing row through the product, and name the row in it."""
    files = [path for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    tested = set().union(*map(beside_tests, files))
    assert not [row for row in ROWS.split() if row not in tested]
