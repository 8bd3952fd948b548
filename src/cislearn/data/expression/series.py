"""Which conditions are of one series: a time course, or one comparison of strains, media or temperatures."""

from __future__ import annotations

from importlib.resources import files as resources
from io import StringIO

import numpy as np
import pandas as pd
from jaxtyping import Int64


def gasch_series() -> pd.DataFrame:
    """Return the series of each condition of Gasch et al. 2000: columns condition, series.

    An array is nearly the copy of the one before it in time, so a condition whose series was trained on is not new.
    Series are told by the names of the conditions; what stands alone is put where it is nearest: the three
    overexpressions together, sorbitol at steady state with its time course, 33 against 30 degrees with 29 to 33.
    """
    text = (resources("cislearn.data.expression") / "gasch_series.tsv").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text), sep="\t", comment="#")


def series_codes(conditions: list[str], series: pd.DataFrame) -> Int64[np.ndarray, " conditions"]:
    """Give each condition the number of its series; one that the table lacks is a series of its own."""
    known = dict(zip(series["condition"], series["series"], strict=True))
    return pd.factorize(np.array([known.get(name, f"{name} alone") for name in conditions], dtype=object))[0].astype(
        np.int64
    )
