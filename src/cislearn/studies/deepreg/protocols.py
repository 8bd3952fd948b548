"""Protocols of the study: which labels count, which models go with which split, and what intervals draw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

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
