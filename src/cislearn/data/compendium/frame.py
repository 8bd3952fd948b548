"""What all windows of a compendium have in common, and whether it can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int64

from cislearn.data.compendium.earlier import OVERLAP, genome_of
from cislearn.data.dataset import Dataset
from cislearn.data.genomes import Genomes
from cislearn.data.inputs import ONLY_DOMAIN
from cislearn.data.sequences import GenomeSequences
from cislearn.errors import UserError, nearest
from cislearn.genome.token_genome import Genome
from cislearn.progress import Progress

LENGTH, MERGE_OVERLAP = 600, 200
"""Basset's: ``preprocess_features.py -m 200 -s 600``."""


@dataclass(frozen=True)
class Frame:
    """What all windows of a compendium have in common.

    Parameters
    ----------
    genome : Genome
        On which they lie.
    name : str
        Of that genome.
    length, margin : int
        Bases of a window, and those stored on either side.
    overlap : int
        Bases by which windows overlap that are merged.
    without : tuple of str
        Chromosomes that are left out.
    """

    genome: Genome
    name: str
    length: int
    margin: int
    overlap: int
    without: tuple[str, ...]

    def loci(self, chrom: str, strand: str, start: Int64[np.ndarray, " n"]) -> pd.DataFrame:
        """Return the loci of windows that begin at `start`."""
        place = {"chrom": chrom, "start": start, "end": start + self.length, "strand": strand}
        return pd.DataFrame({"domain": ONLY_DOMAIN, "genome": self.name, **place})

    def windows(self, loci: pd.DataFrame) -> GenomeSequences:
        """Return the windows at `loci`, with their margins."""
        return GenomeSequences.at(loci, {self.name: self.genome}, length=self.length, margin=self.margin)


def choose_frame(
    genome: Path | str | None,
    length: int | None,
    overlap: int | None,
    margin: int,
    without: Sequence[str],
    earlier: Dataset | None,
    progress: Progress,
) -> Frame:
    """Return what was asked for, or what the earlier compendium has.

    Raises
    ------
    UserError
        Where it cannot be, or differs from the earlier compendium.
    """
    if earlier is None and genome is None:
        raise UserError("regions need a genome", where="--genome", fix="Give the FASTA file of their build.")
    known = (LENGTH, MERGE_OVERLAP)
    if earlier is not None:
        name, opened = genome_of(earlier)
        known = (earlier.spec.length, earlier.provenance["options"][OVERLAP])
    if genome is not None:
        ((name, given),) = Genomes.open(genome, [ONLY_DOMAIN], progress=progress).by_name.items()
        if earlier is not None and given.hash != opened.hash:
            raise UserError(f"is another genome than that of {earlier.path}", where=genome, fix="Leave --genome out.")
        opened = given
    length, overlap = known[0] if length is None else length, known[1] if overlap is None else overlap
    if earlier is not None and (length, overlap) != known:
        raise UserError(
            f"its windows have {known[0]} bp and merge from {known[1]} bp of overlap on, not {length} and {overlap} bp",
            where=earlier.path,
            fix="Leave --length and --merge-overlap out.",
        )
    if not 1 <= overlap < length:
        raise UserError(
            f"windows of {length} bp cannot be merged by an overlap of {overlap} bp",
            where="--merge-overlap",
            fix="Give 1 or more, and less than --length.",
        )
    if margin < 0:
        raise UserError(f"margin {margin} is negative", fix="Give --margin 0 or more.")
    for chrom in without:
        if chrom not in opened.chromosomes:
            raise UserError(
                f"the genome has no {chrom!r}{nearest(chrom, opened.chromosomes)}", where="--without-chromosomes"
            )
    return Frame(opened, name, length, margin, overlap, tuple(without))
