"""What a run records beside its weights: predictions, temperatures, and how far its two strands disagree."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import spearmanr

import cislearn as cl
from cislearn.evaluation.calibration import calibration_error, fit_temperature, probabilities
from cislearn.evaluation.strands import Disagreement
from cislearn.experiment.execute import Experiment
from cislearn.models.saving import load_network
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.runs import RunFolder
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode
from tests.conftest import TINY


@pytest.fixture(scope="module", params=["average", "forward"])
def run(request, tiny_data, tiny_experiment, tmp_path_factory) -> RunFolder:
    """A run whose predictions average both strands, and one that reads one."""
    if request.param == "average":
        return RunFolder(tiny_experiment / "source_only" / "seed-0")
    settings = TINY | {"model.reverse_complement": {"train": "augment", "predict": "forward"}}
    out = tmp_path_factory.mktemp("forward") / "e"
    cl.train(tiny_data, target="hep", methods=["source_only"], seeds=1, out=out, settings=settings)
    return RunFolder(out / "source_only" / "seed-0")


def both_strands(run, data, rows):
    """Logits of rows and of their reverse complements, one after the other."""
    tokens = data.sequences.gather(rows)[:, data.spec.margin : data.spec.margin + data.spec.length]
    predictor = NetworkPredictor(load_network(run.path))
    given = np.ascontiguousarray(tokens)
    return np.stack([predictor.predict(each)[:, 0] for each in (given, reverse_complement(given))])


def test_predictions_are_those_of_the_saved_model(run, tiny_data):
    """Both strands are computed once, for the predictions and for their disagreement."""
    table, data = pd.read_parquet(run.path / "predictions.parquet"), cl.read_dataset(tiny_data)
    forward, other = both_strands(run, data, table["row"].to_numpy())
    is_average = json.loads((run.path / "model.json").read_text())["predict"] == "average"
    expected = (forward + other) / 2 if is_average else forward
    np.testing.assert_allclose(table["logit_GABPA"], expected, rtol=1e-5, atol=1e-6)


def test_strand_disagreement_is_that_of_the_network(run, tiny_data):
    """Also where predictions average the strands: what is measured is what the mean evens out."""
    table, data = pd.read_parquet(run.path / "predictions.parquet"), cl.read_dataset(tiny_data)
    found = pd.read_csv(run.path / "strands.tsv", sep="\t")
    assert list(found.columns) == ["method", "seed", "task", "part", "n", *Disagreement._fields]
    for part, domain in (("source test", "ery"), ("target test", "hep")):
        mine = table[(table["part"] == "test") & (table["domain"] == domain)]
        forward, other = both_strands(run, data, mine["row"].to_numpy())
        threshold = run.info["thresholds"]["GABPA"]
        (row,) = found[found["part"] == part].to_dict("records")
        assert (row["method"], row["seed"], row["n"]) == ("source_only", 0, len(mine))
        assert row["disagreement"] == pytest.approx(np.abs(forward - other).mean(), rel=1e-4)
        assert row["disagreement_p95"] == pytest.approx(np.percentile(np.abs(forward - other), 95), rel=1e-4)
        apart = np.abs(expit(forward) - expit(other))
        assert row["probability_disagreement"] == pytest.approx(apart.mean(), rel=1e-4)
        assert row["spearman"] == pytest.approx(spearmanr(forward, other).statistic, abs=1e-3)
        assert row["flipped"] == pytest.approx(np.mean((forward >= threshold) != (other >= threshold)), abs=1e-5)


@pytest.mark.parametrize(("method", "seen"), [("source_only", "ery"), ("adversarial", "ery"), ("target_labels", "hep")])
def test_temperatures_are_fitted_on_the_labels_that_the_method_may_see(tiny_experiment, method, seen):
    run = RunFolder(tiny_experiment / method / "seed-1")
    table = pd.read_parquet(run.path / "predictions.parquet")
    valid = table[(table["part"] == "valid") & (table["domain"] == seen)]
    expected = fit_temperature(valid["label_GABPA"].to_numpy(), valid["logit_GABPA"].to_numpy())
    assert run.info["temperatures"] == {"GABPA": pytest.approx(expected)}
    assert json.loads((run.path / "model.json").read_text())["extra"]["temperatures"] == run.info["temperatures"]


def test_the_summary_scores_calibrated_probabilities(tiny_experiment):
    summary = pd.read_csv(tiny_experiment / "summary.tsv", sep="\t")
    rows = summary[(summary["method"] == "adversarial") & (summary["part"] == "target test")].set_index("metric")
    errors = []
    for seed in (0, 1):
        run = RunFolder(tiny_experiment / "adversarial" / f"seed-{seed}")
        table = pd.read_parquet(run.path / "predictions.parquet")
        table = table[(table["part"] == "test") & (table["domain"] == "hep")]
        probability = probabilities(table["logit_GABPA"].to_numpy(), run.info["temperatures"]["GABPA"])
        errors.append(calibration_error(table["label_GABPA"].to_numpy(), probability))
    assert rows.loc["calibration error", "estimate"] == pytest.approx(np.mean(errors), abs=1e-6)


def test_an_experiment_predicts_calibrated_probabilities(tiny_experiment, tiny_data, tmp_path):
    data = cl.read_dataset(tiny_data)
    fasta = tmp_path / "w.fa"
    fasta.write_text("".join(f">w{n}\n{decode(row)}\n" for n, row in enumerate(data.sequences.gather(np.arange(5)))))
    summary = pd.DataFrame()
    table = Experiment(tiny_experiment, summary, None, tiny_experiment / "report.html").predict(
        fasta, method="adversarial"
    )
    runs = [RunFolder(tiny_experiment / "adversarial" / f"seed-{seed}") for seed in (0, 1)]
    logits = [both_strands(run, data, np.arange(5)).mean(axis=0) for run in runs]
    each = [probabilities(mine, run.info["temperatures"]["GABPA"]) for mine, run in zip(logits, runs, strict=True)]
    np.testing.assert_allclose(table["probability_GABPA"], np.mean(each, axis=0), atol=1e-5)
    np.testing.assert_allclose(table["sd_GABPA"], np.std(each, axis=0, ddof=1), atol=1e-5)
    np.testing.assert_allclose(table["logit_GABPA"], np.mean(logits, axis=0), atol=1e-5)
