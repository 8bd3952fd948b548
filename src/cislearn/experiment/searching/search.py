"""A search for hyper-parameters with optuna: trial after trial, chosen by the validation score of earlier ones."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from cislearn.atomic import file_written_whole, the_only_one_in, write_json
from cislearn.data.dataset import read_dataset
from cislearn.data.marker import read_marker
from cislearn.errors import UserError
from cislearn.experiment.composition import compose_methods
from cislearn.experiment.config import EACH, ExperimentConfig
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.searching.space import Range, Space, distributions
from cislearn.experiment.underway import begin, run_identities
from cislearn.runs import BEST, SEARCH, TRIALS, RunFolder
from cislearn.tables import write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna import Study
    from optuna.trial import FrozenTrial

STORE, SCORES = "search.db", "scores.json"
MakeConfig = Callable[[Mapping[str, Any]], ExperimentConfig]
"""From the values of a trial to its configuration."""


def search(
    make_config: MakeConfig,
    space: Space,
    folder: Path,
    *,
    n_trials: int,
    seed: int = 0,
    search_path: Sequence[Path] = (),
    reporter: Reporter | None = None,
) -> pd.DataFrame:
    """Try `n_trials` configurations, and write ``trials.tsv`` and ``best.yaml``.

    What is looked for is the greatest mean over the seeds of `validation_scores`: no label of a test row is looked at.
    Trials are proposed by the tree-structured Parzen estimator (Bergstra et al. 2011); which one comes next is a
    function of the seed and of the trials before, so a search that is broken off ends as one that was not.

    Parameters
    ----------
    make_config : callable
        Gives the configuration of a trial's values.
    space : mapping
        What may be tried.
    folder : Path
        Of the search; trials stand in it.
    n_trials : int
        Of all, with those that are there.
    seed : int
        Of the proposals.
    search_path : sequence of Path
        Folders with the user's own encoders and objectives.
    reporter : Reporter, optional
        Hears of the progress.

    Returns
    -------
    DataFrame
        A row a trial: trial, a column each key of the space, score, seeds_sd, problem (why it has no score).

    Raises
    ------
    UserError
        Where optuna is not installed, the configuration allows no search, the folder is that of another one or another
        process is at work in it, or no trial could be trained.
    """
    reporter = reporter or Reporter()
    first = make_config({key: values.low if isinstance(values, Range) else values[0] for key, values in space.items()})
    _check(first)
    with the_only_one_in(folder):
        _claim(folder, space, seed, first, search_path)
        with _opened(folder) as study:
            while (number := _next(study, space, n_trials, seed)) is not None:
                values = _values(space, study.trials[number])
                reporter.note(f"--- trial {number}: " + ", ".join(f"{key}={value}" for key, value in values.items()))
                _try(study, number, partial(make_config, values), folder / trial_name(number), search_path, reporter)
                write_table(folder / TRIALS, _table(study, space, folder))
            table = _table(study, space, folder)
            if table["score"].isna().all():
                raise UserError(f"no trial could be trained: {table['problem'].iloc[0]}", where=folder)
            chosen = _values(space, study.best_trial)
    wanted = make_config(chosen).model_copy(update={"out": folder / "best"})
    with file_written_whole(folder / BEST) as unfinished:
        unfinished.write_text(yaml.safe_dump(wanted.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    return table


def trial_name(number: int) -> str:
    """Return the name of the folder of a trial."""
    return f"trial-{number:04}"


def validation_scores(runs: Sequence[RunFolder]) -> list[float]:
    """Return the validation score of each finished run at the step whose weights were kept."""
    scores = []
    for run in runs:
        history = pd.read_csv(run.path / "history.tsv", sep="\t")
        scores.append(float(history.loc[history["step"] == run.info["step"], "valid_score"].iloc[-1]))
    return scores


def _check(config: ExperimentConfig) -> None:
    """Refuse what has no one score that may choose."""
    if len(config.methods) != 1:
        titles = ", ".join(method.title for method in config.methods)
        raise UserError(f"a search is of one method, and these are several: {titles}", where="methods", fix="Keep one.")
    if config.selection == "oracle":
        fix = "Take selection: source_validation."
        raise UserError(
            "oracle reads the target's labels, by which nothing may be searched", where="selection", fix=fix
        )
    if config.data.target == EACH:
        raise UserError("a search has one target or none", where="data.target", fix="Name one.")


def _claim(folder: Path, space: Space, seed: int, config: ExperimentConfig, search_path: Sequence[Path]) -> None:
    """Refuse to go on with a search of something else: its trials would choose the next ones."""
    plain = {key: asdict(values) if isinstance(values, Range) else values for key, values in space.items()}
    data = read_marker(config.data.path)["hash"]
    card = {"space": plain, "seed": seed, "config": config.model_dump(mode="json"), "dataset": data}
    with suppress(UserError):  # the first values may be none that can be trained, as their trial will tell
        # Identities know what the configuration names by a path alone: encoders of one's own, vectors, a run before.
        card["code"] = run_identities(config, compose_methods(config, search_path), data, search_path)
    card = json.loads(json.dumps(card))
    path = folder / SEARCH
    if not path.is_file():
        write_json(path, card)
        return
    other = _differences(json.loads(path.read_text(encoding="utf-8")), card)
    if other:
        fix = "Give --out another folder."
        raise UserError(f"is a search of another {' and '.join(other)}", where=folder, fix=fix)


def _differences(found: Mapping[str, Any], card: Mapping[str, Any]) -> list[str]:
    """Name what makes one search another, and not what only follows from it.

    The configuration holds first values of the space, and the identities of the code depend on all the rest.
    """
    tried = {*found.get("space", {}), *card["space"]}
    there, here = ({**each, "config": _without(each.get("config"), tried)} for each in (found, card))
    other = [name for name in here if there.get(name) != here[name]]
    return [name for name in other if name != "code"] or other


def _without(values: Any, keys: Collection[str]) -> Any:
    """Return nested values without those that dotted keys lead to."""
    if not isinstance(values, dict):
        return values
    return {
        name: _without(value, [key.removeprefix(f"{name}.") for key in keys if key.startswith(f"{name}.")])
        for name, value in values.items()
        if name not in keys
    }


def _next(study: Study, space: Space, n_trials: int, seed: int) -> int | None:
    """Number of the trial to be trained: one that was broken off, or else a new one; None where all are done."""
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    for trial in study.trials:
        if trial.state == TrialState.RUNNING:
            return trial.number
    number = len(study.trials)
    if number >= n_trials:
        return None
    # A seed of its own for each trial: one that goes on would else propose what was proposed before.
    state = np.random.SeedSequence([seed, number]).generate_state(1)
    study.sampler = TPESampler(seed=int(state[0]))
    return study.ask(distributions(space)).number


@contextmanager
def _opened(folder: Path) -> Iterator[Study]:
    try:
        import optuna
    except ImportError as error:
        fix = "Install it with: pip install 'cislearn[search]'"
        raise UserError("a search needs optuna, which is not installed", fix=fix) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.RDBStorage(f"sqlite:///{(folder / STORE).resolve()}")
    try:
        yield optuna.create_study(storage=storage, study_name="search", direction="maximize", load_if_exists=True)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _try(
    study: Study,
    number: int,
    make: Callable[[], ExperimentConfig],
    out: Path,
    search_path: Sequence[Path],
    reporter: Reporter,
) -> None:
    """Train a trial from all its seeds, and tell its score or why there is none."""
    from optuna.trial import TrialState

    told: dict[str, Any] = {"scores": [], "problem": ""}
    try:
        told["scores"] = validation_scores(_train(make().model_copy(update={"out": out}), search_path, reporter))
        if not all(map(math.isfinite, told["scores"])):
            told["problem"] = "the validation score is no number"
    except UserError as error:
        told["problem"] = str(error)
    write_json(out / SCORES, told)
    if told["problem"]:
        reporter.note(f"trial {number} has no score: {told['problem']}")
        study.tell(number, state=TrialState.FAIL)
    else:
        study.tell(number, float(np.mean(told["scores"])))


def _train(config: ExperimentConfig, search_path: Sequence[Path], reporter: Reporter) -> list[RunFolder]:
    """Train the runs of an experiment and leave it at that: nothing is scored on test rows, no report is drawn."""
    underway = begin(config, search=search_path, reporter=reporter, dataset=read_dataset(config.data.path))
    (method,) = underway.methods
    return [underway.train(method, seed) for seed in config.training.seeds]


def _values(space: Space, trial: FrozenTrial) -> dict[str, Any]:
    """What a trial tries: of a list, the value at the place that was drawn."""
    drawn = trial.params
    return {
        key: drawn[key] if isinstance(values, Range) else values[drawn[key]]
        for key, values in space.items()
        if key in drawn  # one that was killed while it was proposed has some of them
    }


def _as_stored(trial: FrozenTrial) -> dict[str, Any]:
    """Return what the search itself knows of a trial whose folder is gone: its score, or that it has none."""
    score = trial.value
    return {"scores": [] if score is None else [score], "problem": "its folder is gone" if score is None else ""}


def _table(study: Study, space: Space, folder: Path) -> pd.DataFrame:
    rows = []
    for trial in study.trials:
        path = folder / trial_name(trial.number) / SCORES
        told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else _as_stored(trial)
        scores, problem = told["scores"], told["problem"]
        row: dict[str, Any] = {"trial": trial.number, **_values(space, trial)}
        row["score"] = math.nan if problem else float(np.mean(scores))
        row["seeds_sd"] = math.nan if problem or len(scores) < 2 else float(np.std(scores, ddof=1))
        rows.append({**row, "problem": problem})
    return pd.DataFrame(rows)
