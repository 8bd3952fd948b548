"""What a method is given: windows as tokens and as one-hot, their tracks, and the references they are held against."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float, UInt8
from torch import Tensor

from cislearn.models.network import OneHot


class Inputs(NamedTuple):
    """Windows on the device where they are attributed."""

    tokens: UInt8[Tensor, "n length"]
    """A0 C1 G2 T3 N4."""
    x: Float[Tensor, "n 4 length"]
    """The same as one-hot; N is all zeros."""
    tracks: Float[Tensor, "n k length"] | None = None
    """Held fixed; None for a model of sequence alone."""
    references: Float[Tensor, "n r 4 length"] | None = None
    """Of the methods that need some."""

    def part(self, rows: slice) -> Inputs:
        """Return some of the windows."""
        tokens, x, tracks, references = self
        return Inputs(
            tokens[rows],
            x[rows],
            None if tracks is None else tracks[rows],
            None if references is None else references[rows],
        )


class Contributions(NamedTuple):
    """What a method says of windows."""

    hypothetical: Float[Tensor, "n 4 length"]
    """What each base would be worth in its place; of a method that knows only the bases that are there, of these."""
    deltas: Float[Tensor, "n r"] | None = None
    """By how much the sum over a window misses the difference to each of its references, of methods that promise it."""
    differences: Float[Tensor, "n r"] | None = None
    """That difference: the number for the window minus that for the reference."""
    outputs: Float[Tensor, " n"] | None = None
    """The number itself, of methods that come by it, so that it need not be computed once more."""


def inputs_of(tokens: UInt8[Tensor, "n length"], **beside: Tensor | None) -> Inputs:
    """Return windows with their one-hot, and with what stands `beside` them."""
    return Inputs(tokens, OneHot().to(tokens.device)(tokens), **beside)


def projected(inputs: Inputs, hypothetical: Float[Tensor, "n 4 length"]) -> Float[Tensor, "n 4 length"]:
    """Return what the bases that are there are worth; 0 for all others, and at N."""
    return inputs.x * hypothetical


def against(
    multipliers: Float[Tensor, "n r 4 length"], references: Float[Tensor, "n r 4 length"]
) -> Float[Tensor, "n r 4 length"]:
    """Return what each base would be worth against the reference in its place, by the slope of the output there.

    A base that is put in changes the input by itself minus what the reference has, so it is worth its multiplier minus
    the reference's: tangermeme's and DeepLIFT's hypothetical contributions. Projected on the window they sum to the
    same as multipliers times changes.
    """
    return multipliers - (multipliers * references).sum(2, keepdim=True)
