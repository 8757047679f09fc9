"""What the gates of a cell do: the inner values of every step, gate by gate (f, i, o and the candidate of an
LSTM).
"""

from typing import Any

import numpy as np

from sim.errors import refuse
from sim.generic import gates
from sim.observable import Coordinate, Declared, Facts, NoKeywords, Stepped


def declare(facts: Facts) -> Declared:
    """Steps, gates, and the units they belong to."""
    if not facts.gates:
        raise refuse(
            "observables",
            "gate_trace is for cells with gates, such as lstm, gru and mgu; a cell of one's own has them "
            "with "
            "@gates.register",
        )
    names = np.array(list(facts.gates), dtype=object)
    units = np.arange(next(iter(facts.gates.values())))
    return Declared(
        (facts.step, Coordinate("gate", names, "gate", "1"), Coordinate("gate_unit", units, "unit", "1")),
        "gates",
        "1",
        "value of each gate and of the candidate in the step from this time to the next",
        "F. Gers, J. Schmidhuber & F. Cummins, Neural Computation 12 (2000) 2451, "
        "doi:10.1162/089976600300015015",
    )


def value(k: NoKeywords, p: Any, s: Any, x: Any) -> Any:
    """All gates, one after another."""
    return tuple(gates(p, s, x).values())


observable = Stepped(declare, value)
