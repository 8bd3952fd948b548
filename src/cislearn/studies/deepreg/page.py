"""The page of the study: what splits leak, what simple models reach under each, and what was published."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from io import StringIO
from pathlib import Path

import pandas as pd

from cislearn.atomic import file_written_whole
from cislearn.evaluation.expression import CALLS
from cislearn.reports.numbers import decimal, interval
from cislearn.studies.deepreg.protocols import MODELS, PROTOCOLS
from cislearn.studies.deepreg.scores import OTHER_GENES, SPLIT_ITSELF, VALIDATION
from cislearn.studies.markdown import table

TITLE = "DeepREG: what a model of promoter and regulators has to beat"
SEEN = ("gene", "promoter", "condition", "series")
HEADS = {
    "measured": ("MSE (95 %)", OTHER_GENES, "Pearson", "Spearman", "R2", "accuracy"),
    "published": ("MSE (95 %)", OTHER_GENES, VALIDATION, "Pearson", "Spearman", "R2", "accuracy"),
}
"""Columns below each protocol; validation counts where it is what was published."""


def published_numbers() -> pd.DataFrame:
    """Return what was published: columns split, model, metric, value, source, mark."""
    text = (resources("cislearn.studies.deepreg") / "published.tsv").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text), sep="\t")


def write_page(path: Path, scores: pd.DataFrame, notes: Sequence[str]) -> Path:
    """Write the page of the scores that `score_everything` gives; return its path."""
    introduction = (resources("cislearn.studies.deepreg") / "introduction.md").read_text(encoding="utf-8")
    parts = [
        f"# {TITLE}",
        introduction.strip(),
        "\n".join(f"- {note}" for note in notes),
        "## What of a tested pair was trained on",
        _leaks(scores),
        *(part for split in MODELS for part in _split(scores, split)),
        "## Calls of down, base and up",
        _confusions(scores),
        "## What was published",
        _published(),
    ]
    with file_written_whole(path) as partial:
        partial.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def value(scores: pd.DataFrame, protocol: str, split: str, model: str, metric: str) -> pd.Series:
    """Return the one row of a metric.

    Raises
    ------
    ValueError
        Where there is not exactly one.
    """
    keys = {"protocol": protocol, "split": split, "model": model, "metric": metric}
    rows = scores[(scores[list(keys)] == pd.Series(keys)).all(axis=1)]
    if len(rows) != 1:
        raise ValueError(f"{len(rows)} rows of {keys}")
    return rows.iloc[0]


def _leaks(scores: pd.DataFrame) -> str:
    first = next(iter(PROTOCOLS))
    rows = []
    for split in MODELS:
        shares = [value(scores, first, split, SPLIT_ITSELF, f"{name} seen")["estimate"] for name in SEEN]
        rows.append([f"`{split}`", *(f"{100 * share:.0f} %" for share in shares)])
    head = ["split", "the gene", "one that shares its promoter", "the condition", "one of its series"]
    return f"{table(head, rows)}\n\nShares of the tested pairs."


def _split(scores: pd.DataFrame, split: str) -> list[str]:
    parts = [f"## {split.capitalize() if 'order' in split else f'By {split}'}"]
    for protocol, heads in HEADS.items():
        names = [model.name for model in MODELS[split]]
        rows = [[name, *(_cell(scores, protocol, split, name, head) for head in heads)] for name in names]
        first = value(scores, protocol, split, names[0], "MSE")
        label = "Measured" if protocol == "measured" else "As published"
        parts += [f"{label} ({int(first['n']):,} pairs):", table(["model", *heads], rows)]
    return parts


def _cell(scores: pd.DataFrame, protocol: str, split: str, model: str, head: str) -> str:
    row = value(scores, protocol, split, model, head.removesuffix(" (95 %)"))
    between = interval(row["low"], row["high"]) if head.endswith("(95 %)") else ""
    return decimal(row["estimate"]) + (f" ({between})" if between else "")


def _confusions(scores: pd.DataFrame) -> str:
    """Return shares of all pairs in percent of the best simple model and of the published one, by pair."""
    network = "DeepRAGE-C"
    numbers = published_numbers()
    theirs = numbers[numbers["model"] == network].set_index("metric")["value"]
    rows = []
    for true in CALLS:
        metrics = [f"{true} called {call}" for call in CALLS]
        ours = [value(scores, "published", "pair", "low rank", metric)["estimate"] for metric in metrics]
        rows.append([true, *(f"{100 * share:.2f}" for share in (*ours, *(theirs[metric] for metric in metrics)))])
    head = ["truth", *(f"{who}: {call}" for who in ("low rank", f"{network} (published)") for call in CALLS)]
    note = "Percent of all pairs of the split by pair, labels as published: down is -.5 or less, up .5 or more."
    return f"{table(head, rows)}\n\n{note}"


def _published() -> str:
    numbers = published_numbers()
    shown = numbers[~numbers["metric"].str.contains(" called ")]
    head = ["split", "model", "metric", "value", "source", "mark"]
    rows = [
        [decimal(row[name], 4) if name == "value" else str(row[name]) for name in head]
        for row in shown.to_dict("records")
    ]
    return table(head, rows)
