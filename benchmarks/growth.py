"""What grows with the data: seconds and memory from 20,000 to 2 million windows, and what a genome of 3 Gb costs."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import numpy as np
import torch

from benchmarks.results import Result, show_or_keep
from benchmarks.synthetic import write_genome, write_regions
from cislearn.data.batches import Batches, Loader, training_rows
from cislearn.data.dataset import read_dataset
from cislearn.data.leaks import find_leaks
from cislearn.data.prepare import prepare
from cislearn.data.split import split_rows
from cislearn.data.views import Views
from cislearn.genome.token_genome import open_genome

T = TypeVar("T")
Cost = tuple[float, float]
"""Seconds of processor time, which others on the machine hardly change, and peak of the resident memory (MB)."""

SIZES = (20_000, 63_000, 200_000, 632_000, 2_000_000)
N_BASES = 3_000_000_000
LENGTH, MARGIN, BATCH, SHIFT = 600, 16, 128, 10
DOMAINS = ("A549", "K562")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of windows")
    parser.add_argument("--bases", type=int, default=N_BASES, help="of the genome; a window takes up 675")
    parser.add_argument("--rounds", type=int, default=3, help="times that each step is measured; the median counts")
    parser.add_argument("--leaks-up-to", type=int, default=632_000, help="most windows that are split and leak-checked")
    parser.add_argument("--folder", type=Path, help="where to write 6 GB, deleted afterwards")
    parser.add_argument("--show", action="store_true", help="print the tables and keep nothing")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="growth.") as name:
        place = Path(name)
        chromosomes = write_genome(place / "genome.fa", given.bases)
        found = [genome_table(place)]
        for n in given.sizes:
            write_regions(region_files(place, n), chromosomes, n, length=LENGTH, seed=n)
        found += growth_tables(place, given.sizes, given.rounds, given.leaks_up_to)
    show_or_keep(found, "growth", show=given.show)


def genome_table(place: Path) -> Result:
    """Index a genome once, and open it twice in a process that has not seen it."""
    seconds, peak = alone(index_genome, place)
    first, again = alone(open_twice, place)
    fasta = place / "genome.fa"
    cache = sum(file.stat().st_size for file in fasta.with_name("genome.fa.cislearn").iterdir())
    n_bases = open_genome(fasta).n_bases
    row = {
        "bases": n_bases,
        "index s": seconds,
        "Mb/s": n_bases / seconds / 1e6,
        "index MB": peak,
        "cache MB": cache / 1e6,
        "open ms": 1e3 * first,
        "open again ms": 1e3 * again,
    }
    text = (
        "A FASTA file of random bases in 24 chromosomes, half of its lines soft-masked: indexed when first opened, then"
        " opened twice by another process. `index s` is processor time, on one thread, and `index MB` the peak of"
        f" the resident memory; the libraries that are loaded take {alone(peak_memory):.0f} of it."
    )
    return Result("growth", "A large genome: indexed once, opened at once", text, [row])


def growth_tables(place: Path, sizes: Sequence[int], rounds: int, leaks_up_to: int) -> list[Result]:
    """Prepare, read and iterate datasets of all sizes, each step in a process of its own."""
    steps: dict[str, Callable[[Path, int], Cost]] = {"prepare": prepare_windows, "read": read_windows}
    steps["epoch"] = iterate_windows
    rows, checked = list[dict[str, Any]](), list[dict[str, Any]]()
    for n in sizes:
        rows.append({"windows": n})
        for name, step in steps.items():
            costs = [alone(step, place, n) for _ in range(rounds)]
            rows[-1][f"{name} s"] = median(seconds for seconds, _ in costs)
            rows[-1][f"{name} MB"] = max(peak for _, peak in costs)
        if n <= leaks_up_to:
            split, leaks, peak = alone(split_windows, place, n)
            checked.append({"windows": n, "split s": split, "leak check s": leaks, "MB": peak})
    text = (
        f"Windows of {LENGTH} bp with margins of {MARGIN} bp, half of them positive, of {len(DOMAINS)} domains, one in"
        " a hundred given twice: prepared from BED files and the genome above, read, and iterated for one epoch in"
        f" shuffled batches of {BATCH}, turned and moved as training does. Each step is done by a process of its own."
        f" Seconds are processor time on one thread, the median of {rounds}; MB is the peak of the resident memory,"
        " which counts what was read of the genome's map, 750 MB at most. Time grows with the number of windows to the"
        " power of: "
    )
    grows = ", ".join(f"{name} {exponents(rows, f'{name} s')}" for name in steps)
    tables = [Result("growth", "From files to batches", f"{text}{grows}.", rows)]
    if checked:
        text = (
            "The same datasets split by chromosome, and their parts compared for equal sequences, overlaps and near"
            " duplicates, as each experiment does once; measured once. The words of all windows are compared in turns"
            " that fit into memory, and each turn reads all windows, so the time of the check grows faster than the"
            f" data: with their number to the power of {exponents(checked, 'leak check s')}."
        )
        tables.append(Result("growth", "Split and leak check", text, checked))
    return tables


def alone(function: Callable[..., T], *arguments: Any) -> T:
    """Return what `function` returns in a fresh process, whose memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def index_genome(place: Path) -> Cost:
    """Open a genome for the first time."""
    return cost_of(lambda: open_genome(place / "genome.fa"))


