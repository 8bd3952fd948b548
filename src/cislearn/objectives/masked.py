"""Learning what belongs where without any label: the encoder says which bases were hidden from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from cislearn.data.batch import PAD, Batch
from cislearn.errors import UserError
from cislearn.models.positions import deepest_map, position_features
from cislearn.objectives.hiding import hide_bases
from cislearn.objectives.objective import Model, Objective, register
from cislearn.objectives.options import check_count, check_share, unlabelled_draws
from cislearn.objectives.signals import Signal
from cislearn.schema import DataSpec

FOUND = Signal(
    "bases_found",
    "Hidden bases found",
    "Share of the hidden bases that are named rightly.",
    "It rises above that of the commonest base, in most windows by little: a base is seldom told by its neighbours.",
    reference=0.25,
    reference_name="four bases alike",
)
COMMONEST = Signal(
    "commonest_base",
    "Commonest base",
    "Share of the commonest base among the hidden ones of a batch: who always names it finds as many.",
    "Steady: it is the data's.",
)


class BaseHead(nn.Module):
    """From features along a window to four logits for each of its bases.

    A position of the map stands for ``length // positions`` bases, of which each has its logits; these lie in the
    middle of the window, as filters without padding leave them. What is over at its ends has none.

    Parameters
    ----------
    n_features, positions : int
        Of the map.
    width : int
        Filters of its hidden layer, which reads a position and its two neighbours.
    length : int
        Of the window, in bp.
    """

    def __init__(self, n_features: int, positions: int, width: int, length: int) -> None:
        super().__init__()
        self.each = length // positions
        start = (length - self.each * positions) // 2
        self.bases = slice(start, start + self.each * positions)
        self.hidden = nn.Conv1d(n_features, width, 3, padding=1)
        self.activation = nn.ReLU()
        self.logits = nn.Conv1d(width, 4 * self.each, 1)

    def forward(self, features: Float[Tensor, "n features positions"]) -> Float[Tensor, "n 4 bases"]:
        """Return the logits of `bases` of the window."""
        logits = self.logits(self.activation(self.hidden(features)))
        return logits.unflatten(1, (4, self.each)).transpose(2, 3).flatten(2)


@register("masked")
class Masked(Objective):
    """Hide bases, and minimise the cross-entropy of what the encoder's features along the window say of them.

    Pre-training: no label is read, the task's head stays untrained, and ``training.init_from`` of an ordinary training
    begins at the encoder. Devlin et al. 2019 (BERT), with convolutions in the place of attention, all hidden bases
    shown as N, and no other base changed. The features are those of the encoder's deepest map that still has a position
    for every eight bases; what lies behind it stays as it began. An N of the window is never asked for.

    Parameters
    ----------
    hidden : float
        Share of the bases that are hidden, drawn anew in each step.
    width : int
        Filters of the head that names the bases.
    unlabelled : float
        Rows without a label for each labelled one; both are read alike.
    """

    draws = {"source": 1.0, "unlabelled": 1.0}  # noqa: RUF012
    reads_features = False
    learns_task = False
    signals = (FOUND, COMMONEST)

    def __init__(self, *, hidden: float = 0.15, width: int = 64, unlabelled: float = 1.0) -> None:
        super().__init__()
        self.hidden, self.width = check_share("hidden", hidden), check_count("width", width, "filters")
        if self.hidden == 0.0:
            raise ValueError("hidden 0: there would be nothing to find")
        self.draws = unlabelled_draws(unlabelled)
        self._health: dict[str, Tensor | float] = {}

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Find the encoder's map of positions and make the head on it.

        Raises
        ------
        UserError
            For an encoder that has none, and for a network that reads words: a hidden base is in k of them.
        """
        if getattr(model, "kmers", None) is not None:
            raise UserError(
                "hidden bases are shown as N to an encoder of bases, and this network reads words",
                where="model.input",
                fix="Take model.input: one_hot; words are learned without labels by `cislearn kmers`.",
            )
        self.depth, n_features, positions = deepest_map(model.encoder, spec.channels, spec.length)
        self.head = BaseHead(n_features, positions, self.width, spec.length)

    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return the loss of the hidden bases; see `Objective.losses`."""
        tokens, is_hidden = hide_bases(batch.tokens, self.hidden)
        features = position_features(model.encoder, model.embed(tokens, batch.tracks), self.depth)
        is_asked, bases = is_hidden & (batch.tokens != PAD), self.head.bases
        return {"bases": self._loss(self.head(features), batch.tokens[:, bases], is_asked[:, bases])}

    def _loss(
        self, logits: Float[Tensor, "n 4 bases"], bases: UInt8[Tensor, "n bases"], is_asked: Bool[Tensor, "n bases"]
    ) -> Float[Tensor, ""]:
        """Return the mean cross-entropy over the bases asked for, and note how many are found; 0 where none is."""
        answers = bases[is_asked].long()
        said = logits.transpose(1, 2)[is_asked]
        n = max(len(answers), 1)
        counts = torch.bincount(answers, minlength=4)
        self._health = {FOUND.name: (said.argmax(1) == answers).sum() / n, COMMONEST.name: counts.max() / n}
        return F.cross_entropy(said, answers, reduction="sum") / n

    def health(self) -> dict[str, Tensor | float]:
        """Return how many hidden bases were found in the last step, and how many the commonest base would find."""
        return self._health

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say where no more is found than by naming the commonest base."""
        last = history[-1]
        if FOUND.name in last and last[FOUND.name] <= last[COMMONEST.name]:
            return [
                f"{last[FOUND.name]:.1%} of the hidden bases were found, and the commonest base alone finds"
                f" {last[COMMONEST.name]:.1%}: the encoder has learned composition at most; train longer"
            ]
        return []
