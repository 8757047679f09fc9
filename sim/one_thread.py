"""BLAS and LAPACK under one thread, for as long as anybody needs it: their bits may depend on the number of
threads.
"""

import contextlib
import threading
from collections.abc import Iterator

from threadpoolctl import threadpool_limits

_guard = threading.Lock()
_inside = 0  # how many are inside, over all threads of this process
_limit: threadpool_limits | None = None


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One BLAS thread until the last of those who are inside leaves.

    The limit is the process's, not the thread's: without the count, the first tile to end would give its
    neighbours back their many threads in the middle of a product.
    """
    global _inside, _limit  # noqa: PLW0603  the limit itself is global
    with _guard:
        _inside += 1
        if _limit is None:
            _limit = threadpool_limits(1)
    try:
        yield
    finally:
        with _guard:
            _inside -= 1
            if _inside == 0 and _limit is not None:
                _limit.restore_original_limits()
                _limit = None
