"""The two small networks of a textbook on genomics to the letter, and every network between them."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from cislearn.models.encoder import Encoder, register
from cislearn.models.encoders.dann_tf import TwoLogitDifference, same_padding
from cislearn.models.stages import Stage
from cislearn.schema import DataSpec

FILTERS, WIDTH = 32, 12
N_DROPPED = 4
"""Hidden layers, from the first, behind which dropout stands."""

MODIFIED: dict[str, Any] = {
    "padding": "same",
    "pool": 5,
    "hidden": (256, 128, 64, 32, 16, 16, 8, 8, 4, 4),
    "dropout": 0.2,
    "outputs": 2,
}
"""What the modified network changes of the original one."""


@register("small_cnn")
class SmallCNN(Encoder):
    """A linear convolution, a maximum, a dense layer; 6,209 parameters with its head at 50 bp and a binary task.

    The network of Chapter 10 of Packt's Deep Learning for Genomics, after the primer of Zou et al. 2018 (Nat. Genet.
    51:12). 32 filters of 12 bp, no activation behind them, maxima of 4 (39 positions, the last 3 left out, to 9), dense
    16 ReLU, one logit. Weights begin as Keras sets them, Glorot-uniform, and offsets at 0.

    Parameters
    ----------
    length : int
        Window length in bp; 50 as published.
    padding : {"valid", "same"}
        Places of filters that lie within the window whole, or zeros about it (5 before and 6 behind).
    pool : int
        Positions of a maximum.
    hidden : list of int
        Units of the dense layers, each with a ReLU.
    dropout : float
        Share that is hidden in training behind each of the first four of these.
    outputs : {1, 2}
        A logit for each binary task, or the two of a softmax, of which the difference is returned.
    """

    def __init__(
        self,
        length: int,
        *,
        padding: str = "valid",
        pool: int = 4,
        hidden: tuple[int, ...] | list[int] = (16,),
        dropout: float = 0.0,
        outputs: int = 1,
    ) -> None:
        super().__init__()
        if padding not in ("valid", "same"):
            raise ValueError(f"padding {padding!r}: expected valid or same")
        if outputs not in (1, 2):
            raise ValueError(f"outputs {outputs!r}: expected 1 or 2")
        zeros = same_padding(length, WIDTH, 1) if padding == "same" else (0, 0)
        positions = length + sum(zeros) - WIDTH + 1
        if positions < pool:
            raise ValueError(f"a filter has {max(positions, 0)} places in them, fewer than the {pool} of a maximum")
        self.outputs = outputs
        convolution = nn.Sequential(nn.ConstantPad1d(zeros, 0.0), nn.Conv1d(4, FILTERS, WIDTH))
        stages = [Stage(convolution, pool=nn.Sequential(nn.MaxPool1d(pool), nn.Flatten()))]
        features = positions // pool * FILTERS
        for number, units in enumerate(hidden):
            dropped = nn.Dropout(dropout) if dropout and number < N_DROPPED else None
            stages.append(Stage(nn.Linear(features, units), None, nn.ReLU(), dropped))
            features = units
        self.stages = nn.Sequential(*stages)
        self.initialise(self)

    def head(self, n_features: int, spec: DataSpec) -> nn.Sequential:
        """Return one linear map; with two outputs those of a binary task are a softmax's, as their difference."""
        paired = self.outputs == 2 and all(task.kind == "binary" for task in spec.tasks)
        logits = nn.Linear(n_features, spec.n_logits * (2 if paired else 1))
        return nn.Sequential(Stage(logits, pool=TwoLogitDifference() if paired else None))

    def initialise(self, module: nn.Module) -> None:
        """Draw weights as Glorot and Bengio 2010 (eq. 16), uniformly, and set offsets to 0."""
        for part in module.modules():
            if isinstance(part, nn.Conv1d | nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                if isinstance(part.bias, Tensor):
                    nn.init.zeros_(part.bias)


@register("small_cnn_modified")
class ModifiedSmallCNN(SmallCNN):
    """The modified network of the same chapter: all that `MODIFIED` says; 128,050 parameters at 50 bp.

    Parameters
    ----------
    length : int
        Window length in bp; 50 as published.
    """

    def __init__(self, length: int) -> None:
        super().__init__(length, **MODIFIED)
