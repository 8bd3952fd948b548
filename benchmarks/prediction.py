"""The whole `predict` verb, from BED and FASTA to a TSV on disk, against plain forward passes of the same models.

A plain forward pass is what a user would write: the saved model loaded, one call a batch under `inference_mode`, both
strands averaged, tokens already in memory, at the batch size that is best for it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.measuring import compare, interleave
from benchmarks.results import Result, keep
from benchmarks.synthetic import write_genome
from cislearn.atomic import write_json
from cislearn.models.saving import ModelCard, save_model
from cislearn.prediction.loading import load_members
from cislearn.runs import FORMAT, RUN
from cislearn.schema import DataSpec, TaskSpec

GENOME = 40_000_000
"""Bases."""
BATCHES = (32, 64, 128, 256, 512, 1024)
LIMIT, VERB, WITH_START = "plain forward pass", "predict", "predict, interpreter start-up included"
CHILD = """
import sys, time
import cislearn.cli.show, cislearn.cli.progress, cislearn.cli.arguments, cislearn.engine.devices
import cislearn.prediction.files, cislearn.prediction.loading
from cislearn.cli.main import app
began = time.perf_counter()
app(sys.argv[1:], standalone_mode=False)
seconds = time.perf_counter() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024)
"""
"""Runs the verb; tells the seconds that it took once all was imported, and the peak of its memory in MB (Linux)."""


@dataclass(frozen=True)
class Case:
    """One model, or an ensemble of seeds, on windows of one length."""

    length: int
    members: int
    regions: int
    options: tuple[tuple[str, int], ...] = ()


CASES = (Case(101, 1, 200_000), Case(200, 1, 100_000), Case(600, 1, 40_000), Case(101, 3, 80_000), Case(600, 3, 20_000))
SMALL = (("motifs", 8), ("pairs", 8), ("features", 8))
GROWTH = (
    Case(101, 1, 1_000, SMALL),
    Case(101, 1, 100_000, SMALL),
    Case(101, 1, 1_000_000, SMALL),
    Case(600, 3, 20_000),
)


class Material:
    """What a case needs beside `folder`'s genome, made from seeds: regions, and runs as training leaves them."""

    def __init__(self, folder: Path, chromosomes: Mapping[str, int], case: Case) -> None:
        self.case = case
        self.genome, self.bed, self.out = folder / "genome.fa", folder / "regions.bed", folder / "predictions.tsv"
        self.runs = folder / f"runs-{case.length}-{case.members}-{len(case.options)}"
        _write_regions(self.bed, chromosomes, case.regions, case.length)
        spec = DataSpec((TaskSpec("bound"),), ("cell",), case.length)
        for seed in range(case.members):
            torch.manual_seed(seed)
            run = self.runs / f"seed-{seed}"
            card = ModelCard("motif_cnn", spec, dict(case.options), extra={"temperatures": {"bound": 1.5}})
            save_model(run, card.build(), card)
            write_json(run / RUN, {"format": FORMAT, "method": "source_only", "seed": seed})


def _write_regions(path: Path, chromosomes: Mapping[str, int], n: int, length: int) -> None:
    """Write regions anywhere: unlike the examples of a dataset, those that are predicted may overlap."""
    rng = np.random.default_rng(1)
    chrom = rng.choice(list(chromosomes), n).tolist()
    start = rng.integers(0, min(chromosomes.values()) - length, n).tolist()
    strand = rng.choice(["+", "-"], n).tolist()
    with path.open("w") as out:
        for number, (c, s, d) in enumerate(zip(chrom, start, strand, strict=True)):
            out.write(f"{c}\t{s}\t{s + length}\tpeak_{number}\t0\t{d}\n")


