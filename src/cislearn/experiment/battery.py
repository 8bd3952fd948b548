"""The battery: simple models fitted to the sources' training windows and shown beside every result."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from cislearn.atomic import write_json
from cislearn.baselines import Baseline, baseline
from cislearn.experiment.predictions import choose_thresholds, prediction_table
from cislearn.experiment.roles import Roles
from cislearn.experiment.setting import Setting
from cislearn.prediction.predictor import predict_rows
from cislearn.runs import FORMAT, RUN, RunFolder, write_table

MOST_WINDOWS = 20_000
"""Training windows that a simple model is fitted to, drawn at random where there are more."""


@dataclass(frozen=True)
class SimpleModel:
    """A simple model in the tables: it has a title and a protocol as methods have."""

    title: str

    def protocol(self, selection: str) -> str:
        """What its numbers are; no selection touches it."""
        return "honest: no target label seen"


def fit_battery(setting: Setting, names: Sequence[str], folder: Path, identity: str) -> dict[SimpleModel, RunFolder]:
    """Fit simple models to each binary task and write its predictions, where that is not done yet.

    Parameters
    ----------
    setting : Setting
        Data and reporter.
    names : list of str
        Which.
    folder : Path
        Each model is a run in a folder of its own below it.
    identity : str
        Hash of the data and the split.

    Returns
    -------
    dict of SimpleModel to RunFolder
        Empty where a task is not binary: these models rank windows by one label.
    """
    if any(task.kind != "binary" for task in setting.roles.dataset.spec.tasks):
        return {}
    found = {}
    for name in names:
        run = RunFolder(folder / name)
        if not (run.is_finished and run.info["identity"] == identity):
            setting.reporter.note(f"simple model: {name.replace('_', ' ')}")
            _fit_one(setting.roles, name, run, identity)
        found[SimpleModel(name)] = run
    return found


def _fit_one(roles: Roles, name: str, run: RunFolder, identity: str) -> None:
    shutil.rmtree(run.path, ignore_errors=True)
    shutil.rmtree(run.partial, ignore_errors=True)
    dataset = roles.dataset
    rows = roles.rows("sources", "train")
    labels = dataset.labels_float(rows)
    models = []
    for t in range(len(dataset.spec.tasks)):
        seen = np.flatnonzero(~np.isnan(labels[:, t]))
        drawn = np.sort(np.random.default_rng(0).permutation(seen)[:MOST_WINDOWS])
        models.append(baseline(name))
        models[-1].fit(_windows(roles, rows[drawn]), labels[drawn, t])
    predictions = prediction_table(roles, partial(_logits, roles, models))
    write_table(run.partial / "predictions.parquet", predictions)
    tasks = [task.name for task in dataset.spec.tasks]
    write_json(run.partial / "baseline.json", {t: m.parameters() for t, m in zip(tasks, models, strict=True)})
    record = {
        "format": FORMAT,
        "method": name,
        "identity": identity,
        "target": roles.target,
        "detail": {task: model.detail for task, model in zip(tasks, models, strict=True)},
        "thresholds": choose_thresholds(predictions, dataset.spec, roles.sources),
    }
    write_json(run.partial / RUN, record)
    run.finish()


def _windows(roles: Roles, rows: Int[np.ndarray, " n"]) -> np.ndarray:
    spec = roles.dataset.spec
    return roles.dataset.sequences.gather(rows)[:, spec.margin : spec.margin + spec.length]


def _logits(roles: Roles, models: list[Baseline], rows: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n t"]:
    sequences, margin = roles.dataset.sequences, roles.dataset.spec.margin
    return np.concatenate([predict_rows(m.predict, sequences, rows, margin, chunk=16_384) for m in models], axis=1)
