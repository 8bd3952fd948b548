"""How long and how each encoder is trained where the configuration does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KERAS: dict[str, Any] = {
    "max_shift": 0,
    "weight_average": 0.0,
    "gradient_clip": None,
    "optimiser": {"name": "adam", "learning_rate": 1e-3, "weight_decay": 0.0, "decay": "constant", "warmup": 0.0},
}
"""Keras's Adam and nothing else."""

RECIPES: dict[str, dict[str, Any]] = {
    # As published: the loss is a mean over tasks here and a sum there, which RMSprop does not feel.
    "basset": {
        "batch_size": 128,
        "patience": 10,
        "weight_average": 0.0,
        "gradient_clip": None,
        "optimiser": {
            "name": "rmsprop",
            "learning_rate": 2e-3,
            "alpha": 0.98,
            "weight_decay": 0.0,
            "decay": "constant",
            "warmup": 0.0,
            "max_weight_norm": 7.0,
        },
    },
    "wide": {
        "epochs": 16,
        "hidden_bases": 0.2,
        "weight_average": 0.995,
        "precision": "auto",
        "optimiser": {"learning_rate": 2e-3, "weight_decay": 0.1},
    },
    # Of the benchmark of strands (Zhou et al. 2022).
    "zhou_simulated": _KERAS | {"epochs": 200, "batch_size": 500, "patience": 10},
    "zhou_binary": _KERAS | {"batch_size": 100, "validate_every": 50},
    "small_cnn": _KERAS | {"epochs": 10, "batch_size": 10},
    "small_cnn_modified": _KERAS | {"epochs": 10, "batch_size": 10},
    # The rate of the first BPNet. A multinomial loss is hundreds of times that of a label: clipped to norm 1 all
    # gradients would be of one length.
    "bpnet": {"batch_size": 64, "gradient_clip": None, "optimiser": {"learning_rate": 4e-3}},
}
"""Keys of ``training`` in which an encoder differs from the defaults there, which are those of `motif_cnn`.

docs/results/defaults.md has the comparison that those of `wide` were chosen by; the others are published.
"""


COUNTED = {"motif_cnn": 8, "wide": 8}
"""Bases of the words whose counts stand beside an encoder where the configuration does not say and there is no target.

Of words of 6, 7 and 8 bases and gapped ones those of 8 were the best on development windows (docs/results/defaults.md).
What words weigh is learned in the source domains, so that a target does without.
"""


def with_recipe(values: Any) -> Any:
    """Return the plain values of an experiment with the recipe of its encoder below what they say of ``training``.

    What is not of the expected form is returned as it is, for validation to refuse.
    """
    if not isinstance(values, Mapping):
        return values
    recipe = RECIPES.get(_encoder_name(values), {})
    said = values.get("training", {})
    return {**values, "training": _below(recipe, said)} if recipe and isinstance(said, Mapping) else values


def _encoder_name(values: Mapping[str, Any]) -> str:
    model = values.get("model")
    encoder = model.get("encoder") if isinstance(model, Mapping) else None
    name = encoder.get("name") if isinstance(encoder, Mapping) else encoder
    return name if isinstance(name, str) else ""


def _below(defaults: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(defaults) | dict(said)
    for key, value in defaults.items():
        if isinstance(value, Mapping) and isinstance(said.get(key), Mapping):
            merged[key] = _below(value, said[key])
    return merged
