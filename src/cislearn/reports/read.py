"""An experiment folder, or the folder of one run, as one value that the rest of the report draws from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.errors import UserError
from cislearn.reports.files import read_json, read_predictions, read_tsv
from cislearn.reports.measures import Kind, in_order, kind_of

SUMMARY_TEXT = ("method", "part", "domain", "task", "metric", "protocol", "selection")
SUMMARY_NUMBERS = ("estimate", "low", "high", "seeds_sd", "n_seeds", "n", "n_positive", "prevalence")
METRICS_TEXT = ("part", "domain", "task", "metric")
COMPARISON_TEXT = ("method", "baseline", "task", "metric")
COMPARISON_NUMBERS = ("difference", "low", "high", "n_seeds", "n")
TARGET, SOURCE = "target test", "source test"


@dataclass(frozen=True)
class Run:
    """One training: its scores, its test predictions, and how it went.

    Parameters
    ----------
    method, seed : str, int
        Which run of the experiment it is.
    metrics : DataFrame
        ``metrics.tsv``: part, domain, task, metric, estimate and more.
    predictions : DataFrame
        Test rows of ``predictions.parquet``.
    history : DataFrame, optional
        ``history.tsv``, one row a validation; None for what is fitted in one go.
    health : DataFrame, optional
        ``health.tsv``; None without an adversary.
    info : dict
        ``run.json``.
    """

    method: str
    seed: int
    metrics: pd.DataFrame
    predictions: pd.DataFrame
    history: pd.DataFrame | None
    health: pd.DataFrame | None
    info: Mapping[str, Any]


@dataclass(frozen=True)
class ReportData:
    """All that a report draws from; what an experiment does not have is empty.

    Parameters
    ----------
    name : str
        Of the experiment's folder.
    seeds : tuple of int
        In the order of the experiment.
    target : str, optional
        The domain adapted to.
    target_share : float
        Share of the target's labels that training may see; 0 where the configuration does not say.
    summary, comparison, distances : DataFrame
        ``summary.tsv``, ``comparison.tsv`` and ``domain_distance.tsv``.
    runs : tuple of Run
        Method by method, seed by seed.
    info, layers, dataset, environment : dict
        ``experiment.json``, ``model_summary.json``, ``data.json`` and ``environment.json``.
    config : str
        ``config.yaml`` as it stands.
    """

    name: str
    seeds: tuple[int, ...]
    target: str | None
    target_share: float
    summary: pd.DataFrame
    comparison: pd.DataFrame
    distances: pd.DataFrame
    runs: tuple[Run, ...]
    info: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[str, Any] = field(default_factory=dict)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    config: str = ""

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """Every method with a number, trained ones first, in the order of the experiment."""
        trained = [run.method for run in self.runs]
        return tuple(dict.fromkeys([*trained, *self.summary["method"]]))

    @cached_property
    def is_target_labelled(self) -> bool:
        """Whether there is any number for the target."""
        return bool(self.summary.loc[self.summary["part"] == TARGET, "estimate"].notna().any())

    @property
    def main_part(self) -> str:
        """The part that the report is about: the target's test loci if they have labels, else the source's."""
        return TARGET if self.is_target_labelled else SOURCE

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Tasks with a number, in the order of the summary."""
        return tuple(dict.fromkeys(self.summary["task"]))

    def metrics_of(self, task: str) -> list[str]:
        """Metrics of `task`, the one that stands for it first."""
        return in_order(self.summary.loc[self.summary["task"] == task, "metric"])

    def kind(self, task: str) -> Kind:
        """Tell the kind of `task` from the metrics that it is scored by."""
        return kind_of(self.metrics_of(task))

    def scores(self, part: str, task: str | None = None, metric: str | None = None) -> pd.DataFrame:
        """Rows of the summary for `part`, by choice of one task and metric."""
        rows = self.summary[self.summary["part"] == part]
        rows = rows if task is None else rows[rows["task"] == task]
        return rows if metric is None else rows[rows["metric"] == metric]

    def runs_of(self, method: str) -> list[Run]:
        """Give the runs of `method`, one a seed."""
        return [run for run in self.runs if run.method == method]

    def sees_target(self, method: str) -> bool:
        """Whether `method` learns from target labels (``target_labels`` in ``run.json``), as an upper bound does."""
        return any(run.info.get("target_labels", 0) for run in self.runs_of(method))

    def stamp(self, method: str) -> str:
        """``oracle`` where checkpoints of `method` were chosen with target labels, else nothing."""
        chosen = self.summary.loc[self.summary["method"] == method, "selection"]
        return "oracle" if "oracle" in set(chosen) else ""


def read_report_data(folder: Path) -> ReportData:
    """Read a finished experiment (it holds ``experiment.json``) or a single run (``run.json``).

    Raises
    ------
    UserError
        If `folder` is neither, or a file that a finished one has is absent or cut short; the message names it.
    """
    if (folder / "experiment.json").is_file():
        return _read_experiment(folder)
    if (folder / "run.json").is_file():
        return _read_single_run(folder)
    raise UserError(
        "holds neither experiment.json nor run.json", where=folder, fix="give the folder that `cislearn train` wrote"
    )


