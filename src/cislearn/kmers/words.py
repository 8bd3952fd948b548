"""Words of k bases as they are written, one number each: A..A is 0, T..T is 4^k - 1, and a word with an N is 4^k."""

from __future__ import annotations

from itertools import product

import torch
from jaxtyping import Int32, Integer
from torch import Tensor

from cislearn.errors import UserError
from cislearn.sequence.tokens import ALPHABET

LONGEST = 8
"""Bases of the longest word: there are 65,536 of that length, and each has a vector."""


def unknown_word(k: int) -> int:
    """Return the number of a word that holds an N: the one behind all others."""
    return 4**k


def number_words(tokens: Integer[Tensor, "n length"], k: int) -> Int32[Tensor, "n words"]:
    """Return the number of each word of k bases; column j is the word that begins at base j.

    Parameters
    ----------
    tokens : Tensor, shape (n, length)
        A0 C1 G2 T3, and 4 or more for N; of any integer type.
    k : int
        From 1 to `LONGEST`.

    Returns
    -------
    Tensor, shape (n, length - k + 1)
        int32, from 0 to ``4^k``.
    """
    unknown = unknown_word(k)
    # An N counts as much as all words together, so that any word that holds one is past the last.
    digits = torch.where(tokens > 3, unknown, tokens.int())
    n_words = tokens.shape[1] - k + 1
    numbers = digits[:, :n_words]
    for base in range(1, k):
        numbers = numbers * 4 + digits[:, base : base + n_words]
    return numbers.clamp(max=unknown)


def spell(k: int) -> list[str]:
    """Return the words of k bases in the order of their numbers, without the one for N."""
    return ["".join(letters) for letters in product(ALPHABET, repeat=k)]


def check_length(k: int, where: str) -> None:
    """Refuse words that are too short or too long.

    Raises
    ------
    UserError
        Where k is not from 1 to `LONGEST`.
    """
    if not 1 <= k <= LONGEST:
        raise UserError(f"words have 1 to {LONGEST} bases, not {k}", where=where, fix="Take 3, as published.")
