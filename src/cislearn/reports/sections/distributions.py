"""Where the scores of positives and negatives lie on source and on target loci."""

from __future__ import annotations

import numpy as np

from cislearn.reports.blocks import Drawing, Drawings, Section, Text
from cislearn.reports.curves import domains_of
from cislearn.reports.figures.distributions import Scores, distribution_plot
from cislearn.reports.numbers import listed
from cislearn.reports.read import SOURCE, TARGET, ReportData
from cislearn.reports.sections.metric_tables import Styles, name_of
from cislearn.reports.sections.predictions import MOST_TASKS, title_of

INTRODUCTION = (
    "Logits by label, all seeds together; each histogram has area one. Where a model carries over, positives and "
    "negatives part in the target where they part in the source, and one threshold serves both."
)


def distributions_section(data: ReportData, styles: Styles) -> Section | None:
    """Draw histograms of the logits, a panel a method, for the first few binary tasks."""
    drawings = []
    binary = [task for task in data.tasks if data.kind(task) == "binary"]
    for task_index, task in enumerate(binary[:MOST_TASKS]):
        for index, method in enumerate(data.methods):
            found = {name_of(data, part): _scores(data, task, method, part) for part in (SOURCE, TARGET)}
            parts = {name: scores for name, scores in found.items() if scores is not None}
            if parts:
                title = title_of(data, task, styles[method].label, [method])
                alt = f"Histograms of the logits for {task}, {title}: {listed(list(parts))}"
                key = f"scores-{task_index}-{index}"
                drawings.append(Drawing(distribution_plot(parts, styles[method], key=key, title=title, alt=alt), ""))
    if not drawings:
        return None
    return Section("scores", "Scores by domain", (Text(INTRODUCTION), Drawings(tuple(drawings))))


def _scores(data: ReportData, task: str, method: str, part: str) -> Scores | None:
    """Collect the logits of all seeds by label; None where nothing was predicted."""
    pieces = [run.predicted(task, domains_of(data, part)) for run in data.runs_of(method)]
    if not any(len(labels) for labels, _ in pieces):
        return None
    labels, logits = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    # Unlabelled rows matter where there is nothing else: among labelled ones they would only crowd the picture.
    unlabelled = logits if np.isnan(labels).all() else np.empty(0)
    return Scores(logits[labels == 1], logits[labels == 0], unlabelled)
