"""Curves and scores from stored predictions: what the figures draw. No interval is computed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cislearn.reports.read import TARGET, ReportData, Run

OneCurve = Callable[[np.ndarray, np.ndarray], np.ndarray]
# Denser where ROC curves bend: near a false-positive rate of zero.
FALSE_POSITIVE_RATES = np.linspace(0, 1, 161) ** 2
RECALLS = np.linspace(0, 1, 161)


@dataclass(frozen=True)
class Curves:
    """One curve a seed on common abscissae.

    Parameters
    ----------
    x : Float64 (n_points,)
        False-positive rate, or recall.
    seeds : Float64 (n_seeds, n_points)
        True-positive rate, or precision.
    """

    x: Float[np.ndarray, " n_points"]
    seeds: Float[np.ndarray, "n_seeds n_points"]

    @property
    def mean(self) -> Float[np.ndarray, " n_points"]:
        """Mean over seeds at each abscissa."""
        return self.seeds.mean(axis=0)


def domains_of(data: ReportData, part: str) -> list[str]:
    """Domains whose test rows make up `part`: the target, or every domain that is neither it nor a bystander."""
    if part == TARGET and data.target is not None:
        return [data.target]
    roles = {domain["name"]: domain["role"] for domain in data.dataset.get("domains", [])}
    found = dict.fromkeys(name for run in data.runs[:1] for name in run.predictions["domain"].astype(str))
    return [name for name in found if name != data.target and roles.get(name, "source") == "source"]


def scored(run: Run, task: str, domains: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) and logits, (n,) or (n, n_classes), of the labelled test rows of `task` in `domains`."""
    table = run.predictions[run.predictions["domain"].astype(str).isin(domains)]
    columns = logit_columns(run, task)
    if f"label_{task}" not in table.columns or not columns:
        return np.empty(0), np.empty(0)
    table = table[table[f"label_{task}"].notna()]
    logits = table[columns].to_numpy(float)
    return table[f"label_{task}"].to_numpy(float), logits[:, 0] if len(columns) == 1 else logits


def logit_columns(run: Run, task: str) -> list[str]:
    """``logit_<task>``, or ``logit_<task>_0``, ``_1`` ... where the task has several classes."""
    if f"logit_{task}" in run.predictions.columns:
        return [f"logit_{task}"]
    numbered = [f"logit_{task}_{index}" for index in range(len(run.predictions.columns))]
    return [name for name in numbered if name in run.predictions.columns]


def roc_curves(data: ReportData, task: str, part: str) -> dict[str, Curves]:
    """Compute ROC curves of each method on `part`, linear between thresholds."""
    from sklearn.metrics import roc_curve

    def one(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
        false_positives, true_positives, _ = roc_curve(labels, logits)
        return np.interp(FALSE_POSITIVE_RATES, false_positives, true_positives)

    return _curves(data, task, part, FALSE_POSITIVE_RATES, one)


def precision_recall_curves(data: ReportData, task: str, part: str) -> dict[str, Curves]:
    """Compute precision at each recall, as steps: a line between thresholds would flatter (Davis and Goadrich 2006)."""
    from sklearn.metrics import precision_recall_curve

    def one(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
        precision, recall, _ = precision_recall_curve(labels, logits)
        rising_recall, precision = recall[-2::-1], precision[-2::-1]  # less the point (0, 1), which is no threshold's
        at = np.searchsorted(rising_recall, RECALLS - 1e-12)
        return precision[np.minimum(at, len(precision) - 1)]

    return _curves(data, task, part, RECALLS, one)


def _curves(data: ReportData, task: str, part: str, x: np.ndarray, one: OneCurve) -> dict[str, Curves]:
    """Curves of each method that has predictions with both classes on `part`."""
    domains, curves = domains_of(data, part), {}
    for method in data.methods:
        pairs = [scored(run, task, domains) for run in data.runs_of(method)]
        ordinates = [one(labels, logits) for labels, logits in pairs if len(np.unique(labels)) == 2]
        if ordinates:
            curves[method] = Curves(x, np.stack(ordinates))
    return curves


def prevalence(data: ReportData, task: str, part: str) -> float:
    """Share of positives among the labelled test rows of `task` on `part`; NaN without any."""
    labels = scored(data.runs[0], task, domains_of(data, part))[0]
    return float(labels.mean()) if len(labels) else float("nan")


def mean_scored(data: ReportData, task: str, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Give labels and the mean logits over seeds on the part that counts; a seed with other test rows is left out."""
    pairs = [scored(run, task, domains_of(data, data.main_part)) for run in data.runs_of(method)]
    pairs = [pair for pair in pairs if len(pair[0]) and np.array_equal(pair[0], pairs[0][0])]
    if not pairs:
        return np.empty(0), np.empty(0)
    return pairs[0][0], np.mean([logits for _, logits in pairs], axis=0)
