"""Which rows of a dataset play which part in an experiment: sources and target, training, validation and test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int

from cislearn.data.budget import draw_share
from cislearn.data.counted import BACKGROUND
from cislearn.data.dataset import Dataset
from cislearn.data.leaks import LeakReport, drop_leaks, find_leaks, keep_leaks
from cislearn.data.parts import check_what_is_left
from cislearn.data.split import TEST, TRAIN, VALID, SplitResult, split_rows
from cislearn.errors import UserError, nearest
from cislearn.experiment.config import DataConfig

Side = Literal["sources", "target"]
Sight = Literal["sources", "both", "share", "target"]
"""Whose labels a method sees: the sources', these and the share of the target's, that share alone, all the target's."""
PARTS = {"train": TRAIN, "valid": VALID, "test": TEST}


@dataclass(frozen=True)
class Roles:
    """A dataset with its domains and rows told apart.

    Parameters
    ----------
    dataset : Dataset
        All examples.
    sources : tuple of str
        Labelled domains that training learns from.
    target : str, optional
        The domain adapted to.
    split : SplitResult
        Part of each row, without the rows that leaked unless these are kept.
    leaks : LeakReport
        What the parts shared before any row was left out for it.
    shown : ndarray, shape (N,), bool
        The target's training and validation rows whose labels may be seen.
    hidden : ndarray, shape (H,), int64
        The sources' training and validation rows whose labels `dataset` does not have, since only a share of them may
        be seen; nobody can read them here.
    unlabelled : tuple of str
        Domains whose windows are the rows to learn from without labels, where they are named.
    """

    dataset: Dataset
    sources: tuple[str, ...]
    target: str | None
    split: SplitResult
    leaks: LeakReport
    shown: Bool[np.ndarray, " n"]
    hidden: Int[np.ndarray, " h"] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    unlabelled: tuple[str, ...] = ()

    def rows(self, side: Side, part: Literal["train", "valid", "test"]) -> Int[np.ndarray, " m"]:
        """Rows of the sources or of the target in one part, in order."""
        return self._rows_of(self.sources if side == "sources" else (self.target,), part)

    def _rows_of(self, domains: Sequence[str | None], part: str) -> Int[np.ndarray, " m"]:
        codes = [self.dataset.spec.domains.index(name) for name in domains if name is not None]
        return np.flatnonzero((self.split.part == PARTS[part]) & np.isin(self.dataset.domain_codes, codes))

    def labelled_rows(self, side: Side, part: Literal["train", "valid", "test"]) -> Int[np.ndarray, " m"]:
        """Those of `rows` with at least one label."""
        rows = self.rows(side, part)
        return rows[self.dataset.is_labelled[rows]]

    def seen_rows(self, sight: Sight, part: Literal["train", "valid"]) -> Int[np.ndarray, " m"]:
        """Rows of a part whose labels are seen, those of the sources before those of the target."""
        if sight == "target":
            return self.labelled_rows("target", part)
        sources = self.labelled_rows("sources", part) if sight != "share" else np.zeros(0, dtype=np.int64)
        shown = np.flatnonzero(self.shown & (self.split.part == PARTS[part])) if sight != "sources" else sources[:0]
        return np.concatenate([sources, shown])

    def unlabelled_rows(self, part: Literal["train", "valid"]) -> Int[np.ndarray, " m"]:
        """Rows to learn from without labels: all of the domains named for it, else the target's, else the sources'."""
        if self.unlabelled:
            return self._rows_of(self.unlabelled, part)
        return self.rows("sources" if self.target is None else "target", part)

    @property
    def sides(self) -> list[Side]:
        """The sides that there are."""
        return ["sources"] if self.target is None else ["sources", "target"]

    def domain_name(self, side: Side) -> str:
        """The side's domains for people."""
        return ", ".join(self.sources) if side == "sources" else str(self.target)

    @property
    def role_of_domain(self) -> dict[str, str]:
        """``source``, ``target``, ``unlabelled`` or ``other`` of each domain of the dataset."""
        roles = dict.fromkeys(self.dataset.spec.domains, "other") | dict.fromkeys(self.unlabelled, "unlabelled")
        roles |= dict.fromkeys(self.sources, "source")
        return roles if self.target is None else roles | {self.target: "target"}