class Verb:
    """The verb in a process of its own."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.with_start: list[float] = []
        self.peak_mb = 0.0

    def __call__(self) -> float:
        """Return windows a second without start-up, and keep those with it and the peak of the memory."""
        m = self.material
        arguments = ["predict", m.runs, "--regions", m.bed, "--genome", m.genome, "--out", m.out, "--device", "cpu"]
        began = time.perf_counter()
        # The kernel's account of a child would hold the parent's memory too: the child reads its own.
        child = subprocess.run(
            [sys.executable, "-c", CHILD, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True
        )
        self.with_start.append(m.case.regions / (time.perf_counter() - began))
        seconds, peak = map(float, child.stdout.split()[-2:])
        self.peak_mb = max(self.peak_mb, peak)
        return m.case.regions / seconds


class Limit:
    """Plain forward passes of the loaded members over tokens in memory."""

    def __init__(self, material: Material) -> None:
        case = material.case
        self.members = load_members(material.runs)
        generator = torch.Generator().manual_seed(2)
        n = max(BATCHES) * max(2, 400 // case.length)
        self.tokens = torch.randint(0, 4, (n, case.length), dtype=torch.uint8, generator=generator)
        self.batch_size = max(BATCHES, key=lambda size: max(self._rate(size) for _ in range(3)))

    def __call__(self) -> float:
        """Return windows a second at the best batch size."""
        return self._rate(self.batch_size, seconds=4)

    def _rate(self, size: int, seconds: float = 0) -> float:
        began, passes = time.perf_counter(), 0
        with torch.inference_mode():
            while not passes or time.perf_counter() - began < seconds:
                for batch in self.tokens.split(size):
                    for member in self.members:
                        member(member.embed(batch))  # type: ignore[operator]
                passes += 1
        return passes * len(self.tokens) / (time.perf_counter() - began)


def speed(folder: Path, chromosomes: Mapping[str, int], cases: Sequence[Case], rounds: int) -> Iterator[dict[str, Any]]:
    """Yield rows of windows a second, each case's beside its own limit."""
    for case in cases:
        material = Material(folder, chromosomes, case)
        limit, verb = Limit(material), Verb(material)
        rates = interleave({LIMIT: limit, VERB: verb}, rounds)
        rates[WITH_START] = verb.with_start[1:]
        for row in compare(rates, LIMIT, unit="windows/s"):
            what = row.pop("what")
            yield {
                "bp": case.length,
                "members": case.members,
                "regions": case.regions,
                "what": f"{what}, batches of {limit.batch_size}" if what == LIMIT else what,
                **row,
            }


def memory(folder: Path, chromosomes: Mapping[str, int], cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
    """Yield the peak of the memory of each case, which no load of the machine changes."""
    for case in cases:
        verb = Verb(Material(folder, chromosomes, case))
        verb()
        yield {
            "bp": case.length,
            "members": case.members,
            "network": "small" if case.options else "motif_cnn",
            "regions": case.regions,
            "BED MB": round(verb.material.bed.stat().st_size / 2**20, 1),
            "peak MB": round(verb.peak_mb),
        }


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0, help="of the regions of each case, for a quick look")
    given = parser.parse_args()
    cases, growth = (
        [Case(c.length, c.members, int(c.regions * given.share), c.options) for c in each] for each in (CASES, GROWTH)
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        chromosomes = write_genome(folder / "genome.fa", GENOME)
        fast = Result(
            "prediction",
            "Prediction: the whole verb against its forward passes",
            "`cislearn predict` with `motif_cnn`, from BED and FASTA (indexed before) to a TSV, against plain forward "
            "passes of the same members: the saved model, one call a batch under `inference_mode`, both strands "
            "averaged, tokens in memory, at its best batch size and with the same threads. The verb may be faster than "
            "that: it predicts with a copy of the model whose weights are laid out once and whose maxima are taken "
            "with the channels last.",
            list(speed(folder, chromosomes, cases, given.rounds)),
        )
        grown = Result(
            "prediction",
            "Prediction: memory",
            "The same verb, one run each. What grows is the regions as read; windows, scores and the table do not. "
            "PyTorch and pandas themselves take most of it.",
            list(memory(folder, chromosomes, growth)),
        )
    keep([fast, grown], "prediction")


if __name__ == "__main__":
    main()
