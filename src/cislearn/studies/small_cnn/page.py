"""The page of the study: both scorings of both networks, what they have to beat, and each of the five changes."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files as resources

import numpy as np
import pandas as pd

from cislearn.reports.numbers import DASH, decimal, interval
from cislearn.studies.markdown import table
from cislearn.studies.small_cnn.published import COUNTS, SCORES
from cislearn.studies.small_cnn.rivals import Rival
from cislearn.studies.small_cnn.scores import METRICS, SHARE
from cislearn.studies.small_cnn.trials import ALL, CHANGES, LOSSES, ORIGINAL, all_but, alone
from cislearn.studies.small_cnn.windows import Windows

NAME = "small_cnn"
TITLE = "The small CNN: what a comparison of two networks compares"
HEAD = ("seeds", "AUROC (95 %)", "AUPRC", "AUROC of labels (95 %)", "AUPRC of labels", "runs at chance")


def small_cnn_page(found: pd.DataFrame, rivals: Iterable[Rival], windows: Windows) -> str:
    """Return the page in Markdown of the scores that `scores.scores` gives."""
    introduction = (resources("cislearn.studies.small_cnn") / "introduction.md").read_text(encoding="utf-8")
    parts = [
        f"# {TITLE}",
        introduction.strip(),
        "## Labels",
        _counts(windows),
        "## Both scorings of both networks",
        _both(found),
        _of_the_publication(),
        f"![ROC and PR curves]({NAME}-curves.svg)",
        "Means over the seeds with the loss of the published numbers, runs at chance included; bands: 95 % over windows"
        " and seeds, place by place. The cross: the published labels of the modified network.",
        "## What they have to beat",
        table(
            ["model", "what it found", *HEAD[:-1]],
            [[rival.name, rival.detail, *_cells(found, rival.name, "")[:-1]] for rival in rivals],
        ),
        "All of them learn from the windows that are not for testing.",
        *_of_the_changes(found),
        "## Learning curves",
        f"![Losses of the modified network]({NAME}-learning.svg)",
        "## What a window rests on",
        f"![Logos by occlusion]({NAME}-occlusion.svg)",
        "The first bound test window: each base as tall as what the probability loses where its column is zero"
        " (arcsinh, as published), of the first seed that learned.",
    ]
    return "\n\n".join(parts) + "\n"


def _counts(windows: Windows) -> str:
    parts = {"all": np.arange(len(windows.labels)), **{name: getattr(windows, name) for name in windows._fields[2:]}}
    rows = []
    for name, chosen in parts.items():
        bound = int(windows.labels[chosen].sum())
        rows.append([name, f"{len(chosen):,}", f"{len(chosen) - bound:,}", f"{bound:,}"])
    return table(["part", "windows", "label 0", "label 1"], rows)


def _both(found: pd.DataFrame) -> str:
    rows = [[name, loss, *_cells(found, name, loss)] for name in (ORIGINAL, ALL) for loss in LOSSES]
    shown = [[f"{name}, published", "", "1", *_published(name), DASH] for name in (ORIGINAL, ALL)]
    return table(["network", "loss", *HEAD], rows + shown)


def _published(name: str) -> list[str]:
    return [decimal(SCORES[name].get(metric, np.nan)) for metric in METRICS]


def _of_the_publication() -> str:
    counts = ", ".join(f"{number} {name}" for name, number in COUNTS.items())
    return (
        "**The published comparison scores the two differently**: the original network by its probabilities, the"
        f" modified one by its 0/1 labels. {counts[0].upper()}{counts[1:]} give the numbers of the latter to the last"
        " digit. Rows of one column can be compared; the two published numbers cannot."
    )


def _of_the_changes(found: pd.DataFrame) -> list[str]:
    """The five changes with cross-entropy; nothing where they were not run."""
    loss = LOSSES[1]
    if alone(next(iter(CHANGES))) not in set(found["network"]):
        return []
    head = ["change", *HEAD]
    return [
        "## Each change alone",
        table(
            head,
            [
                ["none (original)", *_cells(found, ORIGINAL, loss)],
                *([words, *_cells(found, alone(name), loss)] for name, words in CHANGES.items()),
            ],
        ),
        "## All changes but one",
        table(
            head,
            [
                ["all (modified)", *_cells(found, ALL, loss)],
                *([f"all but {words}", *_cells(found, all_but(name), loss)] for name, words in CHANGES.items()),
            ],
        ),
        "With cross-entropy. Without the ten dense layers, dropout stands behind the one that is there.",
    ]


def _cells(found: pd.DataFrame, network: str, loss: str) -> list[str]:
    rows = found[(found["network"] == network) & (found["loss"] == loss)].to_dict("records")
    mine = {row["metric"]: row for row in rows}
    cells = [str(mine[METRICS[0]]["n_seeds"])]
    for metric in METRICS:
        row = mine[metric]
        between = f" ({interval(row['low'], row['high'])})" if metric.startswith("AUROC") else ""
        cells.append(decimal(row["estimate"]) + between)
    if SHARE not in mine:
        return [*cells, DASH]
    share = mine[SHARE]
    return [*cells, f"{round(share['estimate'] * share['n_seeds'])} of {share['n_seeds']}"]
