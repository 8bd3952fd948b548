"""What adaptation did to the features, and whether the share of positives moved, in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from cislearn.reports.numbers import decimal, interval, listed
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData

TOLD_BY = {"calls": "by the runs' own calls", "labels": "by target labels"}
LEAST_SHIFT = 0.05
"""Difference of two shares of positives below which nobody is warned of it."""
END_OF_SCALE = 0.01
"""An estimate nearer than that to 0 or 1 says that its assumption fails, not what the share is."""
MOST_LEFT = 0.1
"""Lower end of a distance from which on it cannot be put down to the share of positives alone."""


class Distance(NamedTuple):
    """A proxy A-distance with its interval: means over the seeds that have one; NaN where none has."""

    value: float
    low: float
    high: float

    def is_below(self, other: Distance) -> bool:
        """Whether it is smaller and the two intervals do not overlap; never with NaN."""
        return self.high < other.low


def distance_of(table: pd.DataFrame, **which: str) -> Distance:
    """Mean over seeds of the rows of `table` whose columns have these values."""
    for column, value in which.items():
        table = table[table[column] == value]
    return Distance(*(float(table[column].astype(float).mean()) for column in ("pad", "low", "high")))


def alignment_readings(data: ReportData) -> list[str]:
    """Say of each adapting method, in a sentence, whether the domains came closer as a whole."""
    before = distance_of(data.distances, method=data.before)
    told = []
    for method in data.adapting:
        after = distance_of(data.distances, method=method)
        if math.isnan(after.value) or math.isnan(before.value):
            continue
        numbers = f"{decimal(before.value, 2)} with {label_of(data.before)}, {decimal(after.value, 2)} with it"
        if after.is_below(before):
            told.append(f"{label_of(method)} brings the domains as a whole closer together ({numbers}).")
        elif before.is_below(after):
            told.append(f"{label_of(method)} drives the domains as a whole apart ({numbers}).")
        else:
            told.append(f"{label_of(method)} does not clearly change how far the domains lie apart ({numbers}).")
    return told


def alignment_warnings(data: ReportData, methods: Sequence[str]) -> list[str]:
    """Warn of harmful alignment by `methods`: domains that come closer as a whole while a class of them moves apart."""
    told = []
    before = distance_of(data.distances, method=data.before)
    for method in methods:
        if not distance_of(data.distances, method=method).is_below(before):
            continue
        apart = [part for task in dict.fromkeys(data.class_distances["task"]) for part in _apart(data, method, task)]
        if apart:
            told.append(
                f"Alignment may hurt: {label_of(method)} brings the domains as a whole closer together and drives "
                f"apart their {listed(apart)}."
            )
    return told


def distance_left(data: ReportData, method: str, task: str) -> Distance:
    """What is left of the distance when the sources' windows are drawn to the estimated share of positives."""
    return distance_of(data.class_distances, method=method, task=task, told_by="estimate")


class Shift(NamedTuple):
    """A share of positives that is clearly another than the sources' by both estimates; see `shifts`.

    Parameters
    ----------
    task : str
        ``" of TASK"`` where there are several, else nothing.
    side : {"fewer", "more"}
        Positives in the target.
    numbers : str
        Both estimates and the sources' share, in words.
    left : Distance
        What is left of the distance at the estimated share.
    is_inside : bool
        Whether no estimate lies at the end of the scale, where it says that its assumption fails.
    """

    task: str
    side: str
    numbers: str
    left: Distance
    is_inside: bool

    @property
    def is_explained(self) -> bool:
        """Whether the share of positives is all that tells the domains apart, as far as is seen."""
        return self.is_inside and self.left.low < MOST_LEFT


def shift_warnings(data: ReportData) -> list[str]:
    """Warn of each share of positives that is clearly another and explains how the domains differ."""
    return [
        f"{data.target} seems to have clearly {shift.side} positives{shift.task} than its sources: a share of "
        f"{shift.numbers}."
        for shift in shifts(data)
        if shift.is_explained
    ]


def shift_doubts(data: ReportData) -> list[str]:
    """Doubt each share that is clearly another although more than it differs."""
    return [
        f"The estimated share{shift.task}, {shift.numbers}, is not to be trusted: {_why_in_doubt(shift)}, so positives "
        "or negatives themselves look otherwise."
        for shift in shifts(data)
        if not shift.is_inside or shift.left.low >= MOST_LEFT
    ]


def _why_in_doubt(shift: Shift) -> str:
    if not shift.is_inside:
        return "an estimate at the end of the scale says that more than the share differs"
    around = interval(shift.left.low, shift.left.high, 2)
    return f"with the sources' windows drawn to it a distance of {decimal(shift.left.value, 2)} ({around}) is left"


def shifts(data: ReportData) -> list[Shift]:
    """Find the tasks with a clear difference, as the network before adaptation tells it (else the first that does)."""
    table = data.label_shift
    methods = list(dict.fromkeys(table["method"]))
    method = data.before if data.before in methods else next(iter(methods), "")
    found = []
    for task, rows in table[table["method"] == method].groupby("task", sort=False):
        if not _is_clear(rows):
            continue
        numbers = [
            f"{decimal(row['prevalence'], 2)} ({interval(row['low'], row['high'], 2)}) from {row['told_by']}"
            for row in rows.to_dict("records")
        ]
        told = f"{listed(numbers)}, against {decimal(rows['source'].iloc[0], 2)}"
        side = "fewer" if rows["difference"].iloc[0] < 0 else "more"
        is_inside = bool(rows["prevalence"].between(END_OF_SCALE, 1 - END_OF_SCALE).all())
        left = distance_left(data, method, str(task))
        found.append(Shift(_of_task(data, str(task)), side, told, left, is_inside))
    return found


def _of_task(data: ReportData, task: str) -> str:
    return f" of {task}" if len(data.tasks) > 1 else ""


def _is_clear(rows: pd.DataFrame) -> bool:
    """Whether both estimates differ from the sources' share by their intervals, on one side and by enough."""
    below, above = (rows["difference_high"] < 0).all(), (rows["difference_low"] > 0).all()
    return bool((below or above) and (rows["difference"].abs() >= LEAST_SHIFT).all())


def _apart(data: ReportData, method: str, task: str) -> list[str]:
    """Name the classes of a task that move apart, by what tells them."""
    told = []
    for by, in_words in TOLD_BY.items():
        for name in ("positives", "negatives"):
            which = {"task": task, "told_by": by, "class": name}
            before = distance_of(data.class_distances, method=data.before, **which)
            after = distance_of(data.class_distances, method=method, **which)
            if before.is_below(after):
                numbers = f"{decimal(before.value, 2)} to {decimal(after.value, 2)}"
                told.append(f"{name}{_of_task(data, task)} ({in_words}: {numbers})")
    return told
