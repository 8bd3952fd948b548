"""Predicted profiles on the genome: which strand and which base each read is written to."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pyBigWig
import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.strands import turned_back
from cislearn.prediction import profiles
from cislearn.prediction.profiles import on_the_genome, write_profiles
from cislearn.schema import DataSpec, TaskSpec

CHROMOSOMES = {"chr1": 3000, "chr2": 1000}
L = 30


def task(rc="flip_and_permute", channels=2):
    return TaskSpec("nexus", "profile", channels=channels, out_length=L, rc=rc)


@pytest.fixture
def loci():
    return pd.DataFrame(
        {"chrom": ["chr2", "chr1", "chr1"], "start": [100, 40, 500], "name": ["a", "b", "c"], "strand": ["+", "-", "."]}
    )


@pytest.fixture
def predicted(rng):
    shapes = rng.random((3, 2, L))
    return shapes / shapes.sum(axis=2, keepdims=True), np.log1p(rng.gamma(2, 20, (3, 2)))


@pytest.mark.parametrize("at_a_time", [1, 2, 1000])
def test_each_strand_has_its_file_and_the_minus_locus_is_turned(tmp_path, loci, predicted, monkeypatch, at_a_time):
    """trap 3: a locus that was read on the minus strand has its positions turned *and* its strands swapped."""
    monkeypatch.setattr(profiles, "WINDOWS", at_a_time)
    shapes, counts = predicted
    paths = write_profiles(tmp_path / "new", task(), CHROMOSOMES, loci, shapes, counts)
    assert sorted((tmp_path / "new").iterdir()) == sorted(paths)
    assert [path.name for path in paths] == ["nexus.plus.bw", "nexus.minus.bw", "nexus.counts.tsv"]
    reads = shapes * np.expm1(counts)[:, :, None]
    for strand, path in enumerate(paths[:2]):
        with pyBigWig.open(str(path)) as file:
            np.testing.assert_allclose(file.values("chr2", 100, 100 + L), reads[0, strand], rtol=1e-5)
            np.testing.assert_allclose(file.values("chr1", 40, 40 + L), reads[1, 1 - strand, ::-1], rtol=1e-5)
            np.testing.assert_allclose(file.values("chr1", 500, 500 + L), reads[2, strand], rtol=1e-5)
            assert file.header()["nBasesCovered"] == 3 * L
    table = pd.read_csv(paths[2], sep="\t")
    assert list(table.columns) == ["chrom", "start", "end", "name", "strand", "reads_plus", "reads_minus"]
    assert list(table.end - table.start) == [L] * 3 and list(table.name) == ["a", "b", "c"]
    total = np.expm1(counts)
    np.testing.assert_allclose(table.reads_plus, [total[0, 0], total[1, 1], total[2, 0]], rtol=1e-5)
    np.testing.assert_allclose(table.reads_minus, [total[0, 1], total[1, 0], total[2, 1]], rtol=1e-5)


def test_what_a_kill_left_half_written_is_gone_when_the_same_is_written_again(tmp_path, loci, predicted):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    for name in ("plus.bw", "minus.bw", "counts.tsv"):
        (tmp_path / f".nexus.{name}.partial-{killed.pid}").write_text("half")
    (tmp_path / f".nexus.reads.partial-{killed.pid}.a1b2").mkdir()
    paths = write_profiles(tmp_path, task(), CHROMOSOMES, loci, *predicted)
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_without_strands_there_is_one_file(tmp_path, loci, predicted):
    shapes, counts = predicted
    paths = write_profiles(tmp_path, task("flip", 1), CHROMOSOMES, loci, shapes[:, :1], counts[:, :1])
    assert [path.name for path in paths] == ["nexus.bw", "nexus.counts.tsv"]
    assert list(pd.read_csv(paths[1], sep="\t").columns)[-1] == "reads"


@pytest.mark.parametrize("rc", ["flip", "flip_and_permute", "flip_and_shift"])
def test_turned_as_the_mean_over_strands_turns(rng, rc):
    """The rules are said once more in torch, for predictions on both strands of a window."""
    reads = rng.random((4, 2, L))
    spec = DataSpec((task(rc),), ("k562",), L)
    logits = np.concatenate([reads.reshape(4, -1), np.zeros((4, 2))], axis=1)
    expected = turned_back(torch.from_numpy(logits), spec).numpy()[:, : 2 * L].reshape(4, 2, L)
    found, start = on_the_genome(reads, np.full(4, 10), np.ones(4, bool), task(rc))
    moved = start[0] - 10
    np.testing.assert_array_equal(found[:, :, : L - moved], expected[:, :, moved:])
    assert moved == (rc == "flip_and_shift")
    same, start = on_the_genome(reads, np.full(4, 10), np.zeros(4, bool), task(rc))
    np.testing.assert_array_equal(same, reads)
    assert (start == 10).all()


def test_a_refusal_leaves_nothing(tmp_path, loci, predicted):
    with pytest.raises(UserError, match=r"1 of 3 windows leave .* chr2:980-1010"):
        write_profiles(tmp_path, task(), CHROMOSOMES, loci.assign(start=[980, 5, 5]), *predicted)
    with pytest.raises(UserError, match="no locus"):
        write_profiles(tmp_path, task(), CHROMOSOMES, loci[:0], *(each[:0] for each in predicted))
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_profiles(tmp_path / "file", task(), CHROMOSOMES, loci, *predicted)


def test_a_task_without_a_profile_is_refused(tmp_path, loci, predicted):
    with pytest.raises(UserError, match=r"task bound \(binary, 1 channels\) is no profile"):
        write_profiles(tmp_path, TaskSpec("bound"), CHROMOSOMES, loci, *predicted)
