"""ROC curves of the same ten classes for every model: which classes these are, their curves, and a panel a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from cislearn.evaluation.metrics import auroc
from cislearn.reports.curves import FALSE_POSITIVE_RATES, true_positive_rates
from cislearn.reports.figures.canvas import document, grid, plain_ticks
from cislearn.reports.numbers import decimal
from cislearn.reports.palette import METHOD_COLOURS, MUTED, PAPER, label_of
from cislearn.studies.dssda.scores import Read

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

N_CLASSES = 10
SEED = 0
COLUMNS = 5
DRAWN = slice(None, None, 8)
"""Of `FALSE_POSITIVE_RATES`: enough of them for a small panel."""


def has_both(labels: Float[np.ndarray, "n t"]) -> Bool[np.ndarray, " t"]:
    """Say which classes have a positive and a negative among these rows: the others have no ROC curve."""
    return (labels == 1).any(axis=0) & (labels == 0).any(axis=0)


def choose_classes(tasks: Sequence[str], labels: Float[np.ndarray, "n t"]) -> list[str]:
    """Draw ten classes among those with both labels, by a fixed seed, in the order of `tasks`; all if there are fewer.

    All classes are put into one random order and the first ten that have a curve are taken, so the choice is the same
    for every model, share of the labels and network, and hardly another one on other rows.
    """
    order = np.random.default_rng(SEED).permutation(len(tasks))
    both = has_both(labels)
    return [tasks[number] for number in sorted([number for number in order if both[number]][:N_CLASSES])]


def roc_of_classes(read: Read) -> dict[str, dict[str, Float[np.ndarray, " p"]]]:
    """Return, by method and chosen class, the mean over seeds of the true-positive rate at each drawn abscissa."""
    classes = {task: read.tasks.index(task) for task in choose_classes(read.tasks, read.labels)}
    return {
        method: {
            task: np.mean([true_positive_rates(read.labels[:, t], each[:, t]) for each in logits], axis=0)[DRAWN]
            for task, t in classes.items()
        }
        for method, logits in read.logits.items()
    }


def roc_panels(read: Read, key: str) -> str:
    """Draw a panel a method with a curve a class and the mean AUROC of these; empty where no class has both labels."""
    curves = roc_of_classes(read)
    if not any(curves.values()):
        return ""
    columns = min(COLUMNS, len(curves))
    rows = -(-len(curves) // columns)

    def paint(figure: Figure) -> None:
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axes, (method, of_method) in zip(panels, curves.items(), strict=False):
            _panel(axes, of_method)
            axes.set_title(label_of(method))
            shown = f"mean AUROC {decimal(_mean_auroc(read, method, list(of_method)))}"
            behind = {"facecolor": PAPER, "alpha": 0.8, "linewidth": 0, "pad": 1}
            axes.text(0.97, 0.05, shown, transform=axes.transAxes, ha="right", color=MUTED, fontsize=7.5, bbox=behind)
        drawn = len(curves)
        for empty in panels[drawn:]:
            empty.set_axis_off()
        for lowest in panels[max(0, drawn - columns) : drawn]:
            lowest.tick_params(labelbottom=True)
        figure.supxlabel("false-positive rate", fontsize=8.5, color=MUTED)
        figure.supylabel("true-positive rate", fontsize=8.5, color=MUTED)
        lines, names = panels[0].get_legend_handles_labels()
        figure.legend(lines, names, loc="outside upper center", ncols=columns)

    legend = 0.2 * -(-N_CLASSES // columns)
    return document(paint, key=key, size=(1.9 * columns + 0.3, 2.0 * rows + 0.4 + legend), background=PAPER)


def _panel(axes: Axes, curves: Mapping[str, Float[np.ndarray, " p"]]) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    for colour, (task, rates) in zip(METHOD_COLOURS, curves.items(), strict=False):
        axes.plot(FALSE_POSITIVE_RATES[DRAWN], rates, color=colour, linewidth=0.9, label=task)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes.set_box_aspect(1)
    grid(axes)
    plain_ticks(axes)


def _mean_auroc(read: Read, method: str, classes: Sequence[str]) -> float:
    columns = [read.tasks.index(task) for task in classes]
    return float(np.mean([auroc(read.labels[:, t], each[:, t]) for each in read.logits[method] for t in columns]))
