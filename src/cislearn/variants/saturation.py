"""Saturation of a region: every base that could stand at each of its positions, scored as the variant that it is.

Each position is scored in the window that is centred on it, by the rule of substitutions (`cislearn.variants.alleles`),
however long the region is: the windows slide along it. So a row says what that substitution in a VCF file would get.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from cislearn.data.track_files import TrackPaths
from cislearn.errors import UserError
from cislearn.genome.chromosomes import some_names
from cislearn.genome.token_genome import Genome
from cislearn.progress import Progress, silent
from cislearn.sequence.tokens import decode
from cislearn.variants.check import Names
from cislearn.variants.score import VariantScorer, open_scorer
from cislearn.variants.vcf import Record

POSITIONS = 1 << 10
"""Of a piece, at most."""
EXAMPLE = "chr1:1000-1200"
FORM = re.compile(r"(?P<chrom>\S+):(?P<first>[\d,]+)-(?P<last>[\d,]+)")


class Region(NamedTuple):
    """A stretch of a chromosome: both ends are 1-based and within, as genome browsers and samtools have them."""

    chrom: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.chrom}:{self.first}-{self.last}"

    @property
    def n_positions(self) -> int:
        """How many bases it has."""
        return self.last - self.first + 1


def read_region(text: str) -> Region:
    """Return what ``chr1:1000-1200`` says; thousands separators are allowed.

    Raises
    ------
    UserError
        Where it has another form, or ends before it begins.
    """
    found = FORM.fullmatch(text.strip())
    first, last = (int(found[name].replace(",", "") or 0) for name in ("first", "last")) if found else (0, 0)
    if found is None or not 1 <= first <= last:
        fix = f"Write {EXAMPLE}: both ends counted from 1 and within, the first not behind the last."
        raise UserError(f"{text!r} is no region", where="--region", fix=fix)
    return Region(found["chrom"], first, last)


def region_on_genome(region: Region, genome: Genome) -> Region:
    """Return the region with its chromosome as the genome spells it.

    Raises
    ------
    UserError
        Where the genome has no such chromosome, or the region ends past it.
    """
    chrom = Names(genome)(region.chrom)
    if chrom is None:
        fix = f"The genome has {some_names(genome.chromosomes)}."
        raise UserError(f"{genome.path.name} has no chromosome {region.chrom}", where=f"--region {region}", fix=fix)
    size = genome.chromosomes[chrom]
    if region.last > size:
        fix = f"End it at {size:,} at most, or give the genome that it was read off."
        raise UserError(f"ends past the end of {chrom} ({size:,} bp)", where=f"--region {region}", fix=fix)
    return region._replace(chrom=chrom)


def substitutions(region: Region, genome: Genome, n: int = POSITIONS) -> Iterator[list[Record]]:
    """Yield a record for each position of a region, `n` at a time: the other bases are its alleles, all four at N."""
    code = np.array([genome.code(region.chrom)])
    for first in range(region.first, region.last + 1, n):
        size = min(n, region.last + 1 - first)
        bases = decode(genome.gather(code, np.array([first - 1]), size)[0])
        yield [
            Record(
                first - region.first + k + 1, region.chrom, first + k, ".", base, tuple("ACGT".replace(base, "")), ""
            )
            for k, base in enumerate(bases)
        ]


def saturate(scorer: VariantScorer, region: Region) -> pd.DataFrame:
    """Score every substitution of a region.

    Parameters
    ----------
    scorer : VariantScorer
        Models and genome.
    region : Region
        Of that genome; its chromosome may be spelled otherwise.

    Returns
    -------
    DataFrame
        Three rows a position, in order, four where the genome has N: chrom, pos (1-based), ref, alt, the measures of
        `cislearn.variants.effects.measures` as `cislearn.variants.score.score_variants` gives them, note, not_scored.

    Raises
    ------
    UserError
        Where the region is not on the genome, or nothing of it could be scored.
    """
    there = region_on_genome(region, scorer.genome)
    where = Path(f"--region {region}")
    pieces = scorer.pieces(partial(substitutions, there, scorer.genome), where, n_null=0, least=0)
    table = pd.concat([piece.table for piece in pieces], ignore_index=True).drop(columns=["id", "ref_match"])
    if (table["not_scored"] != "").all():
        reason = table["not_scored"].mode()[0]
        raise UserError(f"no base could be scored; most often: {reason}", where=where, fix="Give another region.")
    return table


def saturate_region(
    run: Path | str,
    region: str,
    genome: Path | str,
    *,
    method: str | None = None,
    reverse_complement: str | None = None,
    tracks: Mapping[str, TrackPaths] | None = None,
    device: torch.device | str = "cpu",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Score every substitution of a region by a trained model; see `saturate` for the table.

    Parameters
    ----------
    run : Path
        A run, a method's folder, or an experiment.
    region : str
        ``chr1:1000-1200``, both ends counted from 1 and within.
    genome : Path
        FASTA.
    method, reverse_complement
        As for `load_model`.
    tracks : mapping of str to Path or to two of them, optional
        As for a prediction.
    device, progress
        As for a prediction.

    Raises
    ------
    UserError
        Where the region is none or not on the genome, or nothing of it could be scored.
    """
    stretch = read_region(region)
    scorer = open_scorer(run, genome, method, reverse_complement, tracks=tracks, device=device, progress=progress)
    return saturate(scorer, stretch)
