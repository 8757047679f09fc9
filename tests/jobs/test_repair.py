"""A damaged frame is refused; what follows from the sweep is put back where that is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import jobs
from jobs import ledger
from sim.errors import Refused
from tests.jobs.conftest import contents
from tests.jobs.test_store import DAMAGES, go


def everything(store: Path) -> dict[Path, bytes]:
    """Every byte of every file."""
    return {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}


@pytest.fixture
def done(fake, many_tiles, small, root):
    return go(small, root)


FRAME = ["loss/zarr.json", "w/c/0", "w/zarr.json", "zarr.json", "outcome/ledger.jsonl"]


@pytest.mark.parametrize("kind", ["flipped", "truncated", "emptied", "missing"])
@pytest.mark.parametrize("place", FRAME[:4])
def test_what_follows_from_the_sweep_is_put_back_and_costs_no_tile(done, small, root, place, kind):
    before = contents(done.path)
    DAMAGES[kind](done.path / place, None)
    report = jobs.verify("small", root)
    assert report.damaged[0].startswith(f"{place} ")
    assert "run its sweep again with --repair" in report.note
    damaged = everything(done.path)
    with pytest.raises(Refused, match=f"is damaged: {report.damaged[0]}; run its sweep again with --repair"):
        go(small, root)
    assert everything(done.path) == damaged
    again = go(small, root, repair=True)
    assert again.computed_tiles == 0
    assert again.repaired == report.damaged
    assert contents(done.path) == before
    assert not jobs.verify("small", root).damaged
    assert jobs.catalog(root)[0].state == "done"
    assert jobs.open("small", root).attrs["finished"]


def test_a_lost_folder_of_a_coordinate_is_put_back(done, small, root):
    before = contents(done.path)
    shutil.rmtree(done.path / "w")
    assert go(small, root, repair=True).computed_tiles == 0
    assert contents(done.path) == before


@pytest.mark.parametrize("line", [0, 1])
def test_one_of_the_two_first_lines_of_a_ledger_is_enough(done, small, root, line):
    file = done.path / ledger.PLACE
    lines = file.read_bytes().split(b"\n")
    lines[line] = b"~" + lines[line][1:]
    file.write_bytes(b"\n".join(lines))
    assert jobs.verify("small", root).note.endswith("every tile has a whole one")
    assert go(small, root).computed_tiles == 0


@pytest.mark.parametrize(
    ("place", "said"), [*((place, place) for place in FRAME[:4]), (FRAME[4], "both first lines")]
)
def test_a_frame_that_cannot_be_made_again_is_refused_and_fresh_cures_it(
    done, small, root, monkeypatch, place, said
):
    """As by other versions of the libraries: nothing is written, the seals do not let it pass."""
    import jobs.template

    file = done.path / place
    data = file.read_bytes()
    file.write_bytes(data.replace(b'{"schema"', b'{"schemA"') if place == ledger.PLACE else data[:-3] + b"x}")
    made = jobs.template.files
    other = dict.fromkeys(FRAME[:3], b"{}") | {"zarr.json": b'{"attributes": {}}'}
    monkeypatch.setattr(jobs.template, "files", lambda *given: made(*given) | other)
    before = everything(done.path)
    with pytest.raises(Refused, match=said.replace(".", r"\.")) as refusal:
        go(small, root, repair=True)
    assert "--fresh" in str(refusal.value)
    assert everything(done.path) == before
    monkeypatch.setattr(jobs.template, "files", made)
    assert go(small, root, fresh=True).computed_tiles == done.tiles


def test_nothing_is_put_back_through_a_link(done, small, root, tmp_path):
    (done.path / "w").rename(tmp_path / "w")
    (done.path / "w").symlink_to(tmp_path / "w")
    (tmp_path / "w" / "c" / "0").write_bytes(b"")
    with pytest.raises(Refused, match="w/c/0 has changed"):
        go(small, root, repair=True)
    assert (tmp_path / "w" / "c" / "0").read_bytes() == b""


def test_the_cure_that_is_said_of_a_store_without_its_ledger_is_the_one_that_helps(done, small, root):
    """Which tiles are whole nobody knows then: `--repair`, which was said, is refused."""
    (done.path / ledger.PLACE).unlink()
    note = jobs.catalog(root)[0].note
    assert note == "outcome/ledger.jsonl is missing; run its sweep again with --fresh"
    with pytest.raises(Refused, match=note):
        go(small, root, repair=True)
    assert go(small, root, fresh=True).computed_tiles > 0
    (done.path / "zarr.json").unlink()
    assert jobs.catalog(root)[0].note == "zarr.json is missing; run its sweep again with --repair"
    assert go(small, root, repair=True).computed_tiles == 0
