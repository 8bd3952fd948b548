"""The branch of our own network: words near the start of the gene, and a vector of each gene beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from cislearn.data.batch import PAD
from cislearn.models.two_towers.promoters import UNKNOWN, Branch
from cislearn.sequence.composition import count_words


class WordsAndGene(Branch):
    """A linear map of how often each word is there, plus what is known of the gene itself: nothing of a new one.

    Words of both strands are one, and of their counts the roots are taken. They are counted in several stretches up to
    the end of the promoter, so what lies nearer to the gene counts more: of yeast the last 500 and 250 bp say more than
    all 1,000. Counting has no gradient: attributions by gradients see nothing of the promoter.

    Parameters
    ----------
    length : int
        Of the promoter in bp.
    genes : int
        That there are to be trained on.
    features : int
        Numbers that it gives.
    word : int
        Bases of a word.
    stretches : list of int
        Bases before the end of the promoter in which words are counted, each by itself.
    """

    centre: Tensor
    scale: Tensor

    def __init__(
        self, length: int, genes: int, /, *, features: int = 164, word: int = 6, stretches: Sequence[int] = (500, 250)
    ) -> None:
        super().__init__(features)
        self.word, self.stretches = word, [min(each, length) for each in stretches]
        n = count_words(np.zeros((1, word), dtype=np.uint8), word).shape[1] * len(stretches)
        self.register_buffer("centre", torch.zeros(n))
        self.register_buffer("scale", torch.ones(n))
        self.linear = nn.Linear(n, features)
        self.vectors = nn.Embedding(genes + 1, features, padding_idx=0)
        nn.init.zeros_(self.vectors.weight)

    def words(self, x: Float[Tensor, "p bases length"]) -> Float[Tensor, "p words"]:
        """Return the roots of the counts, as they are before `centre` and `scale`."""
        tokens = torch.where(x.amax(dim=1) > 0, x.argmax(dim=1), PAD).to(torch.uint8).cpu().numpy()
        found = [np.sqrt(count_words(tokens[:, -each:], self.word)) for each in self.stretches]
        return torch.from_numpy(np.concatenate(found, axis=1)).to(self.centre)

    def forward(self, x: Float[Tensor, "p bases length"], genes: Int64[Tensor, " p"]) -> Float[Tensor, "p ..."]:
        """See `Branch.forward`."""
        scaled = (self.words(x) - self.centre) * self.scale
        return self.linear(scaled) + self.vectors(genes - UNKNOWN)
