"""Promoters by gene: from a table or FASTA, or cut from a genome upstream of where genes start."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from cislearn.data.expression.names import Names
from cislearn.data.sequences import GenomeSequences, TableSequences
from cislearn.errors import UserError
from cislearn.genome.chromosomes import map_chromosomes
from cislearn.genome.fasta import read_fasta
from cislearn.genome.intervals import read_intervals
from cislearn.genome.stream import read_text
from cislearn.genome.token_genome import Genome
from cislearn.genome.windows import LEAVES, off_genome
from cislearn.sequence.tokens import INVALID, LOOKUP, encode, invalid_letter

UPSTREAM = 1000
"""Bases before the start of a gene that are its promoter, as published for yeast."""


class Promoters(NamedTuple):
    """Promoters of one length, by gene.

    Parameters
    ----------
    loci : DataFrame
        A row a promoter: name (of its gene), file, line and, cut from a genome, genome, chrom, start, end, strand.
    sequences : TableSequences or GenomeSequences
        The promoters, read in the direction of their genes.
    dropped : DataFrame
        The same columns for those left out, and reason.
    notes : list of str
        What was done to many at once.
    """

    loci: pd.DataFrame
    sequences: TableSequences | GenomeSequences
    dropped: pd.DataFrame
    notes: list[str]


def read_promoters(path: Path | str) -> Promoters:
    """Promoters of a FASTA file, or of a table of two columns, gene and sequence, with a header or without.

    The length that most have is that of all; others are left out, each with its length as the reason.

    Raises
    ------
    UserError
        With file and line: a gene that is there twice, a letter that is no base, a line without two columns.
    """
    path = Path(path)
    text = read_text(path)
    names, tokens = _of_fasta(path) if text.lstrip().startswith(">") else _of_table(text, path)
    lengths = [len(each) for each in tokens]
    length = Counter(lengths).most_common(1)[0][0]
    reasons = ["" if n == length else f"a promoter of {n:,} bp, where most have {length:,} bp" for n in lengths]
    loci = pd.DataFrame({"name": list(names), "file": str(path), "line": list(names.line.values())})
    is_kept = np.array([not reason for reason in reasons])
    windows = np.stack([each for each, kept in zip(tokens, is_kept, strict=True) if kept])
    kept = loci[is_kept].reset_index(drop=True)
    return Promoters(kept, TableSequences.of(windows), loci.assign(reason=reasons)[~is_kept], [])


def cut_promoters(genome: Genome, name: str, starts: Path | str, upstream: int = UPSTREAM) -> Promoters:
    """Promoters of `upstream` bases before each gene of a BED file, on the strand of the gene.

    A gene on the plus strand begins at the first base of its region, one on the minus strand at the last, so both
    single bases and whole genes will do. The gene ``[500, 501)`` has the promoter ``[500 - upstream, 500)`` on the plus
    strand and ``[501, 501 + upstream)``, reverse-complemented, on the minus strand.

    Raises
    ------
    UserError
        With file and line: a gene without a name or a strand or that is there twice; a region past its chromosome.
    """
    path = Path(starts)
    genes, chromosomes = read_intervals(path), genome.chromosomes
    mapping, note = map_chromosomes(genes["chrom"].unique(), chromosomes, where=path)
    genes["chrom"] = genes["chrom"].map(lambda chrom: mapping.get(chrom, chrom))
    names = Names("gene", path)
    for gene, strand, line in zip(genes["name"], genes["strand"], genes["line"], strict=True):
        names.add(gene, line)
        if strand == ".":
            raise UserError(f"gene {gene!r} has no strand", where=path, line=line, fix="Give + or - in column 6.")
    reason = off_genome(genes, chromosomes=chromosomes, where=path, genome=name)
    start = np.where(genes["strand"] == "+", genes["start"] - upstream, genes["end"])
    size = genes["chrom"].map(dict(chromosomes)).fillna(0).to_numpy(dtype=np.int64)
    reason[(reason == "") & ((start < 0) | (start + upstream > size))] = LEAVES
    columns = ["name", "chrom", "strand", "line"]
    loci = genes[columns].assign(genome=name, start=start, end=start + upstream, file=str(path))
    is_kept = reason == ""
    kept = loci[is_kept].reset_index(drop=True)
    windows = GenomeSequences.at(kept, {name: genome}, length=upstream, margin=0)
    return Promoters(kept, windows, loci.assign(reason=reason)[~is_kept], [note] if note else [])


def _of_fasta(path: Path) -> tuple[Names, list[np.ndarray]]:
    names, tokens = Names("promoter", path), []
    for record in read_fasta(path):
        names.add(record.name, record.line)
        tokens.append(record.tokens)
    return names, tokens


def _of_table(text: str, path: Path) -> tuple[Names, list[np.ndarray]]:
    names, tokens = Names("promoter", path), []
    for line, row in enumerate(text.split("\n"), start=1):
        fields = [field.strip() for field in row.split("\t")]
        if not row.strip() or (not names.line and fields[-1].lower() in _HEADS):
            continue
        if len(fields) != 2 or not all(fields):
            problem = f"has {len(fields)} columns, where a gene and its sequence were expected: {row.strip()[:40]!r}"
            raise UserError(
                problem, where=path, line=line, fix="Write the gene, a tab and the sequence; or give FASTA."
            )
        names.add(fields[0], line)
        tokens.append(_encoded(fields[1], path, line))
    if not tokens:
        raise UserError("holds no promoter", where=path, fix=_FIX)
    return names, tokens


_FIX = "Write the gene, a tab and the sequence; or give FASTA."
_HEADS = ("sequence", "seq", "promoter")
"""Names of the second column that make the first line a header."""


def _encoded(sequence: str, path: Path, line: int) -> np.ndarray:
    position = sequence.encode("ascii", "replace").translate(LOOKUP).find(INVALID)
    if position >= 0:
        raise invalid_letter(sequence[position], position + 1, where=path, line=line)
    return encode(sequence)
