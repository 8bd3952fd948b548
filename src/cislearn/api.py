"""The Python interface: the verbs of the command line as functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cislearn.data.dataset import Dataset
from cislearn.errors import UserError
from cislearn.experiment.comparing import Comparison, compare_runs
from cislearn.experiment.execute import Experiment, run_experiment
from cislearn.experiment.reading import make_config
from cislearn.experiment.reporter import Reporter


def train(
    data: Dataset | Path | str,
    *,
    target: str | None = None,
    methods: Sequence[str | Mapping[str, Any]] | None = None,
    seeds: int | Sequence[int] = 3,
    out: Path | str | None = None,
    settings: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Experiment:
    """Train methods side by side, compare them on the same loci, and write a report.

    Parameters
    ----------
    data : Dataset or Path
        A dataset, or its folder.
    target : str, optional
        The domain adapted to, whose labels training never sees.
    methods : list of str or mapping, optional
        By default ``source_only`` and ``adversarial`` with a target, ``supervised`` without.
    seeds : int or list of int
        How many, from 0, or which.
    out : Path, optional
        The experiment's folder; by default ``runs/`` and the dataset's name.
    settings : mapping, optional
        Other keys of the configuration, nested or dotted: ``{"training.epochs": 5}``.
    overwrite : bool
        Remove what the folder holds and train again.
    reporter : Reporter, optional
        Hears of the progress.

    Returns
    -------
    Experiment
        Its `metrics` are a table; `predict` scores a file.

    Raises
    ------
    UserError
        Where data, configuration or folder do not allow it.
    """
    path = data.path if isinstance(data, Dataset) else Path(data)
    if path is None:
        raise UserError("a dataset in memory has no folder to train from", fix="write_dataset gives it one.")
    wanted = methods or (["source_only", "adversarial"] if target is not None else ["supervised"])
    values = {
        "data": {"path": str(path), "target": target},
        "methods": list(wanted),
        "training": {"seeds": list(range(seeds)) if isinstance(seeds, int) else list(seeds)},
        "out": str(out or Path("runs") / path.resolve().name),
    }
    dotted = [f"{key}={_yaml(value)}" for key, value in (settings or {}).items()]
    config = make_config(values, dotted, where="settings")
    return run_experiment(config, search=[Path.cwd()], reporter=reporter, overwrite=overwrite)


def compare(*runs: Path | str, data: Sequence[Path | str] = (), allow_unlike: bool = False) -> Comparison:
    """Compare finished runs on the test loci that they share, paired by locus and seed; the first is the baseline.

    Parameters
    ----------
    runs : Path or str
        Two or more: an experiment (its default method), ``EXPERIMENT:METHOD``, a method's folder, one run.
    data : sequence of Path
        Where their datasets lie now, if they have moved.
    allow_unlike : bool
        Compare runs although data, domains or split differ; every row of the table then says so.

    Returns
    -------
    Comparison
        Its `table` holds every metric with its interval and its difference to the first run.

    Raises
    ------
    UserError
        See `cislearn.experiment.comparing.compare.compare_runs`.
    """
    return compare_runs(runs, data=data, allow_unlike=allow_unlike)


def _yaml(value: Any) -> str:
    import json

    return json.dumps(value, default=str)
