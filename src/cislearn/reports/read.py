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
from cislearn.evaluation.profiles.examples import PROFILES
from cislearn.reports.files import PICTURE, UNFINISHED, read_json, read_picture, read_profiles
from cislearn.reports.label_share import sees_target, share_seen
from cislearn.reports.left_out import LeftOut, read_left_out
from cislearn.reports.measures import Kind, in_order, kind_of
from cislearn.reports.run import Run, read_run
from cislearn.reports.tables import (
    CLASS_DISTANCES,
    COMPARISON,
    CRITERIA_OF_RUNS,
    DISTANCES,
    LABEL_SHIFT,
    LEAKED,
    PROFILE_BOUNDS,
    STRANDS,
    SUMMARY,
)
from cislearn.runs import AVERAGED, EXPERIMENT, RUN, UNTRAINED, ExperimentFolder, read_record

TARGET, SOURCE = "target test", "source test"


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
    summary, comparison, over_simple, distances : DataFrame
        ``summary.tsv``, ``comparison.tsv``, ``over_simple.tsv`` and ``domain_distance.tsv``.
    runs : tuple of Run
        Method by method, seed by seed.
    strands, leaked, averaged : DataFrame
        ``strands.tsv``, ``leaked.tsv`` and ``averaged.tsv``.
    class_distances, label_shift, criteria, picture : DataFrame
        ``class_distance.tsv``, ``label_shift.tsv``, ``criteria.tsv`` and ``features.parquet``.
    profiles, profile_bounds : DataFrame
        ``profiles.parquet`` and ``profile_bounds.tsv``.
    left_out : LeftOut, optional
        ``leave_one_out.tsv``.
    no_simple : mapping of str to str
        Simple models that the experiment has none of, and why.
    info, layers, dataset, environment : dict
        ``experiment.json``, ``model_summary.json``, ``data.json`` and ``environment.json``.
    config : str
        ``config.yaml`` as it stands.
    """

    name: str
    seeds: tuple[int, ...]
    target: str | None
    summary: pd.DataFrame
    comparison: pd.DataFrame
    over_simple: pd.DataFrame
    distances: pd.DataFrame
    runs: tuple[Run, ...]
    strands: pd.DataFrame = field(default_factory=STRANDS.without_rows)
    leaked: pd.DataFrame = field(default_factory=LEAKED.without_rows)
    averaged: pd.DataFrame = field(default_factory=SUMMARY.without_rows)
    class_distances: pd.DataFrame = field(default_factory=CLASS_DISTANCES.without_rows)
    label_shift: pd.DataFrame = field(default_factory=LABEL_SHIFT.without_rows)
    criteria: pd.DataFrame = field(default_factory=CRITERIA_OF_RUNS.without_rows)
    picture: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=PICTURE))
    profiles: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=PROFILES))
    profile_bounds: pd.DataFrame = field(default_factory=PROFILE_BOUNDS.without_rows)
    left_out: LeftOut | None = None
    no_simple: Mapping[str, str] = field(default_factory=dict)
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
    def is_told_by_left_out(self) -> bool:
        """Whether the domains that were left out in turn stand for a target without labels."""
        return self.left_out is not None and self.target is not None and not self.is_target_labelled

    @property
    def main_part(self) -> str:
        """The part that the report is about: the target's test loci if they have labels, else the source's."""
        return TARGET if self.is_target_labelled else SOURCE

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Tasks with a number, in the order of the summary."""
        return tuple(dict.fromkeys(self.summary["task"]))

    @property
    def adapting(self) -> list[str]:
        """Methods that learn from the target's windows and from none of its labels."""
        return list(self.info.get("adapts", []))

    @property
    def before(self) -> str:
        """What adaptation is held against: the first method that does not look at the target, else no training."""
        trained = dict.fromkeys(run.method for run in self.runs)
        plain = [m for m in trained if m not in self.adapting and not self.sees_target(m)]
        return next(iter(plain), UNTRAINED)

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
        """Whether `method` learns from target labels, which makes it an upper bound for those that may not."""
        return any(map(sees_target, self._protocols(method)))

    def share_seen(self, method: str) -> str:
        """How many of the target's labels a method that may see some has seen: ``10 %``; empty for none."""
        return share_seen(self._protocols(method))

    def _protocols(self, method: str) -> list[str]:
        return list(self.summary.loc[self.summary["method"] == method, "protocol"].unique())

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
    if (folder / RUN).is_file() and not (folder / EXPERIMENT).is_file():
        return _read_single_run(folder)
    experiment = ExperimentFolder(folder)
    info = experiment.info
    summary = SUMMARY.read(folder / "summary.tsv")
    if summary.empty:
        raise UserError("has no row", where=folder / "summary.tsv", fix=UNFINISHED)
    return ReportData(
        name=folder.resolve().name,
        seeds=tuple(info["seeds"]),
        target=info["target"],
        summary=summary,
        comparison=COMPARISON.read_or_none(folder / "comparison.tsv"),
        over_simple=COMPARISON.read_or_none(folder / "over_simple.tsv"),
        **_diagnoses(folder),
        runs=tuple(
            read_run(experiment.run(method, seed).path, method, seed)
            for method in info["methods"]
            for seed in info["seeds"]
        ),
        criteria=CRITERIA_OF_RUNS.read_or_none(folder / "criteria.tsv"),
        strands=STRANDS.read_or_none(folder / "strands.tsv"),
        leaked=LEAKED.read_or_none(folder / "leaked.tsv"),
        averaged=SUMMARY.read_or_none(folder / AVERAGED),
        label_shift=LABEL_SHIFT.read_or_none(folder / "label_shift.tsv"),
        **_profiles(folder),
        left_out=_left_out(folder, info),
        no_simple=_optional_record(folder / "battery" / "left_out.json"),
        info=info,
        **_surroundings(folder, folder),
    )


