"""Training steps of our networks, as `fit` takes them, against plain ones in a plain loop: speed, numbers, AUROC."""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks.measuring import Measure, Worker, compare, interleave, serve
from benchmarks.plain import PlainTraining, copy_weights, plain_dann_tf, plain_motif_cnn, plain_residual
from benchmarks.residual import Residual
from benchmarks.results import Result, keep
from benchmarks.timed import timed_fit
from cislearn.data.batches import Batches, TrainingRows
from cislearn.data.sequences import TableSequences
from cislearn.data.simulate import Simulated, simulate
from cislearn.data.views import Views
from cislearn.evaluation.metrics import auroc
from cislearn.models.network import Network, build_network
from cislearn.objectives.objective import objectives
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.schema import DataSpec
from cislearn.training.fit import TrainingPlan
from cislearn.training.optimisers import OptimiserPlan

BATCH = 128
WARM = 3
"""Steps at the beginning of each measurement that do not count."""
COMPARED = 5
"""Steps after which losses and weights are compared."""
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}
STEADY = OptimiserPlan("sgd", 1e-3, 0.0, decay="constant", warmup=0.0)
THOROUGH = OptimiserPlan("adamw", 2e-3)
TEXT = """\
Batches of 128 windows of 101 bp, SGD with momentum. *plain*: PyTorch's own layers in its default layout, one-hot
windows ready in memory, a loop without a library; *cislearn*: `fit` on windows in memory, with all that it does in a
step. Each in a process of its own. *error*: relative to the plain network in fp64 from the same beginning, the greatest
of the loss in 5 steps, and that of all weights after them (norm of the difference). *AUROC*: on 4,000 held-out
simulated windows after {steps} steps of AdamW, the same at either precision; mean (least to greatest) of {seeds}
seeds."""


class Model(NamedTuple):
    """A network of ours and its plain rewrite; steps of one measurement, and of the training that ends in an AUROC."""

    title: str
    build: Callable[[DataSpec], Network]
    plain: Callable[[], nn.Module]
    steps: int
    training: int


MODELS = {
    "dann_tf": Model("`dann_tf`", lambda spec: build_network("dann_tf", spec), plain_dann_tf, 12, 300),
    "motif_cnn": Model("`motif_cnn`", lambda spec: build_network("motif_cnn", spec), plain_motif_cnn, 100, 1000),
    "residual": Model(
        "three dilated residual blocks of 128 channels",
        lambda spec: Network(Residual(spec.length), spec),
        plain_residual,
        4,
        60,
    ),
}


