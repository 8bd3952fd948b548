"""Carry out an experiment: every method from every seed, then the tables and the report."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml

from cislearn.atomic import file_written_whole, write_json
from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import read_dataset
from cislearn.data.describe import describe
from cislearn.engine.devices import choose_device
from cislearn.engine.environment import describe_environment
from cislearn.errors import UserError
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.methods import Method, resolve_method
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.roles import Roles, assign_roles
from cislearn.experiment.score import Scores
from cislearn.experiment.single import Setting, train_run
from cislearn.models.summary import summary_record
from cislearn.reports.write import write_report
from cislearn.runs import EXPERIMENT, FORMAT, ExperimentFolder, write_table


@dataclass(frozen=True)
class Experiment:
    """A finished experiment.

    Parameters
    ----------
    path : Path
        Its folder.
    summary : DataFrame
        Each metric of each method on the sources' and the target's test rows, with its interval.
    comparison : DataFrame, optional
        Differences to the first method; None for a single method or where the target has no labels.
    report : Path
        The report.
    """

    path: Path
    summary: pd.DataFrame
    comparison: pd.DataFrame | None
    report: Path


def run_experiment(
    config: ExperimentConfig,
    *,
    search: Sequence[Path] = (),
    reporter: Reporter | None = None,
    overwrite: bool = False,
    command: str | None = None,
) -> Experiment:
    """Train, score and report all that `config` asks for, skipping runs that are there and resuming one that is partial.

    Runs go seed by seed, so that an experiment broken off is still balanced over its methods.

    Parameters
    ----------
    config : ExperimentConfig
        Its `out` says where to.
    search : sequence of Path
        Folders in which the user's own encoders and objectives are looked for.
    reporter : Reporter, optional
        Hears of the progress.
    overwrite : bool
        Remove what the folder holds first; only ever a folder of an experiment.
    command : str, optional
        The command line, for the report.

    Raises
    ------
    UserError
        Where data, configuration or folder do not allow it.
    """
    began = time.monotonic()
    reporter = reporter or Reporter()
    if config.out is None:
        raise UserError("is missing", where="out", fix="Say where the experiment shall stand: out: runs/NAME")
    folder = ExperimentFolder(config.out)
    methods = _methods(config, search)
    dataset = read_dataset(config.data.path)
    roles = assign_roles(dataset, config.data)
    device = choose_device(config.training.device)
    setting = Setting(config, roles, device, tuple(search), reporter)
    network = setting.card.build()
    identities = {m.title: _identity(config, m, dataset.hash) for m in methods}
    _claim(folder, config, methods, identities, overwrite)
    _tell(reporter, roles, str(device))
    for seed in config.training.seeds:
        for method in methods:
            run = folder.run(method.title, seed)
            if run.is_finished:
                reporter.note(f"{method.title}, seed {seed}: done already, kept")
            else:
                train_run(setting, method, seed, run, identities[method.title])
                reporter.end(f"{run.info['seconds']:.0f} s")
    scores = Scores(roles, locus_clusters(dataset), {m.title: _runs(folder, m, config) for m in methods})
    summary = scores.summary(methods, config.selection)
    side = "target" if "target test" in set(summary["part"]) else "sources"
    comparison = scores.comparison(methods, side)  # type: ignore[arg-type]
    write_table(folder.path / "summary.tsv", summary)
    if comparison is not None:
        write_table(folder.path / "comparison.tsv", comparison)
    distances = [run.path / "domain_distance.tsv" for m in methods for run in _runs(folder, m, config)]
    if any(path.is_file() for path in distances):
        table = pd.concat([pd.read_csv(path, sep="\t") for path in distances if path.is_file()])
        write_table(folder.path / "domain_distance.tsv", table)
    write_json(folder.path / "model_summary.json", summary_record(network, config.model.encoder.name))
    described = describe(dataset, roles.split, roles.role_of_domain) | {"leaks": roles.leaks.to_dict()}
    write_json(folder.path / "data.json", described)
    write_json(folder.path / "environment.json", describe_environment(device))
    write_json(folder.path / EXPERIMENT, _record(config, methods, roles, command, time.monotonic() - began))
    report = write_report(folder.path, command=command)
    return Experiment(folder.path, summary, comparison, report)


def _methods(config: ExperimentConfig, search: Sequence[Path]) -> list[Method]:
    methods = [resolve_method(each, search) for each in config.methods]
    titles = [method.title for method in methods]
    for title in titles:
        if titles.count(title) > 1:
            raise UserError(f"two methods are called {title!r}", where="methods", fix="Give one of them a label of its own.")
        if "/" in title or title.startswith("."):
            raise UserError(f"{title!r} cannot name a folder", where="methods", fix="Give the method a label: my_method")
    for method in methods:
        if method.needs_target and config.data.target is None:
            raise UserError(
                f"method {method.title} needs a target domain",
                where="data.target",
                fix="Name the domain to adapt to (--target NAME), or take methods: [supervised].",
            )
        method.make()
    return methods


def _identity(config: ExperimentConfig, method: Method, dataset_hash: str) -> str:
    """Hash of all that a run of `method` depends on beside its seed."""
    values = config.model_dump(mode="json", exclude={"out": True, "methods": True, "data": {"path"}})
    del values["training"]["seeds"], values["training"]["device"]
    values |= {"method": method.config.model_dump(mode="json"), "dataset": dataset_hash}
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=16).hexdigest()


def _claim(
    folder: ExperimentFolder,
    config: ExperimentConfig,
    methods: Sequence[Method],
    identities: dict[str, str],
    overwrite: bool,
) -> None:
    """Make the folder this experiment's own: refuse one with other content or with runs of another configuration."""
    path = folder.path
    if path.exists() and not path.is_dir():
        raise UserError("is a file, not a folder", where=path, fix="Give another --out.")
    if path.is_dir() and any(path.iterdir()):
        if not (path / "config.yaml").is_file():
            raise UserError("holds other files (and no config.yaml)", where=path, fix="Give another --out.")
        if overwrite:
            shutil.rmtree(path)
    for method in methods:
        for seed in config.training.seeds:
            run = folder.run(method.title, seed)
            if run.is_finished and run.info["identity"] != identities[method.title]:
                raise UserError(
                    f"was made from other data or another configuration{_difference(path, config)}",
                    where=run.path,
                    fix="Give another --out, or --overwrite to train again.",
                )
    (path / EXPERIMENT).unlink(missing_ok=True)
    with file_written_whole(path / "config.yaml") as partial:
        partial.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")


