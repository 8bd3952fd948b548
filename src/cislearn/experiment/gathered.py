"""Tables that each run holds: whose they are stands before each row, and the experiment holds them together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cislearn.runs import RunFolder


def name_run(method: str, seed: int, table: pd.DataFrame) -> pd.DataFrame:
    """Put a run's method and seed before each row."""
    return pd.concat([pd.DataFrame({"method": method, "seed": seed}, index=table.index), table], axis=1)


def gather(runs: Sequence[RunFolder], name: str) -> pd.DataFrame | None:
    """Return the rows of the file `name` of all runs, in their order; None where no run has it."""
    paths = [run.path / name for run in runs]
    tables = [_read(path) for path in paths if path.is_file()]
    return pd.concat(tables, ignore_index=True) if tables else None


def _read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, sep="\t")
