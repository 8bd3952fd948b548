"""Train one network, from the beginning or from where a killed run stood."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor

from cislearn.data.batches import Batches, Loader
from cislearn.data.views import Views
from cislearn.engine.devices import Device
from cislearn.engine.memory import keep_freed_memory
from cislearn.engine.processes import ALONE, Processes
from cislearn.models.network import Network
from cislearn.objectives.objective import Objective
from cislearn.training.judge import Judge, Validate, Watch, read_step
from cislearn.training.learner import Learner, look
from cislearn.training.optimisers import OptimiserPlan
from cislearn.training.pieces import MOST_PIECES, is_out_of_memory, out_of_memory, pieces_of
from cislearn.training.sharing import Sharing, check_divisible


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how a network is trained.

    Parameters
    ----------
    steps : int
        Batches in all.
    validate_every : int
        Steps between validations.
    optimiser : OptimiserPlan
        How weights are updated.
    keep : {"best", "last"}
        Which weights the training ends with.
    patience : int, optional
        Validations without a better score before it stops.
    patience_of : {"score", "loss"}
        What has to get better.
    precision : str
        As Lightning names it: ``32-true``, ``bf16-mixed``, ``16-mixed``.
    gradient_clip : float, optional
        Greatest norm of the gradient.
    weight_average : float
        Decay of the average of the weights that is judged and kept; 0 for none.
    accumulate : int
        Pieces in which each batch is worked through, for memory.
    log_strand_gradients : bool
        Whether each validation also tells how far the gradients of the two strands agree.
    sync_every : int
        Steps between averages of the weights of several processes; with 1 all steps are taken together.
    sync_warmup : int
        First steps that are taken together in any case.
    sync_optimiser : bool
        Whether the state of the optimiser is averaged with the weights.
    seed : int
        Of the run.
    """

    steps: int
    validate_every: int
    optimiser: OptimiserPlan
    keep: str = "best"
    patience: int | None = None
    patience_of: Literal["score", "loss"] = "score"
    precision: Any = "32-true"
    gradient_clip: float | None = None
    weight_average: float = 0.0
    accumulate: int = 1
    log_strand_gradients: bool = False
    sync_every: int = 1
    sync_warmup: int = 0
    sync_optimiser: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Fitted:
    """What a training leaves beside the weights: one history row a validation, and the step whose weights are kept."""

    history: list[dict[str, float]]
    step: int


def fit(
    network: Network,
    objective: Objective,
    batches: Batches,
    views: Views,
    validate: Validate,
    plan: TrainingPlan,
    *,
    checkpoint: Path,
    device: Device,
    watch: Watch | None = None,
    finish: bool = True,
    processes: Processes = ALONE,
) -> Fitted:
    """Train `network` in place by `objective`; where `checkpoint` exists, go on from it.

    Parameters
    ----------
    network, objective
        Freshly built (their first weights are replaced when going on); the objective is set up.
    batches : Batches
        The data.
    views : Views
        How batches are looked at.
    validate : callable
        From the network to its `Validation`.
    plan : TrainingPlan
        How long and how.
    checkpoint : Path
        One file, written whole after each validation.
    device : Device
        Where to compute.
    watch : callable, optional
        Told of each step.
    finish : bool
        Whether the objective's `finish` follows the last step; not, where a training is only timed.
    processes : Processes
        That train together, all of which call this with the same parts. The first one validates and writes.

    Returns
    -------
    Fitted
        The network holds the kept weights, on the CPU, in evaluation mode. Where another process is the first, there is
        no history, and the network is as it was last.
    """
    sharing = None
    if processes.world > 1:
        check_divisible(batches, processes.world)
        sharing = Sharing(processes, plan.sync_every, plan.sync_warmup, optimiser=plan.sync_optimiser)
    judge = Judge(
        validate,
        every=plan.validate_every,
        keep=plan.keep,
        patience=plan.patience,
        patience_of=plan.patience_of,
        checkpoint=checkpoint,
        log_strand_gradients=plan.log_strand_gradients,
        task_begins=objective.task_begins * plan.steps,
        watch=watch,
        processes=processes,
    )
    # In mixed precision Lightning clips only where the optimiser leaves the loss's scale alone; a fused one does not.
    fused = plan.gradient_clip is None or plan.precision == "32-true"
    learner = Learner(
        network,
        objective,
        views,
        plan.optimiser,
        plan.steps,
        plan.seed,
        weight_average=plan.weight_average,
        fused=fused,
        accumulate=plan.accumulate,
        sharing=sharing,
    )
    if device.accelerator == "cpu":
        keep_freed_memory()
    start = read_step(checkpoint) if checkpoint.is_file() else 0
    with _quiet_lightning():
        trainer = L.Trainer(
            accelerator=device.accelerator,
            devices=[torch.cuda.current_device()] if device.accelerator == "cuda" else 1,
            precision=plan.precision,
            max_steps=plan.steps,
            gradient_clip_val=plan.gradient_clip,
            callbacks=[judge],
            plugins=[LightningEnvironment()],  # it has one process to see to, whatever SLURM's variables say
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=checkpoint.parent,
        )
        try:
            if processes.world > 1 and not start:  # no two machines need draw the same first weights to the last bit
                processes.copy_first_([value for value in learner.state_dict().values() if isinstance(value, Tensor)])
            trainer.fit(learner, Loader(batches, start, plan.steps), ckpt_path=checkpoint if start else None)
        except SystemExit as leaving:  # Lightning leaves Python at Ctrl-C; what that means is for the caller to say
            raise KeyboardInterrupt from leaving
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            rows = batches.sizes["source"]
            raise out_of_memory(rows, plan.accumulate, _pieces_that_fit(learner, batches, rows)) from error
    if not processes.is_first:
        return Fitted([], 0)
    step = judge.restore(learner.cpu())
    network.eval()
    if finish:
        learner.to(device.torch)
        objective.finish(network, lambda part: (views(b, "plain", 0).to(device.torch) for b in batches.once(part)))
        learner.cpu()
    return Fitted(judge.history, step)


def _pieces_that_fit(learner: Learner, batches: Batches, rows: int) -> int | None:
    """Try a batch in more and more pieces, without a step of the optimiser; None where no number of them fits."""
    batch = batches[0].to(learner.device)
    view = look(batch, learner.views, learner.objective)
    n = 2 * learner.accumulate
    while n <= min(rows, MOST_PIECES):
        learner.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
        try:
            piece, _ = pieces_of(view, n)[0]
            sum(learner.objective.losses(learner.network, piece, 0.5).values()).backward()  # type: ignore[union-attr]
            return n
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        n *= 2
    return None


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Keep Lightning's hints on loggers and data loaders, which are not the user's to follow, off the screen."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning.*")
            yield
    finally:
        logger.setLevel(level)