def _read_experiment(folder: Path) -> ReportData:
    """Read an experiment: every run of every method, and what stands beside them."""
    info = read_json(folder / "experiment.json")
    for key in ("methods", "seeds"):
        if not isinstance(info.get(key), list):
            raise UserError(f"has no list of {key}", where=folder / "experiment.json", fix="train it again")
    runs = [
        _read_run(folder / method / f"seed-{seed}", method, seed)
        for method in info["methods"]
        for seed in info["seeds"]
    ]
    summary = read_tsv(folder / "summary.tsv", text=SUMMARY_TEXT, numbers=SUMMARY_NUMBERS)
    if summary.empty:
        raise UserError("has no row", where=folder / "summary.tsv", fix="train it again")
    return ReportData(
        name=folder.resolve().name,
        seeds=tuple(info["seeds"]),
        target=info.get("target"),
        summary=summary,
        comparison=_optional_table(folder / "comparison.tsv", COMPARISON_TEXT, COMPARISON_NUMBERS),
        distances=_optional_table(folder / "domain_distance.tsv", ("method",), ("seed", "pad", "low", "high")),
        runs=tuple(runs),
        info=info,
        **_surroundings(folder, folder),
    )


def _read_single_run(folder: Path) -> ReportData:
    """Read one run as an experiment of one seed; what its own folder lacks is taken from the experiment around it."""
    info = read_json(folder / "run.json")
    run = _read_run(folder, str(info.get("method", folder.resolve().parent.name)), int(info.get("seed", 0)))
    in_target = run.metrics.loc[run.metrics["part"] == TARGET, "domain"]
    return ReportData(
        name=f"{folder.resolve().parent.name}/{folder.resolve().name}",
        seeds=(run.seed,),
        target=info.get("target", in_target.iloc[0] if len(in_target) else None),
        summary=_summary_of_one(run),
        comparison=_optional_table(Path(), COMPARISON_TEXT, COMPARISON_NUMBERS),
        distances=_optional_table(folder / "domain_distance.tsv", ("method",), ("seed", "pad", "low", "high")),
        runs=(run,),
        info=info,
        **_surroundings(folder, folder.resolve().parent.parent),
    )


def _summary_of_one(run: Run) -> pd.DataFrame:
    """Bring the metrics of one run into the columns of a summary; what it does not say is ``unknown``."""
    table = run.metrics.assign(method=run.method, n_seeds=1.0, seeds_sd=np.nan)
    absent_text = {name: str(run.info.get(name, "unknown")) for name in SUMMARY_TEXT if name not in table.columns}
    absent_numbers = {name: np.nan for name in SUMMARY_NUMBERS if name not in table.columns}
    return table.assign(**absent_text, **absent_numbers)


def _read_run(folder: Path, method: str, seed: int) -> Run:
    """Read the folder of one run."""
    info = read_json(folder / "run.json")
    header = (
        (folder / "metrics.tsv").read_text().partition("\n")[0].split("\t")
        if (folder / "metrics.tsv").is_file()
        else []
    )
    also_text = [name for name in ("method", "protocol", "selection") if name in header]
    history, health = folder / "history.tsv", folder / "health.tsv"
    return Run(
        method=method,
        seed=seed,
        metrics=read_tsv(folder / "metrics.tsv", text=(*METRICS_TEXT, *also_text), numbers=("estimate",)),
        predictions=read_predictions(folder / "predictions.parquet"),
        history=read_tsv(history, text=(), numbers=("step",)) if history.is_file() else None,
        health=read_tsv(health, text=(), numbers=("step",)) if health.is_file() else None,
        info=info,
    )


def _optional_table(path: Path, text: tuple[str, ...], numbers: tuple[str, ...]) -> pd.DataFrame:
    """Read a table that not every experiment has; one without rows where it is absent."""
    return read_tsv(path, text=text, numbers=numbers) if path.is_file() else pd.DataFrame(columns=[*text, *numbers])


def _surroundings(folder: Path, around: Path) -> dict[str, Any]:
    """Read what tells how the numbers came about: data, model, environment, configuration; each may be absent."""

    def find(name: str) -> Path | None:
        return next((place / name for place in (folder, around) if (place / name).is_file()), None)

    files = {"layers": "model_summary.json", "dataset": "data.json", "environment": "environment.json"}
    found = {key: find(name) for key, name in files.items()}
    config = find("config.yaml")
    text = config.read_text(encoding="utf-8") if config else ""
    return {
        **{key: read_json(path) if path else {} for key, path in found.items()},
        "config": text,
        "target_share": _target_share(text, config),
    }


def _target_share(config: str, path: Path | None) -> float:
    """Share of the target's labels that training may see, from ``data.target.labels`` of the configuration."""
    import yaml

    try:
        values = yaml.safe_load(config)
    except yaml.YAMLError as error:
        raise UserError("is not YAML", where=path, fix="train it again, or restore the file") from error
    for key in ("data", "target", "labels"):
        values = values.get(key) if isinstance(values, dict) else None
    return float(values) if isinstance(values, int | float) else 0.0
