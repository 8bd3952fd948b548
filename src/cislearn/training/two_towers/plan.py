"""How long and how a network of two towers is trained, and how the published ones were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from cislearn.training.optimisers import OptimiserPlan

Sampler = Literal["blocks", "pairs"]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
"""What a step is taken on."""


@dataclass(frozen=True)
class Plan:
    """How long and how.

    Parameters
    ----------
    optimiser : OptimiserPlan
        How weights are updated.
    epochs : int
        At most.
    patience : int
        Epochs without a lower validation error before it stops.
    halve_after : int, optional
        Epochs without a lower validation error after which the learning rate is halved.
    sampler : {"blocks", "pairs"}
        Whether a step is a block of `genes` x `conditions`, or `pairs` drawn one by one.
    genes, conditions, pairs : int
        In a step.
    l1, l2 : float
        Penalties on weights and offsets of all layers but the last.
    penalties : list of float
        It begins with ridge regression (`begin_with_ridge`) of that one that is best on validation pairs; none for
        random weights.
    refit : bool
        Whether it is trained once more for as many epochs, now with the validation pairs, as the simple models are.
    seed : int
        Of first weights, order and dropout.
    """

    optimiser: OptimiserPlan = field(default_factory=OptimiserPlan)
    epochs: int = 30
    patience: int = 10
    halve_after: int | None = None
    sampler: Sampler = "blocks"
    genes: int = 64
    conditions: int = 163
    pairs: int = 100
    l1: float = 0.0
    l2: float = 0.0
    penalties: Sequence[float] = ()
    refit: bool = False
    seed: int = 0


SGD = OptimiserPlan("sgd", 1e-2, 0.0, momentum=0.0, decay="constant", warmup=0.0)
ADAM = OptimiserPlan("adam", 1e-3, 0.0, decay="constant", warmup=0.0)
RMSPROP = OptimiserPlan("rmsprop", 1e-3, 0.0, alpha=0.9, decay="constant", warmup=0.0)
DRAFT = OptimiserPlan("sgd", 1e-2, 0.0, momentum=0.5, decay="constant", warmup=0.0)


def _published(optimiser: OptimiserPlan, epochs: int, halve_after: int | None = None) -> Plan:
    return Plan(optimiser, epochs, patience=10, halve_after=halve_after, sampler="pairs")


RECIPES: dict[str, Plan] = {
    "factors": Plan(
        OptimiserPlan("adamw", 2e-6, 1e-2, decay="constant", warmup=0.0),
        epochs=4,
        patience=1,
        genes=512,
        conditions=163,
        penalties=(10.0, 30.0, 100.0, 300.0),
        refit=True,
    ),
    "tensor_product": _published(SGD, 30),
    "greatest_product": _published(SGD, 30),
    "small_filters": _published(SGD, 30),
    "two_layers": _published(RMSPROP, 30),
    "basset": _published(SGD, 30),
    "concatenation_15": _published(SGD, 100, 5),
    "concatenation": _published(SGD, 100, 5),
    "equivariant": _published(DRAFT, 200),
    "lstm": _published(ADAM, 30),
    "lstm_982": _published(ADAM, 30),
    "gru_15": _published(ADAM, 30),
    "gru_100": _published(ADAM, 100, 5),
    "gru_491": _published(ADAM, 30),
    "gru_982": _published(ADAM, 30),
    "lstm_outer": _published(SGD, 30),
}
"""Optimiser, limit and stopping: of ours, and of the published ones, with batches of 100 pairs and Keras 1's rates."""


def recipe_of(network: str, sampler: Sampler = "blocks") -> Plan:
    """Return how a network is trained on blocks (`block_recipe`), or on single pairs as published."""
    return block_recipe(network) if sampler == "blocks" else replace(RECIPES[network], sampler="pairs")


def block_recipe(network: str) -> Plan:
    """Return how a network is trained on blocks: as published, but for what a block of 64 x 163 pairs asks for.

    There are a hundred times fewer steps. Plain SGD is given a momentum of .9 and twice the rate, which goes down along
    a half cosine instead of being halved; the other optimisers set their own steps.
    """
    plan = RECIPES[network]
    if plan.sampler == "blocks":
        return plan
    optimiser = plan.optimiser
    if optimiser.name == "sgd":
        rate = 2 * optimiser.learning_rate
        optimiser = replace(optimiser, learning_rate=rate, momentum=0.9, decay="cosine")
    return replace(plan, optimiser=optimiser, sampler="blocks", epochs=min(plan.epochs, 30), halve_after=None)


def halvings(errors: Sequence[float], after: int | None) -> int:
    """Count how often a learning rate was halved: each time that `after` epochs in a row brought no lower error."""
    best, stale, found = float("inf"), 0, 0
    for error in errors:
        stale = 0 if error < best else stale + 1
        best = min(best, error)
        if after is not None and stale == after:
            found, stale = found + 1, 0
    return found


def is_out_of_patience(errors: Sequence[float], patience: int) -> bool:
    """Whether the last `patience` epochs brought no lower error."""
    return bool(errors) and len(errors) - 1 - min(range(len(errors)), key=errors.__getitem__) >= patience
