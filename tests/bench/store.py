"""A whole sweep into its store: what the kernel takes of the wall, and what growing the grid costs."""

from __future__ import annotations

import itertools
import json
import math
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tests.bench.harness import Bar, Call, Case, Figure
from tests.bench.ours import evaluation, scratch

OBSERVABLES = ["final_state", "loss", "gradient"]
PARAMETERS = {"units": 1, "activation": "tanh", "start": 0.25, "target": 0.5}


def sweep(cells: int, steps: int) -> dict:
    """A square grid of about this many cells."""
    side = math.isqrt(cells)
    axis = {"start": -0.9, "stop": 0.9, "num": side}
    return {
        "name": f"bench-{cells}-{steps}",
        "system": "rnn",
        "observables": OBSERVABLES,
        "parameters": {**PARAMETERS, "steps": steps},
        "axes": {"w": axis, "b": axis},
    }


def whole_sweep(cells: int, steps: int) -> Case:
    """`jobs.run` on two threads against the same kernel on two threads, its results dropped. Every round
    writes a store of its own: to take the last round's away is no part of a sweep (80 ms of the 1600).
    """
    import jobs

    folder = scratch()
    plan = sweep(cells, steps)
    rounds = itertools.count()

    def ours():
        named = plan | {"name": f"{plan['name']}-{next(rounds)}"}
        result = jobs.run(named, root=folder, executor="threads", workers=2, progress=False)
        assert not result.failed
        return {}

    def kernel_only() -> Call:
        """The tiles that the plan cuts, and nothing else."""
        from jobs import planning

        grid = planning.plan(planning.read(plan)).grid
        axis = np.linspace(-0.9, 0.9, math.isqrt(cells))
        w, b = np.meshgrid(axis, axis, indexing="ij")
        tiles = [
            evaluation(
                "rnn",
                OBSERVABLES,
                {**PARAMETERS, "steps": steps},
                {"w": w[grid.block(number)].ravel(), "b": b[grid.block(number)].ravel()},
            )
            for number in grid
        ]

        def call():
            with ThreadPoolExecutor(2) as pool:
                for _ in pool.map(lambda tile: tile() and None, tiles):
                    pass
            return {}

        return call

    goal = 0.90 if steps <= 1000 else 0.97
    return Case(ours, {"kernel only": kernel_only}, (Bar(("kernel only",), at_least=goal),))


def whole_sweep_1000(tiny: bool) -> Case:
    return whole_sweep(400 if tiny else 1_000_000, 20 if tiny else 1000)


def whole_sweep_10000(tiny: bool) -> Case:
    return whole_sweep(400 if tiny else 1_000_000, 40 if tiny else 10_000)


GROWTH = """
import json, resource, sys, time
import jobs
from tests.bench.store import sweep
cells, steps, root = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
jobs.run(sweep(400, steps), root=root, executor="threads", workers=2, progress=False, fresh=True)
begin = time.perf_counter()
jobs.run(sweep(cells, steps), root=root, executor="threads", workers=2, progress=False, fresh=True)
seconds = time.perf_counter() - begin
print(json.dumps({"seconds": seconds, "kilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


def growth(tiny: bool) -> list[Figure]:
    """A fresh process for every size: its peak memory, and the exponent of time between the two largest."""
    sizes = [400, 900] if tiny else [10_000, 1_000_000, 10_000_000]
    steps = 20 if tiny else 1000
    found: dict[int, list[dict]] = {size: [] for size in sizes}
    for _ in range(1 if tiny else 3):
        for size in sizes:
            folder = scratch()
            done = subprocess.run(
                [sys.executable, "-c", GROWTH, str(size), str(steps), str(folder)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(done.stderr.strip().splitlines()[-1])
            found[size].append(json.loads(done.stdout.splitlines()[-1]))
    memory = {
        size: statistics.median(run["kilobytes"] for run in runs) / 1024 for size, runs in found.items()
    }
    seconds = {size: min(run["seconds"] for run in runs) for size, runs in found.items()}
    few, many = sizes[-2:]
    exponent = math.log(seconds[many] / seconds[few]) / math.log(many / few)
    return [
        Figure(
            "peak memory growth, smallest to largest grid [MB]",
            memory[sizes[-1]] - memory[sizes[0]],
            at_most=32.0,
        ),
        Figure(f"time exponent, {few:.0e} to {many:.0e} cells", exponent, at_most=1.02),
    ]
