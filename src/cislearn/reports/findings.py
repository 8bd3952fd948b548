"""What the answer is told from: estimates and differences on the rows that the report is about, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from cislearn.reports.label_share import share_seen
from cislearn.reports.left_out import LeftOut
from cislearn.reports.measures import in_order
from cislearn.reports.numbers import count, in_words, listed
from cislearn.reports.read import SOURCE, TARGET, ReportData

MANY_DOMAINS = 4
OF_DOMAINS = ["method", "domain", "task", "metric", "estimate", "difference"]


@dataclass(frozen=True)
class Findings:
    """Numbers and the words that belong to them.

    Parameters
    ----------
    estimates : DataFrame
        Columns method, task, metric, estimate, low, high; several rows a metric where there are several domains.
    contrasts : DataFrame
        Columns method, baseline, task, metric, difference, low, high.
    methods : tuple of str
        In the order of the experiment.
    bounds, networks : frozenset of str
        Methods that have seen target labels; methods that were trained step by step.
    shares : mapping of str to str
        ``10 %`` of each method that has seen a share of the target's labels.
    stamps : mapping of str to str
        ``oracle`` of each method whose checkpoints were chosen with target labels.
    n_seeds : int
        Of each method.
    places : mapping of str to str
        Where the numbers of each method hold, as the sentence begins.
    before : str
        What is said first: why there is no number for the target.
    by_domain : DataFrame
        Columns method, domain, task, metric, estimate, difference: of each domain, where the numbers are means over
        domains; empty where they are not.
    """

    estimates: pd.DataFrame
    contrasts: pd.DataFrame
    methods: tuple[str, ...]
    bounds: frozenset[str]
    networks: frozenset[str]
    shares: Mapping[str, str]
    stamps: Mapping[str, str]
    n_seeds: int
    places: Mapping[str, str]
    before: str = ""
    by_domain: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=OF_DOMAINS))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks with a number."""
        return tuple(dict.fromkeys(self.estimates["task"]))

    def metrics_of(self, task: str) -> list[str]:
        """Metrics of `task`, the one that stands for it first."""
        return in_order(self.estimates.loc[self.estimates["task"] == task, "metric"])


def findings(data: ReportData) -> Findings:
    """Take the target's test loci, or the source's where the target gives no number.

    A target without labels is told by the domains that were left out in turn, where there are such numbers.
    """
    if data.left_out is not None and data.is_told_by_left_out:
        before = f"{data.target} has no labels. Each of {_the_domains(data.left_out)} was left out in turn"
        return findings_left_out(data.left_out, f"{before} and treated like it: on average over these,")
    before = ""
    if data.target is not None and not data.is_target_labelled:
        before = f"{data.target} has no labels, so no number can be given for it. "
    return Findings(
        estimates=data.scores(data.main_part),
        contrasts=data.comparison,
        methods=data.methods,
        bounds=frozenset(method for method in data.methods if data.sees_target(method)),
        networks=frozenset(run.method for run in data.runs if run.history is not None),
        shares=_shares(data.methods, data.summary),
        stamps={method: data.stamp(method) for method in data.methods if data.stamp(method)},
        n_seeds=len(data.seeds),
        places={method: _place(data, method) for method in data.methods},
        before=before,
    )


def findings_left_out(left_out: LeftOut, place: str = "") -> Findings:
    """Take the means over the domains that were left out in turn."""
    place = place or f"With each of {_the_domains(left_out)} left out in turn, on average over these,"
    means, contrasts = left_out.means, left_out.contrasts
    return Findings(
        estimates=means,
        contrasts=contrasts[contrasts["domain"].isin(set(means["domain"]))],
        methods=left_out.trained,
        bounds=frozenset(method for method in left_out.trained if left_out.sees_target(method)),
        networks=frozenset(left_out.trained),
        shares=_shares(left_out.trained, left_out.table),
        stamps=dict.fromkeys(left_out.trained, left_out.stamp) if left_out.stamp else {},
        n_seeds=left_out.n_seeds,
        places=dict.fromkeys(left_out.trained, place),
        by_domain=left_out.table.loc[left_out.table["domain"].isin(left_out.domains), OF_DOMAINS],
    )


def _shares(methods: Sequence[str], table: pd.DataFrame) -> dict[str, str]:
    """Read from the protocols of a table which share of the target's labels each method has seen, if any."""
    shares = {method: share_seen(table.loc[table["method"] == method, "protocol"].unique()) for method in methods}
    return {method: share for method, share in shares.items() if share}


def _the_domains(left_out: LeftOut) -> str:
    """``the three labelled domains``."""
    return f"the {in_words(len(left_out.domains))} labelled domains"


def _place(data: ReportData, method: str) -> str:
    """Say where the numbers of the sentence hold."""
    if data.main_part == TARGET:
        share = data.share_seen(method)
        some = f"with {share} of its labels seen in training" if share else "never labelled in training"
        seen = "with its labels seen in training" if data.sees_target(method) else some
        return f"In {data.target}, {seen},"
    domains = list(dict.fromkeys(data.scores(SOURCE)["domain"]))
    where = listed(domains) if len(domains) <= MANY_DOMAINS else f"{count(len(domains))} source domains"
    return f"On held-out loci of {where},"
