"""gkm-SVM: seconds and memory of its kernel, its machine and its scores, by number and length of the windows."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from benchmarks.growth import Cost, alone, cost_of
from benchmarks.results import Result, keep
from cislearn.baselines.gkm import GkmKernel, GkmSVM, fit_machine, gram_matrix, normalised

SIZES, LENGTHS, N_SCORED = (250, 500, 1_000), (101, 600), 500
KERNELS = (GkmKernel("centred"), GkmKernel("gapped", d=4))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gkm", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of windows")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="of the windows, in bp")
    parser.add_argument("--show", action="store_true", help="print the table and keep nothing")
    given = parser.parse_args(arguments)
    rows = [row(kernel, length, n) for kernel in KERNELS for length in given.lengths for n in given.sizes]
    text = (
        "Random windows, half of them with a planted motif of twelve bases; l = 11, k = 7. `centred` stops at d = 3"
        " mismatches as LS-GKM does, `gapped` counts all that share a gapped word. Seconds are processor time on one"
        " thread, measured once, each row in a process of its own: the kernel of all windows, which tasks share; the"
        f" machine of one task; the scores of {N_SCORED} others, with the table of words that this takes once. MB is"
        " the peak of the resident memory, libraries included. The kernel goes with the square of the windows where"
        " these are many."
    )
    found = Result("gkm", "gkm-SVM", text, rows)
    if given.show:
        print(json.dumps(asdict(found), indent=1))
    else:
        keep([found], "gkm")


def row(kernel: GkmKernel, length: int, n: int) -> dict[str, Any]:
    """What `n` windows cost."""
    (gram, _), (machine, peak), (scores, _) = alone(steps, kernel, length, n)
    what = {"kernel": f"{kernel.kind}, d = {kernel.d}", "bp": length, "windows": n}
    return what | {"kernel s": gram, "machine s": machine, "scores s": scores, "MB": peak}


def steps(kernel: GkmKernel, length: int, n: int) -> list[Cost]:
    """Kernel, machine and scores, each with the peak of the memory until then."""
    torch.set_num_threads(1)
    fit_machine(np.eye(2), np.array([0, 1]))  # imports scikit-learn
    tokens, labels = windows(length, n)
    model, made = GkmSVM(kernel), dict[str, Any]()

    def compare() -> None:
        made["similarity"], made["norms"] = normalised(gram_matrix(kernel, kernel.lmers(tokens)))

    def fit() -> None:
        model.take(tokens, made["norms"], [fit_machine(made["similarity"], labels)])

    return [cost_of(work) for work in (compare, fit, lambda: model.predict(windows(length, N_SCORED, seed=1)[0]))]


def windows(length: int, n: int, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Tokens and labels; every other window has the motif."""
    rng = np.random.default_rng(seed)
    tokens, labels = rng.integers(0, 4, (n, length)).astype(np.uint8), np.arange(n) % 2
    start = length // 2
    tokens[labels == 1, start : start + 12] = np.random.default_rng(7).integers(0, 4, 12)
    return list(tokens), labels


if __name__ == "__main__":
    main()
