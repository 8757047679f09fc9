"""The ledger survives torn tails and flipped bits: a line counts or it does not, it never lies."""

import random

import pytest

from jobs import ledger
from jobs.ledger import Ledger, Record

RECORDS = [
    Record(tile, "done", {1: 60 + tile, 2: 4}, {"loss": ((tile * 7919, 100),), "x": ((1, 2), (3, 4))})
    for tile in range(5)
]


@pytest.fixture
def store(tmp_path):
    (tmp_path / "outcome").mkdir()
    (tmp_path / ledger.PLACE).write_bytes(ledger.encode({"schema": 1, "tiles": 5}))
    with Ledger(tmp_path) as opened:
        opened.settle(RECORDS)
    return tmp_path


def test_what_is_settled_is_read(store):
    pages = ledger.read(store)
    assert pages.header == {"schema": 1, "tiles": 5}
    assert list(pages.records.values()) == RECORDS
    assert pages.done == 5
    assert pages.cells == {1: 310, 2: 20}


def test_a_tile_that_is_reopened_is_pending(store):
    with Ledger(store) as opened:
        opened.reopen([1, 3])
        opened.settle([RECORDS[3]])
    assert sorted(ledger.read(store).records) == [0, 2, 3, 4]


def test_cut_at_every_byte_no_record_is_wrong_and_the_next_one_is_kept(store):
    whole = (store / ledger.PLACE).read_bytes()
    first = whole.index(b"\n") + 1
    new = Record(9, "done", {1: 1}, {"loss": ((5, 5),)})
    for length in range(first, len(whole)):
        (store / ledger.PLACE).write_bytes(whole[:length])
        with Ledger(store) as opened:
            opened.settle([new])
        pages = ledger.read(store)
        assert pages.records.pop(9) == new
        assert all(record == RECORDS[tile] for tile, record in pages.records.items())
        assert len(pages.records) >= whole[:length].count(b"\n") - 1


def test_a_torn_tail_is_no_damage_and_a_broken_line_is(store):
    whole = (store / ledger.PLACE).read_bytes()
    for text, damaged in ((whole, 0), (whole[:-9], 0), (whole.replace(b"67", b"68", 1), 1)):
        (store / ledger.PLACE).write_bytes(text)
        assert ledger.read(store).damaged == damaged


def test_flipped_bits_never_make_a_record(store):
    whole = (store / ledger.PLACE).read_bytes()
    chance = random.Random(0)
    for _ in range(2000):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        (store / ledger.PLACE).write_bytes(damaged)
        pages = ledger.read(store)
        assert all(record == RECORDS[tile] for tile, record in pages.records.items())
        assert len(pages.records) >= 3 or pages.header is None
        assert pages.header in (None, {"schema": 1, "tiles": 5})
