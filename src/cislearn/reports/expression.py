"""``report.html`` of a network of expression: the score beside simple models, how it learned, where it misses most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from cislearn.evaluation.worst import Worst
from cislearn.reports.answer import Answer
from cislearn.reports.blocks import Cell, Column, Drawing, Drawings, Section, Table
from cislearn.reports.figures.expression import against_figure, loss_figure
from cislearn.reports.numbers import count, decimal, interval, signed
from cislearn.reports.write import render_page, write_page

PAGE = "report.html"
METRIC = "MSE"
"""The one that a network is trained and chosen by."""
ENOUGH_UNITS = 15
FEW_UNITS = "Intervals over so few are too narrow: with five they hold the truth in about 80 of 100 studies."
LEAK = "Both gene and condition of a tested pair were trained on: the scores say little of new ones."


def write_expression_report(
    folder: Path,
    *,
    scores: pd.DataFrame,
    history: Sequence[Mapping[str, float]],
    kept: int,
    worst: Worst,
    observed: Shaped[np.ndarray, " n"],
    predicted: Shaped[np.ndarray, " n"],
    facts: Mapping[str, str],
    title: str,
    remarks: Sequence[str] = (),
) -> Path:
    """Write the page; return its path.

    Parameters
    ----------
    folder : Path
        Of the run.
    scores : DataFrame
        ``model``, ``metric``, ``estimate``, ``low``, ``high``, ``n``, ``units`` that intervals draw, and what these are
        (``of``): of the network first, then of simple models.
    history, kept
        A row an epoch, and the one that is kept.
    worst : Worst
        See `find_worst`.
    observed, predicted : ndarray, shape (n,)
        Log ratios of the tested pairs.
    facts : mapping of str to str
        What was trained on what.
    title : str
        Of the page.
    remarks : list of str
        What must be known of the split, beside the score.

    Raises
    ------
    UserError
        Where the page cannot be written.
    """
    network, *simple = scores["model"].drop_duplicates()
    errors = scores[scores["metric"] == METRIC].set_index("model")["estimate"]
    best = min(simple, key=lambda name: float(errors[name]))
    share = 1 - float(errors[network]) / float(errors[best])
    verdict = f"{abs(100 * share):.0f} % {'less' if share >= 0 else 'more'} than the {best} ({decimal(errors[best])})"
    sentence = f"The squared error of {network} on tested pairs is {decimal(errors[network])}, {verdict}."
    answer = Answer(sentence, "not compared", (*remarks, *((LEAK,) if facts["Split"] == "pair" else ())))
    drawings = (
        Drawing(
            against_figure(
                observed.astype(np.float64), predicted.astype(np.float64), name="Predicted against measured"
            ),
            "Tested pairs, the darker the more, on a logarithmic scale; the dashed line is where both are equal.",
        ),
        Drawing(loss_figure(history, kept, name="Loss of each epoch"), _gap(history, kept)),
    )
    sections = [
        Section("scores", "Scores", (_scores(scores),)),
        Section("learning", "Predictions and learning", (Drawings(drawings),)),
        Section("worst", "Where it misses most", tuple(_worst(worst))),
    ]
    return write_page(render_page(title, answer, list(facts.items()), sections), folder, PAGE)


def _gap(history: Sequence[Mapping[str, float]], kept: int) -> str:
    row = history[kept]
    if "train_loss" not in row:
        return "The first weights are kept: no epoch lowered the validation loss, so there is no gap to tell."
    gap = row["valid_loss"] - row["train_loss"]
    return (
        f"Epoch {kept} is kept: training loss {decimal(row['train_loss'])}, with what is hidden in training hidden,"
        f" validation loss {decimal(row['valid_loss'])}, a gap of {signed(gap)}."
    )


def _scores(scores: pd.DataFrame) -> Table:
    metrics = list(scores["metric"].drop_duplicates())
    rows = []
    for model, its in scores.groupby("model", sort=False):
        by_metric = its.set_index("metric")
        cells = [Cell(str(model))]
        for metric in metrics:
            row = by_metric.loc[metric]
            ends = interval(row["low"], row["high"]) if np.isfinite(row["low"]) else ""
            cells.append(Cell(decimal(row["estimate"]), ends))
        rows.append(tuple(cells))
    n_units, kind = int(scores["units"].iloc[0]), scores["of"].iloc[0]
    few = f" {FEW_UNITS}" if n_units < ENOUGH_UNITS else ""
    caption = (
        f"{count(int(scores['n'].iloc[0]))} tested pairs, with 95 % intervals over the {count(n_units)} {kind} held"
        f" out.{few} Simple models see the same labels, and neither promoters nor regulators."
    )
    return Table(caption, (Column("model", is_number=False), *map(Column, metrics)), tuple(rows))


def _worst(worst: Worst) -> list[Table]:
    captions = {
        "genes": "Genes by the mean squared error of their tested pairs. Above the variance of its labels the mean of"
        " the gene would have done better.",
        "conditions": "Conditions, the same way.",
        "pairs": "Single pairs, by their error.",
    }
    tables = []
    for (what, caption), table in zip(captions.items(), worst, strict=True):
        if not len(table):
            continue
        names = [name for name in map(str, table) if name in ("gene", "condition")]
        columns = [Column(name, is_number=name not in names) for name in map(str, table)]
        rows = [
            tuple(
                Cell(str(value) if name in names else count(int(value)) if name == "n" else decimal(float(value)))
                for name, value in row.items()
            )
            for row in table.to_dict("records")
        ]
        tables.append(Table(caption, tuple(columns), tuple(rows), title=f"The worst {what}"))
    return tables
