"""Real sets of labelled windows that defaults are chosen on, each split once into development and final windows.

No window of the final part, nor a near duplicate of one, is in the files of the development part.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int8, UInt8

from cislearn.data.marker import MARKER
from cislearn.data.prepare import prepare
from cislearn.data.readers import read_examples
from cislearn.data.sequences import TableSequences
from cislearn.data.similarity import cluster_keys
from cislearn.sequence.composition import gc_fraction
from cislearn.sequence.matching import match_gc
from cislearn.sequence.shuffle import shuffle_dinucleotides
from cislearn.sequence.tokens import decode, encode
from cislearn.studies.windows import LENGTH, OTHERS, all_windows, there
from cislearn.tables import write_table

MOST = 15_000
"""Windows of either class that a set is cut down to."""
FINAL = 0.1
"""Share of the clusters that is kept for the last word."""
DEVELOPMENT = {"train": 0.75, "valid": 0.1, "test": 0.15}
"""Shares of the other clusters; ``test`` is what defaults are chosen by."""
TASK = "bound"

Tokens = UInt8[np.ndarray, "n length"]


class Classes(NamedTuple):
    """Windows of both classes, of one length."""

    positive: Tokens
    negative: Tokens


def published(factor: str, cell: str, files: Path) -> Classes:
    """Peaks and negatives as the DANN_TF authors published them: genomic windows of chr1."""
    folder = files / "dann_tf" / cell
    return Classes(*(_read(folder / f"{factor}{kind}.fasta.gz", LENGTH) for kind in ("", "_back")))


def bound_by_others(factor: str, cell: str, files: Path) -> Classes:
    """Peaks against windows that another of four factors binds in the same cell type and this one does not."""
    table, mine = _multitask(files), f"{factor}_{cell}"
    theirs = [f"{other}_{cell}" for other in ("GABP", *OTHERS) if other != factor]
    others = table[theirs].eq(1).any(axis=1) & table[mine].eq(0)
    return Classes(*(_tokens(table.loc[rows, "sequence"]) for rows in (table[mine].eq(1), others)))


def gc_matched(positives: Callable[[Path], Tokens], files: Path) -> Classes:
    """Peaks against windows of chr1 that four factors leave alone in five cell types, with the GC content of peaks."""
    table = _multitask(files)
    pool = _tokens(table.loc[table.filter(regex="_").eq(0).all(axis=1), "sequence"])
    found = positives(files)
    chosen = match_gc(gc_fraction(found), gc_fraction(pool), min(len(found), len(pool)), seed=0).rows
    return Classes(found, pool[chosen])


def shuffled(path: str, length: int, files: Path) -> Classes:
    """Peaks against shuffles of them that keep every count of dinucleotides."""
    positive = _read(files / path, length)
    positive = positive[(positive < 4).all(axis=1)][: 2 * MOST]
    return Classes(positive, shuffle_dinucleotides(positive, np.random.default_rng(0)))


def two_files(positive: str, negative: str, length: int, files: Path) -> Classes:
    """Two FASTA files, cropped about the centre or padded with N to `length`."""
    return Classes(_read(files / positive, length), _read(files / negative, length))


def _deepbind(experiment: str, files: Path) -> Tokens:
    return _read(files / "deepbind_h1" / f"{experiment}_AC.seq.gz", LENGTH)


def peaks(pair: str, files: Path) -> Tokens:
    """Windows that a factor binds in a cell type, ``FACTOR_CELL``."""
    table = _multitask(files)
    return _tokens(table.loc[table[pair].eq(1), "sequence"])


NFE2 = "lsgkm_nfe2/wgEncodeSydhTfbsGm12878Nfe2hStdAlnRep0"
SETS: dict[str, Callable[[Path], Classes]] = {
    "JunD_K562_others": partial(bound_by_others, "JunD", "K562"),
    "GABP_HeLa_others": partial(bound_by_others, "GABP", "HeLa-S3"),
    "TCF12_gc": partial(gc_matched, partial(_deepbind, "TCF12_H1-hESC_TCF12_HudsonAlpha")),
    "TAF1_gc": partial(gc_matched, partial(_deepbind, "TAF1_H1-hESC_TAF1_HudsonAlpha")),
    "JunD_HeLa": partial(published, "JunD", "HeLa-S3"),
    "USF2_HepG2": partial(published, "USF2", "HepG2"),
    "GABP_H1": partial(published, "GABP", "H1-hESC"),
    "CTCF_K562_gc": partial(gc_matched, partial(peaks, "CTCF_K562")),
    "SUZ12_gc": partial(gc_matched, partial(_deepbind, "SUZ12_H1-hESC_SUZ12_USC")),
    "CTCF_100bp": partial(shuffled, "ctcf_100bp/ctcf.fa.gz", 100),
    "NFE2": partial(two_files, f"{NFE2}.tr.fa", f"{NFE2}.neg.tr.fa", 201),
    "enhancers": partial(two_files, "enhancer_2l/enhancer.cv.fa", "enhancer_2l/non.cv.fa", 200),
}
"""Every set by its name, those on which methods differ most first."""


def set_folder(name: str, part: Literal["development", "final"], files: Path, work: Path) -> Path:
    """Return the dataset folder of a set, made where it is not there yet.

    Parameters
    ----------
    name : str
        Of ``SETS``.
    part : {"development", "final"}
        Development: none of the final windows. Final: the training and validation windows of the development part, with
        those that it was scored on joined to training, and the final windows as test part.
    files : Path
        Folder of the real data.
    work : Path
        Where to.

    Raises
    ------
    UserError
        Where files are absent.
    """
    return dataset_folder(partial(SETS[name], files), part, work / part / name)


def dataset_folder(
    classes: Callable[[], Classes], part: Literal["development", "final"], out: Path, most: int = MOST
) -> Path:
    """Return `out` as a dataset folder of that part of the windows of `classes`, made where it is not there yet.

    See `set_folder` for the parts; `most` are the windows of either class.
    """
    if not (out / MARKER).is_file():
        table = _table(classes(), most)
        is_final = table["part"] == "final"
        if part == "development":
            table = table[~is_final]
        else:
            table = table.assign(part=table["part"].replace({"test": "train"}).mask(is_final, "test"))
        out.parent.mkdir(parents=True, exist_ok=True)
        path = out.with_suffix(".tsv")
        write_table(path, table)
        prepare(out, tables=[path], label_columns=[TASK])
    return out


def _table(classes: Classes, most: int) -> pd.DataFrame:
    """Distinct windows of both classes with their part; a window of both is a positive."""
    rng = np.random.default_rng(0)
    positive, negative = (_cut_down(np.unique(each, axis=0), most, rng) for each in classes)
    bound = np.repeat(np.array([1, 0], dtype=np.int8), [len(positive), len(negative)])
    text = [decode(window) for window in (*positive, *negative)]
    table = pd.DataFrame({"sequence": text, TASK: bound}).drop_duplicates("sequence")
    return table.assign(part=_parts(np.concatenate([positive, negative])[table.index], bound[table.index]))


def _cut_down(tokens: Tokens, most: int, rng: np.random.Generator) -> Tokens:
    return tokens[np.sort(rng.choice(len(tokens), min(most, len(tokens)), replace=False))]


def _parts(tokens: Tokens, bound: Int8[np.ndarray, " n"]) -> np.ndarray:
    """Part of each window: that of its cluster of near duplicates, drawn by the cluster's key and so for good."""
    keys, _ = cluster_keys(TableSequences.of(tokens), margin=0)
    draw = pd.util.hash_array(keys) / 2.0**64
    edges = np.cumsum([FINAL, *((1 - FINAL) * share for share in DEVELOPMENT.values())])[:-1]
    return np.array(["final", *DEVELOPMENT], dtype=object)[np.searchsorted(edges, draw, side="right")]


def _read(path: Path, length: int) -> Tokens:
    entries = read_examples(there(path))
    assert entries.sequences is not None
    return entries.sequences.windows(length)


def _multitask(files: Path) -> pd.DataFrame:
    return all_windows(files / "dann_tf")


def _tokens(sequences: pd.Series) -> Tokens:
    return np.stack([encode(text) for text in sequences])
