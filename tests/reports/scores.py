"""Every metric of a task, by scikit-learn where it has it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    log_loss,
    matthews_corrcoef,
    precision_recall_curve,
    r2_score,
    roc_auc_score,
)

from cislearn.evaluation.calibration import calibration_error
from cislearn.evaluation.profiles.names import COUNTS, MEANS

BINARY = (
    "AUROC", "AUPRC", "lift", "recall at 5% FDR", "recall at 10% FDR", "F1", "MCC", "F1 at .5", "calibration error",
)  # fmt: skip
PROFILE = (*MEANS.values(), *COUNTS)
TEMPERATURE = 1.5


def score(columns: pd.DataFrame, task: str, kind: str) -> list[dict[str, Any]]:
    """Rows of the summary, without intervals."""
    n_positive = prevalence = float("nan")
    labels = columns[f"label_{task}"].to_numpy() if kind != "profile" else np.zeros(len(columns))
    if kind == "profile":
        values = {name: 0.2 + 0.01 * place for place, name in enumerate(PROFILE)}
    elif kind == "binary":
        logits = columns[f"logit_{task}"].to_numpy()
        values = score_binary(labels, logits)
        n_positive, prevalence = labels.sum(), labels.mean()
    elif kind == "regression":
        logits = columns[f"logit_{task}"].to_numpy()
        values = {
            "Pearson": np.corrcoef(labels, logits)[0, 1],
            "R2": r2_score(labels, logits),
            "MSE": np.mean((labels - logits) ** 2),
        }
    else:
        logits = np.stack([columns[f"logit_{task}_{k}"] for k in range(3)], axis=1)
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        values = {
            "accuracy": accuracy_score(labels, logits.argmax(1)),
            "log loss": log_loss(labels, probabilities),
        }
    return [
        {
            "task": task,
            "metric": metric,
            "estimate": value,
            "n": len(labels),
            "n_positive": n_positive,
            "prevalence": prevalence,
        }
        for metric, value in values.items()
    ]


def score_binary(labels: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    """Every metric of a binary task, by scikit-learn where it has it."""
    precision, recall, _ = precision_recall_curve(labels, logits)
    average = average_precision_score(labels, logits)
    values = (
        roc_auc_score(labels, logits),
        average,
        average / labels.mean(),
        *(max([0.0, *recall[precision >= 1 - fdr]]) for fdr in (0.05, 0.1)),
        f1_score(labels, logits > 0),
        matthews_corrcoef(labels, logits > 0),
        f1_score(labels, logits > 0),
        calibration_error(labels, 1 / (1 + np.exp(-logits / TEMPERATURE))),
    )
    return dict(zip(BINARY, values, strict=True))
