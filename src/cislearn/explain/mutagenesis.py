"""Attribution by changing each base into each other one."""

from __future__ import annotations

import torch

from cislearn.explain.inputs import Contributions, Inputs
from cislearn.explain.readout import Readout
from cislearn.prediction.mutagenesis import effects_of_changes


@torch.inference_mode()
def mutagenesis(readout: Readout, inputs: Inputs) -> Contributions:
    """Attribute to each base its effect less the mean of the four in its place (in-silico saturation mutagenesis).

    A base that is there counts by how much better it is than a base by chance. At N, where all four are changes, they
    are held against each other. It asks for predictions alone, ``3 length + 1`` a window, and misses what two motifs do
    that stand in for each other.
    """
    effects = effects_of_changes(lambda x, tracks: readout(x, tracks)[:, 0], inputs.x, inputs.tracks)
    return Contributions(effects - effects.mean(1, keepdim=True))
