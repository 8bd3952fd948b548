"""The answer in one sentence of plain words, with its interval, and what a reader has to know beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from cislearn.reports.adaptation import alignment_warnings, shift_warnings
from cislearn.reports.findings import Findings, findings, findings_left_out
from cislearn.reports.left_out import LeftOut
from cislearn.reports.measures import measure, primary
from cislearn.reports.numbers import count, decimal, in_words, interval, listed, signed
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData

Verdict = Literal["better", "worse", "no difference", "mixed", "not known", "not compared"]
SEEDS_FOR_A_CLAIM = 5
MOST_METHODS = 3
NO_DIFFERENCE = "no difference that these seeds and loci can show"
MIXED = "above it in some domains and below it in others"
NOT_KNOWN = "no interval to judge it by"


@dataclass(frozen=True)
class Answer:
    """What was found.

    Parameters
    ----------
    sentence : str
        The finding, numbers and intervals included.
    verdict : {"better", "worse", "no difference", "mixed", "not known", "not compared"}
        Of the first method against its baseline; mixed where the domains of a mean do not agree in its sign. Over
        several tasks it is what holds in more than half of them, mixed where nothing does.
    caveats : tuple of str
        One sentence each.
    """

    sentence: str
    verdict: Verdict
    caveats: tuple[str, ...]


def answer(data: ReportData) -> Answer:
    """Say what the experiment found on the target's test loci, or on what stands for them where it has no labels.

    The methods are told in the order of the experiment, never by how they did on the target: to pick the best one there
    would be to select with target labels.
    """
    found = findings(data)
    sentence, verdict = tell(found)
    return Answer(sentence, verdict, _beside(data, found, _first_told(found)[0], data.adapting))


def caveats_of_method(data: ReportData, method: str) -> tuple[str, ...]:
    """Say what a reader has to know beside the numbers of one method: what holds for all, and what is said of it."""
    return _beside(data, findings(data), method, [name for name in data.adapting if name == method])


def _beside(data: ReportData, found: Findings, method: str, adapting: Sequence[str]) -> tuple[str, ...]:
    """Say how `method` stands to simple models, what alignment did in `adapting`, and what holds for all methods."""
    has_bar = len(found.tasks) == 1 and not data.is_told_by_left_out
    bar = _over_simple(data, found, method) if has_bar else ()
    adaptation = (*alignment_warnings(data, adapting), *shift_warnings(data))
    return (*bar, *_of_leaks(data), *_of_the_target(data), *adaptation, *caveats(found))


def answer_left_out(left_out: LeftOut) -> Answer:
    """Say what was found with each labelled domain as the target in turn."""
    found = findings_left_out(left_out)
    return Answer(*tell(found), caveats(found))


def tell(found: Findings) -> tuple[str, Verdict]:
    """Say what the first methods reach, and how far that is from their baseline."""
    told = _first_told(found)
    if len(found.tasks) > 1:
        return _over_tasks(found, told[0])
    task = found.tasks[0]
    first, verdict = _reach(found, task, told[0])
    others = [f"; {_reach(found, task, method, name_only=True)[0]}" for method in told[1:]]
    return f"{found.before}{found.places[told[0]]} {first}{''.join(others)}, {_over_seeds(found)}.", verdict


def _first_told(found: Findings) -> list[str]:
    """Name the first methods that are compared with a baseline; one that has seen target labels is an upper bound."""
    compared = set(found.contrasts["method"])
    contrasted = [method for method in found.methods if method in compared and method not in found.bounds]
    return contrasted[:MOST_METHODS] or [found.methods[0]]


def _over_simple(data: ReportData, found: Findings, method: str) -> tuple[str, ...]:
    """Say how far `method` is from the best simple model, which is the least that it must beat."""
    task = found.tasks[0]
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
    name = _unlike(found, method, row["baseline"])
    return (f"It {told} the best simple model on these loci, {name} ({shown}).",)


def _reach(found: Findings, task: str, method: str, *, name_only: bool = False) -> tuple[str, Verdict]:
    """Say what `method` reaches and how far that is from its baseline."""
    metric = primary(found.metrics_of(task))
    rows = found.estimates
    rows = rows[(rows["task"] == task) & (rows["metric"] == metric) & (rows["method"] == method)]
    rows = rows[rows["estimate"].notna()]
    name = label_of(method) if name_only else _named(found, method)
    contrast, verdict = _difference(found, task, method, metric)
    if rows.empty:
        return f"{name} has no {measure(metric).label}", "not known"
    verb = "" if name_only else "reaches "
    return f"{name} {verb}{measure(metric).label} {_levels(found, method, rows)}{contrast}", verdict


def _named(found: Findings, method: str) -> str:
    """Name what a method makes: a network where it was trained step by step."""
    return f"the {label_of(method).replace(' ', '-')} {'network' if method in found.networks else 'model'}"


def _levels(found: Findings, method: str, rows: pd.DataFrame) -> str:
    """One estimate with its interval, or the range over several domains."""
    stamp = _stamp(found, method)
    if len(rows) > 1:
        low, high = rows["estimate"].min(), rows["estimate"].max()
        return f"{decimal(low, 2)} to {decimal(high, 2)}{stamp} over {in_words(len(rows))} domains"
    row = rows.iloc[0].to_dict()
    spread = _of_domains(found, row)["estimate"]
    over = f"{decimal(spread.min(), 2)} to {decimal(spread.max(), 2)} over the domains" if len(spread) > 1 else ""
    told = "; ".join(part for part in (interval(row["low"], row["high"], 2), over) if part)
    return f"{decimal(row['estimate'], 2)}{stamp}{f' ({told})' if told else ''}"


def _of_domains(found: Findings, row: Mapping[Any, Any]) -> pd.DataFrame:
    """Rows of the domains that a row of means is over."""
    rows = found.by_domain
    return rows[(rows["method"] == row["method"]) & (rows["task"] == row["task"]) & (rows["metric"] == row["metric"])]


def _stamp(found: Findings, *methods: str) -> str:
    """`` [oracle]`` where it holds for any of the methods."""
    return next((f" [{found.stamps[method]}]" for method in methods if method in found.stamps), "")


def _difference(found: Findings, task: str, method: str, metric: str) -> tuple[str, Verdict]:
    """Say how far `method` is from its baseline, and whether the interval of that leaves zero out."""
    table = found.contrasts
    rows = table[(table["method"] == method) & (table["task"] == task) & (table["metric"] == metric)]
    if rows.empty:
        return "", "not compared"
    row = rows.iloc[0].to_dict()
    verdict = _judged(found, row)
    baseline = _unlike(found, method, row["baseline"])
    stamp = _stamp(found, method, row["baseline"])
    if verdict == "not known":
        return f", {signed(row['difference'])}{stamp} from {baseline} with {NOT_KNOWN}", verdict
    spread = _of_domains(found, row)["difference"]
    over = f"; {signed(spread.min())} to {signed(spread.max())} over the domains" if len(spread) > 1 else ""
    shown = f"{signed(row['difference'])}{stamp}, {interval(row['low'], row['high'])}{over}"
    if verdict == "mixed":
        return f", {MIXED.replace('it', baseline, 1)}, which is no verdict ({shown})", verdict
    if verdict == "no difference":
        return f", no difference from {baseline} that these seeds and loci can show ({shown})", verdict
    side = "above" if row["difference"] > 0 else "below"
    needs_telling = verdict == "worse" or not measure(metric).larger_is_better
    low, high = sorted((abs(row["low"]), abs(row["high"])))
    size = f"{decimal(abs(row['difference']))}{stamp} ({interval(low, high)}{over})"
    return f", {f'{verdict}: ' if needs_telling else ''}{size} {side} {baseline}", verdict


def _judged(found: Findings, row: Mapping[Any, Any]) -> Verdict:
    """Judge a difference; that of a mean over domains which do not agree in its sign is neither better nor worse.

    Its interval holds the domains fixed, so one of them can carry it.
    """
    verdict, spread = verdict_of(row, row["metric"]), _of_domains(found, row)["difference"]
    return "mixed" if verdict in ("better", "worse") and spread.min() < 0 < spread.max() else verdict


def _unlike(found: Findings, method: str, baseline: str) -> str:
    """Name a baseline, and say which of the target's labels it has seen where `method` has seen others."""
    share = found.shares.get(baseline, "")
    if share == found.shares.get(method, "") or baseline in found.bounds:
        return label_of(baseline)
    return f"{label_of(baseline)} (which saw {f'{share} of the target labels' if share else 'no target label'})"


