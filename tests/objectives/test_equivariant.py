"""Every method learns with a network that reads both strands alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.equivariant import turned
from cislearn.models.network import build_network
from cislearn.objectives.objective import objectives
from tests.objectives.conftest import batch_of
from tests.objectives.learning import gradients, ready, total

SIZES = {"motifs": 6, "motif_width": 5, "pairs": 6, "pair_width": 3, "pool": 3, "features": 8, "batch_norm": True}
CLEAN = {"noisy_student": {"hidden": 0.0, "dropout": 0.0}, "fixmatch": {"hidden": 0.0}}
"""Their noise is drawn by position, and so another on the other strand; that is all that `masked` lives by."""


def test_the_ladder_refuses_statistics_of_pairs(spec):
    with pytest.raises(UserError, match="ladder reads one strand"):
        ready("ladder", build_network("motif_cnn", spec, SIZES | {"layers": "equivariant"}), spec)


@pytest.mark.parametrize(
    "name", [name for name in objectives.names() if name not in ("ladder", "masked", "masked_first")]
)
def test_losses_and_gradients_are_those_of_the_other_strand(spec, name):
    """Whichever strand of the windows a batch holds, the network learns the same."""
    batch = batch_of(12, 9)
    batch = replace(batch, tokens=batch.tokens % 4)  # in a row of N places tie, and a maximum takes the first
    other = replace(batch, tokens=3 - batch.tokens.flip(1))
    found = []
    for each in (batch, other):
        torch.manual_seed(0)
        model = build_network("motif_cnn", spec, SIZES | {"layers": "equivariant"})
        assert torch.equal(model.embed(other.tokens), turned(model.embed(batch.tokens)))
        objective = ready(name, model, spec, **CLEAN.get(name, {}))
        loss = total(objective, model, replace(each, plain=each, second=each), 0.9)
        found.append([loss, *gradients(loss, model)])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-5)
    assert max(float(g.abs().max()) for g in found[0][1:]) > 1e-4
