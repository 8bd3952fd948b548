"""What goes together: methods, data and training are checked against each other before anything is trained."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from cislearn.data.augment import Augmentation
from cislearn.errors import UserError
from cislearn.experiment.beginning import begin_from, begin_with_vectors
from cislearn.experiment.config import AugmentConfig, ExperimentConfig, MethodConfig
from cislearn.experiment.counted_words import words_for
from cislearn.experiment.learned_before import domains_learned
from cislearn.experiment.methods import Method, resolve_method
from cislearn.experiment.roles import Roles
from cislearn.models.network import Network
from cislearn.models.strands import refuse_rna
from cislearn.objectives.adabn import AdaBN
from cislearn.objectives.fixmatch import FixMatch
from cislearn.objectives.ladder import Ladder
from cislearn.schema import DataSpec

FEWEST = 2
"""Rows of a piece of a batch."""
FEW_BASES = 10
"""Of a window a tenth may become N by shifts without a word: motifs rarely lie at its very end."""
NEED_SHARE = ("source_and_target", "target_only")
"""Methods that would be another one without a share of the target's labels."""
SUFFIXES = {".html", ".json", ".partial", ".tsv", ".yaml"}
"""Of the files that stand beside the folders of the methods."""


def compose_methods(config: ExperimentConfig, search: Sequence[Path] = ()) -> list[Method]:
    """Return the methods of a configuration.

    Raises
    ------
    UserError
        Where one is unknown, two have one name, or a name cannot be that of a folder.
    """
    shares = config.data.labels.target, config.data.labels.sources
    knew = config.data.target in domains_learned(config)
    wanted = [_with_periods(each, config.training.epochs) for each in config.methods]
    methods = [resolve_method(each, search, *shares, knew_target=knew) for each in wanted]
    titles = [method.title for method in methods]
    for title in titles:
        if titles.count(title) > 1:
            fix = "Give one of them a label of its own."
            raise UserError(f"two methods are called {title!r}", where="methods", fix=fix)
        if any(letter in title for letter in "/\\:") or title.startswith(".") or Path(title).suffix in SUFFIXES:
            raise UserError(
                f"{title!r} cannot name a folder", where="methods", fix="Give the method a label: my_method"
            )
    return methods


def _with_periods(method: MethodConfig, epochs: int) -> MethodConfig:
    """Let a sawtooth that does not say its periods begin anew in each epoch."""
    schedule = method.options.get("schedule")
    named = {"name": schedule} if isinstance(schedule, str) else schedule
    if not isinstance(named, dict) or named.get("name") != "sawtooth" or "periods" in named:
        return method
    return MethodConfig(**method.model_dump() | {"schedule": named | {"periods": epochs}})


