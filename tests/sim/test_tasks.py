"""Tasks: what is shown, what should be said and when, recomputed in plain Python."""

from __future__ import annotations

import inspect
from collections import Counter
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sim.draws import Draw
from sim.errors import Refused
from sim.names import find, listing
from sim.signature import belonging, filled
from sim.vocabulary import keywords

TASKS = {name: find("sim.tasks", name) for name in listing("sim.tasks")}
# one word of the vocabulary each: settings of the same task
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "pattern_gap": [{}, {"classes": 5, "length": 3, "gap": 20, "noise": 0.5, "distractors": 0.3}],
    "copy": [{}, {"length": 4, "symbols": 3, "gap": 0}, {"length": 7, "gap": 9}],
    "adding": [{}, {"length": 11}],
    "delayed_recall": [{}, {"delay": 0}, {"delay": 7, "amplitude": 0.5}],
    "parity": [{}, {"asked": "end"}],
    "brackets": [{}, {"deepest": 3, "letters": 2, "opening": 0.4, "closing": 0.3}],
    "digits_by_pixel": [{}, {"permuted": True, "part": "test"}],
    "reversed": [
        {"of": "adding", "of.length": None},
        {"of": "copy", "of.gap": 3, "of.length": 5, "of.symbols": 8},
    ],
}
CASES = [(name, given) for name, settings in SETTINGS.items() for given in settings]
LONG, SHORT = 90, 70
SEEDS = np.arange(40)


def made(name: str, given: dict[str, Any]) -> Any:
    """The task's keywords, as a run makes them."""
    return filled(TASKS[name].Keywords, {**TASKS[name].Keywords._field_defaults, **given})


def both(task: ModuleType, k: Any, steps: int, seeds: Any = SEEDS) -> tuple[np.ndarray, np.ndarray]:
    return task.inputs(k, steps, Draw(seeds, "inputs")), task.targets(k, steps, Draw(seeds, "inputs"))


def of(name: str, steps: int, seeds: Any = SEEDS, **given: Any) -> tuple[np.ndarray, np.ndarray]:
    return both(TASKS[name], made(name, given), steps, seeds)


def test_every_task_with_targets_is_tested_here():
    assert set(SETTINGS) == {name for name, task in TASKS.items() if hasattr(task, "targets")}


# ---- what every task keeps -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "given"), CASES)
def test_shapes(name: str, given: dict[str, Any]):
    task, k = TASKS[name], made(name, given)
    task.check(k, LONG) if hasattr(task, "check") else None
    x, y = both(task, k, LONG)
    assert x.shape == (len(SEEDS), LONG, task.inputs_count(k))
    assert y.shape == (len(SEEDS), LONG + 1, task.outputs_count(k))
    assert x.dtype == y.dtype == np.float64
    mask = task.when(k, LONG)
    assert mask.shape == (LONG + 1,)
    assert mask.dtype == np.bool_
    assert mask[LONG]
    assert not mask[0], "nothing has been shown at time 0"


CLASSES = [
    case for case in CASES if case[0] not in ("adding", "delayed_recall") and case[1].get("of") != "adding"
]


@pytest.mark.parametrize(("name", "given"), CLASSES)
def test_classes_are_one_hot_and_all_occur(name: str, given: dict[str, Any]):
    _, y = both(TASKS[name], made(name, given), LONG, np.arange(300))
    assert set(np.unique(y)) == {0.0, 1.0}
    assert (y.sum(axis=2) == 1.0).all()
    assert y.any(axis=(0, 1)).all()


@pytest.mark.parametrize(("name", "given"), CASES)
def test_the_seed_decides_alone(name: str, given: dict[str, Any]):
    task, k = TASKS[name], made(name, given)
    whole = both(task, k, LONG)
    for part in (SEEDS[7:9], SEEDS[20:4:-5]):
        for all_seeds, some in zip(whole, both(task, k, LONG, part), strict=True):
            np.testing.assert_array_equal(all_seeds[part], some)
    assert len({row.tobytes() for row in whole[0]}) > 1


@pytest.mark.parametrize("name", ["delayed_recall", "parity", "brackets", "digits_by_pixel"])
def test_what_is_shown_does_not_depend_on_the_number_of_steps(name: str):
    for given in SETTINGS[name]:
        (x, y), (shorter, said) = of(name, LONG, **given), of(name, SHORT, **given)
        np.testing.assert_array_equal(x[:, :SHORT], shorter)
        np.testing.assert_array_equal(y[:, : SHORT + 1], said)


