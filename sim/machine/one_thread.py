"""BLAS and LAPACK under one thread while anybody needs it: their bits depend on the number of threads.

The number is the process's, not the thread's (OpenBLAS on OpenMP apart), so who is inside is counted. With
`threadpool_limits` alone, the first tile to end would give its neighbours their many threads back in the
middle of a product; and from threadpoolctl 3.8 on it does nothing where another thread has set a limit.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

from threadpoolctl import ThreadpoolController

_guard = threading.Lock()
_inside = 0  # how many are inside, over all threads of this process
_before: dict[str, int] = {}  # threads of each library when the first came in
_known: tuple[int, list[Any]] = (0, [])  # how many modules were imported when these libraries were found


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One BLAS thread until the last of those who are inside leaves; some microseconds."""
    global _inside  # noqa: PLW0603  what it counts is the process's
    with _guard:
        libraries = _libraries()
        own = {library.filepath: library.num_threads for library in libraries}
        if _inside == 0:
            _before.clear()
        for path, count in own.items():
            _before.setdefault(path, count)
        _inside += 1
        for library in libraries:
            _set(library, 1)
    try:
        yield
    finally:
        with _guard:
            _inside -= 1
            for library in _libraries():
                if library.threading_layer == "openmp":
                    _set(library, own.get(library.filepath, library.num_threads))
                elif _inside == 0:
                    _set(library, _before.get(library.filepath, library.num_threads))


def _libraries() -> list[Any]:
    """Every BLAS library that is loaded now: NumPy's and SciPy's are two. Looking for them takes 1.5 ms, and
    only an import brings another one.
    """
    global _known  # noqa: PLW0603  what is loaded is the process's
    if _known[0] != len(sys.modules):
        found = ThreadpoolController().select(user_api="blas").lib_controllers
        _known = (len(sys.modules), list(found))
    return _known[1]


def _set(library: Any, count: int) -> None:
    """The number of threads, whoever has set one before: threadpoolctl 3.8 heeds that thread only."""
    free = getattr(library, "clear_controlling_thread", None)
    if free is not None:
        free(force=True)
    library.set_num_threads(count)
    if free is not None:
        free(force=True)
