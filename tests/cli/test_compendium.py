"""``cislearn prepare --compendium``, as a user calls it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cislearn.data.dataset import read_dataset
from tests.data.examples import random_sequence, write_fasta


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    write_fasta(tmp_path / "genome.fa", [random_sequence(rng, 60_000) for _ in "abc"], ["chr1", "chr2", "chrY"])
    for cell in ("heart", "liver", "mine"):
        rows = [
            (chrom, int(s), int(s) + 150) for chrom in ("chr1", "chr2", "chrY") for s in rng.integers(0, 59_000, 40)
        ]
        (tmp_path / f"{cell}.bed").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    (tmp_path / "targets.tsv").write_text("heart\theart.bed\nliver\tliver.bed\n")
    (tmp_path / "mine.tsv").write_text("mine\tmine.bed\n")
    return tmp_path


def test_a_compendium_and_a_cell_added_to_it(cislearn, files):
    options = ["--genome", "genome.fa", "--length", 600, "--merge-overlap", 200, "--without-chromosomes", "chrY"]
    done = cislearn("prepare", "--compendium", "targets.tsv", *options, "--margin", 4, "--out", "old")
    assert done.returncode == 0, done.stderr
    assert "share of windows that are active: median of 2 tasks" in done.stdout
    assert "80 rows were left out" in done.stdout and "chrY is left out" in done.stdout
    done = cislearn("prepare", "--compendium", "mine.tsv", "--add", "old", "--out", "new")
    assert done.returncode == 0, done.stderr
    both = read_dataset(files / "new")
    assert [task.name for task in both.spec.tasks] == ["heart", "liver", "mine"]
    done = cislearn("inspect", "new", "--quick")
    assert done.returncode == 0, done.stderr
    assert "mine" in done.stdout
    assert json.loads((files / "new" / "dataset.json").read_text())["provenance"]["options"]["merge_overlap"] == 200


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--compendium", "targets.tsv", "--peaks", "a=heart.bed"], "--peaks: does not go with --compendium"),
        (["--compendium", "targets.tsv", "--task", "x"], "--task: does not go with --compendium"),
        (["--peaks", "a=heart.bed", "--merge-overlap", "100"], "--merge-overlap: goes with --compendium"),
        (["--peaks", "a=heart.bed", "--add", "old"], "--add: goes with --compendium"),
        (["--compendium", "nowhere.tsv"], "nowhere.tsv: no such file"),
        (["--compendium", "targets.tsv"], "--genome: regions need a genome"),
        (["--compendium", "targets.tsv", "--genome", "a=genome.fa"], "a compendium has one genome"),
        (["--compendium", "mine.tsv", "--add", "genome.fa"], "there is no such folder"),
    ],
)
def test_what_does_not_go(refused, files, options, said):
    assert said in refused("prepare", *options, "--out", "data")
    assert not (files / "data").exists()


def test_an_hdf5_file(cislearn, refused, tmp_path):
    h5py = pytest.importorskip("h5py", reason="the extra hdf5 is not installed")
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / "basset.h5", "w") as file:
        file["target_labels"] = np.array([b"heart", b"liver"])
        for part, n in (("train", 30), ("valid", 8), ("test", 8)):
            file[f"{part}_in"] = np.eye(4, dtype=np.uint8)[rng.integers(0, 4, (n, 40))].transpose(0, 2, 1)[:, :, None]
            file[f"{part}_out"] = rng.integers(0, 2, (n, 2))
    done = cislearn("prepare", "--hdf5", "basset.h5", "--out", "data")
    assert done.returncode == 0, done.stderr
    assert "46 windows of 40 bp" in done.stdout and "another order cannot be seen" in done.stdout
    assert "--length: does not go with --hdf5" in refused("prepare", "--hdf5", "basset.h5", "--length", 9, "--out", "x")
