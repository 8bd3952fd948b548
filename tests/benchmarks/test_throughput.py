"""Two processes that train one network are timed, and one that fails is told."""

from __future__ import annotations

import pytest
import torch

from benchmarks.throughput import WAYS, measure_of, seconds_together


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 20])
def test_two_processes_train_and_say_their_seconds(every):
    assert seconds_together(2, every, 1) > 0


@pytest.mark.slow
def test_a_process_that_fails_is_told():
    with pytest.raises(RuntimeError, match="ended with an error"):
        seconds_together(2, 1, 0)  # no iteration, of which there is no mean


@pytest.mark.parametrize("way", [way for way in WAYS if "compiled" not in way])
def test_the_small_network_is_timed_each_way(way):
    threads = torch.get_num_threads()
    assert measure_of("motif_cnn", way)() > 0
    assert torch.get_num_threads() == threads
