"""Fixture: small but whole experiment folders, as training writes them, made of drawn numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.reports import further, profiles
from tests.reports.further import Rows, write_tsv
from tests.reports.scores import BINARY, PROFILE, TEMPERATURE, score

METRICS = {
    "binary": BINARY,
    "multiclass": ("accuracy", "log loss"),
    "regression": ("Pearson", "R2", "MSE"),
    "profile": PROFILE,
}


@dataclass(frozen=True)
class Plan:
    """What to fake."""

    methods: Sequence[str] = ("source_only", "adversarial")
    seeds: Sequence[int] = (0, 1, 2)
    target: str | None = "hep"
    sources: Sequence[str] = ("k562",)
    tasks: Mapping[str, str] = field(default_factory=lambda: {"FOXA1": "binary"})
    is_target_labelled: bool = True
    selection: str = "source_validation"
    differences: Mapping[str, tuple[float, float, float]] = field(
        default_factory=lambda: {"adversarial": (0.048, 0.021, 0.075)}
    )
    left_out: Sequence[str] = ()
    keeps_leaks: bool = False
    composition: float = 0.62
    n: int = 400
    with_surroundings: bool = True

    @property
    def parts(self) -> list[str]:
        return ["source test", *(["target test"] if self.target and self.is_target_labelled else [])]


@pytest.fixture
def experiment(tmp_path: Path) -> Callable[..., Path]:
    """Write an experiment folder called ``foxa1``, planned by keywords."""
    return lambda **plan: make_experiment(tmp_path / "foxa1", Plan(**plan))


def make_experiment(folder: Path, plan: Plan) -> Path:
    """Write a whole experiment folder."""
    rows: Rows = []
    for place, method in enumerate(plan.methods):
        for seed in plan.seeds:
            rows += _make_run(folder / method / f"seed-{seed}", plan, method, seed, strength=1.6 + 0.5 * place)
    write_tsv(folder / "summary.tsv", _summarise(rows, plan))
    part = plan.parts[-1]
    compared = [
        {
            "method": method,
            "baseline": plan.methods[0],
            "part": part,
            "task": task,
            "metric": metric,
            "difference": difference / (1 + place),
            "low": low / (1 + place),
            "high": high / (1 + place),
            "seeds_sd": 0.01,
            "n_seeds": len(plan.seeds),
            "undefined": 0,
            "n": plan.n,
        }
        for method, (difference, low, high) in plan.differences.items()
        for task, kind in plan.tasks.items()
        for place, metric in enumerate(METRICS[kind])
    ]
    if compared:
        write_tsv(folder / "comparison.tsv", compared)
    info = {
        "format": 1,
        "methods": list(plan.methods),
        "upper_bounds": [name for name in plan.methods if name == "target_labels"],
        "seeds": list(plan.seeds),
        "target": plan.target,
        "selection": plan.selection,
        "command": "cislearn train foxa1.yaml",
        "finished": "2025-11-21T10:00:00+00:00",
        "seconds": 143.2,
        "threads": 2,
    }
    (folder / "experiment.json").write_text(json.dumps(info))
    if plan.with_surroundings:
        _make_surroundings(folder, plan)
    profile_tasks = [task for task, kind in plan.tasks.items() if kind == "profile"]
    if profile_tasks:
        profiles.write(folder, plan.methods, profile_tasks, part)
    return folder


def _protocol(method: str) -> str:
    is_bound = method == "target_labels"
    return "upper bound: trained on target labels" if is_bound else "honest: no target label seen"


def _make_run(folder: Path, plan: Plan, method: str, seed: int, strength: float) -> Rows:
    folder.mkdir(parents=True)
    rng = np.random.default_rng([seed, plan.methods.index(method)])
    frames: list[pd.DataFrame] = []
    for domain in (*plan.sources, *([plan.target] if plan.target else [])):
        is_target = domain == plan.target
        labels_rng = np.random.default_rng([len(domain), is_target])
        frame = pd.DataFrame({"row": np.arange(plan.n), "domain": domain, "part": "test"})
        for task, kind in plan.tasks.items():
            columns = _draw(kind, task, plan.n, labels_rng, rng, strength * (0.7 if is_target else 1.2))
            if is_target and not plan.is_target_labelled:
                columns[f"label_{task}"] = np.full(plan.n, np.nan)
            frame = frame.assign(**columns)
        frames += [frame, frame.assign(part="valid")]
    pd.concat(frames, ignore_index=True).to_parquet(folder / "predictions.parquet", index=False)
    run = {
        "format": 1,
        "method": method,
        "seed": seed,
        "identity": "0f3c9a",
        "target": plan.target,
        "protocol": _protocol(method),
        "selection": plan.selection,
        "step": 900,
        "steps": 1200,
        "seconds": 11.2,
        "thresholds": {task: 0.0 for task, kind in plan.tasks.items() if kind == "binary"},
        "temperatures": {task: TEMPERATURE for task, kind in plan.tasks.items() if kind == "binary"},
    }
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "model.safetensors").write_text(f"weights of {method}, seed {seed}")
    _write_logs(folder, method, rng)
    about = {"method": method, "protocol": _protocol(method), "selection": plan.selection, "seed": seed}
    test = pd.concat([frame for frame in frames if frame["part"].iloc[0] == "test"])
    sides = {"source test": list(plan.sources)}
    if plan.target and plan.is_target_labelled:
        sides["target test"] = [plan.target]
    return [
        row | about | {"part": part, "domain": ", ".join(domains)}
        for part, domains in sides.items()
        for task, kind in plan.tasks.items()
        for row in score(test[test["domain"].isin(domains)], task, kind)
    ]


def _draw(kind: str, task: str, n: int, labels_rng: Any, rng: Any, strength: float) -> dict[str, np.ndarray]:
    if kind == "binary":
        labels = (labels_rng.random(n) < 0.3).astype(float)
        return {f"label_{task}": labels, f"logit_{task}": strength * (labels - 0.6) + rng.normal(0, 1, n)}
    if kind == "regression":
        labels = labels_rng.normal(3, 1.5, n)
        return {f"label_{task}": labels, f"logit_{task}": labels + rng.normal(0, 2 / strength, n)}
    if kind == "profile":  # too long to stand in a table of predictions
        return {}
    labels = labels_rng.integers(0, 3, n)
    logits = strength * np.eye(3)[labels] + rng.normal(0, 1, (n, 3))
    return {f"label_{task}": labels.astype(float), **{f"logit_{task}_{k}": logits[:, k] for k in range(3)}}


def _write_logs(folder: Path, method: str, rng: Any) -> None:
    steps = np.arange(100, 1300, 100)
    history = pd.DataFrame(
        {
            "step": steps,
            "epoch": steps / 200,
            "train_loss": 0.3 + 0.4 * np.exp(-steps / 300) + rng.normal(0, 0.01, len(steps)),
            "learning_rate": 1e-3,
            "valid_loss": 0.4,
            "valid_score": 0.9 - 0.3 * np.exp(-steps / 250) + rng.normal(0, 0.005, len(steps)),
        }
    )
    if method == "adversarial":
        health = pd.DataFrame(
            {
                "step": steps,
                "domain_accuracy": 0.55 + 0.3 * np.exp(-(((steps - 350) / 250) ** 2)) + rng.normal(0, 0.01, len(steps)),
                "lambda": 2 / (1 + np.exp(-10 * steps / 1200)) - 1,
            }
        )
        write_tsv(folder / "health.tsv", health.to_dict("records"))
    write_tsv(folder / "history.tsv", history.to_dict("records"))


def _summarise(rows: Rows, plan: Plan) -> Rows:
    keys = ["method", "part", "domain", "task", "metric", "protocol", "selection"]
    summary = []
    for values, group in pd.DataFrame(rows).groupby(keys, sort=False):
        estimate = group["estimate"].mean()
        summary.append(
            {
                **dict(zip(keys, values, strict=True)),
                "estimate": estimate,
                "low": estimate - 0.0213,
                "high": estimate + 0.0187,
                "seeds_sd": group["estimate"].std() if len(plan.seeds) > 1 else float("nan"),
                "n_seeds": len(plan.seeds),
                **group[["n", "n_positive", "prevalence"]].iloc[0].to_dict(),
            }
        )
    return summary


def _make_surroundings(folder: Path, plan: Plan) -> None:
    target = plan.target or "null"
    (folder / "config.yaml").write_text(f"data:\n  path: data/foxa1\n  target: {target}\nmethods: [source_only]\n")
    environment = {
        "device": "cpu",
        "cpu": "Example 7 (8 cores)",
        "threads": 2,
        "cpu_bf16": False,
        "packages": {"cislearn": "0.1.0", "python": "3.11.9", "torch": "2.13.0"},
        "git": {"commit": "5aa82da", "dirty": False},
    }
    (folder / "environment.json").write_text(json.dumps(environment))
    layers = [
        {"name": "embed", "kind": "OneHot", "shape": [4, 101], "parameters": 0, "receptive_field": 1},
        {"name": "stage0.linear", "kind": "Conv1d", "shape": [128, 101], "parameters": 7808, "receptive_field": 15},
        {"name": "stage0.pool", "kind": "MaxPool1d", "shape": [128, 25], "parameters": 0, "receptive_field": 18},
        {"name": "head", "kind": "Linear", "shape": [1], "parameters": 129, "receptive_field": 101},
    ]
    model = {"layers": layers, "parameters": 7937, "receptive_field": 101, "encoder": "motif_cnn"}
    (folder / "model_summary.json").write_text(json.dumps(model))
    domains = [
        {
            "name": name,
            "role": "target" if name == plan.target else "source",
            "n": 2000,
            "per_part": {"train": 1400, "valid": 200, "test": 400, "left out": 0},
            "per_task": {task: {"positive": 600, "negative": 1400, "unlabelled": 0} for task in plan.tasks},
            "gc_mean": 0.4471,
        }
        for name in (*plan.sources, *([plan.target] if plan.target else []))
    ]
    sizes = {"train": 3200, "test": 800}
    data = {
        "dataset": "data/foxa1",
        "hash": "9bd2e1",
        "n": 4000,
        "length": 101,
        "domains": domains,
        "split": {
            "how": "by chromosome",
            "notes": ["valid: chr8", "test: chr1, chr9", further.KEPT if plan.keeps_leaks else further.DROPPED],
            "left_out": [{"reason": "shares a locus", "n": 7}],
        },
        "dropped": [
            {"reason": "unknown chromosome chrUn", "n": 41},
            {"reason": "window would leave the chromosome", "n": 3},
        ],
        "leaks": further.leaks(sizes, [task for task, kind in plan.tasks.items() if kind == "binary"]),
        "composition": further.composition(plan.composition),
    }
    (folder / "data.json").write_text(json.dumps(data))
    distances = [
        {"method": method, "seed": seed, "pad": 0.74 - 0.1 * place, "low": 0.6, "high": 0.8}
        for place, method in enumerate(plan.methods)
        for seed in plan.seeds
    ]
    write_tsv(folder / "domain_distance.tsv", distances)
    tasks = [task for task, kind in plan.tasks.items() if kind == "binary"]
    if tasks:
        write_tsv(folder / "strands.tsv", further.strands(plan.methods, plan.seeds, tasks, plan.parts))
    if tasks and plan.keeps_leaks:
        write_tsv(folder / "leaked.tsv", further.leaked(plan.methods, tasks, plan.parts[-1]))
    if tasks and plan.left_out:
        write_tsv(folder / "leave_one_out.tsv", further.leave_one_out(plan.methods, plan.left_out, tasks))
