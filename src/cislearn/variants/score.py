"""From records to a table: each allele of each record in order, scored or with the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Shaped
from torch import nn

from cislearn.data.strand_files import check_most_places
from cislearn.data.track_files import TrackPaths, open_tracks, read_windows
from cislearn.genome.chromosomes import map_chromosomes
from cislearn.genome.token_genome import open_genome
from cislearn.prediction.files import NO_NUMBER, ONLY_N
from cislearn.prediction.loading import load_members, load_temperatures
from cislearn.prediction.members import Members
from cislearn.prediction.predictor import Signals
from cislearn.progress import Progress, silent
from cislearn.sequence.tokens import N
from cislearn.variants.alleles import allele_windows, before, read_flanks
from cislearn.variants.check import Agreement, Names, Placed, place_alleles
from cislearn.variants.effects import (
    Measure,
    allele_logits,
    is_number,
    measures,
    profile_divergence,
    refuse_equal_names,
)
from cislearn.variants.null import Null, Sample, flanking, make_null
from cislearn.variants.vcf import Record, read_records, split_alleles

RECORDS = 1 << 12
"""Of a piece, at most."""
LEAST_AGREEMENT = 0.9
TRACKS_STAY = "an insertion or deletion would move the tracks that the model reads, and nobody knows how"
NOT_COMPARED = "REF could not be compared: the genome has N there"

ReadRecords = Callable[[], Iterator[list[Record]]]
"""The records from the first on, some at a time; called more than once."""


class Scored(NamedTuple):
    """Some records and what was said of them: a row for each allele."""

    records: list[Record]
    table: pd.DataFrame


class VariantScorer:
    """Trained models and a genome, by which alleles are scored.

    Parameters
    ----------
    members : list of nn.Module
        Models whose effects are averaged (one a seed).
    genome : Path
        FASTA of the build that the variants were called on.
    temperatures : list of mapping, optional
        Of each member by task (`load_temperatures`); without them there are no probabilities.
    tracks : mapping of str to Path or to two of them, optional
        The bigWig file of each track that the models read: both alleles get the same.
    device, batch_size
        Where, and how many windows at once (by default what suits the device).
    progress : Progress, optional
        Hears how far it is.

    Raises
    ------
    UserError
        Where the genome cannot be read, a track of the models is missing, or two tasks come to the same columns.
    """

    def __init__(
        self,
        members: Sequence[nn.Module],
        genome: Path | str,
        *,
        temperatures: Sequence[Mapping[str, float]] | None = None,
        tracks: Mapping[str, TrackPaths] | None = None,
        device: torch.device | str = "cpu",
        batch_size: int | None = None,
        progress: Progress = silent,
    ) -> None:
        self.say = Members(members, device=device, batch_size=batch_size)
        self.spec = self.say.spec
        refuse_equal_names(self.spec)
        fasta = Path(genome).expanduser()
        self.genome = open_genome(fasta, progress=partial(progress, f"indexing {fasta.name}, once"))
        self.temperatures, self.progress = temperatures, progress
        self.files = open_tracks(self.spec, tracks or {}, progress)
        self.names, self.agreement = Names(self.genome), Agreement()
        self.lacking: dict[str, str] = {}

    def pieces(
        self,
        read: ReadRecords,
        where: Path,
        *,
        null: str = "shuffled",
        n_null: int = 1000,
        seed: int = 0,
        least: float = LEAST_AGREEMENT,
    ) -> Iterator[Scored]:
        """Yield the records with their rows, in order. All are read and checked before the first one is scored.

        Parameters
        ----------
        read : callable
            Gives the records.
        where : Path
            What they are read from, for messages.
        null, n_null, seed
            Between which flanks (`Flanking`), how many draws of either kind, and the seed of both; 0 for none.
        least : float
            Share of the records whose REF must be the genome's.

        Raises
        ------
        UserError
            Where a record cannot be read, no chromosome is the genome's, or too few records match.
        """
        how, rng = flanking(null), np.random.default_rng(seed)
        sample, n = Sample(n_null, rng), 0
        for records in read():
            rows = split_alleles(records)
            placed = self._place(rows)
            self.agreement.add(rows, placed)
            sample.add(placed)
            n += len(records)
            self.progress("checking variants", n, n)
        map_chromosomes(self.names.known, self.genome.chromosomes, where=where)
        self.agreement.refuse(where, self.genome, least)
        chrom = sorted({name for name in self.names.known.values() if name is not None})
        if self.files:
            loci = pd.DataFrame({"chrom": chrom, "end": 0})
            self.lacking = check_most_places(self.files, loci, self.genome.chromosomes)
        # Tracks belong to a place, and neither null has one.
        drawn = None
        if n_null and not self.files:
            self.progress("scoring the null", 0, n)
            drawn = make_null(sample, self.genome, self.spec.length, how, self._measures_of, rng)
        done = 0
        for records in read():
            yield Scored(records, self._table(split_alleles(records), drawn))
            done += len(records)
            self.progress("scoring variants", done, n)

    def _place(self, rows: pd.DataFrame) -> Placed:
        placed = place_alleles(rows, self.genome, self.names, self.spec.length)
        if self.files:
            placed = placed.without(placed.is_indel, TRACKS_STAY)
        for name, reason in self.lacking.items():
            placed = placed.without(placed.code == self.genome.code(name), reason)
        return placed

    def _measures_of(self, ref: Shaped[np.ndarray, "n length"], alt: Shaped[np.ndarray, "n length"]) -> list[Measure]:
        return measures(self.spec, allele_logits(self.say, ref, alt), self.temperatures)

    def _table(self, rows: pd.DataFrame, null: Null | None) -> pd.DataFrame:
        placed, n = self._place(rows), len(rows)
        flanks = read_flanks(self.genome, placed.code, placed.start, placed.stop, self.spec.length)
        ref = allele_windows(flanks, [change.ref for change in placed.changes])
        alt = allele_windows(flanks, [change.alt for change in placed.changes])
        logits = allele_logits(self.say, ref, alt, self._signals(rows, placed))
        n_unknown = (ref == N).sum(axis=1)
        is_empty = self.spec.length - n_unknown <= np.array([len(each.ref) for each in placed.changes], dtype=np.int64)
        reason = placed.reason.copy()
        reason[placed.rows[~is_number(logits)]] = NO_NUMBER
        reason[placed.rows[is_empty]] = ONLY_N
        columns: dict[str, np.ndarray] = {}
        found = measures(self.spec, logits, self.temperatures)
        for measure in found:
            columns |= effect_columns(measure)
        for task in self.spec.profiles:
            each = (of[:, :, self.spec.columns(task.name)].astype(np.float64) for of in logits)
            columns[f"jsd_{task.name}"] = profile_divergence(task, *each).mean(axis=1)
        if null is not None:
            first = {measure.of: measure for measure in found[::-1]}
            columns |= {f"p_{of}": null.p(first[of], placed.is_indel) for of in dict.fromkeys(m.of for m in found)}
        table = rows[["chrom", "pos", "id", "ref", "alt"]].copy()
        table["ref_match"] = pd.Series(placed.match, index=rows.index).astype("Int8")
        scored = reason[placed.rows] == ""
        for name, values in columns.items():
            table[name] = _spread(np.where(scored, values, np.nan), placed.rows, n)
        return table.assign(note=self._notes(placed, n_unknown), not_scored=pd.Series(reason, dtype=str))

    def _signals(self, rows: pd.DataFrame, placed: Placed) -> Signals:
        if not self.files:
            return None
        chrom = [self.names(name) for name in rows["chrom"].to_numpy(object)[placed.rows]]
        start = [each.start - before(len(each.ref), self.spec.length) for each in placed.changes]
        loci = pd.DataFrame({"chrom": chrom, "start": np.array(start, dtype=np.int64), "strand": "+"})
        signals = read_windows(self.files, loci, length=self.spec.length, margin=0)
        return signals.astype(np.float32)

    def _notes(self, placed: Placed, n_unknown: Shaped[np.ndarray, " m"]) -> pd.Series:
        notes = np.full(len(placed.reason), "", dtype=object)
        for row, count in zip(placed.rows, n_unknown, strict=True):
            told = [NOT_COMPARED] if np.isnan(placed.match[row]) else []
            told += [f"{count:,} of {self.spec.length:,} bases of the window are N"] if count else []
            notes[row] = "; ".join(told)
        return pd.Series(notes, dtype=str)


def effect_columns(measure: Measure) -> dict[str, Float[np.ndarray, " n"]]:
    """Return the columns of a measure: of REF, of ALT, ALT minus REF, all means over members, and the effect's sd."""
    name, of = measure.name, measure.of
    columns = {
        f"{name}_ref_{of}": measure.ref.mean(axis=1),
        f"{name}_alt_{of}": measure.alt.mean(axis=1),
        f"{name}_effect_{of}": measure.effect.mean(axis=1),
    }
    if measure.effect.shape[1] > 1:
        columns[f"{name}_sd_{of}"] = measure.effect.std(axis=1, ddof=1)
    return columns


