"""One run: train one network by one method from one seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc
from cislearn.experiment.counted_words import add_counts
from cislearn.experiment.following import Job
from cislearn.experiment.materials import Materials, gather_materials
from cislearn.experiment.methods import Method
from cislearn.experiment.partial import claim_partial, finish_partial
from cislearn.experiment.profile_scores import observed_counts
from cislearn.experiment.record import predict_logits, write_run
from cislearn.experiment.setting import Setting
from cislearn.models.network import Network
from cislearn.objectives.supervised import task_loss
from cislearn.runs import RunFolder
from cislearn.training.fit import Fitted, fit
from cislearn.training.judge import Reached, Validation, read_reached

CHECKPOINT = "last.ckpt"


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
    if claim_partial(folder.partial, identity):
        setting.reporter.note(f"{method.title}, seed {seed}: begun with another configuration, begun again")
    made = gather_materials(setting, method, seed)
    fitted = _fit(setting, method, seed, made, folder.partial / CHECKPOINT)
    counted = add_counts(setting, method, made.network)
    write_run(
        setting,
        method,
        seed,
        folder.partial,
        identity=identity,
        network=made.network,
        objective=made.objective,
        fitted=fitted,
        counted=counted,
    )
    finish_partial(folder)


def _fit(setting: Setting, method: Method, seed: int, made: Materials, checkpoint: Path) -> Fitted:
    reached, world = read_reached(checkpoint) if checkpoint.is_file() else Reached(), setting.processes.world
    if reached.step and reached.world != world:
        setting.reporter.note(
            f"{method.title}, seed {seed}: goes on with {world} processes where {reached.world} began it"
        )
    setting.reporter.begin(f"{method.title.replace('_', ' ')}   seed {seed}", made.plan.steps, reached.step)
    setting.processes.tell(Job.of(setting, method, seed, checkpoint))
    return fit(
        made.network,
        made.objective,
        made.batches,
        made.views,
        _Validator(setting, method),
        made.plan,
        checkpoint=checkpoint,
        device=setting.device,
        watch=setting.reporter.step,
        processes=setting.processes,
    )


class _Validator:
    """Score of a network on the validation rows that the selection rule allows."""

    def __init__(self, setting: Setting, method: Method) -> None:
        self.setting, self.rows = setting, setting.judged_rows(method)
        if len(self.rows) == 0:
            raise UserError(f"there is no validation row with a label that {method.title} may see")
        dataset = setting.roles.dataset
        self.labels = torch.from_numpy(dataset.labels_float(self.rows))
        observed = [observed_counts(dataset, task, self.rows) for task in dataset.spec.profiles]
        self.profiles = torch.from_numpy(np.concatenate(observed, axis=1)) if observed else None

    def __call__(self, network: Network) -> Validation:
        """Return mean AUROC over tasks (minus the loss where not all are binary) and the loss.

        Of profiles the loss is the multinomial one of their shape, and half the mean counts times the error of their
        logarithm, whatever the method weighs it by.
        """
        logits = predict_logits(self.setting, network, self.rows)
        loss = float(task_loss(torch.from_numpy(logits), self.labels, network.spec, profiles=self.profiles))
        ranks = np.isfinite(loss) and all(task.kind == "binary" for task in network.spec.tasks)
        score = _mean_auroc(logits, self.labels.numpy()) if ranks else float("nan")
        return Validation(score=-loss if np.isnan(score) else score, loss=loss, further={})


def _mean_auroc(logits: Float[np.ndarray, "n t"], labels: Float[np.ndarray, "n t"]) -> float:
    values = []
    for t in range(labels.shape[1]):
        seen = ~np.isnan(labels[:, t])
        values.append(auroc(labels[seen, t], logits[seen, t]))
    return float(np.nan if np.isnan(values).all() else np.nanmean(values))
