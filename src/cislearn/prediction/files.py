"""Users' files to tables of predictions: a row for each row of the file, scored or with the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8
from torch import nn

from cislearn.atomic import file_written_whole
from cislearn.data.entries import Entries
from cislearn.data.genomes import Genomes
from cislearn.data.placing import Placed, cut_windows, place_on_genome
from cislearn.data.readers import read_examples
from cislearn.data.sequences import GenomeSequences
from cislearn.errors import UserError
from cislearn.models.strands import StrandAverage
from cislearn.prediction.columns import task_columns
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec
from cislearn.sequence.tokens import N
from cislearn.tables import write_table

CHUNK = 16_384
EXTENSIONS = (".tsv", ".txt", ".parquet", ".bed")
ONLY_N = "no base of the window is known: it is N only"
NO_NUMBER = "the model gives no number (NaN)"
DOMAIN = "input"
Windows = Callable[[np.ndarray], np.ndarray]
"""From positions among the placed rows to their tokens."""


def predict_file(
    members: Sequence[nn.Module],
    path: Path | str,
    *,
    genome: Path | str | None = None,
    temperatures: Sequence[Mapping[str, float]] | None = None,
    strands: bool = False,
    device: torch.device | str = "cpu",
    batch_size: int = 1024,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Score each row of a FASTA, BED, narrowPeak, DeepBind or table file.

    Regions are read from `genome` as windows about their summits or centres, those on the minus strand as its reverse
    complement; sequences of other lengths are cropped about the centre or padded with N. Each such change stands in
    ``note``.

    Parameters
    ----------
    members : list of nn.Module
        Models whose predictions are averaged (one a seed).
    path : Path
        The file; its format shows in its content.
    genome : Path, optional
        FASTA; needed for regions.
    temperatures : list of mapping, optional
        Of each member by task (`load_temperatures`): what its logits are divided by to be calibrated; 1 where absent.
    strands : bool
        Tell how far the two strands disagree also where the members read one strand only, which takes twice the time.
        Of members that average both strands it is always told.
    device, batch_size
        Where and how many windows at once.
    progress : Progress, optional
        Hears how far it is.

    Returns
    -------
    DataFrame
        name, chrom, start, end, strand as in the file; the columns of `task_columns`, for a binary task
        ``probability_<task>`` (calibrated), ``logit_<task>``, ``sd_<task>`` with several members, and
        ``strands_<task>``; ``note`` and ``not_scored``, the reason, empty for scored rows.

    Raises
    ------
    UserError
        Where the file cannot be read at all, or has regions and no genome is given.
    """
    spec: DataSpec = members[0].spec  # type: ignore[assignment]
    progress(f"reading {path}")
    entries = read_examples(Path(path))
    placed, windows = _place(entries, genome, spec.length, progress)
    rows = placed.rows["entry"].to_numpy()
    table = entries.rows[["name", "chrom", "start", "end", "strand"]]
    both = strands or all(isinstance(member, StrandAverage) for member in members)
    predictors = [NetworkPredictor(member, device, batch_size) for member in members]
    found = _score(predictors, windows, len(rows), spec.n_logits, both, progress)
    logits, gaps = (_spread(each, rows, len(table)) for each in (found.logits, found.gaps))
    chosen = temperatures or [{}] * len(members)
    scores = [
        task_columns(
            task,
            logits[:, :, spec.columns(task.name)],
            gaps[:, spec.columns(task.name)] if both else None,
            np.array([each.get(task.name, 1.0) for each in chosen]),
        )
        for task in spec.tasks
    ]
    reason_of_line = dict(zip(placed.dropped["line"], placed.dropped["reason"], strict=True))
    not_scored = np.array([reason_of_line.get(line, "") for line in entries.rows["line"]], dtype=object)
    not_scored[rows[np.isnan(found.logits).any(axis=(1, 2))]] = NO_NUMBER
    not_scored[rows[found.unknown]] = ONLY_N
    note = np.full(len(table), "", dtype=object)
    note[rows] = placed.rows["note"].to_numpy(dtype=object)
    remarks = pd.DataFrame({"note": note, "not_scored": not_scored}, index=table.index)
    return pd.concat([table, *scores, remarks], axis=1)


