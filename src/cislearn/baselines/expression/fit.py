"""How a simple model of expression is fitted: settings chosen on validation pairs, test labels never seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from jaxtyping import Float32, Float64, Shaped

from cislearn.data.expression.regulators import Regulators
from cislearn.data.expression.splits import Fold

Setting = tuple[float, ...]


class Inputs(NamedTuple):
    """What is known of every gene and condition, held out or not.

    Parameters
    ----------
    words : ndarray, shape (genes, words), float32
        Counts of short words in the promoters (`cislearn.sequence.composition.count_words`).
    regulators : Regulators
        Their expression in each condition.
    own : {"masked", "kept"}
        Whether a gene that is a regulator has its own expression among its inputs; it was kept where published.
    """

    words: Float32[np.ndarray, "g w"]
    regulators: Regulators
    own: str = "masked"


class Completion(Protocol):
    """A simple model: it completes the matrix of labels."""

    name: str
    settings: tuple[Setting, ...]
    """Among which one is chosen on validation pairs; one alone where there is nothing to choose."""

    def complete(
        self, seen: Float64[np.ndarray, "g c"], inputs: Inputs, settings: Sequence[Setting]
    ) -> Iterator[Float64[np.ndarray, "g c"]]:
        """Predict every pair under each of the `settings`, in their order.

        Parameters
        ----------
        seen : ndarray, shape (genes, conditions), float64
            Labels that may be seen; all others are NaN.
        inputs : Inputs
            Beside the labels.
        settings : list of tuple
            Some of the model's.
        """
        ...


class Prediction(NamedTuple):
    """Predictions of a fold, and how they came about.

    Parameters
    ----------
    values : ndarray, shape (genes, conditions), float64
        Of every pair, after the last fit.
    setting : tuple of float
        The one chosen.
    valid_error : float
        Mean squared error on the validation pairs, fitted without them.
    """

    values: Float64[np.ndarray, "g c"]
    setting: Setting
    valid_error: float


def predict_fold(model: Completion, labels: Shaped[np.ndarray, "g c"], fold: Fold, inputs: Inputs) -> Prediction:
    """Choose a setting by the error on validation pairs, then fit once more on all that the fold lets be seen."""
    first = np.where(fold.train, labels, np.nan).astype(np.float64)
    judged = fold.valid & ~np.isnan(labels)
    errors = [float(((p - labels)[judged] ** 2).mean()) for p in model.complete(first, inputs, model.settings)]
    setting = model.settings[int(np.argmin(errors))]
    last = np.where(fold.refit, labels, np.nan).astype(np.float64)
    (values,) = model.complete(last, inputs, [setting])
    return Prediction(values, setting, min(errors))
