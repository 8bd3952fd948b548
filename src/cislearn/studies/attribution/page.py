"""The page of the study: attributions by network, and what filters are called."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cislearn.explain.methods import METHODS
from cislearn.reports.numbers import DASH, decimal
from cislearn.studies.markdown import cost_of_the_rest, of_trial, table
from cislearn.studies.readings import estimate_cell
from cislearn.studies.study import Trial

CHANCE, FILTERS, NETWORK = "chance", "filters", "network"
"""What stands in the place of a method of attribution: the share planted, filters, what the network predicts."""


def attribution_page(trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
    """Return a table of the AUPRC of each method in each network, and one of the planted motifs that filters name."""
    attributed, filters = [], []
    names = list(dict.fromkeys(scores.loc[scores["by"] == FILTERS, "metric"])) if len(scores) else []
    for trial in trials:
        network = trial.keys["network"]
        mine = scores[of_trial(scores, trial)].set_index("by") if len(scores) else scores
        if len(mine):
            score, chance, *each = (mine.loc[name].to_dict() for name in (NETWORK, CHANCE, *METHODS))
            about = [network, str(int(score["n_seeds"])), decimal(score["estimate"]), decimal(chance["estimate"])]
            attributed.append([*about, *map(estimate_cell, each)])
            named = mine[mine.index == FILTERS].set_index("metric")["estimate"]
            shares = [decimal(named[name], 2) if name in named.index else DASH for name in names]
            filters.append([network, *shares, decimal(named.mean(), 2)])
        left = cost_of_the_rest(progress[of_trial(progress, trial)].iloc[0].to_dict())
        if any(left):
            attributed.append([network, left[1], *[""] * (2 + len(METHODS))])
    methods = [method.replace("_", " ") for method in METHODS]
    return [
        "## AUPRC of what bases are worth against where motifs were planted",
        table(["network", "seeds", "AUROC", "chance", *methods], attributed),
        "## Planted motifs that filters of the first layer are named by",
        table(["network", *names, "share"], filters),
    ]
