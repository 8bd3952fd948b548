"""Which device does the work. It is never a secret: it is printed, recorded, and a GPU left unused is pointed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from cislearn.errors import UserError, nearest

DeviceName = Literal["auto", "cpu", "gpu"]


@dataclass(frozen=True)
class Device:
    """The chosen device.

    Parameters
    ----------
    accelerator : {"cpu", "cuda", "mps"}
        As PyTorch and Lightning name it.
    name : str
        For people: the GPU's name, or the number of CPU threads.
    remark : str
        What the user should know: that no GPU was found, or that one is there and unused.
    """

    accelerator: str
    name: str
    remark: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.accelerator} ({self.name})" + (f"; {self.remark}" if self.remark else "")

    @property
    def torch(self) -> torch.device:
        """The PyTorch device."""
        return torch.device(self.accelerator)


def choose_device(wanted: DeviceName = "auto") -> Device:
    """Return the device for `wanted`: ``auto`` takes a GPU where there is one.

    Raises
    ------
    UserError
        Where a GPU is asked for and there is none, or for another word.
    """
    if wanted not in get_args(DeviceName):
        raise UserError(f"device {wanted!r} is not known{nearest(wanted, get_args(DeviceName))}")
    threads = f"{torch.get_num_threads()} threads"
    found = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else ""
    if wanted == "cpu" or (wanted == "auto" and not found):
        remark = f"a GPU ({_gpu_name(found)}) is there and is not used" if found else "no GPU found"
        return Device("cpu", threads, remark)
    if not found:
        raise UserError(
            "training.device is gpu, but PyTorch finds none here",
            fix="Set training.device: auto, or install a PyTorch build for your GPU; `cislearn doctor` shows both.",
        )
    return Device(found, _gpu_name(found))


def _gpu_name(accelerator: str) -> str:
    return torch.cuda.get_device_name() if accelerator == "cuda" else "Apple GPU"


def seed_generator(device: torch.device, seed: int) -> None:
    """Seed what draws on the CPU and on `device`, to the numbers that `torch.manual_seed` gives.

    That one keeps for each kind of device that is not in use a note of the call, with its traceback: in a step of a
    small network they take a tenth of the time.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
