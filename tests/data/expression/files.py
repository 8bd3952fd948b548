"""Small files of expression for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.data.examples import random_sequence

CONDITIONS = ["heat 5 min", "heat 10 min", "cold"]


def write_matrix(path: Path, rows: dict[str, list[object]], conditions: list[str] | None = None) -> Path:
    lines = [["UID", *(conditions or CONDITIONS)], *([gene, *values] for gene, values in rows.items())]
    path.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))
    return path


def write_expression(
    folder: Path, n: int = 12, length: int = 60, conditions: list[str] = CONDITIONS
) -> dict[str, Path]:
    """Genes g0 to g11 with promoters but for the last; g0, g3 and the last are regulators."""
    rng = np.random.default_rng(0)
    rows = {f"g{k}": [f"{value:.2f}" for value in rng.normal(size=len(conditions))] for k in range(n)}
    rows["g3"][1] = ""
    promoters = "".join(f"g{k}\t{random_sequence(rng, length)}\n" for k in range(n - 1))
    (folder / "promoters.tsv").write_text(promoters)
    (folder / "names.txt").write_text(f"g{n - 1}\ng0\ng3\n")
    return {
        "expression": write_matrix(folder / "matrix.tsv", rows, conditions),
        "promoters": folder / "promoters.tsv",
        "regulators": folder / "names.txt",
    }
