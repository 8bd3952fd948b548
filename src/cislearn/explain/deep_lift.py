"""DeepLIFT by the rescale rule over several references ("DeepSHAP"), computed by tangermeme."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from cislearn.errors import UserError
from cislearn.explain.inputs import Contributions, Inputs, against
from cislearn.explain.pairs import Pairs, sharing_windows
from cislearn.explain.readout import Readout, SoftmaxWeighted
from cislearn.prediction.predictor import windows_at_once


class Told(Readout):
    """A readout of pairs that remembers what it said, so that the outputs need not be computed once more."""

    def __init__(self, readout: Readout) -> None:
        pairs = Pairs()
        super().__init__(sharing_windows(readout.model, pairs), readout.spec)
        self.pairs = pairs
        self.said: list[Float[Tensor, "two_n 1"]] = []

    def forward(
        self, x: Float[Tensor, "two_n 4 length"], tracks: Float[Tensor, "two_n k length"] | None = None
    ) -> Float[Tensor, "two_n 1"]:
        """Return the number, and keep it."""
        self.pairs.look_at(x if tracks is None else torch.cat([x, tracks], dim=1))
        said = super().forward(x, tracks)
        self.said.append(said.detach())
        return said


def deep_lift(readout: Readout, inputs: Inputs, pairs: int | None = None) -> Contributions:
    """Attribute the difference to each reference, and take the mean (Shrikumar et al. 2017; Lundberg and Lee 2017).

    Slopes of nonlinearities are those of the secant between window and reference, so a saturated motif still counts.
    Contributions sum to the difference in the output, if each nonlinearity is a module that tangermeme knows: what they
    miss is told, pair by pair.

    Parameters
    ----------
    readout : Readout
        What is attributed.
    inputs : Inputs
        With references; those of both strands' mean are turned with the window.
    pairs : int, optional
        Windows with one reference at once, by default as many as suit the device; it changes the memory taken, not the
        numbers.

    Raises
    ------
    UserError
        Where tangermeme is not installed.
    """
    attribute, rules = _tangermeme()
    assert inputs.references is not None
    references = inputs.references
    n, r = references.shape[:2]
    told = Told(readout)
    with warnings.catch_warnings():
        # N and references between bases are meant; what does not converge is looked at below, and by the caller.
        warnings.simplefilter("ignore")
        multipliers = attribute(
            told,
            inputs.x,
            args=None if inputs.tracks is None else (inputs.tracks,),
            references=references,
            batch_size=pairs or max(1, windows_at_once(inputs.x.shape[2], inputs.x.device) // 2),
            raw_outputs=True,
            only_warn=True,
            device=inputs.x.device,
            additional_nonlinear_ops=rules,
        ).to(inputs.x)
    differences = torch.cat([torch.sub(*said.chunk(2)) for said in told.said]).view(n, r)
    sums = ((inputs.x.unsqueeze(1) - references) * multipliers).sum((2, 3))
    return Contributions(against(multipliers, references).mean(1), differences - sums, differences)


def _tangermeme() -> tuple[Any, dict[type, Any]]:
    """Return its function, and its rules for modules of ours."""
    try:
        from tangermeme.deep_lift_shap import _nonlinear, deep_lift_shap
    except ImportError as error:
        raise UserError(
            "DeepLIFT is computed by tangermeme, which is not installed",
            fix="pip install 'cislearn[explain]', or take integrated_gradients, which needs nothing.",
        ) from error
    return deep_lift_shap, {SoftmaxWeighted: _nonlinear}
