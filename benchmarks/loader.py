"""Windows a second from BED and FASTA to one-hot float32, moved and turned at random, ours and those of peers."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch

from benchmarks.measuring import Measure, Worker, compare, interleave
from benchmarks.peers.streams import LENGTH, WINDOWS
from benchmarks.results import ROOT, Result, keep
from cislearn.data.batches import Batches, training_rows
from cislearn.data.dataset import Dataset
from cislearn.data.prepare import prepare
from cislearn.data.views import Views
from cislearn.engine.memory import keep_freed_memory
from cislearn.models.network import build_network

BATCH_SIZE = 256
SIZES = (128, 256, 512, 1024)
SHIFT = 5
PEERS = {"grelu": "gReLU", "crested": "CREsted"}
OURS = f"cislearn, one-hot, batches of {BATCH_SIZE}"
TEXT = """\
Batches of 600-bp windows from a FASTA file and a BED file of {regions:,} regions, each window moved by up to {shift} bp
and turned at random, as one-hot float32 in memory; {batch} a batch where no other number is named. cislearn's are those
that training sees: `Batches[k]`, the training view, `Network.embed`. *Tokens* stops before the one-hot, which on a GPU
happens there. The peers' loaders are made as their documentation makes them, with no worker and with two; both hold all
sequences in memory. One thread each, all in one run; the ratio is cislearn's rate, one-hot in batches of {batch}, over
that of the row.{absent}"""


def write_files(folder: Path, *, chromosomes: int, size: int, regions: int, seed: int = 0) -> tuple[Path, Path]:
    """Write a random genome with the index and sizes that peers ask for, and a BED file of distinct regions."""
    rng = np.random.default_rng(seed)
    fasta, bed = folder / "genome.fa", folder / "regions.bed"
    names = [f"chr{number}" for number in range(1, chromosomes + 1)]
    index = []
    with fasta.open("wb") as file:
        for name in names:
            file.write(f">{name}\n".encode())
            index.append(f"{name}\t{size}\t{file.tell()}\t{size}\t{size + 1}\n")
            file.write(np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, size)].tobytes() + b"\n")
    Path(f"{fasta}.fai").write_text("".join(index))
    Path(f"{fasta}.sizes").write_text("".join(f"{name}\t{size}\n" for name in names))
    free = size - LENGTH - 2 * SHIFT
    places = rng.choice(chromosomes * free, regions, replace=False)
    starts = [(names[place // free], SHIFT + place % free) for place in places]
    bed.write_text("".join(f"{chrom}\t{start}\t{start + LENGTH}\n" for chrom, start in starts))
    return fasta, bed


def prepare_dataset(folder: Path, fasta: Path, bed: Path) -> Dataset:
    """Prepare a dataset of the regions, every other one bound, since one that cannot be learned from is refused."""
    lines = bed.read_text().splitlines(keepends=True)
    halves = {}
    for number, role in enumerate(("positives", "negatives")):
        halves[role] = {"all": folder / f"{role}.bed"}
        halves[role]["all"].write_text("".join(lines[number::2]))
    return prepare(folder / "data", **halves, genome=fasta, length=LENGTH, margin=SHIFT, keep_overlapping=True)


def one_hot_batches(dataset: Dataset, batch_size: int) -> tuple[Callable[[int], torch.Tensor], ...]:
    """Return what makes batch k, as training does: as one-hot windows, and as tokens."""
    parts = {"source": training_rows(dataset, np.arange(len(dataset)), labelled=True)}
    batches = Batches(dataset.sequences, parts, {"source": 1.0}, batch_size=batch_size, seed=0)
    views = Views(dataset.spec, "augment", SHIFT)
    network = build_network("motif_cnn", dataset.spec)

    def tokens(k: int) -> torch.Tensor:
        return views(batches[k], "train", k).tokens

    def one_hot(k: int) -> torch.Tensor:
        return network.embed(tokens(k))

    return one_hot, tokens


def measure(batch: Callable[[int], torch.Tensor], batch_size: int) -> Measure:
    """Return the measurement of batches that follow each other."""
    step = 0

    def rate() -> float:
        nonlocal step
        steps = 4 * WINDOWS // batch_size
        begin = time.perf_counter()
        for k in range(step, step + steps):
            batch(k)
        step += steps
        return steps * batch_size / (time.perf_counter() - begin)

    return rate


def check(dataset: Dataset, fasta: Path, k: int = 0) -> None:
    """Compare batch `k` with letters cut from the FASTA file: each window is its region, moved and turned as it may be.

    Raises
    ------
    AssertionError
        Where a window is none of these, or not all shifts and both strands are met.
    """
    texts = dict(record.split("\n")[:2] for record in fasta.read_text().split(">")[1:])
    one_hot, _ = one_hot_batches(dataset, BATCH_SIZE)
    parts = {"source": training_rows(dataset, np.arange(len(dataset)), labelled=True)}
    rows = Batches(dataset.sequences, parts, {"source": 1.0}, batch_size=BATCH_SIZE, seed=0)[k].row
    windows = one_hot(k)
    assert windows.shape == (BATCH_SIZE, 4, LENGTH)
    assert windows.dtype == torch.float32
    seen = set()
    for window, locus in zip(windows, dataset.loci.iloc[rows.numpy()].itertuples(), strict=True):
        assert bool((window.sum(0) == 1).all())
        letters = "".join("ACGT"[base] for base in window.argmax(0))
        other = letters[::-1].translate(str.maketrans("ACGT", "TGCA"))
        around = texts[locus.chrom][locus.start - SHIFT : locus.end + SHIFT]
        found = {(around.find(text) - SHIFT, text is other) for text in (letters, other) if text in around}
        assert len(found) == 1, f"{locus.chrom}:{locus.start} does not hold its window"
        seen |= found
    assert {shift for shift, _ in seen} == set(range(-SHIFT, SHIFT + 1))
    assert {turned for _, turned in seen} == {False, True}


def peer_workers(peers: Path, fasta: Path, bed: Path, stack: ExitStack) -> tuple[dict[str, Measure], dict[str, str]]:
    """Start the loaders of all peers whose environments are there; return them, and the peers' versions."""
    workers: dict[str, Measure] = {}
    versions = {}
    settings = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "KERAS_BACKEND": "torch"}
    for name, title in PEERS.items():
        python = (peers / name / "bin" / "python").absolute()
        if not python.exists():
            continue
        asked = f"from importlib.metadata import version; print(version({name!r}))"
        versions[title] = subprocess.run(
            [python, "-c", asked], check=True, capture_output=True, text=True
        ).stdout.strip()
        script = ROOT / "benchmarks" / "peers" / f"{name}_loader.py"
        for number, label in ((0, "no worker"), (2, "2 workers")):
            command: Sequence[str | Path] = [python, script, fasta, bed, str(BATCH_SIZE), str(SHIFT), str(number)]
            workers[f"{title}, {label}"] = stack.enter_context(Worker(command, settings))
    return workers, versions


