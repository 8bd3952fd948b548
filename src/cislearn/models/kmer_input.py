"""An input layer that looks words of k bases up in a table of vectors, in the place of one-hot bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.kmers.vectors import KmerVectors
from cislearn.kmers.words import check_length, number_words, unknown_word

N = 4
"""The token of what lies beyond a window."""


class KmerInput(nn.Module):
    """One-hot windows to the vectors of their words, one word about each base; tracks stay below them.

    The map is as long as the window: at base i stands the word that begins ``(k - 1) // 2`` bases before it. So words
    of several lengths, and tracks, keep to their base, and an encoder needs no other length. A word that holds an N,
    or reaches past an end, which is as unknown, has the zero vector.

    The input stays one-hot although no number of it is used but as a letter. So what turns windows to the other strand
    turns their bases, and the words of each strand are looked up anew: the map itself, turned, would be no reverse
    complement. A look-up has no derivative with respect to the bases: where one is asked for, it is refused.

    Parameters
    ----------
    k : list of int
        Bases of the words; of several lengths the vectors stand side by side.
    dim : int
        Length of a vector, for each k.
    frozen : bool
        Leave the vectors as they are, in training too.
    """

    def __init__(self, k: Sequence[int], dim: int, *, frozen: bool = False) -> None:
        super().__init__()
        self.k, self.dim, self.frozen = sorted(k), dim, frozen
        self.kernel_size = max(k)  # bases that a position sees, for a summary
        for each in self.k:
            table = torch.randn(unknown_word(each) + 1, dim) / dim**0.5  # of length 1 about, as a base's one-hot
            table[-1] = 0.0
            self.register_parameter(self._name(each), nn.Parameter(table, requires_grad=not frozen))

    @staticmethod
    def _name(k: int) -> str:
        return f"vectors_{k}"

    @property
    def channels(self) -> int:
        """Channels that the words make."""
        return self.dim * len(self.k)

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n more length"]:
        """Return the vectors of the words of one-hot windows and, below them, the tracks.

        Raises
        ------
        UserError
            Where the bases are to have a gradient.
        """
        if x.requires_grad:
            raise UserError(NO_GRADIENT, fix=MUTATE)
        bases = x[:, :4]
        # Sums of a column by hand: exact in any precision, and faster than to look for the greatest.
        tokens = torch.where(bases.sum(1) > 0, bases[:, 1] + 2 * bases[:, 2] + 3 * bases[:, 3], N).int()
        # Vectors are what comes last in memory, as convolutions like it best.
        vectors = torch.cat([self._look_up(tokens, k) for k in self.k], dim=2).transpose(1, 2)
        return torch.cat([vectors, x[:, 4:]], dim=1) if x.shape[1] > 4 else vectors

    def _look_up(self, tokens: Tensor, k: int) -> Tensor:
        before = (k - 1) // 2
        words = number_words(F.pad(tokens, (before, k - 1 - before), value=N), k)
        return F.embedding(words, self.get_parameter(self._name(k)), padding_idx=unknown_word(k))

    @torch.no_grad()
    def begin_with(self, vectors: KmerVectors, where: str) -> None:
        """Take over vectors that were learned, of each length all times one number: to a mean square length of 1.

        Encoders begin with weights that are meant for one-hot bases, whose length it is.

        Raises
        ------
        UserError
            Where they are of other lengths of words, or of another dim.
        """
        for k in self.k:
            if k not in vectors.tables:
                known = ", ".join(map(str, vectors.tables))
                raise UserError(f"holds vectors of words of {known} bases, not of {k}", where=where)
            table = vectors.tables[k]
            if table.shape[1] != self.dim:
                fix = f"Take model.input.dim: {table.shape[1]}."
                raise UserError(
                    f"holds vectors of length {table.shape[1]}, and model.input.dim is {self.dim}", where=where, fix=fix
                )
            scale = table[:-1].square().sum(1).mean().sqrt().clamp(min=1e-12)
            self.get_parameter(self._name(k)).copy_(table / scale)


NO_GRADIENT = (
    "this model looks its words up, which has no derivative with respect to bases: neither gradients nor DeepLIFT can"
    " attribute it"
)
MUTATE = "Take cislearn.saturation_mutagenesis(model, tokens, task), which changes each base in turn."


def build_kmer_input(options: Mapping[str, Any]) -> KmerInput:
    """Build the layer that ``model.input`` describes: ``{k: [3], dim: 16, frozen: false}``.

    Raises
    ------
    UserError
        Where a word is too short or too long.
    """
    for k in options["k"]:
        check_length(k, "model.input.k")
    return KmerInput(options["k"], options["dim"], frozen=options["frozen"])
