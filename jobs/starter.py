"""The sweep file that `separatrix new` writes."""

import re
from pathlib import Path

from sim.errors import refuse

TEXT = """\
# A sweep: a system, what to measure, fixed parameters, axes. Run it with: separatrix run {file}
# All words: separatrix describe; those of this system: separatrix describe system ctrnn
name = "{name}"                       # of the store: results/{name}.zarr
title = "The loss of a one-unit network"
system = "ctrnn"                      # s[t+1] = (1 - alpha) s[t] + alpha (w f(s[t]) + b); or "./mine.py"
observables = ["loss", "gradient"]

[parameters]                          # fixed for all cells
activation = "sigmoid"
alpha = 1.0
steps = 50
start = 0.5
target = 0.7

[axes.w]                              # equally spaced, both ends included; scale = "log" for geometric
start = 0.0
stop = 8.0
num = 256

[axes.b]
start = -6.0
stop = 2.0
num = 256

# [axes.seed]                         # or given values: numbers, or words as in activation = ["tanh", "relu"]
# values = [0, 1, 2]
"""


def write(file: Path) -> Path:
    """Write the starting text. Errors: Refused where the file exists or cannot be written."""
    if file.name in {"", ".."}:  # the name of "." and of "/" is none
        raise refuse(
            "", f"{ascii(str(file))[:80]} is a folder; name a file, as in separatrix new my-sweep.toml"
        )
    path = file if file.suffix == ".toml" else file.with_name(f"{file.name}.toml")
    name = re.sub(r"[^a-z0-9_-]+", "-", path.stem.lower()).strip("-_0123456789")[:64] or "sweep"
    try:
        with path.open("x", encoding="utf-8") as opened:
            opened.write(TEXT.format(file=path.name, name=name))
    except FileExistsError:
        raise refuse("", f"{path} exists and is not overwritten; name another file") from None
    except (OSError, ValueError) as fault:
        raise refuse("", f"{ascii(str(path))[:80]} cannot be written: {fault}") from None
    return path
