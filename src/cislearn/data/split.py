"""Train, valid and test: given to loci across all domains at once, never to single rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int8, UInt64

from cislearn.data.clusters import (
    CHROMOSOME_SPAN,
    chromosome_names,
    cluster_starts,
    has_locus,
    on_one_axis,
    window_hashes,
)
from cislearn.data.dataset import Dataset
from cislearn.data.deal import deal_in_ranks, deal_one_by_one, salted, text_keys
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
from cislearn.errors import UserError, nearest

__all__ = ["LEFT_OUT", "PART_NAMES", "TEST", "TRAIN", "VALID", "WAYS", "SplitResult", "split_rows"]

WAYS = ("auto", "chromosome", "block", "sequence", "given")
"""What rows can be split by."""

_MANY = 20_000
"""Groups beyond which they are cut in ranks: their shares come right by their number alone."""


def split_rows(
    dataset: Dataset,
    *,
    by: str = "auto",
    valid: Sequence[str] | float = 0.1,
    test: Sequence[str] | float = 0.2,
    block: int = 5_000_000,
    seed: int = 0,
    target: str | None = None,
) -> SplitResult:
    """Split a dataset so that no locus is in two parts, whatever domains it is seen in.

    Parameters
    ----------
    dataset : Dataset
        Any; labels are used to have all classes in all parts.
    by : {"auto", "chromosome", "block", "sequence", "given"}
        ``chromosome``: whole chromosomes. ``block``: stretches of `block` bp; overlapping windows stay together, in the
        block in which the first of them starts. ``sequence``: windows that are equal on either strand stay together,
        for data without coordinates. ``given``: the column ``part``; where it has no valid, that is taken out of train.
        ``auto``: given if there is a part column, else by chromosome if that leaves each labelled domain both classes
        in each part, else by blocks that are small enough for that; without coordinates by sequence.
    valid, test : float, or sequence of str
        Share of the rows, or names of chromosomes. Groups are chosen so that shares come near.
    block : int
        Size of a block in bp.
    seed : int
        Of the choice of blocks and sequences.
    target : str, optional
        A domain whose labels have no say in the split: what is trained must not depend on them.

    Returns
    -------
    SplitResult
        Every row in one part; rows of a given split that name no part are left out, with their reason.

    Raises
    ------
    UserError
        Where a part is empty or lacks a class of a labelled domain; a chromosome is not there, or is named and the
        split is not by chromosome; no coordinates.
    """
    if by not in WAYS:
        raise UserError(f"split by {by!r} is not known{nearest(by, WAYS)}")
    shares = _shares(valid, test)
    named = {VALID: _names(valid), TEST: _names(test)}
    blind = dataset if target is None else dataset.without_labels(target)
    if by == "auto":
        result = _split_auto(blind, shares, named, block, seed)
    elif by == "given":
        result = _split_given(blind, shares, seed)
    elif by == "sequence":
        result = SplitResult(_deal(blind, window_hashes(blind), shares, seed), "sequence")
    else:
        _check_coordinates(blind, by)
        result = (
            _by_chromosome(blind, shares, named, seed) if by == "chromosome" else _by_block(blind, shares, block, seed)
        )
    if any(named.values()) and result.how != "chromosome":
        raise UserError(
            f"chromosomes are named for valid or test, and the split is by {result.how}",
            fix="Use by: chromosome, or give shares.",
        )
    check_parts(dataset, result.part, result.how)
    return result


def _split_auto(
    dataset: Dataset, shares: Float64[np.ndarray, " 3"], named: dict[int, list[str]], block: int, seed: int
) -> SplitResult:
    if (dataset.loci["part"] != "").any():
        return _split_given(dataset, shares, seed)
    if not has_locus(dataset.loci).any():
        notes = ["no coordinates are known: rows with equal sequences, on either strand, share a part"]
        return SplitResult(_deal(dataset, window_hashes(dataset), shares, seed), "sequence", notes)
    result = _by_chromosome(dataset, shares, named, seed)
    if any(named.values()) or _is_good(dataset, result, shares):
        return result
    why = _why_not_chromosomes(dataset)
    for size in (block, block // 5, block // 25, block // 125, 1):
        result = _by_block(dataset, shares, max(1, size), seed)
        if _is_good(dataset, result, shares):
            break
    return SplitResult(result.part, "block", [f"{why}; {_size(max(1, size))} are used", *result.notes])


def _is_good(dataset: Dataset, result: SplitResult, shares: Float64[np.ndarray, " 3"]) -> bool:
    return is_balanced(count_strata(dataset, result.part.astype(np.int64), len(PART_NAMES)), shares)


def _split_given(dataset: Dataset, shares: Float64[np.ndarray, " 3"], seed: int) -> SplitResult:
    words = dataset.loci["part"]
    codes = {name: code for code, name in enumerate(PART_NAMES)} | {"": LEFT_OUT}
    if strange := set(words.unique()) - codes.keys():
        raise UserError(f"part {sorted(strange)[0]!r} is not known; train, valid or test was expected")
    part = words.map(codes).to_numpy(np.int8)
    notes = []
    if not (part == VALID).any():
        inner = np.array([1 - shares[VALID], shares[VALID], 0.0])
        rows = np.flatnonzero(part == TRAIN)
        part[rows] = _deal(dataset, _block_keys(dataset, 1), inner, seed)[rows]
        notes = [f"no valid part is given: {shares[VALID]:.0%} of the loci of train are taken"]
    left_out = pd.DataFrame({"row": np.flatnonzero(part == LEFT_OUT), "reason": "no part is given"})
    return SplitResult(part, "given", notes, left_out)


def _by_chromosome(
    dataset: Dataset, shares: Float64[np.ndarray, " 3"], named: dict[int, list[str]], seed: int
) -> SplitResult:
    loci = dataset.loci
    keys = np.where(has_locus(loci), text_keys(chromosome_names(loci)), _keys_without_locus(dataset))
    known = sorted(set(loci["chrom"]) - {""})
    given = np.full(len(loci), LEFT_OUT, dtype=np.int8)
    for code, names in named.items():
        for name in names:
            if name not in known:
                raise UserError(f"no window lies on chromosome {name!r}{nearest(name, known)}")
            given[(loci["chrom"] == name).to_numpy()] = code
    rest = np.array([1.0, *(0.0 if named[code] else shares[code] for code in (VALID, TEST))])
    rest[TRAIN] -= rest[VALID] + rest[TEST]
    part = _deal(dataset, keys, rest, seed, given)
    on = {name: sorted(set(loci["chrom"][part == code]) - {""}) for code, name in enumerate(PART_NAMES)}
    listed = [f"{name}: {', '.join(on[name])}" for name in ("valid", "test") if 0 < len(on[name]) <= 12]
    return SplitResult(part, "chromosome", listed)


def _by_block(dataset: Dataset, shares: Float64[np.ndarray, " 3"], block: int, seed: int) -> SplitResult:
    keys = _block_keys(dataset, block)
    part = _deal(dataset, keys, shares, seed)
    counts = ", ".join(f"{len(np.unique(keys[part == code])):,} {name}" for code, name in enumerate(PART_NAMES))
    return SplitResult(part, "block", [f"{_size(block)}: {counts}"])


def _block_keys(dataset: Dataset, block: int) -> UInt64[np.ndarray, " n"]:
    """Key of the block in which each row's cluster of overlapping windows starts; of its sequence without a locus."""
    start, end = on_one_axis(dataset.loci)
    position = cluster_starts(start, end) % CHROMOSOME_SPAN // block
    texts = chromosome_names(dataset.loci) + "|" + pd.Series(position, index=dataset.loci.index).astype(str)
    return np.where(has_locus(dataset.loci), text_keys(texts), _keys_without_locus(dataset))