@pytest.mark.parametrize(("name", "given"), CASES)
def test_keywords_that_vary_come_as_columns(name: str, given: dict[str, Any]):
    """(kinds, 1) arrays give what each number gives alone, whether a whole number or not."""
    sweepable = [
        (path, keyword)
        for path, keyword in keywords("rnn", name, words={"of": [given.get("of", "")]}).items()
        if keyword.kind in ("number", "integer") and keyword.sweepable
        if belonging(TASKS[name].Keywords, [path])
    ]
    for path, keyword in sweepable:
        values = [2, 5, 9] if keyword.kind == "integer" else [0.05, 0.1, 0.5]
        column = made(name, {**given, path: np.array(values)[:, None]})
        if hasattr(TASKS[name], "check"):
            TASKS[name].check(column, LONG)
        x, y = both(TASKS[name], column, LONG, [4, 4, 4])
        for i, value in enumerate(values):
            for several, alone in zip((x, y), of(name, LONG, [4], **{**given, path: value}), strict=True):
                np.testing.assert_array_equal(several[i], alone[0])
        np.testing.assert_array_equal(
            TASKS[name].when(column, LONG), TASKS[name].when(made(name, given), LONG)
        )


# ---- what is asked for, recomputed ------------------------------------------------------------------


@pytest.mark.parametrize("given", SETTINGS["pattern_gap"])
def test_the_first_class_shown_is_asked_for(given: dict[str, Any]):
    steps, (x, y) = 30, of("pattern_gap", 30, **given)
    length = given.get("length", 1)
    begin = steps - 1 - length - given.get("gap", steps - 1 - length)
    for row, said in zip(x, y, strict=True):
        assert not row[:begin].any()
        assert row[:, -1].tolist() == [0.0] * (steps - 1) + [1.0]
        assert not row[-1, :-1].any()
        for t in range(begin, begin + length):
            np.testing.assert_array_equal(row[t, :-1], said[-1])


def test_noise_and_distractors_fill_the_gap():
    gap = slice(3, 199)
    silent, _ = of("pattern_gap", 200, length=3)
    assert not silent[:, gap].any()
    noisy, said = of("pattern_gap", 200, length=3, noise=0.7)
    n = noisy[:, gap, :-1].size
    assert abs(noisy[:, gap, :-1].std() - 0.7) < 5 * 0.7 / np.sqrt(2 * n)
    assert not noisy[:, gap, -1].any()
    distracted, also = of("pattern_gap", 200, length=3, distractors=0.25)
    np.testing.assert_array_equal(said, also)
    shown = distracted[:, gap, :-1].sum(axis=2)
    assert set(np.unique(shown)) == {0.0, 1.0}
    assert abs(shown.mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / shown.size)
    agree = (distracted[:, gap, :-1] * said[:, 3:199]).sum() / shown.sum()
    assert abs(agree - 0.5) < 0.05, "a distractor knows nothing of the class"


def test_the_classes_are_equally_likely():
    _, y = of("pattern_gap", 2, np.arange(6000), classes=3)
    count = Counter(np.argmax(y[:, -1], axis=1).tolist())
    assert all(abs(n - 2000) < 5 * np.sqrt(6000 * 2 / 9) for n in count.values())


@pytest.mark.parametrize("given", SETTINGS["copy"])
def test_copy_says_what_was_shown(given: dict[str, Any]):
    steps, (x, y) = 60, of("copy", 60, **given)
    length, symbols = given.get("length", 10), given.get("symbols", 8)
    gap = given.get("gap", steps - 2 * length)
    assert (x.sum(axis=2) == 1.0).all()
    for shown, said in zip(x.argmax(axis=2).tolist(), y.argmax(axis=2).tolist(), strict=True):
        begin = steps - 2 * length - gap
        word, rest = shown[begin : begin + length], shown[begin + length :]
        assert shown[:begin] == [symbols] * begin
        assert all(symbol < symbols for symbol in word)
        assert rest == [symbols] * (gap - 1) + [symbols + 1] * (gap > 0) + [symbols] * length
        assert said == [symbols] * (steps + 1 - length) + word
        assert symbols not in said[-length:], "no blank in the answer"


