"""What `cislearn inspect` shows of a dataset, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from cislearn.baselines import BATTERY
from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import Dataset
from cislearn.data.describe import describe
from cislearn.data.leaks import LeakReport, drop_leaks, find_leaks
from cislearn.data.parts import TEST
from cislearn.data.split import split_rows
from cislearn.errors import UserError, nearest
from cislearn.experiment.battery import MOST_WINDOWS, left_out_of_battery
from cislearn.experiment.battery_scores import COLUMNS, locus_warning, score_battery
from cislearn.experiment.domain_check import ALL, DomainCheck, check_domain, composition_warning
from cislearn.experiment.roles import Roles, Side
from cislearn.reports.numbers import decimal

_MOST_CLASSES = 6
"""Classes whose leaks are told; of more, those that leak most."""


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=COLUMNS)


@dataclass(frozen=True)
class Inspection:
    """What a dataset holds and how far little goes on it.

    Parameters
    ----------
    domains, parts, dropped : DataFrame
        Windows by domain, task and label; by domain and part; left out, by reason.
    notes : list of str
        On split and leaks.
    simple : DataFrame
        AUROC of simple models on the test part; empty where there are none.
    simple_title : str
        What they were fitted to and tested on, or why there are none.
    simple_notes : list of str
        What is not there.
    apart : DataFrame
        How well composition alone tells domains apart; empty for a single domain.
    warnings : list of str
        What to look into before training.
    """

    domains: pd.DataFrame
    parts: pd.DataFrame
    dropped: pd.DataFrame
    notes: list[str]
    simple: pd.DataFrame = field(default_factory=_none)
    simple_title: str = ""
    simple_notes: list[str] = field(default_factory=list)
    apart: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: list[str] = field(default_factory=list)


def inspect_dataset(
    dataset: Dataset,
    by: str = "auto",
    target: str | None = None,
    *,
    folds: Mapping[str, Sequence[str]] | None = None,
    quick: bool = False,
) -> Inspection:
    """Describe `dataset`, the split that `by` or `folds` gives it, and how far simple models go on that.

    Parameters
    ----------
    dataset : Dataset
        Any.
    by : str
        See `cislearn.data.split.split_rows`.
    target : str, optional
        A domain whose labels have no say in the split and in what is fitted; simple models are tested on it.
    folds : mapping of str to list of str, optional
        Chromosomes of each part.
    quick : bool
        Leave out simple models and the comparison of domains.

    Raises
    ------
    UserError
        Where it cannot be split so, or has no domain `target`.
    """
    if target is not None and target not in dataset.spec.domains:
        raise UserError(f"domain {target!r} is not in the dataset{nearest(target, dataset.spec.domains)}")
    split = split_rows(dataset, by=by, target=target, folds=folds)
    leaks = find_leaks(dataset, split.part)
    found = describe(dataset, split, leaks)
    domains = [
        {"domain": domain["name"], "task": task} | counts | {"GC": _number(domain["gc_mean"])}
        for domain in found["domains"]
        for task, counts in domain["per_task"].items()
    ]
    parts = [{"domain": domain["name"], "all": domain["n"]} | domain["per_part"] for domain in found["domains"]]
    notes = [f"split: {split.how}", *split.notes, f"leak check: {leaks}", *_leaks_by_class(leaks)]
    about = Inspection(pd.DataFrame(domains), pd.DataFrame(parts), pd.DataFrame(found["dropped"]), notes)
    if quick:
        return about
    checks = _check_domains(dataset, target)
    labelled = [
        domain["name"]
        for domain in found["domains"]
        if any(counts["unlabelled"] < domain["n"] for counts in domain["per_task"].values())
    ]
    sources = tuple(name for name in labelled if name != target)
    title, simple, simple_notes = _simple(Roles(dataset, sources, target, drop_leaks(split, leaks), leaks))
    return replace(
        about,
        simple=simple,
        simple_title=title,
        simple_notes=simple_notes,
        apart=_apart(checks),
        warnings=[each for each in (locus_warning(simple), composition_warning(checks)) if each],
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _leaks_by_class(leaks: LeakReport) -> list[str]:
    """One note on what share of the test rows of each class has a partner in train or valid."""
    is_test = leaks.part == TEST
    leaked = leaks.to_dict()["test"]["leaky by answer"]
    counts = {name: (leaked[name], int((is_test & rows).sum())) for name, rows in leaks.answers.items()}
    there = sorted((name for name, (n, _) in counts.items() if n), key=lambda name: -counts[name][0] / counts[name][1])
    told = [f"{name} {counts[name][0]:,} of {counts[name][1]:,}" for name in there[:_MOST_CLASSES]]
    more = ", ..." if len(there) > _MOST_CLASSES else ""
    return [f"test windows that training or validation windows share: {', '.join(told)}{more}"] if told else []


def _simple(roles: Roles) -> tuple[str, pd.DataFrame, list[str]]:
    """Fit and score the simple models; return a title (or why there are none), the table, and notes."""
    left_out = left_out_of_battery(roles.dataset, BATTERY)
    names = [name for name in BATTERY if name not in left_out]
    if not names:
        return f"no simple models: {left_out[BATTERY[0]]}", _none(), []
    if not roles.sources:
        others = "" if roles.target is None else f" but {roles.target}"
        return f"no simple models: no domain{others} has labels to fit them to", _none(), []
    notes = [f"{name} is left out: {reason}" for name, reason in left_out.items()]
    side: Side = "sources"
    if roles.target is not None and len(roles.labelled_rows("target", "test")):
        side = "target"
    elif roles.target is not None:
        notes.append(f"{roles.target} has no labels: these are numbers of the sources, and say little about it")
    n_train, n_test = len(roles.labelled_rows("sources", "train")), len(roles.labelled_rows(side, "test"))
    title = (
        f"simple models, on {n_test:,} test windows of {roles.domain_name(side)};"
        f" fitted to {min(n_train, MOST_WINDOWS):,} training windows of {roles.domain_name('sources')}"
    )
    return title, score_battery(roles, names, side), notes


def _check_domains(dataset: Dataset, target: str | None) -> list[DomainCheck]:
    """Tell the target from all others, or each domain from the rest; of two domains one from the other."""
    names = list(dataset.spec.domains)
    if len(names) < 2:
        return []
    clusters, checks = locus_clusters(dataset), []
    for name in names if len(names) > 2 and target is None else [target or names[-1]]:
        others = [other for other in names if other != name]
        against = others[0] if len(others) == 1 else "the other domains"
        checks.append(check_domain(dataset, clusters, name, others, against=against))
    return checks


def _apart(checks: Sequence[DomainCheck]) -> pd.DataFrame:
    """One row a domain, one column for all windows and for each class that is anywhere to be compared."""
    shown = [name for name in (checks[0].found if checks else ()) if name == ALL or any(c.found[name] for c in checks)]
    rows = []
    for check in checks:
        row = {"domain": check.domain, "against": check.against}
        for name in shown:
            auroc = check.found[name]
            row[name] = (
                f"{decimal(auroc.value)} ({decimal(auroc.low)}, {decimal(auroc.high)})" if auroc else "too few windows"
            )
        rows.append(row)
    return pd.DataFrame(rows)
