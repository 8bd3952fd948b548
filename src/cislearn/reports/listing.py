"""What stands in a folder of many experiments: a line for each method, and for each folder that is not whole."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.errors import UserError
from cislearn.models.files import TWO_TOWERS, WEIGHTS, WHOLE
from cislearn.reports.alike import likeness
from cislearn.reports.files import read_json, read_tsv, require
from cislearn.reports.label_share import label_share, other_labels
from cislearn.reports.measures import measure, primary
from cislearn.reports.read import SOURCE, TARGET, read_report_data
from cislearn.reports.tables import SUMMARY
from cislearn.runs import BEST, EACH_RECORD, EXPERIMENT, RUN, SEARCH, TRIALS, ExperimentFolder, read_record

State = Literal["finished", "begun", "broken", "other"]
TRIAL = re.compile(r"trial-\d+")
Curve = Float[np.ndarray, "n_validations 2"]
"""Step and validation score of a run."""


@dataclass(frozen=True)
class Listed:
    """One line of the list.

    Parameters
    ----------
    path : Path
        The folder of the experiment, of a run that lies by itself, of a search or of a run of `express`.
    name : str
        The same, seen from the folder that was looked through.
    state : {"finished", "begun", "broken", "other"}
        ``begun``: the same `train` command goes on; ``broken``: a file is absent or cut short; ``other``: nothing of
        ours.
    why : str
        What is wrong; empty for what is finished.
    method, data, encoder, protocol : str
        Empty where they are not known.
    seeds : int
        How many were trained.
    on, task, metric : str
        Domain, task and metric of the number: the target's test loci where they have labels, else the sources'; the
        first task and the metric that stands for its kind.
    score, low, high : float
        Mean over seeds with its 95 % interval; NaN where there is none.
    share : float
        Per cent of the labels that training saw (`label_share`); NaN where it is not known.
    other_labels : str
        Which share of the sources' labels was seen beside those of the target (`other_labels`).
    alike : str
        Equal for experiments that differ in the labels of that share, methods and seeds alone (`likeness`); empty where
        that is not known.
    finished : str
        Date and time, as recorded.
    curves : tuple of ndarray
        One a seed.
    """

    path: Path
    name: str
    state: State
    why: str = ""
    method: str = ""
    data: str = ""
    encoder: str = ""
    protocol: str = ""
    seeds: int = 0
    on: str = ""
    task: str = ""
    metric: str = ""
    score: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    share: float = float("nan")
    other_labels: str = ""
    alike: str = ""
    finished: str = ""
    curves: tuple[Curve, ...] = ()

    @property
    def report(self) -> Path | None:
        """Its report, where there is one."""
        path = self.path / "report.html"
        return path if path.is_file() else None


def list_runs(folder: Path) -> list[Listed]:
    """List what stands in a folder, at any depth, the newest first. Nothing is refused but a folder that is none.

    Raises
    ------
    UserError
        Where `folder` is no folder.
    """
    if not folder.is_dir():
        raise UserError("is no folder", where=folder, fix="Give the folder that your experiments lie in.")
    found = list(_listed(folder, folder))
    return sorted(sorted(found, key=lambda each: each.name), key=lambda each: each.finished, reverse=True)


def _listed(folder: Path, top: Path) -> Iterator[Listed]:
    name = folder.relative_to(top).as_posix() if folder != top else folder.resolve().name
    try:
        if (folder / SEARCH).exists():
            yield _of_search(folder, name)
            for child in _children(folder):
                if not TRIAL.fullmatch(child.name):  # trials are never scored: they stay as they are
                    yield from _listed(child, top)
        elif (folder / TWO_TOWERS).exists():
            yield _of_expression(folder, name)
        elif (folder / EXPERIMENT).exists():
            yield from _of_experiment(folder, name)
        elif (folder / RUN).exists():
            yield from _of_run(folder, name)
        elif _is_begun(folder):
            done = sum(not run.parent.suffix for run in folder.glob(f"*/seed-*/{RUN}"))
            yield Listed(folder, name, "begun", f"finished runs: {done}; the same `cislearn train` command goes on")
        else:
            below = [line for child in _children(folder) for line in _listed(child, top)]
            known = [line for line in below if line.state != "other"]
            is_top = folder == top
            yield from below if is_top else known
            if not known and not is_top:
                yield Listed(folder, name, "other", "holds no run or experiment")
    except UserError as error:
        told = str(error).replace(f"{folder}{os.sep}", "").splitlines()
        yield Listed(folder, name, "broken", ". ".join(line.strip() for line in told))
    except (OSError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        yield Listed(folder, name, "broken", f"its records do not fit together ({type(error).__name__}: {error})")


def _children(folder: Path) -> list[Path]:
    """Folders within, not those that are hidden or lead elsewhere."""
    with os.scandir(folder) as entries:
        return sorted(
            Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name[0] != "."
        )


def _is_begun(folder: Path) -> bool:
    """Whether it is an experiment that was broken off: it has its configuration, or runs, and no record yet."""
    if (folder / EACH_RECORD).exists():
        return False
    has_runs = any(folder.glob("*/seed-*/identity"))
    has_folders = any((child / "config.yaml").exists() for child in _children(folder))  # the turns of `target: each`
    return has_runs or ((folder / "config.yaml").exists() and not has_folders)


def _of_experiment(folder: Path, name: str) -> Iterator[Listed]:
    experiment = ExperimentFolder(folder)
    info, summary = experiment.info, SUMMARY.read(folder / "summary.tsv")
    layers = _or_empty(folder / "model_summary.json")
    data = _or_empty(folder / "data.json")
    config = folder / "config.yaml"
    alike = likeness(config, str(data["hash"])) if config.is_file() and "hash" in data else ""
    for method in info["methods"]:
        runs = [experiment.run(method, seed).path for seed in info["seeds"]]
        for run in runs:
            require(run / RUN)
            require(run / WEIGHTS, WHOLE)
        yield Listed(
            folder,
            name,
            "finished",
            method=method,
            data=Path(str(data.get("dataset") or "")).name,
            encoder=str(layers.get("encoder", "")),
            seeds=len(runs),
            finished=str(info.get("finished", "")),
            alike=alike,
            curves=tuple(_curve(run) for run in runs if (run / "history.tsv").is_file()),
            **_score(summary[summary["method"] == method], has_target=info["target"] is not None),
        )


def _of_run(folder: Path, name: str) -> Iterator[Listed]:
    """A run that lies by itself."""
    info = read_record(folder / RUN)
    if "seed" not in info:
        yield Listed(folder, name, "other", "is a simple model")
        return
    model = read_json(folder / "model.json")
    require(folder / WEIGHTS, WHOLE)
    curves = (_curve(folder),) if (folder / "history.tsv").is_file() else ()
    score = _score(read_report_data(folder).summary, has_target=info["target"] is not None)
    encoder = str(model.get("encoder", ""))
    yield Listed(folder, name, "finished", method=info["method"], encoder=encoder, seeds=1, curves=curves, **score)


def _of_search(folder: Path, name: str) -> Listed:
    """A search for hyper-parameters, with the score of its best trial."""
    config = read_json(folder / SEARCH)["config"]
    columns, path = ["trial", "score"], folder / TRIALS
    trials = pd.read_csv(path, sep="\t", usecols=columns) if path.is_file() else pd.DataFrame(columns=columns)
    if not (folder / BEST).is_file():
        why = f"trials of a search: {len(trials)}; the same `cislearn search` command goes on"
        return Listed(folder, name, "begun", why)
    best = trials.sort_values("score", ascending=False, kind="stable").to_dict("records")[0]
    (method,) = config["methods"]
    return Listed(
        folder,
        name,
        "finished",
        method=method["label"] or method["name"],
        data=Path(config["data"]["path"]).name,
        encoder=config["model"]["encoder"]["name"],
        protocol=f"search: trial {best['trial']:g}, the best of {len(trials)}",
        seeds=len(config["training"]["seeds"]),
        on="validation",
        metric="validation score",
        score=float(best["score"]),
    )


def _of_expression(folder: Path, name: str) -> Listed:
    """A network of expression, with the first of its scores."""
    card, scores = (
        read_json(folder / TWO_TOWERS),
        read_tsv(folder / "scores.tsv", text=("metric",), numbers=("estimate", "low", "high"), also_text=("of",)),
    )
    require(folder / WEIGHTS, WHOLE)
    first, how = scores.to_dict("records")[0], card["extra"]
    return Listed(
        folder,
        name,
        "finished",
        method=card["network"],
        encoder="two towers",
        protocol=f"{how['split']} split, fold {how['fold']}" + (f", {how['ablation']}" if how["ablation"] else ""),
        seeds=1,
        on="pairs held out",
        metric=first["metric"],
        score=first["estimate"],
        low=first["low"],
        high=first["high"],
    )


def _or_empty(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _curve(run: Path) -> Curve:
    table = read_tsv(run / "history.tsv", text=(), numbers=("step", "valid_score"))
    return table[["step", "valid_score"]].to_numpy(np.float64)


def _score(rows: pd.DataFrame, *, has_target: bool) -> dict[str, Any]:
    """Take the number that stands for a method: of its first task, on the target where that has one."""
    on_target = rows[(rows["part"] == TARGET) & rows["estimate"].notna()]
    here = on_target if len(on_target) else rows[rows["part"] == SOURCE]
    if here.empty:
        return {}
    here = here[here["task"] == here["task"].iloc[0]]
    metric = primary(here["metric"])
    row = here[here["metric"] == metric].iloc[0].to_dict()
    told = {"on": row["domain"], "task": row["task"], "metric": measure(metric).label, "protocol": row["protocol"]}
    told |= {"other_labels": other_labels(row["protocol"], has_target=has_target)}
    share = label_share(row["protocol"], has_target=has_target)
    return told | {"score": row["estimate"], "low": row["low"], "high": row["high"], "share": share}
