"""What the ladder is for: few labels, many examples without. Images of digits through the same classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from cislearn.data.batch import Batch
from cislearn.models.encoder import Encoder
from cislearn.models.layers import BatchNorm
from cislearn.models.network import Network
from cislearn.models.stages import Stage
from cislearn.schema import DataSpec, TaskSpec
from tests.objectives.learning import ready

SPEC = DataSpec((TaskSpec("digit", "multiclass", 10),), ("images",), 16)
N_LABELS, STEPS, RATE = 100, 300, 2e-3


class Dense(Encoder):
    """Three dense stages with batch norm."""

    def __init__(self, n_in: int) -> None:
        super().__init__()
        stages = []
        for n_out in (256, 128, 64):
            dense = nn.Linear(n_in, n_out)
            stages.append(Stage(dense if stages else nn.Sequential(nn.Flatten(), dense), BatchNorm(n_out), nn.ReLU()))
            n_in = n_out
        self.stages = nn.Sequential(*stages)


class Pixels(Network):
    """An image of 8 x 8 in the place of a window: 4 channels of 16 pixels, from 0 to 1."""

    def embed(self, tokens, tracks=None):
        return (tokens.float() / 16).view(-1, 4, 16)


def accuracy(method: str, seed: int, **options) -> float:
    """Of a network trained on 10 labels a digit and, where the method asks, on 1,297 images without."""
    rng, (images, digits) = np.random.default_rng(seed), load_digits(return_X_y=True)
    test, train = np.split(rng.permutation(len(images)), [500])
    labelled = np.concatenate([train[digits[train] == digit][: N_LABELS // 10] for digit in range(10)])
    tokens, labels = torch.from_numpy(images.astype(np.uint8)), torch.from_numpy(digits.astype(np.float32))[:, None]
    torch.manual_seed(seed)
    network = Pixels(Dense(64), SPEC).train()
    objective = ready(method, network, SPEC, seed=seed, **options)
    trained = [p for p in [*network.parameters(), *objective.parameters()] if p.requires_grad]
    optimiser = torch.optim.Adam(trained, RATE)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = RATE * min(1.0, 3 * (1 - step / STEPS))
        unlabelled = rng.choice(train, N_LABELS) if "unlabelled" in objective.draws else labelled[:0]
        rows = np.concatenate([labelled, unlabelled])
        seen = torch.where(torch.arange(len(rows))[:, None] < N_LABELS, labels[rows], torch.nan)
        parts = {"source": slice(0, N_LABELS), "unlabelled": slice(N_LABELS, len(rows))}
        batch = Batch(tokens[rows], seen, torch.zeros(len(rows)).long(), torch.from_numpy(rows), parts)
        optimiser.zero_grad()
        sum(objective.losses(network, batch, step / STEPS).values()).backward()
        optimiser.step()
    with torch.no_grad():
        guess = network.eval()(network.embed(tokens[test])).argmax(1).numpy()
    return float((guess == digits[test]).mean())


@pytest.mark.slow
def test_with_a_hundred_labels_the_ladder_is_clearly_better_than_the_same_network_supervised():
    """Over five seeds, each of them; the estimates do it, not the noise alone."""
    found = {
        name: np.array([accuracy(method, seed, **options) for seed in range(5)])
        for name, method, options in (
            ("supervised", "supervised", {}),
            ("noise", "ladder", {"reconstruct": "none"}),
            ("ladder", "ladder", {"weights": [1000, 10, 0.1]}),  # as Rasmus et al. took them for digits
        )
    }
    means = {name: each.mean() for name, each in found.items()}
    assert (found["ladder"] > found["supervised"]).all() and means["ladder"] > means["supervised"] + 0.025, found
    assert means["ladder"] > means["noise"] + 0.015, means
