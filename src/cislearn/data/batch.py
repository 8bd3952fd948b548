"""A batch of examples as tensors, and what a reverse complement does to it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

PAD = 4
"""The token of N, with which windows are padded."""

PartSlices = dict[str, slice]

TARGET_LABELLED = "target_labelled"
"""The part of the target's rows whose labels training may see."""


@dataclass(frozen=True)
class Batch:
    """Examples on one device.

    Parameters
    ----------
    tokens : Tensor, shape (U, L + 2 * margin), uint8
        Windows with their margins. `U` equals `B` unless `pair` points into them.
    labels : Tensor, shape (B, T), float32
        NaN where absent. An objective that may not see a label is handed an absent one.
    domain : Tensor, shape (B,), int64
        Codes into ``DataSpec.domains``.
    row : Tensor, shape (B,), int64
        Rows of the dataset that the examples are.
    parts : dict of str to slice
        Which rows of the batch each part of a mixed batch takes, of any sizes: ``source``, ``target`` and, where some
        of the target's labels may be seen, ``target_labelled``, the first of its rows. ``unlabelled`` are rows to learn
        from without labels, whichever domain they are of.
    step : int
        The number of the batch: batch k is a pure function of the seed and k.
    tracks : Tensor, shape (U, K, L + 2 * margin), float32, optional
        Per-base signals along the windows.
    profiles : Tensor, shape (B, S, out + 2 * margin), float32, optional
        Counts about the middle of the windows, which are to be predicted, of all profile tasks; NaN where the label is
        absent.
    covariates : Tensor, shape (V, C), float32, optional
        Vectors beside the windows.
    pair : Tensor, shape (B, 2), int64, optional
        For each example its window and its covariate vector; absent means that example i has window i and vector i.
    plain : Batch, optional
        In a training view, where it is asked for: the same examples neither moved nor turned nor hidden.
    second : Batch, optional
        In a training view, where it is asked for: the same examples looked at a second time, all drawn anew.
    """

    tokens: Tensor
    labels: Tensor
    domain: Tensor
    row: Tensor
    parts: PartSlices = field(default_factory=dict)
    step: int = 0
    tracks: Tensor | None = None
    profiles: Tensor | None = None
    covariates: Tensor | None = None
    pair: Tensor | None = None
    plain: Batch | None = None
    second: Batch | None = None

    def __len__(self) -> int:
        """Return the number of examples."""
        return self.labels.shape[0]

    def windows(self, rows: slice) -> Batch:
        """Return some of the windows with their tracks, for a model to read; of a batch without `pair`."""
        tracks = None if self.tracks is None else self.tracks[rows]
        return replace(self, tokens=self.tokens[rows], tracks=tracks)

    @property
    def labelled(self) -> slice:
        """The rows whose labels may be seen: all of the source and those of the target that come with a label."""
        return slice(0, self.parts.get(TARGET_LABELLED, self.parts["source"]).stop)

    @property
    def labelled_profiles(self) -> Tensor | None:
        """The profiles of those rows, where the dataset has any."""
        return None if self.profiles is None else self.profiles[self.labelled]

    @property
    def unlabelled(self) -> slice:
        """The other rows, whose labels may not be seen."""
        return slice(self.labelled.stop, len(self))

    def to(self, device: torch.device | str) -> Batch:
        """Return the same batch on `device`; to a CUDA device tensors travel without waiting.

        To any other device PyTorch must wait: values read before they have arrived would be wrong without an error.
        """
        is_cuda = torch.device(device).type == "cuda"
        return self._each_tensor(lambda tensor: tensor.to(device, non_blocking=is_cuda))

    def _each_tensor(self, change: Any) -> Batch:
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: change(value) for name, value in tensors.items() if isinstance(value, Tensor)})


def complement(tokens: UInt8[Tensor, "*shape"]) -> UInt8[Tensor, "*shape"]:
    """Return the partners of bases: in the order ACGT that of a base is 3 - t; N stays."""
    return (3 - tokens).clamp_(max=PAD)  # bytes wrap round: 3 - N is 255
