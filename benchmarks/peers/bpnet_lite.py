"""bpnet-lite's part in `benchmarks.profiles`: ``bpnet_lite.py FOLDER losses|training|prediction PRECISION``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch
from bpnetlite import BPNet
from bpnetlite.losses import _mixture_loss
from tangermeme.predict import predict

from benchmarks.measuring import Measure, serve
from benchmarks.peers.bpnet_geometry import BATCH, COUNTS_WEIGHT, FILES, LAYERS, RATE, STEPS, WARM, WINDOWS


class Peer:
    """The network with the weights of ours, and the same windows.

    Parameters
    ----------
    folder : Path
        As `benchmarks.profiles` wrote it.
    precision : {"fp32", "bf16"}
        Of training and prediction.
    """

    def __init__(self, folder: Path, precision: str) -> None:
        self.dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
        self.model = BPNet(64, LAYERS, n_outputs=1, n_control_tracks=0, count_loss_weight=COUNTS_WEIGHT, verbose=False)
        with np.load(folder / FILES) as files:
            tokens, self.counts = torch.from_numpy(files["tokens"]), torch.from_numpy(files["counts"])
            weights = [torch.from_numpy(files[f"weight_{k}"]) for k, _ in enumerate(self.model.parameters())]
        with torch.no_grad():
            for mine, given in zip(self.model.parameters(), weights, strict=True):
                mine.copy_(given.reshape(mine.shape))
        self.x = torch.nn.functional.one_hot(tokens.long(), 4).transpose(1, 2).contiguous().to(torch.int8)
        self.optimiser = torch.optim.SGD(self.model.parameters(), lr=RATE)

    def step(self, k: int) -> float:
        """Take step `k` as its `fit` takes one; return the loss."""
        rows = slice(k * BATCH % len(self.x), k * BATCH % len(self.x) + BATCH)
        x, y = self.x[rows].float(), self.counts[rows]
        self.optimiser.zero_grad()
        self.model.train()
        with torch.autocast("cpu", self.dtype, enabled=self.dtype != torch.float32):
            shape, counts = self.model(x)
            _, _, loss = _mixture_loss(y, shape, counts, COUNTS_WEIGHT)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1)
            self.optimiser.step()
        return float(loss.detach())

    def training(self) -> Measure:
        """Return what trains and gives windows a second."""

        def measure() -> float:
            for k in range(WARM + STEPS):
                if k == WARM:
                    begin = time.perf_counter()
                self.step(k)
            return STEPS * BATCH / (time.perf_counter() - begin)

        return measure

    def prediction(self) -> Measure:
        """Return what predicts and gives windows a second."""

        def measure() -> float:
            begin = time.perf_counter()
            predict(self.model, self.x[:WINDOWS], batch_size=BATCH, dtype=self.dtype, device="cpu")
            return WINDOWS / (time.perf_counter() - begin)

        return measure


def main(folder: str, does: str, precision: str) -> None:
    """Write losses and logits, or serve."""
    torch.set_num_threads(1)
    peer = Peer(Path(folder), precision)
    if does == "losses":
        shape, counts = predict(peer.model, peer.x[:BATCH], batch_size=BATCH, dtype=peer.dtype, device="cpu")
        logits = torch.cat([shape.flatten(1), counts], dim=1).float().numpy()
        losses = np.array([peer.step(k) for k in range(len(peer.x) // BATCH)])
        np.savez(Path(folder) / f"peer-{precision}.npz", logits=logits, losses=losses)
    else:
        serve({"training": peer.training, "prediction": peer.prediction}[does]())


if __name__ == "__main__":
    main(*sys.argv[1:])
