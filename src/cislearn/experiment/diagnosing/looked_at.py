"""What the diagnoses look at: a few rows of either side, drawn at random, and their features; a few binary tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from cislearn.evaluation.domain_classifier import standardised
from cislearn.experiment.roles import Roles
from cislearn.experiment.setting import Setting
from cislearn.models.network import Network
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.schema import DataSpec, TaskSpec

MOST_ROWS = 1_500
"""Of either side in each part."""
MOST_TASKS = 4
"""Binary tasks that are looked at, the first ones."""


@dataclass(frozen=True)
class Features:
    """What a network makes of rows of the sources and of the target.

    Parameters
    ----------
    rows : ndarray, shape (n,), int64
        Rows of the dataset, the sources' first.
    is_target : ndarray, shape (n,), bool
        Which side each is of.
    values : ndarray, shape (n, f)
        Their features, on the forward strand; of a conjoined network, on both.
    """

    rows: Int[np.ndarray, " n"]
    is_target: Bool[np.ndarray, " n"]
    values: Float[np.ndarray, "n f"]

    def standardised(self) -> Features:
        """Return them with mean 0 and variance 1, or the first principal components of many."""
        return replace(self, values=standardised(self.values)) if len(self.rows) else self


def binary_tasks(spec: DataSpec) -> list[TaskSpec]:
    """Return the first `MOST_TASKS` binary tasks."""
    return [task for task in spec.tasks if task.kind == "binary"][:MOST_TASKS]


def draw_rows(rows: Int[np.ndarray, " n"], most: int = MOST_ROWS) -> Int[np.ndarray, " m"]:
    """Return `most` of the rows, or all, in order; the same ones in each run."""
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def drawn_rows(roles: Roles, part: Literal["train", "valid", "test"]) -> list[Int[np.ndarray, " m"]]:
    """Return rows of the sources and rows of the target in one part. No label decides which."""
    return [draw_rows(roles.rows("sources", part)), draw_rows(roles.rows("target", part))]


def look_at(setting: Setting, network: Network, part: Literal["train", "valid", "test"]) -> Features:
    """Compute the features of the drawn rows of both sides in one part."""
    source, target = drawn_rows(setting.roles, part)
    rows, dataset = np.concatenate([source, target]), setting.roles.dataset
    if len(rows) == 0:
        return Features(rows, np.zeros(0, bool), np.zeros((0, network.n_features), np.float32))
    predictor = NetworkPredictor(network, setting.device.torch)
    values = predict_rows(predictor.features, dataset.sequences, rows, dataset.spec.margin, tracks=dataset.tracks)
    return Features(rows, np.arange(len(rows)) >= len(source), values)
