"""Features in a plane: what the report draws of a network."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.experiment.diagnosing.looked_at import Features, draw_rows

MOST_DRAWN = 250
"""Windows of either side in a picture: enough to see, few enough to send."""


def picture(test: Features, labels: Float[np.ndarray, " n"], calls: Float[np.ndarray, " n"]) -> pd.DataFrame:
    """Return rows of ``features.parquet``: is_target, x, y, label, call; the first two principal components.

    They are of the sources' and the target's windows together, each side counting the same, and of this network alone:
    the features of two networks have nothing in common that could be laid along one axis.

    Parameters
    ----------
    test : Features
        Of test rows, standardised.
    labels, calls : ndarray, shape (n,)
        Of these rows, NaN where absent.
    """
    from sklearn.decomposition import PCA

    kept = np.concatenate([draw_rows(np.flatnonzero(test.is_target == side), MOST_DRAWN) for side in (False, True)])
    plane = PCA(2, random_state=0).fit(_evenly(test)).transform(test.values[kept])
    columns = {"is_target": test.is_target[kept], "x": plane[:, 0], "y": plane[:, 1]}
    return pd.DataFrame(columns | {"label": labels[kept], "call": calls[kept]}).astype({"x": "f4", "y": "f4"})


def _evenly(test: Features) -> Float[np.ndarray, "n f"]:
    """As many rows of either side."""
    sides = [np.flatnonzero(test.is_target == side) for side in (False, True)]
    fewest = min(map(len, sides))
    return test.values[np.concatenate([draw_rows(side, fewest) for side in sides])]
