"""Scores of every simple model under every split and protocol, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float32

from cislearn.baselines.expression import Completion, Inputs, predict_fold
from cislearn.baselines.expression.promoter_ridge import WORD
from cislearn.data.dataset import Dataset
from cislearn.data.expression.groups import groups_of, units
from cislearn.data.expression.regulators import regulators_of
from cislearn.data.expression.splits import SPLITS, Fold, seen_in_training
from cislearn.evaluation.expression import CALLS, confusion, expression_scores
from cislearn.progress import Progress, silent
from cislearn.sequence.composition import count_words
from cislearn.studies.deepreg.protocols import MODELS, PROTOCOLS

COLUMNS = ("protocol", "split", "model", "metric", "estimate", "low", "high", "n", "settings")
SPLIT_ITSELF = "-"
"""The model of rows that are about a split: what of its tested pairs was trained on."""
VALIDATION, OTHER_GENES = "validation MSE", "MSE of other genes"
"""The mean over folds before the last fit, and what is left when regulators are not scored."""
SEED = 0


def score_everything(data: Dataset, progress: Progress = silent) -> pd.DataFrame:
    """Fit and score the simple models on a dataset of expression.

    Returns
    -------
    DataFrame
        ``COLUMNS``: a row a metric; interval and settings (those chosen, a fold each) where there are some.
    """
    genes = np.arange(len(data))
    tokens = data.sequences.gather(genes)
    groups = groups_of(data)
    inputs, measured = Inputs(count_words(tokens, WORD), regulators_of(data)), data.labels_float(genes)
    rows = []
    for protocol, rules in PROTOCOLS.items():
        for split, models in MODELS.items():
            folds = SPLITS[split](groups, SEED)
            place = {"protocol": protocol, "split": split}
            for name, share in seen_in_training(folds, groups)._asdict().items():
                rows.append({**place, "model": SPLIT_ITSELF, "metric": f"{name} seen", "estimate": share})
            for model in models:
                progress(f"{protocol}, {split}: {model.name}")
                found = _scores(
                    model(), rules.labels(measured), folds, inputs._replace(own=rules.own), units(split, groups)
                )
                rows += [{**place, "model": model.name, **row} for row in found]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _scores(
    model: Completion, labels: Float32[np.ndarray, "g c"], folds: list[Fold], inputs: Inputs, unit: np.ndarray
) -> Iterator[Mapping[str, object]]:
    """Rows of a model, over the pairs that any fold tests."""
    predicted, chosen, errors = np.full(labels.shape, np.nan), [], []
    for fold in folds:
        found = predict_fold(model, labels, fold, inputs)
        predicted[fold.test] = found.values[fold.test]
        chosen.append("/".join(f"{value:g}" for value in found.setting))
        errors.append(found.valid_error)
    tested = ~np.isnan(predicted) & ~np.isnan(labels)
    shared = {"n": int(tested.sum()), "settings": " ".join(chosen).strip()}
    for metric, score in expression_scores(labels[tested], predicted[tested], unit[tested]).items():
        yield {"metric": metric, "estimate": score.value, "low": score.low, "high": score.high, **shared}
    others = tested & (inputs.regulators.own < 0)[:, None]
    left = expression_scores(labels[others], predicted[others], unit[others])["MSE"]
    n = int(others.sum())
    yield {"metric": OTHER_GENES, "estimate": left.value, "low": left.low, "high": left.high, **shared, "n": n}
    yield {"metric": VALIDATION, "estimate": float(np.mean(errors)), **shared}
    shares = confusion(labels[tested], predicted[tested])
    for true, row in zip(CALLS, shares, strict=True):
        for call, share in zip(CALLS, row, strict=True):
            yield {"metric": f"{true} called {call}", "estimate": float(share), **shared}
