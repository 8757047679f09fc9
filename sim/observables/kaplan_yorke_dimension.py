"""The Kaplan-Yorke (Lyapunov) dimension: how many exponents it takes until their sum is negative, and the
fraction of the next.

D = j + (lambda_1 + ... + lambda_j) / |lambda_(j+1)|, of all exponents. Source: J. Kaplan & J. Yorke, Lecture
Notes in Mathematics 730 (1979) 204, doi:10.1007/BFb0064319.
"""

from sim.lyapunov.derived import derived
from sim.lyapunov.dimension import kaplan_yorke

observable = derived(
    "kaplan_yorke_dimension",
    kaplan_yorke,
    "Kaplan-Yorke dimension",
    lambda k: "1",
    "j + (sum of the first j exponents) / |the next|, j the most for which the sum is not negative",
    "J. Kaplan & J. Yorke, Lecture Notes in Mathematics 730 (1979) 204, doi:10.1007/BFb0064319",
)
