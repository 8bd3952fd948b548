"""Train a network of two towers, from the beginning or from where a killed training stood."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
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
from cislearn.training.optimisers import build_optimiser, learning_rate
from cislearn.training.two_towers.plan import Plan, halvings, is_out_of_patience


@dataclass(frozen=True)
class Fitted:
    """What a training leaves beside the weights: a row an epoch, and the epoch (from 1) whose weights are kept."""

    history: list[dict[str, float]]
    epoch: int

    @property
    def error(self) -> float:
        """The lowest validation error."""
        return self.history[self.epoch - 1]["valid_loss"]


def fit_towers(
    network: TwoTowers,
    seen: Block,
    judged: Block,
    plan: Plan,
    device: torch.device,
    *,
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
        With the labels to train on, and with those to validate by.
    plan : Plan
        How long and how.
    device : device
        Where to compute.
    checkpoint : Path, optional
        A file written whole after each epoch; where it is there, the training goes on from it.
    progress : callable, optional
        Told of each epoch.
    """
    if device.type == "cpu":
        keep_freed_memory()
    network.to(device)
    optimiser = build_optimiser(plan.optimiser, network.parameters(), fused=device.type != "mps")
    history: list[dict[str, float]] = []
    best: dict[str, Tensor] = {}
    if checkpoint is not None and checkpoint.is_file():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        history, best = state["history"], state["best"]
    judged = _labelled(judged)
    while len(history) < plan.epochs and not is_out_of_patience(_errors(history), plan.patience):
        began, epoch = time.monotonic(), len(history)
        rate = learning_rate(plan.optimiser, (epoch + 0.5) / plan.epochs) / 2 ** halvings(
            _errors(history), plan.halve_after
        )
        for group in optimiser.param_groups:
            group["lr"] = rate
        train = _epoch(network, optimiser, seen, plan, epoch, device)
        valid = float(pair_loss(predict_block(network, judged, device), judged.labels))
        row = {"epoch": epoch + 1, "train_loss": train, "valid_loss": valid, "learning_rate": rate}
        history.append(row | {"seconds": round(time.monotonic() - began, 2)})
        _refuse_divergence(history[-1])
        if valid <= min(_errors(history)):
            best = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
        progress(f"epoch {epoch + 1} of {plan.epochs}: training {train:.4f}, validation {valid:.4f}")
        if checkpoint is not None:
            with file_written_whole(checkpoint) as partial:
                torch.save(
                    {
                        "network": network.state_dict(),
                        "optimiser": optimiser.state_dict(),
                        "history": history,
                        "best": best,
                    },
                    partial,
                )
    network.cpu().load_state_dict(best)
    network.eval()
    errors = _errors(history)
    return Fitted(history, 1 + errors.index(min(errors)))


def _epoch(
    network: TwoTowers, optimiser: torch.optim.Optimizer, seen: Block, plan: Plan, epoch: int, device: torch.device
) -> float:
    """Go once through the labels; return their mean loss, without penalties."""
    network.train()
    total, n = 0.0, 0
    for step, (logits, labels) in enumerate(_steps(network, seen, plan, mix_seed(plan.seed, epoch), device)):
        loss = pair_loss(logits, labels)
        penalised = loss + penalty(network.inner_weights(), plan.l1, plan.l2) if plan.l1 or plan.l2 else loss
        optimiser.zero_grad(set_to_none=True)
        penalised.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        size = int((~labels.isnan()).sum())
        total, n = total + size * float(loss.detach()), n + size
        seed_generator(device, mix_seed(plan.seed, epoch, step + 1))
    return total / max(n, 1)


def _steps(
    network: TwoTowers, seen: Block, plan: Plan, seed: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits and labels of each step."""
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
    return [row["valid_loss"] for row in history]


def _refuse_divergence(row: dict[str, float]) -> None:
    if not math.isfinite(row["train_loss"] + row["valid_loss"]):
        raise UserError(
            f"the loss became {row['train_loss'] + row['valid_loss']} in epoch {row['epoch']}",
            fix=f"Take a learning rate below {row['learning_rate']:g}.",
        )
