"""Negatives that no file gives: drawn from the genome, or shuffled from the positives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from jaxtyping import Int64, UInt8

from cislearn.data.clusters import has_locus
from cislearn.data.dataset import DROPPED_COLUMNS
from cislearn.data.examples import MADE, Examples
from cislearn.data.genomes import Genomes
from cislearn.data.origins import SHUFFLE_OF, write_origins
from cislearn.data.placing import Placed
from cislearn.data.sequences import map_windows
from cislearn.errors import UserError, nearest
from cislearn.genome.chromosomes import some_names
from cislearn.genome.matched import Drawn, draw_matched
from cislearn.genome.token_genome import Genome
from cislearn.sequence.composition import gc_fraction
from cislearn.sequence.hashes import canonical_hash, forward_hash
from cislearn.sequence.matching import spread
from cislearn.sequence.shuffle import shuffle_bases, shuffle_dinucleotides
from cislearn.sequence.tokens import N

GC_MATCHED = "gc-matched"
Shuffle = Callable[[UInt8[np.ndarray, "n length"], np.random.Generator], UInt8[np.ndarray, "n length"]]
SHUFFLES: dict[str, tuple[Shuffle, str]] = {
    "shuffled": (shuffle_bases, "shuffle"),
    "dinucleotide-shuffled": (shuffle_dinucleotides, "dinucleotide shuffle"),
}
WAYS = (GC_MATCHED, *SHUFFLES)
"""How negatives can be made."""


@dataclass(frozen=True)
class Making:
    """How negatives are to be made.

    Parameters
    ----------
    ways : str or mapping of str to str, optional
        One of ``WAYS``, for all domains with positives and no negatives of their own, or that of each domain named.
    per_positive : float
        How many a positive.
    seed : int
        Of the draw; a domain's negatives depend on no other domain's positives but by what they must not overlap.
    task : str
        The task that they are negatives of.
    """

    ways: str | Mapping[str, str] | None
    per_positive: float
    seed: int
    task: str

    def __post_init__(self) -> None:
        named = self.ways.values() if isinstance(self.ways, Mapping) else [self.ways] if self.ways is not None else []
        for way in named:
            if way not in WAYS:
                raise UserError(f"{way!r} is no way of making negatives{nearest(way, WAYS)}")
        if not (0 < self.per_positive < np.inf):
            raise UserError(f"{self.per_positive:g} negatives a positive cannot be made", fix="Give a number above 0.")
        if not named and self.per_positive != 1:
            raise UserError(
                f"{self.per_positive:g} negatives a positive are asked for, and none are made",
                fix=f"Give --negatives {' or '.join(WAYS)} as well.",
            )
        if self.seed < 0:
            raise UserError(f"seed {self.seed} is negative", fix="Give a whole number from 0.")


def draw_negatives(making: Making, examples: Examples, genomes: Genomes, *, length: int, margin: int) -> list[Placed]:
    """Rows of label 0 for each domain that is to have them; the same whatever the order of the rows in the files.

    Raises
    ------
    UserError
        Where a domain has no positives or no genome, or nothing can be drawn.
    """
    made = []
    for domain, way in _way_of_each_domain(making, examples).items():
        rng = np.random.default_rng([making.seed, *domain.encode()])
        positives = _in_canonical_order(examples, np.flatnonzero(examples.of(domain, making.task, 1.0)))
        if way == GC_MATCHED:
            placed = _draw(making, examples, positives, domain, genomes, length, margin, rng)
        else:
            placed = _shuffle(making, examples, positives, domain, way, margin, rng)
        made.append(placed)
    return made


def _way_of_each_domain(making: Making, examples: Examples) -> dict[str, str]:
    if making.task in examples.labels and not examples.labels[making.task].dropna().isin((0, 1)).all():
        raise UserError(f"negatives are made for a binary task, and {making.task!r} has other labels than 0 and 1")
    domains = [str(name) for name in pd.unique(examples.rows["domain"])]
    bound = [domain for domain in domains if examples.of(domain, making.task, 1.0).any()]
    if isinstance(making.ways, str):
        if not bound:
            raise UserError(f"no domain has positives of task {making.task!r} to make negatives for")
        lacking = [domain for domain in bound if not examples.of(domain, making.task, 0.0).any()]
        if not lacking:
            raise UserError(
                "every domain with positives has negatives of its own, so none are made",
                fix=f"Give --negatives {bound[0]}={making.ways} to make some besides.",
            )
        return dict.fromkeys(lacking, making.ways)
    ways = dict(making.ways or {})
    for domain in ways:
        if domain not in domains:
            raise UserError(f"negatives are asked for domain {domain!r}, which has no files{nearest(domain, domains)}")
        if domain not in bound:
            raise UserError(
                f"domain {domain!r} has no positives of task {making.task!r} to make negatives for",
                fix="Give its positives, or make negatives for other domains only.",
            )
    return ways


def _in_canonical_order(examples: Examples, rows: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """Order rows by what they are, so that the order in the files changes no draw."""
    table = examples.rows.iloc[rows].reset_index(drop=True)
    table["hash"] = map_windows(examples.sequences.take(rows), forward_hash)
    return rows[table.sort_values(["chrom", "start", "strand", "hash"], kind="stable").index.to_numpy(np.int64)]


def _choose(making: Making, positives: Int64[np.ndarray, " p"], rng: np.random.Generator) -> Int64[np.ndarray, " n"]:
    """The positive that each negative is made for."""
    return positives[spread(len(positives), max(1, round(making.per_positive * len(positives))), rng)]


def _shuffle(
    making: Making,
    examples: Examples,
    positives: Int64[np.ndarray, " p"],
    domain: str,
    way: str,
    margin: int,
    rng: np.random.Generator,
) -> Placed:
    """Shuffle window and margins each for itself; the rows keep locus and part, so that no split parts them.

    Where there is no locus ``SHUFFLE_OF`` says where they belong (`cislearn.data.origins`).
    """
    shuffle, name = SHUFFLES[way]
    chosen = _choose(making, positives, rng)
    tokens = examples.sequences.gather(chosen)
    ends = [0, margin, tokens.shape[1] - margin, tokens.shape[1]]
    parts = [tokens[:, first:stop] for first, stop in pairwise(ends)]
    shuffled = np.concatenate([shuffle(part, rng) if part.shape[1] else part for part in parts], axis=1)
    origin = {SHUFFLE_OF: write_origins(canonical_hash(parts[1]))}
    rows = examples.rows.iloc[chosen].reset_index(drop=True).assign(**origin)
    rows["note"] = [", ".join(filter(None, (name, note))) for note in rows["note"]]
    note = f"{domain}: {len(rows):,} negatives, each the {name} of a positive whose locus it keeps"
    return _placed(making, rows, shuffled, note)


def _draw(
    making: Making,
    examples: Examples,
    positives: Int64[np.ndarray, " p"],
    domain: str,
    genomes: Genomes,
    length: int,
    margin: int,
    rng: np.random.Generator,
) -> Placed:
    """Windows off all regions of the domain and other domains' positives, each on chromosome and strand of one."""
    name, genome = _genome_of(domain, genomes)
    rows = examples.rows
    placed = positives[has_locus(rows)[positives]]
    nowhere, positives = len(positives) - len(placed), placed
    _check_places(rows.iloc[positives], genome, domain)
    chosen = _choose(making, positives, rng)
    wanted = rows.iloc[chosen][["chrom"]].assign(
        gc=map_windows(examples.sequences.take(chosen), gc_fraction, margin=margin)
    )
    is_taken = (rows["genome"] == name) & ((rows["domain"] == domain) | (examples.labels[making.task] == 1))
    near = rows[is_taken]
    # A peak is bound beyond the window that stands for it; a file's sequence may also be shorter than its window.
    taken = near[["start", "region_start"]].min(axis=1), near[["end", "region_end"]].max(axis=1)
    drawn = draw_matched(
        genome,
        wanted,
        near.assign(start=taken[0], end=taken[1]),
        length=length,
        margin=margin,
        max_unknown=int(map_windows(examples.sequences.take(positives), _count_unknown, margin=margin).max()),
        rng=rng,
    )
    if not len(drawn.start):
        raise UserError(
            f"no negatives can be drawn for domain {domain!r}: on the chromosomes of its positives {genome.path} "
            f"has no window of {length:,} bp that is free",
            fix="Give negatives in a file, or --negatives dinucleotide-shuffled.",
        )
    start, end = drawn.start, drawn.start + length
    origin = {"name": "", "file": str(genome.path), "line": 0, "note": "drawn from the genome, matched by GC"}
    made = rows.iloc[chosen[drawn.model]].reset_index(drop=True)
    made = made.assign(start=start, end=end, region_start=start, region_end=end, summit=-1, **origin)
    note = f"{domain}: {_told(drawn, wanted, name)}"
    return _placed(making, made, None, note + (f"; {nowhere:,} positives have no coordinates" if nowhere else ""))


