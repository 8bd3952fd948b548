"""What the diagnoses of an adaptation leave in an experiment's folder, made of given numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from cislearn.evaluation.choosing.criteria import CRITERIA
from tests.reports.further import write_tsv

BEFORE, AFTER = ("untrained", "source_only"), "adversarial"


def add_diagnoses(
    folder: Path,
    *,
    whole: tuple[float, float] = (0.6, 0.2),
    by_class: tuple[float, float] = (0.3, 0.3),
    difference: float = 0.0,
    left: float = 0.05,
    is_labelled: bool = True,
    tasks: tuple[str, ...] = ("FOXA1",),
    seeds: tuple[int, ...] = (0, 1, 2),
) -> Path:
    """Write distances of two networks (before, after), estimated shares of positives, criteria and pictures.

    Intervals reach .1 to either side; `by_class` are the positives' distances by labels (by calls without), `left` the
    one at the estimated share.
    """
    info = json.loads((folder / "experiment.json").read_text())
    (folder / "experiment.json").write_text(json.dumps(info | {"adapts": [AFTER], "not_diagnosed": {}}))
    of_network = {**dict.fromkeys(BEFORE, 0), AFTER: 1}
    runs = [(name, seed, k) for name, k in of_network.items() for seed in seeds]
    write_tsv(
        folder / "domain_distance.tsv",
        [{"method": name, "seed": seed, **_distance(whole[k])} for name, seed, k in runs],
    )
    write_tsv(
        folder / "class_distance.tsv",
        [
            {"method": name, "seed": seed, "task": task, "told_by": by, "class": each}
            | _distance(by_class[k] if (by == "labels") == is_labelled and each == "positives" else 0.25)
            for name, seed, k in runs
            for task in tasks
            for by in (("calls", "labels") if is_labelled else ("calls",))
            for each in ("positives", "negatives")
            if name != "untrained" or by == "labels"
        ]
        + [
            {"method": name, "seed": seed, "task": task, "told_by": "estimate", "class": "all windows"}
            | _distance(left)
            for name, seed, _ in runs
            for task in tasks
            if name != "untrained"
        ],
    )
    write_tsv(folder / "label_shift.tsv", _shift(tasks, difference, is_labelled))
    write_tsv(folder / "criteria.tsv", _criteria(tasks, seeds, is_labelled))
    _picture(of_network, is_labelled).to_parquet(folder / "features.parquet", index=False)
    return folder


def _distance(value: float) -> dict[str, float | str]:
    return {
        "pad": value,
        "low": max(0.0, value - 0.1),
        "high": value + 0.1,
        "n_source": 200,
        "n_target": 200,
        "note": "",
    }


def _shift(tasks, difference, is_labelled):
    return [
        {"method": method, "task": task, "told_by": by, "source": 0.5, "prevalence": 0.5 + difference}
        | {"low": 0.5 + difference - 0.03, "high": 0.5 + difference + 0.03, "difference": difference}
        | {"difference_low": difference - 0.04, "difference_high": difference + 0.04}
        | {"seen": 0.3 if is_labelled else "", "n_source": 400, "n_target": 800}
        for task in tasks
        for method in ("source_only", AFTER)
        for by in ("calls", "probabilities")
    ]


def _criteria(tasks, seeds, is_labelled):
    """All criteria choose the adversarial runs but the source risk, which does not."""
    rows = []
    for task in tasks:
        for k, method in enumerate(("source_only", AFTER)):
            for seed in seeds:
                values = {each.name: (1 if each.larger_is_better else -1) * (k + seed / 10) for each in CRITERIA}
                values["source_risk"] = 0.4 + 0.1 * k + 0.01 * seed
                auroc = 0.8 + 0.05 * k + 0.01 * seed if is_labelled else ""
                rows.append(
                    {"method": method, "seed": seed, "task": task} | values | {"target_auroc": auroc, "note": ""}
                )
    return rows


def _picture(of_network, is_labelled):
    rng = np.random.default_rng(0)
    frames = []
    for name in of_network:
        labels = (rng.random(80) < 0.4).astype(float)
        is_target = np.arange(80) >= 40
        frame = pd.DataFrame({"method": name, "seed": 0, "is_target": is_target, "x": rng.normal(size=80) + labels})
        label = np.where(is_target & (not is_labelled), np.nan, labels)
        frames.append(frame.assign(y=rng.normal(size=80), label=label, call=1 - labels))
    return pd.concat(frames, ignore_index=True)
