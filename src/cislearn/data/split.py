"""Train, valid and test: given to loci across all domains at once; to single rows only where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from cislearn.data.clusters import has_locus
from cislearn.data.dataset import Dataset
from cislearn.data.deal import Dealer
from cislearn.data.leaks import find_shared
from cislearn.data.parts import (
    LEFT_OUT,
    PART_NAMES,
    TEST,
    TRAIN,
    VALID,
    SplitResult,
    check_parts,
    count_strata,
    is_balanced,
)
from cislearn.data.ways import (
    FOLDS,
    block_keys,
    block_name,
    by_block,
    by_chromosome,
    by_folds,
    by_row,
    by_sequence,
    by_similarity,
)
from cislearn.errors import UserError, nearest

__all__ = ["LEFT_OUT", "PART_NAMES", "TEST", "TRAIN", "VALID", "WAYS", "SplitResult", "split_rows"]

WAYS = ("auto", "given", "chromosome", "block", "similarity", "sequence", "random")
"""What rows can be split by."""

DEALS = ("all", "target")
"""Whose rows are dealt."""

_FIXES = {
    "similarity": "The windows are too alike to be kept apart. With by: sequence only equal ones stay together; near"
    " duplicates of test rows are then left out of training.",
    "block": "Take smaller blocks (data.split.block), other shares for valid and test, or more data.",
}
"""What to do where the parts of a split lack rows, if not the usual."""


def split_rows(
    dataset: Dataset,
    *,
    by: str = "auto",
    valid: Sequence[str] | float = 0.1,
    test: Sequence[str] | float = 0.2,
    block: int = 5_000_000,
    seed: int = 0,
    target: str | None = None,
    folds: Mapping[str, Sequence[str]] | None = None,
    deal: str = "all",
    k_fold: tuple[int, int] | None = None,
) -> SplitResult:
    """Split a dataset so that no locus is in two parts, whatever domains it is seen in.

    Parameters
    ----------
    dataset : Dataset
        Any; labels are used to have all classes in all parts.
    by : {"auto", "given", "chromosome", "block", "similarity", "sequence", "random"}
        ``chromosome``: whole chromosomes. ``block``: stretches of `block` bp; overlapping windows stay together, in the
        block in which the first of them starts. ``similarity``: near duplicates on either strand stay together, for
        data without coordinates. ``sequence``: only equal windows do. ``random``: each row by itself, which leaks.
        ``given``: the column ``part``; where it has no valid, that is taken out of train. ``auto``: given if there is a
        part column, else by chromosome if that leaves each labelled domain both classes in each part, else by blocks
        that are small enough for that; without coordinates by similarity.
    valid, test : float, or sequence of str
        Share of the rows, or names of chromosomes. Groups are chosen so that shares come near.
    block : int
        Size of a block in bp.
    seed : int
        Of the choice of blocks, clusters and rows.
    target : str, optional
        A domain whose labels have no say in the split: what is trained must not depend on them.
    folds : mapping of part to names of chromosomes, optional
        Exactly these, instead of shares.
    deal : {"all", "target"}
        ``target``: the rows of all other domains are for training, whatever locus they share with a test row.
    k_fold : tuple of int, optional
        Number of folds and which one is test, instead of shares: over all folds every row that is dealt is tested once.

    Returns
    -------
    SplitResult
        Every row in one part; rows of a given split that name no part are left out, with their reason.

    Raises
    ------
    UserError
        Where a part is empty or lacks a class of a labelled domain; a chromosome is not there, is in no fold, or is
        named and the split is not by chromosome; no coordinates; no target to deal.
    """
    shares = _shares(valid, test)
    named = {VALID: _names(valid), TEST: _names(test)}
    _check_options(by, named, folds, deal, target)
    fix = _FIXES.get(by)
    if k_fold is not None:
        _check_k_fold(by, *k_fold, named)
        fix = f"Take fewer folds than {k_fold[0]}: each needs rows of every class."
    dealer = Dealer(dataset if target is None else dataset.without_labels(target), shares, seed, k_fold)
    result = by_folds(dataset, folds) if folds is not None else _split_by(by, dataset, dealer, named, block)
    if any(named.values()) and result.how != "chromosome":
        raise UserError(
            f"chromosomes are named for valid or test, and the split is by {result.how}",
            fix="Use by: chromosome, or give shares.",
        )
    mine = np.ones(len(dataset), dtype=bool)
    if deal == "target":
        mine = dataset.domain_codes == dataset.spec.domains.index(str(target))
        result = _only_of_target(result, mine, str(target))
    part, unseen = np.where(mine, result.part, np.int8(LEFT_OUT)), target if deal == "all" else None
    check_parts(dataset, part, result.how, fix or _FIXES.get(result.how), unseen=unseen)
    return replace(result, notes=[*result.notes, _how_it_leaks(dataset, result)]) if by == "random" else result


def _split_by(by: str, dataset: Dataset, dealer: Dealer, named: Mapping[int, Sequence[str]], block: int) -> SplitResult:
    if by == "auto":
        return _split_auto(dataset, dealer, named, block)
    if by in ("chromosome", "block"):
        _check_coordinates(dataset, by)
        return by_chromosome(dataset, dealer, named) if by == "chromosome" else by_block(dataset, dealer, block)
    ways = {"given": _split_given, "similarity": by_similarity, "sequence": by_sequence, "random": by_row}
    return ways[by](dataset, dealer)


def _split_auto(dataset: Dataset, dealer: Dealer, named: Mapping[int, Sequence[str]], block: int) -> SplitResult:
    if (dataset.loci["part"] != "").any():
        return _split_given(dataset, dealer)
    if not has_locus(dataset.loci).any():
        result = by_similarity(dataset, dealer)
        return replace(result, notes=["no coordinates are known", *result.notes])
    result = by_chromosome(dataset, dealer, named)
    if any(named.values()) or _is_good(dealer, result):
        return result
    why = _why_not_chromosomes(dealer.dataset)
    for size in (block, block // 5, block // 25, block // 125, 1):
        result = by_block(dataset, dealer, max(1, size))
        if _is_good(dealer, result):
            break
    return replace(result, notes=[f"{why}; {block_name(max(1, size))} are used", *result.notes])


def _is_good(dealer: Dealer, result: SplitResult) -> bool:
    return is_balanced(count_strata(dealer.dataset, result.part.astype(np.int64), len(PART_NAMES)), dealer.shares)


def _split_given(dataset: Dataset, dealer: Dealer) -> SplitResult:
    words = dataset.loci["part"]
    if not (words != "").any():
        raise UserError(
            "cannot split as given: no row names its part",
            where=dataset.path,
            fix="Prepare it from a table with a column `part` (train, valid, test), or use by: auto.",
        )
    codes = {name: code for code, name in enumerate(PART_NAMES)} | {"": LEFT_OUT}
    if strange := set(words.unique()) - codes.keys():
        raise UserError(f"part {sorted(strange)[0]!r} is not known; train, valid or test was expected")
    part = words.map(codes).to_numpy(np.int8)
    notes = []
    if not (part == VALID).any():
        share = dealer.shares[VALID]
        rows = np.flatnonzero(part == TRAIN)
        inner = replace(dealer, shares=np.array([1 - share, share, 0.0]))
        part[rows] = inner.deal(block_keys(dataset, 1))[rows]
        notes = [f"no valid part is given: {share:.0%} of the loci of train are taken"]
    left_out = pd.DataFrame({"row": np.flatnonzero(part == LEFT_OUT), "reason": "no part is given"})
    return SplitResult(part, "given", notes, left_out)


def _only_of_target(result: SplitResult, mine: Bool[np.ndarray, " n"], target: str) -> SplitResult:
    """Give the rows of all domains but the target's to train."""
    part = np.where(mine, result.part, np.int8(TRAIN))
    left_out = result.left_out[result.left_out["row"].isin(np.flatnonzero(mine))]
    note = f"only the rows of {target} are dealt to parts; all rows of the other domains are for training"
    return SplitResult(part, result.how, [*result.notes, note], left_out.reset_index(drop=True))


