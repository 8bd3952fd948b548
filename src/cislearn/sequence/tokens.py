"""Letters to tokens and back: A0 C1 G2 T3 N4, one byte a base; the U of RNA is the T of DNA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cislearn.errors import UserError

ALPHABET = "ACGT"
"""The bases in the order of their tokens. Self-complementary when reversed, which the strand rule rests on."""

N = np.uint8(4)
"""The token of an unknown base; it has no bit in a one-hot encoding."""

URACIL = "Uu"
"""Letters of RNA that are read as T."""

AMBIGUOUS = "NRYSWKMBDHV"
"""IUPAC codes that stand for several bases; all are stored as `N`."""

INVALID = 255
"""What `LOOKUP` gives for a byte that is no base."""


def _lookup() -> bytes:
    table = bytearray([INVALID]) * 256
    for letters in (ALPHABET + AMBIGUOUS, (ALPHABET + AMBIGUOUS).lower()):
        for letter in letters:
            table[ord(letter)] = min(ALPHABET.find(letter.upper()) % 256, int(N))
    for letter in URACIL:
        table[ord(letter)] = ALPHABET.index("T")
    return bytes(table)


LOOKUP: bytes = _lookup()
"""Table of 256 entries for ``bytes.translate``: byte of a letter, in either case, to its token."""

_LETTERS = bytearray(b"?") * 256
_LETTERS[: len(ALPHABET) + 1] = (ALPHABET + "N").encode()


def encode(text: str | bytes) -> UInt8[np.ndarray, " length"]:
    """Tokens of a sequence in letters, upper and lower case alike.

    Parameters
    ----------
    text : str or bytes
        Bases A, C, G, T, and U, which is read as T; any IUPAC ambiguity code becomes N. Nothing else, white space
        included.

    Returns
    -------
    UInt8 array, shape (length,)
        A0 C1 G2 T3 N4.

    Raises
    ------
    UserError
        Names the first letter that is no base and its 1-based position.
    """
    # Letters beyond ASCII become one "?" each, so that positions stay those of the text.
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    tokens = np.frombuffer(bytearray(raw).translate(LOOKUP), dtype=np.uint8)
    position = bytes(tokens).find(INVALID)
    if position >= 0:
        letter = text[position] if isinstance(text, str) else chr(text[position])
        raise invalid_letter(letter, position + 1)
    return tokens


def decode(tokens: UInt8[np.ndarray, " length"]) -> str:
    """Upper-case letters of tokens; the inverse of `encode` up to case, U and ambiguity codes.

    Parameters
    ----------
    tokens : UInt8 array, shape (length,)
        A0 C1 G2 T3 N4.

    Raises
    ------
    ValueError
        Where an entry is not a token.
    """
    if tokens.ndim != 1 or (tokens.size and tokens.max() > N):
        raise ValueError("tokens are one row of numbers from 0 to 4")
    return tokens.astype(np.uint8).tobytes().translate(bytes(_LETTERS)).decode("ascii")


def invalid_letter(
    letter: str, position: int, *, where: str | Path | None = None, line: int | None = None
) -> UserError:
    """Return the error for a letter that is no base, with the fix that suits the letter.

    Parameters
    ----------
    letter : str
        The letter that was seen.
    position : int
        Its 1-based position in the sequence.
    where : str or Path, optional
        The file it stands in.
    line : int, optional
        The 1-based line of that file.
    """
    return UserError(
        f"{letter!r} at position {position:,} is not a DNA base", where=where, line=line, fix=_fix_for(letter)
    )


def _fix_for(letter: str) -> str:
    if letter.upper() in "EFILPQXZJO*":
        return "this looks like protein; give DNA: A, C, G, T, or N and the other IUPAC codes"
    if letter in "-.":
        return "take the gaps of an alignment out first"
    return "sequences are made of A, C, G, T, or N and the other IUPAC codes, in either case"
