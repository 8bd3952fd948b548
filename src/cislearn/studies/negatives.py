"""Five kinds of negatives: trained on each, tested on each. The DANN_TF paper says that it made no difference."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float64, UInt8

from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import read_dataset
from cislearn.data.marker import MARKER
from cislearn.data.prepare import prepare
from cislearn.evaluation.tables import score_table
from cislearn.experiment.completion import Experiment
from cislearn.experiment.reading import make_config
from cislearn.prediction.loading import load_members
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.sequence.composition import gc_fraction
from cislearn.sequence.matching import match_gc
from cislearn.sequence.shuffle import shuffle_bases, shuffle_dinucleotides
from cislearn.sequence.tokens import decode, encode
from cislearn.studies.settings import BARE_TRAINING, FIRST_MOTIF_CNN, FIRST_OPTIMISER
from cislearn.studies.study import Size, Study, Trial
from cislearn.studies.windows import CHROMOSOME, PLACE, all_windows, apart, bound_by_others, gabp_windows
from cislearn.tables import write_table

CELL = "K562"
TASK = "GABP"
SMOKE = 300
"""Positives in the smoke size."""
TEST, VALID = ("chr3", "chr8", "chr16", "chr20"), ("chr10", "chr21")
BLOCK = 100_000
"""Stretches of the one chromosome of the genomic negatives that stay in one part, in bp."""


class Negatives(Study):
    """GABP in K562, five experiments that differ in their negatives, each tested on all five kinds."""

    name = "negatives"
    title = "Five kinds of negatives: trained on each, tested on each"
    axes = ("trained_on",)
    scored_on = ("tested_on",)
    introduction = resources("cislearn.studies").joinpath("negatives.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        data = _dataset(files / "dann_tf", work / f"data-{size}", SMOKE if size == "smoke" else None)
        seeds = {"smoke": [0], "desk": [0, 1, 2], "paper": [0, 1, 2, 3, 4]}[size]
        epochs = 1 if size == "smoke" else 12
        return [
            Trial(
                {"trained_on": kind},
                make_config(
                    {
                        "data": {"path": str(data), "sources": [kind], "split": {"by": "given"}},
                        "model": FIRST_MOTIF_CNN,
                        "methods": ["supervised"],
                        "training": {**BARE_TRAINING, "seeds": seeds, "epochs": epochs, "optimiser": FIRST_OPTIMISER},
                        "out": str(work / size / kind.replace(" ", "_")),
                    }
                ),
            )
            for kind in read_dataset(data).spec.domains
        ]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Score the networks of one kind on the test rows of every kind."""
        dataset = read_dataset(trial.config.data.path)
        predictors = [NetworkPredictor(member) for member in load_members(experiment.path)]
        clusters, tables = locus_clusters(dataset), []
        for code, kind in enumerate(dataset.spec.domains):
            rows = np.flatnonzero((dataset.domain_codes == code) & (dataset.loci["part"] == "test").to_numpy())
            logits = [predict_rows(p.predict, dataset.sequences, rows, dataset.spec.margin)[:, 0] for p in predictors]
            labels = dataset.labels_float(rows)[:, 0].astype(np.float64)
            table = score_table("binary", labels, np.stack(logits).astype(np.float64), clusters[rows])
            tables.append(table.assign(tested_on=kind, method=trial.config.methods[0].title))
        return pd.concat(tables, ignore_index=True).drop(columns="undefined")


def windows_of_each_kind(files: Path, most: int | None) -> pd.DataFrame:
    """Return chrom, start, end, sequence, part, kind and GABP: the same positives with each kind of negatives.

    Positives and other factors' windows lie off the chromosome of the genomic ones; they are dealt to parts by
    chromosome, a shuffle goes with its positive, and genomic windows are dealt by blocks of their chromosome.
    """
    everything = all_windows(files)
    elsewhere = everything[everything["chrom"] != CHROMOSOME]
    positives = gabp_windows(files, CELL, positive=True)
    positives = apart(positives[positives["chrom"] != CHROMOSOME].sample(frac=1, random_state=0), positives.head(0))
    positives = positives.head(most or len(positives)).reset_index(drop=True)
    n = len(positives)
    genomic = everything[(everything["chrom"] == CHROMOSOME) & (everything.filter(regex="_").eq(0).all(axis=1))]
    genomic = apart(genomic.sample(frac=1, random_state=0), genomic.head(0)).reset_index(drop=True)
    others = apart(bound_by_others(elsewhere, CELL), gabp_windows(files, CELL, positive=True)).head(n)
    matched = match_gc(_gc(positives), _gc(genomic), n, seed=0).rows
    rng = np.random.default_rng(0)
    tokens = _tokens(positives)
    negatives = {
        "genomic": genomic.head(n),
        "GC-matched genomic": genomic.iloc[matched],
        "other factors": others,
        "shuffled": positives.assign(sequence=_texts(shuffle_bases(tokens, rng))),
        "dinucleotide-shuffled": positives.assign(sequence=_texts(shuffle_dinucleotides(tokens, rng))),
    }
    tables = [
        table[PLACE].assign(kind=kind, GABP=label, part=_part(table))
        for kind, mine in negatives.items()
        for table, label in ((positives, 1), (mine, 0))
    ]
    return pd.concat(tables, ignore_index=True)


def _texts(tokens: UInt8[np.ndarray, "n length"]) -> list[str]:
    return [decode(window) for window in tokens]


def _tokens(windows: pd.DataFrame) -> UInt8[np.ndarray, "n length"]:
    return np.stack([encode(text) for text in windows["sequence"]])


def _gc(windows: pd.DataFrame) -> Float64[np.ndarray, " n"]:
    return gc_fraction(_tokens(windows))


def _part(windows: pd.DataFrame) -> np.ndarray:
    """Give a part to each window: by chromosome, on that of the genomic ones by block."""
    block = (windows["start"] // BLOCK).astype(str).to_numpy(object)
    draw = pd.util.hash_array(block) / 2.0**64
    on_genomic = (windows["chrom"] == CHROMOSOME).to_numpy()
    is_test = np.where(on_genomic, draw < 0.2, windows["chrom"].isin(TEST))
    is_valid = np.where(on_genomic, (draw >= 0.2) & (draw < 0.3), windows["chrom"].isin(VALID))
    return np.select([is_test, is_valid], ["test", "valid"], "train")


def _dataset(files: Path, out: Path, most: int | None) -> Path:
    if not (out / MARKER).is_file():
        out.parent.mkdir(parents=True, exist_ok=True)
        path = out.with_suffix(".tsv")
        write_table(path, windows_of_each_kind(files, most))
        prepare(out, tables=[path], domain_column="kind", label_columns=[TASK])
    return out
