"""The two encoders that we stand behind: what the one not taken would cost here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cislearn.errors import UserError
from cislearn.experiment.config import ExperimentConfig, ModelConfig
from cislearn.experiment.cost import run_seconds
from cislearn.experiment.methods import Method
from cislearn.experiment.setting import Setting

FIRST_LOOK, KEPT = "motif_cnn", "wide"
WARM_UP, TIMED = 1, 2
"""Steps before those that are timed, and those: enough for a word on minutes."""


def tell_costs(setting: Setting, methods: Sequence[Method]) -> None:
    """Tell what a run takes, and what one of the other preset would where it goes with the rest.

    Nothing is told of an encoder that is no preset.
    """
    name = setting.config.model.encoder.name
    if name not in (FIRST_LOOK, KEPT):
        return
    other = KEPT if name == FIRST_LOOK else FIRST_LOOK
    mine = f"about {_run(setting, methods)} a run"
    try:
        theirs = _run(_with(setting, other), methods)
    except UserError:  # such as known motifs where words of bases are read: no alternative here
        setting.reporter.note(mine)
        return
    use = "the model to keep" if other == KEPT else "the one for first looks"
    setting.reporter.note(f"{mine}; {other}, {use}, about {theirs} (--set model.encoder={other})")


def _with(setting: Setting, encoder: str) -> Setting:
    """The same experiment with another encoder and its recipe."""
    values = setting.config.model_dump(mode="json")
    kept = {key: values["training"][key] for key in ("batch_size", "balance", "device", "seeds", "validate_every")}
    model = ModelConfig.model_validate({**values["model"], "encoder": encoder})
    config = ExperimentConfig.model_validate({**values, "model": model.model_dump(), "training": kept})
    return replace(setting, config=config)


def _run(setting: Setting, methods: Sequence[Method]) -> str:
    """Return how long the longest run takes, in words."""
    return _duration(max(run_seconds(setting, method, TIMED, WARM_UP) for method in methods))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
