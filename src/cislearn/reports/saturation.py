"""The page beside the table of a region's substitutions: for each task a map of what every base would change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.reports.answer import Answer
from cislearn.reports.blocks import Drawing, Drawings, Section
from cislearn.reports.figures.saturation import saturation_map
from cislearn.reports.numbers import count, signed
from cislearn.reports.write import render_page, write_page

PAGE = "saturation.html"
DRAWN = 1200
"""Positions of a map, at most: those about the largest effect."""
UNITS = {"logit": "change of the logit", "value": "change of the value", "log2_counts": "log2 fold change of counts"}
CAVEATS = (
    "One base is changed at a time: of two motifs that do the same neither is missed.",
    "Each position stands in the middle of its own window, so what lies far from it is not read.",
)


def write_saturation_page(folder: Path, region: str, table: pd.DataFrame, about: Mapping[str, str]) -> Path:
    """Write ``saturation.html`` beside the table; give back its path.

    Parameters
    ----------
    folder : Path
        Of the table.
    region : str
        Which it is of.
    table : DataFrame
        As `cislearn.variants.saturation.saturate` gives it.
    about : mapping of str to str
        What stands at the head of the page.

    Raises
    ------
    UserError
        Where the page cannot be written.
    """
    measures = [name for name in table.columns if name.startswith(tuple(f"{kind}_effect_" for kind in UNITS))]
    sections = [_section(table, name, k) for k, name in enumerate(measures)]
    n_scored = int((table["not_scored"] == "").sum())
    sentence = f"What {count(n_scored)} substitutions of {region} would change in what the model predicts."
    return write_page(
        render_page(region, Answer(sentence, "not compared", CAVEATS), [*about.items()], sections), folder, PAGE
    )


def effects_of(table: pd.DataFrame, column: str) -> tuple[int, str, Float[np.ndarray, "4 length"]]:
    """Return the first position of a table, its reference, and the effects of A, C, G and T.

    The reference itself is 0 where anything of its position was scored, and what was not scored is NaN.
    """
    first = int(table["pos"].iloc[0])
    bases = "".join(table.drop_duplicates("pos")["ref"])
    effects = np.full((4, len(bases)), np.nan)
    row, position = table["alt"].map("ACGT".index).to_numpy(), table["pos"].to_numpy() - first
    effects[row, position] = table[column].to_numpy(float)
    for k in np.flatnonzero(np.isfinite(effects).any(axis=0)):
        effects["ACGT".index(bases[k]), k] = 0.0
    return first, bases, effects


def _section(table: pd.DataFrame, column: str, number: int) -> Section:
    kind, of = column.split("_effect_", 1)
    first, bases, effects = effects_of(table, column)
    start = _most_telling(effects)
    part = slice(start, start + DRAWN)
    told = table.iloc[table[column].abs().argmax()]
    largest = f"{told['chrom']}:{told['pos']:,} {told['ref']}>{told['alt']}, {signed(float(told[column]))}"
    shown = "" if len(bases) <= DRAWN else f" The {count(DRAWN)} positions about it are drawn; the table has all."
    caption = (
        f"{UNITS[kind]}: blue raises it, orange lowers it, grey was not scored. Letters above are as tall as the base"
        f" is worth against the mean of the four. The largest: {largest}.{shown}"
    )
    svg = saturation_map(effects[:, part], bases[part], name=f"Effects on {of} ({number + 1})", first=first + start)
    return Section(
        f"effects-{number + 1}", of, (Drawings((Drawing(svg, caption[0].upper() + caption[1:]),), is_wide=True),)
    )


def _most_telling(effects: Float[np.ndarray, "4 length"]) -> int:
    """Where the stretch begins that is drawn."""
    length = effects.shape[1]
    middle = int(np.nan_to_num(np.abs(effects)).max(axis=0).argmax())
    return int(np.clip(middle - DRAWN // 2, 0, max(0, length - DRAWN)))
