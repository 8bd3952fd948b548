"""The benchmark of two towers in small: both ways agree, are timed, and train."""

from __future__ import annotations

import pytest
import torch

from benchmarks import two_towers
from cislearn.models.two_towers import TwoTowers, design_of


def test_both_ways_are_timed_once_they_agree(monkeypatch):
    network = TwoTowers(design_of("greatest_product"), length=1000, regulators=472, genes=4).eval()
    block = two_towers.random_block(4, 3)
    assert all(measure() > 0 for measure in two_towers.speeds(network, block, 2).values())
    monkeypatch.setattr(two_towers, "disagreement", lambda *_: 1e-3)
    with pytest.raises(RuntimeError, match=r"differ by 0\.001"):
        two_towers.speeds(network, block, 2)


@pytest.mark.parametrize("sampler", ["blocks", "pairs"])
def test_a_row_tells_what_was_trained(sampler):
    block = two_towers.random_block(4, 3)
    row = two_towers.learned("greatest_product", sampler, block, block, 0.0)
    assert row["batches"] == sampler and row["steps"] == 1 and row["pairs/s"] > 0
    assert torch.isfinite(torch.tensor(row["error"]))
