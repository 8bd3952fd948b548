"""How far the domains lie apart in the features, before and after adaptation: a table, and windows in a plane."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from cislearn.reports.adaptation import TOLD_BY, Distance, alignment_readings, alignment_warnings, distance_of
from cislearn.reports.blocks import Block, Cell, Column, Drawing, Drawings, Section, Table, Text
from cislearn.reports.figures.features import (
    LARGE,
    NEGATIVE_COLOUR,
    POSITIVE_COLOUR,
    SMALL,
    SOURCE_COLOUR,
    TARGET_COLOUR,
    Cloud,
    feature_plot,
)
from cislearn.reports.numbers import MINUS, decimal, interval
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData
from cislearn.reports.sections.metric_tables import Styles, method_cell
from cislearn.runs import UNTRAINED

MOST_NETWORKS = 4
CAPTION = (
    "Proxy A-distance on test loci: 0 where a linear classifier cannot tell the domains from the features, 2 where it "
    "always can; below it the 95\N{NO-BREAK SPACE}% interval over loci{seeds}. A smaller distance over all windows is "
    "a sign of alignment, not of better predictions; within a class it should not grow. By calls: windows that the run "
    "itself calls, in both domains, which hides classes that were exchanged. By labels: those of both domains, read "
    "for this table only."
)
HARM = " Windows of one class then come to lie where the other domain has the other class."
PICTURE = (
    "Test windows in the first two principal components of each network's own features{seed}; a plane shows less than "
    "the table measures. The target's classes are told by {by}."
)


def domains_section(data: ReportData, styles: Styles) -> Section | None:
    """Show distances over all windows and by class, what they say, and the windows of both domains in a plane."""
    if data.distances.empty:
        return None
    blocks: list[Block] = [Text(warning + HARM, is_warning=True) for warning in alignment_warnings(data, data.adapting)]
    readings = [reading[0].upper() + reading[1:] for reading in alignment_readings(data)]
    blocks += [Text(" ".join(readings))] if readings else []
    tasks = list(dict.fromkeys(data.class_distances["task"])) or [""]
    blocks += [_table(data, styles, task, title=task if index else "") for index, task in enumerate(tasks)]
    drawings = [drawing for index, name in enumerate(_drawn(data)) for drawing in _pictures(data, name, index)]
    if drawings:
        seed = f" (seed {data.seeds[0]})" if len(data.seeds) > 1 else ""
        blocks += [Text(PICTURE.format(seed=seed, by=_told_by(data.picture)[1])), Drawings(tuple(drawings))]
    absent = [f"{name} ({reason})" for name, reason in data.info.get("not_diagnosed", {}).items()]
    blocks += [Text(f"Not here: {'; '.join(absent)}.")] if absent else []
    return Section("domains", "The domains in the features", tuple(blocks))


def _table(data: ReportData, styles: Styles, task: str, title: str) -> Table:
    """Put methods down; all windows and each class, by what tells it, across."""
    mine = data.class_distances[data.class_distances["task"] == task]
    told = [by for by in TOLD_BY if by in set(mine["told_by"])]
    classes = [(by, name) for by in told for name in ("positives", "negatives")]
    rows = []
    for method in dict.fromkeys(data.distances["method"]):
        found = [distance_of(data.distances, method=method)]
        found += [distance_of(mine, method=method, told_by=by, **{"class": name}) for by, name in classes]
        name = Cell(method) if method == UNTRAINED else method_cell(data, method, styles)
        rows.append((name, *map(_cell, found)))
    columns = [Column("Method", is_number=False), Column("All windows")]
    columns += [Column(name.capitalize(), f"by {by}") for by, name in classes]
    seeds = ", both as means over seeds" if len(data.seeds) > 1 else ""
    of_task = f" Classes of {task}." if len(data.class_distances["task"].unique()) > 1 else ""
    return Table(CAPTION.format(seeds=seeds) + of_task, tuple(columns), tuple(rows), title=title)


def _cell(distance: Distance) -> Cell:
    return Cell(decimal(distance.value, 2), interval(distance.low, distance.high, 2))


def _drawn(data: ReportData) -> list[str]:
    """Networks that are drawn: the one before adaptation, then those that adapt."""
    there = set(data.picture["method"])
    return [name for name in (data.before, *data.adapting) if name in there][:MOST_NETWORKS]


def _pictures(data: ReportData, name: str, index: int) -> Iterator[Drawing]:
    """Draw the windows of one network by domain, then by class."""
    mine = data.picture[data.picture["method"] == name]
    mine = mine[mine["seed"] == mine["seed"].min()]
    points = mine[["x", "y"]].to_numpy(np.float64)
    limits = np.quantile(points, [0.005, 0.995], axis=0).T
    limits[:, 1] = np.maximum(limits[:, 1], limits[:, 0] + 1e-6)
    is_target, distance = mine["is_target"].to_numpy(bool), distance_of(data.distances, method=name)
    by_domain = [
        Cloud("source", points[~is_target], SOURCE_COLOUR),
        Cloud(str(data.target), points[is_target], TARGET_COLOUR),
    ]
    apart = "" if math.isnan(distance.value) else f", distance {decimal(distance.value, 2)}"
    title, alt = f"{label_of(name)}: domains{apart}", f"Features of {label_of(name)} by domain{apart}"
    svg = feature_plot(by_domain, limits, key=f"features-{index}-domain", title=title, alt=alt)
    yield Drawing(svg, "")
    clouds = list(_by_class(mine, points, str(data.target)))
    alt = f"Features of {label_of(name)} by class: {', '.join(cloud.label for cloud in clouds)}"
    svg = feature_plot(clouds, limits, key=f"features-{index}-class", title=f"{label_of(name)}: classes", alt=alt)
    yield Drawing(svg, "")


def _by_class(mine: pd.DataFrame, points: np.ndarray, target: str) -> Iterator[Cloud]:
    """Source large and pale, so that one sees what the target's small dark dots fall upon."""
    column, is_target = _told_by(mine)[0], mine["is_target"].to_numpy(bool)
    values = np.where(is_target, mine[column], mine["label"]).astype(np.float64)
    for of_target, side, size, alpha in ((False, "source", LARGE, 0.3), (True, target, SMALL, 0.9)):
        for value, sign, colour in ((1.0, "+", POSITIVE_COLOUR), (0.0, MINUS, NEGATIVE_COLOUR)):
            cloud = points[(values == value) & (is_target == of_target)]
            if len(cloud):
                yield Cloud(f"{side} {sign}", cloud, colour, size, alpha)


def _told_by(picture: pd.DataFrame) -> tuple[str, str]:
    """What tells the classes of the target: a column, and its name for people."""
    has_labels = picture.loc[picture["is_target"].astype(bool), "label"].notna().any()
    return ("label", "its test labels") if has_labels else ("call", "the run's calls")