def check_domain_name(dataset: Dataset, name: str) -> None:
    """Refuse a domain that the dataset does not have.

    Raises
    ------
    UserError
        With the nearest name.
    """
    domains = dataset.spec.domains
    if name not in domains:
        raise UserError(f"domain {name!r} is not in the dataset{nearest(name, domains)}", where=dataset.path)


def assign_roles(dataset: Dataset, config: DataConfig) -> Roles:
    """Tell the domains and rows of `dataset` apart as `config` says.

    Parts are given to loci across all domains at once, so a source's example at one of the target's test loci is no
    training example; rows that still share a sequence or a locus with the test part are left out of training, unless
    ``leaks: keep`` asks for them.

    Raises
    ------
    UserError
        Where a domain is unknown, source and target are the same, the sources have no labels, the data cannot be split
        so, or nothing of a class is left to train on once leaks are left out.
    """
    dataset = _of_regions(dataset, config)
    domains = dataset.spec.domains
    unlabelled = tuple(config.unlabelled or ())
    for name in [*(config.sources or []), *unlabelled, *([config.target] if config.target else [])]:
        check_domain_name(dataset, name)
    sources = tuple(config.sources or [name for name in domains if name not in (config.target, *unlabelled)])
    if config.target in sources:
        raise UserError(f"{config.target!r} is both a source and the target", where="data.sources")
    if not sources and unlabelled:
        raise UserError(
            f"{', '.join(map(repr, unlabelled))} are to be learned from without labels: there is no source left",
            where="data.unlabelled",
            fix="Name the labelled domains: data.sources.",
        )
    if not sources:
        raise UserError(
            f"the only domain, {config.target!r}, is the target: there is no source to learn from",
            where=config.path,
            fix="Add a labelled domain, or leave data.target out for plain supervised training.",
        )
    if not dataset.is_labelled[np.isin(dataset.loci["domain"], sources)].any():
        raise UserError(f"the sources ({', '.join(sources)}) have no label", where=config.path)
    if config.target is not None and dataset.tracks is None:  # with tracks, equal windows may differ in these
        _refuse_itself(dataset, sources, config.target)
    options = config.split
    split = split_rows(
        dataset,
        by=options.by,
        valid=options.valid,
        test=options.test,
        block=options.block,
        seed=options.seed,
        target=config.target,
        folds=None if options.folds is None else options.folds.model_dump(),
        deal=options.deal,
        k_fold=None if options.k_fold is None else (options.k_fold.folds, options.k_fold.fold),
    )
    leaks = find_leaks(dataset, split.part)
    cleaned = keep_leaks(split, leaks) if options.leaks == "keep" else drop_leaks(split, leaks)
    if options.leaks == "drop":
        check_what_is_left(dataset, split, cleaned)
    shown = _shown(dataset, config, cleaned.part)
    hidden = _hidden(dataset, sources, config, cleaned.part)
    # Where some may not be seen the dataset has them no longer: what trains, chooses or tells cannot read them.
    seen = dataset.with_labels_hidden(hidden) if len(hidden) else dataset
    return Roles(seen, sources, config.target, cleaned, leaks, shown, hidden, unlabelled)


def _of_regions(dataset: Dataset, config: DataConfig) -> Dataset:
    """Leave the labels of peaks or of background out where the configuration wants the others alone."""
    if config.regions == "all":
        return dataset
    if BACKGROUND not in dataset.loci:
        raise UserError(
            f"{config.regions} cannot be told from other windows: the data has no background",
            where="data.regions",
            fix="Prepare profiles with --negatives gc-matched, or take regions: all.",
        )
    is_background = dataset.loci[BACKGROUND].to_numpy(dtype=bool)
    hidden = ~is_background if config.regions == "background" else is_background
    return dataset.with_labels_hidden(np.flatnonzero(hidden))


