"""The study of few labels: its scores against scikit-learn and pairing, its page, and its smoke size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, hamming_loss, roc_auc_score
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.reports.numbers import DASH
from cislearn.studies.dssda.page import BASELINE, dssda_page, efficiency_curves
from cislearn.studies.dssda.scores import TOGETHER, Read, class_scores, together_scores
from cislearn.studies.dssda.study import LADDER

N, TASKS = 300, 3


@pytest.fixture(scope="module")
def read():
    """Two methods on the same rows: noise, and the same noise with something of the labels."""
    rng = np.random.default_rng(0)
    labels = (rng.random((N, TASKS)) < 0.3).astype(np.float32)
    noise = rng.normal(size=(2, N, TASKS))
    thresholds = np.zeros((2, TASKS))
    logits = {BASELINE: noise, "ladder": noise + labels}
    return Read(["a", "b", "c"], labels, logits, dict.fromkeys(logits, thresholds), np.arange(N))


def test_means_over_tasks_are_scikit_learns_and_the_difference_is_paired(read):
    table = together_scores(read, BASELINE).set_index(["method", "metric"])
    for method, logits in read.logits.items():
        for metric, theirs in (("AUROC", roc_auc_score), ("AUPRC", average_precision_score)):
            expected = np.mean([theirs(read.labels, each, average="macro") for each in logits])
            assert table.loc[(method, metric), "estimate"] == pytest.approx(expected)
        expected = np.mean([hamming_loss(read.labels, each >= 0) for each in logits])
        assert table.loc[(method, "Hamming loss"), "estimate"] == pytest.approx(expected)
        right = [((each >= 0) == (read.labels == 1)).all(axis=1).mean() for each in logits]
        assert table.loc[(method, "subset accuracy"), "estimate"] == pytest.approx(np.mean(right))
    gain = table.loc[("ladder", "AUROC")]
    values = table["estimate"]
    assert gain["difference"] == pytest.approx(values["ladder", "AUROC"] - values[BASELINE, "AUROC"])
    assert 0 < gain["difference_low"] < gain["difference"] < gain["difference_high"]
    alone = gain["high"] - gain["low"]
    assert gain["difference_high"] - gain["difference_low"] < alone  # both are scored on the same resamples


def test_a_class_without_positives_has_no_score_and_is_no_half(read):
    labels = read.labels.copy()
    labels[:, 1] = 0
    empty = Read(read.tasks, labels, read.logits, read.thresholds, read.clusters)
    by_task = class_scores(empty).set_index(["method", "task", "metric"])["estimate"]
    assert np.isnan(by_task["ladder", "b", "AUROC"]) and by_task["ladder", "a", "AUROC"] > 0.6
    both = [roc_auc_score(labels[:, [0, 2]], each[:, [0, 2]], average="macro") for each in read.logits["ladder"]]
    together = together_scores(empty, BASELINE).set_index(["method", "metric"])["estimate"]
    assert together["ladder", "AUROC"] == pytest.approx(np.mean(both))


def test_the_page_has_gains_in_bold_where_clear_and_says_what_was_not_run(read):
    place = {"data": "TF windows", "protocol": "honest", "network": "motif_cnn"}
    scores = pd.concat([together_scores(read, BASELINE), class_scores(read)], ignore_index=True)
    scores = pd.concat([scores.assign(**place, labels=share) for share in ("10", "1")], ignore_index=True)
    progress = pd.DataFrame(
        [{**place, "labels": "5", "method": "ladder", "runs": 3, "done": 0, "core_hours_left": 1.5}]
    )
    page = "\n".join(dssda_page(scores, progress))
    assert "| method | 1 % of the labels | 10 % of the labels |" in page
    gains = page.split(f"| over {BASELINE} |")[1]
    assert "| ladder | **+" in gains and "not run: 3 of 3 (est. 1.50 core-h)" in page
    assert TOGETHER not in page.split("## Gain and class size")[1].split("## Beside")[0]
    assert DASH not in gains.split("\n\n")[0]
    assert efficiency_curves(scores).count("<svg") == 1


@pytest.mark.slow
def test_the_smoke_size_runs_by_the_committed_command(tmp_path, shared_data):
    command = ["study", "dssda", "--size", "smoke", "--files", str(shared_data), "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(tmp_path / "results" / "smoke" / "dssda.tsv", sep="\t")
    assert {"supervised", "ladder_no_lateral", "fixmatch", "mean_teacher", "masked_first"} <= set(rows["method"])
    assert len(rows) == 1 + len(LADDER) + 4
    folder = tmp_path / "results" / "smoke"
    assert "| ladder noise only |" in (folder / "dssda.md").read_text()
    assert (folder / "dssda-efficiency.svg").read_text().startswith("<?xml")
