"""Training of every encoder, in each precision and layout, and by several processes: windows and steps a second."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks.measuring import Measure, Worker, compare, interleave, serve
from benchmarks.plain import PlainTraining, plain_dann_tf
from benchmarks.results import Result, show_or_keep
from benchmarks.timed import timed_fit
from cislearn.data.batches import Batches, TrainingRows
from cislearn.data.sequences import TableSequences
from cislearn.data.views import Views
from cislearn.engine.launch import launch
from cislearn.engine.processes import ALONE, Processes, find_place, join, leave
from cislearn.models.network import Network, build_network
from cislearn.objectives.objective import objectives
from cislearn.schema import DataSpec, TaskSpec
from cislearn.training.fit import TrainingPlan
from cislearn.training.optimisers import OptimiserPlan

WARM = 3
"""Steps at the beginning of each measurement that do not count."""
SGD = OptimiserPlan("sgd", 1e-3, 0.0, decay="constant", warmup=0.0)
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}
PLAIN = "plain fp32"
WAYS = (PLAIN, "plain bf16", "plain compiled fp32", "cislearn fp32", "cislearn bf16")


class Size(NamedTuple):
    """Windows that an encoder is measured on: their length (bp), how many a batch has, and the steps that are timed."""

    length: int
    batch: int
    steps: int


ENCODERS = {
    "motif_cnn": Size(101, 128, 60),
    "dann_tf": Size(101, 128, 10),
    "wide": Size(101, 128, 10),
    "basset": Size(600, 32, 4),
    "alexnet": Size(600, 32, 4),
    "inception": Size(600, 32, 4),
}
SHARED = ENCODERS["basset"]
PUBLISHED = {"alone": 1.2, "together": 0.55, "apart": 0.24}
"""Seconds an iteration of DSSDA's ladder on one P100 (512 windows) and on three (170 each), its distributed table."""
EVERY = 20
SHARES = {"alone": (1, 1), "together": (2, 1), "apart": (2, EVERY)}
"""Processes, and steps between averages of their weights."""
TEXT = """\
Supervised training on windows in memory, SGD with momentum, one thread. *plain*: the same network of PyTorch's own
layers in their default layout, one-hot windows ready, a loop without a library; *compiled* by `torch.compile` with what
it sets by itself. *cislearn*: `fit` with all that it does in a step, channels last. Each in a process of its own, in
turn; the ratio is over plain fp32 of the same encoder."""
TEXT_OF_PROCESSES = """\
`basset` on windows of {length} bp in fp32, {batch} a process and iteration, one thread a process, all of one machine
over gloo; mean of {iterations} iterations of the process that began, the median of {rounds} rounds in turn. *together*:
gradients averaged at each step; *apart*: weights averaged every {every} steps. *gain*: windows a second over one
process. *published*: the ladder of DSSDA on one P100, 512 windows, and on three, 170 each; there *apart* hands
gradients to a server of parameters."""


def training_of(encoder: str, batch: int) -> tuple[Network, Batches, Views]:
    """Return a network and batches of random windows."""
    size = ENCODERS[encoder]
    spec = DataSpec((TaskSpec("open"),), ("cell",), size.length)
    rng = np.random.default_rng(0)
    n = 8 * batch
    part = TrainingRows(np.arange(n), rng.integers(0, 2, (n, 1)).astype(np.float32), np.zeros(n, np.int64))
    sequences = TableSequences(rng.integers(0, 4, (n, size.length), dtype=np.uint8), np.arange(n))
    torch.manual_seed(0)
    network = build_network(encoder, spec)
    return network, Batches(sequences, {"source": part}, {"source": 1.0}, batch_size=batch, seed=0), Views(spec)


def times_of(
    encoder: str, batch: int, steps: int, precision: str, processes: Processes = ALONE, every: int = 1
) -> list[float]:
    """Train for some steps; return when each ended."""
    network, batches, views = training_of(encoder, batch)
    plan = TrainingPlan(steps, 10**9, SGD, "last", precision=PRECISIONS[precision], sync_every=every)
    return timed_fit(network, objectives.get("supervised")(), batches, views, plan, processes)[1]


def measure_cislearn(encoder: str, precision: str) -> Measure:
    """Return what trains a network of ours and gives windows a second."""
    size = ENCODERS[encoder]

    def measure() -> float:
        times = times_of(encoder, size.batch, WARM + size.steps, precision)
        return size.batch * size.steps / (times[-1] - times[WARM - 1])

    return measure


