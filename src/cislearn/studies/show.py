"""The results of a study as one Markdown page: what was run, with its intervals, and what was not, with its cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.atomic import alone, file_written_whole
from cislearn.reports.numbers import decimal, signed
from cislearn.studies.carry_out import Results
from cislearn.studies.markdown import cost_of_the_rest, of_trial, table
from cislearn.studies.referred import referred
from cislearn.studies.replicated import replicated
from cislearn.studies.study import Study, Trial

MAIN = "AUROC"
SHOWN = (MAIN, "AUPRC", "F1", "F1 at .5")


def progress_table(trials: Sequence[Trial], results: Results, costs: pd.DataFrame) -> pd.DataFrame:
    """Return for each trial and method the runs, those that are done, and the core-hours estimated for the rest.

    Parameters
    ----------
    trials : list of Trial
        All of the study.
    results : Results
        What is done.
    costs : DataFrame
        Of `estimate_costs`, for every trial that is not finished.
    """
    rows = []
    for trial in trials:
        mine = costs[of_trial(costs, trial)].to_dict("records") if len(costs) else []
        seconds = {str(cost["method"]): float(cost["seconds"]) for cost in mine}
        for method, missing in results.missing(trial).items():
            n = len(trial.config.training.seeds)
            left = len(missing) * seconds[method] / 3600 if missing else 0.0
            rows.append({**trial.keys, "method": method, "runs": n, "done": n - len(missing), "core_hours_left": left})
    return pd.DataFrame(rows)


def write_page(study: Study, trials: Sequence[Trial], results: Results, costs: pd.DataFrame) -> Path:
    """Write the results of a study as they stand, and its pictures, beside its ledger; return the path of the page."""
    path = results.runs.path.with_suffix(".md")
    with alone(path):  # what is read last is what stands there: of several processes none writes an older page
        progress = progress_table(trials, results, costs)
        scores = with_those_beside(study, _of_this_study(trials, results.scores.read(), progress), path.parent)
        for name, drawing in study.pictures(trials, scores).items():
            with file_written_whole(path.with_name(f"{path.stem}-{name}.svg")) as partial:
                partial.write_text(drawing)
        with file_written_whole(path) as partial:
            partial.write_text(results_page(study, trials, scores, progress))
    return path


def results_page(study: Study, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> str:
    """Return the page: introduction, tables of scores, and what was not run."""
    tables = study.page(trials, scores, progress)
    if tables is None:
        others = replicated if study.replicates else referred if study.reference else _listed
        tables = (_crossed if study.scored_on else others)(study, trials, scores, progress)
    parts = [f"# {study.title}", study.introduction.strip(), *tables, *_without_scores(trials, scores, progress)]
    return "\n\n".join(parts) + "\n"


def _without_scores(trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
    """Name trials that stand in the ledger and have no scores, since that table was lost: they are not made again."""
    lost = [
        trial.name
        for trial in trials
        if progress.loc[of_trial(progress, trial), "done"].any() and not of_trial(scores, trial).any()
    ]
    if not lost:
        return []
    listed = "\n".join(f"- {name}" for name in lost)
    return [
        "## Without scores\n\nTheir runs stand in the ledger, their scores in no table: take that from the last commit,"
        f" or their rows out of the ledger.\n\n{listed}"
    ]


def _of_this_study(trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of trials with a run in the ledger: those of other settings or data do not stand for these."""
    stand = np.zeros(len(scores), dtype=bool)
    for trial in trials:
        if progress.loc[of_trial(progress, trial), "done"].any():
            stand |= of_trial(scores, trial).to_numpy()
    return scores[stand]


