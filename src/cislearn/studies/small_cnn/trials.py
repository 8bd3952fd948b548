"""Which networks are trained: the two that were published, each of the five changes alone, and all but one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from cislearn.models.encoders.small_cnn import MODIFIED
from cislearn.studies.study import Size

Loss = Literal["squared error", "cross-entropy"]
LOSSES: tuple[Loss, ...] = ("squared error", "cross-entropy")
"""The first is printed in the published code of both networks; the log of the modified one is of the second."""
ORIGINAL, ALL = "original", "modified"
CHANGES = {
    "padding": "zeros about the window",
    "pool": "maxima of 5 positions",
    "hidden": "ten dense layers",
    "dropout": "dropout",
    "outputs": "softmax of two",
}
"""In words, the changes of `MODIFIED`."""
SEEDS, EPOCHS = 10, 10
SEEDS_OF_CHANGES = {"desk": 5, "paper": SEEDS}


class Trial(NamedTuple):
    """One network with one loss, trained from each of the seeds."""

    network: str
    options: Mapping[str, Any]
    """Of the encoder ``small_cnn``."""
    loss: Loss
    seeds: tuple[int, ...] = tuple(range(SEEDS))
    epochs: int = EPOCHS


def alone(change: str) -> str:
    """Return the name of the original network with one change."""
    return f"{ORIGINAL}, {change}"


def all_but(change: str) -> str:
    """Return the name of the modified network without one change."""
    return f"{ALL}, no {change}"


def small_cnn_trials(size: Size) -> list[Trial]:
    """Return the trials of a size: both published networks with both losses, then the changes with cross-entropy.

    Smoke has the published networks alone, for two epochs of two seeds.
    """
    published: dict[str, Mapping[str, Any]] = {ORIGINAL: {}, ALL: MODIFIED}
    if size == "smoke":
        return [Trial(name, each, loss, (0, 1), 2) for name, each in published.items() for loss in LOSSES]
    changed: dict[str, Mapping[str, Any]] = {alone(name): {name: value} for name, value in MODIFIED.items()}
    for left_out in MODIFIED:
        changed[all_but(left_out)] = {name: value for name, value in MODIFIED.items() if name != left_out}
    seeds = tuple(range(SEEDS_OF_CHANGES[size]))
    return [
        *(Trial(name, each, loss) for name, each in published.items() for loss in LOSSES),
        *(Trial(name, each, "cross-entropy", seeds) for name, each in changed.items()),
    ]
