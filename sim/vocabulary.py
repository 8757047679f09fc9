from typing import NamedTuple
class About(NamedTuple):
    meaning: str
    unit: str = "1"
