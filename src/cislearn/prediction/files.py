"""Users' files to tables of predictions: a row for each row of the file, scored or with the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import nn

from cislearn.atomic import file_written_whole
from cislearn.data.entries import Entries
from cislearn.data.genomes import Genomes
from cislearn.data.placing import Placed, cut_windows, place_on_genome
from cislearn.data.readers import read_examples
from cislearn.data.sequences import GenomeSequences
from cislearn.errors import UserError
from cislearn.prediction.predictor import NetworkPredictor, Predictor
from cislearn.progress import Progress, silent
from cislearn.runs import write_table
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.tokens import N

CHUNK = 16_384
EXTENSIONS = (".tsv", ".txt", ".parquet", ".bed")
ONLY_N = "no base of the window is known: it is N only"
DOMAIN = "input"
Windows = Callable[[np.ndarray], np.ndarray]
"""From positions among the placed rows to their tokens."""


def predict_file(
    members: Sequence[nn.Module],
    path: Path | str,
    *,
    genome: Path | str | None = None,
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
        Models whose logits are averaged (one a seed).
    path : Path
        The file; its format shows in its content.
    genome : Path, optional
        FASTA; needed for regions.
    device, batch_size
        Where and how many windows at once.
    progress : Progress, optional
        Hears how far it is.

    Returns
    -------
    DataFrame
        name, chrom, start, end, strand as in the file; for each binary task ``probability_<task>`` and
        ``logit_<task>`` (multiclass: one each class; regression: ``value_<task>``), with several members the standard
        deviation of their logits as ``sd_<task>``; ``note`` and ``not_scored``, the reason, empty for scored rows.

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
    logits = np.full((len(table), len(members), spec.n_logits), np.nan, dtype=np.float32)
    predictors = [NetworkPredictor(member, device, batch_size) for member in members]
    logits[rows], unknown = _score(predictors, windows, len(rows), spec.n_logits, progress)
    scores = [_score_columns(task, logits[:, :, spec.columns(task.name)]) for task in spec.tasks]
    reason_of_line = dict(zip(placed.dropped["line"], placed.dropped["reason"], strict=True))
    not_scored = np.array([reason_of_line.get(line, "") for line in entries.rows["line"]], dtype=object)
    not_scored[rows[unknown]] = ONLY_N
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


def _score(
    predictors: Sequence[Predictor], windows: Windows, n: int, n_logits: int, progress: Progress
) -> tuple[Float[np.ndarray, "n members t"], Bool[np.ndarray, " n"]]:
    """Logits of `n` windows by each member, NaN for windows of N only, and which those are."""
    pieces, unknown = [], []
    for part in np.array_split(np.arange(n), -(-n // CHUNK)) if n else []:
        tokens = windows(part)
        unknown.append((tokens == N).all(axis=1))
        pieces.append(np.stack([predictor.predict(tokens) for predictor in predictors], axis=1))
        pieces[-1][unknown[-1]] = np.nan
        progress("scoring windows", int(part[-1]) + 1, n)
    nothing = np.zeros((0, len(predictors), n_logits), np.float32)
    return np.concatenate([nothing, *pieces]), np.concatenate([np.zeros(0, bool), *unknown])


def _score_columns(task: TaskSpec, logits: Float[np.ndarray, "n members c"]) -> pd.DataFrame:
    mean = logits.mean(axis=1)
    columns: dict[str, np.ndarray] = {}
    if task.kind == "multiclass":
        shares = torch.softmax(torch.from_numpy(mean), dim=1).numpy()
        columns |= {f"probability_{task.name}_{c}": shares[:, c] for c in range(task.channels)}
        return pd.DataFrame(columns)
    if task.kind == "regression":
        columns[f"value_{task.name}"] = mean[:, 0]
    else:
        columns[f"probability_{task.name}"] = torch.sigmoid(torch.from_numpy(mean[:, 0])).numpy()
        columns[f"logit_{task.name}"] = mean[:, 0]
    if logits.shape[1] > 1:
        columns[f"sd_{task.name}"] = logits[:, :, 0].std(axis=1, ddof=1)
    return pd.DataFrame(columns)


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
