"""One training in several processes: who works through which rows, and when what they learned is averaged.

Each process has a mixture of the rows of each part of a batch. What is drawn for a row (strand, shift) is drawn for the
whole batch, so it does not depend on the number of processes; noise within the network, and what an objective draws by
itself, each process draws for its rows. A step is taken *together* or *apart*:

- **Together** all gradients are averaged before the step, and all weights stay equal. Where an objective reads rows
  through `Model.features`, each process computes those of its rows and is handed the others', and the loss is that of
  the whole batch: absent labels, uneven shares and distances between domains are exact whatever the objective. Where it
  goes into the network by itself (`Objective.reads_features`), the loss is that of the rows of each process, weighed by
  their number.
- **Apart** each process takes its own steps on its own rows, and every so many of them the weights are averaged: local
  SGD (Stich 2019, ICLR). DSSDA sends gradients to a parameter server every 20 steps; averaging weights is our reading.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.data.batch import Batch
from cislearn.data.batches import Batches
from cislearn.data.views import mix_seed
from cislearn.engine.devices import seed_generator
from cislearn.engine.processes import Processes
from cislearn.errors import UserError
from cislearn.models.network import Network
from cislearn.objectives.objective import Objective
from cislearn.training.pieces import piece_of


class Sharing:
    """How processes share the steps of a training.

    Parameters
    ----------
    processes : Processes
        Two or more.
    every : int
        Steps between averages of the weights; 1 for steps that are all taken together.
    warmup : int
        First steps, which are taken together in any case.
    optimiser : bool
        Whether the state of the optimiser is averaged with the weights.
    """

    def __init__(self, processes: Processes, every: int = 1, warmup: int = 0, *, optimiser: bool = True) -> None:
        self.processes, self.every, self.warmup, self.optimiser = processes, every, warmup, optimiser

    def is_together(self, step: int) -> bool:
        """Whether the gradients of a step are averaged before it is taken."""
        return self.every == 1 or step < self.warmup

    @contextmanager
    def divided(self, network: Network, objective: Objective, view: Batch) -> Iterator[tuple[Batch, float]]:
        """Give what this process computes the loss of, and what that loss weighs in the mean over processes."""
        rank, world = self.processes.rank, self.processes.world
        if self.is_together(view.step) and objective.reads_features:
            with features_shared(network, self.processes):
                yield view, 1.0
        else:
            piece, share = piece_of(view, rank, world)
            with noise_of_its_own(view.tokens.device, rank):
                yield piece, share * world if self.is_together(view.step) else 1.0

    def average_gradients(self, module: nn.Module, step: int) -> None:
        """Average the gradients of a step that is taken together."""
        if self.is_together(step):
            self.processes.average_([p.grad for p in module.parameters() if p.grad is not None])

    def follow_step(self, module: nn.Module, optimiser: torch.optim.Optimizer, step: int) -> None:
        """Average the weights where that is due after step number `step`, which was taken apart."""
        if not self.is_together(step) and (step + 1 - self.warmup) % self.every == 0:
            self.average_weights(module, optimiser if self.optimiser else None)

    def meet(self, module: nn.Module, optimiser: torch.optim.Optimizer, step: int) -> None:
        """Make all processes equal after step number `step`: what is judged and what a checkpoint holds is their mean.

        After a step taken together only running statistics differ, of which each process has those of its own rows.
        """
        if self.is_together(step):
            self.processes.average_([b for b in module.buffers() if b.is_floating_point()])
        else:
            self.average_weights(module, optimiser)

    def average_weights(self, module: nn.Module, optimiser: torch.optim.Optimizer | None) -> None:
        """Average weights and running statistics and, where it is given, the state of an optimiser."""
        states = [] if optimiser is None else [*optimiser.state.values()]
        of_optimiser = [v for state in states for name, v in state.items() if isinstance(v, Tensor) and name != "step"]
        mine = [*module.parameters(), *module.buffers(), *of_optimiser]
        self.processes.average_([tensor for tensor in mine if tensor.is_floating_point()])


def check_divisible(batches: Batches, world: int) -> None:
    """Refuse batches of which some process would have no row.

    Raises
    ------
    UserError
        Where a part of the batch has fewer rows than there are processes.
    """
    part, fewest = min(batches.sizes.items(), key=lambda item: item[1])
    if fewest < world:
        raise UserError(
            f"a batch has {fewest} rows of part {part}, too few for {world} processes",
            where="training.processes",
            fix=f"Take {fewest} processes or fewer, or a greater training.batch_size.",
        )


@contextmanager
def features_shared(network: Network, processes: Processes) -> Iterator[None]:
    """Within, each process computes the features of its share of the rows it is asked for, and returns those of all.

    Everything else each does by itself on all rows, so all draw the same numbers there. Within the encoder they draw
    their own: with the same ones every n-th row would have the same dropout.
    """
    of_rows: Callable[[Tensor], Tensor] = network.features
    calls = itertools.count()

    def shared(x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n f *places"]:
        if len(x) < processes.world:
            return of_rows(x)
        # Drawn, and alike in all: every n-th row could be of one class, of those that batches draw in turn.
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(len(x))).to(x.device)
        places = [order[rank :: processes.world] for rank in range(processes.world)]
        with noise_of_its_own(x.device, next(calls), processes.rank):
            mine = of_rows(x[places[processes.rank]])
        gathered: Tensor = _Gathered.apply(mine, places, processes)  # type: ignore[no-untyped-call]
        return gathered

    network.features = shared  # type: ignore[method-assign]
    try:
        yield
    finally:
        del network.features


@contextmanager
def noise_of_its_own(device: torch.device, *number: int) -> Iterator[None]:
    """Within, random numbers are those of `number`, and without they go on as if none had been drawn."""
    with torch.random.fork_rng([device.index] if device.type == "cuda" else []):
        seed_generator(device, mix_seed(torch.initial_seed(), *number))
        yield


class _Gathered(torch.autograd.Function):
    """The rows of all processes. Each has the loss of all rows, so the gradient of its own needs no communication.

    Gradients are averaged over processes, and each row is in one of them: it counts as often as there are processes.
    """

    @staticmethod
    def forward(ctx: Any, mine: Tensor, places: Sequence[Tensor], processes: Processes) -> Tensor:
        ctx.mine, ctx.world = places[processes.rank], processes.world
        gathered = processes.gather_rows(mine, sum(map(len, places)))
        whole = torch.empty_like(gathered)
        for rank, rows in enumerate(places):
            whole[rows] = gathered[rank :: processes.world]
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return gradients[0][ctx.mine] * ctx.world, None, None
