"""The study: the default network on four factors' windows, and the motifs that it found in them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.resources import files as resources
from pathlib import Path

import pandas as pd

from cislearn.data.dataset import read_dataset
from cislearn.experiment.completion import Experiment
from cislearn.experiment.held_out import held_out
from cislearn.experiment.reading import make_config
from cislearn.explain.found import filter_motifs
from cislearn.explain.matching import JASPAR, collection
from cislearn.prediction.loading import load_members
from cislearn.runs import runs_under
from cislearn.studies.known_motifs.families import FAMILIES
from cislearn.studies.known_motifs.page import ALL, PATTERNS, known_motifs_page
from cislearn.studies.known_motifs.patterns import patterns_of_bound
from cislearn.studies.known_motifs.scores import standing
from cislearn.studies.sets import dataset_folder, gc_matched, peaks
from cislearn.studies.study import Size, Study, Trial

CELL = "K562"
MOST = {"smoke": 500, "desk": 5_000, "paper": 15_000}
"""Windows of either class, at most."""
SILENCED_ON = 500
"""Test windows that each filter is silenced on, to tell what it is worth."""


class KnownMotifs(Study):
    """Four factors whose motifs are known, and whether a network that learned from their windows rests on them."""

    name = "known_motifs"
    title = "Known motifs in networks of real windows"
    axes = ("factor",)
    scored_on = ("seed",)
    introduction = resources("cislearn.studies").joinpath("known_motifs/introduction.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        training = {
            "smoke": {"epochs": 1, "seeds": [0]},
            "desk": {"seeds": [0, 1, 2]},
            "paper": {"seeds": [0, 1, 2, 3, 4]},
        }[size]
        return [
            Trial(
                {"factor": factor},
                make_config(
                    {
                        "data": {"path": str(_dataset(factor, MOST[size], files, work / "data"))},
                        "model": {"encoder": "motif_cnn"},
                        "methods": ["supervised"],
                        "training": training,
                        "battery": False,
                        "out": str(work / size / factor),
                    }
                ),
            )
            for factor in (FAMILIES if size != "smoke" else ["USF2"])
        ]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return the AUROC over all seeds, and of each seed where the factor's own motif stands among its filters'.

        And of all seeds together where it stands among the patterns of their attributions.
        """
        known, windows = collection(JASPAR), held_out(experiment.path)
        seeds = [str(run.info["seed"]) for run in runs_under(experiment.path, None)]
        members, factor = load_members(experiment.path), trial.keys["factor"]
        rows = [
            {
                "seed": seed,
                "metric": "rank",
                **standing(filter_motifs({int(seed): member}, windows, known, silenced_on=SILENCED_ON), factor),
            }
            for seed, member in zip(seeds, members, strict=True)
        ]
        patterns = patterns_of_bound(members, read_dataset(Path(trial.config.data.path)), known)
        rows.append({"seed": ALL, "metric": PATTERNS, "n_seeds": len(members), **standing(patterns, factor)})
        auroc = experiment.summary[experiment.summary["metric"] == "AUROC"]
        columns = ["metric", "estimate", "low", "high", "seeds_sd", "n_seeds", "n"]
        network = auroc[columns].assign(seed=ALL)
        return pd.concat([network, pd.DataFrame(rows)], ignore_index=True).assign(method="supervised")

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """See `Study.page`."""
        return known_motifs_page(trials, scores, progress)


def _dataset(factor: str, most: int, files: Path, work: Path) -> Path:
    windows = partial(gc_matched, partial(peaks, f"{factor}_{CELL}"), files)
    return dataset_folder(windows, "development", work / f"{factor}-{most}", most)
