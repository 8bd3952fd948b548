"""How predictions meet labels: ROC and precision-recall, calls of classes, observed against predicted values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cislearn.reports.blocks import Drawing, Drawings, Section, Text
from cislearn.reports.curves import domains_of, mean_scored, precision_recall_curves, prevalence, roc_curves
from cislearn.reports.figures.performance import confusion_plot, precision_recall_plot, roc_plot, scatter_plot
from cislearn.reports.measures import measure
from cislearn.reports.numbers import count, decimal, listed
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData
from cislearn.reports.sections.metric_tables import Styles, name_of

MOST_TASKS = 6
TITLES = {
    "binary": "ROC and precision-recall",
    "multiclass": "Calls",
    "regression": "Observed and predicted",
    "profile": "Log counts",
}


def predictions_section(data: ReportData, styles: Styles) -> Section | None:
    """Draw the panels that suit the kind of each task, for the first few tasks."""
    panels = {"binary": _curves, "multiclass": _confusions, "regression": _scatters, "profile": _log_counts}
    drawings = [
        drawing
        for index, task in enumerate(data.tasks[:MOST_TASKS])
        if data.kind(task) in panels
        for drawing in panels[data.kind(task)](data, task, f"task{index}", styles)
    ]
    if not drawings:
        return None
    kinds = {data.kind(task) for task in data.tasks} & set(panels)
    title = TITLES[kinds.pop()] if len(kinds) == 1 else "Labels and predictions"
    key = tuple(styles[method] for method in data.methods if data.runs_of(method))
    return Section("predictions", title, (Text(_introduction(data)), Drawings(tuple(drawings), key=key)))


def title_of(data: ReportData, task: str, name: str, methods: list[str]) -> str:
    """Give `name`, the task before it where there are several, and ``[oracle]`` after it where that applies."""
    stamp = next((f" [{data.stamp(method)}]" for method in methods if data.stamp(method)), "")
    return (f"{task}: {name}" if len(data.tasks) > 1 else name) + stamp


def _introduction(data: ReportData) -> str:
    """Say which rows are drawn, and what is left out."""
    domains = domains_of(data, data.main_part)
    text = f"Test loci of {domains[0]}." if len(domains) == 1 else f"Test loci, pooled over {listed(domains)}."
    if len(data.seeds) > 1:
        is_binary = data.kind(data.tasks[0]) == "binary"
        text += " Thick: mean over seeds; thin: each seed." if is_binary else " Predictions are averaged over seeds."
    if len(data.tasks) > MOST_TASKS:
        text += f" The first {MOST_TASKS} of {count(len(data.tasks))} tasks are drawn."
    return text


def _curves(data: ReportData, task: str, key: str, styles: Styles) -> list[Drawing]:
    """Draw ROC and precision-recall curves of one task."""
    part = data.main_part
    roc, precision_recall = roc_curves(data, task, part), precision_recall_curves(data, task, part)
    if not roc:
        return []
    share, methods = prevalence(data, task, part), list(roc)
    left, right = (title_of(data, task, name, methods) for name in ("ROC", "Precision and recall"))
    left_alt = f"{left} on {name_of(data, part)}. {_told(data, task, 'auroc')}"
    right_alt = f"{right} on {name_of(data, part)}, prevalence {decimal(share, 2)}. {_told(data, task, 'auprc')}"
    return [
        Drawing(
            roc_plot(roc, styles, key=f"roc-{key}", title=left, alt=left_alt),
            "True against false positives; dashed: chance.",
        ),
        Drawing(
            precision_recall_plot(
                precision_recall, styles, prevalence=share, key=f"precision-{key}", title=right, alt=right_alt
            ),
            "Precision at each recall; dashed: prevalence, what guessing reaches.",
        ),
    ]


def _told(data: ReportData, task: str, metric: str) -> str:
    """Tell the numbers that a figure stands for, in words."""
    rows = data.scores(data.main_part, task, metric)
    pairs = zip(rows["method"], rows["estimate"], strict=True)
    told = listed([f"{label_of(method)} {decimal(estimate)}" for method, estimate in pairs])
    return f"{measure(metric).label}: {told}." if told else ""


def _scatters(data: ReportData, task: str, key: str, styles: Styles) -> list[Drawing]:
    """Draw predicted against observed values, a panel a method."""
    pairs = {method: mean_scored(data, task, method) for method in data.methods}
    return _scattered(data, task, key, styles, pairs, told=_told(data, task, "pearson"))


def _log_counts(data: ReportData, task: str, key: str, styles: Styles) -> list[Drawing]:
    """Draw predicted against observed log(1 + counts) of a profile, a panel a method."""
    scored = {method: mean_scored(data, task, method) for method in data.methods}
    pairs = {method: (np.log1p(counts), scores[:, 0]) for method, (counts, scores) in scored.items() if len(counts)}
    return _scattered(data, f"log counts of {task}", key, styles, pairs, told=_told(data, task, "counts_pearson"))


def _scattered(
    data: ReportData,
    task: str,
    key: str,
    styles: Styles,
    pairs: Mapping[str, tuple[np.ndarray, np.ndarray]],
    told: str,
) -> list[Drawing]:
    drawings = []
    for index, (method, (observed, predicted)) in enumerate(pairs.items()):
        if len(observed):
            title = title_of(data, task, styles[method].label, [method])
            alt = f"Predicted against observed {task} on {name_of(data, data.main_part)}, {title}."
            alt = f"{alt} {told}"
            svg = scatter_plot(observed, predicted, styles[method], key=f"scatter-{key}-{index}", title=title, alt=alt)
            drawings.append(Drawing(svg, "Dashed: predicted equals observed."))
    return drawings


def _confusions(data: ReportData, task: str, key: str, styles: Styles) -> list[Drawing]:
    """Draw which class is called which, a panel a method."""
    drawings = []
    for index, method in enumerate(data.methods):
        labels, logits = mean_scored(data, task, method)
        if logits.ndim == 2:
            shares = _confusion(labels, logits)
            title = title_of(data, task, styles[method].label, [method])
            right = listed([decimal(float(share), 2) for share in shares.diagonal()])
            alt = f"Share of each true class of {task} that is called each class, {title}; rightly called: {right}"
            svg = confusion_plot(shares, styles[method], key=f"confusion-{key}-{index}", title=title, alt=alt)
            drawings.append(Drawing(svg, "Share of a true class; each row sums to one."))
    return drawings


def _confusion(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Count calls of each class among each true class, as shares of the true class; a class without rows is zero."""
    counts = np.zeros((logits.shape[1], logits.shape[1]))
    np.add.at(counts, (labels.astype(int), logits.argmax(axis=1)), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
