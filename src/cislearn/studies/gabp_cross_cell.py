"""GABP in five cell types, each in turn the unlabelled target, under the published protocol and under an honest one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pandas as pd

from cislearn.data.marker import MARKER
from cislearn.data.prepare import prepare
from cislearn.experiment.reading import make_config
from cislearn.studies.settings import BARE_TRAINING, FIRST_MOTIF_CNN, FIRST_OPTIMISER, PUBLISHED_DANN_TF
from cislearn.studies.study import Size, Study, Trial
from cislearn.studies.windows import CELLS, CHROMOSOME, PLACE, all_windows, apart, bound_by_others, gabp_windows
from cislearn.tables import write_table

SMOKE = 400
"""Windows of a cell type and label in the smoke size."""
PROTOCOLS: dict[str, dict[str, Any]] = {
    "honest": {
        "data": {"split": {"by": "chromosome"}},
        "selection": "source_validation",
    },
    "published": {
        "data": {"split": {"by": "random", "deal": "target", "leaks": "keep", "valid": 0.1, "test": 0.1}},
        "selection": "oracle",
    },
}

NETWORKS: dict[str, dict[str, Any]] = {
    "motif_cnn": {
        "model": FIRST_MOTIF_CNN,
        "methods": ["source_only", "adversarial", "target_labels"],
        "training": {**BARE_TRAINING, "epochs": 8, "balance": "domain", "optimiser": FIRST_OPTIMISER},
    },
    "dann_tf": {
        **PUBLISHED_DANN_TF,
        "methods": ["source_only", {"name": "adversarial", "schedule": "ganin"}, "target_labels"],
    },
}  # fmt: skip


class GabpCrossCell(Study):
    """What the adversary buys on real data, and what the protocol does."""

    name = "gabp_cross_cell"
    title = "GABP in five cell types, each in turn without labels: two protocols side by side"
    axes = ("protocol", "network", "target")
    introduction = resources("cislearn.studies").joinpath("gabp_cross_cell.md").read_text(encoding="utf-8")

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`."""
        most, made = (SMOKE, work / "data-smoke") if size == "smoke" else (None, work / "data")
        data = {
            "honest": _dataset(honest_windows, files / "dann_tf", made / "honest", most),
            "published": _dataset(published_windows, files / "dann_tf", made / "published", most),
        }

        def trial(protocol: str, network: str, target: str, **training: Any) -> Trial:
            out = work / size / f"{protocol}-{network}-{target}"
            config = _config(protocol, network, target, data[protocol], out, training)
            return Trial({"protocol": protocol, "network": network, "target": target}, config)

        if size == "smoke":
            return [trial(p, "motif_cnn", "K562", epochs=1, seeds=[0]) for p in PROTOCOLS]
        seeds = [0, 1, 2] if size == "desk" else [0, 1, 2, 3, 4]
        few = [0] if size == "desk" else seeds
        small = [trial(p, "motif_cnn", cell, seeds=seeds) for cell in CELLS[::-1] for p in PROTOCOLS]
        return [*small, *(trial(p, "dann_tf", cell, seeds=few) for cell in CELLS[::-1] for p in PROTOCOLS)]


def _config(protocol: str, network: str, target: str, data: Path, out: Path, training: dict[str, Any]) -> Any:
    base, kind = PROTOCOLS[protocol], NETWORKS[network]
    return make_config(
        {
            **kind,
            "data": {"path": str(data), "target": target, **base["data"]},
            "training": kind["training"] | training,
            "selection": base["selection"],
            "out": str(out),
        }
    )


def published_windows(files: Path) -> pd.DataFrame:
    """Return the windows of the published FASTA files: chrom, start, end, sequence, cell, GABP (0 or 1)."""
    tables = [
        gabp_windows(files, cell, positive=positive).assign(cell=cell, GABP=int(positive))
        for cell in CELLS
        for positive in (True, False)
    ]
    return pd.concat(tables, ignore_index=True)


def honest_windows(files: Path) -> pd.DataFrame:
    """Return positives off the chromosome of the published negatives, and as many windows that other factors bind.

    A negative of a cell type is a window that CTCF, JunD or USF2 binds there, that GABP does not, and that overlaps
    neither a GABP window of that cell type nor another of its negatives. GABP may bind it in another cell type: that is
    what has to be told apart.
    """
    windows = all_windows(files)
    windows = windows[windows["chrom"] != CHROMOSOME]
    tables = []
    for cell in CELLS:
        positives = gabp_windows(files, cell, positive=True)
        positives = positives[positives["chrom"] != CHROMOSOME]
        negatives = apart(bound_by_others(windows, cell), positives).head(len(positives))
        tables += [positives.assign(cell=cell, GABP=1), negatives[PLACE].assign(cell=cell, GABP=0)]
    return pd.concat(tables, ignore_index=True)


def _dataset(windows: Callable[[Path], pd.DataFrame], files: Path, out: Path, most: int | None) -> Path:
    """Return the folder of a dataset of `windows`, at most `most` of each cell type and label; made where it is not."""
    if not (out / MARKER).is_file():
        table = windows(files)
        if most is not None:
            table = table.groupby(["cell", "GABP"]).sample(most, random_state=0)
        out.parent.mkdir(parents=True, exist_ok=True)
        path = out.with_suffix(".tsv")
        write_table(path, table)
        prepare(out, tables=[path], domain_column="cell", label_columns=["GABP"])
    return out
