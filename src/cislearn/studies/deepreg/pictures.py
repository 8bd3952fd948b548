"""Pictures of the networks: how they learn, what they predict against what was measured, what regulators are worth."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files as resources
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cislearn.reports.figures.canvas import document, grid, plain_ticks
from cislearn.reports.figures.influences import influence_drawing
from cislearn.reports.palette import INK, METHOD_COLOURS, MUTED, PAPER

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BOTH = OURS, PUBLISHED = "factors", "tensor_product"
"""Ours, and the published network whose learning curve was printed: they are trained on all splits, and drawn."""
SHOWN = 2000
"""Tested pairs that are kept of a training, and drawn."""
NAMED = 5
"""Regulators that the histogram names."""
SIDE = 2.2
"""Inches of a panel of many."""


def published_curve() -> pd.DataFrame:
    """Return DeepREG's learning curve of the tensor product: ``epoch``, ``train_loss``, ``valid_loss``."""
    text = (resources("cislearn.studies.deepreg") / "published_curve.tsv").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text), sep="\t", comment="#")


def pictures(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return SVG documents by name, of what the tables of one size hold.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``curves``, ``pairs``, ``ranking`` and ``influences`` of `cislearn.studies.deepreg.networks`; those there are.
    """
    drawers = {
        "curves": ("learning", _learning),
        "pairs": ("against", _against),
        "ranking": ("importance", _importance),
    }
    found = {name: draw(tables[of]) for of, (name, draw) in drawers.items() if of in tables}
    for method, pairs in tables["influences"].groupby("method", sort=False) if "influences" in tables else ():
        named = pairs.drop(columns="size").rename(columns={"contribution": "size"})
        found[f"influences-{method}"] = influence_drawing(named.sort_values("size", ascending=False, kind="stable"))
    return found


def _learning(curves: pd.DataFrame) -> str:
    """Loss by epoch, a panel a split: training dashed, validation solid, a line a seed; the published one in grey."""
    curves = curves[curves["method"].isin(BOTH)].astype({"epoch": int})
    splits, published = curves["split"].unique(), published_curve()

    def paint(figure: Figure) -> None:
        for axes, split in zip(np.ravel(figure.subplots(1, len(splits), squeeze=False)), splits, strict=True):
            for colour, method in zip(METHOD_COLOURS, BOTH, strict=False):
                its = curves[(curves["split"] == split) & (curves["method"] == method)]
                for number, (_, run) in enumerate(its.groupby("seed")):
                    axes.plot(run["epoch"], run["valid_loss"], color=colour, label="_" if number else method)
                    axes.plot(run["epoch"], run["train_loss"], color=colour, linestyle=(0, (3, 2)), linewidth=1)
            if split == "pair":
                axes.plot(published["epoch"], published["valid_loss"], color=MUTED, label=f"{PUBLISHED}, published")
                axes.plot(published["epoch"], published["train_loss"], color=MUTED, linestyle=(0, (3, 2)), linewidth=1)
            axes.set(title=f"by {split}", xlabel="epoch", ylim=(0, None))
            axes.locator_params(axis="x", integer=True)
            grid(axes, "y")
            plain_ticks(axes)
        axes.figure.axes[0].set_ylabel("mean squared error")
        figure.legend(*_entries(figure), loc="outside lower center", ncols=4)

    return document(paint, key="deepreg-learning", size=(SIDE * len(splits) + 0.4, 3.0), background=PAPER)


def _entries(figure: Figure) -> tuple[list[Artist], list[str]]:
    """Handles and names of all panels, each name once."""
    found = {name: line for axes in figure.axes for line, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    return list(found.values()), list(found)


def _against(pairs: pd.DataFrame) -> str:
    """Predicted against measured of tested pairs: a row a network, a column a split; equal on the line."""
    splits, methods = pairs["split"].unique(), pairs["method"].unique()
    ends = float(pairs["observed"].min()), float(pairs["observed"].max())

    def paint(figure: Figure) -> None:
        panels = figure.subplots(len(methods), len(splits), squeeze=False, sharex=True, sharey=True)
        for row, method in zip(panels, methods, strict=True):
            for axes, split in zip(row, splits, strict=True):
                its = pairs[(pairs["method"] == method) & (pairs["split"] == split)]
                axes.plot(
                    its["observed"], its["predicted"], ".", color=INK, markersize=1.5, alpha=0.25, rasterized=True
                )
                axes.plot(ends, ends, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
                plain_ticks(axes)
            row[0].set_ylabel(f"{method}\npredicted (log2)")
        for axes, split in zip(panels[0], splits, strict=True):
            axes.set_title(f"by {split}")
        for axes in panels[-1]:
            axes.set_xlabel("measured (log2)")

    size = (SIDE * len(splits) + 0.4, SIDE * len(methods) + 0.4)
    return document(paint, key="deepreg-against", size=size, background=PAPER)


def _importance(ranking: pd.DataFrame) -> str:
    """How many regulators are worth how much, a panel a network; the first ones named."""
    methods = ranking["method"].unique()

    def paint(figure: Figure) -> None:
        for axes, method in zip(np.ravel(figure.subplots(1, len(methods), squeeze=False)), methods, strict=True):
            its = ranking[ranking["method"] == method].sort_values("rank")
            axes.hist(its["worth"], bins=40, color=METHOD_COLOURS[0])
            axes.set(yscale="log", ylim=(0.7, None), title=str(method))
            axes.set(xlabel="mean absolute contribution (log2)", ylabel="regulators")
            axes.minorticks_off()
            _name_first(axes, its.head(NAMED))
            plain_ticks(axes)

    return document(paint, key="deepreg-importance", size=(3.6 * len(methods) + 0.2, 2.9), background=PAPER)


def _name_first(axes: Axes, first: pd.DataFrame) -> None:
    names = first["name"].fillna(first["regulator"])
    lines = [f"{rank}. {name}" for rank, name in zip(first["rank"], names, strict=True)]
    axes.annotate("\n".join(lines), (0.98, 0.96), xycoords="axes fraction", ha="right", va="top", fontsize=7.5)
