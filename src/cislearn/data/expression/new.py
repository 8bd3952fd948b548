"""New promoters and new conditions, as a trained network reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from cislearn.data.expression.blocks import Block
from cislearn.data.expression.matrix import read_matrix
from cislearn.data.expression.promoters import read_promoters
from cislearn.errors import UserError
from cislearn.genome.chromosomes import some_names


class NewPairs(NamedTuple):
    """What is to be predicted.

    Parameters
    ----------
    genes, conditions : list of str
        Rows and columns, in the order of the files.
    block : Block
        Without labels; its genes are new to the network.
    notes : list of str
        What is missing and what was made of it.
    """

    genes: list[str]
    conditions: list[str]
    block: Block
    notes: list[str]


def read_new_pairs(promoters: Path, conditions: Path, *, length: int, regulators: Sequence[str], own: str) -> NewPairs:
    """Read promoters, and a table of genes by conditions that holds the regulators.

    A regulator that the table lacks, or has no value of, stands at 0, no change, as in training; how many there are is
    told. Of a gene that is a regulator its own row is not read (unless `own` is ``kept``).

    Raises
    ------
    UserError
        Where promoters are of another length, no regulator is there at all, or a file cannot be read.
    """
    found, table = read_promoters(promoters), read_matrix(conditions)
    width = found.sequences.width
    if width != length:
        raise UserError(
            f"holds promoters of {width:,} bp; the network was trained on {length:,} bp",
            where=promoters,
            fix=f"Cut {length:,} bp before the start of each gene.",
        )
    row_of = {gene: row for row, gene in enumerate(table.genes)}
    known = [name for name in regulators if name in row_of]
    if not known:
        raise UserError(
            f"holds none of the {len(regulators):,} regulators ({some_names(regulators)}); it has"
            f" {some_names(table.genes)}",
            where=conditions,
            fix="Give the regulators' log ratios, named as in training; other genes are passed over.",
        )
    values = np.full((len(regulators), len(table.conditions)), np.nan, dtype=np.float32)
    for place, name in enumerate(regulators):
        if name in row_of:
            values[place] = table.values[row_of[name]]
    place_of = {name: place for place, name in enumerate(regulators)} if own == "masked" else {}
    genes = found.loci["name"].tolist()
    block = Block(
        torch.from_numpy(found.sequences.gather(np.arange(len(genes))).copy()),
        torch.from_numpy(np.ascontiguousarray(np.nan_to_num(values).T)),
        torch.tensor([place_of.get(gene, -1) for gene in genes]),
        torch.full((len(genes),), -1),
        torch.full((len(genes), len(table.conditions)), torch.nan),
    )
    return NewPairs(genes, table.conditions, block, [*_notes(values, known, regulators), *_left_out(found.dropped)])


def _notes(values: np.ndarray, known: Sequence[str], regulators: Sequence[str]) -> list[str]:
    notes, absent = [], [name for name in regulators if name not in set(known)]
    if absent:
        notes.append(
            f"{len(absent):,} of {len(regulators):,} regulators are not in the table and stand at no change:"
            f" {some_names(absent)}"
        )
    n = int(np.isnan(values).sum()) - len(absent) * values.shape[1]
    if n:
        notes.append(f"{n:,} values of regulators are absent and stand at no change")
    return notes


def _left_out(dropped: object) -> list[str]:
    n = len(dropped)  # type: ignore[arg-type]
    return [f"{n:,} promoters of another length are left out"] if n else []