def check_composition(config: ExperimentConfig, methods: Sequence[Method], roles: Roles, network: Network) -> list[str]:
    """Refuse what cannot go together, with the reason, and return remarks on what goes together but should be known.

    Parameters
    ----------
    config : ExperimentConfig
        As read.
    methods : list of Method
        Of that configuration.
    roles : Roles
        The dataset with its rows told apart.
    network : Network
        As configured, with fresh weights.

    Raises
    ------
    UserError
        A method that needs a target without one, an option that does not suit the tasks, a balance that has no meaning,
        a second strand of RNA, a run to begin from that is not there, counts of words that do not suit the data.
    """
    spec = roles.dataset.spec
    strands = config.model.reverse_complement
    for asked, is_asked in (
        (f"model.reverse_complement.train: {strands.train}", strands.train != "forward"),
        (f"model.reverse_complement.predict: {strands.predict}", strands.predict != "forward"),
        ("training.log_strand_gradients", config.training.log_strand_gradients),
    ):
        if is_asked:
            refuse_rna(spec, asked)
    _check_selection(config, roles)
    if config.training.precision == "16-mixed" and not torch.cuda.is_available():
        raise UserError("16-mixed needs an NVIDIA GPU", where="training.precision", fix="Take bf16-mixed or 32-true.")
    _check_processes(config)
    _check_batches(config, network)
    if config.training.accumulate > 1 and config.training.precision == "16-mixed":
        raise UserError(
            "16-mixed scales each loss and takes no pieces", where="training.accumulate", fix="Take bf16-mixed."
        )
    has_classes = len(spec.tasks) == 1 and spec.tasks[0].kind in ("binary", "multiclass")
    if "class" in config.training.balance and not has_classes:
        raise UserError("balance by class needs a single task with classes", where="training.balance")
    words_for(config, spec)
    _check_margin(config, spec)
    _check_augmentation(config.training.augment, spec)
    for method in methods:
        if method.needs_target and roles.target is None:
            raise UserError(
                f"method {method.title} needs a target domain",
                where="data.target",
                fix="Name the domain to adapt to (--target NAME), or take methods: [supervised].",
            )
        if method.labelled == "target" and len(roles.labelled_rows("target", "train")) == 0:
            raise UserError(
                f"method {method.title} learns from target labels; {roles.target} has none", where="methods"
            )
        if method.labelled == "target" and (lacking := _class_that_is_not(roles, "train")):
            raise UserError(
                f"method {method.title} learns from target labels, and none of {roles.target} for train is {lacking}",
                where="methods",
                fix="Leave it out, or take smaller blocks (data.split.block).",
            )
        if method.config.name in NEED_SHARE and not method.share:
            raise UserError(
                f"method {method.title} learns from a share of the target's labels, which is 0",
                where="data.labels.target",
                fix="Say which: data.labels: {target: 0.1}, or take source_only or target_labels.",
            )
        objective = method.make()
        objective.setup(network, spec)
        if config.training.train_only == "head" and isinstance(objective, (AdaBN, Ladder)):
            raise UserError(
                f"method {method.title} goes by statistics of its own, and train_only: head keeps the encoder's",
                where="training.train_only",
                fix="Leave it out, or take methods: [supervised].",
            )
        if "class" in config.training.balance and isinstance(objective, FixMatch) and objective.is_aligned:
            raise UserError(
                f"method {method.title} aligns with the share of each class, and balance by class makes them equal",
                where="training.balance",
                fix="Take balance: none or domain, or align: false.",
            )
    if config.training.train_only == "head" and config.training.init_from is None:
        raise UserError(
            "a head alone learns little on an encoder that has learned nothing",
            where="training.train_only",
            fix="Name the run that the encoder is of: training.init_from.",
        )
    begin_with_vectors(copy.deepcopy(network), config.model.input.vectors)
    if config.training.init_from is not None:
        begin_from(copy.deepcopy(network), config.training.init_from, config.training.seeds[0])
    return _remarks(config, methods, roles)


def _check_selection(config: ExperimentConfig, roles: Roles) -> None:
    """Refuse to choose weights by labels that are not there, or may not be seen."""
    if config.selection == "oracle" and roles.target is None:
        raise UserError("oracle needs a target domain, by whose labels it chooses", where="selection")
    if config.selection == "oracle" and len(roles.labelled_rows("target", "valid")) == 0:
        raise UserError(
            f"oracle chooses by the target's validation labels, and {roles.target} has none",
            where="selection",
            fix="Take selection: source_validation.",
        )
    if config.selection == "oracle" and (lacking := _class_that_is_not(roles, "valid")):
        raise UserError(
            f"oracle chooses by the target's validation labels, and none of {roles.target} is {lacking}",
            where="selection",
            fix="Take selection: source_validation, or smaller blocks (data.split.block).",
        )
    if config.selection == "target_validation" and not len(roles.seen_rows("share", "valid")):
        raise UserError(
            "target_validation chooses by the share of the target's labels that may be seen, which is 0",
            where="selection",
            fix="Say which: data.labels: {target: 0.1}, or take selection: source_validation.",
        )
    if config.data.split.deal == "target" and config.selection not in ("oracle", "target_validation"):
        raise UserError(
            f"{config.selection} needs validation rows of the sources, and data.split.deal: target leaves none",
            where="selection",
            fix="Take selection: oracle, as published protocols do, or data.split.deal: all.",
        )


def _class_that_is_not(roles: Roles, part: Literal["train", "valid"]) -> str | None:
    """Return a class that no label of the target has in a part, in any binary task."""
    dataset = roles.dataset
    labels = dataset.labels_float(roles.labelled_rows("target", part))
    labels = labels[:, [task.kind == "binary" for task in dataset.spec.tasks]]
    if not labels.shape[1]:
        return None
    return next((name for name, value in (("positive", 1), ("negative", 0)) if not (labels == value).any()), None)


