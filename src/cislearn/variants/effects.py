"""What the other allele changes: ALT minus REF, never the other way round, in the units that each kind of task has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped, UInt8
from scipy.special import expit, log_softmax, logsumexp

from cislearn.errors import UserError
from cislearn.evaluation.profiles.divergence import jensen_shannon
from cislearn.evaluation.profiles.shapes import split_logits
from cislearn.prediction.members import Members
from cislearn.prediction.predictor import Signals
from cislearn.schema import DataSpec, TaskSpec


class AlleleLogits(NamedTuple):
    """What each member says of both alleles."""

    ref: Float[np.ndarray, "n members t"]
    alt: Float[np.ndarray, "n members t"]


class Measure(NamedTuple):
    """A number that a task has for an allele, by each member, for both alleles."""

    name: str
    """``logit``, ``probability``, ``value`` or ``log2_counts``."""
    of: str
    """The task, or the task and the class."""
    ref: Float[np.ndarray, "n members"]
    alt: Float[np.ndarray, "n members"]

    @property
    def effect(self) -> Float[np.ndarray, "n members"]:
        """ALT minus REF."""
        return self.alt - self.ref


def allele_logits(
    say: Members, ref: UInt8[np.ndarray, "n length"], alt: UInt8[np.ndarray, "n length"], tracks: Signals = None
) -> AlleleLogits:
    """Return the logits of both alleles from one pass; tracks, where the models read some, are the same for both."""
    both = None if tracks is None else np.concatenate([tracks, tracks])
    logits = say(np.concatenate([ref, alt]), both).logits
    return AlleleLogits(logits[: len(ref)], logits[len(ref) :])


def measures(
    spec: DataSpec, logits: AlleleLogits, temperatures: Sequence[Mapping[str, float]] | None = None
) -> list[Measure]:
    """Return the measures of all tasks; the first of a task, or of a class, is the one that its null is made of.

    Binary: the logit. Multiclass: of each class its log odds against all others. Both have also a probability where
    every member has a temperature for the task. Regression: the value. Profile: log2(1 + reads), of both strands
    together, so that the effect is a log2 fold change.

    Parameters
    ----------
    spec : DataSpec
        The tasks.
    logits : AlleleLogits
        Of all tasks.
    temperatures : list of mapping, optional
        Of each member by task, as `cislearn.prediction.loading.load_temperatures` gives them.
    """
    found = []
    for task in spec.tasks:
        ref, alt = (each[:, :, spec.columns(task.name)].astype(np.float64) for each in logits)
        known = [each.get(task.name, np.nan) for each in temperatures or [{}]]
        found += _measures(task, ref, alt, None if np.isnan(known).any() else np.array(known))
    return found


def refuse_equal_names(spec: DataSpec) -> None:
    """Refuse tasks of which a class is called as another task is: their columns would be the same ones.

    Raises
    ------
    UserError
        Which two.
    """
    told: dict[str, str] = {}
    for task in spec.tasks:
        for c, name in enumerate(_names_of(task)):
            what = f"task {task.name}" if name == task.name else f"class {c} of task {task.name}"
            if name in told:
                fix = "Give one of the tasks another name, and train again."
                raise UserError(f"{told[name]} and {what} come to the same columns, those of {name}", fix=fix)
            told[name] = what


def _names_of(task: TaskSpec) -> list[str]:
    """What the effects on a task are of: the task, or each of its classes."""
    return [f"{task.name}_{c}" for c in range(task.channels)] if task.kind == "multiclass" else [task.name]


def _measures(
    task: TaskSpec,
    ref: Float[np.ndarray, "n members c"],
    alt: Float[np.ndarray, "n members c"],
    temperatures: Float[np.ndarray, " members"] | None,
) -> list[Measure]:
    if task.kind == "regression":
        return [Measure("value", task.name, ref[:, :, 0], alt[:, :, 0])]
    if task.kind == "profile":
        return [Measure("log2_counts", task.name, _log2_counts(task, ref), _log2_counts(task, alt))]
    if task.kind == "binary":
        found = [Measure("logit", task.name, ref[:, :, 0], alt[:, :, 0])]
        if temperatures is not None:
            scaled = (expit(each[:, :, 0] / temperatures) for each in (ref, alt))
            found.append(Measure("probability", task.name, *scaled))
        return found
    found = []
    for c, name in enumerate(_names_of(task)):
        found.append(Measure("logit", name, _log_odds(ref, c), _log_odds(alt, c)))
        if temperatures is not None:
            shares = (_class_probability(each, c, temperatures) for each in (ref, alt))
            found.append(Measure("probability", name, *shares))
    return found


def profile_divergence(
    task: TaskSpec, ref: Float[np.ndarray, "n members c"], alt: Float[np.ndarray, "n members c"]
) -> Float[np.ndarray, "n members"]:
    """Return how far the shapes of the two alleles are apart, position by position: the mean over strands, in nats.

    See `cislearn.evaluation.profiles.divergence.jensen_shannon`. Behind an insertion or a deletion the same bases stand
    at other positions of the window, which counts as a difference.
    """
    return np.stack(
        [
            jensen_shannon(*(split_logits(each[:, m], task.channels)[0] for each in (ref, alt))).mean(axis=1)
            for m in range(ref.shape[1])
        ],
        axis=1,
    )


def _log2_counts(task: TaskSpec, logits: Float[np.ndarray, "n members c"]) -> Float[np.ndarray, "n members"]:
    reads = np.maximum(np.expm1(logits[:, :, task.n_shape :]), 0).sum(axis=2)
    return np.log2(1 + reads)


def _log_odds(logits: Float[np.ndarray, "n members c"], c: int) -> Float[np.ndarray, "n members"]:
    return logits[:, :, c] - logsumexp(np.delete(logits, c, axis=2), axis=2)


def _class_probability(
    logits: Float[np.ndarray, "n members c"], c: int, temperatures: Float[np.ndarray, " members"]
) -> Float[np.ndarray, "n members"]:
    return np.exp(log_softmax(logits / temperatures[:, None], axis=2))[:, :, c]


def is_number(logits: AlleleLogits) -> Shaped[np.ndarray, " n"]:
    """Whether all members give a number for both alleles of each row."""
    return np.isfinite(logits.ref).all(axis=(1, 2)) & np.isfinite(logits.alt).all(axis=(1, 2))
