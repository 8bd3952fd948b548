"""Attribution by changing each base into each other one."""

from __future__ import annotations

import warnings

import torch
from jaxtyping import Float
from torch import Tensor

from cislearn.explain.inputs import Contributions, Inputs
from cislearn.explain.readout import Readout
from cislearn.prediction.mutagenesis import effects_of_changes
from cislearn.prediction.predictor import windows_at_once

FEWEST = 32
"""Changed windows at once; of most layers little is computed of each."""


@torch.no_grad()
def mutagenesis(readout: Readout, inputs: Inputs) -> Contributions:
    """Attribute to each base its effect less the mean of the four in its place (in-silico saturation mutagenesis).

    A base that is there counts by how much better it is than a base by chance. At N, where all four are changes, they
    are held against each other. It asks for predictions alone, ``3 length + 1`` a window, and misses what two motifs do
    that stand in for each other. Where tangermeme is installed and that pays, of each layer only the positions that a
    change reaches are computed (fastISM, Nair et al. 2022).
    """
    outputs, effects = _effects(readout, inputs)
    return Contributions(effects - effects.mean(1, keepdim=True), outputs=outputs)


def _effects(readout: Readout, inputs: Inputs) -> tuple[Float[Tensor, " n"], Float[Tensor, "n 4 length"]]:
    try:
        from tangermeme.saturation_mutagenesis import saturation_mutagenesis
    except ImportError:
        return effects_of_changes(lambda x, tracks: readout(x, tracks)[:, 0], inputs.x, inputs.tracks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it computes all of each window, which is as right
        found = saturation_mutagenesis(
            readout,
            inputs.x,
            args=None if inputs.tracks is None else (inputs.tracks,),
            batch_size=max(FEWEST, windows_at_once(inputs.x.shape[2], inputs.x.device)),
            raw_outputs=True,
            dtype=inputs.x.dtype,
            device=inputs.x.device,
        )
    outputs, changed = found.y0[:, 0].to(inputs.x), found.y_hat[..., 0].to(inputs.x)
    return outputs, changed - outputs[:, None, None]