def _how_it_leaks(dataset: Dataset, result: SplitResult) -> str:
    """Measure what a split of single rows shares between its parts, before anything is left out."""
    is_test = result.part == TEST
    shared = np.logical_or.reduce(list(find_shared(dataset, result.part).values())) & is_test
    return (
        f"rows are dealt singly, so the test part leaks: {shared.sum() / is_test.sum():.1%} of its rows share a"
        " sequence or a locus with a row of train or valid"
    )


def _shares(valid: Sequence[str] | float, test: Sequence[str] | float) -> Float64[np.ndarray, " 3"]:
    v, t = (share if isinstance(share, int | float) else default for share, default in ((valid, 0.1), (test, 0.2)))
    if not (0 < v < 1 and 0 < t < 1 and v + t < 1):
        raise UserError(
            f"shares valid {v:g} and test {t:g} leave nothing for a part", fix="Give for instance .1 and .2."
        )
    return np.array([1 - v - t, v, t])


def _names(value: Sequence[str] | float) -> list[str]:
    return [] if isinstance(value, int | float) else [value] if isinstance(value, str) else list(value)


def _check_options(
    by: str,
    named: Mapping[int, Sequence[str]],
    folds: Mapping[str, Sequence[str]] | None,
    deal: str,
    target: str | None,
) -> None:
    if by not in WAYS:
        raise UserError(f"split by {by!r} is not known{nearest(by, WAYS)}")
    if deal not in DEALS:
        raise UserError(f"{deal!r} is not known{nearest(deal, DEALS)}", where="data.split.deal")
    if deal == "target" and target is None:
        raise UserError(
            "only the rows of the target are to be dealt, and no target is named",
            where="data.split.deal",
            fix="Name it (data.target), or take deal: all.",
        )
    if folds is not None and by not in ("auto", "chromosome"):
        raise UserError(
            f"folds name chromosomes, and the split is by {by}", where=FOLDS, fix="Leave data.split.by out, or folds."
        )
    if folds is not None and any(named.values()):
        raise UserError("chromosomes are named by folds and by valid or test", where=FOLDS, fix="Keep one of the two.")


