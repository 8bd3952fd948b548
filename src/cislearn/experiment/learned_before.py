"""What the runs that a training begins at have learned from labels: those windows are no test of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import UInt64

from cislearn.data.parts import LEFT_OUT, TEST, SplitResult, check_what_is_left
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.roles import Roles
from cislearn.runs import SEEN, runs_under

WHY = "were learned from by the run that training begins at"
FIX = (
    "Split both by chromosome and alike, so that what was learned is learned again and not tested; or say"
    " data.split.leaks: keep."
)


@dataclass(frozen=True)
class LearnedBefore:
    """Whose labels training begins with.

    Parameters
    ----------
    windows : ndarray, shape (m,), uint64
        Hashes, equal for both strands, of the windows whose labels were seen.
    domains : frozenset of str
        Domains of these labels.
    """

    windows: UInt64[np.ndarray, " m"]
    domains: frozenset[str]

    @classmethod
    def of(cls, config: ExperimentConfig) -> LearnedBefore:
        """Return what the runs of ``training.init_from`` saw; nothing where training begins from random weights.

        Raises
        ------
        UserError
            Where there is no finished run.
        """
        path = config.training.init_from
        runs = [] if path is None else runs_under(path)
        windows = [np.load(run.path / SEEN) for run in runs]
        domains = frozenset(name for run in runs for name in run.info.get("labels_of", ()))
        return cls(np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *windows])), domains)


def leave_out_learned(roles: Roles, config: ExperimentConfig) -> Roles:
    """Take test rows whose windows were learned from before out of the split, each with its reason.

    With ``leaks: keep`` they stay, and a note says how many they are.

    Raises
    ------
    UserError
        Where a class of a domain is then left without a test row, or there is no finished run.
    """
    windows = LearnedBefore.of(config).windows
    if not len(windows):
        return roles
    split = roles.split
    is_known = (split.part == TEST) & np.isin(roles.dataset.window_hashes, windows)
    rows = np.flatnonzero(is_known)
    if not len(rows):
        return roles
    counted = f"{len(rows):,} of {int((split.part == TEST).sum()):,} test rows {WHY}"
    if config.data.split.leaks == "keep":
        kept = SplitResult(split.part, split.how, [*split.notes, f"leaks are kept: {counted}"], split.left_out)
        return replace(roles, split=kept)
    part = np.where(is_known, LEFT_OUT, split.part).astype(split.part.dtype)
    reasons = pd.DataFrame({"row": rows, "reason": "the run that training begins at learned from it"})
    left_out = pd.concat([split.left_out, reasons], ignore_index=True)
    cleaned = SplitResult(part, split.how, [*split.notes, f"{counted}, and are left out"], left_out)
    check_what_is_left(roles.dataset, split, cleaned, why=WHY, fix=FIX)
    return replace(roles, split=cleaned)
