"""Small files in the place of the yeast ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from cislearn.data.expression.series import gasch_series
from tests.data.examples import random_sequence


def write_yeast(folder: Path) -> Path:
    """80 genes in 41 conditions of Gasch and one other: two factors, of which regulators know one each."""
    rng = np.random.default_rng(0)
    conditions = [*gasch_series()["condition"][::4], "mine"]
    factors = rng.normal(size=(80, 2)) @ rng.normal(size=(2, len(conditions)))
    values = factors + 0.1 * rng.normal(size=factors.shape)
    lines = ["\t".join(["UID", *conditions])]
    for k, row in enumerate(values):
        lines.append("\t".join([f"g{k}", *("" if rng.random() < 0.05 else f"{x:.2f}" for x in row)]))
    (folder / "yeast").mkdir()
    promoters = "".join(f"g{k}\t{random_sequence(rng, 100)}\n" for k in range(80))
    for name, text in {
        "gasch2000.tsv.gz": "\n".join(lines) + "\n",
        "promoters_1kb_sacCer3.tsv.gz": promoters,
    }.items():
        (folder / "yeast" / name).write_bytes(gzip.compress(text.encode()))
    (folder / "yeast" / "reg_names_R.txt").write_text("".join(f"g{k}\n" for k in range(8)))
    return folder