def _check_k_fold(by: str, n: int, fold: int, named: Mapping[int, Sequence[str]]) -> None:
    where = "data.split.k_fold"
    if n < 3 or not 0 <= fold < n:
        raise UserError(f"fold {fold} of {n}: expected 3 folds or more, numbered from 0", where=where)
    if by in ("auto", "given") or any(named.values()):
        raise UserError(
            f"with by: {by} folds could be of different kinds" if by in ("auto", "given") else "chromosomes are named",
            where=where,
            fix="Say data.split.by: chromosome, block, similarity, sequence or random, and no names.",
        )


def _check_coordinates(dataset: Dataset, by: str) -> None:
    if not has_locus(dataset.loci).any():
        raise UserError(f"cannot split by {by}: no coordinates are known", fix="Use by: similarity.")


def _why_not_chromosomes(dataset: Dataset) -> str:
    negative, positive = np.ones(len(dataset), dtype=bool), np.zeros(len(dataset), dtype=bool)
    for column in range(len(dataset.spec.tasks)):
        labels = dataset.labels[:, column]
        negative, positive = negative & (labels == 0), positive | (labels == 1)
    for answer, rows in (("negatives", negative), ("positives", positive)):
        chromosomes = sorted(set(dataset.loci["chrom"][rows]))
        if len(chromosomes) == 1:
            return f"all {answer} lie on {chromosomes[0]}, so a split by chromosome leaves none for other parts"
    return "a split by chromosome leaves too few rows of a class in a part"
