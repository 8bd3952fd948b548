"""The whole of a training step against a plain loop over a plain network."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from benchmarks.plain import PlainTraining, copy_weights, plain_dann_tf, plain_motif_cnn

from cislearn.data.batch import Batch
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


def batches() -> list[Batch]:
    """Twenty batches of random windows."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, 4, (STEPS, 32, 101), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 2, (STEPS, 32, 1), generator=generator).float()
    first = Batch(tokens[0], labels[0], torch.zeros(32, dtype=torch.int64), torch.arange(32), {"source": slice(0, 32)})
    return [replace(first, tokens=tokens[k], labels=labels[k], step=k) for k in range(STEPS)]


@pytest.mark.parametrize(("encoder", "plain"), [("dann_tf", plain_dann_tf), ("motif_cnn", plain_motif_cnn)])
def test_a_training_takes_the_steps_of_a_plain_loop(encoder, plain, tmp_path):
    torch.manual_seed(1)
    network, theirs = build_network(encoder, SPEC), plain()
    copy_weights(network, theirs)
    loop = PlainTraining(theirs, learning_rate=0.01)
    expected = [float(loop.step(batch.tokens, batch.labels[:, 0])) for batch in batches()]
    objective = objectives.get("supervised")()
    objective.setup(network, SPEC)
    fitted = fit(
        network,
        objective,
        batches(),  # type: ignore[arg-type]
        Views(SPEC),
        lambda network: Validation(0.5, 1.0, {}),
        TrainingPlan(STEPS, 1, OptimiserPlan("sgd", 0.01, 0.0, decay="constant", warmup=0.0), keep="last"),
        checkpoint=tmp_path / "run.ckpt",
        device=choose_device("cpu"),
    )
    assert [row["train_loss"] for row in fitted.history] == pytest.approx(expected, rel=1e-5)
    for a, b in zip(network.parameters(), theirs.parameters(), strict=True):
        assert float((a - b).detach().abs().max()) < 1e-5 * float(b.detach().abs().max())
