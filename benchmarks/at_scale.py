"""Ten million windows of two hundred tasks: prepared, shuffled and trained on; seconds and memory as they grow."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.growth import Cost, alone, cost_of, exponents, index_genome, peak_memory
from benchmarks.results import Result, show_or_keep
from benchmarks.synthetic import write_genome
from cislearn.data.batches import Batches, Loader, training_rows
from cislearn.data.compendium import prepare_compendium
from cislearn.data.dataset import Dataset, read_dataset
from cislearn.data.split import split_rows
from cislearn.data.views import Views
from cislearn.engine.devices import choose_device
from cislearn.models.network import build_network
from cislearn.objectives.objective import objectives
from cislearn.training.fit import TrainingPlan, fit
from cislearn.training.judge import Validation
from cislearn.training.optimisers import OptimiserPlan

SIZES = (100_000, 1_000_000, 10_000_000)
N_BASES = 3_000_000_000
TASKS, STEPS, BATCH, SHIFT = 200, 300, 128, 10
LENGTH, OVERLAP = 600, 400
PLACE, JITTER = 290, 60
"""Bases from one window's place to the next, and by how much it may lie away from there: neighbours never merge."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.at_scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of windows")
    parser.add_argument("--bases", type=int, default=N_BASES, help=f"of the genome; a window takes up {PLACE}")
    parser.add_argument("--steps", type=int, default=STEPS, help="of training")
    parser.add_argument("--folder", type=Path, help="where to write 10 GB, deleted afterwards")
    parser.add_argument("--show", action="store_true", help="print the table and keep nothing")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="at_scale.") as name:
        place = Path(name)
        chromosomes = write_genome(place / "genome.fa", given.bases)
        alone(index_genome, place)
        rows = [measure(place, chromosomes, n, given.steps) for n in given.sizes]
    text = (
        f"A genome of {given.bases / 1e9:g} Gb, {TASKS} BED files in which each window of {LENGTH} bp is open in one to"
        f" three tasks, and many overlap by half: `prepare --compendium` (merged from {OVERLAP} bp of overlap on, so"
        " none is), a chromosome split, one shuffled epoch of batches turned and moved as training does, and"
        f" {given.steps} steps of `motif_cnn` with all tasks. Each step in a process of its own, measured once. Seconds"
        " are processor time on one thread. MB is the peak of the resident memory, which counts what was read of the"
        f" files mapped into it (the genome, 750 MB, and the labels); libraries take {alone(peak_memory):.0f} of it."
        " Time grows with the number of windows to the power of: "
    )
    grows = ", ".join(f"{name} {exponents(rows, f'{name} s')}" for name in ("prepare", "split", "epoch", "training"))
    found = [Result("at_scale", "Ten million windows of two hundred tasks", f"{text}{grows}.", rows)]
    show_or_keep(found, "at_scale", show=given.show)


def measure(place: Path, chromosomes: dict[str, int], n: int, steps: int) -> dict[str, float]:
    """Return seconds and memory of each step with `n` windows."""
    write_cells(place / f"cells.{n}", chromosomes, n)
    row: dict[str, float] = {"windows": n}
    for name, step in {"prepare": prepare_windows, "split": split_windows, "epoch": iterate_windows}.items():
        row[f"{name} s"], row[f"{name} MB"] = alone(step, place, n)
    row["training s"], row["training MB"] = alone(train, place, n, steps)
    row["labels MB"] = (_dataset(place, n) / "labels.npy").stat().st_size / 1e6
    return row


def write_cells(folder: Path, chromosomes: dict[str, int], n: int) -> None:
    """Write a BED file for each task; each of `n` places is a region of one to three of them."""
    folder.mkdir()
    rng = np.random.default_rng(n)
    names, size = np.array(list(chromosomes)), min(chromosomes.values())
    per_chromosome = (size - 2 * LENGTH) // PLACE
    if n > per_chromosome * len(names):
        raise ValueError(f"{n:,} windows do not fit {len(names)} chromosomes of {size:,} bp")
    chrom, slot = np.divmod(np.sort(rng.choice(per_chromosome * len(names), n, replace=False)), per_chromosome)
    middle = LENGTH + slot * PLACE + rng.integers(0, JITTER, n)
    task = rng.integers(0, TASKS, (3, n), dtype=np.uint8)  # the same one twice is a region that stands there twice
    for number in range(TASKS):
        mine = np.flatnonzero((task == number).any(axis=0))
        regions = {"chrom": names[chrom[mine]], "start": middle[mine] - 75, "end": middle[mine] + 75}
        pd.DataFrame(regions).to_csv(folder / f"cell{number:03}.bed", sep="\t", header=False, index=False)


def prepare_windows(place: Path, n: int) -> Cost:
    """From region files to a dataset folder."""

    def work() -> None:
        dataset = prepare_compendium(
            _dataset(place, n),
            cells=place / f"cells.{n}",
            genome=place / "genome.fa",
            length=LENGTH,
            margin=SHIFT,
            merge_overlap=OVERLAP,
        )
        assert len(dataset) == n, f"{len(dataset):,} windows of {n:,}"

    return cost_of(work)


def split_windows(place: Path, n: int) -> Cost:
    """Open the dataset and split it by chromosome."""
    return cost_of(lambda: split_rows(read_dataset(_dataset(place, n))))


def iterate_windows(place: Path, n: int) -> Cost:
    """All batches of an epoch, as training sees them."""
    torch.set_num_threads(1)

    def work() -> None:
        dataset, batches = _batches(place, n)
        views = Views(dataset.spec, "augment", SHIFT, seed=0)
        for batch in Loader(batches, 0, batches.steps_per_epoch):
            views(batch, "train", batch.step)

    return cost_of(work)


def train(place: Path, n: int, steps: int) -> Cost:
    """Train on random batches of all windows, with a checkpoint at the end."""
    torch.set_num_threads(1)

    def work() -> None:
        dataset, batches = _batches(place, n)
        network, objective = build_network("motif_cnn", dataset.spec), objectives.get("supervised")()
        objective.setup(network, dataset.spec)
        fit(
            network,
            objective,
            batches,
            Views(dataset.spec, "augment", SHIFT, seed=0),
            lambda network: Validation(0.0, 0.0, {}),
            TrainingPlan(steps, steps, OptimiserPlan("adamw", 1e-3), "last", precision="32-true", seed=0),
            checkpoint=place / f"{n}.ckpt",
            device=choose_device("cpu"),
        )

    return cost_of(work)


def _batches(place: Path, n: int) -> tuple[Dataset, Batches]:
    dataset = read_dataset(_dataset(place, n))
    part = training_rows(dataset, np.arange(len(dataset)), labelled=True)
    return dataset, Batches(dataset.sequences, {"source": part}, {"source": 1.0}, batch_size=BATCH, seed=0)


def _dataset(place: Path, n: int) -> Path:
    return place / f"dataset.{n}"


if __name__ == "__main__":
    main()
