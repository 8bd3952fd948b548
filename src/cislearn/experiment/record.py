"""What a finished run leaves: predictions and what is chosen on them, model, and the record that makes it whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from jaxtyping import Float, Int

from cislearn.atomic import file_written_whole, write_json
from cislearn.engine.environment import describe_environment
from cislearn.experiment.diagnosing.run import diagnose_run
from cislearn.experiment.gathered import name_run
from cislearn.experiment.learned_before import domains_learned, seen_before
from cislearn.experiment.methods import Method
from cislearn.experiment.predictions import (
    choose_temperatures,
    choose_thresholds,
    predicted_rows,
    prediction_table,
    seen_prevalences,
)
from cislearn.experiment.profile_scores import write_profiles
from cislearn.experiment.seen import seen_of, seen_together, write_seen
from cislearn.experiment.setting import Setting
from cislearn.experiment.strands import STRANDS, strand_table
from cislearn.models.network import Network
from cislearn.models.saving import for_prediction, save_model
from cislearn.models.strands import joined
from cislearn.objectives.objective import Objective
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.runs import FORMAT, RUN
from cislearn.tables import write_table
from cislearn.training.fit import Fitted


def write_run(
    setting: Setting,
    method: Method,
    seed: int,
    folder: Path,
    *,
    identity: str,
    network: Network,
    objective: Objective,
    fitted: Fitted,
    counted: Mapping[str, Any],
) -> None:
    """Write all that a finished run holds; ``run.json`` last, since with it the run is whole."""
    history = pd.DataFrame(fitted.history)
    write_table(folder / "history.tsv", history)
    signals = [signal for signal in objective.signals if signal.name in history]
    if signals:
        write_table(folder / "health.tsv", history[["step", *(signal.name for signal in signals)]])
    roles = setting.roles
    rows = predicted_rows(roles)
    strands = None if roles.dataset.spec.single_stranded else predict_strands(setting, network, rows)
    logits = predict_logits(setting, network, rows) if strands is None else _joined(setting, strands)
    predictions = prediction_table(roles, lambda wanted: logits[np.searchsorted(rows, wanted)])
    write_table(folder / "predictions.parquet", predictions)
    if roles.dataset.spec.profiles:
        write_profiles(folder, roles.dataset.spec, rows, logits)
    seen = roles.seen_rows(method.labelled, "valid")
    thresholds = choose_thresholds(predictions, roles.dataset.spec, seen)
    temperatures = choose_temperatures(predictions, roles.dataset.spec, seen)
    if strands is not None:
        table = strand_table(roles, rows, strands, thresholds)
        write_table(folder / STRANDS, name_run(method.title, seed, table))
    for name, table in diagnose_run(setting, method, network, predictions, thresholds).items():
        write_table(folder / name, name_run(method.title, seed, table))
    learned, dataset = _rows_learned(setting, method), roles.dataset
    write_seen(seen_together([seen_before(setting.config), seen_of(dataset, learned)]), folder)
    domains = domains_learned(setting.config) | set(dataset.loci["domain"].iloc[learned])
    extra = {
        "thresholds": thresholds,
        "temperatures": temperatures,
        "prevalences": seen_prevalences(predictions, roles.dataset.spec, seen),
        "dataset": roles.dataset.hash,
    }
    save_model(folder, network, setting.card.with_extra(**extra))
    write_json(folder / "environment.json", describe_environment(setting.device))
    _write_config(setting, method, seed, folder / "config.yaml")
    record = {
        "format": FORMAT,
        "method": method.title,
        "seed": seed,
        "identity": identity,
        "target": roles.target,
        "labels_of": sorted(domains),
        "protocol": method.protocol(setting.config.selection),
        "selection": setting.config.selection,
        "step": fitted.step,
        "steps": int(fitted.history[-1]["step"]),
        "seconds": fitted.history[-1]["seconds"],
        "thresholds": thresholds,
        "temperatures": temperatures,
        "signals": [asdict(signal) for signal in signals],
        "kmer_counts": dict(counted),
        "concerns": objective.concerns(fitted.history),
    }
    write_json(folder / RUN, record)


def _rows_learned(setting: Setting, method: Method) -> Int[np.ndarray, " n"]:
    """Return the rows whose labels training saw, validation, or the choice of the weights."""
    if not method.objective.learns_task:
        return np.zeros(0, dtype=np.int64)
    parts = [setting.roles.seen_rows(method.labelled, "train"), setting.roles.seen_rows(method.labelled, "valid")]
    return np.unique(np.concatenate([*parts, setting.judged_rows(method)]))


def _joined(setting: Setting, strands: Float[np.ndarray, "n 2 t"]) -> Float[np.ndarray, "n t"]:
    """The very logits that `predict_logits` gives, from the one pass that also tells the strands apart."""
    one, other = torch.from_numpy(strands).unbind(1)
    return joined(one, other, setting.card.predict, setting.card.spec.tasks).numpy()


def predict_logits(setting: Setting, network: Network, rows: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n t"]:
    """Return the logits of rows of the dataset, on the strands that the configuration reads."""
    model = for_prediction(network, setting.config.model.reverse_complement.predict)
    dataset = setting.roles.dataset
    predictor = NetworkPredictor(model, setting.device.torch)
    return predict_rows(predictor.predict, dataset.sequences, rows, dataset.spec.margin, tracks=dataset.tracks)


def predict_strands(setting: Setting, network: Network, rows: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n 2 t"]:
    """Return the logits of rows of the dataset on either strand: as stored, and as its reverse complement."""
    dataset = setting.roles.dataset
    predictor = NetworkPredictor(network, setting.device.torch)
    return predict_rows(predictor.strands, dataset.sequences, rows, dataset.spec.margin, tracks=dataset.tracks)


def _write_config(setting: Setting, method: Method, seed: int, path: Path) -> None:
    """Write the configuration of this run alone."""
    config = setting.config.model_dump(mode="json")
    config["methods"] = [method.config.model_dump(mode="json")]
    config["training"]["seeds"] = [seed]
    with file_written_whole(path) as unfinished:
        unfinished.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
