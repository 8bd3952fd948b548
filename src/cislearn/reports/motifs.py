"""``motifs.html``: a page of the motifs of a folder, with their names, counts and what the model makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64

from cislearn.explain.matching import CHANCE, FEW, Q, information, is_named
from cislearn.explain.motif_folder import MARKER, MEME, SPACING, TABLE
from cislearn.motifs.matrix import Motif
from cislearn.motifs.meme import read_meme
from cislearn.reports.answer import Answer
from cislearn.reports.blocks import Block, Cell, Column, Drawing, Drawings, Section, Table
from cislearn.reports.figures.logo import logo
from cislearn.reports.figures.spacing import spacing_figure
from cislearn.reports.files import read_json, read_tsv
from cislearn.reports.numbers import count, decimal, in_words, interval, listed, signed
from cislearn.reports.write import render_page, write_page

PAGE = "motifs.html"
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


def write_motifs_page(folder: Path) -> Path:
    """Write ``motifs.html`` into a folder of found motifs; give back its path.

    Raises
    ------
    UserError
        Where the folder holds none, or the page cannot be written.
    """
    about, table = (
        read_json(folder / MARKER),
        read_tsv(folder / TABLE, text=("motif", "match", "name"), numbers=("q", "by_chance", "sites")),
    )
    motifs = read_meme(folder / MEME) if len(table) else []
    sections = [Section("motifs", "Motifs", tuple(_blocks(table, motifs, about)))] if motifs else []
    if (folder / SPACING).is_file():
        sections.append(_spacing_section(read_tsv(folder / SPACING, text=("first", "second", "orientation")), about))
    name = f"Motifs of {about['run']}"
    return write_page(render_page(name, _answer(table, about), _facts(about), sections), folder, PAGE)


def heights(motif: Motif) -> Float64[np.ndarray, "4 width"]:
    """Return how tall each letter stands, in bits: its probability times the information of the position."""
    return motif.probabilities * information(motif)


def _answer(table: pd.DataFrame, about: dict[str, Any]) -> Answer:
    n = len(table)
    what = "motif" if n == 1 else "motifs"
    if n == 0:
        return Answer("No motif was found.", "not compared", _caveats(about))
    matched = table[is_named(table["q"].to_numpy(), table["by_chance"].to_numpy())]
    names = list(dict.fromkeys(matched["name"]))
    told = f"{in_words(n).capitalize()} {what}, of which {in_words(len(matched))} resemble known ones"
    first = f"; those of the strongest are called {listed(names[:3])}" if names else ""
    return Answer(f"{told}{first}.", "not compared", _caveats(about))


def _caveats(about: dict[str, Any]) -> tuple[str, ...]:
    caveats = []
    if about["dropped"]:
        caveats.append(
            f"{count(about['dropped'])} of {count(about['filters'])} filters rest on too few windows and are left out."
        )
    if about["known"] < FEW:
        caveats.append(f"With {about['known']} known motifs alone, p-values depend much on which these are.")
    return tuple(caveats)


def _facts(about: dict[str, Any]) -> list[tuple[str, str]]:
    share = about["unmatched"]
    told = {
        "Windows": f"{count(about['windows'])}, {about['looked_at']}"
        + (f", {about['domain']}" if about.get("domain") else ""),
        "Sites by": str(about.get("rule", "seqlets")).replace("_", " "),
        "Layer": about.get("layer", ""),
        "Seeds": ", ".join(map(str, about.get("seeds", []))),
        "Held against": f"{about['against']} ({count(about['known'])} motifs)",
        "Without a match": "" if share is None else f"{100 * share:.0f} %",
    }
    return [(name, value) for name, value in told.items() if value]


def _blocks(table: pd.DataFrame, motifs: list[Motif], about: dict[str, Any]) -> list[Block]:
    shown = table.head(MOST_DRAWN)
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
    for number, motif in enumerate(motifs[:MOST_DRAWN]):
        rows.append(tuple(_cells(dict(zip(map(str, shown), shown.iloc[number], strict=True)), motif, tasks, table)))
    caption = CAPTION[about["kind"]] + NAMED
    if len(shown) < len(table):
        caption += f" The first {len(shown)} of {count(len(table))} are shown; {TABLE} has all."
    if "alone_mean" in table:
        caption += " Alone: the mean change of the logit with the motif in shuffled windows, with its 95 % interval."
    return [Table(caption, tuple(columns), tuple(rows), is_sortable=True)]


def _cells(row: dict[str, Any], motif: Motif, tasks: list[str], table: pd.DataFrame) -> list[Cell]:
    is_match = bool(is_named(np.array([row["q"]]), np.array([row["by_chance"]]))[0])
    drawn = logo(heights(motif), name=f"Logo of {motif.identifier}", line_height=0.5)
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


def _spacing_section(table: pd.DataFrame, about: dict[str, Any]) -> Section:
    first, second = str(table["first"].iloc[0]), str(table["second"].iloc[0])
    caption = (
        f"By how much the logit of {about['marginal']} with both motifs exceeds the sum of either alone, in shuffled"
        " windows: mean and 95 % interval. + is the second motif as it is, \N{MINUS SIGN} on the other strand."
    )
    drawing = Drawing(spacing_figure(table, name=f"Interaction of {first} and {second} by their distance"), caption)
    return Section("spacing", f"{first} and {second} by their distance", (Drawings((drawing,)),))
