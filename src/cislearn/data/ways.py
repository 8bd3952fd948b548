"""Ways of splitting: which rows are kept together, and who gets which part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import UInt64

from cislearn.data.clusters import (
    CHROMOSOME_SPAN,
    chromosome_names,
    cluster_starts,
    has_locus,
    on_one_axis,
    sequence_keys,
    similarity_keys,
)
from cislearn.data.dataset import Dataset
from cislearn.data.deal import Dealer, text_keys
from cislearn.data.folds import check_folds
from cislearn.data.parts import LEFT_OUT, PART_NAMES, TEST, TRAIN, VALID, SplitResult
from cislearn.data.similarity import NEAR, WORD
from cislearn.errors import UserError, nearest

FOLDS = "data.split.folds"


def by_chromosome(dataset: Dataset, dealer: Dealer, named: Mapping[int, Sequence[str]]) -> SplitResult:
    """Whole chromosomes; those that are `named` for valid or test, and else such that the shares come near."""
    loci = dataset.loci
    keys = np.where(has_locus(loci), text_keys(chromosome_names(loci)), _keys_without_locus(dataset))
    known = sorted(set(loci["chrom"]) - {""})
    given = np.full(len(loci), LEFT_OUT, dtype=np.int8)
    for code, names in named.items():
        for name in names:
            if name not in known:
                raise UserError(f"no window lies on chromosome {name!r}{nearest(name, known)}")
            given[(loci["chrom"] == name).to_numpy()] = code
    rest = np.array([1.0, *(0.0 if named[code] else dealer.shares[code] for code in (VALID, TEST))])
    rest[TRAIN] -= rest[VALID] + rest[TEST]
    part = replace(dealer, shares=rest).deal(keys, given)
    on = {name: sorted(set(loci["chrom"][part == code]) - {""}) for code, name in enumerate(PART_NAMES)}
    listed = [f"{name}: {', '.join(on[name])}" for name in ("valid", "test") if 0 < len(on[name]) <= 12]
    return SplitResult(part, "chromosome", listed)


def by_folds(dataset: Dataset, folds: Mapping[str, Sequence[str]]) -> SplitResult:
    """Exactly the chromosomes that `folds` names for each part; every chromosome of the data must be named."""
    folds = check_folds(dict(folds), FOLDS)
    chrom = dataset.loci["chrom"]
    if nowhere := int((~has_locus(dataset.loci)).sum()):
        raise UserError(
            f"{nowhere:,} of {len(chrom):,} rows have no coordinates, so no chromosome says their part",
            where=FOLDS,
            fix="Prepare the data with coordinates, or split by similarity.",
        )
    part_of = {name: code for code, part in enumerate(PART_NAMES) for name in folds[part]}
    per_chromosome = chrom.value_counts()
    unlisted = per_chromosome[~per_chromosome.index.isin(part_of)].sort_index()
    if len(unlisted):
        names = ", ".join(f"{name} ({n:,})" for name, n in unlisted.items())
        raise UserError(
            f"{int(unlisted.sum()):,} rows lie on chromosomes that are in no part: {names}"
            f"{nearest(str(unlisted.index[0]), part_of)}",
            where=FOLDS,
            fix="Add them to a part, or prepare the data without them.",
        )
    notes, here = [], set(per_chromosome.index)
    for name in PART_NAMES:
        if not here & set(folds[name]):
            wanted = folds[name][0]
            raise UserError(
                f"no window lies on a chromosome of {name}: {', '.join(folds[name])}{nearest(wanted, here)}",
                where=FOLDS,
            )
        notes.append(f"{name}: {', '.join(each for each in folds[name] if each in here)}")
    if absent := [name for name in part_of if name not in here]:
        notes.append(f"no window lies on {', '.join(absent)} of the folds")
    return SplitResult(chrom.map(part_of).to_numpy(np.int8), "chromosome", notes)


def by_block(dataset: Dataset, dealer: Dealer, block: int) -> SplitResult:
    """Stretches of `block` bp; a cluster of overlapping windows stays whole, in the block in which it starts."""
    keys = block_keys(dataset, block)
    part = dealer.deal(keys)
    counts = ", ".join(f"{len(np.unique(keys[part == code])):,} {name}" for code, name in enumerate(PART_NAMES))
    return SplitResult(part, "block", [f"{block_name(block)}: {counts}"])


def by_similarity(dataset: Dataset, dealer: Dealer) -> SplitResult:
    """Near duplicates stay together, and whatever these link; see `cislearn.data.similarity`."""
    keys, notes = similarity_keys(dataset), dataset.similar[1]
    largest = int(np.unique(keys, return_counts=True)[1].max(initial=0))
    note = (
        f"rows that share {NEAR:.0%} or more of their {WORD}-mers on either strand stay together;"
        f" the largest cluster holds {largest:,} of {len(dataset):,}"
    )
    return SplitResult(dealer.deal(keys), "similarity", [note, *notes])


def by_sequence(dataset: Dataset, dealer: Dealer) -> SplitResult:
    """Rows whose windows are equal, on either strand, stay together."""
    return SplitResult(dealer.deal(sequence_keys(dataset)), "sequence")


def by_row(dataset: Dataset, dealer: Dealer) -> SplitResult:
    """Each row by itself, as many published numbers have it: windows of one locus come to lie on both sides."""
    return SplitResult(dealer.deal(np.arange(len(dataset), dtype=np.uint64)), "random")


def block_keys(dataset: Dataset, block: int) -> UInt64[np.ndarray, " n"]:
    """Key of the block in which each row's cluster of overlapping windows starts; else of its `similarity_keys`."""
    start, end = on_one_axis(dataset.loci)
    position = cluster_starts(start, end) % CHROMOSOME_SPAN // block
    texts = chromosome_names(dataset.loci) + "|" + pd.Series(position, index=dataset.loci.index).astype(str)
    return np.where(has_locus(dataset.loci), text_keys(texts), _keys_without_locus(dataset))


def block_name(block: int) -> str:
    """Blocks of this size for people."""
    if block == 1:
        return "clusters of overlapping windows"
    for unit, name in ((1_000_000, "Mb"), (1_000, "kb")):
        if block >= unit:
            return f"{block / unit:g}-{name} blocks"
    return f"{block}-bp blocks"


def _keys_without_locus(dataset: Dataset) -> UInt64[np.ndarray, " n"]:
    if has_locus(dataset.loci).all():
        return np.zeros(len(dataset), dtype=np.uint64)
    return similarity_keys(dataset)
