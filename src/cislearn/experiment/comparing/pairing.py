"""Scores of contenders on the same loci, and their differences to the first, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from cislearn.errors import UserError
from cislearn.evaluation.resamples import Resamples
from cislearn.evaluation.tables import comparison_table, score_table
from cislearn.experiment.comparing.contenders import Contender, names
from cislearn.experiment.comparing.predicted import Predicted
from cislearn.schema import TaskSpec

DIFFERENCE = ("difference", "difference_low", "difference_high")
"""Columns with the difference to the first contender."""

ENOUGH_SEEDS = 5
"""Seeds from which a difference is a claim rather than a description."""


def paired_seeds(contenders: Sequence[Contender]) -> tuple[list[int], list[str]]:
    """Return the seeds that all trained contenders have, none where all are simple models, and a line that says so.

    Raises
    ------
    UserError
        Where there are trained contenders and no seed that all of them have.
    """
    trained = [each for each in contenders if not each.is_simple]
    if not trained:
        return [], ["no seeds: simple models"]
    each = [[seed for seed in contender.by_seed if seed is not None] for contender in trained]
    seeds = sorted(set.intersection(*map(set, each)))
    listed = " | ".join(", ".join(map(str, sorted(mine))) for mine in each)
    if not seeds:
        fix = "Train one of them from the seeds of the other: --set training.seeds=[0, 1, 2]"
        raise UserError(f"have no seed in common to be paired by: {listed}", where=names(trained), fix=fix)
    unused = "" if all(set(mine) == set(seeds) for mine in each) else f" (of {listed})"
    few = "; for a claim take five or more" if len(seeds) < ENOUGH_SEEDS else ""
    return seeds, [f"paired by seed: {', '.join(map(str, seeds))}{unused}{few}"]


def score_task(
    sides: Sequence[Predicted],
    task: TaskSpec,
    seeds: Sequence[int],
    clusters: Int64[np.ndarray, " n"],
    n_resamples: int = 1000,
) -> tuple[pd.DataFrame | None, list[str]]:
    """Score one task of every contender, and each against the first.

    Parameters
    ----------
    sides : list of Predicted
        The same loci in the same order.
    task : TaskSpec
        Which.
    seeds : list of int
        That all trained contenders have.
    clusters : ndarray, shape (n,)
        Cluster of loci of each row.
    n_resamples : int
        Of the bootstrap.

    Returns
    -------
    DataFrame or None
        See `Comparison`; None where the labels allow no score.
    list of str
        What is to be known of it.
    """
    each = np.stack([side.label(task) for side in sides])
    labels = np.where(np.isnan(each).any(axis=0), np.nan, each[0])
    known = labels[~np.isnan(labels)]
    if len(np.unique(known)) < 2:
        same = (
            f"all {len(known):,} labels of the shared test loci are {known[0]:g}" if len(known) else "no label is left"
        )
        return None, [f"{task.name}: {same}"]
    bootstrap = {"clusters": clusters, "n_resamples": n_resamples, "resamples": Resamples()}
    notes, tables = [], []
    baseline = sides[0].scored(task, seeds)
    for side in sides:
        mine = side.scored(task, seeds)
        if _is_constant(mine["logits"][:, ~np.isnan(labels)]):
            notes.append(f"{task.name}: {side.contender.name} gives every locus the same score")
        table = score_table(task.kind, labels, **mine, **bootstrap)  # type: ignore[arg-type]
        differences = None if side is sides[0] else _difference(task, labels, mine, baseline, bootstrap)
        tables.append(_about(side, task, _with_difference(table, differences)))
    return pd.concat(tables, ignore_index=True), notes


def _is_constant(logits: Float64[np.ndarray, "seeds n *classes"]) -> bool:
    """Whether, of some seed, all rows have the same logits."""
    return bool((np.ptp(logits, axis=1).reshape(len(logits), -1) == 0).all(axis=1).any())


def _difference(
    task: TaskSpec,
    labels: Float64[np.ndarray, " n"],
    mine: Mapping[str, Any],
    baseline: Mapping[str, Any],
    bootstrap: Mapping[str, Any],
) -> pd.DataFrame:
    times = max(len(mine["logits"]), len(baseline["logits"]))
    ours, theirs = _repeated(mine, times), _repeated(baseline, times)
    theirs = {"baseline" if key == "logits" else f"baseline_{key}": value for key, value in theirs.items()}
    return comparison_table(task.kind, labels, **ours, **theirs, **bootstrap)


def _repeated(inputs: Mapping[str, Any], times: int) -> dict[str, Any]:
    """A simple model beside several seeds is the same for each of them."""
    repeat = times // len(inputs["logits"])
    return {key: None if value is None else np.repeat(value, repeat, axis=0) for key, value in inputs.items()}


def _with_difference(table: pd.DataFrame, difference: pd.DataFrame | None) -> pd.DataFrame:
    if difference is None:
        return table.assign(**dict.fromkeys(DIFFERENCE, np.nan))
    columns = dict(zip(("difference", "low", "high"), DIFFERENCE, strict=True))
    return table.merge(difference[["metric", *columns]].rename(columns=columns), on="metric", how="left")


def _about(side: Predicted, task: TaskSpec, table: pd.DataFrame) -> pd.DataFrame:
    contender = side.contender
    about: dict[str, object] = {"run": contender.name, "method": contender.method, "protocol": contender.protocol}
    whose = "sources" if contender.target is None else "target"
    about |= {"label_share": contender.label_share, "share_of": whose, "other_labels": contender.other_labels}
    about |= {"domain": side.domains, "task": task.name}
    return pd.concat([pd.DataFrame([about] * len(table), index=table.index), table], axis=1)
