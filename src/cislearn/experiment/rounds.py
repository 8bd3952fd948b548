"""Each labelled domain left out in turn: what to expect of a domain whose labels nobody has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cislearn.data.dataset import Dataset
from cislearn.errors import UserError
from cislearn.experiment.battery import SimpleModel
from cislearn.experiment.claim import folder_names
from cislearn.experiment.completion import Experiment, complete, scores_of
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.mean import mean_rows
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.roles import check_domain_name
from cislearn.experiment.underway import Underway, begin
from cislearn.runs import RunFolder

FEWEST = 2
"""Labelled domains without which none can be left out."""


@dataclass(frozen=True)
class Round:
    """One domain left out: an experiment of its own, begun."""

    domain: str
    underway: Underway
    battery: Mapping[SimpleModel, RunFolder]


def labelled_domains(dataset: Dataset, among: Sequence[str] | None = None) -> list[str]:
    """Return the domains that have a label, of `among` where that is given.

    Raises
    ------
    UserError
        Where one of `among` is not in the dataset.
    """
    for name in among or ():
        check_domain_name(dataset, name)
    found = set(dataset.loci["domain"][dataset.is_labelled])
    return [name for name in among or dataset.spec.domains if name in found]


def begin_rounds(
    config: ExperimentConfig,
    domains: Sequence[str],
    dataset: Dataset,
    folder: Path,
    *,
    search: Sequence[Path] = (),
    reporter: Reporter,
    overwrite: bool = False,
) -> list[Round]:
    """Begin an experiment for each of `domains`, with it as target and the others as sources.

    Raises
    ------
    UserError
        Where there are fewer than two domains with labels.
    """
    if len(domains) < FEWEST:
        raise UserError(
            f"{len(domains)} of the domains has labels; to leave one out there must be {FEWEST} or more",
            where="data.target",
            fix="Name the target itself, or add a labelled domain.",
        )
    rounds = []
    for domain, name in zip(domains, folder_names(domains), strict=True):
        reporter.note(f"--- {domain} left out")
        others = [other for other in domains if other != domain]
        data = config.data.model_copy(update={"target": domain, "sources": others})
        mine = config.model_copy(update={"data": data, "out": folder / name})
        underway = begin(mine, search=search, reporter=reporter, overwrite=overwrite, dataset=dataset)
        rounds.append(Round(domain, underway, underway.fit_battery()))
    return rounds


def train_rounds(rounds: Sequence[Round], command: str | None = None) -> pd.DataFrame:
    """Train all rounds seed by seed, complete each, and return ``leave_one_out.tsv``."""
    for seed in rounds[0].underway.setting.config.training.seeds:
        for each in rounds:
            each.underway.setting.reporter.note(f"--- {each.domain} left out, seed {seed}")
            for method in each.underway.methods:
                each.underway.train(method, seed)
    done = [complete(each.underway, each.battery, command) for each in rounds]
    tables = [_rows(each.domain, experiment) for each, experiment in zip(rounds, done, strict=True)]
    scores = [scores_of(each.underway, each.battery) for each in rounds]
    titles = [*(model.title for model in rounds[0].battery), *(method.title for method in rounds[0].underway.methods)]
    means = mean_rows(scores, titles, baseline=rounds[0].underway.methods[0].title)
    protocols = tables[0].drop_duplicates("method").set_index("method")["protocol"]
    means = means.assign(protocol=means["method"].map(protocols))
    return pd.concat([*tables, means], ignore_index=True)[list(tables[0].columns)]


def _rows(domain: str, experiment: Experiment) -> pd.DataFrame:
    """Return the scores of one round on the domain that was left out."""
    about = ["method", "task", "metric", "estimate", "low", "high", "n_seeds", "n", "protocol"]
    columns = [*about, "domain", "difference", "difference_low", "difference_high"]
    return experiment.target_scores.assign(domain=domain)[columns]
