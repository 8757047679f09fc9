"""Two guards of the app: widgets that change each other without answering, and faults that become cards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("viz.apps")


class Quiet:
    """While it is on, changed widgets do not react; it may be nested."""

    def __init__(self) -> None:
        self.depth = 0

    def __bool__(self) -> bool:
        return self.depth > 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1


@contextmanager
def shown(fail: Callable[[str, Exception], None], what: str) -> Iterator[None]:
    """Turn any fault inside into a card with a name: a damaged or vanished store must not end the process."""
    try:
        yield
    except Exception as fault:
        log.debug("%s", what, exc_info=fault)
        fail(what, fault)
