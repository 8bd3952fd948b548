"""What each metric is called, what it says, which way is better, and which stands first for a kind of task."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cislearn.evaluation.profiles.names import BINS

Kind = Literal["binary", "multiclass", "regression", "profile"]


@dataclass(frozen=True)
class Measure:
    """A metric as a reader meets it.

    Parameters
    ----------
    key : str
        Its name in ``summary.tsv``, as `key_of` writes it.
    label : str
        Its name on the page.
    meaning : str
        What it says, in a line.
    larger_is_better : bool
        False for losses and errors.
    is_further : bool
        Whether it stands in the second table: of calls and calibration, of other bins of a profile.
    """

    key: str
    label: str
    meaning: str = ""
    larger_is_better: bool = True
    is_further: bool = False

    @property
    def heading(self) -> str:
        """The label at the head of a column."""
        return self.label[0].upper() + self.label[1:]


KNOWN = {
    measure.key: measure
    for measure in (
        Measure("auroc", "AUROC", "The chance that a positive scores above a negative; .5 is guessing."),
        Measure("auprc", "AUPRC", "Average precision over all recalls; guessing reaches the prevalence."),
        Measure("lift", "lift", "AUPRC over the prevalence: 1 is guessing, and it may be far above 1."),
        Measure(
            "recall_at_5_fdr",
            "recall at 5% FDR",
            "Greatest share of positives found with at most 5% of the calls false.",
        ),
        Measure(
            "recall_at_10_fdr",
            "recall at 10% FDR",
            "Greatest share of positives found with at most 10% of the calls false.",
        ),
        Measure("f1", "F1", "Balance of precision and recall of the calls at the threshold from validation."),
        Measure("mcc", "MCC", "Correlation of calls and labels at that threshold; 0 is guessing."),
        Measure("f1_at_0_5", "F1 at .5", "F1 of the calls at a probability of .5.", is_further=True),
        Measure(
            "calibration_error",
            "calibration error",
            "Root mean square distance of predicted probability and observed share, less chance; 0 is best.",
            larger_is_better=False,
            is_further=True,
        ),
        Measure("accuracy", "accuracy", "Share of the loci that are called rightly."),
        Measure("log_loss", "log loss", "Minus the log of the true class's probability.", larger_is_better=False),
        Measure("pearson", "Pearson r", "Correlation of predicted and observed values."),
        Measure("r2", "R\N{SUPERSCRIPT TWO}", "Share of the variance that is predicted; 0 is guessing the mean."),
        Measure("mse", "mean squared error", "Mean of the squared distance.", larger_is_better=False),
        Measure("mean_squared_error", "mean squared error", "Mean of the squared distance.", larger_is_better=False),
        Measure(
            "jsd",
            "JSD",
            "Jensen-Shannon divergence of predicted and observed profile, smoothed by 3 bp, in nats; 0 is equal.",
            larger_is_better=False,
        ),
        Measure(
            "profile_pearson_at_1_bp",
            "profile Pearson at 1 bp",
            "Correlation along the profile, base by base, strand by strand.",
        ),
        Measure(
            "profile_nll",
            "profile NLL",
            "Minus the log likelihood of a window's counts given their number, in nats; it grows with the depth.",
            larger_is_better=False,
        ),
        Measure("counts_pearson", "counts Pearson", "Correlation over loci of log counts, all strands together."),
        Measure("counts_spearman", "counts Spearman", "The same of their ranks."),
        Measure("counts_mse", "counts MSE", "Mean squared distance of log counts, by strand.", larger_is_better=False),
        *(
            Measure(
                f"profile_pearson_at_{width}_bp",
                f"profile Pearson at {width} bp",
                f"Correlation along the profile, reads summed over {width} bp, strand by strand.",
                is_further=True,
            )
            for width in BINS[1:]
        ),
        *(
            Measure(
                f"profile_spearman_at_{width}_bp",
                f"profile Spearman at {width} bp",
                f"The same of the ranks of reads summed over {width} bp.",
                is_further=True,
            )
            for width in BINS
        ),
        Measure(
            "published_pearson",
            "published Pearson",
            "Mean over bins of 1, 5, 10 of the correlation of maxima, strands laid into each other, as was published.",
            is_further=True,
        ),
        Measure("published_spearman", "published Spearman", "The same of ranks, as was published.", is_further=True),
    )
}
# Where one method is flat it has no correlation, and the row counts for none; a divergence is there wherever reads are.
PRIMARY: dict[Kind, str] = {
    "binary": "auroc",
    "multiclass": "accuracy",
    "regression": "pearson",
    "profile": "jsd",
}


def key_of(name: str) -> str:
    """``log_loss`` for ``log loss``, ``recall_at_5_fdr`` for ``recall at 5% FDR``, ``f1_at_0_5`` for ``F1 at .5``."""
    with_zeros = re.sub(r"(?<![0-9.])\.(?=[0-9])", "0.", name.lower())
    return re.sub(r"\W+", "_", with_zeros).strip("_")


def measure(key: str) -> Measure:
    """Look up the metric called `key`; one that is not known here keeps its own name, larger taken as better."""
    return KNOWN.get(key, Measure(key, key.replace("_", " ")))


def kind_of(metrics: Iterable[str]) -> Kind:
    """Tell the kind of task that is scored by `metrics`."""
    found = set(metrics)
    if found & {"auroc", "auprc", "mcc"}:
        return "binary"
    if found & {"jsd", "profile_nll"}:
        return "profile"
    return "regression" if found & {"pearson", "r2", "mse", "mean_squared_error"} else "multiclass"


def in_order(metrics: Iterable[str]) -> list[str]:
    """Each metric once, the known ones first and in the order in which a reader expects them."""
    known = list(KNOWN)
    found = list(dict.fromkeys(metrics))
    return sorted(found, key=lambda key: known.index(key) if key in KNOWN else len(known))


def primary(metrics: Iterable[str]) -> str:
    """Choose the metric that stands for a task, as `PRIMARY` says it for its kind, else the first there is."""
    found = in_order(metrics)
    first = PRIMARY[kind_of(found)]
    return first if first in found else found[0]
