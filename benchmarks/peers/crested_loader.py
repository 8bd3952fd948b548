"""CREsted's training loader, served to `benchmarks.loader`: ``crested_loader.py FASTA BED BATCH_SIZE SHIFT WORKERS``.

Keras has to be told ``KERAS_BACKEND=torch``.
"""

from __future__ import annotations

import sys

import crested
import torch
from torch.utils.data import DataLoader

from benchmarks.measuring import serve
from benchmarks.peers.streams import LENGTH, rate_of


def main(fasta: str, bed: str, batch_size: int, shift: int, workers: int) -> None:
    """Make data and loader as the tutorials do; more than no workers are asked for beside what CREsted offers."""
    torch.set_num_threads(1)
    data = crested.import_beds([bed], regions_file=bed, chromsizes_file=f"{fasta}.sizes")
    data.var["split"] = ["val", "test", *["train"] * (data.n_vars - 2)]
    wrapper = crested.tl.data.AnnDataWrapper(
        data,
        crested.Genome(fasta, f"{fasta}.sizes"),
        batch_size=batch_size,
        always_reverse_complement=False,
        random_reverse_complement=True,
        max_stochastic_shift=shift,
    )
    loader = wrapper.train_dataloader
    if workers:
        loader = DataLoader(loader.dataset, batch_size, shuffle=True, num_workers=workers, collate_fn=loader.collate_fn)
    windows, _ = next(iter(loader))
    assert windows.shape == (batch_size, LENGTH, 4), windows.shape
    assert windows.dtype == torch.float32
    assert bool((windows.sum(2) == 1).all())
    serve(rate_of(loader))


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
