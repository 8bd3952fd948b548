"""Curves and scores of stored predictions, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, roc_auc_score

from cislearn.reports.curves import mean_scored, precision_recall_curves, prevalence, roc_curves
from cislearn.reports.read import SOURCE, TARGET, read_report_data


def test_areas_are_those_of_scikit_learn(experiment):
    data = read_report_data(experiment(n=3000))
    roc = roc_curves(data, "FOXA1", TARGET)["adversarial"]
    precision_recall = precision_recall_curves(data, "FOXA1", TARGET)["adversarial"]
    for index, run in enumerate(data.runs_of("adversarial")):
        labels, logits = run.scored("FOXA1", ["hep"])
        assert auc(roc.x, roc.seeds[index]) == pytest.approx(roc_auc_score(labels, logits), abs=2e-3)
        area = precision_recall.seeds[index].mean()
        assert area == pytest.approx(average_precision_score(labels, logits), abs=6e-3)
        assert precision_recall.seeds[index].min() >= labels.mean() - 1e-12


def test_curves_rise_and_stay_in_the_unit_square(experiment):
    for curve in roc_curves(read_report_data(experiment()), "FOXA1", SOURCE).values():
        assert (np.diff(curve.seeds, axis=1) >= 0).all()
        assert curve.seeds.min() >= 0
        assert curve.seeds.max() <= 1
        assert curve.mean.shape == curve.x.shape


def test_target_and_source_rows_are_kept_apart(experiment):
    data = read_report_data(experiment(sources=("k562", "gm12878"), n=200))
    run = data.runs[0]
    assert len(mean_scored(data, "FOXA1", "adversarial")[0]) == 200
    assert prevalence(data, "FOXA1", TARGET) == run.scored("FOXA1", ["hep"])[0].mean()
    assert prevalence(data, "FOXA1", SOURCE) == run.scored("FOXA1", ["k562", "gm12878"])[0].mean()


def test_unlabelled_rows_have_no_curve(experiment):
    data = read_report_data(experiment(is_target_labelled=False))
    assert roc_curves(data, "FOXA1", TARGET) == {}
    assert np.isnan(prevalence(data, "FOXA1", TARGET))


@pytest.mark.parametrize(("kind", "n_logits"), [("binary", 1), ("multiclass", 3), ("regression", 1)])
def test_scores_of_a_run_are_those_of_the_summary(experiment, kind, n_logits):
    data = read_report_data(experiment(tasks={"x": kind}, seeds=(0,)))
    run = data.runs_of("adversarial")[0]
    assert len(run.logit_columns("x")) == n_logits
    scores = run.scores("x", ["hep"])
    summary = data.scores(TARGET, "x")
    summary = summary[summary["method"] == "adversarial"].set_index("metric")["estimate"]
    assert scores == pytest.approx(summary.to_dict())
