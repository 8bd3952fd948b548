"""Train a network of two towers, from the beginning or from where a killed training stood."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from cislearn.atomic import file_written_whole
from cislearn.data.expression.blocks import Block, blocks, pairs
from cislearn.data.views import mix_seed
from cislearn.engine.devices import seed_generator
from cislearn.engine.memory import keep_freed_memory
from cislearn.errors import UserError
from cislearn.models.two_towers.network import TwoTowers
from cislearn.objectives.expression import pair_loss, penalty
from cislearn.prediction.two_towers import block_logits, predict_block
from cislearn.progress import Progress, silent
from cislearn.training.checkpoint import refusing_damaged
from cislearn.training.optimisers import build_optimiser, learning_rate
from cislearn.training.two_towers.plan import Plan, halvings, is_out_of_patience


@dataclass(frozen=True)
class Fitted:
    """What a training leaves beside the weights: a row an epoch, 0 being before the first step, and the epoch kept."""

    history: list[dict[str, float]]
    epoch: int

    @property
    def error(self) -> float:
        """The lowest validation error."""
        return self.history[self.epoch]["valid_loss"]


class DivergedError(UserError):
    """A loss that is no number.

    Parameters
    ----------
    row : mapping of str to float
        The epoch and its losses.
    """

    def __init__(self, row: Mapping[str, float]) -> None:
        self.epoch = int(row["epoch"])
        loss = row.get("train_loss", 0.0) + row.get("valid_loss", 0.0)
        fix = f"Take a learning rate below {row.get('learning_rate', 0.0):g}."
        super().__init__(f"the loss became {loss} in epoch {self.epoch}", fix=fix)


def fit_towers(
    network: TwoTowers,
    seen: Block,
    judged: Block | None,
    plan: Plan,
    device: torch.device,
    *,
    until: int | None = None,
    checkpoint: Path | None = None,
    progress: Progress = silent,
) -> Fitted:
    """Train `network` in place; it ends with the weights of the lowest validation error, on the CPU.

    All that changes is a function of the seed and the epoch, so a training that was killed and resumed ends as one
    that was not.

    Parameters
    ----------
    network : TwoTowers
        Freshly built.
    seen, judged : Block
        With the labels to train on, and with those to validate by; without the latter the last weights are kept.
    plan : Plan
        How long and how.
    device : device
        Where to compute.
    until : int, optional
        Epochs after which it stops, whatever the plan says; the learning rate goes by the plan.
    checkpoint : Path, optional
        A file written whole after each epoch; where it is there, the training goes on from it.
    progress : callable, optional
        Told of each epoch.

    Raises
    ------
    UserError
        Where the checkpoint cannot be read, or the loss is no number (`DivergedError`).
    """
    if device.type == "cpu":
        keep_freed_memory()
    network.to(device)
    optimiser = build_optimiser(plan.optimiser, network.parameters(), fused=device.type != "mps")
    history: list[dict[str, float]] = []
    best: dict[str, Tensor] = {}
    if checkpoint is not None and checkpoint.is_file():
        with refusing_damaged(checkpoint):
            state = torch.load(checkpoint, map_location=device, weights_only=True)
            network.load_state_dict(state["network"])
            optimiser.load_state_dict(state["optimiser"])
            history, best = state["history"], state["best"]
        progress(f"goes on after epoch {len(history) - 1}")
    judged = None if judged is None else _labelled(judged)
    last = plan.epochs if until is None else until
    while not history or (len(history) <= last and not is_out_of_patience(_errors(history), plan.patience)):
        began, epoch = time.monotonic(), len(history)
        row: dict[str, float] = {"epoch": epoch}
        if epoch:
            row["learning_rate"] = _set_rate(optimiser, plan, epoch, _errors(history))
            row["train_loss"] = _epoch(network, optimiser, seen, plan, epoch, device)
        if judged is not None:
            row["valid_loss"] = float(pair_loss(predict_block(network, judged, device), judged.labels))
        history.append(row | {"seconds": round(time.monotonic() - began, 2)})
        _refuse_divergence(row)
        if judged is None or row["valid_loss"] <= min(_errors(history)):
            best = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
        told = [f"{name.replace('_loss', '')} {row[name]:.4f}" for name in ("train_loss", "valid_loss") if name in row]
        progress(f"epoch {epoch} of {last}: {', '.join(told)}")
        if checkpoint is not None:
            state = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
            with file_written_whole(checkpoint) as partial:
                torch.save(state | {"history": history, "best": best}, partial)
    network.cpu().load_state_dict(best)
    network.eval()
    errors = _errors(history)
    return Fitted(history, errors.index(min(errors)) if errors else len(history) - 1)


def _set_rate(optimiser: torch.optim.Optimizer, plan: Plan, epoch: int, errors: list[float]) -> float:
    """Give the optimiser the learning rate of an epoch, and return it."""
    rate = learning_rate(plan.optimiser, (epoch - 0.5) / plan.epochs) / 2 ** halvings(errors, plan.halve_after)
    for group in optimiser.param_groups:
        group["lr"] = rate
    return rate


def _epoch(
    network: TwoTowers, optimiser: torch.optim.Optimizer, seen: Block, plan: Plan, epoch: int, device: torch.device
) -> float:
    """Go once through the labels; return their mean loss, without penalties."""
    network.train()
    total, n = 0.0, 0
    for step, (logits, labels) in enumerate(steps(network, seen, plan, mix_seed(plan.seed, epoch), device)):
        loss = pair_loss(logits, labels)
        penalised = loss + penalty(network.inner_weights(), plan.l1, plan.l2) if plan.l1 or plan.l2 else loss
        optimiser.zero_grad(set_to_none=True)
        penalised.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        size = int((~labels.isnan()).sum())
        total, n = total + size * float(loss.detach()), n + size
        seed_generator(device, mix_seed(plan.seed, epoch, step + 1))
    return total / max(n, 1)


def steps(
    network: TwoTowers, seen: Block, plan: Plan, seed: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield logits and labels of each step of an epoch: every label that is seen is in one, of a block or of pairs."""
    seed_generator(device, seed)
    if plan.sampler == "blocks":
        for block in blocks(seen, genes=plan.genes, conditions=plan.conditions, seed=seed):
            block = block.to(device)
            yield block_logits(network, block), block.labels
    else:
        for some in pairs(seen, size=plan.pairs, seed=seed):
            some = some.to(device)
            yield network(network.embed(some.tokens), some.regulators, some.genes), some.labels


def _labelled(block: Block) -> Block:
    """The genes and conditions of a block that have any label."""
    is_there = ~block.labels.isnan()
    return block.part(*(is_there.any(dim=axis).nonzero().squeeze(1) for axis in (1, 0)))


def _errors(history: list[dict[str, float]]) -> list[float]:
    return [row["valid_loss"] for row in history if "valid_loss" in row]


def _refuse_divergence(row: dict[str, float]) -> None:
    loss = row.get("train_loss", 0.0) + row.get("valid_loss", 0.0)
    if not math.isfinite(loss):
        raise DivergedError(row)
