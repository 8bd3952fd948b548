"""One network of two towers trained on a fold of a dataset of expression: to a folder, and back to a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32, Float64

from cislearn.atomic import refuse_taken, the_only_one_in
from cislearn.baselines.expression import Additive, ConditionMean, GeneMean, Inputs, predict_fold
from cislearn.data.dataset import Dataset, read_dataset
from cislearn.data.expression.ablations import ABLATIONS, without_promoters
from cislearn.data.expression.blocks import Block
from cislearn.data.expression.groups import drawn, groups_of, split_remarks, units
from cislearn.data.expression.new import NewPairs, read_new_pairs
from cislearn.data.expression.regulators import Regulators, regulators_of
from cislearn.data.expression.splits import SPLITS, Fold, Groups, refuse_few
from cislearn.engine.devices import Device
from cislearn.errors import UserError, nearest
from cislearn.evaluation.expression import expression_scores
from cislearn.evaluation.worst import find_worst
from cislearn.experiment.claim import with_options
from cislearn.experiment.expression_run import refuse_ablation
from cislearn.experiment.partial import claim_partial, finish_partial
from cislearn.models.two_towers import Design, TwoTowers, design_of
from cislearn.models.two_towers.design import WORDS_AND_GENE
from cislearn.models.two_towers.saving import CARD, TowersCard, load_towers, save_towers
from cislearn.objectives.expression import pair_loss
from cislearn.prediction.two_towers import predict_block
from cislearn.progress import Progress, silent
from cislearn.reports.expression import write_expression_report
from cislearn.runs import RunFolder
from cislearn.tables import write_table
from cislearn.training.two_towers import Fitted, fit_towers
from cislearn.training.two_towers.head_start import begin_with_ridge
from cislearn.training.two_towers.plan import Plan, Sampler, recipe_of

SCORES = "scores.tsv"
CHECKPOINTS = ("last.ckpt", "refit.ckpt")
"""Of the training that validation stops, and of the one that sees its labels."""
MEANS = (ConditionMean, GeneMean, Additive)
"""Simple models that are fitted in a moment: each is in the report of a run, which says by how much it is beaten."""
IDENTITY = "gene identity"
"""The ablation that is a network of its own: a vector a gene in the place of its promoter."""


class Trained(NamedTuple):
    """A network, how it was trained, and what it says of all pairs."""

    network: TwoTowers
    fitted: Fitted
    predicted: Float32[np.ndarray, "g c columns"]


@dataclass(frozen=True)
class Materials:
    """What all trainings on a dataset share.

    Parameters
    ----------
    dataset : Dataset
        Of expression.
    regulators : Regulators
        Of its conditions.
    groups : Groups
        What is not torn apart.
    block : Block
        All genes and conditions.
    labels : ndarray, shape (genes, conditions), float32
        NaN where absent.
    """

    dataset: Dataset
    regulators: Regulators
    groups: Groups
    block: Block
    labels: Float32[np.ndarray, "g c"]

    @classmethod
    def of(cls, dataset: Dataset, *, own: str = "masked") -> Materials:
        """Gather them; a gene's own regulator is ``masked`` or ``kept``."""
        regulators = regulators_of(dataset)
        labels = dataset.labels_float(np.arange(len(dataset)))
        return cls(dataset, regulators, groups_of(dataset), Block.of(dataset, regulators, own=own), labels)

    def some_genes(self, share: float) -> Materials:
        """Return a share of the genes, the same ones each time."""
        n = len(self.labels)
        rows = np.sort(np.random.default_rng(0).permutation(n)[: max(1, round(share * n))])
        block = self.block.part(torch.from_numpy(rows), torch.arange(self.labels.shape[1]))
        block = replace(block, genes=torch.arange(len(rows)))
        groups = Groups(self.groups.genes[rows], self.groups.conditions)
        regulators = replace(self.regulators, own=self.regulators.own[rows])
        return Materials(self.dataset, regulators, groups, block, self.labels[rows])

    def folds(self, split: str, seed: int = 0) -> list[Fold]:
        """Return the folds of a split by its name.

        Raises
        ------
        UserError
            Where there is none of that name, or too few of what it parts (`refuse_few`).
        """
        if split not in SPLITS:
            raise UserError(f"split {split!r} is not known{nearest(split, SPLITS)}", fix=f"Known: {', '.join(SPLITS)}.")
        folds = SPLITS[split](self.groups, seed)
        refuse_few(split, folds, self.groups, ~np.isnan(self.labels))
        return folds


