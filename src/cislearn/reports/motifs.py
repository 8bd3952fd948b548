"""``motifs.html``: a page of the motifs of a folder, with their names, counts and what the model makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from cislearn.explain.matching import CHANCE, FEW, is_named
from cislearn.explain.motif_folder import MARKER, SPACING
from cislearn.reports.answer import Answer
from cislearn.reports.blocks import Drawing, Drawings, Section
from cislearn.reports.figures.spacing import spacing_figure
from cislearn.reports.files import read_json, read_tsv
from cislearn.reports.numbers import count, in_words, listed
from cislearn.reports.sections.motifs import motif_blocks, read_motif_table
from cislearn.reports.write import render_page, write_page

PAGE = "motifs.html"


def write_motifs_page(folder: Path) -> Path:
    """Write ``motifs.html`` into a folder of found motifs; give back its path.

    Raises
    ------
    UserError
        Where the folder holds none, or the page cannot be written.
    """
    about, table = read_json(folder / MARKER), read_motif_table(folder)
    sections = [Section("motifs", "Motifs", motif_blocks(folder))] if len(table) else []
    if (folder / SPACING).is_file():
        sections.append(_spacing_section(read_tsv(folder / SPACING, text=("first", "second", "orientation")), about))
    name = f"Motifs of {about['run']}"
    return write_page(render_page(name, _answer(table, about), _facts(about), sections), folder, PAGE)


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
    if n := about.get("few_orders", 0):  # folders of earlier versions do not say
        caveats.append(
            f"{in_words(n).capitalize()} more {'matches' if n == 1 else 'match'} a known one and cannot be named: more"
            f" than {100 * CHANCE:.0f} % of the orders of its positions leave such a motif as it is."
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


def _spacing_section(table: pd.DataFrame, about: dict[str, Any]) -> Section:
    first, second = str(table["first"].iloc[0]), str(table["second"].iloc[0])
    caption = (
        f"By how much the logit of {about['marginal']} with both motifs exceeds the sum of either alone, in shuffled"
        " windows: mean and 95 % interval. + is the second motif as it is, \N{MINUS SIGN} on the other strand."
    )
    drawing = Drawing(spacing_figure(table, name=f"Interaction of {first} and {second} by their distance"), caption)
    return Section("spacing", f"{first} and {second} by their distance", (Drawings((drawing,)),))
