"""The study: shares of the labels x methods, the supervised one always beside them at the same labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cislearn.data.marker import MARKER
from cislearn.data.prepare import prepare
from cislearn.data.simulate import simulate_lineages, write_simulated
from cislearn.experiment.completion import Experiment
from cislearn.experiment.reading import make_config
from cislearn.runs import ExperimentFolder
from cislearn.studies.dssda.classes import BASELINE
from cislearn.studies.dssda.page import class_pictures, dssda_page, efficiency_curves, name_of
from cislearn.studies.dssda.roc import roc_panels
from cislearn.studies.dssda.scores import class_scores, read_together, together_scores
from cislearn.studies.markdown import of_trial
from cislearn.studies.study import Size, Study, Trial
from cislearn.studies.windows import all_windows
from cislearn.tables import write_table

SHARES = ("1", "5", "10", "25", "100")
"""Per cent of the labels of training and validation windows that are seen."""
WINDOWS = 90_000
"""Distinct windows of the table of TF windows: about 60,000 of them are for training."""
BLOCK = 5_000_000
"""In bp. All windows that no factor binds lie on chr1, which has to be in every part."""
SMOKE = 2_000

LADDER: list[Any] = [
    "ladder",
    {"name": "ladder", "lateral": False, "label": "ladder_no_lateral"},
    {"name": "ladder", "reconstruct": "none", "label": "ladder_noise_only"},
    {"name": "ladder", "reconstruct": "top", "label": "ladder_top_only"},
]
"""The ladder, without its lateral connections, without any of its costs, and with that of the logits alone."""
NETWORKS: dict[str, dict[str, Any]] = {
    "motif_cnn": {
        "model": {"encoder": {"name": "motif_cnn", "batch_norm": True}},
        "methods": [BASELINE, *LADDER, "mean_teacher", "fixmatch", "noisy_student", "masked_first"],
        "training": {"epochs": 6, "batch_size": 128},
    },
    "motif_cnn, EvoAug": {
        "model": {"encoder": {"name": "motif_cnn", "batch_norm": True}},
        "methods": [BASELINE, "mean_teacher"],
        "training": {
            "epochs": 6, "batch_size": 128, "augment": {"mutate": 0.05, "delete": 10, "insert": 10, "translocate": 10},
        },
    },
    "basset": {
        "model": {"encoder": {"name": "basset", "padding": "same"}},
        "methods": [BASELINE, "ladder"],
        "training": {"epochs": 6, "patience": None},
    },
}  # fmt: skip
"""About 3,000 steps each: an epoch is as long with few labels as with all of them."""
OF_NETWORK = {"motif_cnn": SHARES, "motif_cnn, EvoAug": ("1", "10"), "basset": ("1", "10")}
PROTOCOLS: dict[str, dict[str, Any]] = {
    "honest": {"by": "block", "block": BLOCK},
    "published": {"by": "random", "leaks": "keep"},
}
"""Loci apart and scored on test windows; or random windows, scored on those that chose the weights."""
SCORED: dict[str, Literal["test", "valid"]] = {"honest": "test", "published": "valid"}
TF, SIMULATED = "TF windows", "simulated"


class Dssda(Study):
    """Few labels on TF windows of twenty tasks and on a simulated compendium."""

    name = "dssda"
    title = "Few labels: what the windows without labels buy"
    axes = ("data", "protocol", "network", "labels")
    scored_on = ("task",)
    introduction = resources("cislearn.studies.dssda").joinpath("introduction.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`; share by share from the fewest labels, so that one broken off says what matters most."""
        made = work / ("data-smoke" if size == "smoke" else "data")
        data = {TF: tf_windows(files, made, size), SIMULATED: simulated_lineages(made, size)}
        if size == "smoke":
            return [_trial(TF, "honest", "motif_cnn", "25", data[TF], [0], work / size, epochs=1)]
        seeds = [0, 1, 2] if size == "desk" else [0, 1, 2, 3, 4]
        trials = [
            _trial(TF, protocol, network, share, data[TF], seeds, work / size)
            for protocol in PROTOCOLS
            for network, shares in OF_NETWORK.items()
            for share in shares
            if protocol == "honest" or network == "motif_cnn"
        ]
        few = [0] if size == "desk" else seeds
        of_simulated = [
            _trial(SIMULATED, "honest", network, share, data[SIMULATED], few, work / size)
            for network in ("motif_cnn", "basset")
            for share in ("1", "10")
        ]
        return [*trials, *of_simulated]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return the mean over tasks of each method with its difference to the baseline, and each task by itself."""
        read = read_together(trial.config, experiment.path, SCORED[trial.keys["protocol"]])
        return pd.concat([together_scores(read, BASELINE), class_scores(read)], ignore_index=True)

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """See `Study.page`."""
        return dssda_page(scores, progress)

    def pictures(self, trials: Sequence[Trial], scores: pd.DataFrame) -> dict[str, str]:
        """Return label efficiency, classes one by one, and the ROC curves of trials whose predictions are here."""
        if not len(scores):
            return {}
        roc = {
            f"roc-{name_of(*trial.keys.values())}": _roc(trial)
            for trial in trials
            if of_trial(scores, trial).any() and _is_here(trial)
        }
        drawn = {"efficiency": efficiency_curves(scores), **class_pictures(scores), **roc}
        return {name: drawing for name, drawing in drawn.items() if drawing}


def _is_here(trial: Trial) -> bool:
    """Whether the trial's runs lie on this machine, and not its scores alone."""
    return trial.config.out is not None and ExperimentFolder(trial.config.out).is_finished


