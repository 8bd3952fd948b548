"""Settings that ledgers were made with, spelled out: what stands in a ledger must not move with the defaults."""

from __future__ import annotations

from typing import Any

BARE_TRAINING: dict[str, Any] = {"max_shift": 0, "hidden_bases": 0, "gradient_clip": None, "weight_average": 0}
"""No shifts, nothing hidden, no clipping, the last weights: as the published trainings were, and our first ones."""

FIRST_MOTIF_CNN: dict[str, Any] = {"encoder": {"name": "motif_cnn", "motifs": 32, "motif_width": 13, "pairs": 64}}
"""`motif_cnn` before its sizes were chosen on the sets of `defaults`."""

FIRST_OPTIMISER: dict[str, Any] = {"weight_decay": 1e-4}
