"""The models that ``cislearn predict`` was given, and what goes with their logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from cislearn.cli.show import console
from cislearn.engine.devices import choose_device
from cislearn.prediction.loading import load_members, load_temperatures, load_thresholds
from cislearn.runs import runs_under


class Loaded(NamedTuple):
    """The seeds of a method, which are averaged.

    Parameters
    ----------
    members : list of Module
        One a seed.
    temperatures : list of mapping
        By task, one a seed.
    thresholds : mapping
        By task; empty where the models are read otherwise than they were calibrated.
    device : device
        Where they compute.
    """

    members: Sequence[nn.Module]
    temperatures: Sequence[Mapping[str, float]]
    thresholds: Mapping[str, float]
    device: torch.device


def load(run: Path, method: str | None, reverse_complement: str | None, device: str) -> Loaded:
    """Load the seeds of a method and say which it is."""
    members = load_members(run, method, reverse_complement)
    chosen = choose_device(device)  # type: ignore[arg-type]
    titles = {folder.info["method"] for folder in runs_under(run, method)}
    console().print(f"  method {', '.join(sorted(titles))}, {len(members)} seed(s) averaged; device: {chosen}")
    temperatures = load_temperatures(run, method, reverse_complement)
    return Loaded(members, temperatures, load_thresholds(run, method, reverse_complement), chosen.torch)
