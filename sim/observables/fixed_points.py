"""All fixed points and cycles: F^k(s) = s, where they are and of what kind.

Maps of one number: every one in `interval`, with certainty. `fixed_points_count` says "exactly n"; places
where nothing can be shown (a curve that touches the diagonal, a whole range of fixed points) are listed
as undecided. Piecewise-linear networks (relu, leaky_relu, identity) with at most 12 choices in `cycle`
steps: every one, region by region. All other networks and maps: what searches from states drawn in
`interval` and on trajectories find, of cycles all their states and with a cycle also what each shorter one
that divides it finds; the sum of indices, `fixed_points_index`, must be 1 for a map of a box into its
inside, and says when some are missing. Stability is a matter of the modulus of the eigenvalues: a slope of
-1.5 is as unstable as one of 1.5. On a kink there is no derivative: what the point is follows from all
regions that meet there, or is undecided.

Sources: R. E. Moore, R. B. Kearfott & M. J. Cloud, Introduction to Interval Analysis, SIAM 2009,
doi:10.1137/1.9780898717716; D. Sussillo & O. Barak, Neural Computation 25 (2013) 626,
doi:10.1162/NECO_a_00409.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.cells import cells_of
from sim.errors import refuse
from sim.fixed_points import regions, search, several, single
from sim.fixed_points.asked import LONGEST, Cycle, Interval, ends, iterate, settled, whole
from sim.fixed_points.certain import Certain
from sim.fixed_points.kinds import COMPLETENESS, STABILITY
from sim.observable import Coordinate, Declared, Facts, Loop, Whole
from sim.signature import About

_SOURCE = (
    "R. E. Moore, R. B. Kearfott & M. J. Cloud, Introduction to Interval Analysis, SIAM 2009, "
    "doi:10.1137/1.9780898717716; D. Sussillo & O. Barak, Neural Computation 25 (2013) 626, "
    "doi:10.1162/NECO_a_00409"
)


class Keywords(NamedTuple):
    """What is sought, and where."""

    cycle: Cycle = 1
    interval: Interval = ()
    branches: Annotated[int, About("how many points a cell has room for; all are counted")] = 16
    searches: Annotated[int, About("states drawn to search from, where points must be searched for")] = 64
    slow: Annotated[
        float, About("slow points too: minima of |F(s) - s|^2 / 2 that are no larger; 0 is none", "1", False)
    ] = 0.0


def declare(facts: Facts) -> Declared:
    """The points, and what is said of each of them and of all."""
    k = facts.k
    whole("cycle", k.cycle, LONGEST)
    whole("branches", k.branches, 4096)
    whole("searches", k.searches, 65536)
    if k.slow < 0.0:
        raise refuse("parameters.slow", f"{k.slow}; write 0 for no slow points, or a small positive number")
    branch = Coordinate("branch", np.arange(k.branches), "branch", "1")
    of = "fixed points" if k.cycle == 1 else f"points of period dividing {k.cycle}"
    f = iterate(k.cycle)

    def ints(dims: tuple[Coordinate, ...], name: str, comment: str, flags: Any = None) -> Declared:
        return Declared(dims, name, "1", comment, _SOURCE, "int32", flags)

    def real(dims: tuple[Coordinate, ...], name: str, comment: str) -> Declared:
        return Declared(dims, name, "1", comment, _SOURCE, infinite=True)

    further = {
        "fixed_points_stability": ints((branch,), "kind of fixed point", f"by the eigenvalues of D{f}; "
            "a focus is where the one nearest to the unit circle is complex; on a kink, where there is none, "
            "by what all regions that meet there show: sink, source or saddle, else undecided", STABILITY),
        "fixed_points_period": ints((branch,), "least period", "fewest steps after which the point returns; "
            "-1 if undecided or slow"),
        "fixed_points_count": ints((), "number of fixed points", f"how many {of} there are, or were found"),
        "fixed_points_open": ints((), "undecided places", "places where nothing could be shown, "
            "and continua of fixed points"),
        "fixed_points_index": ints((), "sum of indices", f"sum of the signs of det(I - D{f}); 1 for maps of "
            "a box into its inside if none is missing and none has an eigenvalue 1"),
        "fixed_points_completeness": ints((), "completeness", "exact: there are no others (in the interval, "
            "for a state of one number); searched: there may be; undecided: some place is open; continuum: "
            "whole ranges of states that stand still, as far as double precision tells", COMPLETENESS),
    }  # fmt: skip
    if facts.labels is None:
        further["fixed_points_multiplier"] = real(
            (branch,), "multiplier", f"derivative of {f} at the point; NaN on a kink"
        )
    else:
        index = Coordinate("index", np.arange(facts.numbers), "rank of the eigenvalue", "1")
        part = Coordinate(
            "part", np.array(["real", "imaginary"], dtype=object), "part of a complex number", "1"
        )
        further["fixed_points_eigenvalues"] = real(
            (branch, index, part),
            "eigenvalues",
            f"of D{f} at the point, the largest modulus first; NaN on a kink",
        )
        further["fixed_points_speed"] = real(
            (branch,), "half the squared speed", f"|{f}(s) - s|^2 / 2: zero but for rounding, or a slow point"
        )
    comment = f"all {of} in rising order (of the first number of the state, then the next); NaN beyond them"
    return real((branch, *facts.unit), of, comment)._replace(further=further)


_SHORT = ("stability", "period", "count", "open", "index", "completeness")


Found = Callable[[Mapping[str, np.ndarray], int], Mapping[str, np.ndarray]]


def _of_one(form: Any, k: Any, between: tuple[float, float]) -> tuple[Found, float]:
    """How the points of a map of one number are found, and what that costs a cell, in ns."""
    one = Certain(form)

    def certain(given: Mapping[str, np.ndarray], cells: int) -> Mapping[str, np.ndarray]:
        return single.points(one, given, cells, between, k.cycle, k.branches, k.slow)

    return certain, 6e4 * k.cycle * 2.0 ** min(k.cycle - 1, 10)


def _of_several(form: Any, k: Any, between: tuple[float, float]) -> tuple[Found, float]:
    """How the points of a map of several numbers are found, region by region or by search, and what that
    costs a cell, in ns.
    """
    many = search.Search(form, k.cycle)
    cubed = float(many.n) ** 3
    compared = None if k.slow else regions.choices(form.equation)
    if compared is not None and regions.moderate(compared, k.cycle):

        def exact(given: Mapping[str, np.ndarray], cells: int) -> Mapping[str, np.ndarray]:
            return regions.points(many, compared, given, cells, k.branches)

        return exact, len(regions.Regions(many, compared).bits) * k.cycle * (2e4 + 100.0 * cubed)
    lesser = [search.Search(form, part) for part in range(1, k.cycle) if k.cycle % part == 0]
    shorter = regions.Divisors(form, compared, k.cycle) if compared is not None else None

    def sought(given: Mapping[str, np.ndarray], cells: int) -> Mapping[str, np.ndarray]:
        return several.points(many, given, cells, between, k.searches, k.slow, k.branches, shorter, lesser)

    iterates = k.cycle + sum(one.cycle for one in lesser)
    return sought, (k.searches + 5) * iterates * (6e4 + 500.0 * cubed)


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The analysis that fits the run's system; refused where the map is not the same at every step."""
    settled(form)
    chosen = facts.k
    of_several = facts.labels is not None
    between = ends(chosen, of_several)
    names = ("x", *_SHORT, *(("eigenvalues", "speed") if of_several else ("multiplier",)))
    rows = chosen.branches * (3 + (3 * facts.numbers + 1 if of_several else 2)) + 4
    found, cost = (_of_several if of_several else _of_one)(form, chosen, between)

    def evaluate(tile: Any) -> np.ndarray:
        return single.rows(found(tile.given, cells_of(tile.given)), names)

    return Loop("", evaluate, cost, 8 * rows, by_cell=True)


observable = Whole(declare, plan, Keywords)
