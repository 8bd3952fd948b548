"""What each metric is called, which way is better, and which stands first for a kind of task."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Measure:
    """A metric as a reader meets it.

    Parameters
    ----------
    key : str
        Its name in ``summary.tsv``.
    label : str
        Its name on the page.
    larger_is_better : bool
        False for losses and errors.
    """

    key: str
    label: str
    larger_is_better: bool = True

    @property
    def heading(self) -> str:
        """The label at the head of a column."""
        return self.label[0].upper() + self.label[1:]


KNOWN = {
    measure.key: measure
    for measure in (
        Measure("auroc", "AUROC"),
        Measure("auprc", "AUPRC"),
        Measure("f1", "F1"),
        Measure("mcc", "MCC"),
        Measure("accuracy", "accuracy"),
        Measure("log_loss", "log loss", larger_is_better=False),
        Measure("pearson", "Pearson r"),
        Measure("r2", "R\N{SUPERSCRIPT TWO}"),
        Measure("mse", "mean squared error", larger_is_better=False),
        Measure("mean_squared_error", "mean squared error", larger_is_better=False),
    )
}
PRIMARY: dict[Kind, str] = {"binary": "auroc", "multiclass": "accuracy", "regression": "pearson"}


def measure(key: str) -> Measure:
    """Look up the metric called `key`; one that is not known here keeps its own name, larger taken as better."""
    return KNOWN.get(key, Measure(key, key.replace("_", " ")))


def kind_of(metrics: Iterable[str]) -> Kind:
    """Tell the kind of task that is scored by `metrics`."""
    found = set(metrics)
    if found & {"auroc", "auprc", "mcc"}:
        return "binary"
    return "regression" if found & {"pearson", "r2", "mse", "mean_squared_error"} else "multiclass"


def in_order(metrics: Iterable[str]) -> list[str]:
    """Each metric once, the known ones first and in the order in which a reader expects them."""
    known = list(KNOWN)
    found = list(dict.fromkeys(metrics))
    return sorted(found, key=lambda key: known.index(key) if key in KNOWN else len(known))


def primary(metrics: Iterable[str]) -> str:
    """Choose the metric that stands for a task: AUROC, accuracy or Pearson's r, else the first there is."""
    found = in_order(metrics)
    first = PRIMARY[kind_of(found)]
    return first if first in found else found[0]