def _told(drawn: Drawn, wanted: pd.DataFrame, genome: str) -> str:
    note = (
        f"{len(drawn.start):,} negatives drawn from {genome} on the chromosomes of the positives, "
        f"with a mean GC content of {drawn.gc.mean():.3f} (positives {wanted['gc'].mean():.3f})"
    )
    if drawn.n_elsewhere:
        note += f"; {drawn.n_elsewhere:,} have the nearest GC content that was free, the wanted one was not"
    if len(drawn.start) < len(wanted):
        note += f"; {len(wanted):,} were asked for, and no more windows are free"
    return note


def _placed(making: Making, rows: pd.DataFrame, tokens: UInt8[np.ndarray, "n width"] | None, note: str) -> Placed:
    labels = pd.DataFrame({making.task: np.zeros(len(rows))})
    return Placed(rows.assign(role=MADE), labels, tokens, pd.DataFrame(columns=DROPPED_COLUMNS), [note])


def _count_unknown(tokens: UInt8[np.ndarray, "n length"]) -> Int64[np.ndarray, " n"]:
    return (tokens == N).sum(axis=1)


def _genome_of(domain: str, genomes: Genomes) -> tuple[str, Genome]:
    if domain not in genomes.of_domain:
        raise UserError(
            f"{GC_MATCHED} negatives of domain {domain!r} are drawn from its genome, and it has none",
            fix="Give --genome with the FASTA file of the positives' build, or --negatives dinucleotide-shuffled.",
        )
    name = genomes.of_domain[domain]
    return name, genomes.by_name[name]


def _check_places(positives: pd.DataFrame, genome: Genome, domain: str) -> None:
    if not len(positives):
        raise UserError(
            f"the positives of domain {domain!r} have no coordinates, which {GC_MATCHED} negatives must keep off",
            fix="Give --negatives dinucleotide-shuffled.",
        )
    size = positives["chrom"].map(genome.chromosomes).fillna(-1).to_numpy()
    outside = (positives["end"] > size).to_numpy()
    if outside.any():
        lacking = pd.unique(positives["chrom"][size < 0])
        raise UserError(
            f"{outside.sum():,} of {len(positives):,} positives of domain {domain!r} are not on {genome.path}"
            + (f", which has no {some_names(lacking)}" if len(lacking) else ""),
            fix="The coordinates are those of another build: give the genome that matches.",
        )
