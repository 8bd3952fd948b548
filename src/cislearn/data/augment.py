"""Windows as evolution might have left them: mutated, with stretches deleted, inserted, moved or inverted (EvoAug)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Bool, Int, Shaped, UInt8
from torch import Tensor

from cislearn.data.batch import PAD, complement


@dataclass(frozen=True)
class Augmentation:
    """What may be done to a window in training, and how far it may go; 0 leaves a change out.

    Lee et al. 2023 (Genome Biology 24:105). Each window gets `most` of the changes, drawn for it anew each time, in the
    order in which they stand here. New bases are A, C, G, T, each as often. Windows keep their length: where bases are
    lost, new ones fill both ends; where some are inserted, both ends lose as many (the paper makes windows longer).

    Parameters
    ----------
    translocate : int
        The window is rolled round by up to so many bp either way: what leaves at one end comes in at the other.
    invert, delete, insert : int
        A stretch of 0 to so many bp, anywhere, is reverse-complemented, taken out, or put in.
    mutate : float
        Share of the bases that become another one, rounded to whole bases.
    most : int
        Changes that each window gets; all of them, where there are no more.
    """

    translocate: int = 0
    invert: int = 0
    delete: int = 0
    insert: int = 0
    mutate: float = 0.0
    most: int = 2

    @property
    def changes(self) -> list[str]:
        """The changes that are made, in order."""
        return [f.name for f in fields(self) if f.name != "most" and getattr(self, f.name) > 0]

    @property
    def moving(self) -> list[str]:
        """Those that move bases from their places along the window."""
        return [name for name in self.changes if name != "mutate"]

    def __call__(self, tokens: UInt8[Tensor, "n length"], generator: torch.Generator) -> UInt8[Tensor, "n length"]:
        """Return changed windows; all is drawn from `generator`, on the CPU, wherever the windows are."""
        ranks = torch.rand((len(tokens), len(self.changes)), generator=generator).argsort(1).argsort(1)
        for number, name in enumerate(self.changes):
            changed = CHANGES[name](tokens, getattr(self, name), generator)
            is_chosen = (ranks[:, number] < self.most).to(tokens.device)
            tokens = torch.where(is_chosen[:, None], changed, tokens)
        return tokens


UNCHANGED = Augmentation()
"""No change at all."""


def translocate(tokens: UInt8[Tensor, "n length"], most: int, generator: torch.Generator) -> UInt8[Tensor, "n length"]:
    """Return windows rolled round by up to `most` bp either way: what leaves at one end comes in at the other."""
    n, length = tokens.shape
    by = _drawn(-most, most, n, generator)
    return _taken(tokens, (torch.arange(length) - by) % length)


def invert(tokens: UInt8[Tensor, "n length"], most: int, generator: torch.Generator) -> UInt8[Tensor, "n length"]:
    """Return windows of which a stretch of up to `most` bp is the reverse complement of what it was."""
    n, length = tokens.shape
    size, begin = _stretch(n, length, most, generator)
    place = torch.arange(length)
    is_inside = (place >= begin) & (place < begin + size)
    taken = _taken(tokens, torch.where(is_inside, 2 * begin + size - 1 - place, place))
    return torch.where(is_inside.to(tokens.device), complement(taken), taken)


def delete(tokens: UInt8[Tensor, "n length"], most: int, generator: torch.Generator) -> UInt8[Tensor, "n length"]:
    """Return windows without a stretch of up to `most` bp; new bases fill both ends."""
    n, length = tokens.shape
    size, begin = _stretch(n, length, most, generator)
    place = torch.arange(length) - _half(size, generator)
    is_there = (place >= 0) & (place < length - size)
    source = torch.where(place < begin, place, place + size)
    return _filled(tokens, source, is_there, generator)


def insert(tokens: UInt8[Tensor, "n length"], most: int, generator: torch.Generator) -> UInt8[Tensor, "n length"]:
    """Return windows with a stretch of up to `most` new bases; both ends lose as many."""
    n, length = tokens.shape
    size = _drawn(0, most, n, generator)
    begin = _below(length + 1, n, generator)
    place = torch.arange(length) + _half(size, generator)
    is_there = (place < begin) | (place >= begin + size)
    source = torch.where(place < begin, place, place - size)
    return _filled(tokens, source, is_there, generator)


def mutate(tokens: UInt8[Tensor, "n length"], share: float, generator: torch.Generator) -> UInt8[Tensor, "n length"]:
    """Return windows of which ``round(share length)`` places hold another base; an N among them stays."""
    n, length = tokens.shape
    order = torch.rand((n, length), generator=generator).argsort(1).argsort(1)
    step = torch.randint(1, 4, (n, length), generator=generator, dtype=torch.uint8).to(tokens.device)
    is_changed = (order < round(share * length)).to(tokens.device) & (tokens < PAD)
    return torch.where(is_changed, (tokens + step) % 4, tokens)


CHANGES: dict[str, Callable[[Tensor, Any, torch.Generator], Tensor]] = {
    "translocate": translocate,
    "invert": invert,
    "delete": delete,
    "insert": insert,
    "mutate": mutate,
}


def _drawn(low: int, high: int, n: int, generator: torch.Generator) -> Int[Tensor, "n 1"]:
    """Draw `n` whole numbers from `low` to `high`."""
    return torch.randint(low, high + 1, (n, 1), generator=generator)


def _below(sizes: int | Int[Tensor, "n 1"], n: int, generator: torch.Generator) -> Int[Tensor, "n 1"]:
    """Draw for each window a whole number from 0 to below its size."""
    return (torch.rand((n, 1), generator=generator, dtype=torch.float64) * sizes).long()


def _stretch(
    n: int, length: int, most: int, generator: torch.Generator
) -> tuple[Int[Tensor, "n 1"], Int[Tensor, "n 1"]]:
    """Draw size and beginning of a stretch that lies within each window."""
    size = _drawn(0, most, n, generator)
    return size, _below(length - size + 1, n, generator)


def _half(size: Int[Tensor, "n 1"], generator: torch.Generator) -> Int[Tensor, "n 1"]:
    """Return half of each size; the odd base falls to either side as often, so that no strand is preferred."""
    return (size + _drawn(0, 1, len(size), generator)) // 2


def _taken(tokens: Shaped[Tensor, "n length"], source: Int[Tensor, "n length"]) -> Shaped[Tensor, "n length"]:
    return tokens.gather(1, source.to(tokens.device))


def _filled(
    tokens: UInt8[Tensor, "n length"],
    source: Int[Tensor, "n length"],
    is_there: Bool[Tensor, "n length"],
    generator: torch.Generator,
) -> UInt8[Tensor, "n length"]:
    """Take bases from their places, and new ones where there is none."""
    new = torch.randint(0, 4, tuple(tokens.shape), generator=generator, dtype=torch.uint8).to(tokens.device)
    taken = _taken(tokens, source.masked_fill(~is_there, 0))
    return torch.where(is_there.to(tokens.device), taken, new)
