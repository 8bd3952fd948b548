"""The seeds of each method as one model, the mean of their logits: what `predict` gives, scored as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from jaxtyping import Integer

from cislearn.evaluation.resamples import Resamples
from cislearn.evaluation.tables import score_table
from cislearn.experiment.methods import Method
from cislearn.experiment.predictions import choose_temperatures, choose_thresholds
from cislearn.experiment.profile_scores import mean_profiles, observed_counts, profile_scores
from cislearn.experiment.roles import Roles
from cislearn.experiment.score import PART_NAMES
from cislearn.runs import RunFolder, logit_names
from cislearn.schema import TaskSpec


@dataclass(frozen=True)
class AveragedModel:
    """Chosen for the mean of the logits, by task, on the validation rows whose labels the method may see."""

    thresholds: dict[str, float]
    temperatures: dict[str, float]


class Averaged:
    """The runs of each method, averaged.

    Parameters
    ----------
    roles : Roles
        Which rows are which.
    clusters : ndarray, shape (N,)
        Cluster of loci of each row of the dataset.
    runs : mapping of str to list of RunFolder
        Method's title to its finished runs.
    methods : list of Method
        Those methods.
    resamples : Resamples
        That the single runs were scored with.
    """

    def __init__(
        self,
        roles: Roles,
        clusters: Integer[np.ndarray, " n"],
        runs: Mapping[str, Sequence[RunFolder]],
        methods: Sequence[Method],
        resamples: Resamples,
    ) -> None:
        self.roles, self.clusters, self.methods, self.resamples = roles, clusters, methods, resamples
        spec = roles.dataset.spec
        self.predictions = {m.title: _mean_predictions(runs[m.title], roles) for m in methods}
        self.models = {
            m.title: AveragedModel(
                choose_thresholds(self.predictions[m.title], spec, roles.seen_rows(m.labelled, "valid")),
                choose_temperatures(self.predictions[m.title], spec, roles.seen_rows(m.labelled, "valid")),
            )
            for m in methods
        }

    def record(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return thresholds and temperatures of each method, for ``experiment.json``."""
        return {title: asdict(model) for title, model in self.models.items()}

    def table(self, selection: str) -> pd.DataFrame:
        """Return ``averaged.tsv``: the columns of ``summary.tsv``, of one model for each method."""
        tables = [
            self._scores(method, selection, part, rows, task)
            for method in self.methods
            for part, rows in ((PART_NAMES[side], self.roles.rows(side, "test")) for side in self.roles.sides)
            for task in self.roles.dataset.spec.tasks
        ]
        return pd.concat([table for table in tables if table is not None], ignore_index=True)

    def _scores(
        self, method: Method, selection: str, part: str, rows: np.ndarray, task: TaskSpec
    ) -> pd.DataFrame | None:
        name, predicted = task.name, self.predictions[method.title].loc[rows]
        labels = predicted[f"label_{name}"].to_numpy(dtype=np.float64)
        if np.isnan(labels).all():
            return None
        logits = predicted[logit_names(task)].to_numpy(dtype=np.float64)
        model, is_binary = self.models[method.title], task.kind == "binary"
        table = score_table(
            task.kind,
            labels,
            (logits if logits.shape[1] > 1 else logits[:, 0])[None],
            self.clusters[rows],
            thresholds=np.array([model.thresholds[name]]) if is_binary else None,
            temperatures=np.array([model.temperatures[name]]) if is_binary else None,
            resamples=self.resamples,
        )
        domain = predicted["domain"].unique()
        about = {"method": method.title, "part": part, "domain": ", ".join(domain), "task": name}
        return table.assign(**about, protocol=method.protocol(selection), selection=selection)[
            [*about, *table.columns, "protocol", "selection"]
        ]


def _mean_predictions(runs: Sequence[RunFolder], roles: Roles) -> pd.DataFrame:
    """Predictions of the runs, which are of the same rows in the same order, with the mean of their logits."""
    tables = [pd.read_parquet(run.path / "predictions.parquet") for run in runs]
    first, columns = tables[0], dict[str, np.ndarray]()
    for task in roles.dataset.spec.tasks:
        if task.kind == "profile":  # the likelihood of the mean is not the mean of the likelihoods
            rows = first["row"].to_numpy()
            mean = mean_profiles([run.path for run in runs], task, rows)
            columns |= profile_scores(task, observed_counts(roles.dataset, task, rows), mean)
        else:
            logits = np.mean([table[logit_names(task)].to_numpy(np.float64) for table in tables], axis=0)
            columns |= dict(zip(logit_names(task), logits.T, strict=True))
    return first.assign(**columns).set_index("row", drop=False)
