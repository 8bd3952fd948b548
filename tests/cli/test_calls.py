"""``cislearn predict --calls``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cislearn.prediction.loading import load_prevalences
from cislearn.sequence.tokens import decode


def test_calls_are_those_of_the_table(cislearn, refused, tiny_experiment, tmp_path):
    bases = decode(np.random.default_rng(0).integers(0, 4, 9000).astype(np.uint8))
    (tmp_path / "g.fa").write_text(f">chr1\n{bases}\n")
    (tmp_path / "r.bed").write_text("".join(f"chr1\t{k}\t{k + 101}\tr{k}\n" for k in range(0, 8800, 80)))
    arguments = ["predict", tiny_experiment, "--regions", "r.bed", "--genome", "g.fa", "--out", "o.tsv"]
    done = cislearn(*arguments, "--calls", "c.bed", "--prior", "GABPA=0.01")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "o.tsv", sep="\t")
    called = table[table["call_GABPA"] == 1]
    calls = pd.read_csv(tmp_path / "c.bed", sep="\t", comment="#", header=None)
    assert len(called) and list(calls[3]) == list(called["name"]) and f"{len(called):,} calls -> c.bed" in done.stdout
    assert (calls[9] < calls[8]).all() and "label shift" in (tmp_path / "c.bed").read_text()
    predictions = pd.read_parquet(tiny_experiment / "adversarial" / "seed-0" / "predictions.parquet")
    seen = predictions[(predictions["domain"] == "ery") & (predictions["part"] == "valid")]
    assert load_prevalences(tiny_experiment)["GABPA"] == seen["label_GABPA"].mean()
    assert "no share of 'GABPA'" in refused(*arguments, "--calls", "c.bed", "--prior", "GABPA=2")
    assert "--calls" in refused(*arguments, "--merge-calls")


def test_calls_replace_nothing_that_is_given(refused, tmp_path):
    (tmp_path / "r.bed").write_text("chr1\t0\t101\n")
    (tmp_path / "g.fa").write_text(">chr1\nACGT\n")
    (tmp_path / "d.bw").write_text("")
    arguments = ["predict", "run", "--regions", "r.bed", "--genome", "g.fa", "--track", "d=d.bw", "--out", "o.bed"]
    for name in ("r.bed", "g.fa", "d.bw", "./o.bed"):
        assert "Give --calls another name" in refused(*arguments, "--calls", name)
    assert (tmp_path / "r.bed").read_text() == "chr1\t0\t101\n"
