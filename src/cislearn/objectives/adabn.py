"""The target's own statistics in the place of the sources', after the training: AdaBN."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from cislearn.data.batch import Batch
from cislearn.errors import UserError
from cislearn.models.batch_norm import BatchNorm
from cislearn.objectives.objective import Model, Rows, register
from cislearn.objectives.supervised import Supervised
from cislearn.schema import DataSpec


class RunningMoments:
    """Mean and variance of each channel over batches that come one after the other (Chan et al. 1979)."""

    def __init__(self) -> None:
        self.n, self.mean, self.squares = 0, torch.zeros(()), torch.zeros(())  # on the CPU, in double precision

    def add(self, z: Float[Tensor, "n c *length"]) -> None:
        """Take in a batch: all of its examples and positions."""
        n = z.numel() // z.shape[1]
        variance, mean = (
            value.cpu().double() for value in torch.var_mean(z.float(), [0, *range(2, z.dim())], correction=0)
        )
        squares = variance * n
        if self.n == 0:
            self.n, self.mean, self.squares = n, mean, squares
            return
        apart, total = mean - self.mean, self.n + n
        self.squares = self.squares + squares + apart.square() * (self.n * n / total)
        self.mean, self.n = self.mean + apart * (n / total), total

    @property
    def variance(self) -> Float[Tensor, " c"]:
        """The variance with n - 1, as PyTorch keeps it."""
        return self.squares / (self.n - 1)


@torch.no_grad()
def adapt_statistics(model: Model, batches: Iterable[Batch], norm: _BatchNorm) -> None:
    """Set the running mean and variance of one batch norm to those of what it is given for all rows of `batches`."""
    moments = RunningMoments()
    watch = norm.register_forward_pre_hook(lambda norm, inputs: moments.add(_folded(norm, inputs[0])))
    try:
        for batch in batches:
            model.classify(model.features(model.embed(batch.tokens, batch.tracks)))
    finally:
        watch.remove()
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.copy_(moments.mean)
    norm.running_var.copy_(moments.variance)


def _folded(norm: nn.Module, z: Tensor) -> Tensor:
    """Return what one statistic each is taken of: channels, or pairs of channels."""
    return norm.folded(z) if isinstance(norm, BatchNorm) else z


@torch.no_grad()
def norms_in_order(model: Model, batch: Batch) -> list[_BatchNorm]:
    """Return the batch norms of a model that keep statistics, in the order in which a batch first goes through them."""
    found: list[_BatchNorm] = []
    watches = [norm.register_forward_pre_hook(lambda norm, _: found.append(norm)) for norm in _norms(model)]
    try:
        model.classify(model.features(model.embed(batch.tokens, batch.tracks)))
    finally:
        for watch in watches:
            watch.remove()
    return list(dict.fromkeys(found))  # both strands of a conjoined network go through each


def _norms(model: Model) -> list[_BatchNorm]:
    assert isinstance(model, nn.Module)
    return [part for part in model.modules() if isinstance(part, _BatchNorm) and part.running_mean is not None]


@register("adabn")
class AdaBN(Supervised):
    """Supervised training; then each batch norm takes its mean and variance from the target's training windows.

    Li et al. 2016: ``(z - mean_t) / sd_t`` in the place of the sources' mean and sd; no weight is changed. It goes from
    the first layer to the last, each taking all target windows as the layers below it, adapted already, hand them on;
    windows are read as they are stored. The model that is kept is the target's: windows of the sources, too, are read
    with the target's statistics. Only for encoders with batch norm. It assumes that the domains differ in level and
    scale of the features, and not in which of them matter.

    Parameters
    ----------
    class_weights : mapping of str to list of float, optional
        As for `Supervised`.
    """

    draws = {"source": 1.0, "target": 0.0}  # noqa: RUF012

    def setup(self, model: Model, spec: DataSpec) -> None:
        """Keep the tasks; refuse a model that has no statistics to adapt.

        Raises
        ------
        UserError
            For a model without batch norm.
        """
        if not _norms(model):
            raise UserError(
                "method adabn adapts the statistics of batch norm, and this encoder has none",
                where="model.encoder",
                fix="Take an encoder with batch norm (wide), or another method: adversarial, moments.",
            )
        super().setup(model, spec)

    def finish(self, model: Model, rows: Rows) -> None:
        """Adapt the statistics, from the first layer to the last; as many passes over the target as there are layers.

        Raises
        ------
        UserError
            Where the target has less than two training windows.
        """
        first = next(iter(rows("target")), None)
        if first is None or len(first) < 2:
            raise UserError("method adabn needs training windows of the target, and there are less than two")
        for norm in norms_in_order(model, first):
            adapt_statistics(model, rows("target"), norm)
