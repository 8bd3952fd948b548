"""Whole pipelines on real sets: each part of the default left out or changed in turn, and what the presets reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, ClassVar, Literal

import pandas as pd

from cislearn.experiment.completion import Experiment
from cislearn.experiment.reading import make_config
from cislearn.experiment.recipes import COUNTED
from cislearn.runs import AVERAGED
from cislearn.studies.sets import SETS, set_folder
from cislearn.studies.study import Size, Study, Trial

Pipeline = dict[str, Any]
"""Sections of a configuration that differ from the defaults."""


def _pipeline(encoder: str | dict[str, Any], counted: int = COUNTED["wide"], **sections: Any) -> Pipeline:
    """Return a pipeline of that encoder; further keys of ``model``, and ``training``."""
    training = sections.pop("training", {})
    return {"model": {"encoder": encoder, "kmer_counts": counted, **sections}, "training": training}


PLAIN = _pipeline(
    {"name": "wide", "detectors": 128, "detector_width": 15, "known": 0, "dropout": 0},
    counted=0,
    training={
        "epochs": 15, "hidden_bases": 0, "weight_average": 0, "gradient_clip": None, "optimiser": {"weight_decay": 0.01}
    },
)  # fmt: skip
"""A residual network of 128 filters as one would write it down: both augmentations, AdamW, cosine."""

VARIANTS: dict[str, Pipeline] = {
    "wide": _pipeline("wide"),
    "wide, no counts": _pipeline("wide", 0),
    "plain residual": PLAIN,
    "motif_cnn": _pipeline("motif_cnn"),
    "motif_cnn, no counts": _pipeline("motif_cnn", 0),
    "no known motifs": _pipeline({"name": "wide", "known": 0}),
    "no hidden bases": _pipeline("wide", training={"hidden_bases": 0}),
    "last weights, not averaged": _pipeline("wide", training={"weight_average": 0}),
    "one strand at prediction": _pipeline("wide", reverse_complement="augmented"),
    "no strand augmentation": _pipeline("wide", reverse_complement={"train": "forward"}),
    "no shift": _pipeline("wide", training={"max_shift": 0}),
    "128 detectors": _pipeline({"name": "wide", "detectors": 128}),
    "64 channels": _pipeline({"name": "wide", "channels": 64}),
    "8 epochs": _pipeline("wide", training={"epochs": 8}),
    "32 epochs": _pipeline("wide", training={"epochs": 32}),
}
"""The default pipeline of ``wide``, and others that differ from it in what their names say."""
FINAL = ("wide", "wide, no counts", "plain residual", "motif_cnn", "motif_cnn, no counts")
"""What is scored on the final windows."""
BRIEF: dict[str, Pipeline] = {name: VARIANTS[name] | {"training": {"epochs": 1}} for name in ("wide", "motif_cnn")}
"""For the smoke size."""
HARDEST = 5
"""Of the sets, the first ones, on which pipelines differ most, are those of the comparison."""


class _Pipelines(Study):
    """Pipelines on sets, one supervised training a seed."""

    axes = ("pipeline", "set")
    reference = "wide"
    part: ClassVar[Literal["development", "final"]]

    def _trials(
        self,
        pipelines: Mapping[str, dict[str, Any]],
        sets: Sequence[str],
        seeds: Sequence[int],
        files: Path,
        work: Path,
    ) -> list[Trial]:
        return [
            Trial(
                {"pipeline": name, "set": chosen},
                make_config(
                    {
                        **pipeline,
                        "data": {"path": str(set_folder(chosen, self.part, files, work / "data"))},
                        "methods": ["supervised"],
                        "training": {**pipeline.get("training", {}), "seeds": list(seeds)},
                        "battery": False,
                        "out": str(work / self.part / f"{name.replace(' ', '_')}-{chosen}"),
                    }
                ),
            )
            for name, pipeline in pipelines.items()
            for chosen in sets
        ]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return the scores of each seed and, where there are several, of their mean as one model."""
        tables = [experiment.summary]
        if (experiment.path / AVERAGED).is_file():
            averaged = pd.read_csv(experiment.path / AVERAGED, sep="\t")
            tables.append(averaged.assign(method="seeds averaged"))
        dropped = ["part", "domain", "task", "undefined", "protocol", "selection"]
        return pd.concat(tables, ignore_index=True).drop(columns=dropped)


class Defaults(_Pipelines):
    """What each part of the default pipeline is worth, on the development part of real sets."""

    name = "defaults"
    title = "What each part of the default pipeline is worth"
    part = "development"
    introduction = resources("cislearn.studies").joinpath("defaults.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        if size == "smoke":
            return self._trials(BRIEF, ["NFE2"], [0], files, work / size)
        sets, seeds = (list(SETS)[:HARDEST], [0]) if size == "desk" else (list(SETS), [0, 1, 2])
        return self._trials(VARIANTS, sets, seeds, files, work)


class Presets(_Pipelines):
    """What the presets reach on windows that no choice has seen."""

    name = "presets"
    title = "What the presets reach on windows that no choice has seen"
    part = "final"
    introduction = resources("cislearn.studies").joinpath("presets.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        pipelines = {name: VARIANTS[name] for name in FINAL}
        if size == "smoke":
            return self._trials(BRIEF, ["NFE2"], [0, 1], files, work / size)
        return self._trials(pipelines, list(SETS), [0, 1, 2] if size == "desk" else list(range(5)), files, work)
