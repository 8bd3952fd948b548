"""The data of each task of the study: simulated densities of motifs, and peaks against other windows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cislearn.data.marker import MARKER
from cislearn.data.prepare import prepare
from cislearn.data.simulate import simulate_density, write_simulated
from cislearn.data.simulate.density import with_flipped_labels
from cislearn.motifs.matrix import Motif
from cislearn.sequence.tokens import encode
from cislearn.studies.reverse_complement.genome import write_simulated_genome
from cislearn.studies.settings import BARE_TRAINING
from cislearn.studies.windows import OTHERS, all_windows, there
from cislearn.tables import write_table

PUBLISHED_SEED = 1234
PUBLISHED_MOTIFS = ("ELF1_known2", "GATA_known6", "RXRA_known1")
PUBLISHED_FILE = (
    "DensityEmbedding_motifs-{motif}_min-1_max-3_mean-2_zeroProb-0p0_seqLength-200_numSeqs-10000.simdata.gz"
)
PUBLISHED_SITES = 249.0
"""For which a quarter of a site more of each base is the .001 that the publication adds to each probability."""
FRESH = PUBLISHED_SEED + 1
"""Seed of windows that share nothing with those of training."""
ADAM: dict[str, Any] = {
    "name": "adam", "learning_rate": 0.001, "weight_decay": 0, "decay": "constant", "warmup": 0
}  # fmt: skip

SIMULATED_TRAINING: dict[str, Any] = {
    **BARE_TRAINING, "epochs": 200, "batch_size": 500, "patience": 10, "patience_of": "loss", "optimiser": ADAM,
}  # fmt: skip
"""As published: patience on the loss, weights of the best AUROC."""
CHIP_TRAINING: dict[str, Any] = {
    **BARE_TRAINING, "epochs": 40, "batch_size": 100, "patience": 10, "validate_every": 50, "optimiser": ADAM,
}  # fmt: skip
"""As published but for the end: theirs were 160 "epochs" of 50 steps, ours stop after ten without a better AUROC."""

CELL = "K562"
FACTORS = ("GABP", "JunD", "USF2")
CHIP_FOLDS = {"valid": ["chr1"], "test": ["chr2", "chr3", "chr4"]}
"""Validation as published, and two chromosomes more to test on: these sets are smaller."""
CHIP_LENGTH = 1000
CHIP = "chip"
"""Folder with a genome, open regions and peaks of factors; one is simulated, and a user may give their own."""


class Task(NamedTuple):
    """A dataset, and how networks are trained on it.

    Parameters
    ----------
    data : dict
        Section ``data`` of a configuration.
    encoder : str
        The published network.
    training : dict
        Section ``training``.
    methods : list
        Of one method.
    fresh : Path, optional
        Another dataset whose test rows are scored as well.
    """

    data: dict[str, Any]
    encoder: str
    training: dict[str, Any]
    methods: list[Any]
    fresh: Path | None = None


Make = Callable[[Path, Path, int | None], Task]
"""``make(files, work, most)``: `most` cuts the number of windows down, for the smoke size."""


def simulated(length: int, *, shared_background: bool = False) -> Make:
    """The published simulation, by our simulator; with its flaw, or with a background of its own for each window."""

    def make(files: Path, work: Path, most: int | None) -> Task:
        n = most or 10_000

        def drawn(seed: int, shared: bool) -> Path:
            out = work / f"density-{length}-{n}-{seed}{'-shared' if shared else ''}"
            if not (out / MARKER).is_file():
                write_simulated(out, simulate_density(length=length, n=n, shared_background=shared, seed=seed))
            return out

        fresh = drawn(FRESH, False) if shared_background else None
        return _simulated_task(drawn(PUBLISHED_SEED, shared_background), fresh)

    return make


def published_simulation(files: Path, work: Path, most: int | None) -> Task:
    """The windows that the published simulator made, from a seed of its own for each factor."""
    out = work / f"published-simulation-{most or 'all'}"
    if not (out / MARKER).is_file():
        sets = {}
        for motif in PUBLISHED_MOTIFS:
            path = there(files / "rc_simulation" / PUBLISHED_FILE.format(motif=motif))
            table = pd.read_csv(path, sep="\t", usecols=["sequence"]).head(most or 10_000)
            sets[motif.partition("_")[0]] = np.stack([encode(text) for text in table["sequence"]])
        truth = pd.DataFrame({"row": [], "motif": [], "start": [], "end": [], "strand": []})
        rng = np.random.default_rng(PUBLISHED_SEED)
        write_simulated(out, with_flipped_labels(sets, truth, 0.2, {"family": "published density"}, rng))
    return _simulated_task(out, None)


def published_motifs(length: int) -> Make:
    """The published simulation, by our simulator and with the motifs of the publication."""

    def make(files: Path, work: Path, most: int | None) -> Task:
        n = most or 10_000
        out = work / f"density-{length}-{n}-published-motifs"
        if not (out / MARKER).is_file():
            motifs = read_published_motifs(there(files / "motifs" / "rcps_sim_three_pwms.txt"))
            write_simulated(out, simulate_density(length=length, n=n, motifs=motifs, seed=PUBLISHED_SEED))
        return _simulated_task(out, None)

    return make


def read_published_motifs(path: Path) -> dict[str, Motif]:
    """Read the motifs of the publication: a line ``>name ...``, then a line ``letter A C G T`` a position."""
    blocks = [block.splitlines() for block in path.read_text(encoding="utf-8").split(">")[1:]]
    motifs = {}
    for head, *lines in blocks:
        identifier = head.split()[0]
        rows = np.array([[float(value) for value in line.split()[1:]] for line in lines if line.strip()])
        name = identifier.partition("_")[0]
        motifs[name] = Motif(name, identifier, (rows / rows.sum(axis=1, keepdims=True)).T, PUBLISHED_SITES)
    return motifs


def bound_by_others(factor: str) -> Make:
    """Peaks of a factor against windows that another one binds in the same cell type and it does not."""

    def make(files: Path, work: Path, most: int | None) -> Task:
        out = work / f"{factor}-{most or 'all'}"
        if not (out / MARKER).is_file():
            windows = all_windows(files / "dann_tf")
            theirs = [f"{other}_{CELL}" for other in ("GABP", *OTHERS) if other != factor]
            mine = windows[f"{factor}_{CELL}"]
            chosen = windows[(mine == 1) | ((mine == 0) & windows[theirs].eq(1).any(axis=1))].assign(bound=mine)
            table = chosen[["chrom", "start", "end", "sequence", "bound"]]
            if most is not None:
                table = table.groupby("bound").sample(most, random_state=0)
            out.parent.mkdir(parents=True, exist_ok=True)
            path = out.with_suffix(".tsv")
            write_table(path, table)
            prepare(out, tables=[path], label_columns=["bound"], length=100)
        return _chip_task(out, "bound")

    return make


def simulated_genome(files: Path, work: Path, most: int | None) -> Task:
    """Peaks at 1 kb on a simulated genome: the geometry of the published task, and its way from BED and FASTA."""
    folder = work / f"genome-{most or 'all'}"
    if not (folder / "genome.fa").is_file():
        write_simulated_genome(folder, n=most or 3_000)
    return from_peaks("FACTOR", folder)(files, work, most)


def from_peaks(factor: str, folder: Path) -> Make:
    """1 kb about the centres of peaks against 1 kb about open regions that overlap no peak, as published."""

    def make(files: Path, work: Path, most: int | None) -> Task:
        out = work / f"{folder.name}-{factor}"
        if not (out / MARKER).is_file():
            packed = folder / "genome.fa.gz"
            prepare(
                out,
                positives={"cell": there(folder / f"{factor}.bed")},
                negatives={"cell": there(folder / "open.bed")},
                genome=packed if packed.is_file() else there(folder / "genome.fa"),
                length=CHIP_LENGTH,
                task=factor,
                outside="drop",
            )
        return _chip_task(out, factor)

    return make


def peaks_in(files: Path) -> dict[str, Make]:
    """Return a task for each ``FACTOR.bed`` of the folder ``chip`` of the user's files, where there is one."""
    folder = files / CHIP
    beds = [path for path in sorted(folder.glob("*.bed")) if path.name != "open.bed"]
    return {f"{path.stem} {CHIP_LENGTH} bp": from_peaks(path.stem, folder) for path in beds}


