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
    "rcps-half": {"train": "equivariant", "filters": "half"},
}
"""What is trained, as ``model.reverse_complement`` says it. One network trained with augmentation is two strategies."""


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
    "RCPS, half filters": Strategy("rcps-half", "forward"),
    "conjoined, embedded in RCPS": Strategy("conjoined", "embedded"),
    "conjoined, embedded and fine-tuned": Strategy("conjoined", "fine-tuned"),
}
"""By the paper's names, in the order of its table; the last two answer a question that it left open."""
