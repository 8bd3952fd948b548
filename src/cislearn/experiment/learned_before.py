"""What the runs that a training begins at have learned from labels: those windows are no test of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from cislearn.data.parts import LEFT_OUT, TEST, SplitResult, check_what_is_left
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.roles import Roles
from cislearn.experiment.seen import Seen, read_seen, seen_together
from cislearn.runs import RunFolder, runs_under

WHY = "were learned from by the run that training begins at"
FIX = (
    "Split both by chromosome and alike, so that what was learned is learned again and not tested; or say"
    " data.split.leaks: keep."
)


def seen_before(config: ExperimentConfig) -> Seen:
    """Return what the runs of ``training.init_from`` have seen together; nothing where training begins afresh.

    Raises
    ------
    UserError
        Where there is no finished run, or one is not whole.
    """
    return seen_together([read_seen(run) for run in _begun_at(config)])


def domains_learned(config: ExperimentConfig) -> set[str]:
    """Return the domains whose labels those runs saw.

    Raises
    ------
    UserError
        Where there is no finished run.
    """
    return {name for run in _begun_at(config) for name in run.info.get("labels_of", ())}


def _begun_at(config: ExperimentConfig) -> list[RunFolder]:
    return [] if config.training.init_from is None else runs_under(config.training.init_from)


def leave_out_learned(roles: Roles, config: ExperimentConfig) -> Roles:
    """Take test rows whose windows were learned from before, or overlap such ones, out of the split, with the reason.

    With ``leaks: keep`` they stay, and a note says how many they are.

    Raises
    ------
    UserError
        Where a class of a domain is then left without a test row, or there is no finished run.
    """
    seen = seen_before(config)
    if not len(seen.hashes):
        return roles
    split = roles.split
    is_known = (split.part == TEST) & seen.holds(roles.dataset.window_hashes, roles.dataset.loci)
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
