"""What each filter of a layer counts for: the model with the filter silenced, held against the model as it is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import cast

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from cislearn.evaluation.metrics import auroc, log_loss, mean_squared_error
from cislearn.explain.layer import Layer, output_changed
from cislearn.explain.windows import Windows
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec, TaskSpec


def influence(
    model: nn.Module,
    layer: Layer,
    windows: Windows,
    filters: Sequence[int],
    *,
    device: torch.device | str = "cpu",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Return what changes for each task where a filter gives its mean over the windows, whatever it reads.

    The filter and its tied partner are silenced together, on both strands of a model that reads both (Kelley et al.
    2016, "nullified").

    Parameters
    ----------
    model : nn.Module
        The `layer` is in it; it is as before afterwards.
    layer : Layer
        See `motif_layer`; what follows the outlet sees the mean.
    windows : Windows
        Of the model's length; those that it has not learned from, or scores flatter it.
    filters : list of int
        Which ones.
    device : torch.device or str
        Where to compute.
    progress : Progress, optional
        Hears how far it is.

    Returns
    -------
    DataFrame
        filter, task; ``change``, the root mean square change of the logits; ``loss``, by how much the loss grows (log
        loss in nats, squared error of a value); ``auroc``, by how much the AUROC falls. NaN where labels are absent or
        do not allow it.
    """
    spec, predictor = cast(DataSpec, model.spec), NetworkPredictor(model, device)
    means, intact = _means_and_logits(predictor, layer, windows)
    labels = np.full((windows.n, len(spec.tasks)), np.nan) if windows.labels is None else windows.labels
    rows = []
    for done, number in enumerate(filters):
        channels = layer.channels(number)

        def silence(output: Tensor, channels: list[int] = channels) -> Tensor:
            changed = output.clone()
            changed[:, channels] = means[channels, None].to(output)
            return changed

        with ExitStack() as silent_filter:
            for outlet in layer.outlets:
                silent_filter.enter_context(output_changed(outlet, silence))
            silenced = _logits(predictor, windows)
        for t, task in enumerate(spec.tasks):
            columns = spec.columns(task.name)
            rows.append(
                {"filter": number, "task": task.name}
                | _effect(task, labels[:, t], intact[:, columns], silenced[:, columns])
            )
        progress("silencing filters", done + 1, len(filters))
    return pd.DataFrame(rows, columns=["filter", "task", "change", "loss", "auroc"])


def _logits(predictor: NetworkPredictor, windows: Windows) -> Float32[np.ndarray, "n t"]:
    return np.concatenate([predictor.predict(piece.tokens, piece.tracks) for piece in windows.pieces()])


def _means_and_logits(
    predictor: NetworkPredictor, layer: Layer, windows: Windows
) -> tuple[Float[Tensor, " c"], Float32[np.ndarray, "n t"]]:
    """Mean of each channel of the outlet over windows, places and strands; the logits."""
    total: Tensor | float = 0.0
    seen = 0

    def add(output: Tensor) -> Tensor:
        nonlocal total, seen
        total, seen = total + output.double().sum((0, 2)).cpu(), seen + output.shape[0] * output.shape[2]
        return output

    with ExitStack() as heard:
        for outlet in layer.outlets:
            heard.enter_context(output_changed(outlet, add))
        logits = _logits(predictor, windows)
    assert isinstance(total, Tensor)
    return total / seen, logits


def _effect(
    task: TaskSpec,
    labels: Float[np.ndarray, " n"],
    intact: Float[np.ndarray, "n c"],
    silenced: Float[np.ndarray, "n c"],
) -> dict[str, float]:
    known = ~np.isnan(labels)
    y, before, after = labels[known].astype(float), intact[known].astype(float), silenced[known].astype(float)
    effect = {"change": float(np.sqrt(np.mean((silenced - intact) ** 2))), "loss": np.nan, "auroc": np.nan}
    if not known.any() or task.kind == "profile":
        return effect
    if task.kind == "regression":
        effect["loss"] = mean_squared_error(y, after[:, 0]) - mean_squared_error(y, before[:, 0])
        return effect
    if task.kind == "binary":
        effect["auroc"] = auroc(y, before[:, 0]) - auroc(y, after[:, 0])
        # The logits of two classes whose difference is that of the task.
        before, after = (np.column_stack([np.zeros(len(y)), z]) for z in (before, after))
    effect["loss"] = log_loss(y, after) - log_loss(y, before)
    return effect