def verdict_of(row: Mapping[Any, Any], metric: str) -> Verdict:
    """Judge a row of ``comparison.tsv`` by whether its interval leaves zero out, and on which side."""
    if math.isnan(row["low"]) or math.isnan(row["high"]):
        return "not known"
    if row["low"] <= 0 <= row["high"]:
        return "no difference"
    return "better" if (row["low"] > 0) == measure(metric).larger_is_better else "worse"


def _over_tasks(found: Findings, method: str) -> tuple[str, Verdict]:
    """Say what `method` reaches over several tasks, and in how many of them it is better or worse."""
    rows = found.estimates
    rows = rows[(rows["method"] == method) & rows["estimate"].notna()]
    rows = rows[
        [metric == primary(found.metrics_of(task)) for task, metric in zip(rows["task"], rows["metric"], strict=True)]
    ]
    labels = listed(list(dict.fromkeys(measure(metric).label for metric in rows["metric"])))
    spread = (
        f"{labels} from {decimal(rows['estimate'].min(), 2)} to {decimal(rows['estimate'].max(), 2)}"
        f"{_stamp(found, method)} (median {decimal(rows['estimate'].median(), 2)}) over {in_words(len(rows))} tasks"
    )
    contrast, verdict = _tally(found, method)
    place = f"{found.before}{found.places[method]}"
    return f"{place} {_named(found, method)} reaches {spread}{contrast}, {_over_seeds(found)}.", verdict


