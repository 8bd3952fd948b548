"""Small bigWig files, written by another library than the one that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyBigWig


def random_signal(rng: np.random.Generator, length: int) -> np.ndarray:
    """Counts in blocks of 7 bases, two thirds of them 0, and single bases that stand out."""
    blocks = rng.poisson(4, length // 7 + 1) * (rng.random(length // 7 + 1) < 1 / 3)
    return np.repeat(blocks, 7)[:length] + 20.0 * (rng.random(length) < 0.01)


def write_bigwig(path: Path, dense: Mapping[str, np.ndarray], *, zeros: bool = False) -> Path:
    """Write the values of each base; bases of 0 are left out unless they are to be spelled out."""
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(chrom, len(values)) for chrom, values in dense.items()])
        for chrom, values in dense.items():
            place = np.arange(len(values)) if zeros else np.flatnonzero(values)
            if len(place):
                starts = [int(at) for at in place]
                ends, there = [at + 1 for at in starts], [float(values[at]) for at in place]
                file.addEntries([chrom] * len(starts), starts, ends=ends, values=there)
    return path
