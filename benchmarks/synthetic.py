"""A genome and regions on it, drawn from a seed, as the files that a user would have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

CHROMOSOMES = 24
LINE = 60
_AT_ONCE = 1 << 19
"""Lines of FASTA written at a time."""


def write_genome(path: Path, n_bases: int, *, seed: int = 0) -> dict[str, int]:
    """Write a FASTA file of `CHROMOSOMES` equal chromosomes in lines of `LINE` bases, and return their lengths."""
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(b"ACGTacgt", dtype=np.uint8)
    lines = n_bases // (CHROMOSOMES * LINE)
    with path.open("wb") as out:
        for number in range(1, CHROMOSOMES + 1):
            out.write(f">chr{number}\n".encode())
            for first in range(0, lines, _AT_ONCE):
                n = min(_AT_ONCE, lines - first)
                text = np.full((n, LINE + 1), ord("\n"), dtype=np.uint8)
                is_masked = rng.random((n, 1), dtype=np.float32) < 0.5  # whole lines, as repeats are
                text[:, :LINE] = letters[rng.integers(0, 4, (n, LINE), dtype=np.uint8) + 4 * is_masked.astype(np.uint8)]
                out.write(text.data)
    return {f"chr{number}": lines * LINE for number in range(1, CHROMOSOMES + 1)}


def write_regions(paths: list[Path], chromosomes: Mapping[str, int], n: int, *, length: int, seed: int = 0) -> None:
    """Share `n` regions out over BED files: all of one length, none overlaps another, in a random order, named.

    One region in a hundred stands in its file twice, as peaks of merged replicates do.
    """
    rng = np.random.default_rng(seed)
    names = np.array(list(chromosomes))
    size = min(chromosomes.values())
    room = length + length // 8  # a region begins anywhere in the first eighth of its place
    per_chromosome = size // room
    if n > per_chromosome * len(names):
        raise ValueError(f"{n:,} regions of {length} bp do not fit {len(names)} chromosomes of {size:,} bp")
    places = rng.choice(per_chromosome * len(names), n, replace=False)
    chrom, slot = np.divmod(places, per_chromosome)
    start = slot * room + rng.integers(0, length // 8, n)
    strand = rng.choice(["+", "-"], n)
    for path, mine in zip(paths, np.array_split(np.arange(n), len(paths)), strict=True):
        mine = np.concatenate([mine, mine[: len(mine) // 100]])
        rows = zip(names[chrom[mine]], start[mine].tolist(), mine.tolist(), strand[mine], strict=True)
        with path.open("w") as out:
            out.writelines(f"{c}\t{s}\t{s + length}\tpeak_{k}\t0\t{d}\n" for c, s, k, d in rows)
