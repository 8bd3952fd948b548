"""Curves and scores from stored predictions: what the figures draw. No interval is computed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.evaluation.calibration import probabilities, reliability
from cislearn.reports.read import TARGET, ReportData, source_domains
from cislearn.reports.run import Run

OneCurve = Callable[[np.ndarray, np.ndarray], np.ndarray]
# Denser where ROC curves bend: near a false-positive rate of zero.
FALSE_POSITIVE_RATES = np.linspace(0, 1, 161) ** 2
# Without 0, where precision is of no call at all.
RECALLS = np.linspace(0, 1, 161)[1:]


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
    """Name the domains whose test rows make up `part`: the target, or all that are neither it nor bystanders."""
    if part == TARGET:
        return [data.target] if data.target else []
    roles = {domain["name"]: domain["role"] for domain in data.dataset.get("domains", [])}
    return source_domains(data.runs[0], data.target, roles)


def true_positive_rates(labels: np.ndarray, logits: np.ndarray) -> Float[np.ndarray, " n_points"]:
    """Return the true-positive rate at each of `FALSE_POSITIVE_RATES`, linear between thresholds."""
    from sklearn.metrics import roc_curve

    false_positives, true_positives, _ = roc_curve(labels, logits)
    return np.interp(FALSE_POSITIVE_RATES, false_positives, true_positives)


def precisions(labels: np.ndarray, logits: np.ndarray) -> Float[np.ndarray, " n_points"]:
    """Return the precision at each of `RECALLS`, as steps: a line would flatter (Davis and Goadrich 2006)."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(labels, logits)
    rising_recall, precision = recall[-2::-1], precision[-2::-1]  # less the point (0, 1), which is no threshold's
    at = np.searchsorted(rising_recall, RECALLS - 1e-12)
    return precision[np.minimum(at, len(precision) - 1)]


def roc_curves(data: ReportData, task: str, part: str) -> dict[str, Curves]:
    """Compute ROC curves of each method on `part`."""
    return _curves(data, task, part, FALSE_POSITIVE_RATES, true_positive_rates)


def precision_recall_curves(data: ReportData, task: str, part: str) -> dict[str, Curves]:
    """Compute precision at each recall of each method on `part`."""
    return _curves(data, task, part, RECALLS, precisions)


def _curves(data: ReportData, task: str, part: str, x: np.ndarray, one: OneCurve) -> dict[str, Curves]:
    """Curves of each method that has predictions with both classes on `part`."""
    domains, curves = domains_of(data, part), {}
    for method in data.methods:
        pairs = [run.scored(task, domains) for run in data.runs_of(method)]
        ordinates = [one(labels, logits) for labels, logits in pairs if len(np.unique(labels)) == 2]
        if ordinates:
            curves[method] = Curves(x, np.stack(ordinates))
    return curves


def prevalence(data: ReportData, task: str, part: str) -> float:
    """Share of positives among the labelled test rows of `task` on `part`; NaN without any."""
    labels = data.runs[0].scored(task, domains_of(data, part))[0]
    return float(labels.mean()) if len(labels) else float("nan")


def mean_scored(data: ReportData, task: str, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Give labels and the mean logits over seeds on the part that counts; a seed with other test rows is left out."""
    return _over_seeds(data, task, method, data.main_part, lambda run, logits: logits)


def reliability_bins(data: ReportData, task: str, part: str) -> dict[str, pd.DataFrame]:
    """Bin what each trained method predicts on `part`: the mean over seeds of each seed's probability.

    Returns
    -------
    dict of str to DataFrame
        Method to what `cislearn.evaluation.calibration.reliability` gives; methods without a labelled row are left out.
    """

    def probability(run: Run, logits: np.ndarray) -> np.ndarray:
        return probabilities(logits, run.temperature(task))

    found = {method: _over_seeds(data, task, method, part, probability) for method in data.methods}
    return {method: reliability(labels, mean) for method, (labels, mean) in found.items() if len(labels)}


def _over_seeds(
    data: ReportData, task: str, method: str, part: str, value: Callable[[Run, np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of `part` and the mean over seeds of a value of the logits; a seed with other test rows is left out."""
    pairs = [(run, *run.scored(task, domains_of(data, part))) for run in data.runs_of(method)]
    pairs = [pair for pair in pairs if len(pair[1]) and np.array_equal(pair[1], pairs[0][1])]
    if not pairs:
        return np.empty(0), np.empty(0)
    return pairs[0][1], np.mean([value(run, logits) for run, _, logits in pairs], axis=0)
