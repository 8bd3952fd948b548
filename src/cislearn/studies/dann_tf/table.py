"""Scores of the study as one tidy table, and the published numbers in the same form."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pandas as pd

from cislearn.data.marker import read_marker
from cislearn.studies.study import Trial

BASELINES = {"0": "source_only"}
BASELINE = "source_and_target"
"""Of every share above 0: it sees the same labels as the adversarial network, as often."""
PLACE = ["protocol", "network", "labels", "factor", "cell"]


def baseline_of(share: str) -> str:
    """Return the method that an adversarial network with `share` per cent of the labels is held against."""
    return BASELINES.get(share, BASELINE)


def published_scores() -> pd.DataFrame:
    """Return the published numbers: source, factor, cell, labels, method, metric, value, mark."""
    path = files("cislearn.studies.dann_tf").joinpath("published.tsv")
    with path.open(encoding="utf-8") as stream:
        return pd.read_csv(stream, sep="\t", dtype={"labels": str})


def mean_over_folds(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores with the plain mean over folds, as published; counts of folds and seeds beside.

    Returns
    -------
    DataFrame
        ``PLACE``, method, metric, estimate, difference, better, worse (folds whose interval clears 0), folds, n_seeds.
    """
    # Differences are to the first method: where that was not run yet there are none.
    columns = dict.fromkeys([*scores, "difference", "difference_low", "difference_high"])
    scores = scores.reindex(columns=list(columns))
    scores = scores.assign(
        better=(scores["difference_low"] > 0).astype(float), worse=(scores["difference_high"] < 0).astype(float)
    )
    grouped = scores.groupby([*PLACE, "method", "metric"], sort=False)
    mean = grouped[["estimate", "difference", "better", "worse"]].mean()
    counts = grouped.agg(folds=("fold", "nunique"), n_seeds=("n_seeds", "max"))
    return mean.join(counts).reset_index()


def source_counts(trials: Sequence[Trial]) -> dict[tuple[str, str], int]:
    """Return how many cell types each factor and cell of the trials is learned from: all but the target."""
    data = {(trial.keys["factor"], trial.keys["cell"]): trial.config.data.path for trial in trials}
    return {pair: len(read_marker(path)["spec"]["domains"]) - 1 for pair, path in data.items()}
