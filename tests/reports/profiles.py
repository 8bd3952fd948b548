"""What an experiment with profile tasks holds beside its scores: some loci to draw, and bounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.evaluation.profiles.divergence import jensen_shannon
from cislearn.evaluation.profiles.examples import PROFILES, example_profiles
from tests.reports.further import write_tsv
from tests.reports.scores import PROFILE

LENGTH, LOCI = 1000, ("chr1:1000-2000", "chr2:52,300-53,300", "chrX:900-1900")


def write(folder: Path, methods: Sequence[str], tasks: Sequence[str], part: str) -> None:
    """Write ``profiles.parquet`` and ``profile_bounds.tsv``: a footprint each strand."""
    rng = np.random.default_rng(5)
    place = np.arange(LENGTH) - rng.integers(350, 650, (len(LOCI), 2, 1)) + np.array([-10, 10])[:, None]
    expected = 6 * np.exp(-((place / 4) ** 2)) + 0.3 * np.exp(-((place / 120) ** 2)) + 0.02
    observed = rng.poisson(expected)
    tables = []
    for task in tasks:
        for index, method in enumerate(methods):
            predicted = expected * rng.gamma(6 + 6 * index, 1 / (6 + 6 * index), expected.shape)
            divergence = jensen_shannon(observed, predicted).mean(axis=1)
            table = example_profiles(LOCI, divergence, observed, predicted)
            tables.append(table.assign(method=method, task=task))
    pd.concat(tables)[list(PROFILES)].to_parquet(folder / "profiles.parquet", index=False)
    rows = []
    for task in tasks:
        for metric in PROFILE:
            values = {"mean profile": 0.15, "shuffled": 0.1, "replicate": 0.6}
            if metric.endswith("JSD"):
                values = {"mean profile": 0.4, "shuffled": 0.5, "replicate": 0.1}
            for reference, value in values.items():
                bound = "upper" if reference == "replicate" else "lower"
                value = np.nan if metric.startswith("counts") and reference == "mean profile" else value
                about = {"part": part, "task": task, "reference": reference, "bound": bound, "metric": metric}
                rows.append(about | {"estimate": value, "low": value - 0.01, "high": value + 0.02})
    write_tsv(folder / "profile_bounds.tsv", rows)
