"""Profiles of transcript starts in yeast: ways with the second strand, and from one condition to another."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import read_dataset
from cislearn.data.marker import MARKER
from cislearn.data.prepare import prepare
from cislearn.errors import UserError
from cislearn.evaluation.profiles.bounds import REPLICATE, bounds_table
from cislearn.evaluation.tables import score_table
from cislearn.experiment.completion import Experiment
from cislearn.experiment.profile_bounds import profile_bounds
from cislearn.experiment.profile_scores import observed_counts, predicted_profiles, profile_scores
from cislearn.experiment.reading import make_config
from cislearn.experiment.roles import Roles, Side, assign_roles
from cislearn.models.saving import load_network
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.reports.figures.profiles import bin_width, loci_of, profile_document
from cislearn.reports.files import read_profiles
from cislearn.reports.numbers import signed
from cislearn.reports.palette import method_styles
from cislearn.runs import runs_under
from cislearn.schema import TaskSpec
from cislearn.studies.markdown import not_run, table
from cislearn.studies.readings import READINGS, estimate_cell
from cislearn.studies.study import Size, Study, Trial

WILD, DIAMIDE = "S288C", "diamide"
"""The domains: unstressed, and under diamide."""
FILES = {WILD: "WT", DIAMIDE: "D"}
"""What their tracks are called."""
WITHIN, ACROSS = "wild type", "wild type to diamide"
"""The tasks: trained and tested in one condition, and tested in another."""
TRAININGS = {"forward": "none", "augmented": "augmented", "rcps": "rcps"}
"""Within a condition, their presets of `model.reverse_complement`."""
DRAWN = "augmented"
"""The training whose profiles are drawn."""
CHECK = "augmented in 32 bits"
"""A run that shows what bfloat16, of which the others are where the processor has it, does to the scores."""
METHODS = ["source_only", "adversarial", "moments", "target_labels"]
"""Across: no label of the target is seen but by the last, which tells what there is to gain."""
BOUND = "bound"
"""Stands for a reading where a row is of no network."""
ITSELF = "other condition: wild type itself"
"""The counts of the wild type as a prediction of the same loci under diamide."""
TEST, VALID = "chrIV", "chrII"
SMALL = {"train": "chrIII", "valid": "chrVI", "test": "chrI"}
"""Chromosomes of the smoke size."""
LENGTH, POSITIONS, MARGIN = 846, 500, 50
BATCH = 16
"""4,300 windows are few steps of 64: on chrII, after 6 epochs with 16 filters, JSD was .337 and not .353."""
PICTURE = """\
Reads at three test loci, from well to badly predicted (the tenth, fiftieth and ninetieth percentile of JSD): observed
grey, expected by the first seed of `augmented` as a line, in bins of three bases; the plus strand above the axis, the
minus strand below.

