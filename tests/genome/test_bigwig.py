"""bigWig files: another library's values, and files that are not what they should be."""

from __future__ import annotations

import numpy as np
import pyBigWig
import pytest

from cislearn.errors import UserError
from cislearn.genome.bigwig import BigWig
from tests.genome.tracks import random_signal, write_bigwig


@pytest.fixture
def signal(tmp_path, rng):
    """Coverage with gaps on two chromosomes, and what it is base by base."""
    dense = {"chr1": random_signal(rng, 5000), "chr2": random_signal(rng, 800)}
    return write_bigwig(tmp_path / "signal.bw", dense), dense


def test_values_are_those_of_pybigwig(signal, rng):
    """trap 15: bases without a value are NaN in one library and 0 in another; here they are 0."""
    path, _ = signal
    chrom = rng.choice(["chr1", "chr2"], 60).astype(object)
    start = np.array([rng.integers(0, 4900 if name == "chr1" else 700) for name in chrom])
    found = BigWig(path).gather(chrom, start, 100)
    with pyBigWig.open(str(path)) as other:
        places = [(str(c), int(s), int(s) + 100) for c, s in zip(chrom, start, strict=True)]
        expected = np.array([other.values(*place, numpy=True) for place in places])
    assert np.isnan(expected).any() and (expected > 0).any()
    np.testing.assert_array_equal(found, np.nan_to_num(expected))


@pytest.mark.parametrize("start", [-130, -30, 720, 790, 900])
def test_off_a_chromosome_there_is_no_signal(signal, start):
    path, dense = signal
    padded = np.pad(dense["chr2"], 300)
    found = BigWig(path).gather(np.array(["chr2"], dtype=object), np.array([start]), 100)
    np.testing.assert_array_equal(found[0], padded[start + 300 : start + 400].astype(np.float32))


def test_the_mean_is_over_all_bases_whether_zeros_are_spelled_out_or_not(tmp_path, rng):
    dense = {"chr1": random_signal(rng, 3000)}
    sparse = BigWig(write_bigwig(tmp_path / "sparse.bw", dense))
    full = BigWig(write_bigwig(tmp_path / "full.bw", dense, zeros=True))
    assert sparse.mean == pytest.approx(dense["chr1"].mean(), rel=1e-5)
    assert full.mean == pytest.approx(sparse.mean, rel=1e-6)


@pytest.mark.parametrize("mitochondria", ["chrM", "MT"])
def test_mitochondria_do_not_count_in_the_mean(tmp_path, rng, mitochondria):
    dense = {"chr1": random_signal(rng, 3000)}
    alone = BigWig(write_bigwig(tmp_path / "alone.bw", dense)).mean
    flooded = dense | {mitochondria: np.full(200, 1e4)}
    assert BigWig(write_bigwig(tmp_path / "flooded.bw", flooded)).mean == pytest.approx(alone, rel=1e-4)


def test_a_truncated_file_is_refused_by_name(signal):
    """pyBigWig ends the process on some of these."""
    path, _ = signal
    whole, chrom, start = path.read_bytes(), np.array(["chr1"], dtype=object), np.array([0])
    n_refused = 0
    for size in [0, 3, 63, 200, len(whole) // 4, len(whole) // 2]:
        path.write_bytes(whole[:size])
        try:
            BigWig(path).gather(chrom, start, 5000)
        except UserError as error:
            assert str(path) in str(error)
            n_refused += 1
    assert n_refused == 6


def test_what_is_no_bigwig_is_refused_by_name(tmp_path):
    (tmp_path / "text.bw").write_text("chr1\t0\t10\t1\n" * 100)
    for name, words in (("text.bw", "no bigWig"), ("absent.bw", "no such file")):
        with pytest.raises(UserError, match=words) as error:
            BigWig(tmp_path / name)
        assert name in str(error.value)


def test_negative_and_empty_signals_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"below 0 \(the least is -3\)"):
        BigWig(write_bigwig(tmp_path / "fold.bw", {"chr1": np.array([1.0, -3.0, 2.0])}))
    with pytest.raises(UserError, match="no signal"):
        BigWig(write_bigwig(tmp_path / "flat.bw", {"chr1": np.zeros(50)}, zeros=True))


@pytest.mark.parametrize(
    ("chrom", "end", "genome", "words"),
    [
        ("1", 10, None, "no chromosome 1; it has chr1"),
        ("chr9", 10, None, "no chromosome chr9; it has chr1, chr2"),
        ("chr2", 801, None, "another build: chr2 has 800 bp, and a window ends at 801"),
        ("chr2", 10, {"chr2": 790}, "another build: chr2 has 800 bp here and 790 bp in the genome"),
    ],
)
def test_places_that_a_track_does_not_have(signal, chrom, end, genome, words):
    path, _ = signal
    with pytest.raises(UserError, match=words) as error:
        BigWig(path).check_places(np.array(["chr1", chrom], dtype=object), np.array([5000, end]), genome)
    assert str(path) in str(error.value) and error.value.fix


def test_places_that_a_track_has(signal):
    path, _ = signal
    chrom, end = np.array(["chr1", "chr2"], dtype=object), np.array([5000, 800])
    BigWig(path).check_places(chrom, end, {"chr1": 5000, "chr2": 800, "chr3": 7})
