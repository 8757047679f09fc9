"""The reference: one tile after another."""

from jobs.work import Work


def run(work: Work) -> None:
    """Compute and settle every pending tile in order."""
    work.begin()
    for number in work.pending:
        work.commit([work.compute(number)])
