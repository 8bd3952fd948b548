"""A genome, a network that is set by hand, and VCF files as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode, encode

MOTIF = "GATTACA"
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
LENGTH = 21


class BestMatch(nn.Module):
    """The logit is the most bases that any place of the window, on either strand, shares with the motif."""

    def __init__(self, scale: float = 1.0, length: int = LENGTH) -> None:
        super().__init__()
        self.spec = DataSpec((TaskSpec("bound"),), ("a",), length)
        motif = encode(MOTIF)
        both = [np.eye(4, dtype=np.float32)[tokens].T for tokens in (motif, reverse_complement(motif))]
        self.filters = nn.Parameter(scale * torch.from_numpy(np.stack(both)))

    def embed(self, tokens, tracks=None):
        return F.one_hot(tokens.long(), 5)[..., :4].transpose(1, 2).float()

    def forward(self, x):
        return F.conv1d(x, self.filters).amax(dim=(1, 2))[:, None]


def best_match(sequence: str) -> int:
    """What `BestMatch` says, counted letter by letter."""
    motifs = (MOTIF, decode(reverse_complement(encode(MOTIF))))
    places = range(len(sequence) - len(MOTIF) + 1)
    return max(
        sum(a == b for a, b in zip(sequence[place:], motif, strict=False)) for place in places for motif in motifs
    )


@pytest.fixture
def chromosomes() -> dict[str, str]:
    rng = np.random.default_rng(5)
    one = decode(rng.integers(0, 4, 400).astype(np.uint8))
    return {"chr1": one[:200] + MOTIF + one[200:], "chr2": "N" * 60 + "ACGTTGCA" * 10}


@pytest.fixture
def genome(chromosomes, tmp_path) -> Path:
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name}\n{bases}\n" for name, bases in chromosomes.items()))
    return path


@pytest.fixture
def write_vcf(tmp_path) -> Callable[..., Path]:
    """Write (chrom, pos, ref, alt) as a VCF file."""

    def write(*rows: tuple, name: str = "v.vcf", header: str = HEADER) -> Path:
        path = tmp_path / name
        lines = [
            f"{chrom}\t{pos}\tv{number}\t{ref}\t{alt}\t.\tPASS\tDP=3\n"
            for number, (chrom, pos, ref, alt) in enumerate(rows)
        ]
        path.write_text(header + "".join(lines))
        return path

    return write
