"""Scores of trained networks read on one strand, on the other, and on both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Float32, Int
from torch import nn

from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import Dataset
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.runs import RunFolder
from cislearn.studies.tasks_together import scores_together


def read_strands(
    networks: Sequence[nn.Module], dataset: Dataset, rows: Int[np.ndarray, " n"]
) -> Float32[np.ndarray, "seeds n 2 t"]:
    """Return the logits that each network gives rows on their strand and on the other."""
    predictors = [NetworkPredictor(network) for network in networks]
    return np.stack([predict_rows(p.strands, dataset.sequences, rows, dataset.spec.margin) for p in predictors])


def readings(strands: Float[np.ndarray, "seeds n 2 t"], names: Sequence[str]) -> dict[str, Float[np.ndarray, "s n t"]]:
    """Return the logits of each reading: ``forward``, ``reverse``, their ``mean`` and their ``maximum``."""
    made = {
        "forward": strands[:, :, 0],
        "reverse": strands[:, :, 1],
        "mean": strands.mean(axis=2),
        "maximum": strands.max(axis=2),
    }
    return {name: made[name] for name in names}


def clean_labels(dataset: Dataset, rows: Int[np.ndarray, " n"]) -> Float32[np.ndarray, "n t"]:
    """Return the labels of rows as they were before any were flipped for training."""
    labels = dataset.labels_float(rows)
    for t, task in enumerate(dataset.spec.tasks):
        if (name := f"clean_{task.name}") in dataset.loci:
            labels[:, t] = dataset.loci[name].to_numpy()[rows]
    return labels


def score_reading(
    dataset: Dataset,
    rows: Int[np.ndarray, " n"],
    logits: Float[np.ndarray, "seeds n t"],
    *,
    with_interval: bool = True,
) -> list[dict[str, Any]]:
    """Return a row for AUROC and one for AUPRC, each the mean over tasks, with every seed's value.

    The interval resamples clusters of loci and seeds together, all tasks of a locus with it.
    """
    labels = clean_labels(dataset, rows)
    return scores_together(labels, logits, locus_clusters(dataset)[rows], with_interval=with_interval)


def scores_table(
    networks: Sequence[nn.Module],
    runs: Sequence[RunFolder],
    dataset: Dataset,
    parts: Mapping[str, Int[np.ndarray, " n"]],
    names: Mapping[str, str],
) -> pd.DataFrame:
    """Return the scores of each part and reading.

    Parameters
    ----------
    networks : list of Module
        One a seed.
    runs : list of RunFolder
        Theirs.
    dataset : Dataset
        Whose rows they are.
    parts : mapping of str to ndarray
        Rows of each part; of ``train`` there is no interval.
    names : mapping of str to str
        Readings, by the name under which they stand in the table.
    """
    rows = []
    for part, mine in parts.items():
        read = readings(read_strands(networks, dataset, mine), list(names.values()))
        for name, reading in names.items():
            scores = score_reading(dataset, mine, read[reading], with_interval=part != "train")
            rows += [{"part": part, "reading": name, **score} for score in scores]
    seeds = " ".join(str(run.info["seed"]) for run in runs)
    return pd.DataFrame(rows).assign(seeds=seeds)


COSINE = "strand_gradient_cosine"
MOMENTS = {"first": 0.0, "middle": 0.5, "last": 1.0}
"""Validations of a training at which the cosine of the strands' gradients is told."""


def gradient_cosines(runs: Sequence[RunFolder]) -> pd.DataFrame:
    """Return how far the gradients of the two strands agreed over the trainings; empty where that was not logged."""
    histories = [pd.read_csv(run.path / "history.tsv", sep="\t") for run in runs]
    if not all(COSINE in history for history in histories):
        return pd.DataFrame()
    rows = []
    for name, share in MOMENTS.items():
        values = np.array([history[COSINE].iloc[round(share * (len(history) - 1))] for history in histories])
        sd = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        told = {"part": "train", "reading": "gradients", "metric": name, "estimate": float(values.mean())}
        rows.append(told | {"seeds_sd": sd, "n_seeds": len(values), "by_seed": " ".join(f"{v:.4f}" for v in values)})
    return pd.DataFrame(rows).assign(seeds=" ".join(str(run.info["seed"]) for run in runs))