def open_twice(place: Path) -> tuple[float, float]:
    """Seconds by the clock that opening an indexed genome takes, for the first and the second time."""
    began = time.perf_counter()
    open_genome(place / "genome.fa")
    opened = time.perf_counter()
    open_genome(place / "genome.fa")
    return opened - began, time.perf_counter() - opened


def prepare_windows(place: Path, n: int) -> Cost:
    """From files to a dataset folder."""
    files = dict(zip([(d, label) for label in (0, 1) for d in DOMAINS], region_files(place, n), strict=True))
    positives, negatives = ({d: files[d, label] for d in DOMAINS} for label in (1, 0))

    def work() -> None:
        dataset = prepare(
            _dataset(place, n),
            positives=positives,
            negatives=negatives,
            genome=place / "genome.fa",
            length=LENGTH,
            margin=MARGIN,
            overwrite=True,
        )
        assert len(dataset) == n

    return cost_of(work)


def read_windows(place: Path, n: int) -> Cost:
    """Open a dataset folder."""
    return cost_of(lambda: read_dataset(_dataset(place, n)))


def iterate_windows(place: Path, n: int) -> Cost:
    """All batches of an epoch, as training sees them."""
    torch.set_num_threads(1)
    dataset = read_dataset(_dataset(place, n))

    def work() -> None:
        parts = {"source": training_rows(dataset, np.arange(n), labelled=True)}
        batches = Batches(dataset.sequences, parts, {"source": 1.0}, batch_size=BATCH, seed=0)
        views = Views(dataset.spec, "augment", SHIFT, seed=0)
        for batch in Loader(batches, 0, batches.steps_per_epoch):
            views(batch, "train", batch.step)

    return cost_of(work)


def split_windows(place: Path, n: int) -> tuple[float, float, float]:
    """Seconds of split and of leak check, and the peak memory of both."""
    dataset = read_dataset(_dataset(place, n))
    began = time.process_time()
    part = split_rows(dataset).part
    split = time.process_time()
    find_leaks(dataset, part)
    return split - began, time.process_time() - split, peak_memory()


def cost_of(work: Callable[[], object]) -> Cost:
    """Processor time of some work, and the peak memory of this process after it."""
    began = time.process_time()
    work()
    return time.process_time() - began, peak_memory()


def peak_memory() -> float:
    """Peak of the resident memory of this process, in MB; `getrusage` may tell that of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def exponents(rows: Sequence[dict[str, Any]], column: str) -> str:
    """Exponent of time against number, fitted over all rows, and from the last but one of them to the last."""
    if len(rows) < 2:
        return "(one size alone)"
    number, seconds = (np.log([row[key] for row in rows]) for key in ("windows", column))
    last = (seconds[-1] - seconds[-2]) / (number[-1] - number[-2])
    return f"{np.polyfit(number, seconds, 1)[0]:.2f} (between the two largest {last:.2f})"


def region_files(place: Path, n: int) -> list[Path]:
    """BED files of `n` windows: positives, then negatives, of each domain."""
    return [place / f"{n}.{label}.{domain}.bed" for label in (0, 1) for domain in DOMAINS]


def _dataset(place: Path, n: int) -> Path:
    return place / f"dataset.{n}"


if __name__ == "__main__":
    main()
