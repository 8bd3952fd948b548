"""What a dataset was made of, as its folder keeps it."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cislearn.genome.token_genome import Genome


def provenance(
    files: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
    genomes: Mapping[str, Genome],
    notes: Sequence[str],
    tracks: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return files, options, genomes by path and hash, notes and versions; tracks where there are some."""
    told = {
        "files": list(files),
        "genomes": {name: {"path": str(g.path), "hash": g.hash} for name, g in genomes.items()},
        "options": dict(options),
        "notes": list(notes),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__},
    }
    return told | ({"tracks": dict(tracks)} if tracks else {})
