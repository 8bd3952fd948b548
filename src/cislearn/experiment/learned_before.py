"""What the runs that a training begins at have learned from labels: those windows are no test of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import UInt64

from cislearn.data.parts import LEFT_OUT, TEST, SplitResult, check_what_is_left
from cislearn.errors import UserError
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.roles import Roles
from cislearn.runs import SEEN, RunFolder, runs_under

WHY = "were learned from by the run that training begins at"
FIX = (
    "Split both by chromosome and alike, so that what was learned is learned again and not tested; or say"
    " data.split.leaks: keep."
)


def read_seen(run: RunFolder) -> UInt64[np.ndarray, " m"]:
    """Return the hashes, equal for both strands, of the windows whose labels a run saw.

    Raises
    ------
    UserError
        Where the file is absent or damaged.
    """
    path = run.path / SEEN
    try:
        return np.load(path)
    except FileNotFoundError as error:
        raise UserError("is missing: the run is not whole", where=path, fix="Train it again.") from error
    except (OSError, ValueError, EOFError) as error:
        raise UserError("cannot be read: it is truncated or damaged", where=path, fix="Train it again.") from error


def windows_learned(config: ExperimentConfig) -> UInt64[np.ndarray, " m"]:
    """Return `read_seen` of the runs of ``training.init_from`` together; none where training begins afresh.

    Raises
    ------
    UserError
        Where there is no finished run, or one is not whole.
    """
    seen = [read_seen(run) for run in _begun_at(config)]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *seen]))


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
    """Take test rows whose windows were learned from before out of the split, each with its reason.

    With ``leaks: keep`` they stay, and a note says how many they are.

    Raises
    ------
    UserError
        Where a class of a domain is then left without a test row, or there is no finished run.
    """
    windows = windows_learned(config)
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
