from __future__ import annotations

import pytest
import torch

from cislearn.training.judge import read_step
from tests.training.conftest import Killed, train


def weights(network):
    return torch.cat([value.flatten() for value in network.state_dict().values()])


@pytest.mark.parametrize("method", ["supervised", "adversarial"])
def test_a_run_broken_off_and_resumed_ends_at_the_same_weights(problem, tmp_path, method):
    """trap 16: schedules, generator, rows and optimiser all go on where they stood."""
    whole, history = train(problem, tmp_path / "whole.ckpt", method=method)
    with pytest.raises(Killed):
        train(problem, tmp_path / "killed.ckpt", method=method, stop_at=17)
    assert read_step(tmp_path / "killed.ckpt") == 15
    resumed, resumed_history = train(problem, tmp_path / "killed.ckpt", method=method)
    assert torch.equal(weights(whole), weights(resumed))
    without_time = [[{k: v for k, v in row.items() if k != "seconds"} for row in f.history] for f in (history, resumed_history)]
    assert without_time[0] == without_time[1]