![Observed and predicted starts of transcripts](yeast_profiles-loci.svg)"""
SHOWN = ("JSD", "profile Pearson at 1 bp", "profile NLL", "counts Pearson", "counts Spearman")


class YeastProfiles(Study):
    """Transcript starts: three trainings, each read on one strand and on both; and methods across conditions."""

    name = "yeast_profiles"
    title = "Transcript starts in yeast: profiles, the second strand, and another condition"
    axes = ("task", "training")
    scored_on = ("reading",)
    introduction = resources("cislearn.studies").joinpath("yeast_profiles.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        is_small = size == "smoke"
        data = _dataset(files / "yeast", work / ("data-smoke" if is_small else "data"), is_small)
        split = {"valid": [SMALL["valid"]], "test": [SMALL["test"]]} if is_small else {"valid": [VALID], "test": [TEST]}
        seeds = {"smoke": [0], "desk": [0, 1, 2], "paper": [0, 1, 2, 3, 4]}[size]
        common: dict[str, Any] = {
            "data": {"path": str(data), "sources": [WILD], "split": {"by": "chromosome", **split}},
            "training": {"seeds": seeds, "epochs": 1 if is_small else 20, "batch_size": BATCH, "max_shift": MARGIN},
            "battery": False,
        }
        encoder = {"name": "bpnet", "filters": 4 if is_small else 32}

        def trial(task: str, training: str, preset: str, precision: str = "auto", **settings: Any) -> Trial:
            numbers = {"precision": precision} | ({"seeds": seeds[:1]} if training == CHECK else {})
            model = {"encoder": encoder, "reverse_complement": preset}
            out = str(work / size / f"{task}-{training}".replace(" ", "_"))
            training_of = {"training": common["training"] | numbers}
            config = make_config(common | training_of | settings | {"model": model, "out": out})
            return Trial({"task": task, "training": training}, config)

        within = [trial(WITHIN, name, preset, methods=["supervised"]) for name, preset in TRAININGS.items()]
        within.append(trial(WITHIN, CHECK, "augmented", "32-true", methods=["supervised"]))
        to_target = {"data": common["data"] | {"target": DIAMIDE}, "methods": METHODS}
        return [*within, trial(ACROSS, "augmented", "post_hoc", **to_target)]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return the metrics on the test rows, by reading; and the bounds beside them, once for each task."""
        dataset = read_dataset(trial.config.data.path)
        (task,), clusters = dataset.spec.tasks, locus_clusters(dataset)
        roles = assign_roles(dataset, trial.config.data)
        side: Side = "sources" if trial.keys["task"] == WITHIN else "target"
        if side == "sources":
            tables = _of_readings(roles, clusters, task, experiment)
        else:
            tables = [super().scores(trial, experiment).assign(reading=READINGS[1])]
            tables.append(_wild_type_itself(roles, clusters, task))
        if trial.keys["training"] == next(iter(TRAININGS)) or side == "target":
            bounds = profile_bounds(roles, side, clusters, task)
            tables.append(bounds.assign(reading=BOUND, method=bounds["bound"] + ": " + bounds["reference"]))
        columns = ["reading", "method", "metric", "estimate", "low", "high", "seeds_sd", "n_seeds", "n"]
        differences = ["difference", "difference_low", "difference_high"]
        return pd.concat(tables, ignore_index=True).reindex(columns=columns + differences)

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """See `Study.page`: lower bounds, networks, upper bound, from top to bottom."""
        left = progress[progress["done"] < progress["runs"]]
        missing = [[*map(str, name), not_run(mine)] for name, mine in left.groupby(["task", "training"], sort=False)]
        done = [task for task in (WITHIN, ACROSS) if len(scores) and (scores["task"] == task).any()]
        return [
            *(_results(task, scores[scores["task"] == task]) for task in done),
            *([f"## Not run\n\n{table(['task', 'training', 'runs'], missing)}"] if missing else []),
        ]

    def pictures(self, trials: Sequence[Trial], scores: pd.DataFrame) -> dict[str, str]:
        """Return the reads of some test loci and what the first seed of the `DRAWN` training expects there."""
        (trial,) = (t for t in trials if (t.keys["task"], t.keys["training"]) == (WITHIN, DRAWN))
        assert trial.config.out is not None
        path = trial.config.out / "profiles.parquet"
        if not path.is_file():
            return {}
        loci = read_profiles(path)
        drawn = loci_of(loci, bin_width(loci))
        style = method_styles(["supervised"])["supervised"]
        return {"loci": profile_document(drawn, style, key="loci", title="Test loci")}


def _of_readings(
    roles: Roles, clusters: Int[np.ndarray, " n"], task: TaskSpec, experiment: Experiment
) -> list[pd.DataFrame]:
    """Return the metrics of the networks of an experiment, read on the strand of the gene and on both."""
    dataset, rows = roles.dataset, roles.labelled_rows("sources", "test")
    labels, observed = dataset.labels_float(rows)[:, 0].astype(np.float64), observed_counts(dataset, task, rows)
    predictors = [NetworkPredictor(load_network(run.path)) for run in runs_under(experiment.path)]
    strands = np.stack([predict_rows(p.strands, dataset.sequences, rows, MARGIN) for p in predictors])
    tables = []
    for reading, logits in zip(READINGS, (strands[:, :, 0], strands.mean(axis=2)), strict=True):
        each = [profile_scores(task, observed, predicted_profiles(task, of_seed)) for of_seed in logits]
        scored = np.stack([np.column_stack(list(columns.values())) for columns in each])
        found = score_table("profile", labels, scored, clusters[rows])
        tables.append(found.assign(reading=reading, method="supervised"))
    return tables


