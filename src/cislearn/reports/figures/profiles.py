"""Reads along loci, observed and predicted: the plus strand above the axis, the minus strand below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.reports.figures.canvas import document, draw, tick
from cislearn.reports.numbers import decimal
from cislearn.reports.palette import INK, MUTED, PAPER, MethodStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BINS = 200


@dataclass(frozen=True)
class LocusProfile:
    """What is drawn of one locus.

    Parameters
    ----------
    label : str
        Its name and what else stands over it.
    edges : ndarray, shape (bins + 1,)
        First base of each bin, and the end of the last.
    observed, predicted : ndarray, shape (strands, bins)
        Reads in each bin; of two strands the plus strand first.
    """

    label: str
    edges: Float[np.ndarray, " edges"]
    observed: Float[np.ndarray, "s b"]
    predicted: Float[np.ndarray, "s b"]


def profile_plot(loci: Sequence[LocusProfile], style: MethodStyle, *, key: str, title: str, alt: str) -> str:
    """Draw loci below each other: reads that were observed filled grey, those predicted as a line of the method."""
    return draw(_painter(loci, style, title), key=key, alt=alt, size=_size(loci))


def profile_document(loci: Sequence[LocusProfile], style: MethodStyle, *, key: str, title: str) -> str:
    """Draw the same as an SVG document of its own."""
    return document(_painter(loci, style, title), key=key, size=_size(loci), background=PAPER)


def _size(loci: Sequence[LocusProfile]) -> tuple[float, float]:
    return 3.9, 0.8 + 1.35 * len(loci)


def _painter(loci: Sequence[LocusProfile], style: MethodStyle, title: str) -> Callable[[Figure], None]:
    def paint(figure: Figure) -> None:
        rows = np.atleast_1d(figure.subplots(len(loci), 1))
        for axes, locus in zip(rows, loci, strict=True):
            _draw_locus(axes, locus, style)
        figure.suptitle(title, x=0.02, ha="left", fontsize=8.5)
        handles, labels = rows[0].get_legend_handles_labels()
        figure.legend(
            handles[:2], labels[:2], loc="upper right", ncols=2, handlelength=1.2, borderpad=0, borderaxespad=0.2
        )
        rows[-1].set_xlabel("base of the profile")

    return paint


def _draw_locus(axes: Axes, locus: LocusProfile, style: MethodStyle) -> None:
    for sign, observed, predicted in zip((1, -1), locus.observed, locus.predicted, strict=False):
        axes.stairs(sign * observed, locus.edges, fill=True, color=MUTED, alpha=0.45, label="observed")
        axes.stairs(sign * predicted, locus.edges, baseline=None, color=style.colour, linewidth=1, label="predicted")
    axes.axhline(0, color=INK, linewidth=0.6)
    # Counts are never negative: what stands below the axis is the other strand.
    axes.yaxis.set_major_formatter(lambda value, _: tick(abs(value)))
    axes.locator_params(axis="y", nbins=4)
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlim(locus.edges[0], locus.edges[-1])
    axes.set_title(locus.label, color=INK, fontsize=7.5, pad=3)
    axes.set_ylabel("reads")


def bin_width(profiles: pd.DataFrame) -> int:
    """Bases that are drawn as one, so that a page of long profiles stays small."""
    return -(-int(profiles["position"].max() + 1) // MOST_BINS) if len(profiles) else 1


def loci_of(profiles: pd.DataFrame, width: int) -> list[LocusProfile]:
    """Return what is drawn of each locus: rows of ``profiles.parquet`` summed over bins of `width` bases."""
    return [_locus(str(name), rows, width) for name, rows in profiles.groupby("locus", sort=False)]


def _locus(name: str, rows: pd.DataFrame, width: int) -> LocusProfile:
    """Sum the reads of one locus over bins, strand by strand, the plus strand first."""
    strands = sorted(rows["strand"].unique(), key="+-.".index)
    length = int(rows["position"].max()) + 1
    starts = np.arange(0, length, width)
    values = {
        column: np.stack(
            [np.add.reduceat(here.sort_values("position")[column].to_numpy(float), starts) for here in by_strand]
        )
        for by_strand in [[rows[rows["strand"] == strand] for strand in strands]]
        for column in ("observed", "predicted")
    }
    label = f"{name}, JSD {decimal(float(rows['divergence'].iloc[0]))}"
    return LocusProfile(label, np.append(starts, length).astype(float), values["observed"], values["predicted"])
