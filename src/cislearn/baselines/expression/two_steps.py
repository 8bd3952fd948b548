"""Both ridges, one after the other: what promoter and regulators say of a new gene in a new condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from jaxtyping import Float64

from cislearn.baselines.expression.fit import Inputs, Setting
from cislearn.baselines.expression.promoter_ridge import PromoterRidge
from cislearn.baselines.expression.regulator_ridge import RegulatorRidge


class TwoSteps:
    """The genes seen are carried to all conditions by the regulators, then all genes are told by their promoters.

    Two-step kernel ridge regression (Stock et al. 2018): linear in the products of a word and a regulator, as the
    tensor product of DeepREG is in those of a filter and a regulator.
    """

    name = "two-step ridge"
    settings: tuple[Setting, ...] = tuple((r, p) for r in (30.0, 100.0, 300.0) for p in (1e4, 3e4, 1e5))
    """Penalties of regulators and of promoters."""

    def complete(
        self, seen: Float64[np.ndarray, "g c"], inputs: Inputs, settings: Sequence[Setting]
    ) -> Iterator[Float64[np.ndarray, "g c"]]:
        """Predict every pair."""
        is_seen = ~np.isnan(seen).all(axis=1)
        for penalty, group in groupby(settings, key=lambda setting: setting[0]):
            (carried,) = RegulatorRidge().complete(seen, inputs, [(penalty,)])
            promoters = [(setting[1],) for setting in group]
            yield from PromoterRidge().complete(np.where(is_seen[:, None], carried, np.nan), inputs, promoters)
