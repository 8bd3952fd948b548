"""A kill between the last step and the written run: nothing is trained twice, the weights are the same."""

from __future__ import annotations

import pytest
import torch

from cislearn.training.judge import read_step
from tests.training.conftest import train


def weights(network):
    return torch.cat([value.flatten() for value in network.state_dict().values()])


@pytest.mark.parametrize(
    ("plan", "steps"),
    [({}, 30), ({"patience": 1, "optimiser_rate": 0.0}, 10), ({"keep": "last"}, 30)],
    ids=["all steps done", "out of patience", "last weights"],
)
def test_a_training_that_was_done_is_not_gone_on_with(problem, tmp_path, plan, steps):
    from cislearn.training.optimisers import OptimiserPlan

    plan = dict(plan)
    if "optimiser_rate" in plan:
        plan["optimiser"] = OptimiserPlan(name="sgd", learning_rate=plan.pop("optimiser_rate"))
    first, fitted = train(problem, tmp_path / "c.ckpt", **plan)
    assert read_step(tmp_path / "c.ckpt") == steps
    again, refitted = train(problem, tmp_path / "c.ckpt", **plan)
    assert torch.equal(weights(first), weights(again))
    assert fitted == refitted
