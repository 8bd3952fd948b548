"""What a network of two towers is made of, and the published ones by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cislearn.errors import UserError, nearest
from cislearn.models.two_towers.merges import JOINTS, Merge
from cislearn.models.two_towers.promoters import BRANCHES, Branch
from cislearn.models.two_towers.recurrent import Recurrent
from cislearn.models.two_towers.words import WordsAndGene
from cislearn.registry import check_options
from cislearn.schema import CALLS

WORDS_AND_GENE = "words_and_gene"
ALL_BRANCHES: dict[str, type[Branch]] = {**BRANCHES, WORDS_AND_GENE: WordsAndGene}
"""Branches of the promoter by name."""
MERGES: dict[str, type[Merge]] = {**JOINTS, "recurrent": Recurrent}
"""Merges by name."""


@dataclass(frozen=True)
class Design:
    """The parts of a network.

    Parameters
    ----------
    promoter, promoter_options
        A branch of ``ALL_BRANCHES`` and its options.
    regulators : list of int
        Units of dense layers on the regulators; none for the regulators as they are.
    regulators_linear : bool
        Whether the last of them has no ReLU.
    regulator_dropout, input_dropout : float
        Share hidden after each of them but the last one, and of the regulators themselves.
    merge, merge_options
        A merge of ``MERGES`` and its options.
    hidden : list of int
        Units of the dense layers behind it.
    dropouts : list of float
        Share hidden after each of these.
    norm : bool
        Whether these are normalised.
    columns : int
        1 for a log ratio, 3 for calls of down, base and up.
    """

    promoter: str = "convolutions"
    promoter_options: Mapping[str, Any] = field(default_factory=dict)
    regulators: Sequence[int] = ()
    regulators_linear: bool = False
    regulator_dropout: float = 0.0
    input_dropout: float = 0.0
    merge: str = "tensor_product"
    merge_options: Mapping[str, Any] = field(default_factory=dict)
    hidden: Sequence[int] = (512, 512)
    dropouts: Sequence[float] = (0.5, 0.5)
    norm: bool = False
    columns: int = 1

    def branch(self, length: int, genes: int) -> Branch:
        """Return a new branch of promoters.

        Raises
        ------
        UserError
            Where there is none of that name or option, or promoters are too short for it.
        """
        kind = _named("promoter branch", self.promoter, ALL_BRANCHES, self.promoter_options)
        try:
            return kind(length, genes, **self.promoter_options)
        except ValueError as error:
            raise UserError(
                f"promoters of {length:,} bp do not fit: {error}",
                where=f"promoter branch {self.promoter}",
                fix="Make the dataset with longer promoters (1,000 bp as published), or take another network.",
            ) from error

    def joint(self, features: int, width: int, units: int) -> Merge:
        """Return a new merge of `features` of the promoter and `width` of the regulators.

        Raises
        ------
        UserError
            Where there is none of that name or option, or it cannot join these.
        """
        kind = _named("merge", self.merge, MERGES, self.merge_options)
        try:
            return kind(features, width, units, **self.merge_options)
        except ValueError as error:
            raise UserError(str(error), where=f"merge {self.merge}") from error


def design_of(name: str, *, classes: bool = False) -> Design:
    """Return a design by name, with a head for log ratios or for the three calls.

    Raises
    ------
    UserError
        Where there is none; says the nearest.
    """
    if name not in DESIGNS:
        raise UserError(f"network {name!r} is not known{nearest(name, DESIGNS)}", fix=f"Known: {', '.join(DESIGNS)}.")
    return replace(DESIGNS[name], columns=len(CALLS)) if classes else DESIGNS[name]


def _named(what: str, name: str, known: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    if name not in known:
        raise UserError(f"{what} {name!r} is not known{nearest(name, known)}")
    check_options(known[name], options, what=f"{what} {name}")
    return known[name]


_THREE = (512, 512, 512)
_ONCE = (0.0, 0.5)
"""Dropout after the second dense layer alone."""


def _recurrent(cell: str, pool: int, *, same: bool = False, hidden: Sequence[int] = (512,)) -> Design:
    return Design(
        promoter_options={"pools": (pool,), "same": same, "keep_steps": True},
        merge="recurrent",
        merge_options={"cell": cell},
        hidden=hidden,
        dropouts=(0.5,) * len(hidden),
    )


DESIGNS: dict[str, Design] = {
    "factors": Design(
        promoter=WORDS_AND_GENE,
        regulators=(164,),
        regulators_linear=True,
        merge="product",
        hidden=(),
        dropouts=(),
        input_dropout=0.1,
    ),
    "tensor_product": Design(),
    "greatest_product": Design(merge="greatest_product"),
    "small_filters": Design(
        promoter_options={"filters": (256, 128), "widths": (19, 11), "pools": (4, 4)},
        regulators=_THREE,
        merge="concatenation",
        dropouts=_ONCE,
    ),
    "two_layers": Design(
        promoter_options={
            "filters": (32, 256),
            "widths": (100, 15),
            "pools": (1, 1),
            "strides": (4, 4),
            "relu": False,
        },
        regulators=_THREE,
        merge="concatenation",
        dropouts=_ONCE,
    ),
    "basset": Design(
        promoter_options={"filters": (300, 200, 200), "widths": (19, 11, 7), "pools": (3, 4, 4), "norm": True},
        regulators=_THREE,
        regulator_dropout=0.5,
        merge="concatenation",
    ),
    "concatenation_15": Design(
        promoter_options={"pools": (15,), "same": True}, regulators=(512,), merge="concatenation"
    ),
    "concatenation": Design(
        promoter_options={"pools": (16,), "pool_stride": 14}, regulators=(512,), merge="concatenation"
    ),
    "equivariant": Design(
        promoter="equivariant", regulators=(512,), merge="concatenation", dropouts=(0.0, 0.0), norm=True
    ),
    "lstm": _recurrent("lstm", 15),
    "lstm_982": _recurrent("lstm", 982),
    "gru_15": _recurrent("gru", 15),
    "gru_100": _recurrent("gru", 100, same=True, hidden=(512, 512)),
    "gru_491": _recurrent("gru", 491, same=True),
    "gru_982": _recurrent("gru", 982),
    "lstm_outer": Design(
        promoter_options={"filters": (128,), "widths": (20,), "pools": (15,), "keep_steps": True},
        merge="recurrent",
        merge_options={"cell": "lstm", "state": 32, "joint": "tensor_product"},
        hidden=(512,),
        dropouts=(0.5,),
    ),
}
"""Ours, ``factors``, and the published networks (DeepREG: lab note, code and NIPS draft)."""
