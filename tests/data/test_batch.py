from __future__ import annotations

import torch

from cislearn.data.batch import Batch


def batch() -> Batch:
    return Batch(
        tokens=torch.zeros(3, 8, dtype=torch.uint8),
        labels=torch.full((4, 1), torch.nan),
        domain=torch.zeros(4, dtype=torch.int64),
        row=torch.arange(4),
        parts={"source": slice(0, 3), "target": slice(3, 4)},
        step=5,
        covariates=torch.zeros(2, 6),
        pair=torch.tensor([[0, 0], [1, 1], [2, 0], [2, 1]]),
    )


def test_its_length_is_that_of_the_examples_not_of_the_windows():
    assert len(batch()) == 4


def test_all_tensors_move_and_all_else_stays():
    moved = batch().to("meta")
    for name in ("tokens", "labels", "domain", "row", "covariates", "pair"):
        assert getattr(moved, name).device.type == "meta", name
        assert getattr(moved, name).dtype == getattr(batch(), name).dtype
    assert moved.tracks is None
    assert (moved.parts, moved.step) == (batch().parts, 5)


def test_moving_to_where_it_is_changes_nothing():
    one, same = batch(), batch().to("cpu")
    assert torch.equal(one.pair, same.pair)
    assert torch.equal(one.labels, same.labels) or same.labels.isnan().all()


def test_only_cuda_devices_are_not_waited_for(monkeypatch):
    """Values read on the CPU, or on Apple's GPU, before they have arrived would be wrong without an error."""
    waited = []
    move = torch.Tensor.to

    def to(tensor, device, non_blocking):
        waited.append(not non_blocking)
        return move(tensor, "cpu")

    monkeypatch.setattr(torch.Tensor, "to", to)
    for device in ("cpu", "mps", "cuda:0", torch.device("cuda")):
        batch().to(device)
    assert waited == [True] * 12 + [False] * 12
