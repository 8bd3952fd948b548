"""From stored windows with margins to what a model sees: cropped, shifted, on either strand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.nn import functional as F

from cislearn.data.batch import Batch
from cislearn.schema import DataSpec, ReverseRule

PAD = 4


@dataclass(frozen=True)
class Views:
    """How batches are looked at.

    Parameters
    ----------
    spec : DataSpec
        Window length and margin.
    strand : {"forward", "augment"}
        In training: as stored, or each window on a strand drawn for it.
    max_shift : int
        In training each window moves by up to this many bp either way; beyond the stored margin it is padded with N.
    seed : int
        Together with the step it fixes all that is drawn.
    hidden : float
        In training this share of the bases, drawn anew each time, is replaced by N: a model that cannot count on any
        one base learns motifs before it learns windows by heart.
    """

    spec: DataSpec
    strand: Literal["forward", "augment"] = "forward"
    max_shift: int = 0
    seed: int = 0
    hidden: float = 0.0

    def __call__(self, batch: Batch, kind: Literal["plain", "train"], step: int, view: int = 0) -> Batch:
        """Return the batch cropped to the window length: ``plain`` about the centre, ``train`` moved and turned.

        Parameters
        ----------
        batch : Batch
            With margins.
        kind : {"plain", "train"}
            See above.
        step : int
            The step of the training.
        view : int
            Number of the view, for methods that look at one batch twice.
        """
        windows = batch.tokens.shape[0]
        if kind == "plain":
            still, forward = torch.zeros(windows, dtype=torch.int64), torch.zeros(windows, dtype=torch.bool)
            return crop(batch, self.spec, still, forward)
        generator = torch.Generator().manual_seed(mix_seed(self.seed, step, view))
        shift = torch.randint(-self.max_shift, self.max_shift + 1, (windows,), generator=generator)
        turned = torch.rand(windows, generator=generator) < (0.5 if self.strand == "augment" else 0.0)
        return hide(crop(batch, self.spec, shift, turned), self.hidden, generator)


def crop(batch: Batch, spec: DataSpec, shift: Int[Tensor, " u"], turned: Bool[Tensor, " u"]) -> Batch:
    """Cut each window out of its margins, moved by `shift` bp, and reverse-complement those that are `turned`.

    Tracks move with their windows and are turned by the rule that the schema gives them.
    """
    extra = max(0, int(shift.abs().max()) - spec.margin) if len(shift) else 0
    tokens = F.pad(batch.tokens, (extra, extra), value=PAD) if extra else batch.tokens
    # Two numbers a window travel to the device; the places made of them there are eight times as large as the tokens.
    start, turned = (spec.margin + extra + shift).to(tokens.device), turned.to(tokens.device)
    tokens = complement(tokens.gather(1, _places(start, turned, spec.length, "flip")), turned)
    if batch.tracks is None:
        return replace(batch, tokens=tokens)
    # One place more on the right: the left of a base is, on the other strand, the right of its partner.
    stored = F.pad(batch.tracks, (extra, extra + 1))
    tracks = [item for item in spec.inputs if item.kind == "track"]
    pieces = torch.split(stored, [item.channels for item in tracks], dim=1)
    cut = [_cut_track(piece, start, turned, spec.length, t.rc) for piece, t in zip(pieces, tracks, strict=True)]
    return replace(batch, tokens=tokens, tracks=torch.cat(cut, dim=1))


def reverse_complement(batch: Batch, spec: DataSpec) -> Batch:
    """Return the batch on the other strand: tokens and tracks, each by its rule. Windows must be cropped already."""
    windows = batch.tokens.shape[0]
    still, all_turned = torch.zeros(windows, dtype=torch.int64), torch.ones(windows, dtype=torch.bool)
    return crop(batch, replace(spec, margin=0), still, all_turned)


def hide(batch: Batch, share: float, generator: torch.Generator) -> Batch:
    """Return the batch with a share of its bases, drawn on the CPU, replaced by N; tracks stay as they are."""
    if share == 0.0:
        return batch
    is_hidden = torch.rand(batch.tokens.shape, generator=generator) < share
    return replace(batch, tokens=batch.tokens.masked_fill(is_hidden.to(batch.tokens.device), PAD))


def complement(tokens: UInt8[Tensor, "u length"], turned: Bool[Tensor, " u"]) -> UInt8[Tensor, "u length"]:
    """Replace each base of the `turned` windows by its partner, in the order ACGT 3 - t; N stays."""
    return torch.where(turned[:, None] & (tokens < PAD), 3 - tokens, tokens)


def _cut_track(
    track: Float[Tensor, "u channels stored"], start: Tensor, turned: Tensor, length: int, rule: ReverseRule
) -> Float[Tensor, "u channels length"]:
    places = _places(start, turned, length, rule)
    cut = track.gather(2, places[:, None].expand(-1, track.shape[1], -1))
    if rule == "flip_and_permute":
        cut = torch.where(turned[:, None, None], cut.flip(1), cut)
    return cut


def _places(start: Tensor, turned: Tensor, length: int, rule: ReverseRule) -> Int[Tensor, "u length"]:
    """Return the stored position that each position of the view shows."""
    along = torch.arange(length, device=start.device)
    forward = start[:, None] + along
    if rule == "none":
        return forward
    last = length if rule == "flip_and_shift" else length - 1
    return torch.where(turned[:, None], start[:, None] + last - along, forward)


def mix_seed(*numbers: int) -> int:
    """Return one seed of several numbers, in which their order counts."""
    seed = 0
    for number in numbers:
        seed = (seed * 6364136223846793005 + number + 1442695040888963407) % 2**63
    return seed
