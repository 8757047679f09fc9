"""Is the frame of a store whole? Its attributes, its ledger's header, the seals of its template's files."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs import ledger
from sim.errors import Refused, refuse

SCHEMA = 1
ANEW = "run its sweep again with --fresh"
MEND = "run its sweep again with --repair"


def seal(place: str, data: bytes) -> str:
    """sha256 of a file of the template; the time of finishing does not count."""
    if place == "zarr.json":
        tree = json.loads(data)
        tree["attributes"].pop("finished", None)
        data = json.dumps(tree, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()


def attributes_of(path: Path) -> dict[str, Any]:
    """The attributes of a store as plain JSON. Errors: Refused where it is damaged, not ours or newer."""
    try:
        attributes = json.loads((path / "zarr.json").read_bytes())["attributes"]
        schema = attributes["schema"]
        newer = schema > SCHEMA
    except FileNotFoundError:
        raise refuse("", f"{path} is damaged: zarr.json is missing; {MEND}") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise refuse("", f"{path} is damaged or not a store of separatrix: its zarr.json; {MEND}") from None
    if newer:
        raise _newer(path, schema)
    return attributes


def _newer(path: Path, schema: Any) -> Refused:
    return refuse("", f"{path} has schema {schema}, this version reads up to {SCHEMA}; update separatrix")


def pages_of(path: Path) -> tuple[ledger.Pages, dict[str, Any]]:
    """The ledger of a store and its header. Errors: Refused where the header cannot be trusted."""
    try:
        pages = ledger.read(path)
    except OSError:
        raise refuse("", f"{path} is damaged: {ledger.PLACE} is missing; {ANEW}") from None
    if pages.header is None or not {"schema", "sweep_id", "digest", "tiles", "seals"} <= set(pages.header):
        raise refuse("", f"{path} is damaged: both first lines of {ledger.PLACE}; {ANEW}")
    if pages.header["schema"] > SCHEMA:
        raise _newer(path, pages.header["schema"])
    return pages, pages.header


def broken(path: Path, header: Mapping[str, Any]) -> dict[str, str]:
    """Files of the template that are not as they were written, by their places: `w/c/0`: `has changed`."""
    found = {}
    for place, sha in header["seals"].items():
        try:
            if (path / place).is_symlink():
                found[place] = "is a link"
            elif seal(place, (path / place).read_bytes()) != sha:
                found[place] = "has changed"
        except FileNotFoundError:
            found[place] = "is missing"
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found[place] = "cannot be read"
    return found


def said(faults: Mapping[str, str]) -> list[str]:
    """Faults of files for people: `w/c/0 has changed`."""
    return [f"{place} {fault}" for place, fault in faults.items()]
