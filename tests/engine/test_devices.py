from __future__ import annotations

import pytest
import torch

from cislearn.engine.devices import Device, choose_device, seed_generator
from cislearn.errors import UserError


@pytest.fixture
def found(monkeypatch):
    """Pretend that PyTorch finds these accelerators."""

    def pretend(*names):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in names)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "H100")
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in names)

    return pretend


@pytest.mark.parametrize(
    ("there", "wanted", "line"),
    [
        ((), "auto", "cpu (6 threads); no GPU found"),
        ((), "cpu", "cpu (6 threads); no GPU found"),
        (("cuda",), "auto", "cuda (H100)"),
        (("cuda",), "gpu", "cuda (H100)"),
        (("cuda",), "cpu", "cpu (6 threads); a GPU (H100) is there and is not used"),
        (("mps",), "auto", "mps (Apple GPU)"),
        (("mps",), "cpu", "cpu (6 threads); a GPU (Apple GPU) is there and is not used"),
        (("cuda", "mps"), "gpu", "cuda (H100)"),
    ],
)
def test_the_device_is_never_a_secret(found, monkeypatch, there, wanted, line):
    found(*there)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    device = choose_device(wanted)
    assert str(device) == line
    assert device.torch.type == device.accelerator


def test_a_gpu_that_is_asked_for_and_absent_is_an_error_with_what_to_do(found):
    found()
    with pytest.raises(UserError, match=r"training\.device is gpu, but PyTorch finds none") as caught:
        choose_device("gpu")
    assert "auto" in caught.value.fix


def test_without_a_remark_none_is_printed():
    assert str(Device("cuda", "H100")) == "cuda (H100)"


def test_a_seed_gives_the_numbers_of_manual_seed():
    torch.manual_seed(2**62 + 3)
    expected = torch.rand(5)
    seed_generator(torch.device("cpu"), 2**62 + 3)
    torch.testing.assert_close(torch.rand(5), expected, rtol=0, atol=0)