def _difference(path: Path, config: ExperimentConfig) -> str:
    """The first key in which the stored configuration differs, for people."""
    stored = _flat(yaml.safe_load((path / "config.yaml").read_text(encoding="utf-8")))
    wanted = _flat(config.model_dump(mode="json"))
    for key in sorted(stored.keys() | wanted.keys()):
        if stored.get(key) != wanted.get(key):
            return f" ({key}: {stored.get(key)} there, {wanted.get(key)} here)"
    return ""


def _flat(values: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(values, dict):
        return {k: v for key, value in values.items() for k, v in _flat(value, f"{prefix}{key}.").items()}
    return {prefix.rstrip("."): values}


def _runs(folder: ExperimentFolder, method: Method, config: ExperimentConfig) -> list[Any]:
    return [folder.run(method.title, seed) for seed in config.training.seeds]


def _tell(reporter: Reporter, roles: Roles, device: str) -> None:
    spec, n = roles.dataset.spec, len(roles.dataset)
    others = "" if roles.target is None else f" -> {roles.target} (no label of it is seen)"
    reporter.note(f"{n:,} windows of {spec.length} bp: {', '.join(roles.sources)}{others}")
    for note in roles.split.notes:
        reporter.note(f"split: {note}")
    reporter.note(f"leak check: {roles.leaks}")
    reporter.note(f"device: {device}")


def _record(
    config: ExperimentConfig, methods: Sequence[Method], roles: Roles, command: str | None, seconds: float
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "methods": [method.title for method in methods],
        "upper_bounds": [method.title for method in methods if method.labelled == "target"],
        "seeds": config.training.seeds,
        "target": roles.target,
        "selection": config.selection,
        "command": command,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "threads": torch.get_num_threads(),
    }
