"""The end of an experiment: its runs are scored, its tables written and its report drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.atomic import write_json
from cislearn.data.clusters import locus_clusters
from cislearn.data.describe import describe, split_in_words
from cislearn.data.track_files import TrackPaths
from cislearn.engine.devices import choose_device
from cislearn.engine.environment import describe_environment
from cislearn.experiment.averaged import Averaged
from cislearn.experiment.battery import SimpleModel
from cislearn.experiment.claim import folder_names
from cislearn.experiment.config import EACH, ExperimentConfig
from cislearn.experiment.diagnosing.experiment import diagnose_experiment
from cislearn.experiment.gathered import gather
from cislearn.experiment.leaked import leaked_table
from cislearn.experiment.methods import Method
from cislearn.experiment.profile_bounds import write_profile_tables
from cislearn.experiment.roles import Side
from cislearn.experiment.score import TARGET_TEST, Scores
from cislearn.experiment.setting import Setting
from cislearn.experiment.strands import STRANDS
from cislearn.experiment.underway import Underway
from cislearn.prediction.files import predict_file
from cislearn.prediction.loading import load_members, load_temperatures, load_thresholds
from cislearn.reports.files import read_json
from cislearn.reports.model_card import write_model_cards
from cislearn.reports.write import write_each_report, write_report
from cislearn.runs import AVERAGED, EACH_RECORD, EXPERIMENT, FORMAT, ExperimentFolder, RunFolder
from cislearn.tables import write_table


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
    left_out : DataFrame, optional
        ``leave_one_out.tsv``: the scores on each labelled domain while that one was left out, where that was done.
    """

    path: Path
    summary: pd.DataFrame
    comparison: pd.DataFrame | None
    report: Path
    left_out: pd.DataFrame | None = None

    @property
    def metrics(self) -> pd.DataFrame:
        """The summary."""
        return self.summary

    @property
    def target_scores(self) -> pd.DataFrame:
        """Rows of the summary for the target's test rows, with the difference of each method to the first and its ends.

        ``difference``, ``difference_low`` and ``difference_high`` are NaN for the first method.
        """
        rows = self.summary[self.summary["part"] == TARGET_TEST]
        names = {"low": "difference_low", "high": "difference_high"}
        if self.comparison is None:
            return rows.assign(difference=np.nan, difference_low=np.nan, difference_high=np.nan)
        keys = ["method", "task", "metric"]
        differences = self.comparison[[*keys, "difference", "low", "high"]].rename(columns=names)
        return rows.merge(differences, how="left", on=keys)

    def predict(
        self,
        path: Path | str,
        *,
        genome: Path | str | None = None,
        tracks: Mapping[str, TrackPaths] | None = None,
        method: str | None = None,
        reverse_complement: str | None = None,
    ) -> pd.DataFrame:
        """Score the rows of a file with the models of one method, by default the last that saw no target label.

        With `reverse_complement` the two strands are read so, whatever the configuration says: calls and calibration,
        which go with that, are then left out. See `cislearn.prediction.files.predict_file`.
        """
        device = choose_device().torch
        return predict_file(
            load_members(self.path, method, reverse_complement),
            path,
            genome=genome,
            tracks=tracks,
            temperatures=load_temperatures(self.path, method, reverse_complement),
            thresholds=load_thresholds(self.path, method, reverse_complement),
            device=device,
        )


