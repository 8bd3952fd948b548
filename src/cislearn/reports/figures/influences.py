"""Who acts on whom: regulators and genes as a graph, drawn and as a file for programs that draw graphs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd

from cislearn.reports.figures.canvas import document
from cislearn.reports.palette import INK, METHOD_COLOURS, MUTED, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RAISES, LOWERS = METHOD_COLOURS[0], METHOD_COLOURS[1]
DRAWN = 60
"""Pairs that a drawing has room for."""
CENTRE = ""
"""No gene is called so."""


def influence_graph(pairs: pd.DataFrame) -> nx.DiGraph:
    """Return a graph with an edge from each regulator to each gene that it acts on.

    Parameters
    ----------
    pairs : DataFrame
        ``regulator``, ``gene``, ``size`` (mean absolute contribution, log2) and ``slope``, as in ``influences.tsv``.
        Edges have the last two, and ``acts``: raises or lowers.
    """
    graph = nx.DiGraph()
    columns = (pairs[name].tolist() for name in ("regulator", "gene", "size", "slope"))
    for regulator, gene, size, slope in zip(*columns, strict=True):
        graph.add_edge(regulator, gene, size=size, slope=slope, acts="raises" if slope > 0 else "lowers")
    for name in graph:
        graph.nodes[name]["is_regulator"] = graph.out_degree(name) > 0
    return graph


def write_graphml(path: Path, pairs: pd.DataFrame) -> None:
    """Write all pairs as GraphML, which Cytoscape, Gephi and others read."""
    nx.write_graphml_xml(influence_graph(pairs), path, named_key_ids=True)


def influence_drawing(pairs: pd.DataFrame, most: int = DRAWN) -> str:
    """Draw the strongest pairs as an SVG document of its own.

    Genes lie about the regulators that act on them; an edge is as wide as the contribution is great.

    Parameters
    ----------
    pairs : DataFrame
        As `influence_graph` takes them, the strongest first.
    most : int
        How many are drawn.
    """
    graph = influence_graph(pairs.head(most))
    places = _places(graph)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_axis_off()
        widest = float(pairs["size"].iloc[0])
        for one, other, edge in graph.edges.data():
            _arrow(axes, places[one], places[other], edge["size"] / widest, edge["acts"] == "raises")
        for name, is_regulator in graph.nodes.data("is_regulator"):
            x, y = places[name]
            colour, dot, letters = (INK, 5, 8) if is_regulator else (MUTED, 2.5, 6)
            axes.plot(x, y, "o", color=colour, markersize=dot, zorder=3)
            axes.annotate(
                name, (x, y), xytext=(0, 4), textcoords="offset points", ha="center", zorder=4, color=colour,
                fontsize=letters, weight="bold" if is_regulator else "normal",
            )  # fmt: skip
        _legend(axes, len(graph.edges), len(pairs))

    return document(paint, key="influences", size=(7.5, 6.0), background=PAPER)


def _places(graph: nx.DiGraph) -> dict[str, np.ndarray]:
    """Lay the graph out by Kamada and Kawai (1989), regulators held together by a point that is not drawn."""
    held = nx.Graph(graph.edges)
    held.add_edges_from(((CENTRE, name) for name in graph if graph.out_degree(name)), length=1.6)
    places: dict[str, np.ndarray] = nx.kamada_kawai_layout(held, weight="length")
    return places


def _arrow(axes: Axes, tail: np.ndarray, head: np.ndarray, strength: float, raises: bool) -> None:
    look = {"color": RAISES if raises else LOWERS, "linewidth": 0.4 + 1.6 * strength, "alpha": 0.7}
    # A line that ends in a bar lowers, as biologists draw it.
    style = "-|>,head_length=0.35,head_width=0.15" if raises else "|-|,widthA=0,widthB=0.25"
    arrow: dict[str, Any] = {"arrowstyle": style, "shrinkA": 3, "shrinkB": 3, "mutation_scale": 10, **look}
    axes.annotate("", xy=tuple(head), xytext=tuple(tail), arrowprops=arrow, zorder=2)


def _legend(axes: Axes, n_drawn: int, n: int) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=RAISES, label="raises (arrow)"),
        Line2D([], [], color=LOWERS, label="lowers (bar)"),
        Line2D([], [], color=INK, marker="o", linestyle="none", markersize=5, label="regulator"),
        Line2D([], [], color=MUTED, marker="o", linestyle="none", markersize=2.5, label="gene"),
    ]
    drawn = f"the strongest {n_drawn:,} of {n:,} pairs" if n_drawn < n else f"all {n:,} pairs"
    axes.set_title(f"What the network rests on: {drawn}", color=INK)
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=4)
