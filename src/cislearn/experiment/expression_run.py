"""A run of `express` with the dataset that it was trained on, to be asked what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from cislearn.data.dataset import Dataset, read_dataset
from cislearn.data.expression.blocks import Block
from cislearn.data.expression.regulators import regulators_of
from cislearn.errors import UserError
from cislearn.genome.chromosomes import some_names
from cislearn.models.two_towers import TwoTowers
from cislearn.models.two_towers.saving import CARD, TowersCard, load_towers


class ExpressionRun(NamedTuple):
    """What there is of it.

    Parameters
    ----------
    network : TwoTowers
        On the CPU, in evaluation mode, with one column.
    dataset : Dataset
        Of expression.
    block : Block
        All its genes and conditions, as the network was trained to read them.
    genes, conditions, regulators : list of str
        Names.
    card : TowersCard
        Design, and how a gene's own regulator was read.
    """

    network: TwoTowers
    dataset: Dataset
    block: Block
    genes: list[str]
    conditions: list[str]
    regulators: list[str]
    card: TowersCard

    def places(self, names: Sequence[str]) -> list[int]:
        """Return where regulators stand among those that the network reads.

        Raises
        ------
        UserError
            Where one is none of them; says which are near.
        """
        place_of = {name: place for place, name in enumerate(self.regulators)}
        for name in names:
            if name not in place_of:
                near = get_close_matches(name, place_of, n=3)
                raise UserError(
                    f"{name!r} is none of the {len(place_of):,} regulators"
                    + (f"; did you mean {' or '.join(near)}?" if near else f" ({some_names(self.regulators)})"),
                    where="--regulator",
                    fix="Name it as the list of regulators did, of which the dataset was made.",
                )
        return [place_of[name] for name in names]


def read_expression_runs(folders: Sequence[Path], data: Path) -> list[ExpressionRun]:
    """Read runs of one network from several seeds, to be averaged.

    Raises
    ------
    UserError
        As `read_expression_run`; where one is named twice, or has another design or another reading of a gene's own
        regulator than the first.
    """
    runs = [read_expression_run(folder, data) for folder in folders]
    first = runs[0].card
    for number, (folder, run) in enumerate(zip(folders, runs, strict=True)):
        if folder.resolve() in [earlier.resolve() for earlier in folders[:number]]:
            raise UserError("is named twice", where=folder, fix="Name each run once.")
        if (run.card.design, run.card.own) != (first.design, first.own):
            raise UserError(
                f"is another network than {folders[0]}, or reads a gene's own regulator otherwise: they have no mean",
                where=folder,
                fix="Give runs of one network that differ in their seeds.",
            )
    return runs


def refuse_ablation(card: TowersCard, where: Path) -> None:
    """Refuse a network that was trained without a part of what it is to read now.

    Raises
    ------
    UserError
        Where it is an ablation.
    """
    if card.extra.get("ablation") is not None:
        raise UserError(
            f"is the ablation {card.extra['ablation']!r}: it did not read promoters and regulators as they are",
            where=where,
            fix="Give a run that was trained without --ablation.",
        )


def read_expression_run(run: Path, data: Path) -> ExpressionRun:
    """Read a run of log ratios and its dataset.

    Raises
    ------
    UserError
        Where the folder holds no network of expression, the network calls classes or is an ablation, or the dataset is
        another one than it was trained on.
    """
    network, card = load_towers(run)
    where = run / CARD
    if card.design.columns != 1:
        raise UserError("calls down, base and up, which have no log ratio", where=where, fix="Train without --classes.")
    refuse_ablation(card, where)
    dataset = read_dataset(data)
    if dataset.hash != card.extra["dataset"]:
        raise UserError(
            f"is another dataset than {run} was trained on",
            where=data,
            fix="Give the dataset that `express` was given.",
        )
    conditions = [task.name for task in dataset.spec.tasks]
    given = regulators_of(dataset)
    if list(given.names) != card.regulators:
        raise UserError(
            f"has other regulators than {run} was trained on, or in another order",
            where=data,
            fix="Give the dataset that `express` was given.",
        )
    block = Block.of(dataset, given, own=card.own)
    return ExpressionRun(network, dataset, block, dataset.loci["name"].tolist(), conditions, card.regulators, card)
