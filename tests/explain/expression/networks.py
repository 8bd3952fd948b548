"""Networks of two towers small enough to be told by a formula."""

from __future__ import annotations

import numpy as np
import torch

from cislearn.data.expression.blocks import Block
from cislearn.models.two_towers import Design, TwoTowers
from cislearn.sequence.tokens import encode

WORD = "AGGGG"


def word_times_regulator(slope: float = 0.5) -> TwoTowers:
    """``slope`` x regulator 0 where a promoter of 20 bp holds AGGGG, 0 where it does not; regulator 1 says nothing."""
    design = Design(promoter_options={"filters": (1,), "widths": (len(WORD),)}, hidden=(), dropouts=())
    network = TwoTowers(design, length=20, regulators=2, genes=3).eval()
    convolution = network.promoters.layers[0]
    with torch.no_grad():
        for place, token in enumerate(encode(WORD)):
            convolution.weight[0, :, place] = 0
            convolution.weight[0, int(token), place] = 1
        convolution.bias.fill_(1.0 - len(WORD))
        network.merge.linear.weight.copy_(torch.tensor([[slope, 0.0]]))
        network.merge.linear.bias.fill_(0.25)
    return network


def three_promoters(regulators: list[list[float]], own: list[int] | None = None) -> Block:
    """With the word, with the word on the other strand alone, and without."""
    promoters = ["TTTTTAGGGGTTTTTTTTTT", "TTTTTTTTCCCCTTTTTTTT", "TTTTTTTTTTTTTTTTTTTT"]
    values = torch.tensor(regulators)
    return Block(
        torch.from_numpy(np.stack([encode(each) for each in promoters]).copy()),
        values,
        torch.tensor(own or [-1, -1, -1]),
        torch.arange(3),
        torch.full((3, len(values)), torch.nan),
    )
