"""What could be chosen without target labels, and how far that falls short of what their labels would choose."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from cislearn.evaluation.choosing.choices import AT_RANDOM, choices
from cislearn.evaluation.choosing.criteria import CRITERIA
from cislearn.reports.blocks import Cell, Column, Section, Table, Text
from cislearn.reports.numbers import decimal, listed
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData

HEADINGS = {criterion.name: criterion.heading for criterion in CRITERIA}
CAPTION = (
    "What each criterion chooses among {among}: from validation loci, without a label of the target.{told} One "
    "experiment does not tell which criterion to trust."
)
TOLD = (
    " AUROC is on the target's test loci, told afterwards; shortfall is how far it is below the best that could have "
    "been chosen."
)


def choosing_section(data: ReportData) -> Section | None:
    """Show the choices among methods and among single runs, where there is anything to choose from."""
    table = data.criteria
    several = len(data.seeds) > 1
    ways: list[tuple[Literal["methods", "runs"], str]] = []
    if len(table["method"].unique()) > 1:
        ways.append(("methods", "methods, by means over seeds" if several else "methods"))
    if several:
        ways.append(("runs", "runs"))
    tasks = list(dict.fromkeys(table["task"]))
    blocks = [
        block
        for among, in_words in ways
        for task in tasks
        for block in _choices(choices(table[table["task"] == task], among), in_words, task if len(tasks) > 1 else "")
    ]
    return Section("choosing", "Choosing without target labels", tuple(blocks)) if blocks else None


def _choices(made: pd.DataFrame, among: str, task: str) -> list[Text | Table]:
    """Say in a sentence, and show in a table, what was chosen; nothing where no criterion has a value."""
    chosen = made[made["criterion"] != AT_RANDOM]
    if chosen.empty:
        return []
    is_told = bool(made["best"].notna().any())
    rows = [
        (Cell(HEADINGS[row["criterion"]]), Cell(_name(row)), *_told(row, is_told)) for row in chosen.to_dict("records")
    ]
    if is_told:
        best, chance = made["best"].iloc[0], made.iloc[-1].to_dict()
        rows.append((Cell("At random"), Cell("mean over all"), *_told(chance, is_told)))
        rows.append(
            (Cell("Target labels"), Cell("the best of them", stamp="oracle"), Cell(decimal(best)), Cell(decimal(0.0)))
        )
    columns = [Column("Criterion", is_number=False), Column("Its choice", is_number=False)]
    columns += [Column("AUROC", "target test"), Column("Shortfall")] if is_told else []
    caption = CAPTION.format(among=among, told=TOLD if is_told else "")
    table = Table(caption, tuple(columns), tuple(rows), title=f"{task}, among {among}" if task else "")
    return [Text(_reading(chosen, among, task)), table]


def _reading(chosen: pd.DataFrame, among: str, task: str) -> str:
    """Say which criteria choose what: ``DEV and entropy choose adversarial; source risk chooses source only``."""
    by_choice: dict[str, list[str]] = {}
    for row in chosen.to_dict("records"):
        by_choice.setdefault(_name(row), []).append(_small(HEADINGS[row["criterion"]]))
    told = [f"{listed(who)} {'choose' if len(who) > 1 else 'chooses'} {what}" for what, who in by_choice.items()]
    return f"Among {among.partition(',')[0]}{f' ({task})' if task else ''}, {'; '.join(told)}."


def _small(heading: str) -> str:
    return heading if heading.isupper() else heading[0].lower() + heading[1:]


def _name(row: dict) -> str:
    seed = "" if pd.isna(row["seed"]) else f", seed {int(row['seed'])}"
    return f"{label_of(row['method'])}{seed}"


def _told(row: dict, is_told: bool) -> list[Cell]:
    return [Cell(decimal(row["target_auroc"])), Cell(decimal(row["shortfall"]))] if is_told else []
