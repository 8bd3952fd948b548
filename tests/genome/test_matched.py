from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from cislearn.genome.matched import draw_matched
from cislearn.genome.token_genome import open_genome
from cislearn.sequence.composition import gc_fraction

LENGTH = 50


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """Two chromosomes whose GC content wanders, the second with a quarter of N."""
    rng = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    with path.open("w") as out:
        for name, n in (("one", 300_000), ("two", 200_000)):
            gc = np.clip(0.45 + 0.2 * np.sin(np.arange(n) / 3000), 0, 1)
            base = np.where(rng.random(n) < gc, rng.integers(1, 3, n), 3 * rng.integers(0, 2, n))
            text = bytearray(np.frombuffer(b"ACGT", np.uint8)[base].tobytes())
            if name == "two":
                text[50_000:100_000] = b"N" * 50_000
            out.write(f">{name}\n{text.decode()}\n")
    return open_genome(path)


def windows(genome, chrom, start):
    code = np.array([genome.code(name) for name in chrom], dtype=np.int64)
    return genome.gather(code, np.asarray(start, dtype=np.int64), LENGTH)


@pytest.fixture
def positives(genome, rng):
    """Three hundred windows rich in G and C, two thirds of them on the first chromosome."""
    chrom = np.repeat(["one", "two"], [4000, 2000])
    start = np.where(chrom == "one", rng.integers(0, 299_000, 6000), rng.integers(100_000, 199_000, 6000))
    gc = gc_fraction(windows(genome, chrom, start))
    richest = [np.flatnonzero(chrom == name)[np.argsort(-gc[chrom == name])[: n * 4 : 4]] for name, n in
               (("one", 200), ("two", 100))]  # fmt: skip
    rows = np.concatenate(richest)
    return pd.DataFrame({"chrom": chrom[rows], "start": start[rows], "end": start[rows] + LENGTH, "gc": gc[rows]})


def draw(genome, wanted, taken, **options):
    options = {"length": LENGTH, "margin": 0, "max_unknown": 0, "rng": np.random.default_rng(0)} | options
    return draw_matched(genome, wanted, taken, **options)


@pytest.mark.parametrize("margin", [0, 20])
def test_windows_have_chromosomes_and_gc_of_the_wanted_and_overlap_nothing(genome, positives, margin):
    drawn = draw(genome, positives, positives, margin=margin)
    chrom = positives["chrom"].to_numpy()[drawn.model]
    assert sorted(drawn.model) == list(range(300))
    tokens = windows(genome, chrom, drawn.start)
    np.testing.assert_array_equal(gc_fraction(tokens), drawn.gc)
    assert ks_2samp(drawn.gc, positives["gc"]).statistic < 0.1
    everywhere = gc_fraction(windows(genome, ["one"] * 5000, np.arange(5000) * 59))
    assert ks_2samp(everywhere, positives["gc"]).statistic > 0.5
    assert (tokens < 4).all()
    for name in ("one", "two"):
        start = np.sort(drawn.start[chrom == name])
        assert (np.diff(start) >= LENGTH).all()
        assert start[0] >= margin and start[-1] + LENGTH + margin <= genome.chromosomes[name]
        there = positives["start"][positives["chrom"] == name].to_numpy()
        assert np.abs(start[:, None] - there).min() >= LENGTH


def test_equal_seeds_give_equal_windows(genome, positives):
    first, again = draw(genome, positives, positives), draw(genome, positives, positives)
    other = draw(genome, positives, positives, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(first.start, again.start)
    assert set(first.start) != set(other.start)


def test_taken_regions_of_any_length_are_kept_off(genome, positives):
    """All but one stretch of the chromosome is taken: every window lies there, and there are fewer than wanted."""
    taken = pd.DataFrame({"chrom": ["one", "one", "two"], "start": [0, 20_500, 0], "end": [20_000, 300_000, 199_999]})
    drawn = draw(genome, positives, taken)
    assert (positives["chrom"].to_numpy()[drawn.model] == "one").all()
    assert 8 <= len(drawn.start) <= 10
    assert drawn.start.min() >= 20_000 and drawn.start.max() + LENGTH <= 20_500
    assert drawn.n_elsewhere > 0


def test_unknown_bases_are_allowed_as_far_as_is_said(genome):
    wanted = pd.DataFrame({"chrom": ["two"] * 3000, "gc": 0.45})
    nothing = pd.DataFrame({"chrom": [], "start": np.empty(0, np.int64), "end": np.empty(0, np.int64)})
    counts = {}
    for most in (0, 30):
        drawn = draw(genome, wanted, nothing, max_unknown=most)
        counts[most] = (windows(genome, ["two"] * len(drawn.start), drawn.start) == 4).sum(axis=1)
        assert 2990 <= len(drawn.start) <= 3000
    assert counts[0].max() == 0
    assert counts[30].max() <= 30


def test_a_chromosome_shorter_than_a_window_gives_none(genome):
    wanted = pd.DataFrame({"chrom": ["one"], "gc": [0.4]})
    assert not len(draw(genome, wanted, wanted.assign(start=0, end=1), length=400_000).start)
