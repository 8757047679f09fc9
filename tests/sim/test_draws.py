"""Random numbers: published answers of Philox4x32-10, moments, and that nothing but seed, purpose and place
matters."""

from __future__ import annotations

import numpy as np
import pytest

from sim import draws
from sim.draws import Draw, philox
from sim.names import find

# J. K. Salmon et al., Random123, kat_vectors: counter, key, answer
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> list[np.ndarray]:
    return [np.array([int(word, 16)], dtype=np.uint64) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_published_answers(counter: str, key: str, answer: str):
    found = philox(words(counter), words(key))
    assert " ".join(f"{int(word[0]):08x}" for word in found) == answer


def plain(counter: list[int], key: list[int]) -> list[int]:
    """The same ten rounds on Python's integers."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k1, a & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c


def test_many_counters_at_once_are_each_alone():
    random = np.random.default_rng(3)
    counters = random.integers(0, 2**32, (4, 50), dtype=np.uint64)
    keys = random.integers(0, 2**32, (2, 50), dtype=np.uint64)
    found = np.stack(philox(list(counters), list(keys)))
    for i in range(50):
        assert plain(counters[:, i].tolist(), keys[:, i].tolist()) == found[:, i].tolist()


def test_an_element_depends_on_seed_purpose_and_place_alone():
    large = Draw([5, 7, 5], "weights").normal(40, 30)
    np.testing.assert_array_equal(large[0], large[2])
    for seed, own in ((5, large[0]), (7, large[1])):
        for shape in ((40, 30), (3, 30), (40, 2), (1, 1)):
            small = Draw(seed, "weights").normal(*shape)
            np.testing.assert_array_equal(small[0], own[: shape[0], : shape[1]])


def test_seeds_purposes_and_places_differ():
    seeds = [0, 1, -1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
    drawn = Draw(np.array(seeds), "weights").uniform(2, 2)
    assert len({row.tobytes() for row in drawn}) == len(seeds)
    assert len(np.unique(drawn)) == drawn.size
    purposes = [Draw(0, purpose).uniform(1, 4).tobytes() for purpose in ("weights", "inputs", "start", "b")]
    assert len(set(purposes)) == 4


N = 200_000
FIVE_SIGMA = 5.0


def test_moments_of_uniform_numbers():
    u = Draw(11, "weights").uniform(400, N // 400).ravel()
    assert (u > 0.0).all()
    assert (u < 1.0).all()
    assert abs(u.mean() - 0.5) < FIVE_SIGMA * np.sqrt(1 / 12 / N)
    assert abs(u.var() - 1 / 12) < FIVE_SIGMA * np.sqrt(1 / 180 / N)
    counts = np.histogram(u, bins=100, range=(0, 1))[0]
    chi2 = np.sum((counts - N / 100) ** 2) / (N / 100)
    assert abs(chi2 - 99) < FIVE_SIGMA * np.sqrt(2 * 99)


@pytest.mark.parametrize("below", [1, 2, 3, 10, 1797])
def test_whole_numbers_are_equally_likely(below: int):
    found = Draw(13, "inputs").whole(400, N // 400, below).ravel()
    counts = np.bincount(found, minlength=below)
    assert len(counts) == below
    chi2 = np.sum((counts - N / below) ** 2) / (N / below)
    assert abs(chi2 - (below - 1)) <= FIVE_SIGMA * np.sqrt(2 * (below - 1))


def test_moments_of_normal_numbers():
    z = Draw(12, "weights").normal(400, N // 400).ravel()
    assert abs(z.mean()) < FIVE_SIGMA / np.sqrt(N)
    assert abs(z.var() - 1) < FIVE_SIGMA * np.sqrt(2 / N)
    assert abs(np.mean(z**3)) < FIVE_SIGMA * np.sqrt(15 / N)
    assert abs(np.mean(z**4) - 3) < FIVE_SIGMA * np.sqrt(96 / N)


@pytest.mark.parametrize("shift", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1)])
def test_neighbours_are_independent(shift: tuple[int, int, int]):
    """Correlation and correlation of squares between seeds, rows and columns next to each other."""
    z = Draw(np.arange(40), "weights").normal(70, 70)
    moved = tuple(slice(s, None) for s in shift)
    still = tuple(slice(None, n - s) for s, n in zip(shift, z.shape, strict=True))
    a, b = z[moved].ravel(), z[still].ravel()
    for f in (lambda v: v, lambda v: v * v - 1):
        assert abs(np.corrcoef(f(a), f(b))[0, 1]) < FIVE_SIGMA / np.sqrt(len(a))


def test_purposes_are_independent():
    a, b = (Draw(np.arange(40), purpose).normal(70, 70).ravel() for purpose in ("weights", "inputs"))
    assert abs(np.corrcoef(a, b)[0, 1]) < FIVE_SIGMA / np.sqrt(len(a))


@pytest.mark.parametrize("word", [0, 0xFFFFFFFF])
def test_the_rarest_numbers_are_finite(word: int, monkeypatch: pytest.MonkeyPatch):
    full = np.full((1, 1, 1), word, dtype=np.uint64)
    monkeypatch.setattr(draws, "philox", lambda counter, key: (full,) * 4)
    u = Draw(0, "weights").uniform(1, 1)
    assert 0.0 < u[0, 0, 0] < 1.0
    assert 8.0 < abs(Draw(0, "weights").normal(1, 1)[0, 0, 0]) < 9.0


def test_white_noise_does_not_depend_on_the_number_of_steps():
    task = find("sim.tasks", "white_noise")
    k = task.Keywords(amplitude=0.5)
    long, short = task.inputs(k, 1000, Draw([1, 2], "inputs")), task.inputs(k, 10, Draw([1, 2], "inputs"))
    assert long.shape == (2, 1000)
    np.testing.assert_array_equal(long[:, :10], short)
    assert abs(long.std() - 0.5) < FIVE_SIGMA * 0.5 / np.sqrt(2 * 2000)
