"""The page of the study: by factor and seed, what the most influential filter is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cislearn.reports.numbers import DASH, decimal
from cislearn.studies.markdown import not_run, of_trial, table
from cislearn.studies.readings import estimate_cell
from cislearn.studies.study import Trial

ALL, PATTERNS = "all", "rank of patterns"
"""In the place of a seed: scores of the network over all of them. The metric of the patterns of attributions."""
HEAD = ("q", "by chance", "the factor's", "rank", "motifs")
"""Columns of a table of motifs after what the first one is called."""


def known_motifs_page(trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
    """Return a table of the networks, one of their filters, and what was not run."""
    parts = []
    if len(scores):
        rows = [row for trial in trials for row in scores[of_trial(scores, trial)].to_dict("records")]
        filters = [row for row in rows if row["seed"] != ALL]
        networks = [_network(row) for row in rows if row["metric"] == "AUROC"]
        patterns = [row for row in rows if row["metric"] == PATTERNS]
        first, first_pattern = (sum(bool(row["is_own"]) for row in some) for some in (filters, patterns))
        parts = [
            "## Networks",
            table(["windows of", "test windows", "seeds", "AUROC"], networks),
            "## Filters of the first layer",
            table(
                ["windows of", "seed", "most influential is", *HEAD],
                [[row["factor"], row["seed"], *_motifs(row)] for row in filters],
            ),
            f"In {first} of {len(filters)} networks the most influential filter has the factor's motif.",
            "## Patterns of attributions",
            table(
                ["windows of", "seeds", "most frequent is", *HEAD],
                [[row["factor"], f"{row['n_seeds']:.0f}", *_motifs(row)] for row in patterns],
            ),
            f"Of {first_pattern} of {len(patterns)} sets the most frequent pattern is the factor's motif.",
        ]
    missing = not_run(progress)
    return [*parts, missing] if missing else parts


def _network(row: Mapping[Any, Any]) -> list[str]:
    return [row["factor"], f"{row['n']:,.0f}", f"{row['n_seeds']:.0f}", estimate_cell(row)]


def _motifs(row: Mapping[Any, Any]) -> list[str]:
    rank = DASH if np.isnan(row["estimate"]) else f"{row['estimate']:.0f}"
    if not row["n"]:
        return [DASH, DASH, DASH, "no", rank, "0"]
    called = [row["top"], f"{row['q']:.1g}", decimal(row["by_chance"])]
    return [*called, "yes" if row["is_own"] else "no", rank, f"{row['n']:.0f}"]
