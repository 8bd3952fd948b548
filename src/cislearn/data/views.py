"""From stored windows with margins to what a model sees: cropped, shifted, on either strand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from torch import Tensor
from torch.nn import functional as F

from cislearn.data.augment import UNCHANGED, Augmentation
from cislearn.data.batch import PAD, Batch, complement
from cislearn.schema import DataSpec, InputSpec, ReverseRule, TaskSpec

ViewKind = Literal["plain", "weak", "train"]


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
        In training this share of the bases of half of the windows, both drawn anew each time, is replaced by N: a model
        that cannot count on any one base learns motifs before it learns windows by heart.
    augment : Augmentation, optional
        How windows are changed in training.
    augmented_steps : int
        In steps from this one on they no longer are: the two stages of Lee et al. 2023.
    """

    spec: DataSpec
    strand: Literal["forward", "augment"] = "forward"
    max_shift: int = 0
    seed: int = 0
    hidden: float = 0.0
    augment: Augmentation = UNCHANGED
    augmented_steps: int = 0

    def __call__(self, batch: Batch, kind: ViewKind, step: int, view: int = 0) -> Batch:
        """Return the batch cropped to the window length.

        Parameters
        ----------
        batch : Batch
            With margins.
        kind : {"plain", "weak", "train"}
            About the centre; moved and turned; moved, turned, changed and with bases hidden, as training sees it.
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
        weak = crop(batch, self.spec, shift, turned)
        if kind == "weak":
            return weak
        if step < self.augmented_steps and self.augment.changes:
            weak = replace(weak, tokens=self.augment(weak.tokens, generator))
        return hide(weak, self.hidden, generator)


def crop(batch: Batch, spec: DataSpec, shift: Int[Tensor, " u"], turned: Bool[Tensor, " u"]) -> Batch:
    """Cut each window out of its margins, moved by `shift` bp, and reverse-complement those that are `turned`.

    Tracks and profiles move with their windows and are turned by the rule that the schema gives them. Beyond the stored
    margin a track is 0, and a profile is not known: NaN. `shift` and `turned` are on the CPU, wherever the batch is.
    """
    moved, is_turned = shift.numpy(), turned.numpy()  # NumPy is twice as fast on a few hundred numbers
    extra = max(0, int(np.abs(moved).max()) - spec.margin) if len(moved) else 0
    stored = F.pad(batch.tokens, (extra, extra), value=PAD) if extra else batch.tokens
    start = spec.margin + extra + moved
    tokens = _cut(stored, other_strand, start, stored.shape[1] - spec.length - start, is_turned, spec.length)
    tracks, profiles = batch.tracks, batch.profiles
    if tracks is not None:
        tracks = _cut_along(F.pad(tracks, (extra, extra + 1)), start, is_turned, spec.tracks, spec.length)
    if profiles is not None:
        stored = F.pad(profiles, (extra, extra + 1), value=torch.nan)
        profiles = _cut_along(stored, start, is_turned, spec.profiles, spec.profiles[0].profile_length)
    return replace(batch, tokens=tokens, tracks=tracks, profiles=profiles)


def reverse_complement(batch: Batch, spec: DataSpec) -> Batch:
    """Return the batch on the other strand: tokens, tracks and profiles by their rules. Windows are cropped already."""
    windows = batch.tokens.shape[0]
    still, all_turned = torch.zeros(windows, dtype=torch.int64), torch.ones(windows, dtype=torch.bool)
    return crop(batch, replace(spec, margin=0), still, all_turned)


def hide(batch: Batch, share: float, generator: torch.Generator) -> Batch:
    """Return the batch with a share of the bases of half of its windows replaced by N; tracks stay as they are.

    The other half is seen whole, as every window is at prediction: with bases hidden everywhere a network did clearly
    worse where single bases tell the classes (docs/results/defaults.md). All is drawn on the CPU.
    """
    if share == 0.0:
        return batch
    windows, length = batch.tokens.shape
    is_touched = torch.rand((windows, 1), generator=generator) < 0.5
    is_hidden = is_touched & (torch.rand((windows, length), generator=generator) < share)
    return replace(batch, tokens=batch.tokens.masked_fill(is_hidden.to(batch.tokens.device), PAD))


def other_strand(tokens: UInt8[Tensor, "u length"]) -> UInt8[Tensor, "u length"]:
    """Return the reverse complements of windows; N stays."""
    return complement(tokens.flip(-1))


def _cut_along(
    stored: Float[Tensor, "u channels stored"],
    start: Int[np.ndarray, " u"],
    turned: Bool[np.ndarray, " u"],
    items: Sequence[InputSpec | TaskSpec],
    length: int,
) -> Float[Tensor, "u channels length"]:
    """Cut the channels of each of `items` out; they are stored with one place more on the right.

    The left of a base is, on the other strand, the right of its partner.
    """
    pieces = torch.split(stored, [item.channels for item in items], dim=1)
    cut = [_cut_track(each, start, turned, length, item.rc) for each, item in zip(pieces, items, strict=True)]
    return torch.cat(cut, dim=1)


def _cut_track(
    track: Float[Tensor, "u channels stored"],
    start: Int[np.ndarray, " u"],
    turned: Bool[np.ndarray, " u"],
    length: int,
    rule: ReverseRule,
) -> Float[Tensor, "u channels length"]:
    windows, channels, width = track.shape
    start_turned = width - length - (rule == "flip_and_shift") - start
    turned = turned & (rule != "none")
    flipped = (1, 2) if rule == "flip_and_permute" else (2,)
    start, start_turned, turned = (np.repeat(each, channels) for each in (start, start_turned, turned))
    rows = _cut(track.flatten(0, 1), lambda _: track.flip(flipped).flatten(0, 1), start, start_turned, turned, length)
    return rows.view(windows, channels, length)


def _cut(
    stored: Shaped[Tensor, "rows stored"],
    turn: Callable[[Tensor], Tensor],
    start: Int[np.ndarray, " rows"],
    start_turned: Int[np.ndarray, " rows"],
    turned: Bool[np.ndarray, " rows"],
    length: int,
) -> Shaped[Tensor, "rows length"]:
    """Cut `length` values out of each row from `start` on or, where `turned`, out of its other strand.

    Both strands of all rows lie one after the other, and what is wanted are rows of the view of every stretch of them:
    whole rows are copied many times faster than single values, and one number a row travels to the device.
    """
    if len(stored) == 0:
        return stored[:, :length]
    row = np.arange(0, stored.numel(), stored.shape[1])
    if turned.any():
        start = np.where(turned, start_turned + stored.numel(), start)
        stored = torch.cat([stored, turn(stored)])
    first = torch.from_numpy(row + start).to(stored.device)
    every_stretch = stored.flatten().unfold(0, length, 1)
    # The same rows either way; indexing is slow on a CPU, and on Apple's GPU `index_select` would write the view out.
    return every_stretch.index_select(0, first) if first.is_cpu else every_stretch[first]


def mix_seed(*numbers: int) -> int:
    """Return one seed of several numbers, in which their order counts."""
    seed = 0
    for number in numbers:
        seed = (seed * 6364136223846793005 + number + 1442695040888963407) % 2**63
    return seed
