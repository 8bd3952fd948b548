"""``cislearn attribute``, as a user calls it."""

from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture
def fasta(tmp_path):
    rng = np.random.default_rng(0)
    windows = ["".join(rng.choice(list("ACGT"), 101)) for _ in range(3)] + ["N" * 101]
    (tmp_path / "windows.fa").write_text("".join(f">w{i}\n{window}\n" for i, window in enumerate(windows)))
    return tmp_path / "windows.fa"


def test_attributions_of_a_file(cislearn, tiny_experiment, fasta, tmp_path):
    pytest.importorskip("tangermeme")
    arguments = ("attribute", tiny_experiment, "--task", "GABPA", "--input", fasta, "--out", "out", "--device", "cpu")
    done = cislearn(*arguments, "--by", "deep_lift", "--n-references", 3)
    assert done.returncode == 0, done.stderr
    assert "3 of 4 rows attributed" in done.stdout and "sums miss" in done.stdout and "1 not attributed" in done.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    written = {"ohe.npz", "hypothetical.npz", "attributions.npz", "spread.npz", "rows.tsv"}
    assert names == written | {"attributions.json", "attributions.html"}
    about = json.loads((tmp_path / "out" / "attributions.json").read_text())
    assert (about["method"], about["task"], about["seeds"], about["n_references"]) == ("deep_lift", "GABPA", 2, 3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--task", "GABP"], "no task 'GABP'"),
        (["--task", "GABPA", "--by", "deeplift"], "did you mean deep_lift?"),
        (["--task", "GABPA", "--of", "1"], "one logit"),
        (["--task", "GABPA", "--steps", "5"], "--steps: does not go with gradient_x_input"),
        (["--task", "GABPA", "--part", "valid"], "--part: goes with --data"),
        (["--task", "GABPA", "--reverse-complement", "maximum"], "mutagenesis or occlusion"),
        (["--task", "GABPA", "--data", "sim"], "--input: does not go with --data"),
    ],
)
def test_what_does_not_go_is_refused_and_nothing_written(refused, tiny_experiment, fasta, options, said):
    message = refused("attribute", tiny_experiment, "--input", fasta, "--out", "out", *options)
    assert said in message
    assert not (fasta.parent / "out").exists()


def test_windows_must_come_from_somewhere(refused, tiny_experiment):
    assert "either as a file or as a dataset" in refused("attribute", tiny_experiment, "--task", "GABPA", "--out", "o")
