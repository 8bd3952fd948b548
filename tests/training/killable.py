"""A training in a process of its own, to be killed: ``python -m tests.training.killable FOLDER SECONDS_A_STEP``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch

from tests.training.conftest import make_problem, train, weights

STEPS = 40


def main(folder: Path, seconds: float) -> None:
    """Train, telling each step, and write the final weights."""
    torch.set_num_threads(1)

    def tell(step: int, row: dict[str, float]) -> None:
        print(step, flush=True)
        time.sleep(seconds)

    network, _ = train(make_problem(), folder / "run.ckpt", steps=STEPS, watch=tell, validate_every=3, keep="last")
    np.save(folder / "weights.npy", weights(network).numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
