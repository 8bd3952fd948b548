"""The Lightning module: one step from a batch to the loss of an objective."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import reduce
from typing import Any

import lightning as L
import torch
from torch import Tensor

from cislearn.data.batch import Batch
from cislearn.data.views import Views, mix_seed
from cislearn.engine.devices import seed_generator
from cislearn.models.averaging import WeightAverage
from cislearn.models.network import Network
from cislearn.objectives.objective import Objective
from cislearn.training.optimisers import OptimiserPlan, build_optimiser, cap_weights, learning_rate
from cislearn.training.pieces import pieces_of
from cislearn.training.sharing import Sharing


def look(batch: Batch, views: Views, objective: Objective) -> Batch:
    """Return the training view of a batch, with the further views of it that an objective asks for."""
    view = views(batch, "train", batch.step)
    if objective.needs_plain:
        view = replace(view, plain=views(batch, "plain", batch.step))
    if objective.second_view is not None:
        view = replace(view, second=views(batch, objective.second_view, batch.step, view=1))
    return view


class Learner(L.LightningModule):
    """A network and an objective in training.

    Whatever changes over the training is a function of the step alone: the rows of a batch, the generator's seed, the
    learning rate, the objective's schedules. So a run killed and resumed ends at the weights of one that was not.

    Parameters
    ----------
    network, objective
        What is trained. The objective's own modules are trained with the network.
    views : Views
        How batches are looked at.
    plan : OptimiserPlan
        How weights are updated.
    total_steps : int
        Steps in the whole training.
    seed : int
        Of the run.
    weight_average : float
        Decay of the average of the weights that is judged and kept; 0 for the weights themselves.
    fused : bool
        Whether the optimiser is a fused one.
    accumulate : int
        Pieces in which each batch is worked through; see `cislearn.training.pieces`.
    sharing : Sharing, optional
        With which other processes, and how, where there are any.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        views: Views,
        plan: OptimiserPlan,
        total_steps: int,
        seed: int,
        *,
        weight_average: float = 0.0,
        fused: bool = True,
        accumulate: int = 1,
        sharing: Sharing | None = None,
    ) -> None:
        super().__init__()
        self.fused, self.accumulate, self.sharing = fused, accumulate, sharing
        self.network, self.objective = network, objective
        self.average = WeightAverage(network, weight_average) if weight_average else None
        self.views, self.plan, self.total_steps, self.seed = views, plan, total_steps, seed
        self.last_losses: dict[str, Tensor] = {}
        self._step = 0

    @property
    def judged(self) -> Network:
        """The network that is validated and kept: the average of the weights where there is one."""
        return self.network if self.average is None else self.average.network  # type: ignore[return-value]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser over network and objective."""
        trained = [p for p in self.parameters() if p.requires_grad]
        return build_optimiser(self.plan, trained, fused=self.fused)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the generator and the learning rate for this step."""
        if batch.step != self.global_step:
            raise RuntimeError(f"batch {batch.step} came at step {self.global_step}: the training would not be exact")
        self._step = batch.step
        if self.accumulate > 1:
            self.trainer.optimizers[0].zero_grad()
        seed_generator(self.device, mix_seed(self.seed, batch.step))
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = learning_rate(self.plan, (batch.step + 0.5) / self.total_steps)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the sum of the objective's losses on the training view of a batch."""
        view, progress = look(batch, self.views, self.objective), batch.step / self.total_steps
        alone = nullcontext((view, 1.0))
        divided = self.sharing.divided(self.network, self.objective, view) if self.sharing is not None else alone
        with divided as (mine, weight):
            if self.accumulate > 1:
                return self._in_pieces(mine, weight, progress)
            losses = self.objective.losses(self.network, mine, progress)
        if weight != 1.0:
            losses = {name: weight * value for name, value in losses.items()}
        self.last_losses = {name: value.detach() for name, value in losses.items()}
        return reduce(torch.add, losses.values())

    def _in_pieces(self, view: Batch, weight: float, progress: float) -> Tensor:
        """Go back through all pieces but the last one here, and return its loss: Lightning goes back through that."""
        sums: dict[str, Tensor] = {}
        *first, (piece, share) = pieces_of(view, self.accumulate)
        for each, its_share in first:
            self._weighted(each, weight * its_share, progress, sums).backward()  # type: ignore[no-untyped-call]
        loss = self._weighted(piece, weight * share, progress, sums)
        self.last_losses = sums
        return loss

    def _weighted(self, piece: Batch, share: float, progress: float, sums: dict[str, Tensor]) -> Tensor:
        losses = self.objective.losses(self.network, piece, progress)
        for name, value in losses.items():
            sums[name] = share * value.detach() + sums.get(name, 0.0)
        return share * reduce(torch.add, losses.values())

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: Any) -> None:
        """Forget the last step's gradients; with pieces that is done before the first of them."""
        if self.accumulate == 1:
            optimizer.zero_grad()

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Average the gradients over processes: after the last piece of the batch, and before they are clipped."""
        if self.sharing is not None:
            self.sharing.average_gradients(self, self._step)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Update the weights, cap them where that is asked, and let the objective follow (moving averages).

        Here rather than at the end of the batch, where callbacks come first: the checkpoint would lack this step's.
        """
        super().optimizer_step(*args, **kwargs)
        if self.plan.max_weight_norm is not None:
            cap_weights(self.network, self.plan.max_weight_norm)
        self.objective.after_step(self.network)
        if self.average is not None:
            self.average.follow(self.network, self._step + 1)
        if self.sharing is not None:
            self.sharing.follow_step(self, self.trainer.optimizers[0], self._step)

    def meet(self) -> None:
        """Make all processes equal after a step, for the checkpoint and for what is judged."""
        if self.sharing is not None:
            self.sharing.meet(self, self.trainer.optimizers[0], self._step)
