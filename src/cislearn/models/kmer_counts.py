"""Counts of k-mers beside the network: what is linear in them is added to its logits."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, UInt64
from torch import Tensor, nn

from cislearn.sequence.tokens import decode
from cislearn.sequence.words import on_the_other_strand

LONGEST = 10
"""Bases of a word: 4 ** 10 weights of a task take 4 MB."""


class KmerCounts(nn.Module):
    """Joins the logits of a network with those of a regression on counts of k-mers: scale * network + counts + offset.

    The counts have a weight for each word, the same for a word and its reverse complement, so that both strands of a
    window are given the same; words with N count nowhere. It does not learn by gradients and has none at the bases.

    Parameters
    ----------
    k : int
        Bases of a word, up to `LONGEST`.
    n_logits : int
        Columns of the logits.
    """

    table: Tensor
    scale: Tensor
    offset: Tensor

    def __init__(self, k: int, n_logits: int) -> None:
        super().__init__()
        self.k = k
        self.register_buffer("table", torch.zeros(4**k + 1, n_logits))
        self.register_buffer("scale", torch.ones(n_logits))
        self.register_buffer("offset", torch.zeros(n_logits))

    def take(self, column: int, weights: Float32[np.ndarray, " codes"], scale: float, offset: float) -> None:
        """Set one logit's weight of each word, and its two numbers.

        Weights are by the word's number in base 4 (ACGT as 0123); of a word and its reverse complement the one at the
        lesser number is taken for both.
        """
        numbers, other = self._both_numbers()
        self.table[:-1, column] = torch.from_numpy(weights[np.minimum(numbers, other).astype(np.int64)])
        self.scale[column], self.offset[column] = scale, offset

    def _both_numbers(self) -> tuple[UInt64[np.ndarray, " codes"], UInt64[np.ndarray, " codes"]]:
        """Return the number of each word and that of its reverse complement."""
        numbers = np.arange(4**self.k, dtype=np.uint64)
        return numbers, on_the_other_strand(numbers, self.k)

    def numbers(self, x: Float[Tensor, "n channels length"]) -> Int[Tensor, "n words"]:
        """Return the number of the word at each place, 4 ** k where it holds an N."""
        bases, n_words = x[:, :4].argmax(dim=1), x.shape[2] - self.k + 1
        is_known = x[:, :4].sum(dim=1) > 0.5
        number = torch.zeros_like(bases[:, :n_words])
        is_word = torch.ones_like(is_known[:, :n_words])
        for place in range(self.k):
            here = slice(place, place + n_words)
            number = 4 * number + bases[:, here]
            is_word = is_word & is_known[:, here]
        return torch.where(is_word, number, 4**self.k)

    def forward(self, logits: Float[Tensor, "n t"], x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n t"]:
        """Return the joined logits of one-hot windows; `logits` are the network's."""
        return logits * self.scale + self.table[self.numbers(x)].sum(dim=1) + self.offset

    def heaviest(self, column: int, n: int) -> list[tuple[str, float]]:
        """Return the words that count most for or against, with their weights, one of each word's two strands."""
        weights, (numbers, other) = self.table[:-1, column].numpy(), self._both_numbers()
        words = np.flatnonzero(numbers <= other)
        words = words[np.argsort(-np.abs(weights[words]))][:n]
        bases = words[:, None] // 4 ** np.arange(self.k)[::-1] % 4
        text = [decode(each) for each in bases.astype(np.uint8)]
        return list(zip(text, weights[words].tolist(), strict=True))


def without_counts(model: nn.Module) -> nn.Module:
    """Return a model without the counts beside its networks: what is left has gradients at the bases for all it says.

    The model itself where there are none.
    """
    if not any(isinstance(module, KmerCounts) for module in model.modules()):
        return model
    bare = deepcopy(model)
    for module in list(bare.modules()):
        for name, part in module.named_children():
            if isinstance(part, KmerCounts):
                setattr(module, name, ScaledLogits(part))
    return bare


class ScaledLogits(nn.Module):
    """What `KmerCounts` makes of the network's logits before it adds the words: their share of the joined ones."""

    scale: Tensor

    def __init__(self, counts: KmerCounts) -> None:
        super().__init__()
        self.register_buffer("scale", counts.scale.clone())

    def forward(self, logits: Float[Tensor, "n t"], x: Tensor) -> Float[Tensor, "n t"]:
        """Return the scaled logits."""
        return logits * self.scale
