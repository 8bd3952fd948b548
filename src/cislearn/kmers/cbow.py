"""Vectors of words by continuous bag of words with negative sampling (Mikolov et al. 2013)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p
from typing import NamedTuple

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.kmers.words import check_length, number_words, unknown_word
from cislearn.progress import Progress, silent

NOISE_POWER = 0.75
"""Negatives are drawn by the counts of words to this power (Mikolov et al. 2013, section 2.2)."""

TOLD_EVERY = 100


@dataclass(frozen=True)
class CbowPlan:
    """How vectors are learned.

    Parameters
    ----------
    k : int
        Bases of a word.
    dim : int
        Length of a vector.
    window : int
        Words on either side that a word is guessed from: 4 make the nine words of DSSDA's "context length nine", 1 its
        "window size of one".
    stride : int
        Bases from one of these words to the next. At 1 neighbours share k - 1 bases, so that the two next to a word
        spell it; from k on they share none.
    negatives : int
        Words drawn against each that is there.
    batch : int
        Words guessed in a step; the paper takes 16.
    steps : int
        How many.
    learning_rate : float
        Of the sum over a batch, so it goes by the word as in word2vec; it falls to 0 in a straight line.
    seed : int
        Of first vectors, words guessed and negatives.
    """

    k: int = 3
    dim: int = 16
    window: int = 4
    stride: int = 1
    negatives: int = 5
    batch: int = 256
    steps: int = 10_000
    learning_rate: float = 0.025
    seed: int = 0

    def __post_init__(self) -> None:
        check_length(self.k, "k")
        for name in ("dim", "window", "stride", "negatives", "batch", "steps"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} {getattr(self, name)} is less than 1", where=name)

    @property
    def offsets(self) -> list[int]:
        """Places of the words that one is guessed from, in bases from its own."""
        return [self.stride * step for step in range(-self.window, self.window + 1) if step]


class Learned(NamedTuple):
    """What learning gives.

    Parameters
    ----------
    vectors : Tensor, shape (4^k + 1, dim)
        By the number of the word; that of words with N is 0, and so it stays.
    losses : list of float
        Mean loss a word guessed, of each tenth of the steps.
    """

    vectors: Float[Tensor, "words dim"]
    losses: list[float]


def cbow_loss(
    inputs: Float[Tensor, "words dim"],
    outputs: Float[Tensor, "words dim"],
    context: Int[Tensor, "n near"],
    target: Int[Tensor, " n"],
    negatives: Int[Tensor, "n drawn"],
) -> Float[Tensor, ""]:
    """Return the loss of words guessed from those about them, summed over words.

    ``-log s(o_t . h) - sum_i log s(-o_i . h)``, h the mean of the context's vectors (Mikolov et al. 2013, eq. 4, for
    CBOW). The last word, with N, is nobody's context; a negative that is the word itself does not count.

    Parameters
    ----------
    inputs, outputs : Tensor, shape (words, dim)
        Vectors of words as context, and as what is guessed.
    context, target, negatives : Tensor
        Numbers of words.
    """
    mean = F.embedding_bag(context, inputs, mode="mean", padding_idx=len(inputs) - 1)
    guessed = F.embedding(torch.cat([target[:, None], negatives], dim=1), outputs)
    scores = (mean[:, None] * guessed).sum(2)
    of_negatives = F.logsigmoid(-scores[:, 1:]).masked_fill(negatives == target[:, None], 0.0)
    return -F.logsigmoid(scores[:, 0]).sum() - of_negatives.sum()


def loss_of_chance(negatives: int) -> float:
    """Return the loss a word of who knows nothing of it: of all that are offered, one is the word."""
    return log1p(negatives) + negatives * log1p(1 / negatives)


def learn_vectors(tokens: UInt8[Tensor, "n length"], plan: CbowPlan, progress: Progress = silent) -> Learned:
    """Learn vectors of the words of windows.

    Parameters
    ----------
    tokens : Tensor, shape (n, length)
        A0 C1 G2 T3 N4.
    plan : CbowPlan
        How.
    progress : Progress
        Hears of the steps that are done.

    Raises
    ------
    UserError
        Where the windows hold no whole word, or no two as far apart as the stride.
    """
    unknown, reach = unknown_word(plan.k), plan.stride * plan.window
    if tokens.shape[1] < plan.k:
        raise UserError(f"windows of {tokens.shape[1]} bp hold no word of {plan.k}", where="k")
    if plan.stride > tokens.shape[1] - plan.k:
        raise UserError(
            f"no two words of {plan.k} lie {plan.stride} bp apart in windows of {tokens.shape[1]} bp",
            where="stride",
            fix=f"Take at most {tokens.shape[1] - plan.k}; {plan.k} has no overlap.",
        )
    words = F.pad(number_words(tokens, plan.k), (reach, reach), value=unknown).flatten()
    places = (words != unknown).nonzero()[:, 0]
    if not len(places):
        raise UserError("the windows hold no word without N")
    noise = torch.bincount(words[places], minlength=unknown).double() ** NOISE_POWER
    generator = torch.Generator().manual_seed(plan.seed)
    inputs, outputs = _first_vectors(plan, generator)
    offsets = torch.tensor(plan.offsets)
    losses = torch.zeros(plan.steps)
    for step in range(plan.steps):
        at = places[torch.randint(len(places), (plan.batch,), generator=generator)]
        drawn = torch.multinomial(noise, plan.batch * plan.negatives, replacement=True, generator=generator)
        negatives = drawn.view(plan.batch, plan.negatives)
        loss = cbow_loss(inputs, outputs, words[at[:, None] + offsets].long(), words[at].long(), negatives)
        gradients = torch.autograd.grad(loss, (inputs, outputs))
        rate = plan.learning_rate * (1 - step / plan.steps)
        with torch.no_grad():
            for table, gradient in zip((inputs, outputs), gradients, strict=True):
                table -= rate * gradient
        losses[step] = loss.detach() / plan.batch
        if (step + 1) % TOLD_EVERY == 0 or step + 1 == plan.steps:
            progress(f"words of {plan.k} bases", step + 1, plan.steps)
    return Learned(inputs.detach(), [float(part.mean()) for part in losses.tensor_split(min(10, plan.steps))])


def _first_vectors(plan: CbowPlan, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Small ones as context, none as what is guessed, as word2vec has it."""
    inputs = (torch.rand(unknown_word(plan.k) + 1, plan.dim, generator=generator) - 0.5) / plan.dim
    inputs[-1] = 0.0
    return inputs.requires_grad_(), torch.zeros_like(inputs).requires_grad_()
