"""The words of l bases of sequences, on both strands, and their counts by the bases at some positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64, UInt8

from cislearn.errors import UserError
from cislearn.sequence.tokens import N, encode
from cislearn.sequence.words import NO_WORD, canonical_words, on_the_other_strand

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Sequences = Sequence[str | UInt8[np.ndarray, " length"]] | UInt8[np.ndarray, "n length"]
"""Letters or tokens, of any lengths, or tokens of windows of one length."""


@dataclass(frozen=True, eq=False)
class Lmers:
    """Words of some sequences; those with an N are not there.

    Parameters
    ----------
    codes : Int32 array, shape (m, 2)
        Each word and its reverse complement, base 4 with ACGT as 0123.
    weights : Float32 array, shape (m,)
        What each counts.
    starts : Int64 array, shape (n + 1,)
        Where the words of each sequence begin, and where the last one's end.
    l : int
        Bases of a word.
    """

    codes: Int32[np.ndarray, "m 2"]
    weights: Float32[np.ndarray, " m"]
    starts: Int64[np.ndarray, " n+1"]
    l: int

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.starts) - 1

    @property
    def sequence(self) -> Int64[np.ndarray, " m"]:
        """The sequence that each word is of."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def first(self, n: int) -> Lmers:
        """Return those of the first `n` sequences."""
        stop = self.starts[n]
        return Lmers(self.codes[:stop], self.weights[:stop], self.starts[: n + 1], self.l)

    def at(self, positions: Sequence[int]) -> Int32[np.ndarray, "m 2"]:
        """Return the bases at some positions of each word, as one number below 4 to the power of their number."""
        found = np.zeros_like(self.codes)
        for position in positions:
            found <<= 2
            found |= (self.codes >> (2 * (self.l - 1 - position))) & 3
        return found

    def counts(self, positions: Sequence[int]) -> csr_array:
        """Count, for each sequence, each word of the bases at some positions: float32, shape (n, 4^positions)."""
        from scipy.sparse import csr_array

        values, columns = np.repeat(self.weights, 2), self.at(positions).ravel()
        starts = (2 * self.starts).astype(np.int32 if len(columns) < 2**31 else np.int64)
        counted = csr_array((values, columns, starts), shape=(len(self), 4 ** len(positions)))
        counted.sum_duplicates()
        return counted


Weigh = Callable[[Int64[np.ndarray, " m"], Int64[np.ndarray, " m"]], Float64[np.ndarray, " m"]]
"""What a word counts, by its number in its sequence, from 0, and the number of words there."""


def find_lmers(tokens: Sequence[UInt8[np.ndarray, " length"]], l: int, weigh: Weigh) -> Lmers:
    """Return the words of sequences, in order.

    Parameters
    ----------
    tokens : list of UInt8 array
        As `read_sequences` gives them.
    l : int
        Bases of a word, 12 at most.
    weigh : callable
        Gives what each word counts.
    """
    # Behind one another with an N between: a word across two sequences holds it, so it is none.
    gap = np.array([N])
    joined = np.concatenate([piece for sequence in tokens for piece in (sequence, gap)] or [gap])
    lengths = np.array([len(sequence) for sequence in tokens], dtype=np.int64)
    begins = np.concatenate([[0], np.cumsum(lengths + 1)])
    words = canonical_words(joined[None], l)[0]
    place = np.flatnonzero(words != NO_WORD)
    words = words[place]
    codes = np.stack([words, on_the_other_strand(words, l)], axis=1).astype(np.int32)
    starts = np.searchsorted(place, begins)
    sequence = np.repeat(np.arange(len(tokens)), np.diff(starts))
    weights = weigh(place - begins[sequence], lengths[sequence] - l + 1)
    return Lmers(codes, weights.astype(np.float32), starts.astype(np.int64), l)


def read_sequences(sequences: Sequences, l: int) -> list[UInt8[np.ndarray, " length"]]:
    """Return tokens of sequences, all long enough for a word of `l` bases.

    Raises
    ------
    UserError
        Names the sequence, from 1, that is too short or holds a letter that is no base.
    """
    tokens = [_tokens(sequence, number) for number, sequence in enumerate(sequences, start=1)]
    for number, sequence in enumerate(tokens, start=1):
        if len(sequence) < l:
            raise UserError(
                f"has {len(sequence)} bases, fewer than a word of l = {l}",
                where=f"sequence {number:,}",
                fix="Leave it out, or take a smaller l.",
            )
    return tokens


def _tokens(sequence: str | np.ndarray, number: int) -> UInt8[np.ndarray, " length"]:
    where = f"sequence {number:,}"
    if isinstance(sequence, str):
        try:
            return encode(sequence)
        except UserError as error:
            raise UserError(error.problem, where=where, fix=error.fix) from error
    tokens = np.asarray(sequence)
    if tokens.ndim != 1 or tokens.dtype.kind not in "ui" or (tokens.size and (tokens.min() < 0 or tokens.max() > N)):
        raise UserError("is neither letters nor one row of tokens A0 C1 G2 T3 N4", where=where)
    return tokens.astype(np.uint8)