def plain_network(encoder: str) -> nn.Module:
    """Return the network of PyTorch's own layers."""
    if encoder == "dann_tf":
        return plain_dann_tf()
    spec = DataSpec((TaskSpec("open"),), ("cell",), ENCODERS[encoder].length)
    return build_network(encoder, spec, {"layers": "plain"})


def measure_plain(encoder: str, precision: str, *, compiled: bool = False) -> Measure:
    """Return what trains the plain network and gives windows a second."""
    size = ENCODERS[encoder]
    ours, batches, _ = training_of(encoder, size.batch)
    ready = [(ours.embed(batch.tokens).float(), batch.labels[:, 0]) for batch in (batches[k] for k in range(8))]
    network = plain_network(encoder)
    training = PlainTraining(torch.compile(network) if compiled else network, bf16=precision == "bf16")  # type: ignore[arg-type]

    return lambda: training.windows_a_second(ready, WARM, size.steps)


def measure_of(encoder: str, way: str) -> Measure:
    """Return the measure of one of `WAYS`."""
    who, *_, precision = way.split()
    if who == "plain":
        return measure_plain(encoder, precision, compiled="compiled" in way)
    return measure_cislearn(encoder, precision)


def encoder_table(encoders: Sequence[str], rounds: int) -> Result:
    """Measure each encoder in all ways."""
    rows: list[dict[str, Any]] = []
    for encoder in encoders:
        size = ENCODERS[encoder]
        with ExitStack() as stack:
            commands = {way: [sys.executable, "-m", "benchmarks.throughput", "--serve", encoder, way] for way in WAYS}
            workers = {way: stack.enter_context(Worker(commands[way], {"OMP_NUM_THREADS": "1"})) for way in WAYS}
            rates = interleave(workers, rounds)
        about = {"encoder": encoder, "bp": size.length, "batch": size.batch}
        rows += [about | row for row in compare(rates, PLAIN, unit="windows/s")]
    return Result("throughput", "Throughput of the encoders", TEXT, rows)


def seconds_together(n: int, every: int, iterations: int) -> float:
    """Start `n` processes that train one network; return the seconds an iteration of the first."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "seconds"
        if launch(["-m", "benchmarks.throughput", "--share", str(every), str(iterations), str(said)], n):
            raise RuntimeError(f"a process of {n} ended with an error")
        return float(said.read_text())


def share(every: int, iterations: int, said: Path) -> None:
    """Be one of these processes; the first writes its seconds an iteration."""
    torch.set_num_threads(1)
    place = find_place(os.environ)
    assert place is not None
    processes = join(place) if place.world > 1 else ALONE
    times = times_of("basset", SHARED.batch * place.world, WARM + iterations, "fp32", processes, every)
    leave()
    if processes.is_first:
        said.write_text(str((times[-1] - times[WARM - 1]) / iterations))


def process_table(rounds: int, iterations: int) -> Result:
    """Measure one process, and two that step together and apart."""
    found: dict[str, list[float]] = {name: [] for name in SHARES}
    for _ in range(rounds):
        for name, (n, every) in SHARES.items():
            found[name].append(seconds_together(n, every, iterations))
    seconds = {name: median(values) for name, values in found.items()}
    rows = []
    for name, (n, every) in SHARES.items():
        gain = n * seconds["alone"] / seconds[name]
        published = PUBLISHED[name]
        rows.append({
            "steps": name, "processes": n, "averages every": every, "windows": n * SHARED.batch,
            "s an iteration": seconds[name], "gain": gain,
            "published s an iteration": published, "published gain": f"{PUBLISHED['alone'] / published:.2f}",
        })  # fmt: skip
    text = TEXT_OF_PROCESSES.format(
        length=SHARED.length, batch=SHARED.batch, iterations=iterations, rounds=rounds, every=EVERY
    )
    return Result("throughput", "Iterations of several processes", text, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=list(ENCODERS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=100, help="that several processes are timed on")
    parser.add_argument("--show", action="store_true", help="print the tables and keep nothing")
    parser.add_argument("--serve", nargs=2, metavar=("ENCODER", "WAY"), help=argparse.SUPPRESS)
    parser.add_argument("--share", nargs=3, metavar=("EVERY", "ITERATIONS", "SAID"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if given.serve:
        serve(measure_of(*given.serve))
    elif given.share:
        every, iterations, said = given.share
        share(int(every), int(iterations), Path(said))
    else:
        tables = [encoder_table(given.encoders, given.rounds), process_table(min(given.rounds, 3), given.iterations)]
        show_or_keep(tables, "throughput", show=given.show)


if __name__ == "__main__":
    main()
