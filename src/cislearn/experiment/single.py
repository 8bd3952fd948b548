"""One run: train one network by one method from one seed, and write down what came of it."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from jaxtyping import Float, Int

from cislearn.atomic import file_written_whole, write_json
from cislearn.data.batches import Batches, training_rows
from cislearn.data.views import Views, mix_seed
from cislearn.engine.devices import Device
from cislearn.engine.environment import describe_environment
from cislearn.errors import UserError
from cislearn.evaluation.domain_distance import proxy_a_distance
from cislearn.evaluation.metrics import auroc, best_threshold
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.methods import Method
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.roles import Roles, Side
from cislearn.models.network import Network
from cislearn.models.saving import ModelCard, for_prediction, load_network, save_model
from cislearn.objectives.objective import Objective
from cislearn.objectives.supervised import task_loss
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from cislearn.runs import FORMAT, RunFolder, runs_under, write_table
from cislearn.training.fit import Fitted, TrainingPlan, fit
from cislearn.training.judge import Validation
from cislearn.training.optimisers import OptimiserPlan

LEAST_FOR_DISTANCE = 12


@dataclass(frozen=True)
class Setting:
    """What all runs of an experiment share."""

    config: ExperimentConfig
    roles: Roles
    device: Device
    search: tuple[Path, ...] = ()
    reporter: Reporter = field(default_factory=Reporter)

    @property
    def card(self) -> ModelCard:
        """The model that the configuration describes."""
        encoder = self.config.model.encoder
        return ModelCard(
            encoder=encoder.name,
            spec=self.roles.dataset.spec,
            options=encoder.options,
            predict=self.config.model.reverse_complement.predict,
            search=[str(folder) for folder in self.search],
        )


def train_run(setting: Setting, method: Method, seed: int, folder: RunFolder, identity: str) -> None:
    """Train one run into `folder`, going on where a killed one stood.

    Parameters
    ----------
    setting : Setting
        Data, configuration, device.
    method : Method
        What is minimised, and whose labels are seen.
    seed : int
        Of first weights, batches and views.
    folder : RunFolder
        Where to; it takes its name when all is written.
    identity : str
        Hash of all that the run depends on. A partial run of another identity is begun again.
    """
    began = time.monotonic()
    _claim(folder.partial, identity)
    torch.manual_seed(mix_seed(seed))
    network = setting.card.build()
    if setting.config.training.init_from is not None:
        _begin_from(network, setting.config.training.init_from, seed)
    objective = method.make()
    objective.setup(network, setting.roles.dataset.spec)
    fitted = _fit(setting, method, seed, network, objective, folder.partial / "last.ckpt")
    _write(setting, method, seed, folder.partial, identity, network, fitted, time.monotonic() - began)
    (folder.partial / "last.ckpt").unlink()
    folder.finish()


def _claim(folder: Path, identity: str) -> None:
    marker = folder / "identity"
    if folder.exists() and not (marker.is_file() and marker.read_text() == identity):
        shutil.rmtree(folder)
    with file_written_whole(marker) as partial:
        partial.write_text(identity)


def _begin_from(network: Network, path: Path, seed: int) -> None:
    """Copy the weights of a finished run: the encoder's, and the head's where the tasks are the same."""
    runs = runs_under(path)
    run = next((run for run in runs if run.path.name == f"seed-{seed}"), runs[0])
    trained = load_network(run.path)
    try:
        network.encoder.load_state_dict(trained.encoder.state_dict())
    except RuntimeError as error:
        raise UserError(
            f"has another encoder or window length ({trained.spec.length} bp) than this experiment",
            where=run.path,
            fix="Take the same model section, or leave training.init_from out.",
        ) from error
    if trained.spec.tasks == network.spec.tasks:
        network.head.load_state_dict(trained.head.state_dict())


def _fit(
    setting: Setting, method: Method, seed: int, network: Network, objective: Objective, checkpoint: Path
) -> Fitted:
    config, roles = setting.config.training, setting.roles
    dataset = roles.dataset
    labelled: Side = method.labelled
    parts = {"source": training_rows(dataset, roles.labelled_rows(labelled, "train"), labelled=True)}
    if "target" in objective.draws:
        parts["target"] = training_rows(dataset, roles.rows("target", "train"), labelled=False)
    batches = Batches(
        dataset.sequences, parts, objective.draws, batch_size=config.batch_size, seed=seed, balance=config.balance
    )
    plan = TrainingPlan(
        steps=config.epochs * batches.steps_per_epoch,
        validate_every=config.validate_every or batches.steps_per_epoch,
        optimiser=OptimiserPlan(**config.optimiser.model_dump()),
        keep="last" if setting.config.selection == "last" else "best",
        patience=config.patience,
        precision=config.precision,
        gradient_clip=config.gradient_clip,
        seed=seed,
    )
    views = Views(dataset.spec, setting.config.model.reverse_complement.train, config.max_shift, seed)
    setting.reporter.begin(f"{method.title.replace('_', ' ')}   seed {seed}", plan.steps, 0)
    return fit(
        network,
        objective,
        batches,
        views,
        _validation(setting, method),
        plan,
        checkpoint=checkpoint,
        device=setting.device,
        watch=setting.reporter.step,
    )


class _validation:  # noqa: N801
    """Score of a network on the validation rows that the selection rule allows."""

    def __init__(self, setting: Setting, method: Method) -> None:
        oracle = setting.config.selection == "oracle" and setting.roles.target is not None
        side: Side = "target" if oracle else method.labelled
        self.setting, self.rows = setting, setting.roles.labelled_rows(side, "valid")
        if len(self.rows) == 0:
            raise UserError(f"there is no labelled validation row in {setting.roles.domain_name(side)}")
        self.labels = setting.roles.dataset.labels_float(self.rows)

    def __call__(self, network: Network) -> Validation:
        """Return mean AUROC over tasks (minus the loss where not all are binary) and the loss."""
        logits = predict_logits(self.setting, network, self.rows)
        loss = float(task_loss(torch.from_numpy(logits), torch.from_numpy(self.labels), network.spec))
        score = _mean_auroc(logits, self.labels) if all(t.kind == "binary" for t in network.spec.tasks) else float("nan")
        return Validation(score=-loss if np.isnan(score) else score, loss=loss, further={})


def _mean_auroc(logits: Float[np.ndarray, "n t"], labels: Float[np.ndarray, "n t"]) -> float:
    values = []
    for t in range(labels.shape[1]):
        seen = ~np.isnan(labels[:, t])
        values.append(auroc(labels[seen, t], logits[seen, t]))
    return float(np.nan if np.isnan(values).all() else np.nanmean(values))


def predict_logits(setting: Setting, network: Network, rows: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n t"]:
    """Return the logits of rows of the dataset, on the strands that the configuration averages."""
    model = for_prediction(network, setting.config.model.reverse_complement.predict)
    dataset = setting.roles.dataset
    predictor = NetworkPredictor(model, setting.device.torch)
    return predict_rows(predictor.predict, dataset.sequences, rows, dataset.spec.margin)


def _write(
    setting: Setting,
    method: Method,
    seed: int,
    folder: Path,
    identity: str,
    network: Network,
    fitted: Fitted,
    seconds: float,
) -> None:
    """Write all that a finished run holds; ``run.json`` last."""
    history = pd.DataFrame(fitted.history)
    predictions = _predictions(setting, network)
    thresholds = _thresholds(setting, method, predictions)
    write_table(folder / "history.tsv", history)
    if "domain_accuracy" in history:
        write_table(folder / "health.tsv", history[["step", "domain_accuracy", "lambda"]])
    write_table(folder / "predictions.parquet", predictions)
    distance = _distance(setting, network)
    if distance is not None:
        write_table(folder / "domain_distance.tsv", pd.DataFrame([{"method": method.title, "seed": seed} | distance]))
    save_model(folder, network, setting.card.with_extra(thresholds=thresholds, dataset=setting.roles.dataset.hash))
    write_json(folder / "environment.json", describe_environment(setting.device))
    config = setting.config.model_dump(mode="json")
    config["methods"] = [method.config.model_dump(mode="json")]
    config["training"]["seeds"] = [seed]
    with file_written_whole(folder / "config.yaml") as partial:
        partial.write_text(yaml.safe_dump(config, sort_keys=False))
    record: dict[str, Any] = {
        "format": FORMAT,
        "method": method.title,
        "seed": seed,
        "identity": identity,
        "target": setting.roles.target,
        "protocol": method.protocol,
        "selection": setting.config.selection,
        "step": fitted.step,
        "steps": int(fitted.history[-1]["step"]),
        "seconds": round(seconds, 2),
        "thresholds": thresholds,
    }
    write_json(folder / "run.json", record)


def _predictions(setting: Setting, network: Network) -> pd.DataFrame:
    """Labels and logits of all validation and test rows of the sources and the target."""
    roles, spec = setting.roles, setting.roles.dataset.spec
    tables = []
    for side in roles.sides:
        for part in ("valid", "test"):
            rows = roles.rows(side, part)
            if len(rows):
                columns: dict[str, Any] = {"row": rows, "domain": roles.dataset.loci["domain"].to_numpy()[rows], "part": part}
                labels, logits = roles.dataset.labels_float(rows), predict_logits(setting, network, rows)
                for t, task in enumerate(spec.tasks):
                    columns[f"label_{task.name}"] = labels[:, t]
                    columns |= logit_columns(task.name, logits[:, spec.columns(task.name)])
                tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def logit_columns(task: str, logits: Float[np.ndarray, "n c"]) -> dict[str, Float[np.ndarray, " n"]]:
    """Name the logits of a task: ``logit_<task>``, and with several classes ``logit_<task>_<class>``."""
    if logits.shape[1] == 1:
        return {f"logit_{task}": logits[:, 0]}
    return {f"logit_{task}_{c}": logits[:, c] for c in range(logits.shape[1])}


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
