"""Every metric by one import. Those of the name ``*_many`` evaluate many weight vectors at once, for the bootstrap."""

from __future__ import annotations

from cislearn.evaluation.calibration import calibration_error, calibration_error_many
from cislearn.evaluation.calls import (
    accuracy,
    accuracy_many,
    f1,
    f1_many,
    log_loss,
    log_loss_many,
    mcc,
    mcc_many,
)
from cislearn.evaluation.ranking import (
    auprc,
    auprc_many,
    auroc,
    auroc_many,
    best_threshold,
    lift,
    lift_many,
    recall_at_fdr,
    recall_at_fdr_many,
)
from cislearn.evaluation.regression import (
    mean_squared_error,
    mean_squared_error_many,
    pearson,
    pearson_many,
    r2,
    r2_many,
    spearman,
    spearman_many,
)

__all__ = [
    "accuracy",
    "accuracy_many",
    "auprc",
    "auprc_many",
    "auroc",
    "auroc_many",
    "best_threshold",
    "calibration_error",
    "calibration_error_many",
    "f1",
    "f1_many",
    "lift",
    "lift_many",
    "log_loss",
    "log_loss_many",
    "mcc",
    "mcc_many",
    "mean_squared_error",
    "mean_squared_error_many",
    "pearson",
    "pearson_many",
    "r2",
    "r2_many",
    "recall_at_fdr",
    "recall_at_fdr_many",
    "spearman",
    "spearman_many",
]
