"""Training step and prediction of `bpnet` against bpnet-lite: windows a second at equal losses and logits."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch

from benchmarks.measuring import Measure, Worker, compare, interleave, serve
from benchmarks.peers.bpnet_geometry import (
    BATCH,
    COUNTS_WEIGHT,
    FILES,
    LAYERS,
    LENGTH,
    POSITIONS,
    RATE,
    STEPS,
    WARM,
    WINDOWS,
)
from benchmarks.results import ROOT, Result, keep
from benchmarks.timed import timed_fit
from cislearn.data.batches import Batches, TrainingRows
from cislearn.data.profiles import Profiles, total_counts
from cislearn.data.sequences import TableSequences
from cislearn.data.views import Views
from cislearn.engine.memory import keep_freed_memory
from cislearn.models.network import Network, build_network
from cislearn.objectives.supervised import Supervised
from cislearn.prediction.members import Members
from cislearn.schema import DataSpec, TaskSpec
from cislearn.training.fit import TrainingPlan
from cislearn.training.optimisers import OptimiserPlan

SPEC = DataSpec((TaskSpec("atac", "profile", 1, POSITIONS, "flip"),), ("cell",), LENGTH)
SGD = OptimiserPlan("sgd", RATE, 0.0, momentum=0.0, decay="constant", warmup=0.0)
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}
COMPARED = 3
"""Steps whose losses are compared; there are as many batches."""
PEER = "bpnet_lite"
LIMITS = {"fp32": 1.35, "bf16": 1.90}
"""How many times the step of bpnet-lite in fp32 could at best be taken, measured beforehand with kernels alone."""
TEXT = """\
64 filters, {layers} dilated layers, windows of {length:,} bp, a profile of {positions:,} positions on one strand (the
geometry of ChromBPNet), batches of {batch} in memory, gradients clipped to norm 1. *bpnet-lite*: the lines of its `fit`
that take a step, and `tangermeme.predict`; *cislearn*: `fit` with all that it does in a step, and the members of
`predict`, which compute in fp32. Each in a process of its own, one thread. *error*: against bpnet-lite in fp32 from the
same weights, the greatest relative one of the loss in {compared} steps, or the greatest of the logits in units of their
standard deviation. *of the limit*: the ratio over what kernels alone were measured to reach before any of this was
written ({limits} times bpnet-lite in fp32, for the training step)."""


def network() -> Network:
    """Return ours, with the weights that all contenders begin with."""
    torch.manual_seed(0)
    return build_network("bpnet", SPEC, {"dilated": LAYERS})


def write_files(folder: Path) -> None:
    """Write random windows with counts, and the weights of ours in their order."""
    rng = np.random.default_rng(0)
    n = COMPARED * BATCH
    weights = {f"weight_{k}": p.detach().numpy() for k, p in enumerate(network().parameters())}
    tokens = rng.integers(0, 4, (n, LENGTH), dtype=np.uint8)
    counts = rng.poisson(0.2, (n, 1, POSITIONS)).astype(np.float32)
    np.savez(folder / FILES, tokens=tokens, counts=counts, **weights)


class Training:
    """Ours on the windows of a folder."""

    def __init__(self, folder: Path, precision: str) -> None:
        with np.load(folder / FILES) as files:
            self.tokens, counts = files["tokens"], files["counts"]
        self.network, self.precision = network(), PRECISIONS[precision]
        n = len(self.tokens)
        rows, domain = np.arange(n), np.zeros(n, dtype=np.int64)
        part = TrainingRows(rows, total_counts(counts, 0)[:, None], domain)
        self.batches = InOrder(
            TableSequences(self.tokens, rows),
            {"source": part},
            {"source": 1.0},
            batch_size=BATCH,
            seed=0,
            profiles=Profiles(counts, np.zeros(1, dtype=np.int64)),
        )

    def run(self, steps: int, every: int) -> tuple[list[float], list[float]]:
        """Train with a look at the losses `every` so many steps; return their means, and when each step ended."""
        plan = TrainingPlan(steps, every, SGD, "last", precision=self.precision, gradient_clip=1.0)
        return timed_fit(self.network, Supervised(counts_weight=COUNTS_WEIGHT), self.batches, Views(SPEC), plan)

    def training(self) -> Measure:
        """Return what trains and gives windows a second."""

        def measure() -> float:
            _, times = self.run(WARM + STEPS, every=10**9)
            return STEPS * BATCH / (times[-1] - times[WARM - 1])

        return measure

    def prediction(self) -> Measure:
        """Return what predicts and gives windows a second."""
        keep_freed_memory()
        members = Members([self.network.eval()], batch_size=None)

        def measure() -> float:
            begin = time.perf_counter()
            members(self.tokens[:WINDOWS])
            return WINDOWS / (time.perf_counter() - begin)

        return measure


class InOrder(Batches):
    """Batches whose rows follow each other, as those of the peer do."""

    def __getitem__(self, k: int) -> object:  # type: ignore[override]
        """Return batch `k`."""
        part = self.parts["source"]
        rows = slice(k * BATCH % len(part.rows), k * BATCH % len(part.rows) + BATCH)
        return self._batch(part.rows[rows], part.labels[rows], part.domain[rows], {"source": slice(0, BATCH)}, k)


def errors(folder: Path, peer: Sequence[str | Path]) -> dict[str, dict[str, float]]:
    """Return, by contender, the errors of losses and of logits against the peer in fp32.

    Raises
    ------
    AssertionError
        Where fp32 is not equal to 1e-5.
    """
    found = {}
    for precision in PRECISIONS:
        subprocess.run([*peer, folder, "losses", precision], check=True, env=SETTINGS, stdout=subprocess.DEVNULL)
        with np.load(folder / f"peer-{precision}.npz") as files:
            found[f"bpnet-lite {precision}"] = files["losses"], files["logits"]
        ours = Training(folder, precision)
        logits = Members([ours.network.eval()])(ours.tokens[:BATCH]).logits[:, 0]
        found[f"cislearn {precision}"] = np.array(ours.run(COMPARED, every=1)[0]), logits
    losses, logits = found["bpnet-lite fp32"]
    told = {
        who: {
            "training": float(np.abs(a / losses - 1).max()),
            "prediction": float(np.abs(b - logits).max() / logits.std()),
        }
        for who, (a, b) in found.items()
    }
    assert told["cislearn fp32"]["training"] < 1e-5, told
    assert told["cislearn fp32"]["prediction"] < 1e-4, told
    return told


def rows_of(rates: Mapping[str, Sequence[float]], does: str, off: Mapping[str, Mapping[str, float]]) -> list[dict]:
    """Return a row a contender, with its error and what part of the limit it reaches."""
    rows = []
    for row in compare(rates, "bpnet-lite fp32", unit="windows/s"):
        who, ratio = str(row["what"]), float(row["ratio"])  # type: ignore[arg-type]
        limit = LIMITS[who.split()[-1]] if does == "training" and who.startswith("cislearn") else None
        told = {"error": f"{off[who][does]:.0e}", "of the limit": "" if limit is None else f"{ratio / limit:.2f}"}
        rows.append({"does": does} | row | told)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=Path(".local/peers"), help="folder of the peers' environments")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--serve", nargs=3, metavar=("FOLDER", "DOES", "PRECISION"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if options.serve:
        folder, does, precision = options.serve
        ours = Training(Path(folder), precision)
        serve({"training": ours.training, "prediction": ours.prediction}[does]())
        return
    python = (options.peers / PEER / "bin" / "python").absolute()
    if not python.exists():
        raise SystemExit(f"{python} is not there; benchmarks/peers/README.md says how it is made")
    theirs: Sequence[str | Path] = [python, ROOT / "benchmarks" / "peers" / "bpnet_lite.py"]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder)
        off = errors(folder, theirs)
        for does in ("training", "prediction"):
            with ExitStack() as stack:
                workers: dict[str, Measure] = {}
                for precision in PRECISIONS:
                    command = [*theirs, folder, does, precision]
                    workers[f"bpnet-lite {precision}"] = stack.enter_context(Worker(command, SETTINGS))
                for precision in PRECISIONS if does == "training" else ("fp32",):
                    mine = [sys.executable, "-m", "benchmarks.profiles", "--serve", name, does, precision]
                    workers[f"cislearn {precision}"] = stack.enter_context(Worker(mine, SETTINGS))
                rows += rows_of(interleave(workers, options.rounds), does, off)
    text = TEXT.format(
        layers=LAYERS,
        length=LENGTH,
        positions=POSITIONS,
        batch=BATCH,
        compared=COMPARED,
        limits=" and ".join(f"{limit:g} in {precision}" for precision, limit in LIMITS.items()),
    )
    asked = "from importlib.metadata import version; print(version('bpnet-lite'))"
    told = subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True)
    keep([Result("profiles", "Profiles", text, rows, {"bpnet-lite": told.stdout.strip()})], "profiles")


SETTINGS = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}

if __name__ == "__main__":
    main()
