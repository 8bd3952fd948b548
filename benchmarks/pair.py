"""One factor in one cell type from FASTA files to test scores: ours against a plain port of the published system.

`python -m benchmarks.pair`, ten minutes on a quiet machine; on simulated files of the published sizes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.measuring import Measure, Worker, compare, interleave, serve
from benchmarks.plain import plain_dann_tf
from benchmarks.results import Result, keep
from cislearn.data.prepare import prepare
from cislearn.data.simulate import simulate
from cislearn.experiment.execute import run_experiment
from cislearn.experiment.reading import make_config
from cislearn.sequence.tokens import decode
from cislearn.studies.dann_tf.study import NETWORKS

HALF = 64
"""Rows of the source, and of the target, in a batch."""
FEATURES = 12
"""Layers of the plain network up to its features."""
N_SOURCE, N_TARGET = 16_000, 4_000
EPOCHS = 3
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}
TEXT = """\
FASTA files of a source (16,000 windows) and a target (4,000) to test scores: read, three epochs of the baseline and
three of the adversarial network (64 + 64 rows a batch, SGD), validation after each, test. *plain*: a port of the
published system as anybody writes it down: a dictionary for one-hot, PyTorch's layers in their default layout, a loop.
*cislearn*: `prepare` and `train` with all they write (leak check, predictions, intervals, report). Each in a process of
its own, one thread. The published network takes 25 epochs of four times the windows: reading and scoring weigh far less
there than here."""


def write_files(folder: Path) -> None:
    """Write positives and negatives of two cell types as FASTA."""
    data = simulate(n_train=N_SOURCE, n_test=0, seed=0)
    labels = data.labels[:, 0]
    for cell, most in (("ery", N_SOURCE), ("hep", N_TARGET)):
        rows = np.flatnonzero((data.loci["domain"] == cell).to_numpy())[:most]
        for name, label in (("positive", 1), ("negative", 0)):
            mine = [f">w{row}\n{decode(data.tokens[row])}\n" for row in rows if labels[row] == label]
            (folder / f"{cell}_{name}.fa").write_text("".join(mine))


# --- The plain port ---

CODES = {"A": 0, "C": 1, "G": 2, "T": 3}


class Reverse(torch.autograd.Function):
    """Gradient reversal."""

    @staticmethod
    def forward(ctx, x, strength):  # type: ignore[no-untyped-def]
        """Return x."""
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        """Turn the gradient round."""
        return -ctx.strength * gradient, None


def read_one_hot(folder: Path, cell: str) -> tuple[Tensor, Tensor]:
    """Read both classes of a cell type, window by window."""
    windows, labels = [], []
    for name, label in (("positive", 1.0), ("negative", 0.0)):
        for line in (folder / f"{cell}_{name}.fa").read_text().splitlines():
            if not line.startswith(">"):
                one_hot = np.zeros((4, len(line)), dtype=np.float32)
                for place, letter in enumerate(line):
                    one_hot[CODES[letter], place] = 1
                windows.append(one_hot)
                labels.append(label)
    order = np.random.default_rng(100).permutation(len(windows))
    return torch.from_numpy(np.stack(windows)[order]), torch.tensor(labels)[torch.from_numpy(order)]


def batches(n: int) -> Iterator[Tensor]:
    """Yield shuffled rows, half a batch at a time."""
    yield from torch.randperm(n).split(HALF)


def train_plain(
    source: tuple[Tensor, Tensor], target: Tensor, valid: tuple[Tensor, Tensor], *, adversarial: bool, bf16: bool
) -> nn.Module:
    """Train, with a look at the validation windows after each epoch."""
    network = plain_dann_tf()
    features, label_head = network[:FEATURES], network[FEATURES:]
    domain_head = nn.Sequential(nn.Linear(4992, 100), nn.ReLU(), nn.Linear(100, 2))
    optimiser = torch.optim.SGD([*network.parameters(), *domain_head.parameters()], lr=1e-3, momentum=0.9)
    domains = torch.tensor([0] * HALF + [1] * HALF)
    steps = -(-len(source[0]) // HALF) * EPOCHS
    for step, rows in enumerate(rows for _ in range(EPOCHS) for rows in batches(len(source[0]))):
        x = source[0][rows]
        if adversarial:
            x = torch.cat([x, target[torch.randint(len(target), (HALF,))]])
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            found = features(x)
            logits = label_head(found[: len(rows)])[:, 0]
            strength = 2 / (1 + np.exp(-10 * step / steps)) - 1
            told = domain_head(Reverse.apply(found, strength)) if adversarial else None
        loss = F.binary_cross_entropy_with_logits(logits.float(), source[1][rows])
        if told is not None:
            loss = loss + F.cross_entropy(told.float(), domains[HALF - len(rows) :])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % (steps // EPOCHS) == 0:
            area(network, *valid)
    return network


def area(network: nn.Module, x: Tensor, labels: Tensor) -> float:
    """Return the AUROC."""
    with torch.no_grad():
        return float(roc_auc_score(labels, network(x)[:, 0]))


def run_plain(folder: Path, *, bf16: bool) -> None:
    """Read, train both, validate, test."""
    source, target = (read_one_hot(folder, cell) for cell in ("ery", "hep"))
    n = len(target[0]) // 10
    for adversarial in (False, True):
        valid = (target[0][:n], target[1][:n])
        network = train_plain(source, target[0][2 * n :], valid, adversarial=adversarial, bf16=bf16)
        area(network, target[0][n : 2 * n], target[1][n : 2 * n])


# --- Ours ---


def run_ours(folder: Path, precision: str) -> None:
    """Prepare and train."""
    with tempfile.TemporaryDirectory() as out:
        cells = {"ery": "ery", "hep": "hep"}
        prepare(
            Path(out) / "data",
            positives={cell: folder / f"{cell}_positive.fa" for cell in cells},
            negatives={cell: folder / f"{cell}_negative.fa" for cell in cells},
        )
        network = NETWORKS["dann_tf"]
        config = make_config(
            {
                **network,
                "data": {
                    "path": str(Path(out) / "data"),
                    "target": "hep",
                    "split": {"by": "random", "deal": "target", "leaks": "keep", "k_fold": {"folds": 10, "fold": 0}},
                },
                "methods": ["source_only", {"name": "adversarial", "schedule": "ganin"}],
                "training": network["training"] | {"epochs": EPOCHS, "seeds": [0], "precision": PRECISIONS[precision]},
                "selection": "oracle",
                "battery": False,
                "out": str(Path(out) / "run"),
            }
        )
        run_experiment(config)


def measure(who: str, precision: str, folder: Path) -> Measure:
    """Return what carries out one contender once and gives pairs an hour."""

    def once() -> float:
        begun = time.perf_counter()
        if who == "plain":
            run_plain(folder, bf16=precision == "bf16")
        else:
            run_ours(folder, precision)
        return 3600 / (time.perf_counter() - begun)

    return once


def main() -> None:
    """Measure, and write results and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=3, metavar=("WHO", "PRECISION", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        who, precision, folder = options.serve
        serve(measure(who, precision, Path(folder)))
        return
    with tempfile.TemporaryDirectory() as files, ExitStack() as stack:
        write_files(Path(files))
        workers = {
            f"{who} {precision}": stack.enter_context(
                Worker([sys.executable, "-m", "benchmarks.pair", "--serve", who, precision, files], ONE_THREAD)
            )
            for who in ("plain", "cislearn")
            for precision in PRECISIONS
        }
        rates = interleave(workers, options.rounds)
    rows = compare(rates, "plain fp32", unit="pairs an hour")
    keep([Result("pair", "One factor in one cell type, end to end", TEXT, rows)], "pair")


if __name__ == "__main__":
    main()
