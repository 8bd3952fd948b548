"""Trained models by the folder that they stand in."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from cislearn.models.equivariance import check_equivariance
from cislearn.models.saving import for_prediction, load_network, read_card
from cislearn.models.strands import Ensemble
from cislearn.runs import EXPERIMENT, ExperimentFolder, default_method, runs_under


def load_model(path: Path | str, method: str | None = None, *, check_strands: bool = False) -> nn.Module:
    """Return a trained model: one run's, or the mean of the logits over the runs of an experiment.

    Parameters
    ----------
    path : Path
        A run, a method's folder, or an experiment.
    method : str, optional
        Of an experiment with several: which; by default the last listed that saw no target label.
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
        Where there is no such model, or it is not as equivariant as it says.
    """
    members = load_members(path, method)
    if check_strands:
        for member, run in zip(members, runs_under(Path(path), method), strict=True):
            if read_card(run.path).is_equivariant:
                check_equivariance(member)
    return members[0] if len(members) == 1 else Ensemble(members).eval()


def load_members(path: Path | str, method: str | None = None) -> list[nn.Module]:
    """Return the models that `load_model` averages, one a seed."""
    folders = [run.path for run in runs_under(Path(path), method)]
    return [for_prediction(load_network(folder), read_card(folder).predict).eval() for folder in folders]


def load_temperatures(path: Path | str, method: str | None = None) -> list[dict[str, float]]:
    """Return what calibrates the logits of each of those models: its temperature by task, none of earlier versions."""
    return [read_card(run.path).extra.get("temperatures", {}) for run in runs_under(Path(path), method)]


def load_thresholds(path: Path | str, method: str | None = None) -> dict[str, float]:
    """Return the logit from which each binary task is called: of the seeds' mean, or of a single run.

    Empty for several runs that are no experiment, and for experiments of earlier versions: there none was chosen.
    """
    runs = runs_under(Path(path), method)
    if len(runs) == 1:
        return read_card(runs[0].path).extra.get("thresholds", {})
    if not (Path(path) / EXPERIMENT).is_file():
        return {}
    info = ExperimentFolder(Path(path)).info
    return info.get("averaged", {}).get(method or default_method(info), {}).get("thresholds", {})
