"""Validation while training: history, the choice of the weights that are kept, early stopping, checkpoints."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from cislearn.atomic import file_written_whole
from cislearn.data.batch import Batch
from cislearn.engine.processes import ALONE, Processes
from cislearn.errors import UserError
from cislearn.models.network import Network
from cislearn.training.checkpoint import refusing_damaged
from cislearn.training.learner import Learner
from cislearn.training.strand_gradients import strand_gradient_cosine


@dataclass(frozen=True)
class Validation:
    """What a validation found: its score (higher is better), the loss, and anything else worth a history column."""

    score: float
    loss: float
    further: dict[str, float]


Validate = Callable[[Network], Validation]
Watch = Callable[[int, dict[str, float]], None]
"""Called after each step with the number of steps done and what there is to show."""


class Judge(Callback):
    """Validates every so many steps and keeps all that a resumed run needs in one checkpoint file.

    Parameters
    ----------
    validate : callable
        From a network to a `Validation`.
    every : int
        Steps between validations; the last step is always followed by one.
    keep : {"best", "last"}
        Which weights the training ends with: those of the best validation score, or the last.
    patience : int, optional
        Stop after so many validations without a better score.
    patience_of : {"score", "loss"}
        What has to get better.
    checkpoint : Path
        Written whole after each validation.
    log_strand_gradients : bool
        Whether the history also tells `strand_gradient_cosine` of the labelled rows of the last batch before each
        validation, as they are stored, and the weights as they are trained.
    task_begins : float
        Steps in which the head is untrained: no validation till then counts.
    watch : callable, optional
        For progress bars.
    processes : Processes
        That train together: the first validates, keeps and writes, and tells the others when to stop.
    """

    def __init__(
        self,
        validate: Validate,
        *,
        every: int,
        keep: str,
        patience: int | None,
        checkpoint: Path,
        log_strand_gradients: bool = False,
        task_begins: float = 0.0,
        watch: Watch | None = None,
        patience_of: Literal["score", "loss"] = "score",
        processes: Processes = ALONE,
    ) -> None:
        self.patience_of, self.processes = patience_of, processes
        self.validate, self.every, self.keep, self.patience = validate, every, keep, patience
        self.checkpoint, self.watch = checkpoint, watch
        self.log_strand_gradients, self.task_begins = log_strand_gradients, task_begins
        self.history: list[dict[str, float]] = []
        self.best_score, self.best_step, self.stale = -math.inf, 0, 0
        self.best_weights: dict[str, Tensor] = {}
        self._sums: dict[str, Tensor] = {}
        self._counts: Counter[str] = Counter()
        self._latest: dict[str, float] = {}
        self._began = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """All that must survive a kill."""
        names = ("history", "best_score", "best_step", "stale", "best_weights")
        return {name: getattr(self, name) for name in names} | {"world": self.processes.world}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        for name, value in state_dict.items():
            if name != "world":  # with how many it was begun binds nobody
                setattr(self, name, value)
        self._began = time.monotonic() - self.history[-1]["seconds"]

    @property
    def is_out_of_patience(self) -> bool:
        """Whether what is watched has not got better for as long as it may."""
        if self.patience is None:
            return False
        if self.patience_of == "score":
            return self.stale >= self.patience
        losses = [row["valid_loss"] for row in self.history if row["step"] > self.task_begins]
        return bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= self.patience

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop at once where a training that had stopped is resumed."""
        trainer.should_stop = self.is_out_of_patience

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Add up the losses; validate where it is due."""
        assert isinstance(pl_module, Learner)
        step = trainer.global_step
        self._add(pl_module.last_losses, pl_module.objective.health())
        if self.watch is not None:
            self.watch(step, {})
        if step % self.every == 0 or step == pl_module.total_steps:
            self._judge(trainer, pl_module, step, batch)

    def _add(self, losses: Mapping[str, Tensor], health: Mapping[str, Tensor | float]) -> None:
        """Sum tensors, which wait for nothing on a GPU; keep the latest of plain numbers."""
        for name, value in {**{f"train_{name}": loss for name, loss in losses.items()}, **health}.items():
            if isinstance(value, Tensor):
                self._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
                self._counts[name] += 1
            else:
                self._latest[name] = value

    def _judge(self, trainer: L.Trainer, learner: Learner, step: int, batch: Batch) -> None:
        learner.meet()
        row = self._means(step)
        if self.processes.is_first:
            self._validate(trainer, learner, step, batch, row)
        trainer.should_stop = self.processes.tell(self.is_out_of_patience)

    def _validate(self, trainer: L.Trainer, learner: Learner, step: int, batch: Batch, row: dict[str, float]) -> None:
        found = self.validate(learner.judged)
        _refuse_divergence(found.loss, "validation", step)
        row |= {"valid_loss": found.loss, "valid_score": found.score, **found.further}
        if self.log_strand_gradients:
            row["strand_gradient_cosine"] = strand_gradient_cosine(learner.network, learner.views(batch, "plain", step))
        if self.processes.world > 1:
            row["megabytes"] = self.processes.payload / 1e6  # since the last validation
            self.processes.payload = 0
        row["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        row["seconds"] = round(time.monotonic() - self._began, 2)
        self.history.append(row)
        if step > self.task_begins:
            self._keep_best(learner.judged, found.score, step)
        if self.watch is not None:
            self.watch(step, row)
        with file_written_whole(self.checkpoint) as partial:
            trainer.save_checkpoint(partial)

    def _means(self, step: int) -> dict[str, float]:
        """Means since the last validation: the total loss, each loss, and the objective's health where it told any."""
        if self.processes.world > 1:
            self.processes.average_(list(self._sums.values()))
        means = {name: float(value) / self._counts[name] for name, value in self._sums.items()}
        total = sum(value for name, value in means.items() if name.startswith("train_"))
        _refuse_divergence(total, "training", step)
        latest, self._sums, self._counts, self._latest = self._latest, {}, Counter(), {}
        return {"step": step, "train_loss": total, **means, **latest}

    def _keep_best(self, network: Network, score: float, step: int) -> None:
        score = -math.inf if math.isnan(score) else score  # an undefined score is better than none, and than no other
        if score > self.best_score or not self.best_weights:
            self.best_score, self.best_step, self.stale = score, step, 0
            self.best_weights = {name: value.detach().clone().cpu() for name, value in network.state_dict().items()}
        else:
            self.stale += 1

    def restore(self, learner: Learner) -> int:
        """Give the learner's network the weights that the training ends with; return the step that they are of."""
        if self.keep == "best":
            learner.network.load_state_dict(self.best_weights)
            return self.best_step
        learner.network.load_state_dict(learner.judged.state_dict())
        return int(self.history[-1]["step"])


def _refuse_divergence(loss: float, which: str, step: int) -> None:
    if not math.isfinite(loss):
        raise UserError(
            f"the {which} loss became {loss} before step {step}",
            fix="Lower training.optimiser.learning_rate or the method's weight, or set training.gradient_clip: 1.",
        )


@dataclass(frozen=True)
class Reached:
    """Where a checkpoint stands: the steps done, and by how many processes."""

    step: int = 0
    world: int = 1


def read_step(checkpoint: Path) -> int:
    """Return the number of steps done when a checkpoint was written; see `read_reached`."""
    return read_reached(checkpoint).step


def read_reached(checkpoint: Path) -> Reached:
    """Return where a checkpoint stands.

    Raises
    ------
    UserError
        Where it cannot be read.
    """
    with refusing_damaged(checkpoint):
        read = torch.load(checkpoint, map_location="cpu", weights_only=True)
        return Reached(int(read["global_step"]), int(read["callbacks"]["Judge"].get("world", 1)))
