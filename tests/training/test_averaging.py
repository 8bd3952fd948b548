from __future__ import annotations

import pytest
import torch
from torch import nn

from cislearn.models.averaging import WeightAverage
from tests.training.conftest import Killed, timeless, train, weights


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_the_average_is_that_of_the_recurrence_for_weights_and_running_statistics(decay):
    network = small()
    average = WeightAverage(network, decay)
    expected = {name: value.clone() for name, value in network.state_dict().items()}
    for step in range(1, 40):
        network(torch.randn(8, 3)).sum().backward()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter -= 0.1 * parameter.grad
        average.follow(network, step)
        kept = min(decay, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            expected[name] = kept * expected[name] + (1 - kept) * value if value.is_floating_point() else value
    for name, value in average.network.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-5, atol=1e-6)


def test_the_average_is_never_trained_and_never_in_training_mode():
    network = small().train()
    average = WeightAverage(network, 0.9)
    average.train()
    assert not any(part.training for part in average.modules()) and network.training
    assert not any(parameter.requires_grad for parameter in average.parameters())


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_run_with_averaged_weights_resumes_to_the_same_bits(problem, tmp_path, keep):
    """trap 16: the average goes into the checkpoint, and its forgetting depends on the step alone."""
    options = {"weight_average": 0.9, "gradient_clip": 1.0, "keep": keep}
    whole, fitted = train(problem, tmp_path / "whole.ckpt", **options)
    with pytest.raises(Killed):
        train(problem, tmp_path / "killed.ckpt", stop_at=17, **options)
    resumed, again = train(problem, tmp_path / "killed.ckpt", **options)
    assert torch.equal(weights(whole), weights(resumed))
    assert timeless(fitted) == timeless(again)


def test_what_is_kept_is_the_average_and_not_the_last_weights(problem, tmp_path):
    plain, _ = train(problem, tmp_path / "plain.ckpt", keep="last")
    averaged, _ = train(problem, tmp_path / "averaged.ckpt", keep="last", weight_average=0.9)
    assert not torch.allclose(weights(plain), weights(averaged))
    slow, _ = train(problem, tmp_path / "slow.ckpt", keep="last", weight_average=1e-12)
    torch.testing.assert_close(weights(slow), weights(plain))
