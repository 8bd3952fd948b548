"""Profiles of real transcript starts: what is learned on some chromosomes holds on another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from cislearn.data.prepare import prepare
from cislearn.experiment.execute import run_experiment
from cislearn.experiment.profile_scores import observed_counts
from cislearn.experiment.reading import make_config
from cislearn.objectives.profile_loss import multinomial_nll

TEST, VALID = "chrIV", "chrII"
FLANK = 200


@pytest.fixture(scope="module")
def starts(shared_data, tmp_path_factory):
    """Windows about gene starts, with two replicates of STRIPE-seq."""
    folder, yeast = tmp_path_factory.mktemp("yeast"), shared_data / "yeast"
    genes = pd.read_table(yeast / "genes_start_sacCer3.bed", header=None)
    genes[1], genes[2] = (genes[1] - FLANK).clip(lower=0), genes[2] + FLANK
    genes.to_csv(folder / "starts.bed", sep="\t", header=False, index=False)
    files = [[yeast / "stripe_tss" / f"S288C_WT_{r}.{strand}.bw" for strand in ("plus", "minus")] for r in (1, 2)]
    return prepare(
        folder / "data",
        positives={"wt": folder / "starts.bed"},
        genome=yeast / "sacCer3.fa.gz",
        profiles={"tss": {"wt": files}},
        profile_length=500,
        length=846,
        margin=50,
        min_counts=10,
        outside="drop",
    )


def test_replicates_are_kept_and_agree(starts):
    one, other = np.moveaxis(np.asarray(starts.profiles.replicates), 1, 0)
    np.testing.assert_array_equal(one + other, starts.profiles.values)
    assert np.corrcoef(np.log1p(one.sum(2)).ravel(), np.log1p(other.sum(2)).ravel())[0, 1] > 0.9


@pytest.mark.slow
def test_shapes_and_counts_of_another_chromosome_are_better_than_the_mean_profile(starts, tmp_path):
    values = {
        "data": {"path": str(starts.path), "split": {"by": "chromosome", "valid": [VALID], "test": [TEST]}},
        "model": {"encoder": {"name": "bpnet", "filters": 16}},
        "methods": ["supervised"],
        "training": {"epochs": 5, "max_shift": 50, "seeds": [0]},
        "out": str(tmp_path / "run"),
    }
    run_experiment(make_config(values, [], where="test"))
    run = tmp_path / "run" / "supervised" / "seed-0"
    rows = np.flatnonzero(starts.loci["chrom"] == TEST)
    others = np.flatnonzero(~starts.loci["chrom"].isin([TEST, VALID]))
    task, kept = starts.spec.tasks[0], np.load(run / "profiles.npz")
    place = np.searchsorted(kept["row"], rows)
    counts = observed_counts(starts, task, rows)
    total = observed_counts(starts, task, others).sum(0) + 0.5
    mean = np.broadcast_to(np.log(total / total.sum(1, keepdims=True)), counts.shape).astype(np.float32)
    loss, of_mean = (
        multinomial_nll(torch.from_numpy(np.array(shape)), torch.from_numpy(counts)).numpy()
        for shape in (kept["log_shape_tss"][place], mean)
    )
    assert loss.mean() < 0.85 * of_mean.mean() and (loss < of_mean).mean() > 0.8
    log_counts = kept["log_counts_tss"][place]
    assert np.corrcoef(log_counts.ravel(), np.log1p(counts.sum(2)).ravel())[0, 1] > 0.2
