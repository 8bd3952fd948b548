"""What methods log of their health: how each quantity is called, what it is, and what to expect of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Signal:
    """A quantity that `Objective.health` logs.

    Parameters
    ----------
    name : str
        Its column in ``history.tsv`` and ``health.tsv``.
    title : str
        Its name for people.
    meaning, healthy : str
        What it is, and what to expect of it, in a sentence or two each.
    reference : float, optional
        A value to hold it against.
    reference_name : str
        What that value is.
    """

    name: str
    title: str
    meaning: str
    healthy: str
    reference: float | None = None
    reference_name: str = ""


LAMBDA = Signal(
    "lambda",
    "Lambda",
    "How strongly the domains are drawn together: the factor of the reversed gradient or of the alignment loss.",
    "It follows the method's schedule.",
)
# Half of each batch is target, whether sources are one class or many: to say `target` always is right half the time.
DOMAIN_ACCURACY = Signal(
    "domain_accuracy",
    "Domain accuracy",
    "How often the discriminator names the domain of a window rightly.",
    "While lambda is small it rises well above chance, so the discriminator has learned something; as lambda grows, it"
    " falls towards chance. At chance from the first step, the discriminator never learned and nothing was aligned;"
    " near one to the end, the features were not aligned either.",
    reference=0.5,
    reference_name="chance",
)
SPREAD = Signal(
    "feature_spread",
    "Spread of the features",
    "Sum of the variances of the features over the labelled rows of a batch.",
    "It may grow, and does not fall by orders of magnitude. If it nears 0, the features have collapsed: domains are"
    " alike because all windows are.",
)


def signs_of_collapse(history: Sequence[Mapping[str, float]]) -> list[str]:
    """Say in words where a training made the domains alike by giving up the task.

    Two signs are known: the spread of the features falls below a hundredth of its greatest, and the task loss ends at
    more than one and a half times its lowest (by 0.05 at least: a loss near 0 doubles for nothing).

    Parameters
    ----------
    history : list of mapping
        One row a validation, in order: ``train_task`` and, where it is logged, ``feature_spread``.
    """
    found = []
    spreads = [row[SPREAD.name] for row in history if SPREAD.name in row]
    if spreads and spreads[-1] < 0.01 * max(spreads):
        found.append(
            f"the features have collapsed: their spread fell from {max(spreads):.3g} to {spreads[-1]:.3g},"
            " so the domains are alike because all windows are; take a smaller weight or a later schedule"
        )
    losses = [row["train_task"] for row in history]
    if losses[-1] - min(losses) > max(0.5 * min(losses), 0.05):
        found.append(
            f"the task was unlearned: its training loss rose from {min(losses):.3g} to {losses[-1]:.3g}"
            " while the domains were drawn together; take a smaller weight or a later schedule"
        )
    return found
