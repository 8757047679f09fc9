"""What a sweep says of a cell: every keyword by its full name, defaults and swept values included."""

import json
from collections.abc import Mapping
from typing import Any

from sim.errors import Refused
from sim.vocabulary import REQUIRED, keywords


def settings(sweep: str, held: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of a sweep (its canonical JSON, as a store's attribute has it), `system` and `task` too.

    held: values along axes, by dimension; the keyword of an axis that is not held is left out. Defaults are
    those of this version of the software; of a user's own file that is not found here there are none.
    """
    data = json.loads(sweep)
    given = data.get("parameters", {})
    paths = [str(axis["name"]) for axis in data.get("axes", [])]
    system, task, names = data.get("system"), data.get("task", "silence"), data.get("observables", [])
    made: dict[str, Any] = {}
    if system is not None:
        words = {key: [value] for key, value in given.items() if isinstance(value, str)}
        try:
            known = keywords(system, task, names, words)
        except Refused:
            known = {}
        made = {path: word.default for path, word in known.items() if word.default is not REQUIRED}
        made |= {"system": system, "task": task}
    made |= given
    for path in paths:
        made.pop(path, None)
        for dim in (path, path.replace(".", "_"), f"{path}_", path.rpartition(".")[2]):  # whichever it became
            if dim in held:
                made[path] = held[dim]
                break
    return made
