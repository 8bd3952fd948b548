"""Class by class: what each method gains over the supervised one, and which classes have no score."""

from __future__ import annotations

import pandas as pd
from scipy.stats import spearmanr

from cislearn.studies.dssda.scores import TOGETHER

BASELINE = "supervised"


def of_classes(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows of single classes of one metric; `estimate` is NaN where all scored windows have one label."""
    return scores[(scores["task"] != TOGETHER) & (scores["metric"] == metric)]


def class_gains(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return each class's score minus that of `BASELINE` with the same labels.

    Parameters
    ----------
    scores : DataFrame
        Of one set, protocol and network: labels, task, method, metric, estimate, prevalence.
    metric : str
        Which.

    Returns
    -------
    DataFrame
        labels, method, task, prevalence, gain; classes without a score, and trials without the baseline, are left out.
    """
    mine = of_classes(scores, metric)
    base = mine[mine["method"] == BASELINE][["labels", "task", "estimate"]].rename(columns={"estimate": "base"})
    both = mine[mine["method"] != BASELINE].merge(base, on=["labels", "task"])
    both = both.assign(gain=both["estimate"] - both["base"]).dropna(subset="gain")
    return both[["labels", "method", "task", "prevalence", "gain"]].reset_index(drop=True)


def rank_by_size(gains: pd.DataFrame) -> float:
    """Return the rank correlation of gain and share of positives over classes; NaN of two or less."""
    return float(spearmanr(gains["gain"], gains["prevalence"]).statistic) if len(gains) > 2 else float("nan")


def left_out(scores: pd.DataFrame) -> tuple[int, int]:
    """Return how many classes have no score anywhere in these rows, and how many classes there are."""
    by_task = of_classes(scores, "AUROC").groupby("task")["estimate"].count()
    return int((by_task == 0).sum()), len(by_task)
