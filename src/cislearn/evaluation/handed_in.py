"""What can be wrong with scores that somebody hands in: some are not numbers, or they are calls and no scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from cislearn.errors import UserError

CALLS = (
    "the scores are only 0 and 1: calls, not scores. The AUROC of calls is their balanced accuracy, and no other "
    "threshold can be tried; hand in the probabilities or logits that the calls were made from"
)
"""The remark that belongs beside numbers made from calls."""


def are_calls(scores: Shaped[np.ndarray, "*shape"]) -> bool:
    """Whether `scores` are only 0 and 1, so that somebody has put a threshold on them; False where there are none."""
    scores = np.asarray(scores)
    return scores.size > 0 and bool(np.isin(scores, (0, 1)).all())


def how_many_are_nan(scores: Shaped[np.ndarray, "n ..."]) -> str:
    """Say how many rows of `scores` hold a NaN, and which is the first of them; empty where none does."""
    missing = np.flatnonzero(np.isnan(scores).any(axis=tuple(range(1, np.ndim(scores)))))
    if len(missing) == 0:
        return ""
    return f"{len(missing):,} of {len(scores):,} scores are NaN, the first in row {missing[0]:,}, counted from 0"


def refuse_nan(scores: Shaped[np.ndarray, "n ..."], *, where: str | Path | None = None) -> None:
    """Refuse scores of which some are NaN: no rank is right for them.

    Raises
    ------
    UserError
        With how many there are, and the first row.
    """
    problem = how_many_are_nan(scores)
    if problem:
        raise UserError(problem, where=where, fix="Give every row a number, or leave the row out.")
