"""Expression, promoters and regulators to one dataset: a row a gene, a regression task a condition."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32

from cislearn.atomic import refuse_taken
from cislearn.data.dataset import DROPPED_COLUMNS, Dataset, write_dataset
from cislearn.data.expression.matrix import Matrix, read_matrix
from cislearn.data.expression.promoters import UPSTREAM, Promoters, cut_promoters, read_promoters
from cislearn.data.expression.regulators import PLACE, WITHOUT_PROMOTER, read_regulator_names
from cislearn.data.expression.series import SERIES, gasch_series, read_series, series_notes
from cislearn.data.genomes import Genomes
from cislearn.data.inputs import ONLY_DOMAIN, file_record
from cislearn.data.marker import MARKER
from cislearn.data.provenance import provenance
from cislearn.data.sequences import GenomeSequences, TableSequences
from cislearn.errors import UserError
from cislearn.genome.chromosomes import some_names
from cislearn.genome.token_genome import Genome
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec, TaskSpec

NO_PROMOTER, NO_EXPRESSION = "no promoter", "no expression"
NO_VALUE_OF_GENE = "no value in any condition"
NO_VALUE_IN_CONDITION = "condition without a value of any gene"
UNKNOWN_REGULATOR = "regulator that the matrix does not hold"


def prepare_expression(
    out: Path | str,
    *,
    expression: Path | str,
    regulators: Path | str,
    promoters: Path | str | None = None,
    genome: Path | str | None = None,
    genes: Path | str | None = None,
    upstream: int | None = None,
    series: Path | str | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Dataset:
    """Make a dataset of genes whose expression was measured under many conditions (DeepREG's data).

    An example is a gene in a condition: a promoter, the expression of the regulators in that condition, and a log
    ratio. None of these is written for each example: a gene is a row with its promoter, a condition a regression task,
    and the regulators are rows among the genes (`cislearn.data.expression.regulators.regulators_of`).

    Parameters
    ----------
    out : Path
        The folder to be.
    expression : Path
        The matrix, see `cislearn.data.expression.matrix.read_matrix`; empty means not measured, and stays absent.
    regulators : Path
        Names of genes, one a line.
    promoters : Path, optional
        A table of genes and sequences, or FASTA; or else:
    genome, genes : Path, optional
        FASTA, and a BED file of genes with name and strand, that promoters are cut by.
    upstream : int, optional
        With a genome: bases before the start of each gene; 1,000.
    series : Path, optional
        A condition and its series a line (`cislearn.data.expression.series.read_series`): what a split by series keeps
        together. Without it those of Gasch et al. 2000 are known by the names of their conditions.
    overwrite : bool
        Replace a dataset that is there.
    progress : callable, optional
        Told what is done next.

    Returns
    -------
    Dataset
        As read from the folder.

    Raises
    ------
    UserError
        For anything in the files or options that cannot be; says where and what to do.
    """
    out = Path(out)
    refuse_taken(out, marker=MARKER, overwrite=overwrite)
    paths = [Path(path) for path in (expression, regulators, promoters, genes, series) if path is not None]
    progress(f"reading {expression}")
    matrix, listed = read_matrix(expression), read_regulator_names(regulators)
    progress(f"reading {promoters or genes}")
    found, genomes = _promoters(promoters, genome, genes, upstream, progress)

    row_of = {gene: row for row, gene in enumerate(matrix.genes)}
    is_measured = ~np.isnan(matrix.values)
    is_used = is_measured.any(axis=0)
    row = found.loci["name"].map(row_of).fillna(-1).to_numpy(np.int64)
    is_kept = (row >= 0) & is_measured.any(axis=1)[row]
    if not is_kept.any():
        raise _nothing_in_common(matrix, found, promoters or genes)
    place = {name: k for k, name in enumerate(name for name in listed if name in row_of)}
    if not place:
        raise UserError(
            f"no regulator is a gene of {expression}, which has {some_names(matrix.genes)}",
            where=regulators,
            line=next(iter(listed.values())),
            fix="Name regulators as the matrix names genes.",
        )
    values, kept = matrix.values[row[is_kept]][:, is_used], found.loci[is_kept].reset_index(drop=True)
    conditions = [name for name, used in zip(matrix.conditions, is_used, strict=True) if used]
    own_series = None if series is None else read_series(series, conditions)
    others = [name for name in place if name not in set(kept["name"])]
    beyond = pd.DataFrame(matrix.values[[row_of[n] for n in others]][:, is_used], columns=conditions)
    beyond.insert(0, "name", pd.Series(others, dtype=object))
    beyond.insert(1, PLACE, pd.Series([place[name] for name in others], dtype=np.int64))
    width = found.sequences.width
    inputs = matrix.values[[row_of[name] for name in place]][:, is_used]
    progress(f"writing {out}")
    return write_dataset(
        out,
        spec=DataSpec(tuple(TaskSpec(name, "regression") for name in conditions), (ONLY_DOMAIN,), width),
        loci=kept.assign(domain=ONLY_DOMAIN, **{PLACE: kept["name"].map(place).fillna(-1).astype(np.int64)}),
        labels=values,
        sequences=_taken(found, is_kept),
        dropped=_dropped(matrix, found, is_measured, row_of, listed, Path(regulators)),
        provenance=provenance(
            [file_record(path, domains=[ONLY_DOMAIN], rows=len(kept)) for path in paths],
            {"regulators": len(place), "upstream": width if genome else None},
            genomes,
            [
                *found.notes,
                *_notes(values, inputs, len(others)),
                *series_notes(conditions, gasch_series() if own_series is None else own_series),
            ],
        ),
        tables={WITHOUT_PROMOTER: beyond} | ({} if own_series is None else {SERIES: own_series}),
        overwrite=overwrite,
    )


def _promoters(
    promoters: Path | str | None,
    genome: Path | str | None,
    genes: Path | str | None,
    upstream: int | None,
    progress: Progress,
) -> tuple[Promoters, Mapping[str, Genome]]:
    """Promoters of whichever files are given, and the genome that they are cut from."""
    if promoters is not None and genome is None and genes is None and upstream is None:
        return read_promoters(promoters), {}
    if promoters is not None or genome is None or genes is None:
        raise UserError(
            "promoters come from one place: --promoters, or --genome with --genes",
            fix="Give a table or FASTA of promoters alone, or a genome, a BED file of genes and, perhaps, --upstream.",
        )
    upstream = UPSTREAM if upstream is None else upstream
    if upstream < 1:
        raise UserError(f"a promoter has one base or more, not {upstream}", where="--upstream")
    by_name = Genomes.open(genome, [ONLY_DOMAIN], progress=progress).by_name
    ((name, opened),) = by_name.items()
    return cut_promoters(opened, name, genes, upstream), by_name


def _taken(found: Promoters, is_kept: Bool[np.ndarray, " p"]) -> TableSequences | GenomeSequences:
    sequences = found.sequences
    if isinstance(sequences, TableSequences):
        return sequences.take(np.flatnonzero(is_kept))
    kept = found.loci[is_kept].reset_index(drop=True)
    return GenomeSequences.at(kept, sequences.genomes, length=sequences.width, margin=0)


def _dropped(
    matrix: Matrix,
    found: Promoters,
    is_measured: Bool[np.ndarray, "g c"],
    row_of: Mapping[str, int],
    listed: Mapping[str, int],
    regulators: Path,
) -> pd.DataFrame:
    """Every gene, promoter, condition and regulator that is in no example, with its reason."""
    file = str(matrix.path)
    genes = pd.DataFrame({"name": matrix.genes, "line": matrix.lines, "file": file})
    is_silent, has_promoter = ~is_measured.any(axis=1), genes["name"].isin(found.loci["name"])
    genes["reason"] = np.select([is_silent, ~has_promoter], [NO_VALUE_OF_GENE, NO_PROMOTER], default="")
    empty = [matrix.conditions[k] for k in np.flatnonzero(~is_measured.any(axis=0))]
    absent = {name: line for name, line in listed.items() if name not in row_of}
    pieces = [
        genes[genes["reason"] != ""],
        found.loci[~found.loci["name"].isin(row_of)].assign(reason=NO_EXPRESSION),
        found.dropped,
        pd.DataFrame({"name": empty, "line": 1, "file": file, "reason": NO_VALUE_IN_CONDITION}),
        pd.DataFrame(
            {"name": list(absent), "line": list(absent.values()), "file": str(regulators), "reason": UNKNOWN_REGULATOR}
        ),
    ]
    # An empty piece has no whole numbers, and those of the others would become fractions beside it.
    whole = {"start": int, "end": int, "line": int}
    return pd.concat([_in_full(piece) for piece in pieces], ignore_index=True).astype(whole)


def _in_full(piece: pd.DataFrame) -> pd.DataFrame:
    blank: dict[str, Any] = {"chrom": "", "start": -1, "end": -1, "domain": ONLY_DOMAIN}
    return piece.assign(**{name: value for name, value in blank.items() if name not in piece})[DROPPED_COLUMNS]


def _notes(values: Float32[np.ndarray, "g c"], inputs: Float32[np.ndarray, "r c"], n_beyond: int) -> list[str]:
    absent, missing = np.isnan(values), np.isnan(inputs)
    notes = [f"{absent.sum():,} of {values.size:,} values ({absent.mean():.2%}) are absent and stay so"]
    if missing.any():
        regulators, conditions = missing.any(axis=1), missing.any(axis=0)
        notes.append(
            f"{missing.mean():.2%} of the regulators' values are absent ({regulators.sum():,} of {len(regulators):,}"
            f" regulators, {conditions.sum():,} of {len(conditions):,} conditions): 0 as an input, with a mask"
        )
    if n_beyond:
        notes.append(f"{n_beyond:,} regulators have no promoter: inputs, but no rows")
    spread = np.nanmax(values, axis=1) - np.nanmin(values, axis=1)
    if constant := int((spread == 0).sum()):
        notes.append(f"{constant:,} genes have the same value wherever they were measured")
    if np.nanmin(values) >= 0:
        notes.append("no value is negative: are these log ratios?")
    return notes


def _nothing_in_common(matrix: Matrix, found: Promoters, where: Path | str | None) -> UserError:
    return UserError(
        f"no promoter is of a gene that {matrix.path} has a value of; here {some_names(found.loci['name'])},"
        f" there {some_names(matrix.genes)}",
        where=where,
        fix="Name genes in the same way in both files.",
    )
