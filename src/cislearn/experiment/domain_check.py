"""Do domains differ in base composition alone? Then a method that makes them look alike has that to unlearn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int

from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import Dataset
from cislearn.evaluation.intervals import Estimate
from cislearn.evaluation.separation import separation
from cislearn.experiment.roles import Roles
from cislearn.reports.numbers import decimal
from cislearn.sequence.composition import dinucleotide_frequencies, gc_fraction

MOST_WINDOWS = 4_000
"""Windows looked at on either side, drawn at random where there are more."""

TOLD_APART = 0.6
"""AUROC above which, by the lower end of its interval, people are warned."""

ALL, NEGATIVES, POSITIVES = "all windows", "negatives", "positives"
WARNED_OF = (ALL, NEGATIVES)
"""Where it is a matter of how regions were chosen; positives of two domains may well differ in composition."""


@dataclass(frozen=True)
class DomainCheck:
    """How well GC content and dinucleotides alone tell a domain from others.

    Parameters
    ----------
    domain : str
        The one.
    against : str
        The others, for people.
    found : dict of str to Estimate or None
        AUROC among all windows, and where wanted among negatives and among positives; None where they are too few.
    """

    domain: str
    against: str
    found: dict[str, Estimate | None]

    @property
    def told_apart(self) -> dict[str, float]:
        """AUROC where it is clearly above `TOLD_APART`, among all windows or negatives."""
        there = {name: self.found.get(name) for name in WARNED_OF}
        return {name: auroc.value for name, auroc in there.items() if auroc and auroc.low > TOLD_APART}


def check_domain(
    dataset: Dataset,
    clusters: Int[np.ndarray, " n"],
    domain: str,
    others: Sequence[str],
    *,
    against: str,
    by_class: bool = True,
) -> DomainCheck:
    """Tell the windows of `domain` from those of `others` by composition alone.

    Parameters
    ----------
    dataset : Dataset
        Any.
    clusters : ndarray, shape (N,)
        Cluster of loci of each of its rows.
    domain, others : str, list of str
        Its domains.
    against : str
        The others, for people.
    by_class : bool
        Also look at negatives and at positives by themselves. Without it no label is read.
    """
    names = dataset.loci["domain"].to_numpy()
    sides = [np.flatnonzero(names == domain), np.flatnonzero(np.isin(names, list(others)))]
    found = {ALL: _tell_apart(dataset, clusters, *sides)}
    if by_class:
        first, second = (_classes(dataset, rows) for rows in sides)
        found |= {name: _tell_apart(dataset, clusters, first[name], second[name]) for name in first}
    return DomainCheck(domain, against, found)


def check_target(roles: Roles) -> DomainCheck | None:
    """Tell the target from the sources without reading a label; None where there is no target."""
    if roles.target is None:
        return None
    against = roles.sources[0] if len(roles.sources) == 1 else "the sources"
    clusters = locus_clusters(roles.dataset)
    return check_domain(roles.dataset, clusters, roles.target, roles.sources, against=against, by_class=False)


def composition_record(check: DomainCheck) -> dict[str, Any]:
    """Return what ``data.json`` says of the target's composition: auroc, low, high (None where not told), warning."""
    found = check.found[ALL]
    numbers = (None, None, None) if found is None else (found.value, found.low, found.high)
    return dict(zip(("auroc", "low", "high"), numbers, strict=True)) | {"warning": composition_warning([check])}


def composition_warning(checks: Sequence[DomainCheck]) -> str | None:
    """Say in plain words which domains are told from the same others, and what follows; None where none is."""
    told = []
    for check in checks:
        numbers = [f"{decimal(auroc, 2)} for {name}" for name, auroc in check.told_apart.items()]
        if numbers:
            told.append(f"{check.domain} (AUROC {', '.join(numbers)})")
    if not told:
        return None
    return (
        f"GC content and dinucleotides alone tell {'; '.join(told)} from {checks[0].against}. The domains differ in"
        " how their regions were chosen, or in base composition. An adversary can make them look alike by unlearning"
        " just that, and what tells the classes with it. Choose the regions of all domains in the same way; hold every"
        " method against source_only"
    )


def _classes(dataset: Dataset, rows: Int[np.ndarray, " n"]) -> dict[str, Int[np.ndarray, " k"]]:
    """Rows of `rows` that are negative in every binary task whose label is there, and those positive in one."""
    binary = [task.kind == "binary" for task in dataset.spec.tasks]
    labels = dataset.labels_float(rows)[:, binary]
    is_positive: Bool[np.ndarray, " n"] = (labels == 1).any(axis=1)
    return {NEGATIVES: rows[(labels == 0).any(axis=1) & ~is_positive], POSITIVES: rows[is_positive]}


def _tell_apart(
    dataset: Dataset, clusters: Int[np.ndarray, " n"], first: Int[np.ndarray, " k"], second: Int[np.ndarray, " m"]
) -> Estimate | None:
    rng = np.random.default_rng(0)
    drawn = [np.sort(rng.permutation(rows)[:MOST_WINDOWS]) for rows in (first, second)]
    rows = np.concatenate(drawn)
    is_first = np.arange(len(rows)) < len(drawn[0])
    return separation(_composition(dataset, rows), is_first, clusters[rows])


def _composition(dataset: Dataset, rows: Int[np.ndarray, " n"]) -> Float64[np.ndarray, "n 11"]:
    """GC content (half where nothing is known) and dinucleotide frequencies."""
    inner = slice(dataset.spec.margin, dataset.spec.margin + dataset.spec.length)
    tokens = dataset.sequences.gather(rows)[:, inner]
    gc = np.nan_to_num(gc_fraction(tokens), nan=0.5)
    return np.column_stack([gc, dinucleotide_frequencies(tokens)])