def _roc(trial: Trial) -> str:
    assert trial.config.out is not None
    read = read_together(trial.config, trial.config.out, SCORED[trial.keys["protocol"]])
    return roc_panels(read, f"dssda-roc-{name_of(*trial.keys.values())}")


def _trial(
    data: str, protocol: str, network: str, share: str, path: Path, seeds: list[int], work: Path, **training: Any
) -> Trial:
    base = NETWORKS[network]
    split: dict[str, Any] = PROTOCOLS[protocol] if data == TF else {"by": "given"}
    config = {
        "data": {"path": str(path), "split": split, "labels": {"sources": int(share) / 100}},
        "model": base["model"],
        "methods": [method for method in base["methods"] if share != "100" or method == BASELINE or method == "ladder"],
        "training": {**base["training"], "seeds": seeds, **training},
        "battery": False,
        "out": str(work / name_of(data, protocol, network, share)),
    }
    return Trial({"data": data, "protocol": protocol, "network": network, "labels": share}, make_config(config))


def _made(out: Path, make: Callable[[], object]) -> Path:
    if not (out / MARKER).is_file():
        out.parent.mkdir(parents=True, exist_ok=True)
        make()
    return out


def tf_windows(files: Path, work: Path, size: Size) -> Path:
    """Return the folder of windows of four factors in five cell types, made where it is not there yet."""
    out = work / "tf_windows"

    def make() -> None:
        table = all_windows(files / "dann_tf")
        tasks = [str(name) for name in table if "_" in str(name)]
        chosen = table.sample(SMOKE if size == "smoke" else WINDOWS, random_state=0).sort_index()
        path = out.with_suffix(".tsv")
        write_table(path, chosen[["chrom", "start", "end", "sequence", *tasks]])
        prepare(out, tables=[path], label_columns=tasks)

    return _made(out, make)


def simulated_lineages(work: Path, size: Size) -> Path:
    """Return the folder of the simulated compendium, made where it is not there yet."""
    out = work / "simulated"
    few = {"n_train": SMOKE, "n_valid": SMOKE // 4, "n_test": SMOKE // 4} if size == "smoke" else {}
    return _made(out, lambda: write_simulated(out, simulate_lineages(**few)))
