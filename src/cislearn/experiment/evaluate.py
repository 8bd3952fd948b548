"""Score trained models on a dataset that they have not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import Dataset
from cislearn.errors import UserError
from cislearn.evaluation.tables import score_table
from cislearn.models.saving import ModelCard, read_card
from cislearn.prediction.loading import load_members
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.runs import runs_under


def evaluate_on(
    path: Path, dataset: Dataset, *, method: str | None = None, device: torch.device | str = "cpu"
) -> pd.DataFrame:
    """Score the runs under `path` on every labelled row of `dataset`, each domain by itself.

    Parameters
    ----------
    path : Path
        A run, a method's folder, or an experiment.
    dataset : Dataset
        Of the same window length, with at least one task of the same name.
    method : str, optional
        Of an experiment with several methods.
    device : torch.device or str
        Where to compute.

    Returns
    -------
    DataFrame
        method, domain, task, the columns of `score_table` over all seeds, and the protocol and selection of the runs.

    Raises
    ------
    UserError
        Where the model was trained on this very dataset, or lengths or tasks do not fit.
    """
    runs = runs_under(path, method)
    made = runs[0].info
    cards = [read_card(run.path) for run in runs]
    _check(cards[0], dataset, path)
    members = load_members(path, method)
    clusters, tables = locus_clusters(dataset), []
    tasks = {task.name: task for task in cards[0].spec.tasks}
    for domain in dataset.spec.domains:
        rows = np.flatnonzero((dataset.loci["domain"] == domain).to_numpy())
        labels = dataset.labels_float(rows)
        rows, labels = rows[~np.isnan(labels).all(axis=1)], labels[~np.isnan(labels).all(axis=1)]
        if len(rows) == 0:
            continue
        logits = np.stack(
            [
                predict_rows(NetworkPredictor(each, device).predict, dataset.sequences, rows, dataset.spec.margin)
                for each in members
            ]
        )
        for t, spec in enumerate(dataset.spec.tasks):
            if tasks.get(spec.name) == spec:
                columns = cards[0].spec.columns(spec.name)
                mine = logits[:, :, columns] if spec.kind == "multiclass" else logits[:, :, columns.start]
                thresholds = [card.extra["thresholds"].get(spec.name, np.nan) for card in cards]
                table = score_table(
                    spec.kind,  # type: ignore[arg-type]
                    labels[:, t].astype(np.float64),
                    mine.astype(np.float64),
                    clusters[rows],
                    thresholds=np.array(thresholds) if spec.kind == "binary" else None,
                )
                about = {"method": made["method"], "domain": domain, "task": spec.name}
                stamped = table.assign(protocol=made["protocol"], selection=made["selection"])
                tables.append(pd.DataFrame([about] * len(table)).join(stamped))
    if not tables:
        raise UserError("has no labelled row", where=dataset.path)
    return pd.concat(tables, ignore_index=True)


def _check(card: ModelCard, dataset: Dataset, path: Path) -> None:
    if card.extra.get("dataset") == dataset.hash:
        raise UserError(
            "is the dataset that this model was trained on",
            where=dataset.path,
            fix=f"The scores on its held-out test part stand in {path / 'summary.tsv'}; give another dataset.",
        )
    if dataset.spec.length != card.spec.length:
        raise UserError(
            f"has windows of {dataset.spec.length} bp; the model reads {card.spec.length}",
            where=dataset.path,
            fix=f"Prepare it with --length {card.spec.length}.",
        )
    if not set(card.spec.tasks) & set(dataset.spec.tasks):
        theirs = ", ".join(f"{task.name} ({task.kind})" for task in dataset.spec.tasks)
        ours = ", ".join(f"{task.name} ({task.kind})" for task in card.spec.tasks)
        raise UserError(
            f"has tasks {theirs}; the model was trained for {ours}",
            where=dataset.path,
            fix="Name the task alike (prepare --task NAME).",
        )