def _check_processes(config: ExperimentConfig) -> None:
    """Refuse what several processes cannot do, and periodic averages without them."""
    training = config.training
    if training.sync_every > 1 and training.processes == 1:
        raise UserError(
            f"weights averaged every {training.sync_every} steps need several processes",
            where="training.sync_every",
            fix="Say how many: training.processes: 2, or cislearn train --processes 2.",
        )
    if training.processes > 1 and training.precision == "16-mixed":
        raise UserError(
            "16-mixed scales the gradients of each process by itself",
            where="training.precision",
            fix="Take bf16-mixed.",
        )


def _check_batches(config: ExperimentConfig, network: Network) -> None:
    """Refuse batches and pieces of too few rows for a mean or a variance over them."""
    training = config.training
    if training.accumulate > max(1, training.batch_size // FEWEST):
        raise UserError(
            f"a batch of {training.batch_size} cut into {training.accumulate} pieces leaves some a single row",
            where="training.accumulate",
            fix=f"Take {max(1, training.batch_size // FEWEST)} or fewer.",
        )
    has_norm = any(isinstance(part, _BatchNorm) for part in network.modules())
    if training.batch_size < FEWEST and has_norm and training.train_only != "head":
        raise UserError(
            "batch norm needs two rows or more, and a batch has one",
            where="training.batch_size",
            fix="Take a greater one, or an encoder without batch norm.",
        )


def _check_margin(config: ExperimentConfig, spec: DataSpec) -> None:
    """Refuse to move windows to where their profiles are not known."""
    shift, turns = config.training.max_shift, config.model.reverse_complement.train == "augment"
    beyond = shift + (turns and any(task.rc == "flip_and_shift" for task in spec.profiles))
    if spec.profiles and beyond > spec.margin:
        raise UserError(
            f"windows move by up to {shift} bp, and {beyond} bp beyond them their profiles must be known;"
            f" {spec.margin} bp are",
            where="training.max_shift",
            fix=f"Prepare the data with --margin {beyond}, or move windows less.",
        )


def _check_augmentation(config: AugmentConfig, spec: DataSpec) -> None:
    """Refuse changes that leave little of a window, and those that move its bases away from what lies along it."""
    augmentation = Augmentation(**config.model_dump(exclude={"until"}))
    for name in augmentation.moving:
        where = f"training.augment.{name}"
        if getattr(config, name) > spec.length // 2:
            fix = f"Take {spec.length // 2} or less."
            raise UserError(
                f"{getattr(config, name)} bp are more than half of windows of {spec.length} bp", where=where, fix=fix
            )
        along = [*(track.name for track in spec.tracks), *(t.name for t in spec.tasks if t.kind == "profile")]
        if along:
            raise UserError(
                f"{name} moves bases along the window, and {along[0]} stays where it is",
                where=where,
                fix="Take mutate alone, or leave tracks out (data.tracks: false).",
            )


def _remarks(config: ExperimentConfig, methods: Sequence[Method], roles: Roles) -> list[str]:
    found, training, margin = [], config.training, roles.dataset.spec.margin
    share = config.data.labels.target
    if share > 0 and not any(method.sees_share(config.selection) for method in methods):
        found.append(
            f"{100 * share:g} % of the target's labels may be seen (data.labels.target), and no method here learns from"
            " them; source_and_target does, and simple models do"
        )
    if training.max_shift > max(margin, roles.dataset.spec.length // FEW_BASES):
        found.append(
            f"windows move by up to {training.max_shift} bp and have a margin of {margin}: their ends become N;"
            f" prepare --margin {training.max_shift} stores the bases"
        )
    n_labelled = len(roles.labelled_rows("sources", "train"))
    if training.batch_size > n_labelled:
        found.append(
            f"a batch holds the {n_labelled:,} labelled training rows that there are, not {training.batch_size:,}"
        )
    is_weighed = any(method.options.get("class_weights") for method in config.methods)
    if training.accumulate > 1 and (len(roles.dataset.spec.tasks) > 1 or is_weighed):
        found.append(
            "each piece of a batch averages over its own labels: where some are absent, or classes have weights, the"
            " gradient is not quite that of the whole batch"
        )
    return found
