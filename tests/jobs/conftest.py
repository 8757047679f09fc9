"""A fast stand-in for `sim`, a small sweep, and what it means that two stores are equal."""

import copy
import json
from pathlib import Path

import pytest

import jobs.evaluate
import jobs.meaning
import jobs.single
from jobs import ledger
from tests.jobs import fake_sim

SMALL = {
    "name": "small",
    "system": "fake",
    "observables": ["loss", "gradient", "trajectory", "period"],
    "parameters": {"steps": 3},
    "axes": {
        "w": {"start": 0.0, "stop": 8.0, "num": 33},
        "activation": {"values": ["tanh", "relu"]},
        "b": {"start": -1.0, "stop": 1.0, "num": 20},
    },
}


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(jobs.meaning, "keywords", fake_sim.keywords)
    monkeypatch.setattr(jobs.single, "keywords", fake_sim.keywords)
    monkeypatch.setattr(jobs.evaluate, "prepare", fake_sim.prepare)
    monkeypatch.setattr(jobs.evaluate, "_KNOWN", {})
    monkeypatch.setattr(fake_sim.FakeRun, "calls", 0)
    return fake_sim


@pytest.fixture
def small():
    return copy.deepcopy(SMALL)


@pytest.fixture
def many_tiles(monkeypatch):
    """Cut even small sweeps into many tiles."""
    import jobs.tiles

    monkeypatch.setattr(jobs.tiles, "SMALLEST_TILE", 1e6)
    monkeypatch.setattr(jobs.tiles, "LANES", 4)


def contents(store: Path) -> dict[str, object]:
    """What must be equal after any kill: every file byte for byte, every tile's record; not who and when."""
    files = {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file() and path.name != "ledger.jsonl" and path != store / "zarr.json"
    }
    tree = json.loads((store / "zarr.json").read_text())
    for key in ("started", "finished", "host", "title", "sweep"):
        tree["attributes"].pop(key)
    pages = ledger.read(store)
    header = {key: value for key, value in pages.header.items() if key not in {"seals", "attributes"}}
    records = dict(sorted(pages.records.items()))
    return {"files": files, "frame": tree, "header": header, "records": records}