def complete(
    underway: Underway,
    battery: Mapping[SimpleModel, RunFolder],
    command: str | None = None,
    left_out: pd.DataFrame | None = None,
) -> Experiment:
    """Score and report an experiment all of whose runs are trained; `left_out` is its ``leave_one_out.tsv``."""
    setting, folder = underway.setting, underway.folder
    roles = setting.roles
    write_json(folder.path / "model_summary.json", underway.model)
    data = describe(roles.dataset, roles.split, roles.leaks, roles.role_of_domain)
    data["split"] |= {"leaks": setting.config.data.split.leaks, "deal": setting.config.data.split.deal}
    write_json(folder.path / "data.json", data | {"composition": underway.composition})
    write_json(folder.path / "environment.json", describe_environment(setting.device))
    setting.reporter.note("scoring, with intervals over loci and seeds")
    scores = scores_of(underway, battery)
    summary, comparison = _score(underway, battery, scores)
    averaged = _score_averaged(underway, scores)
    write_profile_tables(folder, averaged, _runs(underway), _scored_side(summary))
    if left_out is not None:
        write_table(folder.path / "leave_one_out.tsv", left_out)
    diagnoses = diagnose_experiment(underway, scores.clusters)
    record = _record(setting, underway.methods, folder, command) | diagnoses | {"averaged": averaged.record()}
    write_json(folder.path / EXPERIMENT, record)
    write_model_cards(folder.path)
    return Experiment(folder.path, summary, comparison, write_report(folder.path, command=command), left_out)


def complete_each(
    config: ExperimentConfig, domains: Sequence[str], left_out: pd.DataFrame, command: str | None
) -> Experiment:
    """Write the table and the report over all domains, each of which has its own experiment below the folder."""
    assert config.out is not None
    write_table(config.out / "leave_one_out.tsv", left_out)
    folders = folder_names(domains)
    ways = [split_in_words(read_json(config.out / folder / "data.json").get("split", {})) for folder in folders]
    record = {
        "format": FORMAT,
        "target": EACH,
        "domains": list(domains),
        "folders": folders,
        "split": "; ".join(dict.fromkeys(ways)),
        "methods": [method.title for method in config.methods],
        "seeds": config.training.seeds,
        "selection": config.selection,
        "command": command,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(config.out / EACH_RECORD, record)
    return Experiment(config.out, left_out, None, write_each_report(config.out), left_out)


def scores_of(underway: Underway, battery: Mapping[SimpleModel, RunFolder]) -> Scores:
    """Return the test predictions of all runs, lined up."""
    roles, simple = underway.setting.roles, {model.title: [run] for model, run in battery.items()}
    return Scores(roles, locus_clusters(roles.dataset), _runs(underway) | simple)


def _runs(underway: Underway) -> dict[str, list[RunFolder]]:
    """Return the runs of each method, by its title."""
    seeds = underway.setting.config.training.seeds
    return {m.title: [underway.folder.run(m.title, seed) for seed in seeds] for m in underway.methods}


def _score(
    underway: Underway, battery: Mapping[SimpleModel, RunFolder], scores: Scores
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Write and return the tables of scores and differences."""
    setting, methods, folder = underway.setting, underway.methods, underway.folder
    summary = scores.summary([*battery, *methods], setting.config.selection)
    write_table(folder.path / "summary.tsv", summary)
    side = _scored_side(summary)
    comparison = scores.comparison(methods, side)
    if comparison is not None:
        write_table(folder.path / "comparison.tsv", comparison)
    if battery:
        write_table(folder.path / "over_simple.tsv", scores.over_simple(methods, list(battery), side))
    if (strands := gather(underway.runs, STRANDS)) is not None:
        write_table(folder.path / STRANDS, strands)
    if (
        setting.config.data.split.leaks == "keep"
        and (leaked := leaked_table(scores, methods, setting.roles)) is not None
    ):
        write_table(folder.path / "leaked.tsv", leaked)
    return summary, comparison


def _scored_side(summary: pd.DataFrame) -> Side:
    """Return whose test rows count: the target's, where they have labels."""
    return "target" if (summary["part"] == TARGET_TEST).any() else "sources"


def _score_averaged(underway: Underway, scores: Scores) -> Averaged:
    """Score the seeds of each method as one model, and write that table where there are several."""
    setting = underway.setting
    averaged = Averaged(setting.roles, scores.clusters, _runs(underway), underway.methods, scores.resamples)
    if len(setting.config.training.seeds) > 1:
        write_table(underway.folder.path / AVERAGED, averaged.table(setting.config.selection))
    return averaged


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
