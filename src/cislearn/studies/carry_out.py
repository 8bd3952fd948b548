"""Carry out a study seed by seed, so that one broken off is still a balanced table; what its ledger has is skipped."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.data.marker import read_marker
from cislearn.evaluation.metrics import auprc, auroc, f1
from cislearn.experiment.composition import compose_methods
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.execute import run_experiment
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.underway import run_identities
from cislearn.runs import ExperimentFolder, RunFolder
from cislearn.studies.ledger import Table
from cislearn.studies.study import Size, Study, Trial


@dataclass(frozen=True)
class Results:
    """The tables that a study leaves, to be committed.

    Parameters
    ----------
    runs : Table
        The ledger: a row a finished run.
    scores : Table
        A row for each method and metric of a trial, over its seeds, with intervals over loci and seeds together.
    """

    runs: Table
    scores: Table

    @classmethod
    def of(cls, study: Study, folder: Path, size: Size = "desk") -> Results:
        """Return the tables of `study` that stand, or will stand, in `folder`.

        Those of the smoke size have a folder of their own below it: their trials have the names of the others, and
        would take the place of their scores.
        """
        folder = folder / size if size == "smoke" else folder
        keys = (*study.axes, "method", "seed", "identity")
        runs = Table(folder / f"{study.name}.tsv", keys, text=("commit", "cpu", "device"))
        scores = Table(folder / f"{study.name}.scores.tsv", (*study.axes, *study.scored_on, "method", "metric"))
        return cls(runs, scores)

    def unfinished(self, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials of which some run is not in the ledger."""
        return [trial for trial in trials if any(self.missing(trial).values())]

    def done(self, trial: Trial) -> dict[str, set[int]]:
        """Return the seeds of each method of a trial that are in the ledger, those that it does not name among them."""
        done = self.runs.read()
        for name, value in trial.keys.items():
            done = done[done[name] == value]
        runs = list(zip(done["method"], done["identity"], done["seed"], strict=True))
        return {
            method: {int(seed) for m, i, seed in runs if (m, i) == (method, identity)}
            for method, identity in trial_identities(trial).items()
        }

    def missing(self, trial: Trial) -> dict[str, list[int]]:
        """Return the seeds of each method of a trial that are not in the ledger."""
        seeds = trial.config.training.seeds
        return {method: [s for s in seeds if s not in done] for method, done in self.done(trial).items()}


def carry_out(
    study: Study,
    trials: Sequence[Trial],
    results: Results,
    reporter: Reporter,
    scored: Callable[[], object] = lambda: None,
) -> None:
    """Run what the ledger lacks: the first seed of every trial, then the second, and so on.

    Parameters
    ----------
    study : Study
        Says how its trials are scored.
    trials : list of Trial
        In order.
    results : Results
        Rows are added as runs finish.
    reporter : Reporter
        Hears of the progress.
    scored : callable
        Called before the first trial and whenever the tables have new rows.
    """
    scored()
    for number in rounds(trials):
        for trial in trials:
            if run_seeds(study, trial, number, results, reporter):
                scored()


def rounds(trials: Sequence[Trial]) -> range:
    """Return how many first seeds are run of each trial, round by round."""
    return range(1, max(len(trial.config.training.seeds) for trial in trials) + 1)


def trial_identities(trial: Trial) -> dict[str, str]:
    """Return the identity of the runs of each method of a trial."""
    return run_identities(trial.config, compose_methods(trial.config), read_marker(trial.config.data.path)["hash"])


