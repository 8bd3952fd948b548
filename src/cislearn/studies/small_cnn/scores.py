"""What runs and rivals reach on the test windows, by probability and by label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64

from cislearn.evaluation.intervals import estimates
from cislearn.evaluation.metrics import auprc_many, auroc_many
from cislearn.evaluation.resamples import Panel
from cislearn.studies.small_cnn.rivals import Rival
from cislearn.studies.small_cnn.runs import Run

METRICS = ("AUROC", "AUPRC", "AUROC of labels", "AUPRC of labels")
"""Of the scores, and of the 0/1 labels that are called of them: probability half or more."""
SHARE = "at chance"
"""In the place of a metric: the share of the runs that stay there."""
AT_CHANCE = 0.6
"""Share of right calls below which a run has stayed at chance; the greater class has .518 of the test windows."""


def is_at_chance(run: Run, labels: Int64[np.ndarray, " c"]) -> bool:
    """Whether a run calls hardly more test windows right than one that calls all of them alike."""
    return bool(((run.logits >= 0) == labels).mean() < AT_CHANCE)


def ledger(runs: Sequence[Run], labels: Int64[np.ndarray, " c"], machine: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row a run: where it was made, how long it took, and its numbers on the test windows."""
    rows = []
    for run in runs:
        calls = run.logits >= 0
        values = _many(labels, run.logits[None], calls[None])
        last = run.curve.iloc[-1]
        rows.append(
            {
                "network": run.network,
                "loss": run.loss,
                "seed": run.seed,
                "commit": machine["git"] or "",
                "cpu": machine["cpu"],
                "threads": machine["threads"],
                "device": "cpu",
                "seconds": round(run.seconds, 1),
                "steps": run.steps,
                "n": len(labels),
                "prevalence": labels.mean(),
                **{name: float(found[0]) for name, found in values.items()},
                "accuracy": float((calls == labels).mean()),
                "training loss": last["loss"],
                "validation loss": last["validation loss"],
            }
        )
    return pd.DataFrame(rows)


def scores(runs: Sequence[Run], rivals: Sequence[Rival], labels: Int64[np.ndarray, " c"]) -> pd.DataFrame:
    """Return a row for each network, loss and metric: the mean over seeds with its interval over windows and seeds."""
    rows: list[dict[str, Any]] = []
    trials = dict.fromkeys((run.network, run.loss) for run in runs)
    for network, loss in trials:
        mine = [run for run in runs if (run.network, run.loss) == (network, loss)]
        logits, place = np.stack([run.logits for run in mine]), {"network": network, "loss": loss}
        share = float(np.mean([is_at_chance(run, labels) for run in mine]))
        rows += [{**place, **row} for row in _estimated(labels, logits, logits >= 0)]
        rows.append({**place, "metric": SHARE, "estimate": share, "n_seeds": len(mine), "n": len(labels)})
    for rival in rivals:
        found = _estimated(labels, rival.scores, rival.scores >= rival.calls_above)
        rows += [{"network": rival.name, "loss": "", "detail": rival.detail, **row} for row in found]
    return pd.DataFrame(rows)


def _estimated(
    labels: Int64[np.ndarray, " c"], values: Float[np.ndarray, "seeds c"], calls: np.ndarray
) -> Iterator[dict[str, Any]]:
    # No two windows share a locus: each was drawn by itself, and none is there twice.
    clusters = np.arange(len(labels))
    panels = [Panel((name,), metric, given) for name, metric, given in _panels(values, calls)]
    for name, found in estimates(panels, labels, clusters).items():
        yield {
            "metric": name,
            "estimate": found.value,
            "low": found.low,
            "high": found.high,
            "seeds_sd": found.seed_sd,
            "n_seeds": found.n_seeds,
            "n": len(labels),
        }


def _panels(values: np.ndarray, calls: np.ndarray) -> Iterator[tuple[str, Any, np.ndarray]]:
    by = {"AUROC": auroc_many, "AUPRC": auprc_many}
    for name in METRICS:
        yield name, by[name.split()[0]], calls.astype(np.float64) if "labels" in name else values


def _many(labels: np.ndarray, values: np.ndarray, calls: np.ndarray) -> dict[str, np.ndarray]:
    """Each metric of each seed, on the windows as they are."""
    once = np.ones((1, len(labels)))
    return {
        name: np.array([metric(labels, each, once)[0] for each in given])
        for name, metric, given in _panels(values, calls)
    }
