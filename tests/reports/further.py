"""What tells how far the numbers of an experiment can be trusted, as training writes it, made of drawn numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Rows = list[dict[str, Any]]
KEPT = "40 training and validation rows that share a sequence or a locus with test are kept"
DROPPED = "40 training and validation rows that share a sequence or a locus with test are left out"
GROUPS = ("leaked", "not leaked", "positives not leaked, all negatives")
WARNING = "Composition alone tells the domains apart: a model may have learned the domain and not the site."


def leaks(sizes: dict[str, int], tasks: Sequence[str]) -> dict[str, Any]:
    """``data.json``'s ``leaks``."""
    kinds = {"same sequence": 12, "reverse complement": 6, "overlap": 20, "near duplicate": 9}
    answers = {f"{task} {answer}": n for task in tasks for answer, n in (("positive", 31), ("negative", 9))}
    sides = {side: {"rows": n, "leaky": 40, **kinds, "leaky by answer": answers} for side, n in sizes.items()}
    edges = [index / 10 for index in range(11)]
    return {**sides, "similarity": {"edges": edges, "test_rows": [610, 120, 30, 8, 3, 1, 0, 2, 0, 26]}}


def composition(auroc: float = 0.62) -> dict[str, Any]:
    """``data.json``'s ``composition``."""
    return {"auroc": auroc, "low": auroc - 0.02, "high": auroc + 0.02, "warning": WARNING if auroc > 0.7 else None}


def strands(methods: Sequence[str], seeds: Sequence[int], tasks: Sequence[str], parts: Sequence[str]) -> Rows:
    """``strands.tsv``."""
    return [
        {"method": method, "seed": seed, "task": task, "part": part, "n": 400}
        | {"disagreement": 0.1 * (1 + place) + 0.01 * seed, "disagreement_p95": 0.4 + 0.01 * seed}
        | {"probability_disagreement": 0.01 * (1 + place), "probability_disagreement_p95": 0.05 + 0.01 * seed}
        | {"spearman": 0.9 + 0.01 * place, "flipped": 0.02 + 0.01 * place}
        for place, method in enumerate(methods)
        for seed in seeds
        for task in tasks
        for part in parts
    ]


def leaked(methods: Sequence[str], tasks: Sequence[str], part: str) -> Rows:
    """``leaked.tsv``; the last task has leaked rows of one class only."""
    rows: Rows = []
    for place, method in enumerate(methods):
        for task in tasks:
            for index, group in enumerate(GROUPS):
                is_undefined = group == "leaked" and len(tasks) > 1 and task == tasks[-1]
                value = np.nan if is_undefined else 0.95 - 0.08 * index + 0.01 * place
                rows.append(
                    {
                        "method": method,
                        "part": part,
                        "domain": "hep",
                        "task": task,
                        "group": group,
                        "n": 40 + 300 * index,
                    }
                    | {"n_positive": 31 + 50 * index, "AUROC": value, "low": value - 0.03, "high": value + 0.02}
                    | {"note": "one class only" if is_undefined else ""}
                )
    return rows


def leave_one_out(
    methods: Sequence[str], domains: Sequence[str], tasks: Sequence[str], difference: float = 0.03
) -> Rows:
    """``leave_one_out.tsv``, for binary tasks."""
    rows: Rows = []
    for place, method in enumerate(methods):
        for task in tasks:
            for metric in ("AUROC", "AUPRC", "recall at 10% FDR"):
                values = {name: 0.8 - 0.04 * index + place * difference for index, name in enumerate(domains)}
                values[f"mean over {len(domains)} domains"] = float(np.mean(list(values.values())))
                for domain, value in values.items():
                    gain = place * difference if place else np.nan
                    rows.append(
                        {"method": method, "domain": domain, "task": task, "metric": metric, "estimate": value}
                        | {"low": value - 0.02, "high": value + 0.03, "n_seeds": 3, "n": 400, "difference": gain}
                        | {"difference_low": gain - 0.01, "difference_high": gain + 0.01}
                        | {"protocol": "honest: no target label seen"}
                    )
    return rows


def make_each(folder: Path, domains: Sequence[str], *, methods: Sequence[str] = ("source_only", "adversarial")) -> Path:
    """Write the folder above the experiments of ``target: each``, its domains' reports being stubs."""
    for domain in domains:
        (folder / domain).mkdir(parents=True)
        (folder / domain / "report.html").write_text("a report")
        (folder / domain / "experiment.json").write_text(json.dumps({"format": 1, "target": domain}))
    write_tsv(folder / "leave_one_out.tsv", leave_one_out(methods, domains, ["FOXA1"]))
    (folder / "config.yaml").write_text("data:\n  path: data/foxa1\n  target: each\n")
    info = {"format": 1, "target": "each", "domains": list(domains), "methods": list(methods), "seeds": [0, 1, 2]}
    info |= {"selection": "source_validation", "command": "cislearn train each.yaml"}
    (folder / "each.json").write_text(json.dumps(info))
    return folder


def write_tsv(path: Path, rows: Rows) -> None:
    """Write rows as training writes its tables."""
    pd.DataFrame(rows).to_csv(path, sep="\t", index=False)
