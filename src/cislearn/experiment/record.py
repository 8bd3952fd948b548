"""What a finished run leaves: predictions, thresholds, domain distance, model, and the record that makes it whole."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from jaxtyping import Float, Int

from cislearn.atomic import file_written_whole, write_json
from cislearn.engine.environment import describe_environment
from cislearn.evaluation.domain_distance import proxy_a_distance
from cislearn.evaluation.metrics import best_threshold
from cislearn.experiment.methods import Method
from cislearn.experiment.setting import Setting
from cislearn.models.network import Network
from cislearn.models.saving import for_prediction, save_model
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.runs import FORMAT, RUN, logit_names, write_table
from cislearn.training.fit import Fitted

LEAST_FOR_DISTANCE = 12
"""Rows of either domain below which their distance is not measured."""


def write_run(
    setting: Setting,
    method: Method,
    seed: int,
    folder: Path,
    *,
    identity: str,
    network: Network,
    fitted: Fitted,
    seconds: float,
) -> None:
    """Write all that a finished run holds; ``run.json`` last, since with it the run is whole."""
    history = pd.DataFrame(fitted.history)
    write_table(folder / "history.tsv", history)
    if "domain_accuracy" in history:
        write_table(folder / "health.tsv", history[["step", "domain_accuracy", "lambda"]])
    predictions = _predictions(setting, network)
    write_table(folder / "predictions.parquet", predictions)
    distance = _distance(setting, network)
    if distance is not None:
        write_table(folder / "domain_distance.tsv", pd.DataFrame([{"method": method.title, "seed": seed} | distance]))
    thresholds = _thresholds(setting, method, predictions)
    save_model(folder, network, setting.card.with_extra(thresholds=thresholds, dataset=setting.roles.dataset.hash))
    write_json(folder / "environment.json", describe_environment(setting.device))
    _write_config(setting, method, seed, folder / "config.yaml")
    record = {
        "format": FORMAT,
        "method": method.title,
        "seed": seed,
        "identity": identity,
        "target": setting.roles.target,
        "protocol": method.protocol(setting.config.selection),
        "selection": setting.config.selection,
        "step": fitted.step,
        "steps": int(fitted.history[-1]["step"]),
        "seconds": round(seconds, 2),
        "thresholds": thresholds,
    }
    write_json(folder / RUN, record)


def predict_logits(setting: Setting, network: Network, rows: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n t"]:
    """Return the logits of rows of the dataset, on the strands that the configuration averages."""
    model = for_prediction(network, setting.config.model.reverse_complement.predict)
    dataset = setting.roles.dataset
    predictor = NetworkPredictor(model, setting.device.torch)
    return predict_rows(predictor.predict, dataset.sequences, rows, dataset.spec.margin)


def _write_config(setting: Setting, method: Method, seed: int, path: Path) -> None:
    """Write the configuration of this run alone."""
    config = setting.config.model_dump(mode="json")
    config["methods"] = [method.config.model_dump(mode="json")]
    config["training"]["seeds"] = [seed]
    with file_written_whole(path) as partial:
        partial.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def _predictions(setting: Setting, network: Network) -> pd.DataFrame:
    """Labels and logits of all validation and test rows of the sources and the target."""
    roles, spec = setting.roles, setting.roles.dataset.spec
    tables = []
    for side in roles.sides:
        for part in ("valid", "test"):
            rows = roles.rows(side, part)
            if len(rows):
                columns: dict[str, Any] = {
                    "row": rows,
                    "domain": roles.dataset.loci["domain"].to_numpy()[rows],
                    "part": part,
                }
                labels, logits = roles.dataset.labels_float(rows), predict_logits(setting, network, rows)
                for t, task in enumerate(spec.tasks):
                    columns[f"label_{task.name}"] = labels[:, t]
                    columns |= dict(zip(logit_names(task), logits[:, spec.columns(task.name)].T, strict=True))
                tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _thresholds(setting: Setting, method: Method, predictions: pd.DataFrame) -> dict[str, float]:
    """Logit of greatest F1 on the validation rows whose labels the method may see, for each binary task."""
    domains = setting.roles.sources if method.labelled == "sources" else (setting.roles.target,)
    valid = predictions[(predictions["part"] == "valid") & predictions["domain"].isin(domains)]
    thresholds = {}
    for task in setting.roles.dataset.spec.tasks:
        if task.kind == "binary":
            seen = valid[valid[f"label_{task.name}"].notna()]
            labels = seen[f"label_{task.name}"].to_numpy()
            thresholds[task.name] = best_threshold(labels, seen[f"logit_{task.name}"].to_numpy())
    return thresholds


def _distance(setting: Setting, network: Network) -> dict[str, float] | None:
    """Proxy A-distance of the features of the sources' and the target's validation rows, None without a target."""
    roles = setting.roles
    if roles.target is None:
        return None
    source, target = roles.rows("sources", "valid"), roles.rows("target", "valid")
    if min(len(source), len(target)) < LEAST_FOR_DISTANCE:
        return None
    predictor = NetworkPredictor(network, setting.device.torch)
    margin = roles.dataset.spec.margin
    features = [predict_rows(predictor.features, roles.dataset.sequences, rows, margin) for rows in (source, target)]
    distance = asdict(proxy_a_distance(features[0], features[1]))
    return {"pad": distance["value"], "low": distance["low"], "high": distance["high"]}
