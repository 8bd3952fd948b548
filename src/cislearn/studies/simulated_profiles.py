"""Simulated profiles: what each training recovers of places, heights, strands, and of a bias, where all is known."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from cislearn.data.dataset import Dataset, read_dataset
from cislearn.data.marker import MARKER
from cislearn.data.simulate import simulate, write_simulated
from cislearn.data.simulate.footprints import MARGIN, PROFILES, piles_of, true_counts
from cislearn.data.tracks import Tracks, normalise
from cislearn.evaluation.profiles.bounds import mean_shape
from cislearn.evaluation.profiles.recovery import RECOVERED, recovered
from cislearn.evaluation.profiles.shapes import log_counts
from cislearn.experiment.completion import Experiment
from cislearn.experiment.profile_scores import observed_counts, predicted_profiles
from cislearn.experiment.reading import make_config
from cislearn.experiment.roles import Roles, assign_roles
from cislearn.models.saving import load_network
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.runs import runs_under
from cislearn.studies.markdown import cost_of_the_rest, of_trial, table
from cislearn.studies.readings import READINGS, estimate_cell
from cislearn.studies.study import Size, Study, Trial

CELL = "ery"
BIAS = 0.8
PLAIN, BIASED = "plain", "biased"
TRAININGS: dict[tuple[str, str], tuple[str, bool]] = {
    (PLAIN, "forward"): ("none", True),
    (PLAIN, "augmented"): ("augmented", True),
    (PLAIN, "conjoined"): ("conjoined", True),
    (PLAIN, "rcps"): ("rcps", True),
    (BIASED, "no control"): ("augmented", False),
    (BIASED, "control"): ("augmented", True),
}
"""By data and name: preset of `model.reverse_complement`, and whether tracks are read where there are some."""
UNBENT, MEAN = "without the bias", "mean profile"
"""Further readings: with a flat control; of no network."""


class SimulatedProfiles(Study):
    """Four trainings without a bias, and with one a network that is given a control and one that is not."""

    name = "simulated_profiles"
    title = "Simulated profiles: what is recovered where the answer is known"
    axes = ("data", "training")
    scored_on = ("reading",)
    needs_files = False
    introduction = resources("cislearn.studies").joinpath("simulated_profiles.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        n_train = {"smoke": 300, "desk": 5_000, "paper": 20_000}[size]
        folders = {data: _dataset(work / f"{data}-{n_train}", data, n_train) for data in (PLAIN, BIASED)}
        seeds = {"smoke": [0], "desk": [0, 1], "paper": [0, 1, 2, 3, 4]}[size]
        return [
            Trial(
                {"data": data, "training": training},
                make_config(
                    {
                        "data": {"path": str(folders[data]), "sources": [CELL], "tracks": reads_tracks},
                        "model": {
                            "encoder": {"name": "bpnet", "filters": 4 if size == "smoke" else 16},
                            "reverse_complement": preset,
                        },
                        "methods": ["supervised"],
                        "training": {
                            "seeds": seeds,
                            "epochs": 1 if size == "smoke" else 8,
                            "batch_size": 32,
                            "max_shift": MARGIN,
                        },
                        "battery": False,
                        "out": str(work / size / f"{data}-{training.replace(' ', '_')}"),
                    }
                ),
            )
            for (data, training), (preset, reads_tracks) in TRAININGS.items()
        ]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return what each reading recovers on the test rows; with the first training of each data the mean profile."""
        dataset = read_dataset(trial.config.data.path)
        roles = assign_roles(dataset if trial.config.data.tracks else dataset.without_tracks(), trial.config.data)
        rows, predicted = roles.rows("sources", "test"), _read(roles, experiment.path)
        first = next(training for data, training in TRAININGS if data == trial.keys["data"])
        if trial.keys["training"] == first:
            predicted[MEAN] = _mean_profile(roles, len(rows))
        assert dataset.truth is not None
        truth, piles = true_counts(dataset.truth, rows, dataset.spec.length), piles_of(dataset.truth, rows)
        lines = []
        for reading, (shape, counts) in predicted.items():
            found = recovered(truth, piles, shape, counts, np.arange(len(rows)))  # windows are independent
            for metric, each in found.items():
                about = {"reading": reading, "method": "supervised", "metric": metric, "estimate": each.value}
                about |= {"low": each.low, "high": each.high, "seeds_sd": each.seed_sd}
                lines.append(about | {"n_seeds": each.n_seeds, "n": len(rows)})
        return pd.DataFrame(lines)

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """See `Study.page`: a table for each data set, the mean profile first."""
        parts = []
        for data in dict.fromkeys(trial.keys["data"] for trial in trials):
            lines = []
            for trial in (trial for trial in trials if trial.keys["data"] == data):
                mine = scores[of_trial(scores, trial)] if len(scores) else scores
                for reading in [MEAN, *READINGS, UNBENT]:
                    here = mine[mine["reading"] == reading] if len(mine) else mine
                    if len(here):
                        name = MEAN if reading == MEAN else f"{trial.keys['training']}, {reading}"
                        seeds = "" if reading == MEAN else str(int(here["n_seeds"].max()))
                        by_metric = here.set_index("metric")
                        cells = [estimate_cell(by_metric.loc[metric].to_dict()) for metric in RECOVERED]
                        lines.append([name, seeds, *cells])
                left = cost_of_the_rest(progress[of_trial(progress, trial)].iloc[0].to_dict())
                if any(left):
                    lines.append([trial.keys["training"], left[1], *[""] * len(RECOVERED)])
            parts.append(f"## {data}\n\n{table(['network', 'seeds', *RECOVERED], lines)}")
        return parts


