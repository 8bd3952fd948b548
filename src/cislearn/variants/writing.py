"""Scored variants as a table, or as the VCF file that they came from with INFO fields added."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from cislearn.atomic import file_written_whole
from cislearn.errors import UserError
from cislearn.prediction.files import refuse_replacing
from cislearn.tables import table_written_whole
from cislearn.variants.score import Scored
from cislearn.variants.vcf import COLUMNS

TABLES, VCFS = (".tsv", ".txt", ".parquet"), (".vcf", ".vcf.gz")
OURS = "cislearn_"
"""What INFO fields of ours begin with."""
NOT_SCORED = f"{OURS}not_scored"
_INFO = COLUMNS.index("INFO")
_MEANINGS = {
    "ref_match": "Whether REF is the genome's",
    "logit_ref": "Logit of REF",
    "logit_alt": "Logit of ALT",
    "logit_effect": "Logit of ALT minus that of REF",
    "logit_sd": "Standard deviation of the effect on the logit over seeds",
    "probability_ref": "Calibrated probability of REF",
    "probability_alt": "Calibrated probability of ALT",
    "probability_effect": "Calibrated probability of ALT minus that of REF",
    "probability_sd": "Standard deviation of the effect on the probability over seeds",
    "value_ref": "Value of REF",
    "value_alt": "Value of ALT",
    "value_effect": "Value of ALT minus that of REF",
    "value_sd": "Standard deviation of the effect on the value over seeds",
    "log2_counts_ref": "log2(1 + reads) of REF",
    "log2_counts_alt": "log2(1 + reads) of ALT",
    "log2_counts_effect": "log2(1 + reads) of ALT minus that of REF",
    "log2_counts_sd": "Standard deviation of the effect on log2(1 + reads) over seeds",
    "jsd": "Jensen-Shannon divergence of the profiles of both alleles in nats",
    "p": "Share of null effects at least as large",
}
"""Of the columns, by what stands before the task."""


def check_output(path: Path, inputs: Sequence[Path | None]) -> None:
    """Refuse a name that scored variants cannot have, before anything is scored.

    Raises
    ------
    UserError
        For an extension that is not known, one that is an input, or bgzip where pysam is not installed.
    """
    if not path.name.endswith((*TABLES, *VCFS)):
        fix = "Name it .tsv, .parquet, .vcf or .vcf.gz."
        raise UserError(f"extension {path.suffix!r} is not known", where=path, fix=fix)
    refuse_replacing(path, inputs, "--out")
    if path.suffix == ".gz":
        _bgzip(path)


def write_scored(pieces: Iterable[Scored], path: Path, header: Sequence[str]) -> Counter[str]:
    """Write scored variants, whole or not at all.

    Parameters
    ----------
    pieces : iterable of Scored
        As `VariantScorer.pieces` gives them; each is written before the next one is asked for.
    path : Path
        ``.tsv`` or ``.parquet``: a row for each allele; ``.vcf`` or ``.vcf.gz`` (bgzip): the records as they were read,
        with an INFO field for each column of numbers and the reasons as `NOT_SCORED`.
    header : list of str
        Of the VCF file that the records are from.

    Returns
    -------
    Counter
        How many alleles have each reason for which they were not scored; those of the empty one were.
    """
    reasons: Counter[str] = Counter()
    with _vcf(path, header) if path.name.endswith(VCFS) else _table(path) as write:
        for piece in pieces:
            write(piece)
            reasons.update(map(str, piece.table["not_scored"]))
    return reasons


@contextmanager
def _table(path: Path) -> Iterator[Any]:
    with table_written_whole(path) as write:
        yield lambda piece: write(piece.table)


@contextmanager
def _vcf(path: Path, header: Sequence[str]) -> Iterator[Any]:
    names: dict[str, str] = {}
    with file_written_whole(path) as partial, _opened(partial, path) as out:

        def write(piece: Scored) -> None:
            if not names:
                names.update(info_names(piece.table.columns, path))
                out.write(_lines([*_declared(header[:-1], names), header[-1]]))
            out.write(_lines(_annotated(piece, names)))

        yield write


def info_names(columns: Iterable[str], path: Path) -> dict[str, str]:
    """Return the INFO field of each column of numbers: with letters, digits, ``_`` and ``.`` alone, as VCF has it.

    Raises
    ------
    UserError
        Where two columns come to the same name.
    """
    told = {"chrom", "pos", "id", "ref", "alt", "note", "not_scored"}
    names = {column: OURS + re.sub(r"[^0-9A-Za-z_.]", "_", column) for column in columns if column not in told}
    twice = [name for name, n in Counter(names.values()).items() if n > 1]
    if twice:
        fix = "Name it .tsv or .parquet."
        raise UserError(f"two tasks come to the same INFO field {twice[0]}", where=path, fix=fix)
    return names


def _declared(header: Sequence[str], names: dict[str, str]) -> list[str]:
    """The header with the fields declared, in the place of those of an earlier scoring."""
    lines = [
        _info(name, "Integer" if column == "ref_match" else "Float", _meaning(column)) for column, name in names.items()
    ]
    lines.append(_info(NOT_SCORED, "String", "Why an allele was not scored, percent-encoded, _ for a space"))
    return [*(line for line in header if not line.startswith(f"##INFO=<ID={OURS}")), *lines]


def _info(name: str, kind: str, meaning: str) -> str:
    return f'##INFO=<ID={name},Number=A,Type={kind},Description="{meaning}",Source="cislearn">'


def _meaning(column: str) -> str:
    for start, meaning in sorted(_MEANINGS.items(), key=lambda each: -len(each[0])):
        if column == start or column.startswith(f"{start}_"):
            of = column.removeprefix(start).lstrip("_").replace("\\", "").replace('"', "")
            return f"{meaning}{of and ' for '}{of}"
    raise ValueError(f"column {column} has no meaning")


def _annotated(piece: Scored, names: dict[str, str]) -> Iterator[str]:
    columns = {name: _numbers(piece.table[column]) for column, name in names.items()}
    reasons = [quote(reason, safe=" ").replace(" ", "_") or "." for reason in piece.table["not_scored"]]
    columns[NOT_SCORED] = reasons
    row = 0
    for record in piece.records:
        alleles = slice(row, row + len(record.alts))
        row = alleles.stop
        fields = record.text.split("\t")
        kept = [part for part in fields[_INFO].split(";") if part != "." and not part.startswith(OURS)]
        told = {name: ",".join(values[alleles]) for name, values in columns.items()}
        added = [f"{name}={values}" for name, values in told.items() if values.strip(".,")]
        fields[_INFO] = ";".join(part for part in [*kept, *added] if part) or "."
        yield "\t".join(fields)


def _numbers(column: pd.Series) -> list[str]:
    values = column.to_numpy(np.float64, na_value=np.nan)
    return [f"{value:.6g}" if np.isfinite(value) else "." for value in values]


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _opened(partial: Path, path: Path) -> Any:
    return _bgzip(path).BGZFile(str(partial), "wb") if path.suffix == ".gz" else partial.open("wb")


def _bgzip(path: Path) -> Any:
    """pysam, which writes bgzip."""
    try:
        import pysam
    except ImportError as error:
        fix = "Install it: pip install 'cislearn[vcf]', or name the file .vcf."
        raise UserError("is to be bgzip, which pysam writes, and that is not installed", where=path, fix=fix) from error
    return pysam
