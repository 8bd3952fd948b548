"""From the runs' predictions to the tables that an experiment ends with: scores and differences, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cislearn.evaluation.metrics import auroc
from cislearn.evaluation.resamples import Resamples
from cislearn.evaluation.tables import comparison_table, score_table
from cislearn.experiment.battery import SimpleModel
from cislearn.experiment.methods import Method
from cislearn.experiment.roles import Roles, Side
from cislearn.runs import RunFolder, logit_names
from cislearn.schema import TaskSpec

TARGET_TEST = "target test"
NOT_CHOSEN = "none"
"""The selection of what has no checkpoints to choose from."""
PART_NAMES: dict[Side, str] = {"sources": "source test", "target": TARGET_TEST}


class Scores:
    """The test predictions of all runs of some methods, lined up by row.

    Parameters
    ----------
    roles : Roles
        Which rows are the test rows.
    clusters : ndarray, shape (N,)
        Cluster of loci of each row of the dataset.
    runs : dict of Method's title to its runs, by seed
        Finished.
    """

    def __init__(self, roles: Roles, clusters: np.ndarray, runs: dict[str, list[RunFolder]]) -> None:
        self.roles, self.clusters, self.resamples = roles, clusters, Resamples()
        self.tables = {title: [_test_rows(run) for run in each] for title, each in runs.items()}
        self.thresholds = {title: [run.info["thresholds"] for run in each] for title, each in runs.items()}
        # Runs of earlier versions have none: their logits are taken as they are.
        self.temperatures = {title: [run.info.get("temperatures", {}) for run in each] for title, each in runs.items()}

    def summary(self, methods: Sequence[Method | SimpleModel], selection: str) -> pd.DataFrame:
        """Return ``summary.tsv``: each metric of each method on the sources' and the target's test rows."""
        tables = []
        for method in methods:
            rule = NOT_CHOSEN if isinstance(method, SimpleModel) else selection
            for side in self.roles.sides:
                for task in self.roles.dataset.spec.tasks:
                    kwargs = self.inputs(method.title, side, task)
                    if len(kwargs["labels"]) and not np.isnan(kwargs["labels"]).all():
                        about = {
                            "method": method.title,
                            "part": PART_NAMES[side],
                            "domain": self.roles.domain_name(side),
                            "task": task.name,
                        }
                        table = score_table(task.kind, **kwargs, resamples=self.resamples)
                        tables.append(
                            _prepend(about, table).assign(protocol=method.protocol(selection), selection=rule)
                        )
        return pd.concat(tables, ignore_index=True)

    def comparison(self, methods: Sequence[Method], side: Side) -> pd.DataFrame | None:
        """Return ``comparison.tsv``: each method minus the first, on one side's test rows; None if there is none."""
        baseline, *others = methods
        tables = [self._difference(m, baseline, side, task) for m in others for task in self.roles.dataset.spec.tasks]
        tables = [table for table in tables if table is not None]
        return pd.concat(tables, ignore_index=True) if tables else None

    def over_simple(self, methods: Sequence[Method], simple: Sequence[SimpleModel], side: Side) -> pd.DataFrame:
        """Return ``over_simple.tsv``: each method minus the simple model that is best on these very test rows.

        To take the best one there makes the bar as high as it can be: it favours the simple models.
        """
        tables = []
        for task in self.roles.dataset.spec.tasks:
            ranks = {model: self._auroc(model, side, task) for model in simple}
            best = max(ranks, key=lambda model: ranks[model])
            tables += [self._difference(method, best, side, task) for method in methods]
        tables = [table for table in tables if table is not None]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["method", "baseline"])

    def _auroc(self, model: SimpleModel, side: Side, task: TaskSpec) -> float:
        inputs = self.inputs(model.title, side, task)
        seen = ~np.isnan(inputs["labels"])
        value = auroc(inputs["labels"][seen], inputs["logits"][0][seen])
        return -1.0 if np.isnan(value) else value

    def _difference(
        self, method: Method, baseline: Method | SimpleModel, side: Side, task: TaskSpec
    ) -> pd.DataFrame | None:
        """One method minus another, paired; one without seeds of its own is the same for each seed."""
        ours, theirs = (self.inputs(each.title, side, task) for each in (method, baseline))
        if len(ours["labels"]) == 0 or np.isnan(ours["labels"]).all():
            return None
        repeat = len(ours["logits"]) // len(theirs["logits"])
        logits, *chosen = (theirs[key] for key in ("logits", "thresholds", "temperatures"))
        thresholds, temperatures = (None if each is None else np.repeat(each, repeat) for each in chosen)
        table = comparison_table(
            task.kind,
            **ours,
            baseline=np.repeat(logits, repeat, axis=0),
            baseline_thresholds=thresholds,
            baseline_temperatures=temperatures,
            resamples=self.resamples,
        )
        about = {"method": method.title, "baseline": baseline.title, "part": PART_NAMES[side], "task": task.name}
        return _prepend(about, table)

    def inputs(self, title: str, side: Side, task: TaskSpec) -> dict[str, Any]:
        """Labels, logits of all seeds, clusters, thresholds and temperatures of one method, side and task."""
        rows = self.roles.rows(side, "test")
        tables = [table.loc[rows] for table in self.tables[title]]
        columns = logit_names(task)
        logits = np.stack([table[columns].to_numpy(dtype=np.float64) for table in tables])
        is_binary = task.kind == "binary"
        thresholds = [each.get(task.name, np.nan) for each in self.thresholds[title]]
        temperatures = [each.get(task.name, 1.0) for each in self.temperatures[title]]
        return {
            "labels": tables[0][f"label_{task.name}"].to_numpy(dtype=np.float64),
            "logits": logits if len(columns) > 1 else logits[:, :, 0],
            "clusters": self.clusters[rows],
            "thresholds": np.array(thresholds, dtype=np.float64) if is_binary else None,
            "temperatures": np.array(temperatures, dtype=np.float64) if is_binary else None,
        }


def _test_rows(run: RunFolder) -> pd.DataFrame:
    table = pd.read_parquet(run.path / "predictions.parquet")
    return table[table["part"] == "test"].set_index("row")


def _prepend(values: dict[str, str], table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([pd.DataFrame([values] * len(table), index=table.index), table], axis=1)
