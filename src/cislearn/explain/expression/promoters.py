"""What each base of a promoter is worth to the log ratio of its gene, and what of that is the position's alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Float64

from cislearn.data.expression.blocks import Block
from cislearn.errors import UserError
from cislearn.explain.attribute import Attributions, Attributor, one_after_the_other
from cislearn.explain.methods import Settings
from cislearn.models.two_towers import TwoTowers
from cislearn.models.two_towers.network import without_own
from cislearn.models.two_towers.promoters_alone import TASK, PromotersAlone
from cislearn.models.two_towers.words import WordsAndGene
from cislearn.progress import Progress, silent


def attribute_promoters(
    networks: Sequence[TwoTowers],
    block: Block,
    settings: Settings,
    *,
    device: torch.device | str = "cpu",
    progress: Progress = silent,
) -> Attributions:
    """Attribute the mean log ratio of each gene over the conditions of a block to the bases of its promoter.

    A gene that is a regulator and does not see itself is attributed so, by itself; all others go together.

    Parameters
    ----------
    networks : list of TwoTowers
        Of one design, of several seeds; the mean is taken, and its spread.
    block : Block
        Genes, and the conditions under which they are looked at: one, or several.
    settings : Settings
        Method and references.
    device, progress
        Where to compute; hears how far it is.

    Raises
    ------
    UserError
        Where promoters come in as counts of words, or sums of a method that promises them do not hold.
    """
    for network in networks:
        refuse_words(network)
    groups = [np.flatnonzero(block.own.numpy() == own) for own in np.unique(block.own.numpy())]
    pieces = []
    for number, rows in enumerate(groups):
        own = block.own[rows[:1]]
        seen = block.regulators if int(own) < 0 else without_own(block.regulators, own)[0]
        attribute = Attributor([PromotersAlone(each, seen) for each in networks], TASK, None, settings, device=device)
        pieces.append(attribute(block.tokens[torch.from_numpy(rows)].numpy(), number=number))
        progress("attributing promoters", sum(map(len, groups[: number + 1])), len(block.tokens))
    back = np.argsort(np.concatenate(groups), kind="stable")
    return Attributions(*(None if each is None else each[back] for each in one_after_the_other(pieces)))  # type: ignore[arg-type]


def refuse_words(network: TwoTowers) -> None:
    """Refuse a network to whose promoters no gradient leads.

    Raises
    ------
    UserError
        Where promoters come in as counts of words.
    """
    if isinstance(network.promoters, WordsAndGene):
        raise UserError(
            "counts words in promoters, which has neither filters nor a gradient at the bases",
            where="RUN",
            fix="Give a run of a network with convolutions: tensor_product, concatenation.",
        )


class ByPosition(NamedTuple):
    """What of attributions all genes have in common, and what is left of each."""

    mean: Float64[np.ndarray, " length"]
    """Over genes, at each position of the promoter."""
    left: Float32[np.ndarray, "g length"]
    """Of each gene when that mean is taken off."""


def by_position(projected: Float32[np.ndarray, "g 4 length"]) -> ByPosition:
    """Take the mean over genes off the attributions of each position.

    Promoters differ in their motifs and are alike in their composition along the way to the gene, so what their mean
    says is of position and background, not of any motif. DeepREG summed attributions over all genes and found such a
    pattern: positive about 730 to 960, negative about 970 to 1000.
    """
    worth = projected.sum(axis=1)
    mean = worth.mean(axis=0, dtype=np.float64)
    return ByPosition(mean, (worth - mean).astype(np.float32))
