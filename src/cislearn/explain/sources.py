"""Which windows are attributed: the rows of a user's file, or rows of a dataset that a run has predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int64

from cislearn.data.dataset import Dataset
from cislearn.data.readers import read_examples
from cislearn.data.sequences import GenomeSequences
from cislearn.data.track_files import TrackPaths
from cislearn.errors import UserError, nearest
from cislearn.genome.token_genome import open_genome
from cislearn.models.saving import read_card
from cislearn.prediction.files import TOLD
from cislearn.prediction.predictor import read_rows
from cislearn.prediction.windows import ReadWindows, Windows, windows_of
from cislearn.progress import Progress, silent
from cislearn.runs import RunFolder
from cislearn.schema import DataSpec

PARTS = ("valid", "test")
"""Those that a run has predicted; training rows are none of them."""


@dataclass(frozen=True)
class Source:
    """Windows in the order of their rows.

    Parameters
    ----------
    told : DataFrame
        Of each row: name, chrom, start, end, strand; of a dataset also row and domain.
    read : callable
        From rows to their windows.
    chromosomes : mapping of str to int, optional
        Names and lengths (bp) of the genome on which they lie; None where there is none.
    description : str
        Where they come from, in words.
    """

    told: pd.DataFrame
    read: ReadWindows
    chromosomes: Mapping[str, int] | None
    description: str

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.told)


def windows_of_file(
    path: Path,
    spec: DataSpec,
    *,
    genome: Path | str | None = None,
    tracks: Mapping[str, TrackPaths] | None = None,
    progress: Progress = silent,
) -> Source:
    """Return the windows that a model of `spec` reads of a FASTA, BED, narrowPeak or table file.

    They are made as for a prediction: see `predict_file`.

    Raises
    ------
    UserError
        As `predict_file`.
    """
    progress(f"reading {path}")
    entries = read_examples(path)
    read = windows_of(entries, genome, spec, progress, tracks)
    placed = genome is not None and entries.sequences is None
    chromosomes = open_genome(genome).chromosomes if placed and genome is not None else None
    return Source(entries.rows[list(TOLD)].reset_index(drop=True), read, chromosomes, str(path))


def windows_of_dataset(
    dataset: Dataset,
    run: RunFolder,
    spec: DataSpec,
    *,
    part: str = "test",
    domain: str | None = None,
    most: int | None = None,
) -> Source:
    """Return the windows of a part of the dataset that a run was trained on, as the run dealt it.

    Parameters
    ----------
    dataset : Dataset
        That very dataset.
    run : RunFolder
        Its table of predictions says which rows are of which part.
    spec : DataSpec
        Of the model.
    part : {"valid", "test"}
        Which.
    domain : str, optional
        Only rows of this domain.
    most : int, optional
        So many rows, evenly spread over the part, where it has more.

    Raises
    ------
    UserError
        Where the run was trained on another dataset, or there are no such rows.
    """
    where = dataset.path or "the dataset"
    if read_card(run.path).extra.get("dataset") != dataset.hash:
        raise UserError(
            "is not the dataset that the run was trained on, so it has none of its parts",
            where=where,
            fix="Give that one; or its windows as a file (--input).",
        )
    if part not in PARTS:
        raise UserError(f"part {part!r} is not known{nearest(part, PARTS)}", where="--part")
    table = pd.read_parquet(run.path / "predictions.parquet", columns=["row", "domain", "part"])
    table = table[table["part"] == part]
    if domain is not None:
        known = sorted(table["domain"].unique())
        if domain not in known:
            raise UserError(f"domain {domain!r} has no row of part {part}{nearest(domain, known)}", where="--domain")
        table = table[table["domain"] == domain]
    if table.empty:
        raise UserError(f"the run has no row of part {part}", where=run.path)
    rows = np.sort(table["row"].to_numpy())
    if most is not None and most < len(rows):
        rows = rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]
    told = dataset.loci.iloc[rows][[*TOLD, "domain"]].reset_index(drop=True).assign(row=rows)
    tracks = dataset.tracks if spec.tracks else None
    places, chromosomes = _on_genome(dataset, rows)

    def read(piece: slice) -> Windows:
        mine = rows[piece]
        tokens, signals = read_rows(dataset.sequences, tracks, mine, dataset.spec.margin)
        empty = np.full(len(mine), "", object)
        there = None if places is None else places[piece].reset_index(drop=True)
        return Windows(np.arange(len(mine)), tokens, signals, empty, empty.copy(), there)

    named = f"{where}, part {part}" + (f", domain {domain}" if domain else "")
    return Source(told, read, chromosomes, named)


def _on_genome(dataset: Dataset, rows: Int64[np.ndarray, " n"]) -> tuple[pd.DataFrame | None, Mapping[str, int] | None]:
    """Return where the windows of `rows` lie, and the chromosomes of their genome; None of those on none, or several.

    Two genomes may have chromosomes of one name.
    """
    sequences = dataset.sequences
    if not isinstance(sequences, GenomeSequences) or len(codes := np.unique(sequences.genome[rows])) != 1:
        return None, None
    genome = list(sequences.genomes.values())[codes[0]]
    return dataset.loci.iloc[rows][["chrom", "start", "strand"]].reset_index(drop=True), genome.chromosomes
