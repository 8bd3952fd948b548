"""One file a way of learning. Importing this package registers all of them."""

from cislearn.objectives import (
    adabn,
    adversarial,
    cdan,
    fixmatch,
    ladder,
    masked,
    masked_first,
    mean_teacher,
    mmd,
    moments,
    noisy_student,
    self_training,
    supervised,
)

__all__ = [
    "adabn",
    "adversarial",
    "cdan",
    "fixmatch",
    "ladder",
    "masked",
    "masked_first",
    "mean_teacher",
    "mmd",
    "moments",
    "noisy_student",
    "self_training",
    "supervised",
]
