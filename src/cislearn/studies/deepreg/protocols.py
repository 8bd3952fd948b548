"""Protocols of the study: which labels count, which models go with which split, and what intervals draw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int64

from cislearn.baselines.expression import (
    Additive,
    Completion,
    ConditionMean,
    Constant,
    GeneMean,
    LowRank,
    PromoterRidge,
    RegulatorRidge,
    TwoSteps,
)
from cislearn.data.expression.splits import Groups


class Protocol(NamedTuple):
    """What is done with absent labels and with a gene's own regulator.

    Parameters
    ----------
    fill : bool
        Whether an absent label is taken for 0, no change: trained on and scored like one that was measured.
    own : {"masked", "kept"}
        Whether the expression of a gene that is a regulator is among its own inputs.
    """

    fill: bool
    own: str

    def labels(self, measured: Float32[np.ndarray, "g c"]) -> Float32[np.ndarray, "g c"]:
        """Return the labels that are trained on and scored; NaN where there is none."""
        return np.nan_to_num(measured) if self.fill else measured


PROTOCOLS = {"measured": Protocol(fill=False, own="masked"), "published": Protocol(fill=True, own="kept")}

_NEW_CONDITION: tuple[type[Completion], ...] = (Constant, GeneMean, RegulatorRidge)
_NEW_GENE: tuple[type[Completion], ...] = (Constant, ConditionMean, PromoterRidge)
MODELS: dict[str, tuple[type[Completion], ...]] = {
    "pair": (Constant, ConditionMean, GeneMean, Additive, LowRank),
    "condition": _NEW_CONDITION,
    "series": _NEW_CONDITION,
    "gene": _NEW_GENE,
    "both": (Constant, TwoSteps),
    "conditions in file order": _NEW_CONDITION,
    "genes in file order": _NEW_GENE,
}
"""The simple models that can say something of what a split holds out."""


def units(split: str, groups: Groups) -> Int64[np.ndarray, "g c"]:
    """Give each pair what intervals draw whole: that of which a new one comes next time.

    Clusters of genes, or series; single conditions where these are split, or in file order, which holds out few series.
    """
    shape = len(groups.genes), len(groups.conditions)
    if split in ("series", "both"):
        return np.broadcast_to(groups.conditions, shape)
    if split in ("condition", "conditions in file order"):
        return np.broadcast_to(np.arange(shape[1]), shape)
    return np.broadcast_to(groups.genes[:, None], shape)
