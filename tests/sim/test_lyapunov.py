"""Lyapunov exponents: plain Gram-Schmidt, the law of volumes for every system, published and exact numbers,
wrong input."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from sim.errors import Refused
from sim.generic import mirrored
from sim.lyapunov.dimension import kaplan_yorke
from sim.lyapunov.registers import directions
from sim.run import prepare
from tests.conftest import INTERPRETED
from tests.sim.cases import WHOLLY, Case, cases
from tests.sim.plain import cell
from tests.sim.reference import jacobians

SYSTEMS = Path(__file__).parents[1] / "systems"
ALL = ("lyapunov_spectrum", "largest_lyapunov_exponent", "kaplan_yorke_dimension", "entropy_rate")
WINDOW = {"transient": 0, "batches": 4, "every": 1}
LONG = 2_000 if INTERPRETED else 40_000


def measured(system: str, observables, varied=None, task: str = "silence", **fixed: Any):
    """One run; `__` in a keyword stands for a dot."""
    varied = {path.replace("__", "."): np.asarray(column) for path, column in (varied or {}).items()}
    fixed = {path.replace("__", "."): value for path, value in fixed.items()}
    run = prepare(
        system, task=task, observables=list(observables), fixed=fixed, varied=list(varied), folder=SYSTEMS
    )
    return run.evaluate(varied)


def _few(case: Case) -> bool:
    """Compiling takes seconds: the compiled lane takes small states and some networks, both their forms."""
    if case.system in ("euler", "rk4"):
        return not INTERPRETED and not case.network
    if "cell" in case.fixed or case.system == "window":
        return False
    return case.full and (INTERPRETED or not case.network or case.system in WHOLLY)


CASES = [case for case in cases() if _few(case)]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def run_of(case: Case, observables=ALL):
    """The run of a case with a window of all its steps, in four batches."""
    run = case.run(observables)
    fixed = {k: v for k, v in run.setting.values.items() if k not in case.columns} | WINDOW
    known = {k: v for k, v in fixed.items() if k in run.setting.given or k in WINDOW}
    return prepare(
        case.system, task="white_noise", observables=list(observables), fixed=known, varied=list(case.columns)
    )


def gram_schmidt(a):
    """Orthonormal columns and their lengths, by two passes; what is nothing but rounding has none."""
    q, lengths = a.copy(), np.zeros(a.shape[1])
    for k in range(a.shape[1]):
        for _ in range(2):
            q[:, k] -= q[:, :k] @ (q[:, :k].T @ q[:, k])
        length = np.linalg.norm(q[:, k])
        lengths[k] = length if length > 1e-15 * np.linalg.norm(a[:, k]) else 0.0
        q[:, k] = q[:, k] / length if lengths[k] else 0.0
    return q, lengths


def plain(factors):
    """The mean log stretches of a run's Jacobians, by plain Gram-Schmidt."""
    n = factors.shape[1]
    q, found = directions(n, n).T, []
    for factor in factors:
        q, lengths = gram_schmidt(factor @ q)
        found.append(lengths)
    with np.errstate(divide="ignore"):
        return np.log(found).mean(axis=0)


@every_case
def test_exponents_are_those_of_plain_gram_schmidt_and_volumes_their_sum(case: Case):
    """The law: all exponents together are the mean of log |det J|."""
    run = run_of(case)
    found = run.evaluate(case.columns)
    for i in range(5):
        factors = jacobians(cell(run, case.columns, i, np.longdouble)).astype(float)
        wanted = plain(factors)
        spectrum = found["lyapunov_spectrum"][i]
        finite = np.isfinite(wanted)
        # the reference's differences are good to 1e-14: what that is of the smallest singular value
        sizes = np.linalg.svd(factors, compute_uv=False)
        lost = max(1e-12, 1e-13 / max(sizes[sizes > 0].min(), 1e-4))
        np.testing.assert_allclose(spectrum[finite], np.sort(wanted)[::-1][finite], rtol=0, atol=lost)
        assert np.isneginf(spectrum[~finite]).all()
        if finite.all():
            volume = np.log(np.abs(np.linalg.det(factors))).mean()
            assert spectrum.sum() == pytest.approx(volume, abs=max(1e-8, 1e-13 / sizes.min()))
        assert found["largest_lyapunov_exponent"][i] == pytest.approx(wanted[0], abs=lost)
        assert found["kaplan_yorke_dimension"][i] == pytest.approx(
            float(kaplan_yorke(spectrum)[0]), abs=1e-15
        )
        positive = spectrum[spectrum > 0].sum()
        assert found["entropy_rate"][i] == pytest.approx(positive, abs=1e-15)


@every_case
def test_a_cell_alone_is_that_cell_in_any_tile(case: Case):
    run = run_of(case, ALL[:2])
    together = run.evaluate(case.columns)
    for i in (0, 4):
        alone = run.evaluate({path: column[i : i + 1] for path, column in case.columns.items()})
        for name, values in alone.items():
            assert values[0].tobytes() == together[name][i].tobytes(), (name, i)


