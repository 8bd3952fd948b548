"""Tables of predictions, any tool's: a column of labels, columns of scores, and where the rows lie if that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from cislearn.data.clusters import cluster_starts, on_one_axis
from cislearn.data.readers import columns
from cislearn.data.readers.fasta import parse_loci
from cislearn.data.readers.load import load_table
from cislearn.data.readers.table import find_roles, known_column
from cislearn.errors import UserError


@dataclass(frozen=True)
class ScoredRows:
    """The labelled rows of a table of predictions.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1.
    scores : mapping of str to ndarray, shape (n,)
        By column.
    clusters : ndarray, shape (n,)
        Rows whose windows overlap have one number; without places each row has its own.
    locus : tuple of str
        Columns that the places were read from; empty without places.
    n_unlabelled : int
        Rows without a label, which are left out.
    """

    labels: Float64[np.ndarray, " n"]
    scores: Mapping[str, Float64[np.ndarray, " n"]]
    clusters: Int64[np.ndarray, " n"]
    locus: tuple[str, ...]
    n_unlabelled: int


def read_scored(path: Path, *, label: str, scores: Sequence[str], locus: str = "auto") -> ScoredRows:
    """Read labels, scores and places of a TSV, CSV or Parquet file.

    Parameters
    ----------
    path : Path
        With a header.
    label : str
        Column of 0 and 1; empty is no label.
    scores : sequence of str
        Columns of numbers that grow with the chance of a 1.
    locus : str
        ``auto`` (chrom, start and end, or locus, if there are such columns), ``none``, three names with commas between,
        or the name of a column with ``chr1:100-201``.

    Raises
    ------
    UserError
        Where a column is not there or named twice, a value does not suit its column, a labelled row has no score, or
        the labels are of one class.
    """
    path = Path(path)
    table, line = load_table(path)
    for name in (label, *scores):
        known_column(name, table, path)
        if (label, *scores).count(name) > 1:
            raise UserError(f"column {name!r} is named twice", where="--label, --score", fix="Name each column once.")
    answers = columns.answers(table[label], line, where=path)
    seen = ~np.isnan(answers)
    _check_classes(path, label, answers[seen])
    values = {name: columns.scores(table[name], line, where=path)[seen] for name in scores}
    for name, column in values.items():
        if (missing := np.isnan(column)).any():
            raise UserError(
                f"column {name!r} has no score for {missing.sum():,} of {len(column):,} labelled rows, here first",
                where=path,
                line=int(line[seen][np.argmax(missing)]),
                fix="Give each of them a score, or leave them out for every tool alike.",
            )
    found = _locus_columns(path, table, locus, {label, *scores})
    clusters = _clusters(path, table, line, found)[seen] if found else np.arange(int(seen.sum()))
    return ScoredRows(answers[seen], values, clusters, found, int((~seen).sum()))


def _check_classes(path: Path, label: str, answers: Float64[np.ndarray, " n"]) -> None:
    if not len(answers):
        raise UserError(f"column {label!r} has no label", where=path, fix="Name the column of 0 and 1 with --label.")
    if (answers == answers[0]).all():
        problem = f"all {len(answers):,} labels of column {label!r} are {answers[0]:g}; scores rank 1 against 0"
        raise UserError(problem, where=path)


def _locus_columns(path: Path, table: pd.DataFrame, locus: str, taken: set[str]) -> tuple[str, ...]:
    """One column with whole loci, three with chrom, start and end, or none."""
    if locus == "none":
        return ()
    if locus != "auto":
        names = tuple(known_column(name.strip(), table, path) for name in locus.split(","))
        if len(names) not in (1, 3):
            fix = "Give three, chrom,start,end, or one that holds chr1:100-201; none takes rows one by one."
            raise UserError(f"{locus!r} names {len(names)} columns", where="--locus", fix=fix)
        return names
    roles = {role: name for role, name in find_roles(list(map(str, table.columns))).items() if name not in taken}
    if {"chrom", "start", "end"} <= roles.keys():
        return roles["chrom"], roles["start"], roles["end"]
    return (roles["locus"],) if "locus" in roles else ()


def _clusters(
    path: Path, table: pd.DataFrame, line: Int64[np.ndarray, " n"], names: tuple[str, ...]
) -> Int64[np.ndarray, " n"]:
    """One number for rows whose windows overlap; a row without a place has its own."""
    if len(names) == 1:
        places = pd.DataFrame(parse_loci(columns.texts(table[names[0]]).astype(object)))
    else:
        start, end = (columns.positions(table[name], line, where=path) for name in names[1:])
        places = pd.DataFrame({"chrom": columns.texts(table[names[0]]), "start": start, "end": end})
    known = ((places["chrom"] != "") & (places["start"] >= 0) & (places["end"] >= 0)).to_numpy()
    empty = known & (places["start"] >= places["end"]).to_numpy()
    if empty.any():
        row = int(np.argmax(empty))
        text = f"{places['chrom'][row]}:{places['start'][row]}-{places['end'][row]}"
        raise UserError(f"locus {text} is empty; start < end was expected", where=path, line=int(line[row]))
    keys = cluster_starts(*on_one_axis(places.assign(genome="")))
    return np.where(known, keys, -1 - np.arange(len(places)))