def _read_single_run(folder: Path) -> ReportData:
    """Read one run as an experiment of one seed; what its own folder lacks is taken from the experiment around it."""
    folder = folder.resolve()
    info = read_record(folder / RUN)
    if "seed" not in info:
        raise UserError(
            "is a simple model, which has no report of its own",
            where=folder,
            fix=f"Its numbers stand in the report of its experiment: cislearn report {folder.parent.parent}",
        )
    run = read_run(folder, info["method"], info["seed"])
    around = _surroundings(folder, folder.parent.parent)
    roles = {domain["name"]: domain["role"] for domain in around["dataset"].get("domains", [])}
    summary = _summary_of_one(run, info["target"], source_domains(run, info["target"], roles))
    if summary.empty:
        raise UserError("has no labelled test row, so there is nothing to report", where=folder / "predictions.parquet")
    return ReportData(
        name=f"{folder.parent.name}/{folder.name}",
        seeds=(run.seed,),
        target=info["target"],
        summary=summary,
        comparison=COMPARISON.without_rows(),
        over_simple=COMPARISON.without_rows(),
        **_diagnoses(folder),
        runs=(run,),
        info=info,
        **around,
    )


def source_domains(run: Run, target: str | None, roles: Mapping[str, str]) -> list[str]:
    """Name the domains with test rows that are neither the target nor bystanders."""
    return [name for name in run.domains if name != target and roles.get(name, "source") == "source"]


def _summary_of_one(run: Run, target: str | None, sources: list[str]) -> pd.DataFrame:
    """Score one run in the columns of a summary: no intervals, no spread."""
    sides = {TARGET: [target] if target else [], SOURCE: sources}
    rows = []
    for part, domains in sides.items():
        for task in run.tasks:
            labels, _ = run.scored(task, domains)
            for metric, estimate in run.scores(task, domains).items():
                is_binary = run.kind(task) == "binary"
                about = {"method": run.method, "part": part, "domain": ", ".join(domains), "task": task}
                counts = {
                    "n": float(len(labels)),
                    "n_positive": float(labels.sum()) if is_binary else np.nan,
                    "prevalence": float(labels.mean()) if is_binary else np.nan,
                }
                rows.append({**about, "metric": metric, "estimate": estimate, **counts})
    return pd.DataFrame(rows, columns=[*SUMMARY.text[:5], "estimate", "n", "n_positive", "prevalence"]).assign(
        low=np.nan, high=np.nan, seeds_sd=np.nan, n_seeds=1.0,
        protocol=run.info["protocol"], selection=run.info["selection"],
    )  # fmt: skip


def _diagnoses(folder: Path) -> dict[str, Any]:
    """Read what an experiment and a run hold of the domains in the features, and of choosing."""
    picture = folder / "features.parquet"
    return {
        "distances": DISTANCES.read_or_none(folder / "domain_distance.tsv"),
        "class_distances": CLASS_DISTANCES.read_or_none(folder / "class_distance.tsv"),
        "picture": read_picture(picture) if picture.is_file() else pd.DataFrame(columns=PICTURE),
    }


def _profiles(folder: Path) -> dict[str, Any]:
    """Read what an experiment with profile tasks holds of them beside their scores."""
    path = folder / "profiles.parquet"
    return {
        "profiles": read_profiles(path) if path.is_file() else pd.DataFrame(columns=PROFILES),
        "profile_bounds": PROFILE_BOUNDS.read_or_none(folder / "profile_bounds.tsv"),
    }


def _left_out(folder: Path, info: Mapping[str, Any]) -> LeftOut | None:
    """Read ``leave_one_out.tsv``, where the experiment has one."""
    path = folder / "leave_one_out.tsv"
    if not path.is_file():
        return None
    return read_left_out(path, info, folder / "leave_one_out")


def _optional_record(path: Path | None) -> dict[str, Any]:
    """Read a JSON object that not every experiment has; an empty one where it is absent."""
    return read_json(path) if path is not None and path.is_file() else {}


def _surroundings(folder: Path, around: Path) -> dict[str, Any]:
    """Read what tells how the numbers came about: data, model, environment, configuration; each may be absent."""

    def find(name: str) -> Path | None:
        return next((place / name for place in (folder, around) if (place / name).is_file()), None)

    files = {"layers": "model_summary.json", "dataset": "data.json", "environment": "environment.json"}
    found = {key: find(name) for key, name in files.items()}
    config = find("config.yaml")
    records: dict[str, Any] = {key: _optional_record(path) for key, path in found.items()}
    _check_similarity(records["dataset"].get("leaks", {}).get("similarity", {}), found["dataset"])
    return records | {"config": config.read_text(encoding="utf-8") if config else ""}


def _check_similarity(similarity: Mapping[str, Any], path: Path | None) -> None:
    """Raise UserError where the histogram of ``data.json`` has not one edge more than it has counts."""
    edges, n_rows = (len(similarity.get(name, [])) for name in ("edges", "test_rows"))
    if similarity and edges != n_rows + 1:
        raise UserError(f"leaks.similarity has {edges} edges for {n_rows} counts", where=path, fix=UNFINISHED)