def _simulated_task(path: Path, fresh: Path | None) -> Task:
    leaks = "drop" if fresh is None else "keep"
    data = {"path": str(path), "split": {"by": "given", "leaks": leaks}}
    return Task(data, "zhou_simulated", SIMULATED_TRAINING, ["supervised"], fresh)


def _chip_task(path: Path, task: str) -> Task:
    data = {"path": str(path), "split": {"by": "chromosome", **CHIP_FOLDS}}
    method = {"name": "supervised", "class_weights": {task: [1.0, _weight(path)]}}
    return Task(data, "zhou_binary", CHIP_TRAINING, [method])


def _weight(path: Path) -> float:
    """Return how many negatives there are to a positive, so that both classes weigh the same."""
    labels = np.load(path / "labels.npy")
    return round(float((labels == 0).sum() / (labels == 1).sum()), 2)


TASKS: dict[str, Make] = {
    "simulated 200 bp": simulated(200),
    "shared backgrounds 200 bp": simulated(200, shared_background=True),
    "published windows 200 bp": published_simulation,
    **{f"{factor} {CELL} 100 bp": bound_by_others(factor) for factor in FACTORS},
    "simulated genome 1000 bp": simulated_genome,
    "simulated 1000 bp": simulated(1000),
    "published motifs 1000 bp": published_motifs(1000),
}
"""By name, in the order of the page."""
