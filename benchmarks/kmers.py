"""Training steps of encoders that read vectors of words against the same that read one-hot bases."""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

import torch
from torch.nn import functional as F

from benchmarks.measuring import Measure, compare, interleave
from benchmarks.results import Result, keep
from cislearn.models.network import build_network
from cislearn.schema import DataSpec, TaskSpec

WORDS: dict[str, Any] = {"k": [3], "dim": 16, "frozen": False}
INPUTS: dict[str, dict[str, Any] | None] = {
    "one_hot": None,
    "words, frozen": WORDS | {"frozen": True},
    "words, trained": WORDS,
}
TEXT = """\
A step is one-hot, forward, backward and AdamW on windows in memory, in fp32. *words*: vectors of length 16 of words
of three bases, `model.input: kmers`. `basset` is the network of the published comparison (3.25 s against 0.31 s an
iteration, 10.5 times as long). The look-up itself takes a few hundredths of a step; the rest is the first
convolution, which reads 16 channels in the place of 4: the smaller the network behind it, the more that is."""


class Case(NamedTuple):
    """An encoder, the length of its windows, and how many are in a batch."""

    encoder: str
    length: int
    batch: int


CASES = (Case("basset", 600, 32), Case("motif_cnn", 101, 128))


def measure_steps(case: Case, kmers: dict[str, Any] | None, steps: int) -> Measure:
    """Return what trains, and gives windows a second."""
    torch.manual_seed(0)
    network = build_network(case.encoder, DataSpec((TaskSpec("bound"),), (), case.length), kmers=kmers)
    tokens = torch.randint(4, (case.batch, case.length), dtype=torch.uint8)
    labels = torch.rand(case.batch, 1).round()
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=1e-3, fused=True)

    def measure() -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(network(network.embed(tokens)), labels).backward()
            optimiser.step()
        return case.batch * steps / (time.perf_counter() - begin)

    return measure


def main() -> None:
    """Measure all and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=3, help="of one measurement")
    options = parser.parse_args()
    rows = []
    for case in CASES:
        contenders = {f"{case.encoder}, {n}": measure_steps(case, each, options.steps) for n, each in INPUTS.items()}
        rows += compare(interleave(contenders, options.rounds), f"{case.encoder}, one_hot", unit="windows a second")
    keep([Result("kmers", "Words in the place of bases", TEXT, rows)], "kmers")


if __name__ == "__main__":
    main()