def run_seeds(study: Study, trial: Trial, n: int, results: Results, reporter: Reporter) -> bool:
    """Train those of the first `n` seeds that the ledger lacks, and score them; say if there were any.

    They are scored together with those of the ledger whose runs are at hand, also where the trial was cut down to some
    of its seeds.
    """
    if n > len(trial.config.training.seeds):
        return False
    done = results.done(trial)
    missing = [s for s in trial.config.training.seeds[:n] if any(s not in seeds for seeds in done.values())]
    if not missing:
        return False
    reporter.note(f"--- {trial.name}, seed {missing[-1]}")
    assert trial.config.out is not None
    folder = ExperimentFolder(trial.config.out)
    kept = {s for s in set.intersection(*done.values()) if all(folder.run(m, s).is_finished for m in done)}
    experiment = run_experiment(_with_seeds(trial.config, sorted({*missing, *kept})), reporter=reporter)
    # Scores first: what stands in the ledger is not looked at again, so one killed in between would lack them for good.
    rows = study.scores(trial, experiment)
    rows = rows.assign(**trial.keys)[[*trial.keys, *rows.columns]]
    results.scores.replace(trial.keys, _beside_those_of_more_seeds(rows, trial, results, done))
    new = [(m, s) for s in missing for m, seeds in done.items() if s not in seeds]
    results.runs.add(pd.DataFrame([{**trial.keys, **_run_row(folder.run(m, s))} for m, s in new]))
    return True


def _beside_those_of_more_seeds(
    rows: pd.DataFrame, trial: Trial, results: Results, done: Mapping[str, Collection[int]]
) -> pd.DataFrame:
    """Return the new scores of a trial, and of methods that were scored on more seeds or not now those that stand.

    The runs of these are elsewhere, or the study goes on with some of its methods alone. Scores of runs that the ledger
    does not have, of other settings or of a study that was killed, give way.
    """
    stand = results.scores.read()
    for name, value in trial.keys.items():
        stand = stand[stand[name] == value]
    if not len(stand):
        return rows
    seeds, new = (scores.groupby("method")["n_seeds"].max() for scores in (stand, rows))
    if any(seeds.get(method, 0) > len(known) for method, known in done.items()):
        return rows
    fewer = [method for method, n in new.items() if n < seeds.get(method, 0)]
    rows = rows[~rows["method"].isin(fewer)]
    kept = stand[~stand["method"].isin(rows["method"])]
    return pd.concat([table for table in (kept, rows) if len(table)], ignore_index=True)


def _with_seeds(config: ExperimentConfig, seeds: Sequence[int]) -> ExperimentConfig:
    return config.model_copy(update={"training": config.training.model_copy(update={"seeds": list(seeds)})})


def _run_row(run: RunFolder) -> dict[str, object]:
    """Return what the ledger says of a finished run: means over tasks on the test rows of its target, or of all."""
    info, machine = run.info, json.loads((run.path / "environment.json").read_text())
    predictions = pd.read_parquet(run.path / "predictions.parquet")
    rows = predictions[predictions["part"] == "test"]
    rows = rows if info["target"] is None else rows[rows["domain"] == info["target"]]
    found = pd.DataFrame([_task_row(rows, task, threshold) for task, threshold in info["thresholds"].items()])
    return {
        "method": info["method"],
        "seed": str(info["seed"]),
        "identity": info["identity"],
        "commit": machine["git"] or "",
        "cpu": machine["cpu"],
        "threads": machine["threads"],
        "device": machine["device"].partition(" ")[0],
        "seconds": info["seconds"],
        "steps": info["steps"],
        "n": len(rows),
        **{str(name): value for name, value in found.mean().items()},
    }


def _task_row(rows: pd.DataFrame, task: str, threshold: float | None) -> dict[str, float]:
    labels = rows[f"label_{task}"].to_numpy()
    seen = ~np.isnan(labels)
    labels, logits = labels[seen], rows[f"logit_{task}"].to_numpy()[seen]
    return {
        "prevalence": float(labels.mean()),
        "AUROC": auroc(labels, logits),
        "AUPRC": auprc(labels, logits),
        "F1": np.nan if threshold is None or np.isnan(threshold) else f1(labels, logits >= threshold),
        "F1 at .5": f1(labels, logits >= 0),
    }
