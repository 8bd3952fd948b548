"""Trained models by the folder that they stand in."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import nn

from cislearn.models.equivariance import check_equivariance
from cislearn.models.files import WEIGHTS
from cislearn.models.saving import for_prediction, load_network, read_card
from cislearn.models.strands import Ensemble, strand_reading
from cislearn.runs import EXPERIMENT, ExperimentFolder, default_method, runs_under


def load_model(
    path: Path | str, method: str | None = None, *, reverse_complement: str | None = None, check_strands: bool = False
) -> nn.Module:
    """Return a trained model: one run's, or the mean of the logits over the runs of an experiment.

    Parameters
    ----------
    path : Path
        A run, a method's folder, or an experiment.
    method : str, optional
        Of an experiment with several: which; by default the last listed that saw no target label.
    reverse_complement : str, optional
        A `StrandReading`: what to make of the two strands, however the run was trained; by default what it was
        configured to.
    check_strands : bool
        Try on random windows whether a model that says it is equivariant gives both strands the same logits.

    Returns
    -------
    nn.Module
        On the CPU, in evaluation mode: ``(N, 4, L)`` one-hot windows in the order ACGT to logits ``(N, T)``, both
        strands averaged where the run was configured so. A plain torch module that attribution tools take as it is.

    Raises
    ------
    UserError
        Where there is no such model, `reverse_complement` is not known, or it is not as equivariant as it says.
    """
    members = load_members(path, method, reverse_complement)
    if check_strands:
        for member, run in zip(members, runs_under(Path(path), method), strict=True):
            if read_card(run.path).is_equivariant:
                check_equivariance(member)
    return members[0] if len(members) == 1 else Ensemble(members).eval()


def load_members(path: Path | str, method: str | None = None, reverse_complement: str | None = None) -> list[nn.Module]:
    """Return the models that `load_model` averages, one a seed."""
    wanted = None if reverse_complement is None else strand_reading(reverse_complement)
    folders = [run.path for run in runs_under(Path(path), method)]
    return [for_prediction(load_network(folder), wanted or read_card(folder).predict).eval() for folder in folders]


def load_temperatures(
    path: Path | str, method: str | None = None, reverse_complement: str | None = None
) -> list[dict[str, float]]:
    """Return what calibrates the logits of each of those models: its temperature by task.

    Empty for models of earlier versions, and where the strands are read otherwise than it was fitted to.
    """
    cards = [read_card(run.path) for run in runs_under(Path(path), method)]
    return [card.extra.get("temperatures", {}) if reverse_complement in (None, card.predict) else {} for card in cards]


def models_hash(path: Path | str, method: str | None = None, reverse_complement: str | None = None) -> str:
    """Return the hash of what those models are: weights, options, calibration and how the strands are read."""
    digest = hashlib.blake2b((reverse_complement or "").encode(), digest_size=16)
    for run in runs_under(Path(path), method):
        for name in ("model.json", WEIGHTS):
            digest.update((run.path / name).read_bytes())
    return digest.hexdigest()


def weights_hashes(path: Path | str, method: str | None = None) -> list[str]:
    """Return the hash of the weights of each of those models, one a seed: by it one knows what they have explained."""
    return [weights_hash(run.path) for run in runs_under(Path(path), method)]


def weights_hash(run: Path) -> str:
    """Return the hash of the weights in the folder of a run."""
    return hashlib.blake2b((run / WEIGHTS).read_bytes(), digest_size=16).hexdigest()


def load_thresholds(
    path: Path | str, method: str | None = None, reverse_complement: str | None = None
) -> dict[str, float]:
    """Return the logit from which each binary task is called: of the seeds' mean, or of a single run.

    Empty for several runs that are no experiment, for experiments of earlier versions, where none was chosen, and where
    the strands are read otherwise than it was chosen for.
    """
    runs = runs_under(Path(path), method)
    cards = [read_card(run.path) for run in runs]
    if any(reverse_complement not in (None, card.predict) for card in cards):
        return {}
    if len(runs) == 1:
        return cards[0].extra.get("thresholds", {})
    return _averaged(Path(path), method).get("thresholds", {})


def load_temperature(path: Path | str, method: str | None = None) -> dict[str, float]:
    """Return what calibrates the logits of `load_model` by task: of the seeds' mean, or of a single run.

    Empty where `load_thresholds` is.
    """
    runs = runs_under(Path(path), method)
    if len(runs) == 1:
        return read_card(runs[0].path).extra.get("temperatures", {})
    return _averaged(Path(path), method).get("temperatures", {})


def _averaged(path: Path, method: str | None) -> dict[str, dict[str, float]]:
    """Return what an experiment chose for the mean of the logits over its seeds."""
    if not (path / EXPERIMENT).is_file():
        return {}
    info = ExperimentFolder(path).info
    return info.get("averaged", {}).get(method or default_method(info), {})


def load_prevalences(path: Path | str, method: str | None = None) -> dict[str, float]:
    """Return the share of positives that the probabilities of each binary task are calibrated for.

    It is that of the validation rows, the same for all seeds. Empty for models of earlier versions.
    """
    return read_card(runs_under(Path(path), method)[0].path).extra.get("prevalences", {})
