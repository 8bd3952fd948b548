"""The whole of a training step against a plain loop over a plain network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.plain import PlainTraining, copy_weights, plain_dann_tf, plain_motif_cnn
from cislearn.data.batches import Batches, TrainingRows
from cislearn.data.sequences import TableSequences
from cislearn.data.views import Views
from cislearn.engine.devices import choose_device
from cislearn.models.network import build_network
from cislearn.objectives.objective import objectives
from cislearn.schema import DataSpec, TaskSpec
from cislearn.training.fit import TrainingPlan, fit
from cislearn.training.judge import Validation
from cislearn.training.optimisers import OptimiserPlan

SPEC = DataSpec((TaskSpec("bound"),), ("a",), length=101)
STEPS = 20


def random_batches() -> Batches:
    """Batches of 32 of some random windows."""
    rng = np.random.default_rng(0)
    tokens, labels = rng.integers(0, 4, (400, 101)).astype(np.uint8), rng.integers(0, 2, (400, 1)).astype(np.float32)
    rows = TrainingRows(np.arange(400), labels, np.zeros(400, dtype=np.int64))
    return Batches(TableSequences(tokens, np.arange(400)), {"source": rows}, {"source": 1.0}, batch_size=32, seed=0)


@pytest.mark.parametrize(("encoder", "plain"), [("dann_tf", plain_dann_tf), ("motif_cnn", plain_motif_cnn)])
def test_a_training_takes_the_steps_of_a_plain_loop(encoder, plain, tmp_path):
    torch.manual_seed(1)
    network, theirs, batches = build_network(encoder, SPEC), plain(), random_batches()
    copy_weights(network, theirs)
    loop = PlainTraining(theirs, learning_rate=0.01)
    steps = [batches[k] for k in range(STEPS)]
    expected = [float(loop.step(network.embed(batch.tokens).float(), batch.labels[:, 0])) for batch in steps]
    objective = objectives.get("supervised")()
    objective.setup(network, SPEC)
    fitted = fit(
        network,
        objective,
        batches,
        Views(SPEC),
        lambda network: Validation(0.5, 1.0, {}),
        TrainingPlan(STEPS, 1, OptimiserPlan("sgd", 0.01, 0.0, decay="constant", warmup=0.0), keep="last"),
        checkpoint=tmp_path / "run.ckpt",
        device=choose_device("cpu"),
    )
    assert [row["train_loss"] for row in fitted.history] == pytest.approx(expected, rel=1e-5)
    for a, b in zip(network.parameters(), theirs.parameters(), strict=True):
        assert float((a - b).detach().abs().max()) < 1e-5 * float(b.detach().abs().max())
