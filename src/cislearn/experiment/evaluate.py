"""Score trained models on a dataset that they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import nn

from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import Dataset
from cislearn.errors import UserError
from cislearn.evaluation.delong import delong
from cislearn.evaluation.handed_in import refuse_nan
from cislearn.evaluation.tables import score_table
from cislearn.experiment.profile_scores import observed_counts, predicted_profiles, profile_scores
from cislearn.experiment.seen import read_seen, seen_together
from cislearn.models.saving import ModelCard, read_card
from cislearn.models.strands import refuse_rna
from cislearn.prediction.loading import load_members
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.runs import runs_under
from cislearn.schema import TaskSpec


def evaluate_on(
    path: Path, dataset: Dataset, *, method: str | None = None, device: torch.device | str = "cpu"
) -> pd.DataFrame:
    """Score the runs under `path` on every labelled row of `dataset` that is new to them, each domain by itself.

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
        The columns of `score_table` over all seeds, with task, method, domain, left_out (windows that are not scored:
        training saw their labels, on either strand, or that of one that they overlap), and the protocol and selection
        of the runs. Of a single run also delong_low and delong_high, DeLong's interval of the AUROC, for rows that are
        independent.

    Raises
    ------
    UserError
        Where the model was trained on this very dataset, lengths or tasks do not fit, or a score is NaN.
    """
    runs = runs_under(path, method)
    cards = [read_card(run.path) for run in runs]
    dataset = _as_read(cards[0], dataset)
    _check(cards[0], dataset, path)
    new = ~seen_together([read_seen(run) for run in runs]).holds(dataset.window_hashes, dataset.loci)
    labelled, clusters, tables = dataset.is_labelled, locus_clusters(dataset), []
    members, made = load_members(path, method), runs[0].info
    for code, domain in enumerate(dataset.spec.domains):
        rows = np.flatnonzero((dataset.domain_codes == code) & labelled & new)
        if len(rows):
            logits = _logits(members, dataset, rows, device)
            for run, each in zip(runs, logits, strict=True):
                refuse_nan(each, where=run.path)
            about = {"method": made["method"], "domain": domain}
            about |= {"left_out": int(((dataset.domain_codes == code) & labelled & ~new).sum())}
            about |= {"protocol": made["protocol"], "selection": made["selection"]}
            tables += [table.assign(**about) for table in _score(cards, dataset, rows, logits, clusters[rows])]
    if not tables:
        why = "has no labelled row" if not labelled.any() else "has no labelled window that training did not see"
        raise UserError(why, where=dataset.path)
    return pd.concat(tables, ignore_index=True)


def _logits(
    members: Sequence[nn.Module], dataset: Dataset, rows: Int[np.ndarray, " n"], device: torch.device | str
) -> Float[np.ndarray, "members n t"]:
    predictors = [NetworkPredictor(member, device) for member in members]
    margin, tracks = dataset.spec.margin, dataset.tracks
    return np.stack([predict_rows(p.predict, dataset.sequences, rows, margin, tracks=tracks) for p in predictors])


def _score(
    cards: Sequence[ModelCard],
    dataset: Dataset,
    rows: Int[np.ndarray, " n"],
    logits: Float[np.ndarray, "members n t"],
    clusters: Int[np.ndarray, " n"],
) -> list[pd.DataFrame]:
    """One table for each task that the model was trained for."""
    labels, tables = dataset.labels_float(rows).astype(np.float64), []
    for t, task in enumerate(dataset.spec.tasks):
        if task in cards[0].spec.tasks:
            mine = logits[:, :, cards[0].spec.columns(task.name)].astype(np.float64)
            if task.kind == "profile":
                mine = _profile_scores(dataset, task, rows, mine)
            mine = mine if mine.shape[2] > 1 else mine[:, :, 0]
            chosen = _chosen(cards, task) if task.kind == "binary" else {}
            table = score_table(task.kind, labels[:, t], mine, clusters, **chosen)  # type: ignore[arg-type]
            if task.kind == "binary" and len(cards) == 1:
                table = _with_delong(table, labels[:, t], mine[0])
            tables.append(table.assign(task=task.name))
    return tables


def _profile_scores(
    dataset: Dataset, task: TaskSpec, rows: Int[np.ndarray, " n"], logits: Float[np.ndarray, "members n c"]
) -> Float[np.ndarray, "members n k"]:
    """What each member's profiles are scored by."""
    observed = observed_counts(dataset, task, rows)
    each = [profile_scores(task, observed, predicted_profiles(task, of_member)) for of_member in logits]
    return np.stack([np.column_stack(list(columns.values())) for columns in each])


def _chosen(cards: Sequence[ModelCard], task: TaskSpec) -> dict[str, Float[np.ndarray, " members"]]:
    """What each run chose for a binary task on its validation data."""
    return {
        "thresholds": np.array([card.extra["thresholds"].get(task.name, np.nan) for card in cards]),
        "temperatures": np.array([card.temperature(task.name) for card in cards]),
    }


def _with_delong(table: pd.DataFrame, labels: Float[np.ndarray, " n"], scores: Float[np.ndarray, " n"]) -> pd.DataFrame:
    """Put DeLong's interval beside the AUROC."""
    seen = ~np.isnan(labels)
    found, is_area = delong(labels[seen], scores[seen]), table["metric"] == "AUROC"
    ends = {"delong_low": found.low, "delong_high": found.high}
    return table.assign(**{name: np.where(is_area, end, np.nan) for name, end in ends.items()})


def _as_read(card: ModelCard, dataset: Dataset) -> Dataset:
    """Return the dataset as the model reads it: a model of sequence alone leaves tracks unread."""
    if not card.spec.tracks:
        return dataset.without_tracks()
    if card.spec.tracks != dataset.spec.tracks:
        ours, theirs = (
            ", ".join(f"{track.name} ({track.rc})" for track in spec.tracks) or "none"
            for spec in (card.spec, dataset.spec)
        )
        raise UserError(
            f"has tracks {theirs}; the model reads {ours}",
            where=dataset.path,
            fix="Prepare it with the same --track names in the same order, and the same --track-rule.",
        )
    return dataset


def _check(card: ModelCard, dataset: Dataset, path: Path) -> None:
    if card.extra.get("dataset") == dataset.hash:
        raise UserError(
            "is the dataset that this model was trained on",
            where=dataset.path,
            fix=f"The scores on its held-out test part stand in {path / 'summary.tsv'}; give another dataset.",
        )
    if card.predict != "forward":
        refuse_rna(dataset.spec, f"this model (reverse complement {card.predict})")
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
