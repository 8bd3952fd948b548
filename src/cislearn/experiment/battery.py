"""The battery: simple models fitted to the training windows whose labels may be seen, and shown beside every result."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int, Shaped

from cislearn.atomic import write_json
from cislearn.baselines import BASELINES, Baseline, Windows, baseline
from cislearn.data.clusters import chromosome_names, has_locus
from cislearn.data.dataset import Dataset
from cislearn.experiment.claim import with_options
from cislearn.experiment.methods import of_sources, of_target
from cislearn.experiment.predictions import choose_temperatures, choose_thresholds, prediction_table
from cislearn.experiment.roles import Roles
from cislearn.experiment.seen import seen_of, write_seen
from cislearn.progress import silent
from cislearn.reports.numbers import duration
from cislearn.runs import FORMAT, RUN, SEEN_PLACES, RunFolder
from cislearn.tables import write_table

if TYPE_CHECKING:
    from cislearn.experiment.setting import Setting

MOST_WINDOWS = 20_000
"""Training windows that a simple model is fitted to, drawn at random where there are more."""

_SCORED: tuple[Literal["valid", "test"], ...] = ("valid", "test")

_AT_ONCE = 8_192
"""Windows predicted at a time."""

LEFT_OUT = "left_out.json"
"""Which simple models an experiment has none of, and why."""

NOT_FITTED = "not fitted: the labelled training windows are not of both classes"

_NONE: Mapping[str, Mapping[str, Any]] = MappingProxyType({})

Fitted = dict[str, list[Baseline | None]]
"""Simple models by name, one each task; None where the training windows are not of both classes."""


@dataclass(frozen=True)
class SimpleModel:
    """A simple model in the tables: it has a title and a protocol as methods have.

    Parameters
    ----------
    title : str
        Its name.
    share, source_share : float
        Of the target's and of the sources' labels, how many it has seen.
    """

    title: str
    share: float = 0.0
    source_share: float = 1.0

    def protocol(self, selection: str) -> str:
        """What its numbers are; no selection touches it."""
        return f"honest: {of_target(self.share)}{of_sources(self.source_share)}"


Options = Mapping[str, Mapping[str, Any]]
"""Of simple models, by their name; none where a name is not there."""


def left_out_of_battery(dataset: Dataset, names: Sequence[str], options: Options = _NONE) -> dict[str, str]:
    """Return which simple models say nothing about a dataset, with the reason."""
    if any(task.kind != "binary" for task in dataset.spec.tasks):
        return dict.fromkeys(names, "not every task is binary, and a simple model ranks windows by a binary label")
    left_out = {}
    for name in names:
        if BASELINES[name].reads_locus and not has_locus(dataset.loci).any():
            left_out[name] = "no coordinates are known"
        elif (shortest := baseline(name, **options.get(name, {})).shortest) > dataset.spec.length:
            left_out[name] = f"windows have {dataset.spec.length} bp, and its words {shortest}"
    return left_out


def fit_battery(setting: Setting, wanted: Options, folder: Path, identity: str) -> dict[SimpleModel, RunFolder]:
    """Fit simple models to each task and write their predictions, where that is not done yet.

    Parameters
    ----------
    setting : Setting
        Data and reporter.
    wanted : mapping of str to mapping
        Which, each with its options.
    folder : Path
        Each model is a run in a folder of its own below it; ``left_out.json`` says which have none, and why.
    identity : str
        Hash of the data and the split.

    Returns
    -------
    dict of SimpleModel to RunFolder
        Without those that say nothing about this dataset.
    """
    if not wanted:
        return {}
    roles = setting.roles
    left_out = left_out_of_battery(roles.dataset, list(wanted), wanted)
    write_json(folder / LEFT_OUT, left_out)
    labels = setting.config.data.labels
    simple = {name: SimpleModel(name, labels.target, labels.sources) for name in wanted if name not in left_out}
    runs = {name: RunFolder(folder / name) for name in simple}
    identities = {name: with_options(identity, wanted[name]) for name in runs}
    new = [name for name, run in runs.items() if not _is_kept(run, identities[name])]
    if new:
        setting.reporter.note(f"simple models: {', '.join(name.replace('_', ' ') for name in new)}")
        models = fit_models(roles, new, wanted, setting.reporter.note)
        parts = [roles.rows(side, part) for side in roles.sides for part in _SCORED]
        rows = np.sort(np.concatenate(parts))
        logits = predict_models(roles.dataset, models, rows)
        for name in new:
            predictions = prediction_table(roles, partial(_of_rows, logits[name], rows))
            _write(roles, simple[name], models[name], predictions, runs[name], identities[name])
    return {simple[name]: run for name, run in runs.items()}


def _is_kept(run: RunFolder, identity: str) -> bool:
    """Whether the run is there, of this identity, and says where what it has seen lies: the first ones did not."""
    return run.is_finished and run.info["identity"] == identity and (run.path / SEEN_PLACES).is_file()


def fit_models(
    roles: Roles, names: Sequence[str], options: Options = _NONE, say: Callable[[str], None] = silent
) -> Fitted:
    """Fit simple models to the training windows whose labels may be seen, those of the target's share among them.

    Each task is by itself; equal work is done once for all.

    Parameters
    ----------
    roles : Roles
        All tasks binary.
    names : list of str
        Which.
    options : mapping, optional
        Theirs.
    say : callable, optional
        Hears of each model that takes long, before it is fitted.
    """
    dataset, rows = roles.dataset, roles.seen_rows("both", "train")
    labels = dataset.labels_float(rows)
    models: Fitted = {name: [] for name in names}
    drawn, windows = np.zeros(0, dtype=np.int64), read_windows(dataset, rows[:0])
    for answers in labels.T:
        # Where tasks are labelled in the same rows, the same ones are drawn, and what is counted on them is shared.
        mine = np.random.default_rng(0).permutation(np.flatnonzero(~np.isnan(answers)))[:MOST_WINDOWS]
        if not np.array_equal(mine, drawn):
            drawn, windows = mine, read_windows(dataset, rows[mine])
        for name in names:
            model = baseline(name, **options.get(name, {}))
            models[name].append(_fitted(model, windows, answers[mine], say))
    return models


def _fitted(
    model: Baseline, windows: Windows, labels: Shaped[np.ndarray, " n"], say: Callable[[str], None]
) -> Baseline | None:
    if len(np.unique(labels)) < 2:
        return None
    windows.once((model.name, "told"), lambda: _tell_cost(model, windows, say))
    model.fit(windows, labels)
    return model


def _tell_cost(model: Baseline, windows: Windows, say: Callable[[str], None]) -> None:
    if (cost := model.expected_cost(windows)) is not None:
        seconds, n_bytes = cost
        say(f"{model.name.replace('_', ' ')}: about {duration(seconds)} and {n_bytes / 1e6:,.0f} MB for all tasks")


def predict_models(
    dataset: Dataset, models: Mapping[str, Sequence[Baseline | None]], rows: Int[np.ndarray, " n"]
) -> dict[str, Float32[np.ndarray, "n t"]]:
    """Return the logits that fitted simple models give rows of a dataset, 0 where there is no model of a task."""
    logits = {name: np.zeros((len(rows), len(fitted)), dtype=np.float32) for name, fitted in models.items()}
    there = [(name, t, model) for name, fitted in models.items() for t, model in enumerate(fitted) if model is not None]
    motifs = sorted({motif for _, _, model in there for motif in model.motifs})
    for first in range(0, len(rows), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        windows = read_windows(dataset, rows[part])
        if motifs:
            windows.matches(motifs)  # all at once: see `Baseline.motifs`
        for name, t, model in there:
            logits[name][part, t] = model.predict(windows)
    return logits


def _of_rows(
    logits: Float32[np.ndarray, "n t"], rows: Int[np.ndarray, " n"], wanted: Int[np.ndarray, " m"]
) -> Float32[np.ndarray, "m t"]:
    return logits[np.searchsorted(rows, wanted)]


def read_windows(dataset: Dataset, rows: Int[np.ndarray, " n"]) -> Windows:
    """Return what simple models may read of rows of a dataset."""
    loci = dataset.loci.iloc[rows]
    chromosomes = np.where(has_locus(loci), chromosome_names(loci), "").astype(str)
    inner = slice(dataset.spec.margin, dataset.spec.margin + dataset.spec.length)
    return Windows(np.ascontiguousarray(dataset.sequences.gather(rows)[:, inner]), chromosomes)


def _write(
    roles: Roles,
    simple: SimpleModel,
    models: Sequence[Baseline | None],
    predictions: pd.DataFrame,
    run: RunFolder,
    identity: str,
) -> None:
    """Write the run of one simple model: what it learned, its predictions, its record."""
    shutil.rmtree(run.path, ignore_errors=True)
    shutil.rmtree(run.partial, ignore_errors=True)
    write_table(run.partial / "predictions.parquet", predictions)
    spec = roles.dataset.spec
    tasks = [task.name for task in spec.tasks]
    learned = {task: model.parameters() if model else None for task, model in zip(tasks, models, strict=True)}
    write_json(run.partial / "baseline.json", learned)
    seen = roles.seen_rows("both", "valid")
    rows = np.concatenate([roles.seen_rows("both", "train"), seen])
    write_seen(seen_of(roles.dataset, rows), run.partial)
    record = {
        "format": FORMAT,
        "method": simple.title,
        "identity": identity,
        "target": roles.target,
        "protocol": simple.protocol("none"),
        "detail": {task: model.detail if model else NOT_FITTED for task, model in zip(tasks, models, strict=True)},
        "thresholds": choose_thresholds(predictions, spec, seen),
        "temperatures": choose_temperatures(predictions, spec, seen),
    }
    write_json(run.partial / RUN, record)
    run.finish()