class Training:
    """A network of ours, trained on the first source of simulated data.

    Parameters
    ----------
    model : Model
        What is trained.
    data : Simulated
        On what.
    precision : {"fp32", "bf16"}
        In what.
    seed : int
        Of weights and batches.
    """

    def __init__(self, model: Model, data: Simulated, precision: str, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.data, self.precision, self.seed = data, precision, seed
        self.network = model.build(data.spec)
        rows = rows_of(data, "train")
        part = TrainingRows(rows, data.labels[rows].astype(np.float32), np.zeros(len(rows), dtype=np.int64))
        sequences = TableSequences(data.tokens, np.arange(len(data.tokens)))
        self.batches = Batches(sequences, {"source": part}, {"source": 1.0}, batch_size=BATCH, seed=seed)

    def run(
        self, steps: int, optimiser: OptimiserPlan, *, every: int, strand: Any = "forward"
    ) -> tuple[list[float], list[float]]:
        """Train with a look at the losses `every` so many steps; return their means, and when each step ended."""
        plan = TrainingPlan(steps, every, optimiser, "last", precision=PRECISIONS[self.precision], seed=self.seed)
        views = Views(self.data.spec, strand, seed=self.seed)
        return timed_fit(self.network, objectives.get("supervised")(), self.batches, views, plan)

    def auroc(self, steps: int) -> float:
        """Train thoroughly; return the AUROC on the test windows, in full precision."""
        self.run(steps, THOROUGH, every=steps, strand="augment")
        rows = rows_of(self.data, "test")
        logits = NetworkPredictor(self.network).predict(self.data.tokens[rows])
        return float(auroc(self.data.labels[rows, 0], logits[:, 0]))


def rows_of(data: Simulated, part: str) -> np.ndarray:
    """Return the rows of a part of the first domain."""
    mine = (data.loci.domain == data.spec.domains[0]) & (data.loci.part == part)
    return np.flatnonzero(mine.to_numpy())


def measure_cislearn(model: Model, precision: str) -> Measure:
    """Return what trains our network and gives windows a second."""
    training = Training(model, simulate(n_train=4000, n_test=0), precision)

    def measure() -> float:
        _, times = training.run(WARM + model.steps, STEADY, every=10**9)
        return BATCH * model.steps / (times[-1] - times[WARM - 1])

    return measure


def measure_plain(model: Model, precision: str) -> Measure:
    """Return what trains the plain network and gives windows a second."""
    training = PlainTraining(model.plain(), bf16=precision == "bf16")
    ours = Training(model, simulate(n_train=4000, n_test=0), precision)
    batches = [ours.batches[k] for k in range(8)]
    ready = [(ours.network.embed(batch.tokens).float(), batch.labels[:, 0]) for batch in batches]

    return lambda: training.windows_a_second(ready, WARM, model.steps)


CONTENDERS = {"plain": measure_plain, "cislearn": measure_cislearn}


def losses_of(loop: PlainTraining, ours: Training, dtype: torch.dtype = torch.float32) -> list[float]:
    """Train a plain network on the first batches of ours; return the losses."""
    batches = [ours.batches[k] for k in range(COMPARED)]
    return [float(loop.step(ours.network.embed(b.tokens).to(dtype), b.labels[:, 0].to(dtype))) for b in batches]


def errors(model: Model, data: Simulated) -> dict[str, str]:
    """Return the relative errors of losses and weights of each contender, against the plain network in fp64."""
    first = Training(model, data, "fp32")
    exact = model.plain()
    copy_weights(first.network, exact)
    begun = copy.deepcopy(exact)
    expected = losses_of(PlainTraining(exact.double()), first, torch.float64)
    texts = {}
    for precision in PRECISIONS:
        plain, ours = copy.deepcopy(begun), Training(model, data, precision)
        loop = PlainTraining(plain, bf16=precision == "bf16")
        found = {
            "plain": (plain, losses_of(loop, ours)),
            "cislearn": (ours.network, ours.run(COMPARED, STEADY, every=1)[0]),
        }
        for who, (network, losses) in found.items():
            of_loss = max(abs(a - b) / abs(b) for a, b in zip(losses, expected, strict=True))
            a, b = (nn.utils.parameters_to_vector(n.parameters()).detach().double() for n in (network, exact))
            texts[f"{who} {precision}"] = f"{of_loss:.0e}, {float((a - b).norm() / b.norm()):.0e}"
    return texts


def table(name: str, options: argparse.Namespace) -> Result:
    """Measure one model at all numbers of threads and precisions."""
    model, data = MODELS[name], simulate(n_train=20_000, n_test=4_000)
    further = {name: {"error of loss, weights": text, "AUROC": ""} for name, text in errors(model, data).items()}
    for precision in PRECISIONS if options.seeds else ():
        found = [Training(model, data, precision, seed).auroc(model.training) for seed in range(options.seeds)]
        further[f"cislearn {precision}"]["AUROC"] = f"{np.mean(found):.4f} ({min(found):.4f} to {max(found):.4f})"
    rows: list[dict[str, Any]] = []
    for threads in options.threads:
        with ExitStack() as stack:
            workers = {
                f"{who} {precision}": stack.enter_context(worker(name, who, precision, threads))
                for who in CONTENDERS
                for precision in PRECISIONS
            }
            rates = interleave(workers, options.rounds)
        for row in compare(rates, "plain fp32", unit="windows/s"):
            rows.append({"threads": threads} | row | further[str(row["what"])])
    text = TEXT.format(steps=f"{model.training:,}", seeds=options.seeds)
    return Result("training_step", f"Training step: {model.title}", text, rows)


def worker(name: str, who: str, precision: str, threads: int) -> Worker:
    """Start a contender."""
    command = [sys.executable, "-m", "benchmarks.training_step", "--serve", name, who, precision]
    # Threads that spin while they wait stand in the way of other contenders and of whatever else runs.
    return Worker(command, {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"})


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and keep the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=3, help="trainings to an AUROC; 0: none")
    parser.add_argument("--serve", nargs=3, metavar=("MODEL", "WHO", "PRECISION"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        name, who, precision = options.serve
        serve(CONTENDERS[who](MODELS[name], precision))
    else:
        keep([table(name, options) for name in options.models], "training_step")


if __name__ == "__main__":
    main()
