"""What counts of words add to the networks: what either weighs, and the words that weigh most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cislearn.reports.blocks import Cell, Column, Section, Table, Text
from cislearn.reports.numbers import decimal, signed
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData

WORDS = 4
"""Words that are shown of each logit."""
COLUMNS = (
    Column("Method", is_number=False), Column("Seed"), Column("Task", is_number=False), Column("Network", "times"),
    Column("Counts", "times"), Column("AUROC of the network"), Column("AUROC joined"),
    Column("Heaviest words", is_number=False),
)  # fmt: skip


def counted_words_section(data: ReportData) -> Section | None:
    """List what each logit is joined of, where counts of words stand beside a network."""
    rows = tuple(
        _row(run.method, run.seed, task, told)
        for run in data.runs
        for task, told in run.info.get("kmer_counts", {}).items()
    )
    if not rows:
        return None
    text = Text(
        "Beside the trained network stands a logistic regression on counts of words, a word and its reverse complement"
        " as one, fitted to the same training windows. Predictions are made of both; what either weighs was chosen on"
        " the validation windows that the AUROCs are of, so that the joined one is a little too good. Attributions"
        " by gradients are of the network alone."
    )
    return Section("counts", "Counts of words", (text, Table("What the logits are joined of.", COLUMNS, rows)))


def _row(method: str, seed: int, task: str, told: Mapping[str, Any]) -> tuple[Cell, ...]:
    words = ", ".join(f"{word} {signed(weight, 2)}" for word, weight in told["heaviest"][:WORDS])
    numbers = (told["network"], told["words"])
    scores = (told["alone"], told["joined"])
    return (
        Cell(label_of(method)),
        Cell(str(seed)),
        Cell(task),
        *(Cell(decimal(number, 2)) for number in numbers),
        *(Cell(decimal(score)) for score in scores),
        Cell(words),
    )
