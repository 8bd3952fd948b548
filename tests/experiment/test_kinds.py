"""Tasks of every kind, alone and together, with absent labels, from a table to a report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cislearn as cl
from cislearn.evaluation.ranking import RANKED
from cislearn.runs import ExperimentFolder
from cislearn.sequence.tokens import decode, encode
from tests.conftest import TINY


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Windows with none, one or both of two words; 600 of one domain, 300 of another."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 4, (900, 40)).astype(np.uint8)
    words = rng.integers(0, 3, 900)
    for row in range(900):
        for k, word in enumerate(("GATTACAG", "CCATATGG")[: words[row]]):
            tokens[row, 3 + 20 * k : 11 + 20 * k] = encode(word)
    columns = pd.DataFrame(
        {
            "sequence": [decode(row) for row in tokens],
            "domain": np.where(np.arange(900) < 600, "here", "there"),
            "any": np.where(rng.random(900) < 0.3, "", (words > 0).astype(int).astype(str)),
            "how_many": words,
            "level": (words + 0.1 * rng.normal(size=900)).round(4),
        }
    )
    path = tmp_path_factory.mktemp("kinds") / "t.csv"
    columns.to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_binary_multiclass_and_regression_together(table, tmp_path):
    data = cl.prepare(tmp_path / "d", tables=[table], kinds={"how_many": "multiclass"})
    assert [(task.name, task.kind, task.channels) for task in data.spec.tasks] == [
        ("any", "binary", 1),
        ("how_many", "multiclass", 3),
        ("level", "regression", 1),
    ]
    settings = TINY | {"training.epochs": 20, "training.optimiser.learning_rate": 0.02, "model.encoder": "motif_cnn"}
    found = cl.train(
        data, target="there", methods=["source_only", "adversarial"], seeds=2, out=tmp_path / "e", settings=settings
    )
    scores = found.summary[(found.summary["method"] == "source_only") & (found.summary["part"] == "target test")]
    scores = scores.set_index(["task", "metric"])["estimate"]
    assert scores["any", "AUROC"] > 0.9 and scores["how_many", "accuracy"] > 0.8 and scores["level", "Pearson"] > 0.8
    labels = data.labels_float(np.arange(len(data)))[:, 0]
    assert 0.2 < np.isnan(labels).mean() < 0.4
    run = ExperimentFolder(found.path).run("source_only", 0)
    assert set(run.info["temperatures"]) == {"any", "how_many"}
    strands = pd.read_csv(run.path / "strands.tsv", sep="\t").set_index(["part", "task"])
    assert list(strands.loc["target test"].index) == ["any", "how_many", "level"]
    assert strands["disagreement"].gt(0).all() and strands["flipped"].notna().sum() == 4
    assert strands["spearman"].between(-1, 1).all() and strands["probability_disagreement"].notna().sum() == 4
    predictions = found.predict(table, method="source_only")
    assert {"probability_any", "probability_how_many_2", "value_level", "sd_level"} <= set(predictions.columns)
    page = found.report.read_text()
    assert all(word in page for word in ("Pearson", "accuracy", "AUROC"))


def test_balanced_batches_and_weights(table, tmp_path):
    data = cl.prepare(tmp_path / "d", tables=[table], label_columns=["any"])
    settings = TINY | {"training.balance": "domain_and_class", "training.max_shift": 3, "training.patience": 2}
    methods = [{"name": "supervised", "class_weights": {"any": [1, 2]}}]
    found = cl.train(data, methods=methods, seeds=1, out=tmp_path / "e", settings=settings)
    assert set(found.summary["metric"]) == {*RANKED, "F1", "MCC", "F1 at .5", "calibration error"}
