"""The sum of the positive Lyapunov exponents: how fast what is known of the start is used up.

An upper bound of the Kolmogorov-Sinai entropy (Ruelle's inequality), equal to it where the invariant measure
is smooth along the unstable directions (Pesin's formula). Source: Ya. Pesin, Russ. Math. Surveys 32 (1977)
55, doi:10.1070/RM1977v032n04ABEH001639.
"""

from sim.lyapunov.derived import derived
from sim.lyapunov.dimension import entropy
from sim.lyapunov.growth import unit_of

observable = derived(
    "entropy_rate",
    entropy,
    "entropy rate",
    unit_of,
    "sum of the positive Lyapunov exponents, in nats",
    "Ya. Pesin, Russ. Math. Surveys 32 (1977) 55, doi:10.1070/RM1977v032n04ABEH001639",
)
