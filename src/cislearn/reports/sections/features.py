"""Windows in a plane by their features, coloured by label, domain and GC, and what they were drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.explain.features_folder import GROUPS, MARKER, TABLE
from cislearn.reports.blocks import Block, Cell, Column, Drawing, Drawings, Table
from cislearn.reports.figures.features import MEDIUM, Cloud, feature_plot
from cislearn.reports.files import read_json, read_tsv
from cislearn.reports.numbers import MINUS, count, decimal
from cislearn.reports.palette import METHOD_COLOURS

AXES = {"tsne": ("t-SNE", ""), "pca": ("first principal component", "second")}
CAVEATS = {
    "tsne": "t-SNE keeps neighbours beside each other; how large groups are, and how far apart, says nothing.",
    "pca": "A plane shows what varies most, not what tells classes or domains apart.",
}
EVENLY = (
    "Each domain and class gives as many windows as the others or all that it has, so the pictures show no shares."
    " Domains and classes are told by the labels of the dataset, which nothing is trained on here."
)
UNLABELLED = "no label"
PALE = METHOD_COLOURS[5]
RISING = [METHOD_COLOURS[number] for number in (0, 9, 8, 4, 1)]
"""From low to high: the palette's blue, teal, olive, ochre and orange."""
MOST_CLOUDS = 5
"""Kinds of dots in a picture, so that its key has room; the rarest share one."""


def features_blocks(folder: Path, prefix: str = "features") -> tuple[Block, ...]:
    """Draw the windows of a folder of features, and count what they were drawn from.

    Parameters
    ----------
    folder : Path
        As ``cislearn features`` wrote it.
    prefix : str
        What the names within the drawings begin with; no other drawing of the page has it.
    """
    about = read_json(folder / MARKER)
    table = read_features_table(folder)
    points = table[["x", "y"]].to_numpy(np.float64)
    limits = np.stack([points.min(axis=0), points.max(axis=0)], axis=1)
    limits[:, 1] = np.maximum(limits[:, 1], limits[:, 0] + 1e-6)
    drawings = []
    for name, title, clouds in _panels(table, points, about):
        alt = f"Windows in a plane. {title}: {', '.join(cloud.label for cloud in clouds)}"
        svg = feature_plot(
            clouds, limits, key=f"{prefix}-{name}", title=title, alt=alt, axes_names=AXES[about["layout"]]
        )
        drawings.append(Drawing(svg, ""))
    groups = read_tsv(folder / GROUPS, text=("domain",), numbers=("label", "drawn", "of"))
    return Drawings(tuple(drawings)), _counts(groups, about)


def read_features_table(folder: Path) -> pd.DataFrame:
    """Read ``features.tsv`` of a folder of features laid out.

    Raises
    ------
    UserError
        Where it is absent or cut short.
    """
    text = ("name", "chrom", "strand", "part", "domain")
    return read_tsv(folder / TABLE, text=text, numbers=("row", "gc", "x", "y"))


def _panels(
    table: pd.DataFrame, points: Float[np.ndarray, "n 2"], about: dict[str, Any]
) -> Iterator[tuple[str, str, list[Cloud]]]:
    """Key, title and dots of each picture; nothing is drawn of what is not known."""
    label = f"label_{about['task']}"
    if label in table and table[label].notna().any():
        values = table[label].to_numpy(np.float64)
        continuous = about["kind"] not in ("binary", "multiclass")
        clouds = _by_value(values, points) if continuous else _by_class(_classes(values, about["kind"]), points)
        yield "label", f"Label of {about['task']}", clouds
    if (table["domain"] != "").any():
        yield "domain", "Domain", _by_class(table["domain"].to_numpy(object), points)
    yield "gc", "Share of G and C", _by_value(table["gc"].to_numpy(np.float64), points)


def _classes(values: Float[np.ndarray, " n"], kind: str) -> np.ndarray:
    signs = {0: MINUS, 1: "+"} if kind == "binary" else {}
    return np.array([UNLABELLED if np.isnan(v) else signs.get(int(v), str(int(v))) for v in values], object)


def _by_class(classes: np.ndarray, points: Float[np.ndarray, "n 2"]) -> list[Cloud]:
    """A colour each, the most frequent first; what has no label is pale, and so are the rarest of many together."""
    named = pd.Series(classes[classes != UNLABELLED]).value_counts()
    names = sorted(named.index[:MOST_CLOUDS] if len(named) <= MOST_CLOUDS else named.index[: MOST_CLOUDS - 1])
    clouds = [Cloud(name, points[classes == name], METHOD_COLOURS[k]) for k, name in enumerate(names)]
    pale = ((UNLABELLED, classes == UNLABELLED), ("others", ~np.isin(classes, [*names, UNLABELLED])))
    return clouds + [Cloud(name, points[mine], PALE, MEDIUM, 0.4) for name, mine in pale if mine.any()]


def _by_value(values: Float[np.ndarray, " n"], points: Float[np.ndarray, "n 2"]) -> list[Cloud]:
    """Fifths of the windows, from the lowest to the highest values."""
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, len(RISING) + 1)))
    fifth = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(0, len(edges) - 2))
    upper = [decimal(edge, 2) for edge in edges[1:]] or [decimal(edges[0], 2)]
    clouds = []
    for number, edge in enumerate(upper):
        mine = (fifth == number) & ~np.isnan(values)
        if mine.any():
            clouds.append(Cloud(f"to {edge}", points[mine], RISING[number]))
    unknown = np.isnan(values)
    return clouds + ([Cloud(UNLABELLED, points[unknown], PALE, MEDIUM, 0.4)] if unknown.any() else [])


def _counts(groups: pd.DataFrame, about: dict[str, Any]) -> Table:
    names = _classes(groups["label"].to_numpy(np.float64), about["kind"])
    rows = tuple(
        (
            Cell(str(group["domain"]) or "the file"),
            Cell("" if names[number] == UNLABELLED else names[number]),
            Cell(count(group["drawn"]), order=group["drawn"]),
            Cell(count(group["of"]), order=group["of"]),
        )
        for number, (_, group) in enumerate(groups.iterrows())
    )
    columns = (
        Column("Domain", is_number=False), Column("Label", str(about["task"]), is_number=False),
        Column("Drawn"), Column("Of"),
    )  # fmt: skip
    return Table(EVENLY, columns, rows, is_sortable=True)