def _wild_type_itself(roles: Roles, clusters: Int[np.ndarray, " n"], task: TaskSpec) -> pd.DataFrame:
    """Score the wild type's counts as a prediction of the target's, at the test loci that have both.

    The sequence is the same in both conditions: what learns the wild type from it perfectly, and nothing of the target,
    says this.
    """
    dataset, place = roles.dataset, ["chrom", "start", "strand"]
    here, there = (
        dataset.loci.iloc[rows][place].assign(row=rows)
        for rows in (roles.labelled_rows(side, "test") for side in ("target", "sources"))
    )
    pairs = here.merge(there, on=place)
    target, wild = (observed_counts(dataset, task, pairs[name].to_numpy()) for name in ("row_x", "row_y"))
    at_loci = clusters[pairs["row_x"].to_numpy()]
    found = bounds_table(target, at_loci, training=wild, replicates=np.stack([target, wild], axis=1))
    return found[found["reference"] == REPLICATE].assign(reading=BOUND, method=ITSELF, n=len(pairs))


def _results(task: str, scores: pd.DataFrame) -> str:
    """Return the table of what was run of a task."""
    bounds, networks = scores[scores["reading"] == BOUND], scores[scores["reading"] != BOUND]
    networks = networks.sort_values("training", key=lambda names: names.map([*TRAININGS, CHECK].index), kind="stable")
    lines = _rows(bounds[bounds["method"].str.startswith("lower")], ["method"])
    lines += _rows(networks, ["training", "reading"] if task == WITHIN else ["method"])
    lines += _rows(bounds[bounds["method"] == ITSELF], ["method"])
    lines += _rows(bounds[bounds["method"].str.startswith("upper")], ["method"])
    told = f"{int(networks['n'].max()):,} test windows. JSD and NLL: lower is better."
    parts = [f"## {task}", told, table(["network", "seeds", *SHOWN], lines)]
    return "\n\n".join([*parts, PICTURE if task == WITHIN else _differences(networks)])


def _differences(networks: pd.DataFrame) -> str:
    """Say how far each method is from the first, paired by locus and seed."""
    far = networks[networks["metric"].isin(SHOWN) & networks["difference"].notna()]
    lines = [
        [
            str(row["method"]),
            str(row["metric"]),
            f"{signed(row['difference'])} ({signed(row['difference_low'])}, {signed(row['difference_high'])})",
        ]
        for row in far.to_dict("records")
    ]
    return f"Over `{METHODS[0]}`:\n\n{table(['method', 'metric', 'difference'], lines)}"


def _rows(scores: pd.DataFrame, keys: list[str]) -> list[list[str]]:
    """Write a line for each network or bound, each metric with its interval."""
    lines = []
    for names, mine in scores.groupby(keys, sort=False):
        by_metric = {row["metric"]: row for row in mine.to_dict("records")}
        seeds = mine["n_seeds"].max()
        cells = [estimate_cell(by_metric.get(metric)) for metric in SHOWN]
        lines.append([", ".join(map(str, names)), "" if np.isnan(seeds) else f"{int(seeds)}", *cells])
    return lines


def _dataset(files: Path, out: Path, is_small: bool) -> Path:
    """Return the folder of the dataset, made where it is not there yet.

    Raises
    ------
    UserError
        Where a file is absent.
    """
    tracks = {
        domain: [
            [files / "stripe_tss" / f"S288C_{name}_{r}.{strand}.bw" for strand in ("plus", "minus")] for r in (1, 2)
        ]
        for domain, name in FILES.items()
    }
    genome, starts = files / "sacCer3.fa.gz", files / "genes_start_sacCer3.bed"
    for path in (genome, starts, *(file for pairs in tracks.values() for pair in pairs for file in pair)):
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
        positives=dict.fromkeys(FILES, starts),
        genome=genome,
        profiles={"starts": tracks},
        profile_length=POSITIONS,
        length=LENGTH,
        margin=MARGIN,
        min_counts=10,
        outside="drop",
    )
    return out
