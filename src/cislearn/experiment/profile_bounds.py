"""What the report draws of profile tasks beside their scores: bounds of the metrics, and some loci to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Int

from cislearn.evaluation.profiles.bounds import bounds_table
from cislearn.evaluation.profiles.examples import PROFILES, example_profiles, spread_loci
from cislearn.evaluation.profiles.families import shape_scores
from cislearn.evaluation.profiles.shapes import expected_reads
from cislearn.experiment.averaged import Averaged
from cislearn.experiment.profile_scores import mean_profiles, observed_counts, observed_replicates
from cislearn.experiment.roles import Roles, Side
from cislearn.experiment.score import PART_NAMES
from cislearn.runs import ExperimentFolder, RunFolder
from cislearn.schema import TaskSpec
from cislearn.tables import write_table

MOST_TRAINING = 10_000
"""Rows whose mean profile is taken: more of them change it little, and each is held in memory."""


def write_profile_tables(
    folder: ExperimentFolder, averaged: Averaged, runs: Mapping[str, Sequence[RunFolder]], side: Side
) -> None:
    """Write ``profile_bounds.tsv`` and ``profiles.parquet``; nothing where no task is a profile.

    Parameters
    ----------
    folder : ExperimentFolder
        The experiment's.
    averaged : Averaged
        Its methods, the seeds of each as one model, which is what is drawn.
    runs : mapping of str to list of RunFolder
        Method's title to its finished runs.
    side : {"sources", "target"}
        Whose test loci are drawn.
    """
    roles = averaged.roles
    bounds = [profile_bounds(roles, each, averaged.clusters, task) for each in roles.sides for task in _profiles(roles)]
    examples = [_examples(averaged, runs, task, roles.rows(side, "test")) for task in _profiles(roles)]
    if bounds:
        write_table(folder.path / "profile_bounds.tsv", pd.concat(bounds, ignore_index=True))
        write_table(folder.path / "profiles.parquet", pd.concat(examples, ignore_index=True)[list(PROFILES)])


def profile_bounds(roles: Roles, side: Side, clusters: Int[np.ndarray, " n"], task: TaskSpec) -> pd.DataFrame:
    """Return the bounds of one task on the test rows of one side, by part and task.

    The mean profile is that of training rows of the sources, whichever method is held against it. Empty where there are
    fewer than two labelled test rows, or none to train on.
    """
    training = _labelled(roles, roles.rows("sources", "train"), task)
    if len(training) > MOST_TRAINING:
        training = np.sort(np.random.default_rng(0).choice(training, MOST_TRAINING, replace=False))
    rows = _labelled(roles, roles.rows(side, "test"), task)
    about = pd.DataFrame({"part": [], "task": []}, dtype=str)
    if len(rows) < 2 or not len(training):
        return about
    found = bounds_table(
        observed_counts(roles.dataset, task, rows),
        clusters[rows],
        training=observed_counts(roles.dataset, task, training),
        replicates=observed_replicates(roles.dataset, task, rows),
    )
    return pd.concat([pd.DataFrame({"part": PART_NAMES[side], "task": task.name}, index=found.index), found], axis=1)


def _examples(
    averaged: Averaged, runs: Mapping[str, Sequence[RunFolder]], task: TaskSpec, rows: Int[np.ndarray, " n"]
) -> pd.DataFrame:
    """Observed and expected reads of each method at the same loci, chosen by the first."""
    first = averaged.predictions[averaged.methods[0].title]
    chosen = rows[spread_loci(first.loc[rows, f"jsd_{task.name}"].to_numpy(np.float64))]
    observed, loci = observed_counts(averaged.roles.dataset, task, chosen), _names(averaged.roles, chosen)
    tables = []
    for method in averaged.methods:
        said = mean_profiles([run.path for run in runs[method.title]], task, chosen)
        shapes = np.exp(said.log_shape)
        divergence, reads = shape_scores(observed, shapes)[:, 0], expected_reads(shapes, said.log_counts)
        about = {"method": method.title, "task": task.name}
        tables.append(example_profiles(loci, divergence, observed, reads).assign(**about))
    return pd.concat(tables, ignore_index=True)


def _names(roles: Roles, rows: Int[np.ndarray, " k"]) -> list[str]:
    """Name loci by their windows, and say where one is read on the minus strand; by their numbers without a place."""
    loci = roles.dataset.loci.iloc[rows]
    places = zip(rows, *(loci[name] for name in ("chrom", "start", "end", "strand")), strict=True)
    return [
        f"{chrom}:{start:,}-{end:,}{' (minus strand)' * (strand == '-')}" if chrom else f"row {row}"
        for row, chrom, start, end, strand in places
    ]


def _profiles(roles: Roles) -> tuple[TaskSpec, ...]:
    return roles.dataset.spec.profiles


def _labelled(roles: Roles, rows: Int[np.ndarray, " n"], task: TaskSpec) -> Int[np.ndarray, " m"]:
    """Those of `rows` with counts of this task."""
    names = [each.name for each in roles.dataset.spec.tasks]
    return rows[~np.isnan(roles.dataset.labels_float(rows)[:, names.index(task.name)])]
