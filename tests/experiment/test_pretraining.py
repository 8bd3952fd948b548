"""Hidden bases first, labels afterwards: an encoder that was trained without labels is where a training begins."""

from __future__ import annotations

import json

import pandas as pd
import torch

import cislearn as cl
from cislearn.models.saving import load_network
from tests.conftest import TINY


def test_a_pretrained_encoder_is_where_an_ordinary_training_begins(tiny_data, tmp_path):
    few = TINY | {"data.labels.sources": 0.2, "data.sources": ["ery"], "training.epochs": 2}
    before = tmp_path / "before"
    cl.train(tiny_data, methods=["masked"], seeds=1, out=before, settings=few | {"training.patience": 1})
    record = json.loads((before / "masked/seed-0/run.json").read_text())
    assert record["protocol"] == "pre-training: no label seen, scored by a head that was not trained"
    history = pd.read_csv(before / "masked/seed-0/history.tsv", sep="\t")
    assert record["step"] == record["steps"] == history["step"].iloc[-1], "not the last weights"
    assert len(history) == 2, "a score that says nothing has stopped the training"
    assert {"bases_found", "commonest_base"} <= set(pd.read_csv(before / "masked/seed-0/health.tsv", sep="\t"))
    after = tmp_path / "after"
    settings = few | {"training.init_from": str(before), "training.optimiser.learning_rate": 1e-12}
    cl.train(tiny_data, methods=["supervised"], seeds=1, out=after, settings=settings)
    first, second = (load_network(f / "seed-0").encoder for f in (before / "masked", after / "supervised"))
    for one, two in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-6)