def open_scorer(
    run: Path | str,
    genome: Path | str,
    method: str | None = None,
    reverse_complement: str | None = None,
    *,
    tracks: Mapping[str, TrackPaths] | None = None,
    device: torch.device | str = "cpu",
    progress: Progress = silent,
) -> VariantScorer:
    """Return the scorer of what was trained, with the probabilities that it has; takes what `score_variants` does."""
    return VariantScorer(
        load_members(run, method, reverse_complement),
        genome,
        temperatures=load_temperatures(run, method, reverse_complement),
        tracks=tracks,
        device=device,
        progress=progress,
    )


def score_variants(
    run: Path | str,
    vcf: Path | str,
    genome: Path | str,
    *,
    method: str | None = None,
    reverse_complement: str | None = None,
    tracks: Mapping[str, TrackPaths] | None = None,
    null: str = "shuffled",
    n_null: int = 1000,
    seed: int = 0,
    least_agreement: float = LEAST_AGREEMENT,
    device: torch.device | str = "cpu",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Score the variants of a VCF file by a trained model: a row for each allele of each record, in order.

    Parameters
    ----------
    run : Path
        A run, a method's folder, or an experiment.
    vcf : Path
        The file, plain, gzip or bgzip; see `cislearn.variants.vcf.read_records`.
    genome : Path
        FASTA of the build that it was called on.
    method, reverse_complement
        As for `load_model`.
    tracks : mapping of str to Path or to two of them, optional
        As for a prediction.
    null, n_null, seed
        ``"shuffled"`` or ``"places"``: between which flanks the null's alleles stand (`cislearn.variants.null`); how
        many draws, 0 for none; the seed.
    least_agreement : float
        Share of the records whose REF must be the genome's.
    device, progress
        As for a prediction.

    Returns
    -------
    DataFrame
        chrom, pos (1-based), id, ref, alt as in the file; ref_match, whether REF is the genome's; for each measure of
        `cislearn.variants.effects.measures` its value for REF and for ALT, the effect, ALT minus REF, and with several
        seeds the effect's sd; for profiles ``jsd_<task>``; ``p_<task>``; note; not_scored, the reason, empty for scored
        rows.

    Raises
    ------
    UserError
        Where the file cannot be read, is of another build, or names no chromosome of the genome.
    """
    scorer = open_scorer(run, genome, method, reverse_complement, tracks=tracks, device=device, progress=progress)
    path = Path(vcf)
    pieces = scorer.pieces(
        partial(read_records, path, RECORDS), path, null=null, n_null=n_null, seed=seed, least=least_agreement
    )
    return pd.concat([piece.table for piece in pieces], ignore_index=True)


def _spread(values: Float[np.ndarray, " m"], rows: np.ndarray, n: int) -> Float[np.ndarray, " n"]:
    spread = np.full(n, np.nan)
    spread[rows] = values
    return spread
