"""What numbers a training computes with."""

from __future__ import annotations

from typing import Literal

import torch

from cislearn.engine.devices import Device
from cislearn.engine.environment import cpu_has_bf16

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


def choose_precision(wanted: Literal["auto"] | Precision, device: Device) -> Precision:
    """Return `wanted`, or for ``auto`` bfloat16 where the device computes in it itself, else 32 bits.

    Weights, loss and optimiser stay in 32 bits either way; bfloat16 has the range of a float32 and 8 bits of precision.
    """
    if wanted != "auto":
        return wanted
    has_bf16 = torch.cuda.is_bf16_supported() if device.accelerator == "cuda" else cpu_has_bf16()
    return "bf16-mixed" if has_bf16 and device.accelerator in ("cpu", "cuda") else "32-true"
