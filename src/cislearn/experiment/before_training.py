"""What can be known before anything is trained: how far simple models go, and whether domains differ in composition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cislearn.baselines import BATTERY
from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import Dataset
from cislearn.experiment.battery import MOST_WINDOWS, left_out_of_battery
from cislearn.experiment.battery_scores import COLUMNS, locus_warning, score_battery
from cislearn.experiment.domain_check import ALL, DomainCheck, check_domain, composition_warning
from cislearn.experiment.roles import Roles, Side
from cislearn.reports.numbers import decimal


@dataclass(frozen=True)
class Findings:
    """What was found.

    Parameters
    ----------
    simple : DataFrame
        AUROC of simple models on the test part; empty where there are none.
    title : str
        What they were fitted to and tested on, or why there are none.
    notes : list of str
        What is not there.
    apart : DataFrame
        How well composition alone tells domains apart; empty for a single domain.
    warnings : list of str
        What to look into before training.
    """

    simple: pd.DataFrame
    title: str
    notes: list[str]
    apart: pd.DataFrame
    warnings: list[str]


def look_before_training(roles: Roles) -> Findings:
    """Fit and score the simple models, and try to tell the domains apart by composition; nothing is written."""
    title, simple, notes = _simple(roles)
    checks = _check_domains(roles.dataset, roles.target)
    warnings = [each for each in (locus_warning(simple), composition_warning(checks)) if each]
    return Findings(simple, title, notes, _apart(checks), warnings)


def _simple(roles: Roles) -> tuple[str, pd.DataFrame, list[str]]:
    """Fit and score the simple models; return a title (or why there are none), the table, and notes."""
    left_out = left_out_of_battery(roles.dataset, BATTERY)
    names = [name for name in BATTERY if name not in left_out]
    if not names:
        return f"no simple models: {left_out[BATTERY[0]]}", pd.DataFrame(columns=COLUMNS), []
    if not roles.sources:
        others = "" if roles.target is None else f" but {roles.target}"
        return f"no simple models: no domain{others} has labels to fit them to", pd.DataFrame(columns=COLUMNS), []
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
