"""All that is told of found motifs, in tables: how often, what for, called what, in which seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import nn

from cislearn.explain.discovered import Attributed, discover, seqlets
from cislearn.explain.filters import Rule, align, motifs_of
from cislearn.explain.influence import influence
from cislearn.explain.layer import motif_layer
from cislearn.explain.marginal import column_of, marginalise
from cislearn.explain.matching import CHANCE, Q, by_chance, information, is_named, match, own_orders, trimmed
from cislearn.explain.stability import recurrence
from cislearn.explain.windows import Windows
from cislearn.motifs.matrix import Motif
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec
from cislearn.sequence.shuffle import shuffle_dinucleotides

MOST_WINDOWS = 2_000
"""Windows that filters are silenced on, unless it is told how many."""
BACKGROUNDS = 100
"""Shuffled windows that motifs are put into."""


@dataclass(frozen=True)
class Found:
    """Motifs and what is known of them.

    Parameters
    ----------
    motifs : list of Motif
        The most influential first.
    table : DataFrame
        One row each, in the same order; see docs/motifs.md for its columns.
    matches : DataFrame
        See `cislearn.explain.matching.match`.
    about : dict
        Plain values that say what was done, among them filters ``dropped``, the share ``unmatched``, and how many of
        these match and have too ``few_orders`` to be named.
    further : dict
        Other tables by the name of their file.
    """

    motifs: list[Motif]
    table: pd.DataFrame
    matches: pd.DataFrame
    about: dict[str, Any]
    further: dict[str, pd.DataFrame] = field(default_factory=dict)


def filter_motifs(
    members: Mapping[int, nn.Module],
    windows: Windows,
    known: Sequence[Motif],
    *,
    rule: Rule = "half_maximum",
    layer: str | None = None,
    task: str | None = None,
    silenced_on: int = MOST_WINDOWS,
    device: torch.device | str = "cpu",
    progress: Progress = silent,
) -> Found:
    """Return the motifs of the filters that read the bases, in the models of one or several seeds.

    Parameters
    ----------
    members : mapping of int to nn.Module
        Models of one spec by seed, as `load_members` gives them.
    windows : Windows
        Held out from training, with labels where there are some.
    known : list of Motif
        See `collection`.
    rule, layer
        See `align` and `motif_layer`.
    task : str, optional
        The task for whose logit motifs are put into shuffled windows; of a model with one task that one. A model that
        reads tracks is not asked.
    silenced_on : int
        Windows that filters are silenced on, drawn at random where there are more.
    device, progress
        Where to compute; hears how far it is.

    Raises
    ------
    UserError
        Where layer or task are not there, windows are too short, or memelite is not installed.
    """
    spec = cast(DataSpec, next(iter(members.values())).spec)
    task = marginal_task(spec, task)
    by_seed: dict[int, list[Motif]] = {}
    tables, n_filters, name = [], 0, ""
    drawn = windows.drawn(silenced_on)
    background = _background(windows) if task is not None else None
    for seed, model in members.items():
        progress(f"aligning the sites of seed {seed}")
        chosen = motif_layer(model, layer)
        aligned = align(model, chosen, windows, rule)
        motifs = motifs_of(aligned, [filter_name(seed, number) for number in range(chosen.n_filters)])
        by_seed[seed], n_filters, name = list(motifs.values()), n_filters + chosen.n_filters, chosen.name
        numbers = list(motifs)
        table = pd.DataFrame({
            "motif": _identifiers(list(motifs.values())),
            "seed": seed,
            "filter": numbers,
            "sites": aligned.n_sites[numbers],
            "windows": aligned.n_windows[numbers],
        })  # fmt: skip
        effects = influence(model, chosen, drawn, numbers, device=device, progress=progress)
        tables.append(_with_effects(table, effects))
        if background is not None and task is not None:
            cores = [trimmed(motif) for motif in motifs.values()]
            tables[-1] = tables[-1].merge(
                _marginal(marginalise(model, cores, background, task)), on="motif", how="left"
            )
    found = [motif for motifs in by_seed.values() for motif in motifs]
    about = {
        "kind": "filters", "layer": name, "rule": rule, "filters": n_filters, "dropped": n_filters - len(found),
        "windows": windows.n, "silenced_on": drawn.n, "seeds": list(members), "marginal": task,
    }  # fmt: skip
    table = pd.concat(tables, ignore_index=True)
    if len(members) > 1:
        progress("comparing seeds")
        recurs = recurrence(by_seed, known)
        table.insert(5, "recurs", table["motif"].map(recurs))
    order = [column for column in map(str, table) if column.startswith("change_")]
    strength = np.sqrt((table[order].to_numpy(float) ** 2).mean(axis=1)) if len(table) else np.zeros(0)
    return _named(found, table, strength, known, about, progress)


def attributed_motifs(attributed: Attributed, known: Sequence[Motif], *, progress: Progress = silent) -> Found:
    """Return the motifs that TF-MoDISco makes of attributions, and the seqlets of tangermeme.

    Parameters
    ----------
    attributed : Attributed
        See `read_attributions`.
    known, progress
        See `filter_motifs`.

    Raises
    ------
    UserError
        Where modisco, tangermeme or memelite are not installed, or windows are too short.
    """
    progress("finding seqlets")
    stretches = seqlets(attributed)
    progress("clustering them (TF-MoDISco)")
    motifs = discover(attributed)
    table = pd.DataFrame({
        "motif": _identifiers(motifs),
        "sites": np.array([motif.n_sites for motif in motifs], dtype=np.int64),
    })  # fmt: skip
    about = {"kind": "attributions", "windows": len(attributed.one_hot), "dropped": 0}
    found = _named(motifs, table, table["sites"].to_numpy(float), known, about, progress)
    return Found(found.motifs, found.table, found.matches, found.about, {"seqlets.tsv": stretches})


def _identifiers(motifs: Sequence[Motif]) -> pd.Series:
    """Names as text also where there are none: an empty column of numbers could not be joined with matches."""
    return pd.Series([motif.identifier for motif in motifs], dtype=object)


def filter_name(seed: int, number: int) -> str:
    """Return what the motif of a filter is called."""
    return f"seed_{seed}.filter_{number}"


def marginal_task(spec: DataSpec, task: str | None) -> str | None:
    """Return the task whose logit motifs are asked for alone, or None.

    Raises
    ------
    UserError
        For a task that is not there.
    """
    if task is not None:
        column_of(spec, task)
        return None if spec.tracks else task
    only = spec.tasks[0]
    return only.name if len(spec.tasks) == 1 and only.n_logits == 1 and not spec.tracks else None


def _background(windows: Windows) -> np.ndarray:
    drawn = windows.drawn(BACKGROUNDS)
    return shuffle_dinucleotides(np.ascontiguousarray(drawn.read(np.arange(drawn.n))[0]), np.random.default_rng(0))


def _with_effects(table: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """Put ``change``, ``loss`` and ``auroc`` of each task beside the filters."""
    for task, rows in effects.groupby("task", sort=False):
        named = {name: f"{name}_{task}" for name in ("change", "loss", "auroc")}
        table = table.merge(rows.drop(columns="task").rename(columns=named), on="filter", how="left")
    return table


def _marginal(found: pd.DataFrame) -> pd.DataFrame:
    return found.rename(columns={name: f"alone_{name}" for name in ("mean", "low", "high")})


def _named(
    motifs: Sequence[Motif],
    table: pd.DataFrame,
    strength: np.ndarray,
    known: Sequence[Motif],
    about: dict[str, Any],
    progress: Progress,
) -> Found:
    """Put the best match beside each motif, and the strongest first."""
    progress("matching (the first time on a machine Tomtom is compiled, which takes a minute)")
    matches = match(motifs, known)
    best = matches.drop_duplicates("motif")[["motif", "match", "name", "p", "q"]]
    table.insert(1, "information", [float(information(motif).sum()) for motif in motifs])
    table = table.merge(best, on="motif", how="left")
    table["by_chance"] = by_chance(motifs, known, table["p"].to_numpy(float)) if motifs else np.zeros(0)
    order = np.argsort(-strength, kind="stable")
    q = table["q"].to_numpy(float)
    named = is_named(q, table["by_chance"].to_numpy(float))
    has_few = np.array([own_orders(motif) > CHANCE for motif in motifs], dtype=bool)
    about["few_orders"] = int(((q <= Q) & ~named & has_few).sum())
    about |= {"known": len(known), "q": Q, "chance": CHANCE, "unmatched": float(1 - named.mean()) if motifs else np.nan}
    return Found([motifs[number] for number in order], table.iloc[order].reset_index(drop=True), matches, about)
