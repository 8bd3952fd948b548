"""A batch in pieces that take a part of the memory, and how many pieces a device can bear."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Int64
from torch import Tensor

from cislearn.data.batch import TARGET_LABELLED, Batch
from cislearn.errors import UserError

MOST_PIECES = 64


def pieces_of(batch: Batch, n: int) -> list[tuple[Batch, float]]:
    """Cut a batch into `n` pieces of its own composition, each with its share of the rows.

    Rows of each part are dealt out, so labelled and unlabelled, source and target rows keep their proportions, and so
    do the domains and classes that `training.balance` draws in turn. Where n divides all parts, the weighted mean of
    losses that are means over rows is that of the whole batch, and so is its gradient; batch normalisation, distances
    between domains and means over pseudo-labels see a piece at a time, and so do means over the labels of a task where
    some are absent, or classes have weights.

    Parameters
    ----------
    batch : Batch
        Without `pair`; its parts are consecutive.
    n : int
        As many as there are rows of the source at most.
    """
    n = min(n, batch.parts["source"].stop)
    return [piece_of(batch, k, n) for k in range(n)]


def piece_of(batch: Batch, k: int, n: int) -> tuple[Batch, float]:
    """Return piece `k` of the `n` of `pieces_of`: a mixture of each part, and their share."""
    plain = {name: part for name, part in _disjoint(batch.parts).items() if part.stop > part.start}
    rows = {name: _alike_together(batch, part)[k::n].sort().values for name, part in plain.items()}
    taken = torch.cat(list(rows.values()))
    return _take(batch, taken, {name: len(each) for name, each in rows.items()}), len(taken) / len(batch)


def _alike_together(batch: Batch, part: slice) -> Int64[Tensor, " m"]:
    """Return the rows of a part by domain and first label, so that every n-th of them is a mixture of all.

    In the order of the batch it need not be: batches draw from domains and classes in turn (`training.balance`), and
    every n-th row is of one of them wherever n and their number share a divisor.
    """
    rows = torch.arange(part.start, part.stop)
    for key in (*batch.labels[part].T[:1], batch.domain[part]):
        rows = rows[torch.argsort(key.cpu()[rows - part.start], stable=True)]
    return rows


def _disjoint(parts: dict[str, slice]) -> dict[str, slice]:
    """Return the parts without overlap: the target's unlabelled rows beside its labelled ones."""
    labelled = parts.get(TARGET_LABELLED)
    return parts if labelled is None else parts | {"target": slice(labelled.stop, parts["target"].stop)}


def _take(batch: Batch, rows: Tensor, sizes: dict[str, int]) -> Batch:
    parts, start = {}, 0
    for name, size in sizes.items():
        parts[name] = slice(start, start + size)
        start += size
    if TARGET_LABELLED in batch.parts:
        first = parts.get(TARGET_LABELLED, parts.get("target", slice(start, start)))
        parts["target"] = slice(first.start, parts.get("target", first).stop)
    on = rows.to(batch.labels.device)
    tracks = None if batch.tracks is None else batch.tracks[on]
    profiles = None if batch.profiles is None else batch.profiles[on]
    covariates = None if batch.covariates is None else batch.covariates[on]
    plain, second = (None if view is None else _take(view, rows, sizes) for view in (batch.plain, batch.second))
    return replace(
        batch, tokens=batch.tokens[on], labels=batch.labels[on], domain=batch.domain[on], row=batch.row[on],
        parts=parts, plain=plain, second=second, tracks=tracks, profiles=profiles, covariates=covariates,
    )  # fmt: skip


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device has no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


def out_of_memory(rows: int, accumulate: int, fits: int | None) -> UserError:
    """Return what the user is told: the batch that fits, and how the same one can be had in pieces.

    Parameters
    ----------
    rows : int
        Labelled rows of the source in a batch.
    accumulate : int
        Pieces that it was cut into.
    fits : int, optional
        Pieces that fit; None where no number of them does.
    """
    problem = f"there is no memory for a batch of {rows:,} labelled windows" + (
        f" in {accumulate} pieces" if accumulate > 1 else ""
    )
    where = "training.batch_size"
    if fits is None:
        fix = "Not even a few windows fit: take a smaller network, or a device with more memory."
        return UserError(problem, where=where, fix=fix)
    fix = (
        f"{rows // fits:,} fit: say training.accumulate: {fits} for the same batches in {fits} pieces, or"
        f" training.batch_size: {rows // fits}."
    )
    return UserError(problem, where=where, fix=fix)
