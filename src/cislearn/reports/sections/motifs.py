"""The motifs of a folder as a table of logos, names, counts and what the model makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64

from cislearn.explain.matching import CHANCE, Q, information, is_named
from cislearn.explain.motif_folder import MARKER, MEME, TABLE
from cislearn.motifs.matrix import Motif
from cislearn.motifs.meme import read_meme
from cislearn.reports.blocks import Block, Cell, Column, Table, Text
from cislearn.reports.figures.logo import logo
from cislearn.reports.files import read_json, read_tsv
from cislearn.reports.numbers import count, decimal, interval, signed

NAMED = (
    f" A match is told where q is at most {Q:g} and a random order of the motif's positions matches as well at most"
    f" {100 * CHANCE:.0f} % of the time: long weak motifs match others by chance."
)
MOST_DRAWN = 60
"""Logos on a page, so that it stays one that opens; the files hold all."""
CAPTION = {
    "filters": (
        "Logos show the information of each position, up to 2 bits. Sites are the places that a filter answers to,"
        " windows those that hold one. The change is the root mean square change of the logit where the"
        " filter gives its mean over the windows, whatever it reads."
    ),
    "attributions": "Logos show the information of each position, up to 2 bits. Sites are the seqlets of each motif.",
}


def read_motif_table(folder: Path) -> pd.DataFrame:
    """Read ``motifs.tsv`` of a folder of found motifs.

    Raises
    ------
    UserError
        Where it is absent or cut short.
    """
    return read_tsv(folder / TABLE, text=("motif", "match", "name"), numbers=("q", "by_chance", "sites"))


def heights(motif: Motif) -> Float64[np.ndarray, "4 width"]:
    """Return how tall each letter stands, in bits: its probability times the information of the position."""
    return motif.probabilities * information(motif)


def motif_blocks(folder: Path, most: int = MOST_DRAWN, prefix: str = "logo") -> tuple[Block, ...]:
    """Draw the first motifs of a folder of found ones, the most influential first, in a table that can be sorted.

    Parameters
    ----------
    folder : Path
        As ``cislearn motifs`` wrote it, with a motif or more.
    most : int
        Motifs at most.
    prefix : str
        What the names within the logos begin with; no other drawing of the page has it.
    """
    about, table = read_json(folder / MARKER), read_motif_table(folder)
    if table.empty:
        return (Text("No motif was found."),)
    motifs = read_meme(folder / MEME)
    shown = table.head(most)
    tasks = [name.removeprefix("change_") for name in map(str, table) if name.startswith("change_")][:3]
    seeds = len(about.get("seeds", [])) - 1
    columns = [
        Column("Motif", is_number=False),
        Column("Logo", is_number=False),
        Column("Match", is_number=False),
        Column("q"),
        Column("Sites"),
    ]
    columns += [Column("Recurs", f"of {seeds} other seeds")] if "recurs" in table else []
    columns += [Column("Change", task if len(tasks) > 1 else "of the logit") for task in tasks]
    columns += [
        Column("AUROC", task if len(tasks) > 1 else "change without it")
        for task in tasks
        if table[f"auroc_{task}"].notna().any()
    ]
    columns += [Column("Alone", "in shuffled windows")] if "alone_mean" in table else []
    rows = []
    for number, motif in enumerate(motifs[:most]):
        row = dict(zip(map(str, shown), shown.iloc[number], strict=True))
        rows.append(tuple(_cells(row, motif, tasks, table, f"{prefix}-{number}")))
    caption = CAPTION[about["kind"]] + NAMED
    if len(shown) < len(table):
        caption += f" The first {len(shown)} of {count(len(table))} are shown; {TABLE} has all."
    if "alone_mean" in table:
        caption += " Alone: the mean change of the logit with the motif in shuffled windows, with its 95 % interval."
    return (Table(caption, tuple(columns), tuple(rows), is_sortable=True),)


def _cells(row: dict[str, Any], motif: Motif, tasks: list[str], table: pd.DataFrame, key: str) -> list[Cell]:
    is_match = bool(is_named(np.array([row["q"]]), np.array([row["by_chance"]]))[0])
    drawn = logo(heights(motif), name=f"Logo of {motif.identifier}", key=key, line_height=0.5)
    cells = [
        Cell(motif.identifier),
        Cell("", svg=drawn, order=row["information"]),
        Cell(
            str(row["name"]) if is_match else "", str(row["match"]) if is_match and row["match"] != row["name"] else ""
        ),
        Cell("<\N{NO-BREAK SPACE}.001" if row["q"] < 0.001 else decimal(row["q"]), order=row["q"]),
        Cell(count(row["sites"]), f"{count(row['windows'])} windows" if "windows" in row else "", order=row["sites"]),
    ]
    if "recurs" in row:
        cells.append(Cell(count(row["recurs"]), order=row["recurs"]))
    cells += [Cell(decimal(row[f"change_{task}"]), order=row[f"change_{task}"]) for task in tasks]
    lost = [f"auroc_{task}" for task in tasks if table[f"auroc_{task}"].notna().any()]
    cells += [Cell(signed(-row[name], 4), order=row[name]) for name in lost]
    if "alone_mean" in row:
        ends = interval(row["alone_low"], row["alone_high"])
        cells.append(Cell(signed(row["alone_mean"]), ends, order=row["alone_mean"]))
    return cells
