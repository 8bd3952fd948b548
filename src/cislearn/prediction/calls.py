"""Calls as BED: the regions whose logit is at or above the threshold that validation data chose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.atomic import file_written_whole, remove_left_behind
from cislearn.errors import UserError, nearest
from cislearn.evaluation.label_shift import at_prevalence
from cislearn.schema import DataSpec

AT_PRIOR = "probability_at_prior"
ASSUMED = (
    "assumed, not measured: positives look alike in both domains, and negatives too, so that only their share differs"
    " (label shift)"
)


@dataclass
class Calls:
    """What collects the calls of a table of predictions while it is made, and writes them.

    Parameters
    ----------
    path : Path
        The BED file to be.
    spec : DataSpec
        Of the models.
    thresholds : mapping of str to float
        Of each binary task, as `cislearn.prediction.loading.load_thresholds` gives them.
    priors : mapping of str to float
        Of a task the share of positives that is assumed where the regions are; its probability is told for that too.
    prevalences : mapping of str to float
        Of each task the share of positives that probabilities are calibrated for (`load_prevalences`).
    is_merged : bool
        Make one call of those of a task that overlap, on whichever strand: the best one says name and scores.

    Raises
    ------
    UserError
        Where no task has a threshold, or a prior is of a task that is not called or has no known prevalence.
    """

    path: Path
    spec: DataSpec
    thresholds: Mapping[str, float]
    priors: Mapping[str, float] = field(default_factory=dict)
    prevalences: Mapping[str, float] = field(default_factory=dict)
    is_merged: bool = False
    _found: list[pd.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tasks = [task.name for task in self.spec.tasks if not np.isnan(self.thresholds.get(task.name, np.nan))]
        if not self.tasks:
            fix = "Calls need a binary task, an experiment or a single run, and the strands read as configured."
            raise UserError("the model has no threshold of calls", where="--calls", fix=fix)
        for task in self.priors:
            if task not in self.tasks:
                raise UserError(f"no task {task!r} is called{nearest(task, self.tasks)}", where="--prior")
            if not 0 < self.prevalences.get(task, np.nan) < 1:
                problem = f"the run does not say which share of {task!r} its probabilities are calibrated for"
                raise UserError(problem, where="--prior", fix="Train it again with this version, or give no --prior.")

    def heard(self, pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Pass the pieces of a table on (`cislearn.prediction.files.predict_pieces`) and keep their calls.

        Raises
        ------
        UserError
            Where rows have no coordinates.
        """
        for piece in pieces:
            if (piece["chrom"] == "").any():
                fix = "Give regions, or headers chrom:start-end."
                raise UserError("BED needs coordinates in every row", where=self.path, fix=fix)
            self._found += [self._calls(piece, task) for task in self.tasks]
            yield piece

    def _calls(self, table: pd.DataFrame, task: str) -> pd.DataFrame:
        mine = table[(table[f"call_{task}"] == 1).fillna(False).to_numpy(bool)]
        probability = mine[f"probability_{task}"].to_numpy(np.float64)
        calls = mine[["chrom", "start", "end"]].assign(
            name=mine["name"].mask(mine["name"] == "", "."),
            score=np.round(probability * 1000).astype(int),
            strand=mine["strand"],
            task=task,
            logit=mine[f"logit_{task}"],
            probability=probability,
        )
        if self.priors:
            prior = self.priors.get(task)
            corrected = np.nan if prior is None else at_prevalence(probability, self.prevalences[task], prior)
            calls[AT_PRIOR] = corrected
        return calls

    def write(self) -> int:
        """Write the calls in the order of the regions, or merged in that of the genome; return how many there are."""
        calls = pd.concat(self._found).sort_index(kind="stable")
        if self.is_merged:
            calls = merge_calls(calls)
        remove_left_behind(self.path.parent, self.path.name)
        with file_written_whole(self.path) as partial:
            head = "".join(f"# {line}\n" for line in self._head(list(calls.columns)))
            rows = calls.to_csv(sep="\t", header=False, index=False, float_format="%.6g", na_rep="nan")
            partial.write_text(head + rows, encoding="utf-8")
        return len(calls)

    def _head(self, columns: list[str]) -> list[str]:
        lines = [
            f"called {task}: logit {self.thresholds[task]:.6g} or more, chosen on validation" for task in self.tasks
        ]
        lines += [
            f"{AT_PRIOR} of {task}: for {share:g} positives where probability is for {self.prevalences[task]:.6g};"
            f" {ASSUMED}"
            for task, share in self.priors.items()
        ]
        return [
            *lines,
            *(["overlapping calls are merged; the best one says the scores"] * self.is_merged),
            " ".join(columns),
        ]


def merge_calls(calls: pd.DataFrame) -> pd.DataFrame:
    """Make one call of those of one task that overlap; ends that only touch do not."""
    order = {name: k for k, name in enumerate(dict.fromkeys(calls["chrom"]))}
    calls = calls.assign(_order=calls["chrom"].map(order)).sort_values(
        ["task", "_order", "start", "end"], kind="stable"
    )
    merged: list[dict] = []
    for call in calls.drop(columns="_order").to_dict("records"):
        last = merged[-1] if merged else None
        if last and all(last[k] == call[k] for k in ("task", "chrom")) and call["start"] < last["end"]:
            best = max(last, call, key=lambda each: each["logit"])
            strand = call["strand"] if call["strand"] == last["strand"] else "."
            merged[-1] = best | {"start": last["start"], "end": max(last["end"], call["end"]), "strand": strand}
        else:
            merged.append(call)
    found = pd.DataFrame(merged, columns=calls.columns.drop("_order"))
    return found.sort_values(["chrom", "start"], key=lambda c: c.map(order) if c.name == "chrom" else c, kind="stable")