def _place(entries: Entries, genome: Path | str | None, length: int, progress: Progress) -> tuple[Placed, Windows]:
    """Windows of the rows, and what reads some of them."""
    if entries.sequences is not None:
        placed = cut_windows(entries, length=length, margin=0)
        tokens = placed.tokens
        assert tokens is not None
        return placed, lambda part: tokens[part]
    genomes = Genomes.open(genome, [DOMAIN], progress=progress)
    genome_name = genomes.of_domain.get(DOMAIN, "")
    named = entries.rows.assign(domain=DOMAIN, genome=genome_name, file=str(entries.path))
    unlabelled = replace(entries, rows=named, labels=pd.DataFrame(index=named.index))
    placed = place_on_genome(unlabelled, genomes.by_name, length=length, outside="drop")
    return placed, GenomeSequences.at(placed.rows, genomes.by_name, length=length, margin=0).gather


class _Found(NamedTuple):
    """What the members say of the windows that could be made."""

    logits: Float[np.ndarray, "n members t"]
    gaps: Float[np.ndarray, "n t"]
    """Mean over members of the logits on the strand given minus those on the other; NaN where that was not asked."""
    unknown: Bool[np.ndarray, " n"]
    """Windows of N only, which have no logits."""


def _score(
    predictors: Sequence[NetworkPredictor], windows: Windows, n: int, n_logits: int, both: bool, progress: Progress
) -> _Found:
    logits = np.full((n, len(predictors), n_logits), np.nan, dtype=np.float32)
    gaps, unknown = np.full((n, n_logits), np.nan, dtype=np.float32), np.zeros(n, dtype=bool)
    for part in np.array_split(np.arange(n), -(-n // CHUNK)) if n else []:
        tokens = windows(part)
        unknown[part] = (tokens == N).all(axis=1)
        said = [_predict(predictor, tokens, both) for predictor in predictors]
        logits[part] = np.stack([mine for mine, _ in said], axis=1)
        gaps[part] = np.mean([gap for _, gap in said], axis=0)
        progress("scoring windows", int(part[-1]) + 1, n)
    logits[unknown], gaps[unknown] = np.nan, np.nan
    return _Found(logits, gaps, unknown)


def _predict(
    predictor: NetworkPredictor, tokens: UInt8[np.ndarray, "n length"], both: bool
) -> tuple[Float[np.ndarray, "n t"], Float[np.ndarray, "n t"]]:
    """Logits as the model predicts, and those of the strand given minus those of the other, in one go."""
    if not both:
        logits = predictor.predict(tokens)
        return logits, np.full_like(logits, np.nan)
    pair = predictor.strands(tokens)
    averages = isinstance(predictor.model, StrandAverage)
    return pair.mean(axis=1) if averages else pair[:, 0], pair[:, 0] - pair[:, 1]


def _spread(values: Float[np.ndarray, "m ..."], rows: np.ndarray, n: int) -> Float[np.ndarray, "n ..."]:
    """`values` at their `rows` of a table of `n`, NaN elsewhere."""
    spread = np.full((n, *values.shape[1:]), np.nan, dtype=values.dtype)
    spread[rows] = values
    return spread


def check_output(path: Path, inputs: Sequence[Path | None]) -> None:
    """Refuse a name that predictions cannot have, before anything is scored.

    Raises
    ------
    UserError
        For an extension that is not known, or where `path` is one of the `inputs`.
    """
    if path.suffix not in EXTENSIONS:
        raise UserError(f"extension {path.suffix!r} is not known", where=path, fix="Name it .tsv, .parquet or .bed.")
    if any(given is not None and given.resolve() == path.resolve() for given in inputs):
        raise UserError("is an input; predictions would replace it", where=path, fix="Give --out another name.")


def write_predictions(table: pd.DataFrame, path: Path, spec: DataSpec) -> None:
    """Write predictions as TSV, Parquet (``.parquet``) or BED (``.bed``), whole or not at all.

    BED has the region, its name, the probability of the first task times 1000 as score and the strand, then probability
    and reason; rows without coordinates cannot be written so.

    Raises
    ------
    UserError
        For BED where rows have no coordinates or the first task is not binary; for another extension.
    """
    check_output(path, [])
    if path.suffix != ".bed":
        write_table(path, table)
        return
    task = spec.tasks[0]
    if task.kind != "binary" or (table["chrom"] == "").any():
        raise UserError(
            "BED needs coordinates in every row and a binary task", where=path, fix="Name it .tsv or .parquet."
        )
    probability = table[f"probability_{task.name}"]
    bed = table[["chrom", "start", "end"]].assign(
        name=table["name"].mask(table["name"] == "", "."),
        score=(probability * 1000).round().fillna(0).astype(int),
        strand=table["strand"],
        probability=probability,
        not_scored=table["not_scored"].mask(table["not_scored"] == "", "."),
    )
    with file_written_whole(path) as partial:
        bed.to_csv(partial, sep="\t", index=False, header=False, lineterminator="\n", float_format="%.6g", na_rep="nan")