def test_copy_is_that_of_arjovsky():
    """T + 20 steps: ten symbols, T - 1 blanks, delimiter, ten blanks; the loss counts at all of them.

    Whoever knows no symbol has a cross-entropy of 10 ln 8 / (T + 20) a step.
    """
    blanks = 100
    x, y = of("copy", blanks + 20, [3])
    shown, said = x[0].argmax(axis=1), y[0].argmax(axis=1)
    assert shown[blanks + 9] == 9
    assert Counter(shown[10 : blanks + 9].tolist()) == {8: blanks - 1}
    np.testing.assert_array_equal(said[blanks + 11 :], shown[:10])
    mask = TASKS["copy"].when(made("copy", {}), blanks + 20)
    assert mask.sum() == blanks + 20
    guess = np.where(said == 8, 0.0, np.log(8.0))
    assert guess[mask].mean() == pytest.approx(10 * np.log(8.0) / (blanks + 20))


@pytest.mark.parametrize("given", SETTINGS["adding"])
def test_adding_marks_one_number_of_each_half(given: dict[str, Any]):
    steps, (x, y) = 20, of("adding", 20, **given)
    length = given.get("length", steps)
    for row, said in zip(x, y, strict=True):
        marked = [t for t in range(steps) if row[t, 1] == 1.0]
        assert row[:, 1].sum() == len(marked) == 2
        first, second = (t - (steps - length) for t in marked)
        assert 0 <= first < length // 2 <= second < length
        assert not row[: steps - length].any()
        assert said[-1, 0] == row[marked[0], 0] + row[marked[1], 0]


def test_adding_marks_every_number_and_its_baseline_is_a_sixth():
    """Row 193: whoever always says 1 has the mean squared error 1/6."""
    n = 20_000
    x, y = of("adding", 9, np.arange(n))
    assert x[..., 1].any(axis=0).all()
    errors = (1.0 - y[:, -1, 0]) ** 2
    assert abs(errors.mean() - 1.0 / 6.0) < 3.0 * errors.std() / np.sqrt(n)


@pytest.mark.parametrize("delay", [0, 1, 7])
def test_delayed_recall_tells_the_past(delay: int):
    x, y = of("delayed_recall", 30, delay=delay, amplitude=2.0)
    assert np.abs(x).max() < 2.0
    assert np.abs(x).max() > 1.9
    for row, said in zip(x[..., 0].tolist(), y[..., 0].tolist(), strict=True):
        assert said == [row[t - 1 - delay] if t - 1 - delay >= 0 else 0.0 for t in range(31)]


def test_parity_counts_ones():
    """Row 192 names it, beside addition (row 193), as easy for recurrent networks and hard for others."""
    x, y = of("parity", 50)
    np.testing.assert_array_equal(y[:, 1:, 1], np.cumsum(x[..., 0], axis=1) % 2)
    np.testing.assert_array_equal(y[:, 0], np.tile([1.0, 0.0], (len(SEEDS), 1)))
    assert abs(x.mean() - 0.5) < 5 * 0.5 / np.sqrt(x.size)
    assert TASKS["parity"].when(made("parity", {}), 5).tolist() == [False] + [True] * 5
    assert TASKS["parity"].when(made("parity", {"asked": "end"}), 5).tolist() == [False] * 5 + [True]


@pytest.mark.parametrize("given", SETTINGS["brackets"])
def test_brackets_stand_on_a_stack(given: dict[str, Any]):
    x, y = of("brackets", 300, **given)
    letters, deepest = given.get("letters", 4), given.get("deepest", 1)
    for text, depths in zip(x.argmax(axis=2).tolist(), y.argmax(axis=2).tolist(), strict=True):
        stack: list[int] = []
        assert depths[0] == 0
        for t, symbol in enumerate(text):
            if symbol == letters:
                stack.append(t)
            elif symbol == letters + 1:
                stack.pop()
            assert len(stack) == depths[t + 1] <= deepest


def test_braces_open_and_close_with_their_probabilities():
    x, y = of("brackets", 1000, opening=0.2, closing=0.05)
    symbol, open_before = x.argmax(axis=2), y[:, :-1, 1] == 1.0
    for where, brace, p in ((~open_before, 4, 0.2), (open_before, 5, 0.05)):
        found = (symbol[where] == brace).mean()
        assert abs(found - p) < 5 * np.sqrt(p * (1 - p) / where.sum())


def test_digits_are_those_of_sklearn():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    known = {(row / 16.0).tobytes(): label for row, label in zip(images, labels, strict=True)}
    permutation = TASKS["digits_by_pixel"].order(made("digits_by_pixel", {"permuted": True}))
    assert sorted(permutation) == list(range(64))
    assert np.abs(np.diff(permutation)).mean() > 10
    for permuted, steps in ((False, 64), (True, 64), (False, 100)):
        x, y = of("digits_by_pixel", steps, np.arange(500), permuted=permuted)
        for row, said in zip(x[..., 0], y, strict=True):
            assert not row[64:].any()
            image = np.empty(64)
            image[permutation if permuted else np.arange(64)] = row[:64]
            assert known[image.tobytes()] == said[-1].argmax()


