"""The reference: one tile after another."""

from jobs.fill import Filled
from jobs.work import Work


def run(work: Work, together: int = 1) -> None:
    """Compute every pending tile in order, and settle `together` of them at once."""
    work.begin()
    batch: list[Filled] = []
    for number in work.pending:
        batch.append(work.compute(number))
        if len(batch) == together:
            work.commit(batch)
            batch = []
    if batch:
        work.commit(batch)