def _refuse_itself(dataset: Dataset, sources: tuple[str, ...], target: str) -> None:
    """Refuse a source that holds the very windows and labels of the target: it would be tested on what it learned."""
    sizes = dataset.loci["domain"].value_counts()
    # Windows are read and hashed for domains of one size alone, which two cell types hardly ever are.
    for source in [source for source in sources if sizes.get(source, 0) == sizes.get(target, 0)]:
        mine, theirs = (_rows_by_window(dataset, domain) for domain in (target, source))
        if not np.array_equal(dataset.window_hashes[mine], dataset.window_hashes[theirs]):
            continue
        tasks = range(len(dataset.spec.tasks))  # of one at a time: there may be a thousand
        same = (np.array_equal(dataset.labels[mine, t], dataset.labels[theirs, t], equal_nan=True) for t in tasks)
        if dataset.is_labelled[mine].any() and all(same):
            raise UserError(
                f"{source!r} holds the same windows with the same labels as the target {target!r}",
                where=dataset.path,
                fix="Was one file given for both? Give each domain its own.",
            )


def _rows_by_window(dataset: Dataset, domain: str) -> Int[np.ndarray, " m"]:
    rows = np.flatnonzero(dataset.domain_codes == dataset.spec.domains.index(domain))
    return rows[np.argsort(dataset.window_hashes[rows], kind="stable")]


def _shown(dataset: Dataset, config: DataConfig, part: Int[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Draw the target's rows whose labels training may see, of the training and of the validation part.

    Raises
    ------
    UserError
        Where there is no target, it has no label, or a class of a task is not among the training rows drawn.
    """
    shown, share = np.zeros(len(dataset), dtype=bool), config.labels.target
    if share == 0:
        return shown
    where = "data.labels.target"
    if config.target is None:
        raise UserError("there is no target whose labels could be seen", where=where, fix="Name it: data.target.")
    shown = _drawn(dataset, config.target, share, config.labels.seed, part)
    fix = "Take 0 and a method that needs no target label, or label more windows of the target."
    _check_classes(dataset, shown & (part == TRAIN), f"{100 * share:g}%", repr(config.target), where, fix)
    return shown


def _hidden(
    dataset: Dataset, sources: tuple[str, ...], config: DataConfig, part: Int[np.ndarray, " n"]
) -> Int[np.ndarray, " h"]:
    """Return the sources' labelled rows of train and valid that are not among the share whose labels may be seen.

    Raises
    ------
    UserError
        Where a class of a task is not among the training rows drawn.
    """
    share = config.labels.sources
    if share == 1:
        return np.zeros(0, dtype=np.int64)
    is_drawn = np.zeros(len(dataset), dtype=bool)
    for source in sources:
        is_drawn |= _drawn(dataset, source, share, config.labels.seed, part)
    _check_classes(
        dataset, is_drawn & (part == TRAIN), f"{100 * share:g}%",
        ", ".join(map(repr, sources)), "data.labels.sources", "Take a larger share.",
    )  # fmt: skip
    codes = [dataset.spec.domains.index(source) for source in sources]
    could_be = np.isin(dataset.domain_codes, codes) & np.isin(part, (TRAIN, VALID)) & dataset.is_labelled
    return np.flatnonzero(could_be & ~is_drawn)


def _drawn(
    dataset: Dataset, domain: str, share: float, seed: int, part: Int[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Draw that share of a domain's labelled rows, of the training and of the validation part."""
    drawn, is_domain = np.zeros(len(dataset), dtype=bool), dataset.domain_codes == dataset.spec.domains.index(domain)
    values = [t for t, task in enumerate(dataset.spec.tasks) if task.kind == "regression"]
    for number, name in enumerate(("train", "valid")):
        rows = np.flatnonzero(is_domain & (part == PARTS[name]))
        answers = dataset.labels_float(rows)
        answers[:, values] *= 0  # a value is no class: all that counts is whether it is there
        drawn[rows] = draw_share(answers, share, seed + number)
    return drawn


def _check_classes(
    dataset: Dataset, rows: Bool[np.ndarray, " n"], share: str, whose: str, where: str, fix: str
) -> None:
    """Refuse rows among which a class of a task is not."""
    labels = dataset.labels_float(np.flatnonzero(rows))
    for t, task in enumerate(dataset.spec.tasks):
        there = np.unique(labels[~np.isnan(labels[:, t]), t])
        wanted = {"binary": 2, "multiclass": task.channels}.get(task.kind, 1)
        if len(there) < wanted:
            found = "none" if len(there) == 0 else f"only label {', '.join(f'{label:g}' for label in there)}"
            problem = f"of {share} of the training labels of {whose} task {task.name!r} has {found}"
            raise UserError(problem, where=where, fix=fix)
