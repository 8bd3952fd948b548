"""Several trained models looked at in one pass: what each says of a window, and how far the strands are apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from cislearn.models.inference import for_inference
from cislearn.models.strands import joined, other_strand, reading_of, refuse_rna, turned_back
from cislearn.prediction.predictor import Signals, windows_at_once
from cislearn.schema import DataSpec


class Said(NamedTuple):
    """What members say of windows."""

    logits: Float[np.ndarray, "n members t"]
    """As each member predicts: of both strands joined, or of the strand given."""
    gaps: Float[np.ndarray, "n t"] | None
    """Mean over members of the logits of the strand given minus those of the other; None where that was not asked."""


class Members:
    """Models of one spec as one predictor. Windows are made one-hot and turned once for all of them.

    Parameters
    ----------
    members : list of nn.Module
        One a seed, with or without `BothStrands`; they stay as they are, faster copies compute.
    gaps : bool
        Tell how far the strands are apart also of members that read one strand, which takes twice the time. Of members
        that all join both it is always told.
    device : torch.device or str
        Where they compute.
    batch_size : int, optional
        Windows at once; by default what suits the device.

    Raises
    ------
    UserError
        Where `gaps` are asked for of models of RNA.
    """

    def __init__(
        self,
        members: Sequence[nn.Module],
        *,
        gaps: bool = False,
        device: torch.device | str = "cpu",
        batch_size: int | None = None,
    ) -> None:
        self.members = [for_inference(member).to(device) for member in members]
        self.has_gaps = gaps or all(reading_of(member) != "forward" for member in members)
        self.device, self.batch_size = torch.device(device), batch_size
        self.spec: DataSpec = members[0].spec  # type: ignore[assignment]
        if gaps:
            refuse_rna(self.spec, "the disagreement of the strands")

    @torch.inference_mode()
    def __call__(self, tokens: UInt8[np.ndarray, "n length"], tracks: Signals = None) -> Said:
        """Return what the members say of windows, with their tracks where they read some, in float32."""
        logits = torch.empty(len(tokens), len(self.members), self.spec.n_logits)
        gaps = torch.empty(len(tokens), self.spec.n_logits) if self.has_gaps else None
        size = self.batch_size or windows_at_once(tokens.shape[1], self.device)
        for first in range(0, len(tokens), size):
            batch = slice(first, first + size)
            windows = torch.from_numpy(tokens[batch]).to(self.device)
            signals = None if tracks is None else torch.from_numpy(tracks[batch]).to(self.device)
            x = self.members[0].embed(windows, signals)  # type: ignore[operator]
            if gaps is None:
                logits[batch] = torch.stack([member(x) for member in self.members], dim=1)
            else:
                logits[batch], gaps[batch] = self._both_strands(x)
        return Said(logits.numpy(), None if gaps is None else gaps.numpy())

    def _both_strands(
        self, x: Float[Tensor, "n channels length"]
    ) -> tuple[Float[Tensor, "n members t"], Float[Tensor, "n t"]]:
        turned = other_strand(x, self.spec)
        logits, gaps = [], []
        for member in self.members:
            read = getattr(member, "one_strand", member)
            one, other = read(x), turned_back(read(turned), self.spec)
            logits.append(joined(one, other, reading_of(member), self.spec.tasks))
            gaps.append(one - other)
        return torch.stack(logits, dim=1), torch.stack(gaps).mean(0)
