"""What studies of profiles share: the two readings of a trained network, and a cell of their tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cislearn.reports.numbers import DASH, decimal, interval

READINGS = ("one strand", "both strands")


def estimate_cell(row: Mapping[Any, Any] | None) -> str:
    """Return an estimate with its interval; a dash where there is none."""
    if row is None or np.isnan(row["estimate"]):
        return DASH
    return f"{decimal(row['estimate'])} ({interval(row['low'], row['high'])})"
