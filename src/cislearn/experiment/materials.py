"""What a run is made of: network, objective, batches and views, all drawn from its seed, and how long it is trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from cislearn.data.batches import Batches, training_rows
from cislearn.data.views import Views, mix_seed
from cislearn.engine.precision import choose_precision
from cislearn.experiment.beginning import begin_from
from cislearn.experiment.methods import Method
from cislearn.experiment.setting import Setting
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


def gather_materials(setting: Setting, method: Method, seed: int) -> Materials:
    """Return the freshly made network and objective of a run, its batches, views and plan."""
    torch.manual_seed(mix_seed(seed))
    network = setting.card.build()
    if setting.config.training.init_from is not None:
        begin_from(network, setting.config.training.init_from, seed)
    objective = method.make()
    objective.setup(network, setting.roles.dataset.spec)
    batches = _batches(setting, method, objective, seed)
    config, dataset = setting.config, setting.roles.dataset
    training = config.training
    views = Views(dataset.spec, config.model.reverse_complement.train, training.max_shift, seed, training.hidden_bases)
    return Materials(network, objective, batches, views, _plan(setting, batches, seed))


def _batches(setting: Setting, method: Method, objective: Objective, seed: int) -> Batches:
    config, roles = setting.config.training, setting.roles
    parts = {"source": training_rows(roles.dataset, roles.labelled_rows(method.labelled, "train"), labelled=True)}
    if "target" in objective.draws:
        parts["target"] = training_rows(roles.dataset, roles.rows("target", "train"), labelled=False)
    return Batches(
        roles.dataset.sequences,
        parts,
        objective.draws,
        batch_size=min(config.batch_size, len(parts["source"].rows)),
        seed=seed,
        balance=config.balance,
        tracks=roles.dataset.tracks,
    )


def _plan(setting: Setting, batches: Batches, seed: int) -> TrainingPlan:
    config = setting.config.training
    return TrainingPlan(
        steps=config.epochs * batches.steps_per_epoch,
        validate_every=config.validate_every or batches.steps_per_epoch,
        optimiser=OptimiserPlan(**config.optimiser.model_dump()),
        keep="last" if setting.config.selection == "last" else "best",
        patience=config.patience,
        precision=choose_precision(config.precision, setting.device),
        gradient_clip=config.gradient_clip,
        weight_average=config.weight_average,
        seed=seed,
    )