# ---- maps ------------------------------------------------------------------------------------------


def test_rows_45_and_log_04_05_14_logistic_map():
    """LOG-04, 05, 14: ln of the multipliers, and ln 2 at r = 4."""
    r = [2.6, 2.8, 3.1, 3.2, 3.5, 3.7, 3.83, 4.0, 2.0]
    steps = 12_800 if INTERPRETED else 128_000
    found = measured("logistic", ALL[1:2], {"r": r}, steps=steps, start=0.3, transient=steps // 2)
    value, error = found["largest_lyapunov_exponent"], found["largest_lyapunov_exponent_error"]
    exact = [np.log(0.6), np.log(0.8), np.log(0.59) / 2, np.log(0.16) / 2, -0.8725073458]
    # windows are multiples of the cycles: their mean is exact
    np.testing.assert_allclose(value[:4], exact[:4], atol=1e-12)
    assert value[4] == pytest.approx(exact[4], abs=1e-9)
    assert abs(value[5] - 0.3548) < (0.02 if INTERPRETED else 2e-3) + 3 * error[5]
    assert value[6] == pytest.approx(-0.3697, abs=2e-4 if not INTERPRETED else 2e-3)
    assert abs(value[7] - np.log(2)) < 1e-3
    assert np.isneginf(value[8])  # 0.5 is a superstable fixed point
    assert found["largest_lyapunov_exponent_verdict"].tolist() == [2, 2, 2, 2, 2, 1, 2, 1, 2]
    assert (found["outcome"] == 1).all()


def test_rows_23_and_33_one_tanh_unit_forgets_exponentially():
    """|w| < 1: ln w; w > 1: ln of the slope at the fixed point; w = 1 forgets algebraically: neutral."""
    w = [0.9, 1.1, 1.5, 2.0, 1.0]
    found = measured("rnn", ALL[1:2], {"w": w}, activation="tanh", steps=LONG, start=0.5)
    value = found["largest_lyapunov_exponent"]
    np.testing.assert_allclose(value[:4], [-0.10536, -0.19631, -0.93061, -1.7935], atol=5e-5)
    assert found["largest_lyapunov_exponent_verdict"].tolist() == [2, 2, 2, 2, 3]


def test_hen_01_02_henon():
    """HEN-01, HEN-02: J. C. Sprott, comchaos.htm (2004)."""
    steps = 4_000 if INTERPRETED else 400_000
    starts = {"start__x": np.linspace(-0.1, 0.1, 8)}
    found = measured("henon", ALL, starts, steps=steps, start="plane")
    loose = 0.05 if INTERPRETED else 0.0015
    np.testing.assert_allclose(found["lyapunov_spectrum"].mean(axis=0), [0.41922, -1.62319], atol=loose)
    assert found["kaplan_yorke_dimension"].mean() == pytest.approx(1.25827, abs=loose)
    np.testing.assert_allclose(found["lyapunov_spectrum"].sum(axis=1), np.log(0.3), atol=1e-12)
    np.testing.assert_array_equal(found["entropy_rate"], found["lyapunov_spectrum"][:, 0])
    np.testing.assert_allclose(
        found["largest_lyapunov_exponent"], found["lyapunov_spectrum"][:, 0], atol=1e-12
    )
    assert (found["lyapunov_spectrum_verdict"] == 1).all()


def test_std_06_and_map_01_maps_of_the_torus():
    """STD-06: ln(k / 2). MAP-01: +-ln((3 + sqrt 5) / 2)."""
    steps = 2_000 if INTERPRETED else 100_000
    found = measured("./standard_map.py", ALL[:1], {"k": [10.0]}, steps=steps)["lyapunov_spectrum"][0]
    assert found[0] == pytest.approx(np.log(5.0), abs=0.05 if INTERPRETED else 0.03)
    assert found.sum() == pytest.approx(0.0, abs=1e-12)  # areas are kept
    cat = measured("./cat_map.py", ALL[:1], steps=1000)
    np.testing.assert_allclose(cat["lyapunov_spectrum"][0], [0.9624236501, -0.9624236501], atol=1e-9)


def test_lin_01_linear_maps_and_flows():
    """LIN-01: ln 1.1 and ln 0.8; ln 0.9 and -0.9; 0.1 and -0.4.

    Flows go by Euler's steps, ln(1 + dt lambda) / dt: off by dt lambda^2 / 2. Two directions are observed
    from where the faster one is forgotten.
    """
    fixed = {"units": 2, "activation": "identity", "weights": "matrix", "per": "time", "start": 1.0}
    map_ = fixed | {"alpha": 1.0, "steps": 640, "weights.matrix": [[0.8, 0.0], [0.0, 1.1]]}  # s' = W s
    found = measured("ctrnn", ALL[:1], **map_)["lyapunov_spectrum"][0]
    np.testing.assert_allclose(found, np.log([1.1, 0.8]), atol=1e-6)
    columns = {"w": [0.9, 0.1], "alpha": [1.0, 1e-6]}  # s' = s + alpha (w s - s)
    one = measured("ctrnn", ALL[:2], columns, activation="identity", per="time", steps=100, start=1.0)
    np.testing.assert_allclose(one["lyapunov_spectrum"][:, 0], [np.log(0.9), -0.9], atol=1e-6)
    dt, steps = (0.1, 640) if INTERPRETED else (1e-5, 2_000_000)
    flow = fixed | {"weights.matrix": [[1.1, 0.0], [0.0, 0.6]], "alpha": dt}
    flow |= {"steps": steps, "transient": steps * 15 // 16}
    found = measured("ctrnn", ALL[:1], **flow)["lyapunov_spectrum"][0]
    np.testing.assert_allclose(found, np.log1p(dt * np.array([0.1, -0.4])) / dt, atol=1e-6)
    if not INTERPRETED:
        np.testing.assert_allclose(found, [0.1, -0.4], atol=1e-6)


def test_lin_02_and_dim_08_kaplan_yorke_formula():
    """LIN-02: FractalDimensions.jl, test/misc.jl. DIM-08: J. C. Sprott, comchaos.htm."""
    for exponents, wanted in (([1, -1, -1], 2), ([1, 1, 1], 3), ([1, 1, -0.5], 3), ([-1, -1, -1], 0)):
        assert kaplan_yorke(np.array(exponents, dtype=float))[0] == wanted
    lorenz, henon, roessler = [0.9056, 0, -14.5723], [0.41922, -1.62319], [0.0714, 0, -5.3943]
    for exponents, wanted in ((lorenz, 2.06215), (henon, 1.25827), (roessler, 2.0132)):
        assert float(kaplan_yorke(np.array(exponents))[0]) == pytest.approx(wanted, abs=1.1e-4)
    assert kaplan_yorke(np.array([0.5, -np.inf]))[0] == 1.0
    assert np.isnan(kaplan_yorke(np.array([0.5, np.nan]))[0])


def test_a_state_of_more_numbers_than_registers_hold():
    """Uncoupled, six logistic maps at r = 4 have six exponents ln 2; coupled they have fewer."""
    steps = 640 if INTERPRETED else 20_000
    found = measured("./ring.py", ALL[:2], {"coupling": [0.0, 0.3]}, r=4.0, steps=steps)
    wide = 0.15 if INTERPRETED else 0.01
    np.testing.assert_allclose(found["lyapunov_spectrum"][0], np.log(2.0), atol=wide)
    assert (found["lyapunov_spectrum"][1] < np.log(2.0)).all()
    assert found["largest_lyapunov_exponent"][1] == pytest.approx(found["lyapunov_spectrum"][1, 0], abs=0.05)


# ---- wrong input -----------------------------------------------------------------------------------


class Wrong(NamedTuple):
    """What is asked, and what the message must say."""

    keywords: dict[str, Any]
    says: str


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong({"exponents": 3}, "3 exponents of a state of 2 numbers; write 1 to 2, or 0 for all"),
        Wrong({"exponents": -1}, "-1 exponents"),
        Wrong({"transient": 100}, "a transient of 100 steps leaves nothing of a run of 100; write 0 to 99"),
        Wrong({"batches": 3}, "3 batches give no standard error; write 4 or more"),
        Wrong({"every": -1}, "-1 is no number of steps"),
    ],
    ids=lambda wrong: next(iter(wrong.keywords)),
)
def test_wrong_keywords_are_refused(wrong: Wrong):
    with pytest.raises(Refused) as refusal:
        prepare("henon", observables=["lyapunov_spectrum"], fixed={"steps": 100, **wrong.keywords})
    assert wrong.says in str(refusal.value)