def with_those_beside(study: Study, scores: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return the scores, and below them those that other studies left in the same folder, where its page takes any."""
    if not study.beside:
        return scores
    paths = {name: folder / f"{name}.scores.tsv" for name in study.beside}
    others = [pd.read_csv(path, sep="\t").assign(study=name) for name, path in paths.items() if path.is_file()]
    return pd.concat([scores.assign(study=study.name), *others], ignore_index=True)


def _crossed(study: Study, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
    """Return one table: a row a trial, a column for each set of rows that it is scored on."""
    (axis,), (other,) = study.axes, study.scored_on
    columns = [trial.keys[axis] for trial in trials]
    rows = []
    for trial in trials:
        mine = scores[of_trial(scores, trial) & (scores["metric"] == MAIN)].set_index(other)
        cells = [_estimate(mine.loc[name].to_dict()) if name in mine.index else "" for name in columns]
        seeds = str(int(mine["n_seeds"].max())) if len(mine) else ""
        rows.append([trial.keys[axis], seeds, *cells])
        rows += [
            [*cost_of_the_rest(row), *[""] * len(columns)]
            for row in progress[of_trial(progress, trial)].to_dict("records")
        ]
    head = [f"{MAIN}: {axis.replace('_', ' ')}", "seeds", *columns]
    return [table(head, [row for row in rows if any(row)])]


def _listed(study: Study, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
    """Return what the methods differ by over all trials, and a table for each value of the first axis."""
    first, *others = study.axes
    differ = "difference" in scores and scores["difference"].notna().any()
    parts = ["## Over the first method", _differences(study.axes, scores)] if differ else []
    head = [*others, "method", "seeds", *SHOWN, f"{MAIN} over the first method"]
    for value in dict.fromkeys(trial.keys[first] for trial in trials):
        mine = [trial for trial in trials if trial.keys[first] == value]
        rows = [cells for trial in mine for cells in _trial_rows(trial, others, scores, progress)]
        parts += [f"## {first}: {value}", table(head, rows)]
    return parts


def _differences(axes: Sequence[str], scores: pd.DataFrame) -> str:
    """Return a table of the mean difference of each method over the last axis, and of how many intervals clear 0."""
    *kept, last = axes
    rows = scores[(scores["metric"] == MAIN) & scores["difference"].notna()]
    lines = []
    for keys, group in rows.groupby([*kept, "method"], sort=False):
        above, below = int((group["difference_low"] > 0).sum()), int((group["difference_high"] < 0).sum())
        mean = signed(group["difference"].mean())
        *place, method = map(str, keys)
        lines.append([*place, method.replace("_", " "), str(len(group)), mean, str(above), str(below)])
    head = [*kept, "method", f"{last}s", f"mean difference of {MAIN}", "interval above 0", "interval below 0"]
    return table(head, lines)


def _trial_rows(trial: Trial, axes: Sequence[str], scores: pd.DataFrame, progress: pd.DataFrame) -> list[list[str]]:
    mine = scores[of_trial(scores, trial)]
    place = [trial.keys[axis] for axis in axes]
    rows = [
        [*place, str(method).replace("_", " "), str(int(group["n_seeds"].max())), *_cells(group)]
        for method, group in mine.groupby("method", sort=False)
    ]
    left = [cost_of_the_rest(row) for row in progress[of_trial(progress, trial)].to_dict("records")]
    return rows + [[*place, *cells, *[""] * (len(SHOWN) + 1)] for cells in left if any(cells)]


def _cells(group: pd.DataFrame) -> list[str]:
    by_metric = {row["metric"]: row for row in group.to_dict("records")}
    cells = [_estimate(by_metric[name]) if name in by_metric else "" for name in SHOWN]
    main = by_metric[MAIN]
    is_baseline = pd.isna(main.get("difference", np.nan))
    names = ("difference", "difference_low", "difference_high")
    return [*cells, "" if is_baseline else _estimate(main, names, signed)]


def _estimate(
    row: Mapping[Any, Any],
    names: tuple[str, str, str] = ("estimate", "low", "high"),
    write: Callable[[float], str] = decimal,
) -> str:
    value, low, high = (write(row[name]) for name in names)
    return f"{value} ({low}, {high})"


def plan_lines(progress: pd.DataFrame) -> list[str]:
    """Return what `--plan` says in the end: runs, those that are done, and core-hours."""
    left = progress["core_hours_left"].sum()
    runs, done = int(progress["runs"].sum()), int(progress["done"].sum())
    return [
        f"{runs} runs, {done} of them in the ledger; about {left:.1f} core-hours are left on this machine",
        "timed on twenty steps of each kind of training; scoring and simple models come on top",
    ]