def _keys_without_locus(dataset: Dataset) -> UInt64[np.ndarray, " n"]:
    if has_locus(dataset.loci).all():
        return np.zeros(len(dataset), dtype=np.uint64)
    return window_hashes(dataset)


def _deal(
    dataset: Dataset,
    keys: UInt64[np.ndarray, " n"],
    shares: Float64[np.ndarray, " 3"],
    seed: int,
    given: Int8[np.ndarray, " n"] | None = None,
) -> Int8[np.ndarray, " n"]:
    """Part of each row, equal for rows of one key; `given` says parts that are settled."""
    group, distinct = pd.factorize(keys)
    rank = salted(distinct, seed)
    sizes = np.bincount(group, minlength=len(distinct))
    if len(distinct) > _MANY and given is None:
        return deal_in_ranks(sizes, _first_answer(dataset, group), rank, shares)[group]
    fixed = np.full(len(distinct), LEFT_OUT, dtype=np.int8)
    if given is not None:
        fixed[group] = given
    counts = count_strata(dataset, group, len(distinct)).counts
    return deal_one_by_one(counts, shares, rank, fixed)[group]


def _first_answer(dataset: Dataset, group: np.ndarray) -> np.ndarray:
    """Domain and best label of the first row of each group, as one number."""
    _, rows = np.unique(group, return_index=True)
    labels = dataset.labels_float(rows)
    binary = [task.kind == "binary" for task in dataset.spec.tasks]
    best = np.where(np.isnan(labels), -1, labels if all(binary) else 0).max(axis=1).astype(np.int64)
    return dataset.domain_codes[rows] * 3 + best


def _shares(valid: Sequence[str] | float, test: Sequence[str] | float) -> Float64[np.ndarray, " 3"]:
    v, t = (share if isinstance(share, int | float) else default for share, default in ((valid, 0.1), (test, 0.2)))
    if not (0 < v < 1 and 0 < t < 1 and v + t < 1):
        raise UserError(
            f"shares valid {v:g} and test {t:g} leave nothing for a part", fix="Give for instance .1 and .2."
        )
    return np.array([1 - v - t, v, t])


def _names(value: Sequence[str] | float) -> list[str]:
    return [] if isinstance(value, int | float) else [value] if isinstance(value, str) else list(value)


def _check_coordinates(dataset: Dataset, by: str) -> None:
    if not has_locus(dataset.loci).any():
        raise UserError(f"cannot split by {by}: no coordinates are known", fix="Use by: sequence.")


def _why_not_chromosomes(dataset: Dataset) -> str:
    labels = dataset.labels_float(np.arange(len(dataset)))
    for answer, rows in (("negatives", (labels == 0).all(axis=1)), ("positives", (labels == 1).any(axis=1))):
        chromosomes = sorted(set(dataset.loci["chrom"][rows]))
        if len(chromosomes) == 1:
            return f"all {answer} lie on {chromosomes[0]}, so a split by chromosome leaves none for other parts"
    return "a split by chromosome leaves too few rows of a class in a part"


def _size(block: int) -> str:
    if block == 1:
        return "clusters of overlapping windows"
    for unit, name in ((1_000_000, "Mb"), (1_000, "kb")):
        if block >= unit:
            return f"{block / unit:g}-{name} blocks"
    return f"{block}-bp blocks"
