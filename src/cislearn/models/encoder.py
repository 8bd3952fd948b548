"""What an encoder is, and the registry that holds ours and any of the user's."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from cislearn.models.stages import Stage
from cislearn.registry import Registry
from cislearn.schema import DataSpec

encoders: Registry[type[nn.Module]] = Registry("encoder", home="cislearn.models.encoders")
register = encoders.register


class Encoder(nn.Module):
    """A list of stages from one-hot windows to a feature vector.

    A subclass sets `stages` in its constructor, which takes the window length first and its own options by keyword:
    ``MyEncoder(length, *, filters=64)``. One that reads tracks takes the channels of its input second:
    ``MyEncoder(length, in_channels=4, /, *, filters=64)``. It may bring its own head and initialisation. A plain
    ``nn.Module`` that maps ``(N, 4, L)`` to ``(N, F)`` serves as well: it is then one stage with the default head.
    """

    stages: nn.Sequential
    discriminator_width = 64
    """Hidden units of a domain discriminator on these features, where the objective does not say."""
    predicts_profiles = False
    """Whether its head makes logits of positions; others have pooled the positions away."""

    def forward(self, x: Tensor) -> Tensor:
        """Return features ``(N, F)`` of one-hot windows ``(N, 4, L)``, or ``(N, 4 + c, L)`` with tracks."""
        return self.stages(x)

    def pooled(self, features: Tensor) -> Tensor:
        """Return features as vectors ``(N, F)``, by which domains are compared; overridden where they have places."""
        return features

    def head(self, n_features: int, spec: DataSpec) -> nn.Sequential:
        """Return the stages from features to logits: one linear map unless an encoder brings its own."""
        return nn.Sequential(Stage(nn.Linear(n_features, spec.n_logits)))

    def saved_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options that build the encoder again wherever it is loaded, with nothing else at hand."""
        return dict(options)

    def initialise(self, module: nn.Module) -> None:
        """Set the first weights of `module` (a head, a discriminator); here they stay as PyTorch sets them."""


def reads_tracks(encoder: type[nn.Module]) -> bool:
    """Whether an encoder takes the channels of its input after the window length, both by position only."""
    parameters = inspect.signature(encoder).parameters.values()
    return sum(p.kind is inspect.Parameter.POSITIONAL_ONLY for p in parameters) > 1


class OneStage(Encoder):
    """A user's module taken as an encoder of a single stage."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.stages = nn.Sequential(Stage(module))
