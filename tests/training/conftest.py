"""A small training problem: windows with a planted word in two domains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cislearn.data.batches import Batches, TrainingRows
from cislearn.data.sequences import TableSequences
from cislearn.data.views import Views
from cislearn.engine.devices import choose_device
from cislearn.models.network import Network, build_network
from cislearn.objectives.objective import objectives
from cislearn.schema import DataSpec, TaskSpec
from cislearn.training.fit import Fitted, TrainingPlan, fit
from cislearn.training.judge import Validation
from cislearn.training.optimisers import OptimiserPlan

SPEC = DataSpec((TaskSpec("bound"),), ("here", "there"), length=40)
class Killed(Exception):
    """Stands for a kill."""


WORD = np.array([2, 0, 3, 0, 0, 2], dtype=np.uint8)


@pytest.fixture
def problem() -> tuple[TableSequences, dict[str, TrainingRows]]:
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 4, (300, 40)).astype(np.uint8)
    labels = (np.arange(300) % 2).astype(np.float32)[:, None]
    for row in range(1, 300, 2):
        at = rng.integers(0, 34)
        tokens[row, at : at + 6] = WORD
    rows = np.arange(300)
    absent = np.full((100, 1), np.nan, dtype=np.float32)
    parts = {
        "source": TrainingRows(rows[:200], labels[:200], np.zeros(200, dtype=np.int64)),
        "target": TrainingRows(rows[200:], absent, np.ones(100, dtype=np.int64)),
    }
    return TableSequences(tokens, rows), parts


def train(
    problem: tuple[TableSequences, dict[str, TrainingRows]],
    checkpoint: Path,
    *,
    method: str = "adversarial",
    steps: int = 30,
    stop_at: int | None = None,
    **plan: object,
) -> tuple[Network, Fitted]:
    """Train 30 steps with a validation after every 5; `stop_at` breaks off there as a kill would."""
    sequences, parts = problem
    torch.manual_seed(0)
    network = build_network("motif_cnn", SPEC, {"motifs": 8, "pairs": 8, "features": 8})
    objective = objectives.get(method)()
    objective.setup(network, SPEC)
    batches = Batches(sequences, parts, objective.draws, batch_size=16, seed=3)

    def validate(model: Network) -> Validation:
        with torch.no_grad():
            logits = model(model.embed(torch.from_numpy(sequences.gather(parts["source"].rows))))[:, 0]
        labels = torch.from_numpy(parts["source"].labels)[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)
        return Validation(score=-float(loss), loss=float(loss), further={})

    def watch(step: int, row: dict[str, float]) -> None:
        if step == stop_at:
            raise Killed

    settings = {"optimiser": OptimiserPlan(learning_rate=0.01), "seed": 3, "validate_every": 5, **plan}
    views = Views(SPEC, "augment", 2, seed=3)
    training = TrainingPlan(steps, **settings)  # type: ignore[arg-type]
    fitted = fit(
        network, objective, batches, views, validate, training, checkpoint=checkpoint, device=choose_device("cpu"), watch=watch
    )
    return network, fitted
