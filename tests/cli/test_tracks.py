"""Tracks on the command line: from bigWig files to predictions of a new cell, and what is refused on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.cli.test_verbs import SETTINGS
from tests.data.examples import random_sequence, write_fasta
from tests.genome.tracks import random_signal, write_bigwig


@pytest.fixture
def files(tmp_path, rng):
    """A genome, regions and a track of two cells, and the track of a third."""
    sizes = {f"chr{k}": 4000 for k in range(1, 7)}
    write_fasta(tmp_path / "g.fa", [random_sequence(rng, size) for size in sizes.values()], list(sizes))
    for cell in ("a", "b", "new"):
        write_bigwig(tmp_path / f"{cell}.bw", {chrom: random_signal(rng, size) for chrom, size in sizes.items()})
        for role, first in (("peaks", 100), ("flanks", 2100)):
            rows = [f"{chrom}\t{first + 90 * k}\t{first + 90 * k + 60}\n" for chrom in sizes for k in range(20)]
            (tmp_path / f"{cell}.{role}.bed").write_text("".join(rows))
    return tmp_path


PREPARE = [
    "prepare", "--peaks", "a=a.peaks.bed", "--negatives", "a=a.flanks.bed", "--peaks", "b=b.peaks.bed",
    "--negatives", "b=b.flanks.bed", "--genome", "g.fa", "--out", "data",
]  # fmt: skip


def test_from_bigwigs_to_a_cell_that_is_new(cislearn, files):
    done = cislearn(*PREPARE, "--track", "dnase:a=a.bw", "--track", "dnase:b=b.bw")
    assert done.returncode == 0 and "tracks: dnase (flip)" in done.stdout, done.stderr
    assert "tracks: dnase (flip)" in cislearn("inspect", "data", "--quick").stdout
    done = cislearn(
        "train", "--data", "data", "--target", "b", "--out", "run", *SETTINGS, "--set", "training.seeds=[0]"
    )
    assert done.returncode == 0 and "tracks: dnase, beside the sequence" in done.stdout, done.stderr
    predict = ["predict", "run", "--regions", "new.peaks.bed", "--genome", "g.fa", "--out", "out.tsv"]
    done = cislearn(*predict)
    assert done.returncode == 2 and "--track dnase=FILE.bw" in done.stderr
    done = cislearn(*predict, "--track", "dnase=new.bw")
    assert done.returncode == 0, done.stderr
    assert np.isfinite(pd.read_csv(files / "out.tsv", sep="\t")["probability_binding"]).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--track", "dnase=a.bw"], "'dnase=a.bw' is not NAME:DOMAIN=FILE"),
        (["--track", "dnase:a=none.bw"], "none.bw: no such file"),
        (["--track", "dnase:a=a.bw"], "domain 'b' has no track 'dnase'"),
        (["--track", "dnase:a=a.bw", "--track", "dnase:a=b.bw"], "dnase:a has two files: a.bw and b.bw"),
        (["--track", "dnase:a=a.bw", "--track", "dnase:b=b.peaks.bed"], "b.peaks.bed: is no bigWig file"),
        (["--track-rule", "flip"], "'flip' is not NAME=RULE"),
    ],
)
def test_what_is_no_track_is_refused(refused, files, arguments, said):
    assert said in refused(*PREPARE, *arguments)
    assert not (files / "data").exists()
