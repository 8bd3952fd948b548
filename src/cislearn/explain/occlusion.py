"""Attribution by leaving out: the number with one position unknown."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from cislearn.explain.inputs import Contributions, Inputs
from cislearn.explain.readout import Readout


@torch.inference_mode()
def occlusion(readout: Readout, inputs: Inputs) -> Contributions:
    """Attribute to each base what is lost when its column is set to zero, as N (Zeiler and Fergus 2014).

    It asks for predictions alone, ``length + 1`` a window. The input without a base was never trained on, and of two
    motifs that do the same neither is missed. Nothing is said of bases that are not there.
    """
    n, _, length = inputs.x.shape
    lost: Float[Tensor, "n length"] = torch.empty((n, length), dtype=inputs.x.dtype, device=inputs.x.device)
    outputs: Float[Tensor, " n"] = torch.empty(n, dtype=inputs.x.dtype, device=inputs.x.device)
    place = torch.arange(length)
    for number in range(n):
        # The window itself stands last, in the same call: where nothing is lost it is exactly nothing.
        copies = inputs.x[number].repeat(length + 1, 1, 1)
        copies[place, :, place] = 0
        tracks = None if inputs.tracks is None else inputs.tracks[number].expand(length + 1, -1, -1)
        said = readout(copies, tracks)[:, 0]
        lost[number], outputs[number] = said[-1] - said[:-1], said[-1]
    return Contributions(lost.unsqueeze(1) * inputs.x, outputs=outputs)
