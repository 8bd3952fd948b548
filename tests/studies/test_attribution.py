"""The study of attributions: its truth and scores against scikit-learn, its filters, and its smoke size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import average_precision_score
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.explain.matching import JASPAR, collection
from cislearn.models.network import build_network
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.sampling import sample_instances
from cislearn.schema import DataSpec, TaskSpec
from cislearn.studies.attribution.scores import (
    auprc_by_window,
    mean_over_windows,
    named_by_filters,
    planted_bases,
)

LENGTH = 30


@pytest.fixture
def planted():
    """Windows 7 and 3 of a dataset, in this order; window 5 is none of them, and `other` is no truth."""
    truth = pd.DataFrame(
        [(3, "a", 2, 5), (3, "b", 4, 8), (5, "a", 0, 9), (7, "other", 0, 9), (7, "a", 29, 30)],
        columns=["row", "motif", "start", "end"],
    )
    return planted_bases(truth, np.array([7, 3]), ["a", "b"], LENGTH)


def test_planted_bases_are_those_of_the_motifs_that_count(planted):
    assert np.flatnonzero(planted[0]).tolist() == [29]
    assert np.flatnonzero(planted[1]).tolist() == [2, 3, 4, 5, 6, 7]


def test_windows_are_scored_as_by_scikit_learn_and_the_sign_does_not_count(planted):
    worth = np.random.default_rng(0).normal(size=planted.shape)
    expected = [average_precision_score(*pair) for pair in zip(planted, np.abs(worth), strict=True)]
    np.testing.assert_allclose(auprc_by_window(planted, worth), expected)
    np.testing.assert_allclose(auprc_by_window(planted, -worth), expected)
    np.testing.assert_allclose(auprc_by_window(planted, -1.0 * planted), 1)


def test_a_window_without_a_planted_motif_has_no_score_and_is_left_out_of_the_mean():
    planted = np.zeros((7, LENGTH), dtype=bool)
    planted[:6, :3] = True
    scores = auprc_by_window(planted, np.ones(planted.shape))
    assert np.isnan(scores[6])
    found = mean_over_windows([scores, scores])
    assert found.value == pytest.approx(0.1) and found.n_seeds == 2  # chance is the share of planted bases
    assert found.low <= found.value <= found.high


def test_filters_are_named_by_a_motif_that_is_theirs_and_by_none_of_another():
    pytest.importorskip("memelite")
    gabpa, nfya = jaspar("MA0062.4"), jaspar("MA0060.4")
    torch.manual_seed(0)
    model = build_network("motif_cnn", DataSpec((TaskSpec("bound"),), (), 101), {"motifs": 4}).eval()
    conv = model.encoder.stages[0].linear
    with torch.no_grad():
        conv.weight.zero_()
        conv.bias.fill_(-3)
        score = torch.from_numpy(np.log2(np.maximum(gabpa.probabilities, 0.01) / 0.25)).float()
        conv.weight[0, :, 2 : 2 + gabpa.width] = score
    rng = np.random.default_rng(0)
    tokens = rng.integers(4, size=(300, 101)).astype(np.uint8)
    tokens[:, 40 : 40 + gabpa.width] = sample_instances(gabpa, 300, rng)
    assert named_by_filters(model, tokens, [gabpa, nfya], collection(JASPAR)) == {gabpa.identifier}


@pytest.mark.slow
def test_the_smoke_size_runs_by_the_committed_command(tmp_path):
    pytest.importorskip("tangermeme")
    pytest.importorskip("memelite")
    command = ["study", "attribution", "--size", "smoke", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "results" / "smoke"
    scores = pd.read_table(folder / "attribution.scores.tsv")
    by = scores.set_index(["network", "by", "metric"])["estimate"]
    assert ("dann_tf", "filters", "GATA1") not in by.index and ("motif_cnn", "filters", "GATA1") in by.index
    rows = scores[(scores["metric"] == "AUPRC") & (scores["by"] != "chance")]
    assert len(rows) == 12 and ((rows["low"] <= rows["estimate"]) & (rows["estimate"] <= rows["high"])).all()
    assert by["motif_cnn", "chance", "AUPRC"] == by["dann_tf", "chance", "AUPRC"]
    assert "| motif_cnn | 1 |" in (folder / "attribution.md").read_text()
