"""Networks that were conjoined in training, embedded in RCPS: their scores as they are, and trained on from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Int
from torch import nn

from cislearn.data.dataset import Dataset
from cislearn.experiment.beginning import begin_from
from cislearn.experiment.config import ExperimentConfig, ReverseComplementConfig
from cislearn.experiment.execute import run_experiment
from cislearn.models.saving import load_network, read_card
from cislearn.runs import RunFolder, runs_under
from cislearn.studies.reverse_complement.readings import scores_table


def embedded_scores(
    config: ExperimentConfig,
    runs: Sequence[RunFolder],
    dataset: Dataset,
    parts: Mapping[str, Int[np.ndarray, " n"]],
) -> pd.DataFrame:
    """Train the embedded networks on, and return the scores of both.

    Parameters
    ----------
    config : ExperimentConfig
        Of the experiment whose networks were conjoined.
    runs : list of RunFolder
        Its finished runs, one a seed.
    dataset, parts
        As `scores_table` takes them.
    """
    tuned = [fine_tune(config, run) for run in runs]
    networks = {"embedded": [_embedded(run, origin) for run, origin in zip(tuned, runs, strict=True)]}
    networks["fine-tuned"] = [load_network(run.path) for run in tuned]
    tables = [scores_table(each, tuned, dataset, parts, {name: "forward"}) for name, each in networks.items()]
    return pd.concat(tables, ignore_index=True)


def fine_tune(config: ExperimentConfig, run: RunFolder) -> RunFolder:
    """Train an RCPS network that begins at a run, from its seed, and return what came of it.

    An experiment of its own: what it begins at is a part of what it is, and further seeds must not change that.
    """
    assert config.out is not None
    seed = run.info["seed"]
    training = {"init_from": run.path, "seeds": [seed]}
    changed = config.model_copy(
        update={
            "model": config.model.model_copy(
                update={"reverse_complement": ReverseComplementConfig.model_validate({"train": "equivariant"})}
            ),
            "training": config.training.model_copy(update=training),
            "out": config.out.with_name(f"{config.out.name}-embedded-{seed}"),
        }
    )
    (tuned,) = runs_under(run_experiment(changed).path)
    return tuned


def _embedded(run: RunFolder, origin: RunFolder) -> nn.Module:
    """Return the network that a run began with."""
    network = read_card(run.path).build()
    begin_from(network, origin.path, run.info["seed"])
    return network.eval()
