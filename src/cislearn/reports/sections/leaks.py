"""What training shares with the test loci, what was done about it, and what it would have bought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cislearn.reports.blocks import Block, Cell, Column, Drawing, Drawings, Section, Table, Text
from cislearn.reports.figures.distributions import similarity_plot
from cislearn.reports.figures.dots import Dot, dot_plot
from cislearn.reports.numbers import DASH, count, decimal, interval
from cislearn.reports.read import SOURCE, TARGET, ReportData
from cislearn.reports.sections.metric_tables import Styles, method_cell, name_of

MOST_ROWS = 40
MOST_TOLD = 12
SHORT = {"positives not leaked, all negatives": "unleaked positives"}
TOLD_BY = ("share a", "leak")
SIDES = {"train": "Train and valid", "test": "Test"}
CAPTION = (
    "Rows that share their sequence (on either strand), a locus or much of their sequence with a row on the other side."
)
NONE = (
    "None of the {train} rows of training and validation shares its sequence (on either strand), a locus or much of "
    "its sequence with any of the {test} test rows."
)
SIMILARITY = (
    "How similar each test row is to the most similar row of training and validation: the share of the words of 20 "
    "bases that the two have in common. Heights are on a scale of powers of ten."
)
KEPT = (
    "The same models on the test rows with a partner in training and on those without one. A higher number on the "
    "leaked rows is what memory buys, and is no sign of what the model does on new loci."
)


def leaks_section(data: ReportData, styles: Styles) -> Section | None:
    """Show leaks by kind and class, the similarity of test to training, and the scores with and without leaked rows."""
    leaks = data.dataset.get("leaks", {})
    blocks: list[Block] = [*_words(data), *([_kinds(leaks)] if leaks else [])]
    similarity = leaks.get("similarity")
    if similarity:
        blocks.append(Drawings((_similarities(similarity),)))
    if len(data.leaked):
        blocks += [Text(KEPT), *_leaked_tables(data, styles), *_leaked_dots(data, styles)]
    return Section("leaks", "Leaks", tuple(blocks)) if blocks else None


def _words(data: ReportData) -> list[Block]:
    """Say what was done about leaks, as the notes of the split tell it."""
    notes = [str(note) for note in data.dataset.get("split", {}).get("notes", [])]
    told = [f"{note[0].upper()}{note[1:]}." for note in notes if any(word in note for word in TOLD_BY)]
    return [Text(" ".join(told))] if told else []


def _kinds(leaks: Mapping[str, Any]) -> Block:
    """Put kinds of leak down, classes and domains below, the two sides across; a sentence where there is none."""
    sides = {side: _flat(leaks[side]) for side in SIDES if side in leaks}
    if not any(n for counts in sides.values() for kind, n in counts.items() if kind != "rows"):
        rows = {side: count(counts.get("rows", float("nan"))) for side, counts in sides.items()}
        return Text(NONE.format(**{"train": DASH, "test": DASH} | rows))
    kinds = list(dict.fromkeys(kind for counts in sides.values() for kind in counts))
    columns = (Column("Rows", is_number=False), *(Column(SIDES[side]) for side in sides))
    cells = tuple(
        (
            Cell("All" if kind == "rows" else f"{kind[0].upper()}{kind[1:]}"),
            *(Cell(count(counts[kind]) if kind in counts else DASH) for counts in sides.values()),
        )
        for kind in kinds
    )
    return Table(CAPTION, columns, cells)


def _flat(counts: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """Counts by kind, those of each class or domain named after their kind: ``leaky, FOXA1 positive``."""
    flat: dict[str, float] = {}
    for name, value in counts.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{before}{name.partition(' by ')[0]}, ")
        elif value is not None:
            flat[f"{before}{name}"] = value
    return flat


def _similarities(similarity: Mapping[str, Any]) -> Drawing:
    """Draw how similar test rows are to their most similar training row."""
    edges, n_rows = np.asarray(similarity["edges"], float), np.asarray(similarity["test_rows"], float)
    told = [
        f"{count(n)} between {decimal(low, 2)} and {decimal(high, 2)}"
        for n, low, high in zip(n_rows, edges[:-1], edges[1:], strict=True)
        if n
    ]
    alt = f"Test rows by their greatest similarity to a training row: {'; '.join(told)}"
    svg = similarity_plot(edges, n_rows, key="similarity", title="Test rows by similarity to training", alt=alt)
    notes = [f" {note[0].upper()}{note[1:]}." for note in similarity.get("notes", [])]
    return Drawing(svg, SIMILARITY + "".join(notes))


def _leaked_tables(data: ReportData, styles: Styles) -> list[Table]:
    """Make a table for each part: methods down (and tasks, where there are several), groups of test rows across."""
    tables = []
    for part in (TARGET, SOURCE):
        here = data.leaked[data.leaked["part"] == part]
        if here.empty:
            continue
        groups, several = list(dict.fromkeys(here["group"])), len(here["task"].unique()) > 1
        rows = []
        for (task, method), found in here.groupby(["task", "method"], sort=False):
            of_group = found.drop_duplicates("group").set_index("group")
            row = [method_cell(data, str(method), styles), *([Cell(str(task))] if several else [])]
            rows.append((*row, *(_leaked_cell(of_group, group) for group in groups)))
        columns = [Column("Method", is_number=False), *([Column("Task", is_number=False)] if several else [])]
        columns += [Column(f"{group[0].upper()}{group[1:]}", _size(here[here["group"] == group])) for group in groups]
        tables.append(
            Table(f"AUROC on {name_of(data, part)}, by whether training has seen them.", tuple(columns), tuple(rows))
        )
    return tables


def _leaked_cell(of_group: pd.DataFrame, group: str) -> Cell:
    """Write the score of a method on one group of test rows, or why there is none."""
    if group not in of_group.index:
        return Cell(DASH)
    row = of_group.loc[group].to_dict()
    return Cell(decimal(row["AUROC"]), interval(row["low"], row["high"]) or row["note"])


def _size(rows: pd.DataFrame) -> str:
    """``2,000 loci, 600 positive``, where all rows of the table agree on it."""
    sizes = rows[["n", "n_positive"]].drop_duplicates()
    if len(sizes) != 1:
        return ""
    return f"{count(sizes['n'].iloc[0])} loci, {count(sizes['n_positive'].iloc[0])} positive"


def _leaked_dots(data: ReportData, styles: Styles) -> list[Block]:
    """Draw the groups of test rows beside one another, where more than one has a score."""
    drawings = []
    for part in (TARGET, SOURCE):
        here = data.leaked[(data.leaked["part"] == part) & data.leaked["AUROC"].notna()]
        if len(here["group"].unique()) < 2:
            continue
        several = len(here["task"].unique()) > 1
        dots = [
            Dot(
                ", ".join([*([row["task"]] if several else []), SHORT.get(row["group"], row["group"])]),
                styles[row["method"]], row["AUROC"], row["low"], row["high"],
            )
            for row in here.to_dict("records")[:MOST_ROWS]
        ]  # fmt: skip
        told = [f"{dot.label}, {dot.style.label} {decimal(dot.estimate)}" for dot in dots[:MOST_TOLD]]
        title = f"AUROC, {part.split()[0]}"
        alt = f"AUROC by whether training has seen the {name_of(data, part)}: {'; '.join(told)}"
        svg = dot_plot(dots, key=f"leaked-{part.split()[0]}", title=title, alt=alt)
        drawings.append(Drawing(svg, ""))
    methods = set(data.leaked["method"])
    key = tuple(style for method, style in styles.items() if method in methods)
    return [Drawings(tuple(drawings), key=key)] if drawings else []
