"""Pictures of the study: ROC and PR curves with intervals, learning curves with the published log, occlusion logos."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int64

from cislearn.reports.curves import FALSE_POSITIVE_RATES, RECALLS, precisions, true_positive_rates
from cislearn.reports.figures.canvas import document, grid, plain_ticks
from cislearn.reports.figures.logo import draw_letters
from cislearn.reports.palette import INK, METHOD_COLOURS, PAPER
from cislearn.studies.small_cnn.published import COUNTS, published_log
from cislearn.studies.small_cnn.runs import Run
from cislearn.studies.small_cnn.scores import is_at_chance
from cislearn.studies.small_cnn.trials import ALL, LOSSES, ORIGINAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PUBLISHED: tuple[tuple[str, str], ...] = ((ORIGINAL, LOSSES[0]), (ALL, LOSSES[1]))
"""Each network with the loss that its published numbers are of."""
RESAMPLES = 200


def pictures(runs: Sequence[Run], labels: Int64[np.ndarray, " c"]) -> dict[str, str]:
    """Return SVG documents by name."""
    by_trial = {place: [run for run in runs if (run.network, run.loss) == place] for place in PUBLISHED}
    return {
        "curves": _curves(by_trial, labels),
        "learning": _learning(by_trial[PUBLISHED[1]]),
        "occlusion": _logos(by_trial, labels),
    }


def band(
    labels: Int64[np.ndarray, " c"],
    logits: Float[np.ndarray, "seeds c"],
    curve: Callable[[np.ndarray, np.ndarray], np.ndarray],
    n_resamples: int = RESAMPLES,
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, "2 p"]]:
    """Return the mean of a curve over seeds, and the ends of its 95 % interval at each abscissa.

    Windows and seeds are drawn with replacement together. A resample of one class alone is left out.
    """
    rng, n = np.random.default_rng(0), len(labels)
    means = []
    for _ in range(n_resamples):
        rows, seeds = rng.integers(n, size=n), rng.integers(len(logits), size=len(logits))
        if 0 < labels[rows].sum() < n:
            drawn = {seed: curve(labels[rows], logits[seed, rows]) for seed in set(seeds.tolist())}
            means.append(np.mean([drawn[seed] for seed in seeds.tolist()], axis=0))
    return np.mean([curve(labels, each) for each in logits], axis=0), np.quantile(means, [0.025, 0.975], axis=0)


def _curves(by_trial: Mapping[tuple[str, str], Sequence[Run]], labels: Int64[np.ndarray, " c"]) -> str:
    """ROC and PR curves; a cross marks what the published labels of the modified network are worth."""
    hits, false = COUNTS["true positives"], COUNTS["false positives"]
    point = (false / (false + COUNTS["true negatives"]), hits / (hits + COUNTS["false negatives"]))

    def paint(figure: Figure) -> None:
        roc, pr = figure.subplots(1, 2)
        for colour, (place, runs) in zip(METHOD_COLOURS, by_trial.items(), strict=False):
            logits = np.stack([run.logits for run in runs])
            for axes, x, curve in ((roc, FALSE_POSITIVE_RATES, true_positive_rates), (pr, RECALLS, precisions)):
                mean, (low, high) = band(labels, logits, curve)
                axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
                axes.plot(x, mean, color=colour, label=", ".join(place))
        for axes, at in ((roc, point), (pr, (point[1], hits / (hits + false)))):
            axes.plot(*at, "x", color=INK, markersize=6, label="modified, published labels", clip_on=False)
            grid(axes)
            plain_ticks(axes)
        roc.set(xlabel="false-positive rate", ylabel="true-positive rate", title="ROC", ylim=(0, 1.01), xlim=(0, 1))
        pr.set(xlabel="recall", ylabel="precision", title="precision and recall", ylim=(0, 1.01), xlim=(0, 1))
        pr.legend(loc="lower left")

    return document(paint, key="small-cnn-curves", size=(8.4, 3.6), background=PAPER)


def _learning(runs: Sequence[Run]) -> str:
    """Losses of the modified network against the epoch: each seed thin, the published log dashed."""
    log = published_log()

    def paint(figure: Figure) -> None:
        for axes, name in zip(figure.subplots(1, 2, sharey=True), ("loss", "validation loss"), strict=True):
            for number, run in enumerate(runs):
                label = "each seed" if not number else None
                axes.plot(run.curve["epoch"], run.curve[name], color=METHOD_COLOURS[1], linewidth=0.8, label=label)
            axes.plot(log["epoch"], log[name], color=INK, linestyle=(0, (4, 2)), label="published log")
            axes.set(xlabel="epoch", title=f"modified, cross-entropy: {name}")
            grid(axes)
            plain_ticks(axes)
        axes.legend()

    return document(paint, key="small-cnn-learning", size=(8.4, 3.0), background=PAPER)


def _logos(by_trial: Mapping[tuple[str, str], Sequence[Run]], labels: Int64[np.ndarray, " c"]) -> str:
    """What one window rests on, by the first seed that learned: arcsinh of what its probability loses, as published."""

    def paint(figure: Figure) -> None:
        for axes, (place, runs) in zip(figure.subplots(len(by_trial), 1), by_trial.items(), strict=True):
            run = next((each for each in runs if not is_at_chance(each, labels)), runs[0])
            _logo(axes, np.arcsinh(run.lost))
            axes.set(title=f"{', '.join(place)}, seed {run.seed}", ylabel="arcsinh(loss of p)")

    return document(paint, key="small-cnn-occlusion", size=(6.4, 1.6 * len(by_trial)), background=PAPER)


def _logo(axes: Axes, heights: Float[np.ndarray, "4 length"]) -> None:
    low, high = float(min(heights.min(), 0)), float(max(heights.max(), 0))
    room = 0.04 * (high - low) or 1.0
    draw_letters(axes, heights, 0, 0.01 * max(high, -low))
    axes.set(xlim=(-0.5, heights.shape[1] - 0.5), ylim=(low - room, high + room))
