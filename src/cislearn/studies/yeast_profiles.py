"""Profiles of transcript starts in yeast: what each way with the second strand reaches, between two bounds."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import read_dataset
from cislearn.data.marker import MARKER
from cislearn.data.prepare import prepare
from cislearn.errors import UserError
from cislearn.evaluation.tables import score_table
from cislearn.experiment.completion import Experiment
from cislearn.experiment.profile_bounds import profile_bounds
from cislearn.experiment.profile_scores import observed_counts, predicted_profiles, profile_scores
from cislearn.experiment.reading import make_config
from cislearn.experiment.roles import assign_roles
from cislearn.models.saving import load_network
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.reports.numbers import DASH, decimal, interval
from cislearn.runs import runs_under
from cislearn.studies.markdown import not_run, table
from cislearn.studies.study import Size, Study, Trial

TRAININGS = {"forward": "none", "augmented": "augmented", "rcps": "rcps"}
"""Their presets of `model.reverse_complement`."""
READINGS = ("one strand", "both strands")
BOUND = "bound"
"""Stands for a reading where a row is of no network."""
TEST, VALID = "chrIV", "chrII"
SMALL = {"train": "chrIII", "valid": "chrVI", "test": "chrI"}
"""Chromosomes of the smoke size."""
LENGTH, POSITIONS, MARGIN = 846, 500, 50
SHOWN = ("JSD", "profile Pearson at 1 bp", "profile NLL", "counts Pearson", "counts Spearman")


class YeastProfiles(Study):
    """Transcript starts: three trainings, each read on one strand and on both."""

    name = "yeast_profiles"
    title = "Transcript starts in yeast: profiles and the second strand"
    axes = ("training",)
    scored_on = ("reading",)
    introduction = resources("cislearn.studies").joinpath("yeast_profiles.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        is_small = size == "smoke"
        data = _dataset(files / "yeast", work / ("data-smoke" if is_small else "data"), is_small)
        split = {"valid": [SMALL["valid"]], "test": [SMALL["test"]]} if is_small else {"valid": [VALID], "test": [TEST]}
        seeds = {"smoke": [0], "desk": [0, 1, 2], "paper": [0, 1, 2, 3, 4]}[size]
        return [
            Trial(
                {"training": training},
                make_config(
                    {
                        "data": {"path": str(data), "split": {"by": "chromosome", **split}},
                        "model": {
                            "encoder": {"name": "bpnet", "filters": 4 if is_small else 32},
                            "reverse_complement": preset,
                        },
                        "methods": ["supervised"],
                        "training": {"seeds": seeds, "epochs": 1 if is_small else 20, "max_shift": MARGIN},
                        "battery": False,
                        "out": str(work / size / training),
                    }
                ),
            )
            for training, preset in TRAININGS.items()
        ]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return the metrics on the test rows of each reading, and in the first training the bounds beside them."""
        dataset, runs = read_dataset(trial.config.data.path), runs_under(experiment.path)
        (task,), clusters = dataset.spec.tasks, locus_clusters(dataset)
        roles = assign_roles(dataset, trial.config.data)
        rows = roles.labelled_rows("sources", "test")
        labels, observed = dataset.labels_float(rows)[:, 0].astype(np.float64), observed_counts(dataset, task, rows)
        predictors = [NetworkPredictor(load_network(run.path)) for run in runs]
        strands = np.stack([predict_rows(p.strands, dataset.sequences, rows, MARGIN) for p in predictors])
        tables = []
        for reading, logits in zip(READINGS, (strands[:, :, 0], strands.mean(axis=2)), strict=True):
            each = [profile_scores(task, observed, predicted_profiles(task, of_seed)) for of_seed in logits]
            scored = np.stack([np.column_stack(list(columns.values())) for columns in each])
            found = score_table("profile", labels, scored, clusters[rows])
            tables.append(found.assign(reading=reading, method="supervised"))
        if trial.keys["training"] == next(iter(TRAININGS)):
            bounds = profile_bounds(roles, "sources", clusters, task)
            tables.append(bounds.assign(reading=BOUND, method=bounds["bound"] + ": " + bounds["reference"]))
        columns = ["reading", "method", "metric", "estimate", "low", "high", "seeds_sd", "n_seeds", "n"]
        return pd.concat(tables, ignore_index=True)[columns]

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """See `Study.page`: lower bounds, networks, upper bound, from top to bottom."""
        left = progress[progress["done"] < progress["runs"]]
        missing = [[str(name), not_run(mine)] for name, mine in left.groupby("training", sort=False)]
        return [
            *([_results(scores)] if len(scores) else []),
            *([f"## Not run\n\n{table(['training', 'runs'], missing)}"] if missing else []),
        ]


def _results(scores: pd.DataFrame) -> str:
    """Return the table of what was run."""
    bounds, networks = scores[scores["reading"] == BOUND], scores[scores["reading"] != BOUND]
    lines = _rows(bounds[bounds["method"].str.startswith("lower")], ["method"])
    lines += _rows(networks, ["training", "reading"])
    lines += _rows(bounds[bounds["method"].str.startswith("upper")], ["method"])
    told = f"{int(networks['n'].max()):,} test windows. JSD and NLL: lower is better."
    return f"## Test windows\n\n{told}\n\n{table(['network', 'seeds', *SHOWN], lines)}"


def _rows(scores: pd.DataFrame, keys: list[str]) -> list[list[str]]:
    """Write a line for each network or bound, each metric with its interval."""
    lines = []
    for names, mine in scores.groupby(keys, sort=False):
        by_metric = {row["metric"]: row for row in mine.to_dict("records")}
        seeds = mine["n_seeds"].max()
        cells = [_cell(by_metric.get(metric)) for metric in SHOWN]
        lines.append([", ".join(map(str, names)), "" if np.isnan(seeds) else f"{int(seeds)}", *cells])
    return lines


def _cell(row: dict | None) -> str:
    if row is None or np.isnan(row["estimate"]):
        return DASH
    return f"{decimal(row['estimate'])} ({interval(row['low'], row['high'])})"


def _dataset(files: Path, out: Path, is_small: bool) -> Path:
    """Return the folder of the dataset, made where it is not there yet.

    Raises
    ------
    UserError
        Where a file is absent.
    """
    tracks = [[files / "stripe_tss" / f"S288C_WT_{r}.{strand}.bw" for strand in ("plus", "minus")] for r in (1, 2)]
    genome, starts = files / "sacCer3.fa.gz", files / "genes_start_sacCer3.bed"
    for path in (genome, starts, *tracks[0], *tracks[1]):
        if not path.is_file():
            raise UserError("is absent", where=path, fix="Give --files with the folder that holds yeast/.")
    if (out / MARKER).is_file():
        return out
    if is_small:
        table = pd.read_csv(starts, sep="\t", header=None)
        starts = out.with_suffix(".bed")
        starts.parent.mkdir(parents=True, exist_ok=True)
        table[table[0].isin(SMALL.values())].to_csv(starts, sep="\t", header=False, index=False)
    prepare(
        out,
        positives={"S288C": starts},
        genome=genome,
        profiles={"starts": {"S288C": tracks}},
        profile_length=POSITIONS,
        length=LENGTH,
        margin=MARGIN,
        min_counts=10,
        outside="drop",
    )
    return out
