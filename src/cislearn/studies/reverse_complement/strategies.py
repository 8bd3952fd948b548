"""What is trained about the second strand, and which readings of a trained network are strategies with a name."""

from __future__ import annotations

from typing import Any, NamedTuple

TRAININGS: dict[str, dict[str, Any]] = {
    "augmented": {"train": "augment", "predict": "forward"},
    "none": {"train": "forward", "predict": "forward"},
    "conjoined": {"train": "conjoined"},
    "conjoined-maximum": {"train": "conjoined", "join": "maximum"},
    "rcps": {"train": "equivariant"},
    "rcps-average": {"train": "equivariant", "merge": "average"},
    "rcps-weighted": {"train": "equivariant", "merge": "weighted_sum"},
    "rcps-half": {"train": "equivariant", "filters": "half"},
    "hybrid": {"train": "equivariant"},
    "rcps-unnormalised": {"train": "equivariant"},
    "augmented-unnormalised": {"train": "augment", "predict": "forward"},
}
"""What is trained, as ``model.reverse_complement`` says it. One network trained with augmentation is two strategies."""
OPTIONS: dict[str, dict[str, Any]] = {
    "hybrid": {"hybrid": True},
    "rcps-unnormalised": {"batch_norm": False},
    "augmented-unnormalised": {"batch_norm": False},
}
"""Options of the encoder: a hybrid conjoins all convolutions and is RCPS from there; RCPS as published has in effect no
batch norm, and what that is worth to a network of one strand stands beside it."""


class Strategy(NamedTuple):
    """A strategy by its name: a training, and how its networks are read."""

    training: str
    reading: str


BASELINE = "post-hoc conjoined"
STRATEGIES: dict[str, Strategy] = {
    "none": Strategy("none", "forward"),
    "augmented": Strategy("augmented", "forward"),
    "conjoined in training": Strategy("conjoined", "mean"),
    "conjoined in training, maximum": Strategy("conjoined-maximum", "maximum"),
    BASELINE: Strategy("augmented", "mean"),
    "post-hoc of un-augmented": Strategy("none", "mean"),
    "RCPS": Strategy("rcps", "forward"),
    "RCPS, average": Strategy("rcps-average", "forward"),
    "RCPS, weighted sum": Strategy("rcps-weighted", "forward"),
    "RCPS, half filters": Strategy("rcps-half", "forward"),
    "hybrid, all": Strategy("hybrid", "forward"),
    "RCPS, no batch norm": Strategy("rcps-unnormalised", "forward"),
    "augmented, no batch norm": Strategy("augmented-unnormalised", "forward"),
    "post-hoc conjoined, no batch norm": Strategy("augmented-unnormalised", "mean"),
    "conjoined, embedded in RCPS": Strategy("conjoined", "embedded"),
    "conjoined, embedded and fine-tuned": Strategy("conjoined", "fine-tuned"),
}
"""By the paper's names, in the order of its table; the last two answer a question that it left open."""
