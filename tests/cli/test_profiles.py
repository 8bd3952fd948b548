"""Profiles on the command line: from bigWig files of counts to expected counts, and what is refused on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyBigWig
import pytest

from tests.data.examples import random_sequence, write_fasta
from tests.genome.tracks import write_bigwig

PREPARE = [
    "prepare", "--peaks", "a=peaks.bed", "--genome", "g.fa", "--length", "62", "--profile-length", "40",
    "--margin", "4", "--out", "data",
]  # fmt: skip
ENCODER = "model.encoder={name: bpnet, filters: 4, motif_width: 5, dilated: 2, profile_width: 7}"


@pytest.fixture
def files(tmp_path, rng):
    """A genome, regions, and the counts of both strands in two replicates."""
    sizes = {f"chr{k}": 4000 for k in range(1, 7)}
    write_fasta(tmp_path / "g.fa", [random_sequence(rng, size) for size in sizes.values()], list(sizes))
    for name in ("plus", "minus", "plus2", "minus2"):
        dense = {chrom: rng.poisson(0.5, size).astype(float) for chrom, size in sizes.items()}
        write_bigwig(tmp_path / f"{name}.bw", dense)
    rows = [f"{chrom}\t{100 + 90 * k}\t{160 + 90 * k}\n" for chrom in sizes for k in range(10)]
    (tmp_path / "peaks.bed").write_text("".join(rows))
    return tmp_path


def test_from_bigwigs_to_expected_counts(cislearn, files):
    given = ["--profile", "tss:a=plus.bw,minus.bw", "--profile", "tss:a=plus2.bw,minus2.bw"]
    done = cislearn(*PREPARE, *given)
    assert done.returncode == 0 and "profiles: tss (2 x 40 bp)" in done.stdout, done.stderr
    done = cislearn(
        "train", "--data", "data", "--out", "run", "--set", ENCODER, "--set", "training.seeds=[0]",
        "--set", "training.epochs=1",
    )  # fmt: skip
    assert done.returncode == 0 and all(name in done.stdout for name in ("JSD", "NLL", "Pearson")), done.stderr
    predict = ["predict", "run", "--regions", "peaks.bed", "--out", "out.tsv", "--genome", "g.fa"]
    done = cislearn(*predict, "--bigwig", "tracks")
    assert done.returncode == 0 and "profiles -> tracks" in done.stdout, done.stderr
    counts = pd.read_csv(files / "out.tsv", sep="\t")
    np.testing.assert_allclose(counts["counts_tss"], counts["counts_tss_0"] + counts["counts_tss_1"], rtol=1e-3)
    table = pd.read_csv(files / "tracks" / "tss.counts.tsv", sep="\t")
    np.testing.assert_allclose(table["reads_plus"], counts["counts_tss_0"], rtol=1e-3)
    with pyBigWig.open(str(files / "tracks" / "tss.plus.bw")) as plus:
        chrom, start, end = table.loc[0, ["chrom", "start", "end"]]
        assert (end - start, sum(plus.values(chrom, start, end)) > 0) == (40, True)
        assert np.isnan(plus.values(chrom, 0, start)).all()
    done = cislearn(*predict[:-2], "--bigwig", "tracks")
    assert done.returncode == 2 and "without a place on one" in done.stderr and "--genome" in done.stderr


def test_a_control_of_two_strands_is_asked_for_at_prediction(cislearn, files):
    done = cislearn(*PREPARE, "--profile", "tss:a=plus.bw,minus.bw", "--track", "control:a=plus2.bw,minus2.bw")
    assert done.returncode == 0 and "tracks: control (flip_and_permute)" in done.stdout, done.stderr
    done = cislearn(
        "train", "--data", "data", "--out", "run", "--set", ENCODER, "--set", "training.seeds=[0]",
        "--set", "training.epochs=1", "--set", "model.reverse_complement=rcps",
    )  # fmt: skip
    assert done.returncode == 0 and "tracks: control" in done.stdout, done.stderr
    predict = ["predict", "run", "--regions", "peaks.bed", "--out", "out.tsv", "--genome", "g.fa"]
    for given in ([], ["--track", "control=plus2.bw"]):
        done = cislearn(*predict, *given)
        assert done.returncode == 2 and "--track control=PLUS.bw,MINUS.bw" in done.stderr
    done = cislearn(*predict, "--track", "control=plus2.bw,minus2.bw")
    assert done.returncode == 0, done.stderr
    assert np.isfinite(pd.read_csv(files / "out.tsv", sep="\t")["counts_tss"]).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--profile", "tss=plus.bw"], "'tss=plus.bw' is not NAME:DOMAIN=FILE or NAME:DOMAIN=PLUS,MINUS"),
        (["--profile", "tss:a=plus.bw,none.bw"], "none.bw: no such file"),
        (["--profile", "tss:a=plus.bw,plus.bw"], "for both strands"),
        (["--profile", "tss:a=plus.bw", "--profile-rule", "tss=flop"], "'flop' is no rule"),
        (["--profile", "tss:a=plus.bw", "--profile-length", "63"], "are shorter than a profile of 63"),
    ],
)
def test_what_is_no_profile_is_refused(refused, files, arguments, said):
    assert said in refused(*PREPARE, *arguments)
    assert not (files / "data").exists()
