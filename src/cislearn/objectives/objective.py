"""What an objective is, and the registry that holds ours and any of the user's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from torch import Tensor, nn

from cislearn.data.batch import Batch
from cislearn.models.encoder import Encoder
from cislearn.objectives.signals import Signal
from cislearn.registry import Registry
from cislearn.schema import DataSpec

Rows = Callable[[str], Iterable[Batch]]
"""From the name of a part to batches that hold each of its training rows once, in plain view, on the model's device.

They are made when they are asked for; of ``target`` they are all of its training rows, without labels.
"""


@runtime_checkable
class Model(Protocol):
    """What an objective may ask of a model: `cislearn.models.network.Network` and anything that answers alike."""

    n_features: int
    if TYPE_CHECKING:  # from Python 3.12 on isinstance() does not see the submodules of a module
        encoder: Encoder

    def embed(self, tokens: Tensor, tracks: Tensor | None = None) -> Tensor:
        """One-hot windows of tokens, with their tracks below them."""

    def features(self, x: Tensor) -> Tensor:
        """Features ``(n, f)``; with positions where profiles are made of them."""

    def pooled(self, features: Tensor) -> Tensor:
        """Features as vectors ``(n, n_features)``, by which domains are compared."""

    def classify(self, features: Tensor) -> Tensor:
        """Logits ``(n, t)`` of features."""


class Objective(nn.Module, ABC):
    """What is minimised, from a batch and a model.

    A subclass sets `draws` and writes `losses`; the rest has defaults that do nothing. Its own modules (a
    discriminator) are made in `setup` and trained with the model. All its randomness comes from PyTorch's generator,
    which is seeded anew before each step, and all its schedules are pure functions of `progress`: so a resumed run
    goes on exactly.
    """

    draws: dict[str, float] = {"source": 1.0}  # noqa: RUF012  (a subclass replaces it, nobody changes it)
    """Rows drawn of each part for each labelled row of a batch: ``source`` is labelled, ``target`` is not.

    ``unlabelled`` are rows of the domains named for it (``data.unlabelled``), else of the target or, where there is
    none, of the sources themselves, for methods that ask for windows without labels and not for another domain. A share
    of 0 asks for the part's rows at the end of the training alone.
    """
    needs_plain = False
    """Whether batches shall come with a plain view of their windows beside the training view: `Batch.plain`."""
    second_view: Literal["weak", "train"] | None = None
    """Which further view of their windows batches shall come with (`Batch.second`), drawn apart from the first one.

    ``train``: one more of the kind that is trained on. ``weak``: moved and turned alone, with every base there.
    """
    learns_task = True
    """Whether the task's head is trained; where it is not, no score can choose weights: the last ones are kept."""
    task_begins: float = 0.0
    """Share of the training in which the head is untrained: no score of that stretch chooses weights or ends it."""
    reads_features = True
    """Whether the rows of a batch reach the losses through `Model.features` alone, where several processes share them.

    Where not, each process has the losses of its own rows, and their gradients are averaged.
    """
    signals: tuple[Signal, ...] = ()
    """What `health` logs, and what to expect of it; the report shows these."""

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Make what the objective needs, once the shapes are known."""

    @abstractmethod
    def losses(self, model: Model, batch: Batch, progress: float) -> dict[str, Tensor]:
        """Return named scalars, whose sum is minimised.

        Parameters
        ----------
        model : Model
            The network.
        batch : Batch
            Cropped and turned; its `parts` say which rows are which.
        progress : float
            Share of the training that is done, in [0, 1].
        """

    def health(self) -> dict[str, Tensor | float]:
        """Return what to log of a step beside the losses: tensors are averaged between validations, numbers are not."""
        return {}

    def concerns(self, history: Sequence[Mapping[str, float]]) -> list[str]:
        """Say in words what looks wrong in a training's history (one row a validation); nothing where all is well."""
        return []

    def after_step(self, model: Model) -> None:
        """Do what follows an optimiser step (moving averages)."""

    def finish(self, model: Model, rows: Rows) -> None:
        """Do what follows the training, to the weights that are kept; `model` is in evaluation mode."""


objectives: Registry[type[Objective]] = Registry("method", home="cislearn.objectives")
register = objectives.register
