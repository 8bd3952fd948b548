"""What a run is made of: network, objective, batches and views, all drawn from its seed, and how long it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from cislearn.data.augment import Augmentation
from cislearn.data.batch import TARGET_LABELLED
from cislearn.data.batches import Batches, training_rows
from cislearn.data.split import TRAIN
from cislearn.data.views import Views, mix_seed
from cislearn.engine.precision import choose_precision
from cislearn.experiment.beginning import begin_from, begin_with_vectors
from cislearn.experiment.methods import Method
from cislearn.experiment.setting import Setting
from cislearn.models.conjoined import Conjoined
from cislearn.models.network import Network
from cislearn.objectives.objective import Objective
from cislearn.training.fit import TrainingPlan
from cislearn.training.optimisers import OptimiserPlan


@dataclass(frozen=True)
class Materials:
    """What one training needs beside a validation: see `cislearn.training.fit.fit`."""

    network: Network
    objective: Objective
    batches: Batches
    views: Views
    plan: TrainingPlan


def fresh_network(setting: Setting, seed: int) -> Network:
    """Return the network that a run of this seed begins with; torch's generator goes on from there."""
    torch.manual_seed(mix_seed(seed))
    network = setting.card.build()
    begin_with_vectors(network, setting.config.model.input.vectors)
    if setting.config.training.init_from is not None:
        begin_from(network, setting.config.training.init_from, seed)
    if setting.config.training.train_only == "head":
        network.freeze_encoder()
    strands = setting.config.model.reverse_complement
    return Conjoined(network, strands.join) if strands.train == "conjoined" else network


def gather_materials(setting: Setting, method: Method, seed: int) -> Materials:
    """Return the freshly made network and objective of a run, its batches, views and plan."""
    network = fresh_network(setting, seed)
    objective = method.make()
    objective.setup(network, setting.roles.dataset.spec)
    batches = _batches(setting, method, objective, seed)
    config, dataset = setting.config, setting.roles.dataset
    training, plan = config.training, _plan(setting, method, batches, seed)
    views = Views(
        dataset.spec,
        config.model.reverse_complement.view,
        training.max_shift,
        seed,
        training.hidden_bases,
        Augmentation(**training.augment.model_dump(exclude={"until"})),
        augmented_steps=round(training.augment.until * plan.steps),
    )
    return Materials(network, objective, batches, views, plan)


def _batches(setting: Setting, method: Method, objective: Objective, seed: int) -> Batches:
    config, roles = setting.config.training, setting.roles
    seen = "sources" if method.labelled == "both" else method.labelled
    parts = {"source": training_rows(roles.dataset, roles.seen_rows(seen, "train"), labelled=True)}
    if method.labelled == "both" and method.share:
        parts[TARGET_LABELLED] = training_rows(roles.dataset, roles.seen_rows("share", "train"), labelled=True)
    if "target" in objective.draws:
        parts["target"] = training_rows(roles.dataset, roles.rows("target", "train"), labelled=False)
    if "unlabelled" in objective.draws:
        parts["unlabelled"] = training_rows(roles.dataset, roles.unlabelled_rows("train"), labelled=False)
    return Batches(
        roles.dataset.sequences,
        parts,
        _draws(objective.draws, method.share if TARGET_LABELLED in parts else 0.0),
        batch_size=min(config.batch_size, len(parts["source"].rows)),
        seed=seed,
        balance=config.balance,
        tracks=roles.dataset.tracks,
        profiles=roles.dataset.profiles,
    )


def _draws(draws: Mapping[str, float], share: float) -> dict[str, float]:
    """Return rows of each part for each row of the source: of the target's rows `share` come with their labels.

    A method that draws nothing of the target sees those labelled rows, and no others, as often as one that does: so
    that they can be compared.
    """
    if share == 0.0:
        return dict(draws)
    target = draws.get("target", 0.0)
    labelled = {"source": draws["source"], TARGET_LABELLED: share * (target or 1.0)}
    others = {name: rows for name, rows in draws.items() if name not in ("source", "target")}
    return labelled | ({"target": (1.0 - share) * target} if target else {}) | others


def _steps_per_epoch(setting: Setting, method: Method, batches: Batches) -> int:
    """Return the steps of an epoch: as many with a share of the sources' labels as with all of them.

    So a method that sees few labels sees them more often, as one that also learns from windows without labels must,
    and what differs between two shares is the labels, not the length of the training.
    """
    if not method.sees_few_of_sources:
        return batches.steps_per_epoch
    roles = setting.roles
    n_hidden = int((roles.split.part[roles.hidden] == TRAIN).sum())
    n_labelled = n_hidden + len(roles.labelled_rows("sources", "train"))
    return -(-n_labelled // min(setting.config.training.batch_size, n_labelled))


def _plan(setting: Setting, method: Method, batches: Batches, seed: int) -> TrainingPlan:
    config, steps_per_epoch = setting.config.training, _steps_per_epoch(setting, method, batches)
    return TrainingPlan(
        steps=config.epochs * steps_per_epoch,
        validate_every=config.validate_every or steps_per_epoch,
        optimiser=OptimiserPlan(**config.optimiser.model_dump()),
        keep="best" if setting.config.selection != "last" and method.objective.learns_task else "last",
        patience=config.patience if method.objective.learns_task else None,
        patience_of=config.patience_of,
        precision=choose_precision(config.precision, setting.device),
        gradient_clip=config.gradient_clip,
        weight_average=config.weight_average,
        accumulate=config.accumulate,
        log_strand_gradients=config.log_strand_gradients,
        sync_every=config.sync_every,
        sync_warmup=config.sync_warmup,
        sync_optimiser=config.sync_optimiser,
        seed=seed,
    )
