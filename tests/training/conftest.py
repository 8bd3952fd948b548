"""A small training problem: windows with a planted word in two domains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cislearn.data.batches import Batches, TrainingRows
from cislearn.data.sequences import TableSequences
from cislearn.data.views import Views
from cislearn.engine.devices import choose_device
from cislearn.models.network import Network, build_network
from cislearn.objectives.objective import Objective, objectives
from cislearn.schema import DataSpec, TaskSpec
from cislearn.training.fit import Fitted, TrainingPlan, fit
from cislearn.training.judge import Validation
from cislearn.training.optimisers import OptimiserPlan

SPEC = DataSpec((TaskSpec("bound"),), ("here", "there"), length=40)
WORD = np.array([2, 0, 3, 0, 0, 2], dtype=np.uint8)
SEED = 3

SMALL = ("motif_cnn", {"motifs": 8, "motif_width": 13, "pairs": 8, "features": 8})
NORMED = ("wide", {"detectors": 8, "known": 0.0, "channels": 4, "width": 3, "dilations": [1]})
"""An encoder and its options: without batch norm, and with."""

Problem = tuple[TableSequences, dict[str, TrainingRows]]


class Killed(Exception):
    """Stands for a kill."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums over threads could differ in their last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def problem() -> Problem:
    return make_problem()


def make_problem() -> Problem:
    """Half of 300 windows have the word; 200 are labelled, 100 of another domain are not: target and unlabelled."""
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
        "unlabelled": TrainingRows(rows[200:], absent, np.ones(100, dtype=np.int64)),
    }
    return TableSequences(tokens, rows), parts | {"unlabelled": parts["target"]}


def prepare(
    problem: Problem, method: str, encoder: tuple[str, dict[str, Any]] = SMALL, batch_size: int = 16
) -> tuple[Network, Objective, Batches, Views]:
    """Freshly built parts of a training, the same at each call."""
    sequences, parts = problem
    torch.manual_seed(0)
    network = build_network(encoder[0], SPEC, encoder[1])
    objective = objectives.get(method)()
    objective.setup(network, SPEC)
    batches = Batches(sequences, parts, objective.draws, batch_size=batch_size, seed=SEED)
    return network, objective, batches, Views(SPEC, "augment", 2, seed=SEED)


def loss_on(problem: Problem) -> Callable[[Network], Validation]:
    """Validation by the loss on all labelled rows."""
    sequences, parts = problem

    def validate(model: Network) -> Validation:
        with torch.no_grad():
            logits = model(model.embed(torch.from_numpy(sequences.gather(parts["source"].rows))))[:, 0]
        labels = torch.from_numpy(parts["source"].labels)[:, 0]
        loss = float(torch.nn.functional.binary_cross_entropy_with_logits(logits, labels))
        return Validation(score=-loss, loss=loss, further={})

    return validate


def scores(*values: float) -> Callable[[Network], Validation]:
    """Validation with scores that are given beforehand."""
    left = list(values)
    return lambda network: Validation(score=left.pop(0), loss=1.0, further={"extra": 7.0})


def train(
    problem: Problem,
    checkpoint: Path,
    *,
    method: str = "adversarial",
    steps: int = 30,
    stop_at: int | None = None,
    validate: Callable[[Network], Validation] | None = None,
    watch: Callable[[int, dict[str, float]], None] | None = None,
    encoder: tuple[str, dict[str, Any]] = SMALL,
    finish: bool = True,
    **plan: object,
) -> tuple[Network, Fitted]:
    """Train with a validation after every 5 steps; `stop_at` breaks off there as a kill would."""
    network, objective, batches, views = prepare(problem, method, encoder)

    def look(step: int, row: dict[str, float]) -> None:
        if watch is not None:
            watch(step, row)
        if step == stop_at:
            raise Killed

    settings = {"optimiser": OptimiserPlan(learning_rate=0.01), "seed": SEED, "validate_every": 5, **plan}
    training = TrainingPlan(steps, **settings)  # type: ignore[arg-type]
    fitted = fit(
        network,
        objective,
        batches,
        views,
        validate or loss_on(problem),
        training,
        checkpoint=checkpoint,
        device=choose_device("cpu"),
        watch=look,
        finish=finish,
    )
    return network, fitted


def weights(network: Network) -> torch.Tensor:
    """All weights in one row."""
    return torch.cat([value.flatten() for value in network.state_dict().values()])


def timeless(fitted: Fitted) -> list[dict[str, float]]:
    """The history without the seconds that it took."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in fitted.history]