def rows_against(rates: Mapping[str, Sequence[float]]) -> list[dict[str, object]]:
    """Return a row a contender: its rate, and how many times that of it ours is."""
    rows = []
    for name, values in rates.items():
        both = compare({name: values, OURS: rates[OURS]}, name, unit="windows/s")  # of OURS itself one row
        rows.append(both[0] | {key: both[-1][key] for key in ("ratio", "low", "high")})
    return rows


def main() -> None:
    """Run the benchmark and keep what it finds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=Path(".local/peers"), help="folder of the peers' environments")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--regions", type=int, default=50_000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()  # as training does
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        fasta, bed = write_files(folder, chromosomes=10, size=3_000_000, regions=arguments.regions)
        dataset = prepare_dataset(folder, fasta, bed)
        check(dataset, fasta)
        contenders: dict[str, Measure] = {}
        for size in SIZES:
            one_hot, tokens = one_hot_batches(dataset, size)
            contenders[f"cislearn, one-hot, batches of {size}"] = measure(one_hot, size)
            contenders[f"cislearn, tokens, batches of {size}"] = measure(tokens, size)
        workers, versions = peer_workers(arguments.peers, fasta, bed, stack)
        rates = interleave(contenders | workers, arguments.rounds)
    absent = [title for title in PEERS.values() if title not in versions]
    text = TEXT.format(
        regions=arguments.regions,
        shift=SHIFT,
        batch=BATCH_SIZE,
        absent=f" Not there: {', '.join(absent)} (`benchmarks/peers/README.md`)." if absent else "",
    )
    keep([Result("loader", "Loader", text, rows_against(rates), versions)], "loader")


if __name__ == "__main__":
    main()