def test_training_and_test_images_are_different():
    parts = [
        {row.tobytes() for row in of("digits_by_pixel", 64, np.arange(5000), part=part)[0]}
        for part in ("training", "test", "all")
    ]
    training, test, everything = parts
    assert not training & test
    assert len(training) < 1438
    assert len(test) == 360
    assert everything & test
    assert everything & training


# ---- what does not fit -----------------------------------------------------------------------------

COLUMN = np.array([[1], [50]])
SMALL = {"of.length": 2, "of.symbols": 2}
WRONG = [
    ("pattern_gap", {"classes": 1}, "parameters.classes", "1 classes leave nothing to decide; write 2"),
    ("pattern_gap", {"length": 0}, "parameters.length", "a pattern of 0 steps; write 1 or more"),
    ("pattern_gap", {"gap": -1}, "parameters.gap", "a gap of -1 steps; write 0 or more"),
    ("pattern_gap", {"gap": 19}, "parameters.steps", "20 steps are too few .* write 21 or more"),
    ("pattern_gap", {"gap": COLUMN}, "parameters.steps", "write 52 or more"),
    ("pattern_gap", {"noise": -1.0}, "parameters.noise", "-1.0 is no standard deviation"),
    ("pattern_gap", {"distractors": 1.5}, "parameters.distractors", "1.5 is no probability; write"),
    ("copy", {"length": 0}, "parameters.length", "0 symbols to be copied; write 1 or more"),
    ("copy", {"length": 11}, "parameters.steps", "20 steps are too few for 11 symbols.* write 22 or more"),
    ("copy", {"gap": 1}, "parameters.steps", "20 steps are too few for 10 symbols.* write 21 or more"),
    ("copy", {"gap": -3}, "parameters.gap", "a gap of -3 steps; write 0 or more"),
    ("copy", {"symbols": 1}, "parameters.symbols", "an alphabet of 1 says nothing; write 2 or more"),
    ("adding", {"length": 1}, "parameters.length", "1 numbers, of which two are to be added"),
    ("adding", {"length": 21}, "parameters.length", "21 numbers in a run of 20 steps; write 2 to 20"),
    ("delayed_recall", {"delay": 20}, "parameters.delay", "a delay of 20 in a run of 20 .* 0 to 19"),
    ("delayed_recall", {"delay": -1}, "parameters.delay", "a delay of -1 in a run of 20 steps"),
    ("brackets", {"deepest": 0}, "parameters.deepest", "0 open braces at most; write 1 or more"),
    ("brackets", {"letters": 0}, "parameters.letters", "0 letters; write 1 or more"),
    ("brackets", {"opening": -0.1}, "parameters.opening", "-0.1 is no probability; write"),
    ("brackets", {"opening": 0.6, "closing": 0.6}, "parameters.closing", "are 1.2 together; write 1 or less"),
    ("digits_by_pixel", {}, "parameters.steps", "20 steps show only a part .*; write 64"),
    ("reversed", {"of": "parity", "of.asked": "always"}, "parameters.of", "parity asks before its end"),
    ("reversed", {"of": "copy", "of.gap": -1, **SMALL}, "parameters.of.gap", "a gap of -1"),
    ("reversed", {"of": "copy", "of.gap": 30, **SMALL}, "parameters.steps", "too few"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "place", "text"), WRONG)
def test_settings_that_do_not_fit_are_refused(name: str, given: dict[str, Any], place: str, text: str):
    with pytest.raises(Refused, match=text) as refused:
        TASKS[name].check(made(name, given), 20)
    (problem,) = refused.value.problems
    assert problem.place == place


def test_a_gap_that_is_too_long_is_refused_where_it_is_drawn_too():
    """`check` sees one value of an axis; a later one must not silently cut the pattern."""
    with pytest.raises(Refused, match="too few"):
        of("pattern_gap", 20, [0, 0], gap=COLUMN)
    with pytest.raises(Refused, match="too few"):
        of("reversed", 20, [0, 0], **{"of": "copy", "of.gap": COLUMN, **SMALL})


def test_every_task_says_its_source():
    for name in SETTINGS:
        assert "Source:" in (inspect.getdoc(TASKS[name]) or ""), name
