"""Training on a GPU: windows a second, the share of the card's peak, and many small runs at once.

`python -m benchmarks.gpu`, where there is one; some minutes. Many runs share a card best under NVIDIA's
multi-process service: `nvidia-cuda-mps-control -d` first.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.results import Result, keep
from cislearn.data.dataset import read_dataset
from cislearn.data.simulate import simulate, write_simulated
from cislearn.experiment.cost import step_seconds
from cislearn.experiment.reading import make_config
from cislearn.experiment.setting import Setting
from cislearn.experiment.underway import settle
from cislearn.models.network import Network
from cislearn.studies.simulated import TARGET

PEAK = {"bf16-mixed": 989e12, "32-true": 67e12}
"""Operations a second of an H100 or H200 (SXM): bfloat16 on its tensor cores, float32 without."""
SMALL = "motif_cnn"
MANY = {SMALL: ("supervised", 128), "dann_tf": ("adversarial", 64)}
"""What is run many times at once: method, and rows of the source in a batch as its users have them."""


def setting_of(
    data: Path, encoder: str, batch_size: int, precision: str, method: str = "supervised"
) -> tuple[Setting, Any, Network]:
    """Return an experiment on simulated windows, its method and a fresh network."""
    target = None if method == "supervised" else TARGET
    config = make_config(
        {
            "data": {"path": str(data), "target": target},
            "model": {"encoder": encoder},
            "methods": [method],
            "training": {"batch_size": batch_size, "precision": precision, "device": "gpu"},
        }
    )
    setting, (made,), network, _ = settle(config, read_dataset(data))
    return setting, made, network


def operations(network: Network, batch_size: int) -> int:
    """Return the operations of a step, forward and back."""
    tokens = torch.zeros(batch_size, network.spec.length, dtype=torch.uint8)
    with FlopCounterMode(display=False) as counter:
        network(network.embed(tokens)).sum().backward()
    return counter.get_total_flops()


def step_rows(data: Path, encoders: Sequence[str], batch_sizes: Sequence[int], steps: int) -> list[dict[str, Any]]:
    """Measure the product's whole training step, Lightning and loader included."""
    rows = []
    for encoder in encoders:
        for precision in PEAK:
            for batch_size in batch_sizes:
                setting, method, network = setting_of(data, encoder, batch_size, precision)
                seconds = step_seconds(setting, method, steps)
                share = operations(network, batch_size) / seconds / PEAK[precision]
                rows.append(
                    {
                        "encoder": encoder,
                        "precision": precision,
                        "batch": batch_size,
                        "windows a second": batch_size / seconds,
                        "share of peak": f"{100 * share:.2f} %",
                    }
                )
    return rows


def _run(data: Path, encoder: str, steps: int, ready: Any, go: Any, done: Any) -> None:
    name, batch_size = MANY[encoder]
    setting, method, _ = setting_of(data, encoder, batch_size, "32-true", name)
    torch.set_num_threads(1)
    step_seconds(setting, method, 5)
    ready.release()
    go.wait()
    step_seconds(setting, method, steps)
    done.release()


def rate_of_many(data: Path, encoder: str, n: int, steps: int) -> float:
    """Return the labelled windows a second of `n` runs in processes of their own, together."""
    context = multiprocessing.get_context("spawn")
    ready, done, go = context.Semaphore(0), context.Semaphore(0), context.Event()
    runs = [context.Process(target=_run, args=(data, encoder, steps, ready, go, done)) for _ in range(n)]
    for run in runs:
        run.start()
    for _ in runs:
        ready.acquire()
    begun = time.perf_counter()
    go.set()
    for _ in runs:
        done.acquire()
    seconds = time.perf_counter() - begun
    for run in runs:
        run.join()
    return n * steps * MANY[encoder][1] / seconds


def rows_of_many(data: Path, encoder: str, at_once: Sequence[int], steps: int) -> list[dict[str, Any]]:
    """Measure so many runs at once, one after the other."""
    single, rows = 0.0, []
    for n in at_once:
        rate = rate_of_many(data, encoder, n, steps)
        single = single or rate / n
        rows.append({
            "encoder": encoder, "method": MANY[encoder][0], "batch": MANY[encoder][1], "runs at once": n,
            "labelled windows a second, all": rate, "over one": f"{rate / single:.1f}",
        })  # fmt: skip
    return rows


def main() -> None:
    """Measure, and write results and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 4, 14])
    given = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("there is no NVIDIA GPU here")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        write_simulated(data, simulate(n_train=20_000, n_test=100))
        steps = step_rows(data, ["dann_tf", SMALL, "wide"], [128, 1024], given.steps)
        many = [row for encoder in MANY for row in rows_of_many(data, encoder, given.at_once, given.steps)]
    keep(
        [
            Result(
                "gpu",
                "Training on a GPU",
                "The whole training step of the product on simulated windows of 101 bp: loader, views, Lightning, "
                "clipping, optimiser, averaged weights. The share is that of the operations of the convolutions and "
                "linear maps in the card's peak (989 TFLOP/s in bfloat16, 67 in float32).",
                steps,
            ),
            Result(
                "gpu",
                "Many small runs at once on one GPU",
                "Processes of their own, as `cislearn study --jobs` has them. One such run keeps a GPU waiting for "
                "the processor; several share it, here under NVIDIA's multi-process service. Each process's start of "
                "the training is counted, which favours few. The adversarial method takes an unlabelled window with "
                "each labelled one.",
                many,
            ),
        ],
        "gpu",
        device="cuda",
    )


if __name__ == "__main__":
    main()
