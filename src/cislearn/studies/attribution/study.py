"""The study: networks x methods of attribution, on windows whose planted motifs are known."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.data.dataset import Dataset, read_dataset
from cislearn.data.simulate.cells import CELLS, FOCAL, HELPER
from cislearn.evaluation.metrics import auroc
from cislearn.experiment.completion import Experiment
from cislearn.experiment.reading import make_config
from cislearn.experiment.roles import assign_roles
from cislearn.explain.attribute import Attributor
from cislearn.explain.matching import JASPAR, collection
from cislearn.explain.methods import METHODS, Settings
from cislearn.motifs.jaspar import jaspar
from cislearn.prediction.loading import load_members
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.studies.attribution.page import CHANCE, FILTERS, NETWORK, attribution_page
from cislearn.studies.attribution.scores import auprc_by_window, mean_over_windows, named_by_filters, planted_bases
from cislearn.studies.simulated import simulated_folder
from cislearn.studies.study import Size, Study, Trial

CELL = "ery"
PLANTED = (FOCAL, HELPER, CELLS[CELL].cofactor)
"""What goes along with the label in `CELL`; cofactors of other cells mean nothing there, and count as background."""
TASK = "GABPA"
NETWORKS: dict[str, dict[str, Any]] = {
    "motif_cnn": {"name": "motif_cnn"},
    "wide": {"name": "wide"},
    "dann_tf": {"name": "dann_tf"},
    "basset": {"name": "basset", "padding": "same"},
}
STEPS = 256
"""Of integrated gradients: sharp networks miss their sums with fewer, and are then refused."""
WINDOWS = {"smoke": 6, "desk": 100, "paper": 500}
"""Positive test windows that are attributed."""
ALIGNED = 2_000
"""Test windows, at most, at which filters are looked at."""


class Attribution(Study):
    """Six methods in four networks, and the filters of the first layer, against what was planted."""

    name = "attribution"
    title = "Attributions where the motifs are known"
    axes = ("network",)
    scored_on = ("by",)
    needs_files = False
    introduction = resources("cislearn.studies.attribution").joinpath("introduction.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        self._most = WINDOWS[size]
        data = simulated_folder("mixed", 0, 500 if size == "smoke" else 20_000, work / "data")
        seeds = {"smoke": [0], "desk": [0], "paper": [0, 1, 2, 3, 4]}[size]
        return [
            Trial(
                {"network": network},
                make_config(
                    {
                        "data": {"path": str(data), "sources": [CELL]},
                        "model": {"encoder": encoder},
                        "methods": ["supervised"],
                        "training": {"seeds": seeds, "epochs": 1 if size == "smoke" else 10},
                        "battery": False,
                        "out": str(work / size / network),
                    }
                ),
            )
            for network, encoder in NETWORKS.items()
            if size != "smoke" or network in ("motif_cnn", "dann_tf")
        ]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return the AUPRC of each method, its chance, the motifs that filters name, and the network's AUROC."""
        dataset = read_dataset(trial.config.data.path)
        rows = assign_roles(dataset, trial.config.data).rows("sources", "test")
        members = load_members(experiment.path)
        labels = dataset.labels_float(rows)[:, 0]
        chosen = rows[labels == 1][: self._most]
        planted = [jaspar(identifier) for identifier in PLANTED]
        is_planted = planted_bases(_truth(dataset), chosen, [motif.name for motif in planted], dataset.spec.length)
        tokens = np.ascontiguousarray(dataset.sequences.gather(chosen))
        all_tokens = np.ascontiguousarray(dataset.sequences.gather(rows))
        has_any = is_planted.any(axis=1)
        lines = [{"by": CHANCE, "metric": "AUPRC", "estimate": float(is_planted[has_any].mean()), "n": has_any.sum()}]
        for name, method in METHODS.items():
            settings = Settings(name, steps=STEPS if method.takes_steps else None)
            worth = [Attributor([each], TASK, settings=settings)(tokens).projected.sum(1) for each in members]
            by_seed = [auprc_by_window(is_planted, each) for each in worth]
            found = mean_over_windows(by_seed)
            lines.append(
                {"by": name, "metric": "AUPRC", "estimate": found.value, "low": found.low, "high": found.high,
                 "seeds_sd": found.seed_sd, "n_seeds": found.n_seeds, "n": int(has_any.sum())}
            )  # fmt: skip
        aurocs = [auroc(labels, NetworkPredictor(each).predict(all_tokens)[:, 0]) for each in members]
        lines.append(_over_seeds(NETWORK, "AUROC", aurocs, len(rows)))
        known = collection(JASPAR)
        named = [named_by_filters(each, all_tokens[:ALIGNED], planted, known) for each in members]
        lines += [
            _over_seeds(FILTERS, motif.name, [motif.identifier in each for each in named if each is not None], ALIGNED)
            for motif in planted
            if named[0] is not None
        ]
        return pd.DataFrame(lines).assign(method="supervised")

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """See `Study.page`."""
        return attribution_page(trials, scores, progress)


def _truth(dataset: Dataset) -> pd.DataFrame:
    assert dataset.truth is not None
    return dataset.truth


def _over_seeds(by: str, metric: str, values: Sequence[float], n: int) -> dict[str, object]:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return {
        "by": by, "metric": metric, "estimate": float(np.mean(values)), "seeds_sd": sd, "n_seeds": len(values), "n": n
    }  # fmt: skip
