"""Three processes that average gradients at each step, or weights every so many steps: AUROC, steps, megabytes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.experiment.completion import Experiment
from cislearn.experiment.reading import make_config
from cislearn.reports.numbers import decimal
from cislearn.runs import runs_under
from cislearn.studies.dssda.scores import read_together, together_scores
from cislearn.studies.dssda.study import BLOCK, NETWORKS, simulated_lineages, tf_windows
from cislearn.studies.markdown import not_run, table
from cislearn.studies.study import Size, Study, Trial

EVERY = (1, 5, 20, 50)
"""Steps between averages."""
WARMUP = 100
"""First steps, at which gradients are averaged."""
BASELINE = "supervised"
CONVERGED = 0.005
"""How near its best score a run is when it counts as converged."""
STEPS, MEGABYTES = "steps to converge", "megabytes"
SPLITS: dict[str, dict[str, Any]] = {"simulated": {"by": "given"}, "TF windows": {"by": "block", "block": BLOCK}}


class Averaging(Study):
    """Periods of averaging, supervised and by the ladder, on two sets of twenty tasks."""

    name = "averaging"
    title = "Three processes: what averaging every so many steps costs and saves"
    axes = ("data", "every")
    processes = 3
    introduction = resources("cislearn.studies").joinpath("averaging.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        made = work / ("data-smoke" if size == "smoke" else "data")
        if size == "smoke":
            data, few = simulated_lineages(made, size), {"epochs": 1, "validate_every": None, "sync_warmup": 0}
            return [_trial("simulated", every, data, [0], work / size, **few) for every in (1, 10)]
        data_of = {"simulated": simulated_lineages(made, size), "TF windows": tf_windows(files, made, size)}
        seeds = [0, 1, 2] if size == "desk" else [0, 1, 2, 3, 4]
        return [_trial(name, every, data, seeds, work / size) for name, data in data_of.items() for every in EVERY]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return means over tasks, and of each method's runs the steps until they converge and what they hand over."""
        together = together_scores(read_together(trial.config, experiment.path, "test"), BASELINE).drop(columns="task")
        scores = together[together["metric"].isin(["AUROC", "AUPRC"])]
        return pd.concat([scores, _efforts(trial, experiment.path)], ignore_index=True)

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """See `Study.page`."""
        return averaging_page(scores, progress)


def _trial(name: str, every: int, path: Path, seeds: list[int], work: Path, **training: Any) -> Trial:
    base = NETWORKS["motif_cnn"]
    shared = {"processes": Averaging.processes, "sync_every": every, "sync_warmup": WARMUP, "validate_every": 100}
    config = {
        "data": {"path": str(path), "split": SPLITS[name]},
        "model": base["model"],
        "methods": [BASELINE, "ladder"],
        "training": base["training"] | shared | training | {"seeds": seeds},
        "battery": False,
        "out": str(work / f"{name.replace(' ', '_')}-{every}"),
    }
    return Trial({"data": name, "every": str(every)}, make_config(config))


def steps_to_converge(history: pd.DataFrame) -> int:
    """Return the step of the first validation whose score is within `CONVERGED` of the best of a run."""
    reached = history["valid_score"] >= history["valid_score"].max() - CONVERGED
    return int(history["step"][reached.idxmax()])


def _efforts(trial: Trial, folder: Path) -> pd.DataFrame:
    rows = []
    for method in trial.config.methods:
        histories = [pd.read_csv(run.path / "history.tsv", sep="\t") for run in runs_under(folder, method.title)]
        values: dict[str, list[float]] = {
            STEPS: [steps_to_converge(history) for history in histories],
            MEGABYTES: [float(history["megabytes"].sum()) for history in histories],
        }
        rows += [
            {"method": method.title, "metric": name, "estimate": float(np.mean(each)), "n_seeds": len(each)}
            for name, each in values.items()
        ]
    return pd.DataFrame(rows)


def averaging_page(scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
    """Return a table for each set of data, and what was not run."""
    parts = []
    for name, mine in scores.groupby("data", sort=False) if len(scores) else ():
        rows = [
            [str(method), f"{every}", str(int(group["n_seeds"].max())), *_cells(group.set_index("metric"))]
            for (method, every), group in mine.groupby(["method", "every"], sort=False)
        ]
        rows.sort(key=lambda row: (row[0] != BASELINE, row[0], int(row[1])))
        parts += [f"## {name}", table(["method", "H", "seeds", "AUROC", "AUPRC", "steps", "MB"], rows)]
    left = [[*map(str, keys), not_run(mine)] for keys, mine in progress.groupby(["data", "every"], sort=False)]
    left = [row for row in left if row[-1]]
    return parts + (["## Not run", table(["data", "H", "runs"], left)] if left else [])


def _cells(by_metric: pd.DataFrame) -> list[str]:
    low, high = (decimal(by_metric[bound].to_dict()["AUROC"]) for bound in ("low", "high"))
    others = by_metric["estimate"].to_dict()
    interval = f"{decimal(others['AUROC'])} ({low}, {high})"
    return [interval, decimal(others["AUPRC"]), f"{others[STEPS]:,.0f}", f"{others[MEGABYTES]:,.1f}"]
