"""Compare finished runs on the loci that they share, paired by locus and seed, and say on which terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.data.clusters import locus_clusters
from cislearn.errors import UserError
from cislearn.experiment.comparing.contenders import Contender, find_contender, names
from cislearn.experiment.comparing.loci import open_datasets, share
from cislearn.experiment.comparing.pairing import paired_seeds, score_task
from cislearn.experiment.comparing.predicted import Predicted, read_predicted
from cislearn.experiment.comparing.terms import Difference, Weight, find_differences
from cislearn.schema import TaskSpec


@dataclass(frozen=True)
class Comparison:
    """Runs beside each other.

    Parameters
    ----------
    table : DataFrame
        A row for each run, task and metric: run, method, protocol, label_share (per cent of the labels seen), share_of
        (``target`` or ``sources``: whose labels), other_labels (those seen of the other side), domain, task, metric,
        estimate, low, high, counts; difference, difference_low, difference_high (to the first run, NaN in its rows);
        not_alike, unequal_terms, also_differ: the differences in words, empty where there are none.
    differences : list of Difference
        In what the runs differ beside their methods.
    notes : list of str
        Which loci and seeds were compared.
    """

    table: pd.DataFrame
    differences: list[Difference]
    notes: list[str]

    def of_weight(self, weight: Weight) -> list[Difference]:
        """Return the differences of one weight."""
        return [each for each in self.differences if each.weight == weight]


def compare_runs(
    given: Sequence[Path | str],
    *,
    data: Sequence[Path | str] = (),
    allow_unlike: bool = False,
    n_resamples: int = 1000,
) -> Comparison:
    """Compare finished runs on the labelled test loci that all of them have; the first is the baseline.

    Parameters
    ----------
    given : sequence of Path or str
        Two or more of: an experiment (its default method), ``EXPERIMENT:METHOD``, a method's folder, one run.
    data : sequence of Path
        Where their datasets lie now, if they have moved.
    allow_unlike : bool
        Compare runs although data, domains or split differ.
    n_resamples : int
        Of the bootstrap.

    Raises
    ------
    UserError
        Where a run is not there or not finished; the runs share no task, no test locus or no seed; they contradict each
        other in the labels of test loci; or they are not alike and this is not allowed.
    """
    contenders = _find(given)
    tasks = _common_tasks(contenders)
    datasets = open_datasets(contenders, [Path(path) for path in data])
    sides = [read_predicted(each, tasks, datasets[each.dataset_hash]) for each in contenders]
    differences = find_differences(contenders, [side.parts for side in sides])
    shared, notes = _line_up(sides)
    _refuse_contradictions(shared)
    if not allow_unlike:
        _refuse_unlike(contenders, differences, len(shared[0].loci))
    notes += _learned_elsewhere(sides, len(shared[0].loci))
    compared, left_out = _without_learned(shared)
    seeds, about_seeds = paired_seeds(contenders)
    clusters = locus_clusters(compared[0].loci.windows.dataset)[compared[0].loci.rows]
    found = [score_task(compared, task, seeds, clusters, n_resamples) for task in tasks]
    tables = [table for table, _ in found if table is not None]
    notes = [*notes, *left_out, *about_seeds, *(note for _, more in found for note in more)]
    if not tables:
        raise UserError(f"nothing can be compared: {notes[-1]}", where=names(contenders))
    words = {name: _in_words(differences, weight) for name, weight in COLUMNS.items()}
    return Comparison(pd.concat(tables, ignore_index=True).assign(**words), differences, notes)


COLUMNS: dict[str, Weight] = {"not_alike": "question", "unequal_terms": "terms", "also_differ": "also"}
"""Columns of the table that say what differs."""


def _find(given: Sequence[Path | str]) -> list[Contender]:
    if len(given) < 2:
        fix = "For example: cislearn compare runs/a:source_only runs/a:adversarial"
        raise UserError("two runs or more are needed", where="compare", fix=fix)
    contenders = [find_contender(each) for each in given]
    owner: dict[Path, int] = {}
    for i, contender in enumerate(contenders):
        for run in contender.runs:
            first = owner.setdefault(run.path.resolve(), i)
            if first != i:
                problem = f"holds the same run as {contenders[first].name}: {run.path}"
                raise UserError(problem, where=contender.name, fix="Name each run once.")
    return contenders


def _common_tasks(contenders: Sequence[Contender]) -> list[TaskSpec]:
    first, *others = contenders
    tasks = [task for task in first.card.spec.tasks if all(task in each.card.spec.tasks for each in others)]
    if not tasks:
        theirs = [", ".join(f"{task.name} ({task.kind})" for task in each.card.spec.tasks) for each in contenders]
        raise UserError(f"have no task in common: {' | '.join(theirs)}", where=names(contenders))
    return tasks


def _line_up(sides: Sequence[Predicted]) -> tuple[list[Predicted], list[str]]:
    """Return the loci that all have, in one order, and a line that says how many; refused where there are none."""
    positions = share([side.loci for side in sides])
    counts = " | ".join(f"{len(side.loci):,} ({side.domains})" for side in sides)
    if not len(positions[0]):
        raise UserError(
            f"share no labelled test locus: {counts}",
            where=names([side.contender for side in sides]),
            fix="Loci are lined up by domain, place and sequence of the whole window; domains must have one name.",
        )
    by = "row" if len({side.loci.windows.dataset.hash for side in sides}) == 1 else "window"
    shared = [side.take(mine) for side, mine in zip(sides, positions, strict=True)]
    return shared, [f"labelled test loci: {counts}; {len(positions[0]):,} shared, lined up by {by}"]


def _refuse_contradictions(shared: Sequence[Predicted]) -> None:
    first, *others = shared
    for side in others:
        wrong = (side.labels != first.labels) & ~np.isnan(side.labels) & ~np.isnan(first.labels)
        if wrong.any():
            row = int(np.argmax(wrong.any(axis=1)))
            task = int(np.argmax(wrong[row]))
            raise UserError(
                f"{int(wrong.any(axis=1).sum()):,} of {len(wrong):,} shared test loci have another label than in"
                f" {first.contender.name}; the first is {first.loci.name(row)}:"
                f" {side.labels[row, task]:g} here, {first.labels[row, task]:g} there",
                where=side.contender.name,
                fix="Prepare both datasets from the same labels.",
            )


def _refuse_unlike(contenders: Sequence[Contender], differences: Sequence[Difference], n: int) -> None:
    unlike = [each for each in differences if each.weight == "question"]
    if unlike:
        listed = "".join(f"\n       {each}" for each in unlike)
        raise UserError(
            f"the numbers do not answer the same question{listed}",
            where=names(contenders),
            fix=f"--allow-unlike compares them on the {n:,} test loci that they share, and says so with every number.",
        )


def _learned_elsewhere(sides: Sequence[Predicted], n_shared: int) -> list[str]:
    """Return a line for each run that learned from test loci of another, which therefore are not shared."""
    pairs = [(side, other) for side in sides for other in sides if len(side.loci) > n_shared and other is not side]
    counts = [int(other.contender.seen.holds(side.loci.hashes, side.loci.places).sum()) for side, other in pairs]
    return [
        f"{n:,} of the test loci of {side.contender.name} are ones that {other.contender.name} learned from"
        for (side, other), n in zip(pairs, counts, strict=True)
        if n
    ]


def _without_learned(shared: Sequence[Predicted]) -> tuple[list[Predicted], list[str]]:
    """Leave out the shared loci that some contender learned from and another did not, and say how many."""
    loci = shared[0].loci
    seen = np.stack([side.contender.seen.holds(loci.hashes, loci.places) for side in shared])
    by_all = seen.all(axis=0)
    unfair = seen.any(axis=0) & ~by_all
    notes = [
        f"left out: {n:,} shared loci that {side.contender.name} learned from, and not all others did"
        for side, mine in zip(shared, seen, strict=True)
        if (n := int((mine & unfair).sum()))
    ]
    if by_all.any():
        notes.append(f"every run learned from {by_all.sum():,} of the shared loci: these numbers are too good, alike")
    if unfair.all():
        problem = f"no test locus is left that none has learned from; {'; '.join(notes)}"
        raise UserError(problem, where=names([side.contender for side in shared]))
    kept = np.flatnonzero(~unfair)
    return [side.take(kept) for side in shared], notes


def _in_words(differences: Sequence[Difference], weight: Weight) -> str:
    return "; ".join(str(each) for each in differences if each.weight == weight)