Predicted = tuple[Float[np.ndarray, "seeds n 2 length"], Float[np.ndarray, "seeds n 2"]]
"""Probabilities of positions and log counts, strand by strand, of each seed."""


def _read(roles: Roles, path: Path) -> dict[str, Predicted]:
    """Return what the runs say of the test rows, by reading."""
    rows, tracks = roles.rows("sources", "test"), roles.dataset.tracks
    predictors = [NetworkPredictor(load_network(run.path)) for run in runs_under(path)]

    def strands(signals: Tracks | None) -> Float[np.ndarray, "seeds n 2 columns"]:
        windows = roles.dataset.sequences
        return np.stack([predict_rows(p.strands, windows, rows, MARGIN, tracks=signals) for p in predictors])

    each = strands(tracks)
    found = dict(zip(READINGS, (each[:, :, 0], each.mean(axis=2)), strict=True))
    if tracks is not None:
        flat = Tracks(normalise(np.ones(tracks.values.shape, dtype=np.float32), 1.0))  # the mean of the file everywhere
        found[UNBENT] = strands(flat).mean(axis=2)
    return {reading: _profiles(roles.dataset, logits) for reading, logits in found.items()}


def _profiles(dataset: Dataset, logits: Float[np.ndarray, "seeds n columns"]) -> Predicted:
    (task,) = dataset.spec.tasks
    said = [predicted_profiles(task, of_seed) for of_seed in logits]
    return np.exp([each.log_shape for each in said]), np.stack([each.log_counts for each in said])


def _mean_profile(roles: Roles, n: int) -> Predicted:
    """Return the mean shape and the mean log counts of the training rows, said of each of `n` windows."""
    (task,) = roles.dataset.spec.tasks
    training: Int[np.ndarray, " m"] = roles.rows("sources", "train")
    counts = observed_counts(roles.dataset, task, training)
    shape, depth = mean_shape(counts), log_counts(counts).mean(axis=0)
    return np.broadcast_to(shape, (1, n, *shape.shape)), np.broadcast_to(depth, (1, n, 2))


def _dataset(out: Path, data: str, n_train: int) -> Path:
    """Return the folder of a simulation, made where it is not there yet."""
    if not (out / MARKER).is_file():
        bias = BIAS if data == BIASED else 0.0
        write_simulated(out, simulate(PROFILES, sources=(CELL,), n_train=n_train, n_test=n_train // 5, bias=bias))
    return out
