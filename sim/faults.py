"""What fails inside a leaf's own functions is said with its file and line, and with what to do."""

import contextlib
import traceback
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from sim.errors import Refused, refuse
from sim.own_files import is_own

MEMORY = "write fewer units, steps or axes of weights, or run it where there is more memory"


@contextlib.contextmanager
def written_in(modules: Sequence[ModuleType | Any]) -> Iterator[None]:
    """Within this, an exception is a refusal with the line of these modules that it came through.

    One that came through none of their lines is this package's own, unless the user has written some of them:
    then what they gave has led there (a result of a wrong type, say), and their files are named.
    """
    files = [str(module.__file__) for module in modules if getattr(module, "__file__", None)]
    try:
        yield
    except Refused:
        raise
    except (Exception, SystemExit) as error:
        lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
        own = sorted({file for file in files if is_own(file)})
        cure = f"; {MEMORY}" if isinstance(error, MemoryError) else ""
        said = f"{type(error).__name__}: {error}{cure}"
        if lines:
            place = f"{lines[-1].filename}:{lines[-1].lineno}"
            raise refuse(place, f"`{lines[-1].line}` fails: {said}") from error
        if not own and not cure:
            raise
        if cure:
            raise refuse("", said) from error
        text = f"what is written there cannot be used: {said}; compare it with a file of the package"
        raise refuse(", ".join(own), text) from error
