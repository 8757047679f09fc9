"""Memory for large arrays that is used again: fresh memory costs more than what is written into it.

The system hands out a large array as pages that are not there yet; each is made and cleared when it is first
touched, which takes as long as two to four passes over the array. Tiles come by the hundred and are of equal
size, so memory whose array, with all its views, is gone serves the next array of that size.
"""

import os
import resource
import weakref
from collections import deque
from pathlib import Path

import numpy as np

LARGE = 2**20  # bytes; below, the allocator of the C library does the same
KEPT = 2**28  # bytes that wait for their next use, at most

_free: deque[memoryview] = deque()  # its methods are atomic: finalizers run in any thread, at any time


def numbers(size: int) -> np.ndarray:
    """An uninitialised float64 array of `size` numbers."""
    if size * 8 < LARGE:
        return np.empty(size)
    memory = _taken(size) or np.empty(size).data
    array = np.frombuffer(memory)
    # views hold `array`, not what it holds: NumPy passes through bases that are arrays, and no further
    weakref.finalize(array, _give, memory).atexit = False
    return array


def free_memory() -> int:
    """Bytes of memory that are free now, and that this process may still take (`ulimit -v`)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError, IndexError):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return free if limit == resource.RLIM_INFINITY else max(0, min(free, limit - _addressed()))


def _addressed() -> int:
    """Bytes of address space that this process has."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _taken(size: int) -> memoryview | None:
    for _ in range(len(_free)):
        try:
            memory = _free.popleft()
        except IndexError:
            return None
        if len(memory) == size:
            return memory
        _free.append(memory)
    return None


def _give(memory: memoryview) -> None:
    _free.append(memory)
    while sum(each.nbytes for each in tuple(_free)) > KEPT:
        _free.popleft()
