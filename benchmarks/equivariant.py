"""Equivariant layers against plain ones with as many channels: what tied filters and paired statistics cost."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from benchmarks.measuring import Measure, compare, interleave
from benchmarks.results import Result, keep
from cislearn.engine.environment import cpu_has_bf16
from cislearn.models.conjoined import Conjoined
from cislearn.models.inference import for_inference
from cislearn.models.layers import layers
from cislearn.models.network import build_network
from cislearn.models.strands import BothStrands
from cislearn.schema import DataSpec, TaskSpec

LENGTH = 101
BATCH = 128
PREDICTION = "prediction"
KINDS = {"plain": "channels_last", "equivariant": {"name": "equivariant", "filters": "half"}}
TEXT = """\
Batches of 128 windows of 101 bp in memory. *plain*: the layers that networks have by default; *equivariant*: layers
that read both strands alike, with as many channels, of which half of the filters are stored. A training step is forward
and backward without an optimiser, in single precision and in bfloat16, in which `train` computes where a CPU can;
prediction is by the copy that `for_inference` makes, on one strand: all that equivariant layers need, where plain ones
read two. The convolution is one of 256 to 128 channels and width 7 over 50 positions, the networks are `wide` and
`motif_cnn`, of the same sizes."""


def convolution(kind: str) -> tuple[nn.Module, torch.Tensor]:
    """Return one convolution of a kind, and its input."""
    return layers(KINDS[kind]).conv(256, 128, 7), torch.randn(BATCH, 256, 50, requires_grad=True)


def network(encoder: str) -> Callable[[str], tuple[nn.Module, torch.Tensor]]:
    """Return what builds a network of a kind, and one-hot windows."""

    def build(kind: str) -> tuple[nn.Module, torch.Tensor]:
        built = build_network(encoder, DataSpec((TaskSpec("bound"),), (), LENGTH), {"layers": KINDS[kind]})
        return built, built.embed(torch.randint(4, (BATCH, LENGTH), dtype=torch.uint8))

    return build


WHAT = {"convolution": convolution, "wide": network("wide"), "motif_cnn": network("motif_cnn")}

STRATEGIES: dict[str, tuple[dict[str, object], str]] = {
    "none, augmented": ({}, "forward"),
    "post-hoc": ({}, "average"),
    "conjoined": ({}, "conjoined"),
    "RCPS": ({"layers": {"name": "equivariant"}}, "forward"),
    "RCPS, half filters": ({"layers": {"name": "equivariant", "filters": "half"}}, "forward"),
}
"""Options of an encoder, and what reads the strands."""
STRATEGY_TEXT = """\
What each strategy for the second strand costs in training and at prediction, with the network that each would have:
RCPS has twice the channels, and half filters as many as the others. `motif_cnn` at 101 bp and `zhou_binary` at 1000 bp,
128 windows in memory, one strand drawn for each or both read."""


def strategy(encoder: str, length: int, name: str) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    """Return what is trained by a strategy, what predicts, and one-hot windows."""
    options, reading = STRATEGIES[name]
    built = build_network(encoder, DataSpec((TaskSpec("bound"),), (), length), options)
    x = built.embed(torch.randint(4, (BATCH, length), dtype=torch.uint8))
    trained = Conjoined(built) if reading == "conjoined" else built
    return trained, built if reading == "forward" else BothStrands(built), x


def strategy_rows(encoder: str, length: int, steps: int, rounds: int) -> list[dict[str, object]]:
    """Return the rows of all strategies for one encoder."""
    made = {name: strategy(encoder, length, name) for name in STRATEGIES}
    rows = []
    for does, measure in ways().items():
        contenders = {
            f"{encoder}, {name}": measure(predicts if does == PREDICTION else trained, x, steps)
            for name, (trained, predicts, x) in made.items()
        }
        compared = compare(interleave(contenders, rounds), f"{encoder}, none, augmented", unit="windows a second")
        rows += [{"what": row.pop("what"), "does": does, **row} for row in compared]
    return rows


def ways() -> dict[str, Callable[[nn.Module, torch.Tensor, int], Measure]]:
    """Return what is measured of a module: training, in bfloat16 too where `train` would take it, and prediction."""
    in_bf16 = {"training, bf16": partial(measure_training, bf16=True)} if cpu_has_bf16() else {}
    return {"training": measure_training, **in_bf16, PREDICTION: measure_prediction}


def measure_training(module: nn.Module, x: torch.Tensor, steps: int, *, bf16: bool = False) -> Measure:
    """Return what goes forward and backward, and gives windows a second."""

    def measure() -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            module.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                made = module(x)
            made.float().square().mean().backward()
        return BATCH * steps / (time.perf_counter() - begin)

    return measure


def measure_prediction(module: nn.Module, x: torch.Tensor, steps: int) -> Measure:
    """Return what predicts with the copy made over for it, and gives windows a second."""
    faster = for_inference(nn.ModuleList([module]))[0]  # type: ignore[index]

    def measure() -> float:
        begin = time.perf_counter()
        with torch.inference_mode():
            for _ in range(steps):
                faster(x)
        return BATCH * steps / (time.perf_counter() - begin)

    return measure


def table(name: str, does: str, steps: int, rounds: int) -> list[dict[str, object]]:
    """Return the rows of one module: plain, and the equivariant of as many channels."""
    contenders = {f"{name}, {kind}": ways()[does](*WHAT[name](kind), steps) for kind in KINDS}
    rows = compare(interleave(contenders, rounds), f"{name}, plain", unit="windows a second")
    return [{"what": row.pop("what"), "does": does, **row} for row in rows]


def main() -> None:
    """Measure all and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=4, help="of one measurement")
    options = parser.parse_args()
    torch.manual_seed(0)
    rows = [row for name in WHAT for does in ways() for row in table(name, does, options.steps, options.rounds)]
    by_strategy = [
        row
        for encoder, length in (("motif_cnn", LENGTH), ("zhou_binary", 1000))
        for row in strategy_rows(encoder, length, options.steps, options.rounds)
    ]
    results = [
        Result("equivariant", "Equivariant layers", TEXT, rows),
        Result("strategies", "Strategies for the second strand", STRATEGY_TEXT, by_strategy),
    ]
    keep(results, "equivariant")


if __name__ == "__main__":
    main()