def _tally(found: Findings, method: str) -> tuple[str, Verdict]:
    """Count the tasks in which the interval of the difference lies on either side of zero, what most show first."""
    rows = found.contrasts[found.contrasts["method"] == method].to_dict("records")
    rows = [row for row in rows if row["metric"] == primary(found.metrics_of(row["task"]))]
    if not rows:
        return "", "not compared"
    verdicts = [_judged(found, row) for row in rows]
    baseline = _unlike(found, method, rows[0]["baseline"])
    sides: dict[Verdict, tuple[str, str]] = {
        "better": (f"better than {baseline}", "better"),
        "worse": (f"worse than {baseline}", "worse"),
        "mixed": (MIXED.replace("it", baseline, 1), MIXED),
        "no difference": (NO_DIFFERENCE.replace(" difference", f" difference from {baseline}"), NO_DIFFERENCE),
        "not known": (NOT_KNOWN.replace(" it ", f" the difference from {baseline} "), NOT_KNOWN),
    }
    most, *rest = sorted((side for side in sides if side in verdicts), key=verdicts.count, reverse=True)
    tally = [
        f"{sides[most][0]} in {verdicts.count(most)} of {len(verdicts)}",
        *(f"{sides[side][1]} in {verdicts.count(side)}" for side in rest),
    ]
    return f", {', '.join(tally)}", most if 2 * verdicts.count(most) > len(verdicts) else "mixed"


def _over_seeds(found: Findings) -> str:
    """``over 3 seeds``, ``from one seed``."""
    return f"over {found.n_seeds} seeds" if found.n_seeds > 1 else "from one seed"


def caveats(found: Findings) -> tuple[str, ...]:
    """Say what the number of seeds and the way checkpoints were chosen mean for the numbers."""
    told = []
    if found.stamps:
        told.append(
            "Numbers marked oracle come from checkpoints chosen with target labels: "
            "they bound what could be reached and do not estimate it for a domain without labels."
        )
    if (domains := found.by_domain["domain"].nunique()) > 1:
        told.append(
            f"Intervals are over loci and seeds of these {in_words(domains)} domains: another one may lie beyond them."
        )
    n = found.n_seeds
    if n < SEEDS_FOR_A_CLAIM:
        told.append(f"{in_words(n).capitalize()} seed{'s' * (n > 1)} describe{'s' * (n == 1)}, five claim.")
    return tuple(told)


def _of_leaks(data: ReportData) -> tuple[str, ...]:
    """Say how much of the test part was also trained on, where such rows were kept in training."""
    test = data.dataset.get("leaks", {}).get("test", {})
    if data.dataset.get("split", {}).get("leaks") != "keep" or not test.get("leaky"):
        return ()
    return (
        f"Leaks were kept: {count(test['leaky'])} of {count(test['rows'])} test windows share a sequence, a locus or "
        "much of their sequence with training or validation, so these numbers hold memory too.",
    )


def _of_the_target(data: ReportData) -> tuple[str, ...]:
    """Say how far the numbers speak of a target without labels."""
    if data.target is None or data.is_target_labelled:
        return ()
    if data.is_told_by_left_out:
        return (
            f"This is a leave-one-source-out estimate: it holds for {data.target} as far as {data.target} differs from "
            "the sources no more than they differ from one another.",
        )
    return (f"How well a model does on its source says little about {data.target}.",)
