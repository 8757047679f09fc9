"""The shapes of work follow the processor; results and the digests that name them do not."""

import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding
import pytest

from sim.machine import processor

CASES = """
import hashlib
import numpy as np
from sim.machine.processor import SHAPES
from sim.run import prepare

CASES = [
    ("rnn", "silence", {"start": 0.3}, {"w": np.linspace(-2.0, 2.0, 70)},
     ["trajectory", "loss", "gradient"]),
    ("rnn", "silence", {"start": 0.3}, {"w": np.linspace(-2.0, 2.0, 70)},
     ["gradient", "largest_lyapunov_exponent"]),
    ("complex_quadratic", "silence", {"c_im": 0.1}, {"c_re": np.linspace(-2.0, 0.4, 70)},
     ["gradient", "escape_smooth"]),
    ("logistic", "silence", {"start": 0.3, "max_period": 8}, {"r": np.linspace(2.8, 4.0, 150)}, ["period"]),
    ("rnn", "white_noise", {"units": 6, "start": "unit"}, {"weights.gain": np.linspace(0.5, 2.0, 37)},
     ["norm", "gradient_norm"]),
    ("rnn", "silence", {"units": 9, "start": "unit"}, {"weights.gain": np.linspace(0.5, 2.0, 9)},
     ["largest_lyapunov_exponent"]),
    ("rnn", "impulse", {"units": 20}, {"seed": np.arange(3)}, ["gradient_norm"]),
    ("lstm", "impulse", {"units": 3}, {"seed": np.arange(70)}, ["final_state"]),
    ("complex_quadratic", "silence", {"c_im": 0.1}, {"c_re": np.linspace(-2.0, 0.4, 50)}, ["escape_time"]),
]
print(SHAPES.bundle, SHAPES.divides)
for system, task, fixed, columns, observables in CASES:
    fixed["steps"] = 20
    run = prepare(system, task=task, observables=observables, fixed=fixed, varied=list(columns))
    print(system, "digest", run.digest)
    for name, values in run.evaluate(columns).items():
        print(system, name, hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest())
"""


def _said(shapes: str, **more: str) -> list[str]:
    root = Path(processor.__file__).parents[1]
    surroundings = {**os.environ, "SEPARATRIX_SHAPES": shapes, "PYTHONPATH": str(root), **more}
    answer = subprocess.run(
        [sys.executable, "-c", CASES], env=surroundings, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.splitlines()


@pytest.mark.compiled
def test_shapes_move_no_bit_and_no_digest():
    named = {"wide": processor.WIDE, "slim": processor.SLIM}
    if llvmlite.binding.get_host_cpu_features().get("avx512f", False):  # it multiplies where others divide
        named["intel"] = processor.INTEL
    said = {name: _said(name) for name in named}
    for name, shapes in named.items():
        assert said[name][0] == f"{shapes.bundle} {shapes.divides}"
        assert said[name][1:] == said["wide"][1:]


@pytest.mark.compiled
def test_what_numba_is_told_of_the_processor_holds():
    """A target without AVX-512 has no estimates of reciprocals, whatever it runs on."""
    told = _said("", NUMBA_ENABLE_AVX="0")
    assert told[1:] == _said("")[1:]


def test_this_processor_has_shapes():
    assert processor.SHAPES in (processor.WIDE, processor.SLIM, processor.INTEL)
