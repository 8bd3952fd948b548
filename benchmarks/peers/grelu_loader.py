"""gReLU's training loader, served to `benchmarks.loader`: ``grelu_loader.py FASTA BED BATCH_SIZE SHIFT WORKERS``."""

from __future__ import annotations

import sys

import pandas as pd
import torch
from grelu.data.dataset import DFSeqDataset
from torch.utils.data import DataLoader

from benchmarks.measuring import serve
from benchmarks.peers.streams import LENGTH, rate_of


def main(fasta: str, bed: str, batch_size: int, shift: int, workers: int) -> None:
    """Make dataset and loader as the tutorials and `LightningModel.make_train_loader` do."""
    torch.set_num_threads(1)
    regions = pd.read_csv(bed, sep="\t", names=["chrom", "start", "end"]).assign(bound=1.0)
    dataset = DFSeqDataset(
        regions, seq_len=LENGTH, genome=fasta, rc=True, max_seq_shift=shift, augment_mode="random", seed=0
    )
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, num_workers=workers)
    windows, _ = next(iter(loader))
    assert windows.shape == (batch_size, 4, LENGTH), windows.shape
    assert windows.dtype == torch.float32
    assert bool((windows.sum(1) == 1).all())
    serve(rate_of(loader))


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