def train_on_fold(
    materials: Materials,
    fold: Fold,
    network: str,
    plan: Plan,
    device: torch.device,
    *,
    ablation: str | None = None,
    classes: bool = False,
    checkpoints: Path | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train a network on the labels that a fold lets be seen, stopped by its validation pairs; test labels are absent.

    With a folder of `checkpoints` it goes on where a killed training of the same arguments stood.

    Raises
    ------
    UserError
        As `what_is_trained`, and where a checkpoint cannot be read.
    """
    design, block = what_is_trained(materials, network, ablation=ablation, classes=classes)
    seen, judged = (block.seeing(materials.labels, mask) for mask in (fold.train, fold.valid))
    errors = {each: _begun(design, seen, plan, each, judged)[1] for each in plan.penalties}
    penalty = min(errors, key=errors.__getitem__) if errors else None
    made, _ = _begun(design, seen, plan, penalty)
    first, again = (None if checkpoints is None else checkpoints / name for name in CHECKPOINTS)
    fitted = fit_towers(made, seen, judged, plan, device, checkpoint=first, progress=progress)
    if plan.refit:
        progress(f"once more for {fitted.epoch} epochs, with the validation pairs")
        seen = block.seeing(materials.labels, fold.refit)
        made, _ = _begun(design, seen, plan, penalty)
        fit_towers(made, seen, None, plan, device, until=fitted.epoch, checkpoint=again, progress=progress)
    return Trained(made, fitted, predict_block(made.to(device), block, device).numpy())


def what_is_trained(
    materials: Materials, network: str, *, ablation: str | None = None, classes: bool = False
) -> tuple[Design, Block]:
    """Return the design and what it reads, with that taken away which an ablation names.

    Raises
    ------
    UserError
        Where the network or the ablation is not known, or the network does not fit the promoters.
    """
    known = [*ABLATIONS, IDENTITY]
    if ablation is not None and ablation not in known:
        raise UserError(f"ablation {ablation!r} is not known{nearest(ablation, known)}")
    design, block = design_of(network, classes=classes), materials.block
    if ablation == IDENTITY and design.promoter == WORDS_AND_GENE:
        block = without_promoters(block)  # what is left of that branch is the gene's own vector
    elif ablation == IDENTITY:
        design = replace(design, promoter="gene", promoter_options={})
    elif ablation is not None:
        block = ABLATIONS[ablation](block)
    design.branch(block.tokens.shape[1], len(block.genes))
    return design, block


def _begun(
    design: Design, seen: Block, plan: Plan, penalty: float | None, judged: Block | None = None
) -> tuple[TwoTowers, float]:
    """Return a network with its first weights, and its error on the pairs that it is judged by."""
    torch.manual_seed(plan.seed)
    length, regulators = seen.tokens.shape[1], seen.regulators.shape[1]
    network = TwoTowers(design, length=length, regulators=regulators, genes=len(seen.genes))
    if penalty is not None:
        begin_with_ridge(network, seen, penalty)
    if judged is None:
        return network, float("nan")
    return network, float(pair_loss(predict_block(network, judged, torch.device("cpu")), judged.labels))


def log_ratios(predicted: Float32[np.ndarray, "g c columns"]) -> Float64[np.ndarray, "g c"]:
    """Return log ratios; of classes -1, 0 or 1 for down, base and up, which are called as they are."""
    if predicted.shape[2] == 1:
        return predicted[:, :, 0].astype(np.float64)
    return predicted.argmax(axis=2).astype(np.float64) - 1


def fold_scores(
    materials: Materials, fold: Fold, split: str, predicted: Float32[np.ndarray, "g c columns"]
) -> Iterator[Mapping[str, object]]:
    """Rows of metric, estimate, low, high and n over the tested pairs that have a label; of classes accuracy alone."""
    tested = fold.test & ~np.isnan(materials.labels)
    unit = units(split, materials.groups)[tested]
    found = expression_scores(materials.labels[tested], log_ratios(predicted)[tested], unit)
    for metric, score in found.items():
        if predicted.shape[2] == 1 or metric == "accuracy":
            yield {
                "metric": metric,
                "estimate": score.value,
                "low": score.low,
                "high": score.high,
                "n": int(tested.sum()),
            }


def express(
    data: Path,
    out: Path,
    *,
    network: str,
    split: str,
    fold: int = 0,
    seed: int = 0,
    epochs: int | None = None,
    learning_rate: float | None = None,
    ablation: str | None = None,
    classes: bool = False,
    own: str = "masked",
    batches: Sampler = "blocks",
    overwrite: bool = False,
    device: Device,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Train one network on one fold; write its folder, return its scores.

    The folder holds the model, its card with plan and history, ``scores.tsv``, and of log ratios ``report.html`` and
    ``worst_genes.tsv``, ``worst_conditions.tsv``, ``worst_pairs.tsv``. While it is trained it is called
    ``NAME.partial``: a training that was killed goes on from there, and one of other arguments is begun again.

    Raises
    ------
    UserError
        Where something is not known or does not fit, or another process is at work in the folder.
    """
    design_of(network)  # before the dataset is read
    materials = Materials.of(read_dataset(data), own=own)
    folds = materials.folds(split)
    if not 0 <= fold < len(folds):
        raise UserError(f"there is no fold {fold} of {split!r}, which has {len(folds)}, from 0", where="--fold")
    plan = replace(recipe_of(network, batches), seed=seed)
    plan = plan if epochs is None else replace(plan, epochs=epochs)
    if learning_rate is not None:
        plan = replace(plan, optimiser=replace(plan.optimiser, learning_rate=learning_rate))
    what_is_trained(materials, network, ablation=ablation, classes=classes)  # refused before there is a folder
    remarks = split_remarks(split, materials.groups)
    for remark in remarks:
        progress(f"note: {remark}")
    refuse_taken(out, marker=CARD, overwrite=overwrite)
    asked = {"network": network, "split": split, "fold": fold, "ablation": ablation, "classes": classes, "own": own}
    folder, on = RunFolder(out), {"plan": asdict(plan), "series": materials.groups.conditions.tolist()}
    with the_only_one_in(folder.partial):
        if claim_partial(folder.partial, with_options(materials.dataset.hash, asked | on)):
            progress("a partial run of another configuration was there: begun again")
        trained = train_on_fold(
            materials,
            folds[fold],
            network,
            plan,
            device.torch,
            ablation=ablation,
            classes=classes,
            checkpoints=folder.partial,
            progress=progress,
        )
        scores = pd.DataFrame(list(fold_scores(materials, folds[fold], split, trained.predicted)))
        tested = folds[fold].test & ~np.isnan(materials.labels)
        scores = scores.assign(units=len(np.unique(units(split, materials.groups)[tested])), of=drawn(split))
        write_table(folder.partial / SCORES, scores)
        if not classes:
            asked_for = {"Network": network, "Split": split, "Fold": str(fold), "Ablation": ablation or ""}
            progress("the report")
            _report(folder.partial, out.name, materials, folds[fold], trained, scores, asked_for, remarks)
        extra = {
            "dataset": materials.dataset.hash,
            "split": split,
            "fold": fold,
            "ablation": ablation,
            "device": str(device),
            "plan": asdict(plan),
            "epoch": trained.fitted.epoch,
            "history": trained.fitted.history,
        }
        length, genes = materials.block.tokens.shape[1], len(materials.block.genes)
        card = TowersCard(network, trained.network.design, length, genes, materials.regulators.names, own, extra)
        save_towers(folder.partial, trained.network, card)
        finish_partial(folder, replace=overwrite)
        return scores


def _report(
    folder: Path,
    title: str,
    materials: Materials,
    fold: Fold,
    trained: Trained,
    scores: pd.DataFrame,
    asked: Mapping[str, str],
    remarks: Sequence[str],
) -> None:
    """Write the page of a run, with the means that it has to beat, and what it misses most as tables."""
    inputs = Inputs(np.zeros((len(materials.labels), 0)), materials.regulators)
    tables = [scores.assign(model=asked["Network"])]
    for kind in MEANS:
        values = predict_fold(kind(), materials.labels, fold, inputs).values.astype(np.float32)
        found = fold_scores(materials, fold, asked["Split"], values[:, :, None])
        tables.append(pd.DataFrame(list(found)).assign(model=kind.name, units=scores["units"][0], of=scores["of"][0]))
    tested, predicted = fold.test & ~np.isnan(materials.labels), log_ratios(trained.predicted)
    rows = materials.block.genes.numpy()
    genes = materials.dataset.loci["name"].iloc[rows].tolist()
    conditions = [task.name for task in materials.dataset.spec.tasks]
    worst = find_worst(materials.labels, predicted, tested, genes, conditions)
    for name, table in worst._asdict().items():
        write_table(folder / f"worst_{name}.tsv", table)
    write_expression_report(
        folder,
        scores=pd.concat(tables, ignore_index=True),
        history=trained.fitted.history,
        kept=trained.fitted.epoch,
        worst=worst,
        observed=materials.labels[tested],
        predicted=predicted[tested],
        facts={name: value for name, value in asked.items() if value},
        title=title,
        remarks=remarks,
    )


def predict_new(run: Path, promoters: Path, conditions: Path, device: torch.device) -> tuple[pd.DataFrame, NewPairs]:
    """Predict new promoters under new conditions: a row a promoter, a column a condition.

    Log ratios, or calls of a network of classes. The second value tells what was missing.

    Raises
    ------
    UserError
        Where the folder holds no network, the network is an ablation, or the files do not fit it.
    """
    network, card = load_towers(run)
    refuse_ablation(card, run / CARD)
    wanted = read_new_pairs(promoters, conditions, length=card.length, regulators=card.regulators, own=card.own)
    values = log_ratios(predict_block(network.to(device), wanted.block, device).numpy())
    table = pd.DataFrame(values, columns=wanted.conditions)
    table.insert(0, "gene", wanted.genes)
    return table, wanted
