"""Settings that ledgers were made with, spelled out: what stands in a ledger must not move with the defaults."""

from __future__ import annotations

from typing import Any

BARE_TRAINING: dict[str, Any] = {"max_shift": 0, "hidden_bases": 0, "gradient_clip": None, "weight_average": 0}
"""No shifts, nothing hidden, no clipping, the last weights: as the published trainings were, and our first ones."""

FIRST_MOTIF_CNN: dict[str, Any] = {"encoder": {"name": "motif_cnn", "motifs": 32, "motif_width": 13, "pairs": 64}}
"""`motif_cnn` before its sizes were chosen on the sets of `defaults`."""

FIRST_OPTIMISER: dict[str, Any] = {"weight_decay": 1e-4}

PUBLISHED_DANN_TF: dict[str, Any] = {
    "model": {"encoder": "dann_tf", "reverse_complement": "none"},
    "training": {
        **BARE_TRAINING,
        "epochs": 25,
        "batch_size": 64,
        "optimiser": {
            "name": "sgd", "learning_rate": 0.001, "momentum": 0.9, "weight_decay": 0, "decay": "constant", "warmup": 0,
        },
    },
}  # fmt: skip
"""The published network of DANN_TF and its training; the paper's baseline had 20 epochs."""
