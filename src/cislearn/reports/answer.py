"""The answer in one sentence of plain words, with its interval, and what a reader has to know beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from cislearn.reports.measures import measure, primary
from cislearn.reports.numbers import count, decimal, in_words, interval, listed, signed
from cislearn.reports.palette import label_of
from cislearn.reports.read import SOURCE, TARGET, ReportData

Verdict = Literal["better", "worse", "no difference", "not known", "not compared"]
SEEDS_FOR_A_CLAIM = 5
MANY_DOMAINS = 4
MOST_METHODS = 3
NO_DIFFERENCE = "no difference that these seeds and loci can show"


@dataclass(frozen=True)
class Answer:
    """What was found.

    Parameters
    ----------
    sentence : str
        The finding, numbers and intervals included.
    verdict : {"better", "worse", "no difference", "not known", "not compared"}
        Of the first method against its baseline.
    caveats : tuple of str
        One sentence each.
    """

    sentence: str
    verdict: Verdict
    caveats: tuple[str, ...]


def answer(data: ReportData) -> Answer:
    """Say what the experiment found on the target's test loci, or on the source's where the target gives no number.

    The methods are told in the order of the experiment, never by how they did on the target: to pick the best one there
    would be to select with target labels.
    """
    task = data.tasks[0]
    told = _contrasted(data) or [data.methods[0]]
    if len(data.tasks) > 1:
        sentence, verdict = _over_tasks(data, told[0])
    else:
        first, verdict = _reach(data, task, told[0])
        others = [f"; {_reach(data, task, method, name_only=True)[0]}" for method in told[1:]]
        sentence = f"{_place(data, told[0])} {first}{''.join(others)}, {_over_seeds(data)}."
    bar = _over_simple(data, task, told[0]) if len(data.tasks) == 1 else ()
    return Answer(_without_target_labels(data) + sentence, verdict, (*bar, *_caveats(data)))


def _over_simple(data: ReportData, task: str, method: str) -> tuple[str, ...]:
    """Say how far `method` is from the best simple model, which is the least that it must beat."""
    metric = primary(data.metrics_of(task))
    rows = data.over_simple
    rows = rows[(rows["method"] == method) & (rows["task"] == task) & (rows["metric"] == metric)]
    if rows.empty:
        return ()
    row = rows.iloc[0].to_dict()
    told = {"better": "clears", "worse": "is below", "no difference": "does not clear"}.get(verdict_of(row, metric))
    if told is None:
        return ()
    shown = f"{signed(row['difference'])}, {interval(row['low'], row['high'])}"
    return (f"It {told} the best simple model on these loci, {label_of(row['baseline'])} ({shown}).",)


def _contrasted(data: ReportData) -> list[str]:
    """Name the first methods that are compared with a baseline; one that has seen target labels is an upper bound."""
    compared = set(data.comparison["method"])
    return [method for method in data.methods if method in compared and not data.sees_target(method)][:MOST_METHODS]


def _without_target_labels(data: ReportData) -> str:
    """Say that the target has no number, where that is so."""
    if data.target is None or data.is_target_labelled:
        return ""
    return f"{data.target} has no labels, so no number can be given for it. "


def _place(data: ReportData, method: str) -> str:
    """Say where the numbers of the sentence hold."""
    if data.main_part == TARGET:
        seen = "with its labels seen in training" if data.sees_target(method) else "never labelled in training"
        return f"In {data.target}, {seen},"
    domains = list(dict.fromkeys(data.scores(SOURCE)["domain"]))
    where = listed(domains) if len(domains) <= MANY_DOMAINS else f"{count(len(domains))} source domains"
    return f"On held-out loci of {where},"


def _reach(data: ReportData, task: str, method: str, *, name_only: bool = False) -> tuple[str, Verdict]:
    """Say what `method` reaches and how far that is from its baseline."""
    metric = primary(data.metrics_of(task))
    rows = data.scores(data.main_part, task, metric)
    rows = rows[(rows["method"] == method) & rows["estimate"].notna()]
    name = label_of(method) if name_only else _named(data, method)
    contrast, verdict = _difference(data, task, method, metric)
    if rows.empty:
        return f"{name} has no {measure(metric).label}", "not known"
    verb = "" if name_only else "reaches "
    return f"{name} {verb}{measure(metric).label} {_levels(data, method, rows)}{contrast}", verdict


def _named(data: ReportData, method: str) -> str:
    """Name what a method makes: a network where it was trained step by step."""
    noun = "network" if any(run.history is not None for run in data.runs_of(method)) else "model"
    return f"the {label_of(method).replace(' ', '-')} {noun}"


def _levels(data: ReportData, method: str, rows: pd.DataFrame) -> str:
    """One estimate with its interval, or the range over several domains."""
    stamp = f" [{data.stamp(method)}]" if data.stamp(method) else ""
    if len(rows) > 1:
        low, high = rows["estimate"].min(), rows["estimate"].max()
        return f"{decimal(low, 2)} to {decimal(high, 2)}{stamp} over {in_words(len(rows))} domains"
    row = rows.iloc[0]
    return f"{decimal(row['estimate'], 2)}{stamp}{_bracketed(row['low'], row['high'], 2)}"


def _bracketed(low: float, high: float, digits: int) -> str:
    """`` (.87 - .90)``, or nothing."""
    text = interval(low, high, digits)
    return f" ({text})" if text else ""


def _difference(data: ReportData, task: str, method: str, metric: str) -> tuple[str, Verdict]:
    """Say how far `method` is from its baseline, and whether the interval of that leaves zero out."""
    table = data.comparison
    rows = table[(table["method"] == method) & (table["task"] == task) & (table["metric"] == metric)]
    if rows.empty:
        return "", "not compared"
    row = rows.iloc[0].to_dict()
    verdict = verdict_of(row, metric)
    baseline = label_of(row["baseline"])
    stamp = (
        f" [{data.stamp(method) or data.stamp(row['baseline'])}]"
        if data.stamp(method) or data.stamp(row["baseline"])
        else ""
    )
    if verdict == "not known":
        return f", {signed(row['difference'])}{stamp} from {baseline} with no interval to judge it by", verdict
    if verdict == "no difference":
        shown = f"{signed(row['difference'])}{stamp}, {interval(row['low'], row['high'])}"
        return f", no difference from {baseline} that these seeds and loci can show ({shown})", verdict
    side = "above" if row["difference"] > 0 else "below"
    worse = "worse: " if verdict == "worse" else ""
    low, high = sorted((abs(row["low"]), abs(row["high"])))
    size = f"{decimal(abs(row['difference']))}{stamp} ({interval(low, high)})"
    return f", {worse}{size} {side} {baseline}", verdict


def verdict_of(row: Mapping[Any, Any], metric: str) -> Verdict:
    """Judge a row of ``comparison.tsv`` by whether its interval leaves zero out, and on which side."""
    if math.isnan(row["low"]) or math.isnan(row["high"]):
        return "not known"
    if row["low"] <= 0 <= row["high"]:
        return "no difference"
    return "better" if (row["low"] > 0) == measure(metric).larger_is_better else "worse"


def _over_tasks(data: ReportData, method: str) -> tuple[str, Verdict]:
    """Say what `method` reaches over several tasks, and in how many of them it is better or worse."""
    rows = data.scores(data.main_part)
    rows = rows[(rows["method"] == method) & rows["estimate"].notna()]
    rows = rows[
        [metric == primary(data.metrics_of(task)) for task, metric in zip(rows["task"], rows["metric"], strict=True)]
    ]
    labels = listed(list(dict.fromkeys(measure(metric).label for metric in rows["metric"])))
    stamp = f" [{data.stamp(method)}]" if data.stamp(method) else ""
    spread = (
        f"{labels} from {decimal(rows['estimate'].min(), 2)} to {decimal(rows['estimate'].max(), 2)}{stamp} "
        f"(median {decimal(rows['estimate'].median(), 2)}) over {in_words(len(rows))} tasks"
    )
    contrast, verdict = _tally(data, method)
    return f"{_place(data, method)} {_named(data, method)} reaches {spread}{contrast}, {_over_seeds(data)}.", verdict


def _tally(data: ReportData, method: str) -> tuple[str, Verdict]:
    """Count the tasks in which the interval of the difference lies on either side of zero."""
    rows = data.comparison[data.comparison["method"] == method].to_dict("records")
    rows = [row for row in rows if row["metric"] == primary(data.metrics_of(row["task"]))]
    if not rows:
        return "", "not compared"
    found = [verdict_of(row, row["metric"]) for row in rows]
    better, worse = found.count("better"), found.count("worse")
    verdict: Verdict = "no difference" if better == worse else "better" if better > worse else "worse"
    counts = {"better": better, "worse": worse, NO_DIFFERENCE: len(found) - better - worse}
    first, *rest = [side for side, n in counts.items() if n]
    baseline = label_of(rows[0]["baseline"])
    told = (
        first.replace(" difference", f" difference from {baseline}")
        if first == NO_DIFFERENCE
        else f"{first} than {baseline}"
    )
    tally = [f"{told} in {counts[first]} of {len(found)}", *(f"{side} in {counts[side]}" for side in rest)]
    return f", {', '.join(tally)}", verdict


def _over_seeds(data: ReportData) -> str:
    """``over 3 seeds``, ``from one seed``."""
    return f"over {len(data.seeds)} seeds" if len(data.seeds) > 1 else "from one seed"


def _caveats(data: ReportData) -> tuple[str, ...]:
    """Say what the number of seeds and the way checkpoints were chosen mean for the numbers."""
    n_seeds, caveats = len(data.seeds), []
    if any(data.stamp(method) for method in data.methods):
        caveats.append(
            "Numbers marked oracle come from checkpoints chosen with target labels: "
            "they bound what could be reached and do not estimate it for a domain without labels."
        )
    if n_seeds < SEEDS_FOR_A_CLAIM:
        caveats.append(
            f"{in_words(n_seeds).capitalize()} seed{'s' * (n_seeds > 1)} describe{'s' * (n_seeds == 1)}, five claim."
        )
    if data.target is not None and not data.is_target_labelled:
        caveats.append(f"How well a model does on its source says little about {data.target}.")
    return tuple(caveats)
