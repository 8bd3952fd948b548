"""Regulators from the one that is worth most to the one that is worth least, beside the ranks that were published."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from io import StringIO

import numpy as np
import pandas as pd
from jaxtyping import Float64
from scipy.stats import rankdata


def published_rankings() -> pd.DataFrame:
    """Return DeepREG's three lists of ten: columns regulator, name, and the rank in each list, absent beyond ten."""
    text = (resources("cislearn.explain.expression") / "published_rankings.tsv").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text), sep="\t", comment="#")


def ranking(totals: Float64[np.ndarray, "runs r"], regulators: Sequence[str]) -> pd.DataFrame:
    """Rank regulators by what they are worth in each run.

    Parameters
    ----------
    totals : ndarray, shape (runs, regulators), float64
        Mean absolute contribution over genes and conditions, in log2.
    regulators : list of str
        Names.

    Returns
    -------
    DataFrame
        By the mean over runs: ``regulator``, ``rank``, the best and the worst rank of a run, ``worth`` and its standard
        deviation over runs (absent for one), and the published ranks (``published_*``) with the common ``name``.
    """
    ranks = rankdata(-totals, axis=1, method="min").astype(np.int64)
    mean = totals.mean(axis=0)
    table = pd.DataFrame(
        {
            "regulator": list(regulators),
            "rank": rankdata(-mean, method="min").astype(np.int64),
            "best_rank": ranks.min(axis=0),
            "worst_rank": ranks.max(axis=0),
            "worth": mean,
            "sd": totals.std(axis=0, ddof=1) if len(totals) > 1 else np.nan,
        }
    )
    published = published_rankings().rename(columns={each: f"published_{each}" for each in _LISTS})
    table = table.merge(published.astype({f"published_{each}": "Int64" for each in _LISTS}), how="left", on="regulator")
    return table.sort_values("rank", kind="stable", ignore_index=True)


_LISTS = ("classes", "log_ratios", "draft")
