"""Carry out an experiment: every method from every seed, then the tables and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from cislearn.atomic import write_json
from cislearn.baselines import BATTERY
from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import read_dataset
from cislearn.data.describe import describe
from cislearn.engine.devices import choose_device
from cislearn.engine.environment import describe_environment
from cislearn.errors import UserError
from cislearn.experiment.battery import SimpleModel, fit_battery
from cislearn.experiment.claim import claim_folder, run_identity, split_identity
from cislearn.experiment.composition import check_composition, compose_methods
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.methods import Method
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.roles import Side, assign_roles
from cislearn.experiment.score import TARGET_TEST, Scores
from cislearn.experiment.setting import Setting
from cislearn.experiment.single import train_run
from cislearn.models.encoder import encoders
from cislearn.models.summary import summary_record
from cislearn.prediction.files import predict_file
from cislearn.prediction.loading import load_members
from cislearn.reports.write import write_report
from cislearn.runs import EXPERIMENT, FORMAT, ExperimentFolder, RunFolder, write_table


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

    @property
    def metrics(self) -> pd.DataFrame:
        """The summary."""
        return self.summary

    def predict(self, path: Path | str, *, genome: Path | str | None = None, method: str | None = None) -> pd.DataFrame:
        """Score the rows of a file with the models of one method, by default the last that saw no target label.

        See `cislearn.prediction.files.predict_file`.
        """
        device = choose_device().torch
        return predict_file(load_members(self.path, method), path, genome=genome, device=device)


def run_experiment(
    config: ExperimentConfig,
    *,
    search: Sequence[Path] = (),
    reporter: Reporter | None = None,
    overwrite: bool = False,
    command: str | None = None,
) -> Experiment:
    """Train, score and report all that `config` asks for; finished runs are kept, a partial one is resumed.

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
    if config.out is None:
        raise UserError("is missing", where="out", fix="Say where the experiment shall stand: out: runs/NAME")
    folder = ExperimentFolder(config.out)
    dataset = read_dataset(config.data.path)
    methods = compose_methods(config, search)
    roles = assign_roles(dataset, config.data)
    setting = Setting(config, roles, choose_device(config.training.device), tuple(search), reporter or Reporter())
    network = setting.card.build()
    remarks = check_composition(config, methods, roles, network)
    encoder = encoders.get(config.model.encoder.name, search)
    identities = {method.title: run_identity(config, method, encoder, dataset.hash) for method in methods}
    claim_folder(folder, config, identities, overwrite=overwrite)
    model = summary_record(network, config.model.encoder.name)
    _tell(setting, model, remarks)
    wanted = BATTERY if config.battery else ()
    battery = fit_battery(setting, wanted, folder.path / "battery", split_identity(config, dataset.hash))
    for seed in config.training.seeds:
        for method in methods:
            _run(setting, method, seed, folder.run(method.title, seed), identities[method.title])
    write_json(folder.path / "model_summary.json", model)
    write_json(folder.path / "data.json", describe(dataset, roles.split, roles.leaks, roles.role_of_domain))
    write_json(folder.path / "environment.json", describe_environment(setting.device))
    summary, comparison = _score(setting, methods, battery, folder)
    write_json(folder.path / EXPERIMENT, _record(setting, methods, folder, command))
    return Experiment(folder.path, summary, comparison, write_report(folder.path, command=command))


def _run(setting: Setting, method: Method, seed: int, run: RunFolder, identity: str) -> None:
    if run.is_finished:
        setting.reporter.note(f"{method.title}, seed {seed}: finished before, kept")
        return
    train_run(setting, method, seed, run, identity)
    setting.reporter.end(f"{run.info['seconds']:.0f} s")


def _score(
    setting: Setting, methods: Sequence[Method], battery: Mapping[SimpleModel, RunFolder], folder: ExperimentFolder
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Write and return the tables of scores and differences."""
    setting.reporter.note("scoring, with intervals over loci and seeds")
    seeds = setting.config.training.seeds
    runs = {method.title: [folder.run(method.title, seed) for seed in seeds] for method in methods}
    simple = {model.title: [run] for model, run in battery.items()}
    scores = Scores(setting.roles, locus_clusters(setting.roles.dataset), runs | simple)
    summary = scores.summary([*battery, *methods], setting.config.selection)
    write_table(folder.path / "summary.tsv", summary)
    side: Side = "target" if (summary["part"] == TARGET_TEST).any() else "sources"
    comparison = scores.comparison(methods, side)
    if comparison is not None:
        write_table(folder.path / "comparison.tsv", comparison)
    if battery:
        write_table(folder.path / "over_simple.tsv", scores.over_simple(methods, list(battery), side))
    distances = [run.path / "domain_distance.tsv" for each in runs.values() for run in each]
    tables = [pd.read_csv(path, sep="\t") for path in distances if path.is_file()]
    if tables:
        write_table(folder.path / "domain_distance.tsv", pd.concat(tables))
    return summary, comparison


def _tell(setting: Setting, model: Mapping[str, Any], remarks: Sequence[str]) -> None:
    roles, say = setting.roles, setting.reporter.note
    spec, n = roles.dataset.spec, len(roles.dataset)
    adapted = "" if roles.target is None else f" -> {roles.target} (target)"
    say(f"{n:,} windows of {spec.length} bp: {', '.join(roles.sources)}{adapted}")
    say("; ".join([f"split: {roles.split.how}", *roles.split.notes]))
    say(f"leak check: {roles.leaks}")
    say(f"model: {model['encoder']}, {model['parameters']:,} parameters, receptive field {model['receptive_field']} bp")
    say(f"device: {setting.device}")
    for remark in remarks:
        say(f"note: {remark}")


def _record(
    setting: Setting, methods: Sequence[Method], folder: ExperimentFolder, command: str | None
) -> dict[str, Any]:
    seeds = setting.config.training.seeds
    seconds = [folder.run(method.title, seed).info["seconds"] for method in methods for seed in seeds]
    return {
        "format": FORMAT,
        "methods": [method.title for method in methods],
        "upper_bounds": [method.title for method in methods if method.labelled == "target"],
        "seeds": seeds,
        "target": setting.roles.target,
        "selection": setting.config.selection,
        "command": command,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(sum(seconds), 1),
    }
