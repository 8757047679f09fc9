"""Where things lie: stores directly in the root; locks and temporary things in `ROOT/.separatrix/`."""

import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from jobs.ledger import PLACE
from jobs.seals import ANEW
from sim.errors import refuse

PRIVATE = ".separatrix"
SUFFIX = ".zarr"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def root_path(root: Path | str) -> Path:
    """The results root as an absolute path. Errors: Refused for addresses and for what is not a folder."""
    if not isinstance(root, str | os.PathLike):
        raise refuse("--root", f"{ascii(root)[:80]} given; write the path of a folder")
    text = str(root)
    if "://" in text or "::" in text:
        raise refuse(
            "--root", f"{ascii(text)[:80]} is an address; results are written to a folder of this machine"
        )
    try:
        path = Path(os.path.realpath(Path(root).expanduser()))
        taken = path.exists() and not path.is_dir()
    except (OSError, ValueError, RuntimeError):
        raise refuse("--root", f"{ascii(text)[:80]} is not the path of a folder") from None
    if taken:
        raise refuse("--root", f"{path} is a file; name a folder")
    return path


def store_path(root: Path, name: str) -> Path:
    """Where the store of a name lies. Errors: Refused where a link stands there."""
    if not NAME.fullmatch(name):
        raise refuse(
            "name",
            f"{ascii(name)[:80]} is not a store's name: a small letter, then at most 63 of a-z 0-9 _ -",
        )
    path = root / f"{name}{SUFFIX}"
    if path.is_symlink():
        raise refuse(
            "", f"{path} is a link; a store is a folder: remove the link or write name = another name"
        )
    return path


def find(store: Path | str, root: Path | str = "results") -> Path:
    """The store that is meant by a path or by its name in the root."""
    text = str(store)
    if "://" in text or "::" in text:
        raise refuse("", f"{ascii(text)[:80]} is an address; a store is a folder of this machine")
    candidates = [Path(text)]
    if NAME.fullmatch(text):
        candidates.insert(0, root_path(root) / f"{text}{SUFFIX}")
    for path in candidates:
        try:
            if (path / "zarr.json").is_file() or (path / PLACE).is_file():
                return path.resolve()
            if path.suffix == SUFFIX and path.is_dir():
                raise refuse("", f"{path} is damaged: it has no zarr.json; {ANEW}")
        except PermissionError as fault:
            raise refuse("", f"{path} cannot be read: {fault.strerror}; ask its owner for access") from None
        except (OSError, ValueError):
            break
    raise refuse("", f"there is no store {ascii(text)[:80]}; separatrix list shows those in {root}")


def private(root: Path) -> Path:
    """The folder of locks and temporary things; made when first asked for."""
    folder = root / PRIVATE
    if folder.is_symlink():
        raise refuse("--root", f"{folder} is a link; remove it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise refuse(
            "--root", f"{root} cannot be written to: {fault.strerror}; name another folder"
        ) from None
    return folder


def scratch(root: Path, name: str) -> Path:
    """The folder where a store's chunks are written before they are renamed into place."""
    return root / PRIVATE / f"{name}.scratch"


def now() -> str:
    """The time, for people: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def sweep_out(root: Path, name: str) -> None:
    """Remove what a killed driver of this store has left, and make its scratch folder anew."""
    clear(root, name)
    scratch(root, name).mkdir()


def clear(root: Path, name: str) -> None:
    """Remove the temporary folders of a store: what is still in them was never acknowledged."""
    for left in private(root).glob(f"{name}.*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


def remember_origin(root: Path, name: str, folder: Path | None) -> None:
    """Keep where the sweep file was, so that a system given by a relative path is found for live cells."""
    if folder is not None:
        (private(root) / f"{name}.origin").write_text(json.dumps({"folder": str(folder)}), encoding="utf-8")


def origin(root: Path, name: str) -> Path | None:
    """Where the sweep file of a store was, or None."""
    if not NAME.fullmatch(name):
        return None
    try:
        return Path(json.loads((root / PRIVATE / f"{name}.origin").read_text(encoding="utf-8"))["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
