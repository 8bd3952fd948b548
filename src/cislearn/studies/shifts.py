"""The shift suite: every method under every kind of shift, one table of gains from which to choose a method."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.experiment.completion import Experiment
from cislearn.experiment.reading import make_config
from cislearn.reports.numbers import DASH, decimal, signed
from cislearn.studies.criteria import shortfall_table, with_criteria
from cislearn.studies.markdown import not_run, table
from cislearn.studies.replicated import MAIN, paired_interval
from cislearn.studies.simulated import EVALUATION, FAMILIES, SMOKE, TARGET, simulated_folder
from cislearn.studies.study import Size, Study, Trial

BASELINE = "source_only"
DEFAULT = "motif_cnn"
CHOOSING = """## Choosing a method without target labels

Each criterion chooses one of the methods of each simulation (`motif_cnn`), from source validation windows and
unlabelled target windows. Shortfall: how far the AUROC of its choice is below that of the best method of that
simulation. [theory.md](../theory.md) says what the criteria are."""
NETWORKS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    DEFAULT: (
        {"name": "motif_cnn"},
        [
            BASELINE,
            "adversarial",
            "cdan",
            {"name": "cdan", "entropy": False, "label": "cdan_without_entropy"},
            "moments",
            "mmd",
            "self_training",
            "noisy_student",
        ],
    ),
    "with batch norm": ({"name": "motif_cnn", "batch_norm": True}, [BASELINE, "adabn"]),
}
"""Encoders with their methods: AdaBN needs batch normalisation, which the default has none of."""
SHORT: dict[str, Any] = {"epochs": 5, "batch_size": 64}
"""1,400 steps of 64 labelled windows: what the prototypes of the benchmark took, so that all of it is two hours."""


class Shifts(Study):
    """All families of simulated shift x all methods."""

    name = "shifts"
    title = "Which method under which shift"
    axes = ("family", "network", "simulation")
    needs_files = False
    introduction = resources("cislearn.studies").joinpath("shifts.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`; seed by seed, so that one broken off has all families."""
        families = FAMILIES[:1] if size == "smoke" else FAMILIES
        seeds = EVALUATION[: {"smoke": 1, "desk": 5, "paper": len(EVALUATION)}[size]]
        n_train = SMOKE if size == "smoke" else 20_000
        training = SHORT | ({"epochs": 1} if size == "smoke" else {})
        return [
            Trial(
                {"family": family, "network": network, "simulation": str(seed)},
                make_config(
                    {
                        "data": {"path": str(simulated_folder(family, seed, n_train, work / "data")), "target": TARGET},
                        "model": {"encoder": encoder},
                        "methods": methods,
                        "training": training | {"seeds": [seed]},
                        "battery": False,
                        "out": str(work / size / f"{family}-{network.replace(' ', '_')}-{seed}"),
                    }
                ),
            )
            for seed in seeds
            for family in families
            for network, (encoder, methods) in NETWORKS.items()
        ]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return the scores on the target, and what each criterion says of each method."""
        return with_criteria(super().scores(trial, experiment), experiment)

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """Return a table of gains for each encoder, and what was not run."""
        parts = []
        for network in dict.fromkeys(trial.keys["network"] for trial in trials):
            left = progress[progress["network"] == network]
            mine = scores[scores["network"] == network] if len(scores) else scores
            parts.append(f"## Gain over source only, {network}")
            if len(mine):
                parts.append(_gains(mine))
            if missing := not_run(left):
                parts.append(missing)
        choosing = shortfall_table(scores[scores["network"] == DEFAULT], self.axes) if len(scores) else None
        return parts + ([CHOOSING, choosing] if choosing else [])


def _gains(scores: pd.DataFrame) -> str:
    """A row a method, a column a family: mean gain in AUROC, paired by simulation."""
    auroc = scores[scores["metric"] == MAIN]
    by_family = {
        str(family): mine.pivot_table(index="simulation", columns="method", values="estimate")
        for family, mine in auroc.groupby("family")
    }
    for by_method in by_family.values():
        if BASELINE not in by_method:  # others were run first
            by_method[BASELINE] = np.nan
    families = [family for family in FAMILIES if family in by_family]
    rows = [["source only", *(decimal(float(by_family[family][BASELINE].mean())) for family in families)]]
    for method in [name for name in auroc["method"].unique() if name != BASELINE]:
        rows.append([str(method).replace("_", " "), *(_gain(by_family[family], str(method)) for family in families)])
    head = ["method", *(f"{family} ({len(by_family[family])})" for family in families)]
    note = (
        "First row: AUROC on the target's test windows. Below: difference to it, mean over simulations (how many stand"
        " in brackets) with its 95 % t interval; **bold** where that is clear of 0."
    )
    return f"{table(head, rows)}\n\n{note}"


def _gain(by_method: pd.DataFrame, method: str) -> str:
    if method not in by_method:
        return DASH
    mean, low, high = paired_interval((by_method[method] - by_method[BASELINE]).dropna().to_numpy())
    text = f"{signed(mean)} ({signed(low)}, {signed(high)})"
    return f"**{text}**" if low > 0 or high < 0 else text