def test_a_network_without_jvp_is_refused(tmp_path: Path):
    (tmp_path / "bare.py").write_text(
        "from typing import Any, NamedTuple\n"
        "import numpy as np\n"
        "from sim.functions import tanh\n"
        "from sim.generic import step, units\n"
        "from sim.matrices import Matrices\n"
        "class Bare(NamedTuple):\n"
        "    gain: float\n"
        "@units.register\n"
        "def _(p: Bare):\n"
        "    return 3\n"
        "@step.register\n"
        "def _(p: Bare, s, x):\n"
        "    return tanh(p.gain * s)\n"
        "def build(*, gain: float = 1.0):\n"
        "    return Bare(gain)\n"
    )
    with pytest.raises(Refused, match=r"needs jvp, which '\./bare"):
        prepare("./bare.py", observables=["lyapunov_spectrum"], fixed={"steps": 10}, folder=tmp_path)


def test_one_of_a_pair_halves_is_no_recurrence():
    """A bidirectional network is one, read both ways: its tangents go on as any other's."""
    run = prepare(
        "bidirectional", observables=["largest_lyapunov_exponent"],
        fixed={"cell": "rnn", "cell.units": 3, "steps": 8, "start": "gaussian"},
    )  # fmt: skip
    assert mirrored(run.setting.example)
