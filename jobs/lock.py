"""One driver for each store: a lock of the kernel's, free the moment its process ends."""

import fcntl
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.rooms import PRIVATE, now, private
from sim.errors import refuse

_CURE = "wait for it, stop it, or write another name with --set name=..."


@contextmanager
def owned(root: Path, name: str) -> Iterator[None]:
    """Be the one driver of a store. The kernel frees the lock when this process ends, however it ends.

    Errors: Refused, with who holds it since when.
    """
    path = private(root) / f"{name}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as fault:
        raise refuse(
            "--root", f"{root} cannot be written to: {fault.strerror}; name another folder"
        ) from None
    try:
        for attempt in range(10):  # `separatrix list` holds it for an instant
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == 9:
                    raise refuse(
                        "", f"{name} is held by another driver: {_holder(descriptor)}; {_CURE}"
                    ) from None
                time.sleep(0.02)
        mark = json.dumps({"pid": os.getpid(), "host": platform.node(), "since": now()}).encode()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, mark, 0)
        yield
    finally:
        os.close(descriptor)


def held(root: Path, name: str) -> bool:
    """Whether a driver works on the store now."""
    try:
        descriptor = os.open(root / PRIVATE / f"{name}.lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _holder(descriptor: int) -> str:
    try:
        mark = json.loads(os.pread(descriptor, 4096, 0))
        return f"pid {int(mark['pid'])} on {mark['host']} since {mark['since']}"
    except (ValueError, KeyError, TypeError):
        return "its mark cannot be read"
