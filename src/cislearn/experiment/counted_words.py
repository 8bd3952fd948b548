"""Counts of k-mers beside a trained network: a regression on them, and what it weighs by the validation windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int, Shaped
from scipy import sparse
from scipy.special import log_expit

from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc
from cislearn.experiment.battery import read_windows
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.methods import Method
from cislearn.experiment.record import predict_logits
from cislearn.experiment.setting import Setting
from cislearn.models.kmer_counts import KmerCounts
from cislearn.models.network import Network
from cislearn.schema import DataSpec
from cislearn.sequence.words import NO_WORD, canonical_words

MOST_TASKS = 32
"""Up to which a preset has counts without being asked: each task takes a second or two."""
MOST_WINDOWS = 50_000
"""Training windows that the regression is fitted to, validation windows that weigh it; drawn where there are more."""
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Inverse L2 penalties, ascending; the weakest up to which the ranking of the validation windows gets better."""
FEWEST = 20
"""Validation windows of either class below which nothing is weighed."""
GAIN = 2.0
"""What words must gain in log likelihood on the validation windows: twice what a parameter more must (AIC)."""
HEAVIEST = 10
"""Words that are told with their weights."""


class Weighed(NamedTuple):
    """What one logit of the network is joined with."""

    weights: Float32[np.ndarray, " codes"]
    scale: float
    offset: float


def words_for(config: ExperimentConfig, spec: DataSpec) -> int:
    """Return the bases of the words that stand beside networks of these tasks, 0 for none.

    Raises
    ------
    UserError
        Where they are asked for by name and the tasks or windows are none for them.
    """
    k, is_asked = config.words_counted, bool(config.model.kmer_counts)
    problems = (
        (any(task.kind != "binary" for task in spec.tasks), "a regression on counts needs binary tasks"),
        (spec.single_stranded, "counts take a word and its reverse complement as one, which RNA does not"),
        (spec.length < k, f"windows have {spec.length} bp, and its words {k}"),
    )
    for is_so, problem in problems:
        if is_so and is_asked:
            raise UserError(problem, where="model.kmer_counts", fix="Leave it out, or take 0.")
        if is_so:
            return 0
    return k if is_asked or len(spec.tasks) <= MOST_TASKS else 0


def add_counts(setting: Setting, method: Method, network: Network) -> dict[str, Any]:
    """Give a trained network the counts that its predictions are joined with, where they are of use.

    For each task a logistic regression on counts of words is fitted to the training windows whose labels the method
    sees; its strength and what both models weigh are chosen on the validation windows by which weights are chosen. No
    test window has a part in it.

    Returns
    -------
    dict
        Task to what the logit is made of: ``k``, ``strength``, ``network`` and ``words`` (what the logits of either are
        multiplied by), ``alone`` and ``joined`` (validation AUROC), ``heaviest`` (words with their weights). Tasks
        without counts are not there.
    """
    spec, roles = setting.roles.dataset.spec, setting.roles
    k = words_for(setting.config, spec)
    if not k or not method.objective.learns_task:
        return {}
    learned, judged = map(_drawn, (roles.seen_rows(method.labelled, "train"), setting.judged_rows(method)))
    seen, held = (_counts(setting, rows, k) for rows in (learned, judged))
    labels, answers = (roles.dataset.labels_float(rows) for rows in (learned, judged))
    logits = predict_logits(setting, network, judged).astype(np.float64)
    counts, record = KmerCounts(k, spec.n_logits), dict[str, Any]()
    for t, task in enumerate(spec.tasks):
        there, known = ~np.isnan(labels[:, t]), ~np.isnan(answers[:, t])
        found = _weigh(seen[there], labels[there, t], held[known], answers[known, t], logits[known, t])
        if found is not None:
            weighed, told = found
            counts.take(t, weighed.weights, weighed.scale, weighed.offset)
            record[task.name] = {"k": k, **told, "heaviest": counts.heaviest(t, HEAVIEST)}
    if record:
        network.kmer_counts = counts.to(setting.device.torch)
    return record


def joined_in_words(task: str, told: Mapping[str, Any]) -> str:
    """Say in a line what the counts do for a task: an item of what `add_counts` returns."""
    return (
        f"{task} is {told['network']:.2g} times the network's logit and {told['words']:.2g} times that of"
        f" {told['k']}-mer counts; validation AUROC {told['alone']:.4f} alone, {told['joined']:.4f} joined"
    )


def _drawn(rows: Int[np.ndarray, " n"]) -> Int[np.ndarray, " m"]:
    """Return at most `MOST_WINDOWS` rows, drawn at random, in order."""
    return np.sort(np.random.default_rng(0).permutation(rows)[:MOST_WINDOWS])


def _counts(setting: Setting, rows: Shaped[np.ndarray, " n"], k: int) -> sparse.csr_matrix:
    """Count the words of each window, a word and its reverse complement under the lesser of their numbers."""
    words = canonical_words(read_windows(setting.roles.dataset, rows).tokens, k)
    row, place = np.nonzero(words != NO_WORD)
    ones = np.ones(len(row), dtype=np.float32)
    return sparse.csr_matrix((ones, (row, words[row, place].astype(np.int64))), shape=(len(rows), 4**k))


def _weigh(
    seen: sparse.csr_matrix,
    labels: Float[np.ndarray, " n"],
    held: sparse.csr_matrix,
    answers: Float[np.ndarray, " m"],
    logits: Float[np.ndarray, " m"],
) -> tuple[Weighed, dict[str, float]] | None:
    """Return what a logit is joined with and what is told of it; None where words add nothing that can be told."""
    if len(np.unique(labels)) < 2 or min(answers.sum(), (1 - answers).sum()) < FEWEST or not np.isfinite(logits).all():
        return None
    model, strength, words = _regression(seen, labels, held, answers)
    columns = np.column_stack([logits, words])
    (_, of_network), (weights, both) = _stacked(columns[:, :1], answers), _stacked(columns, answers)
    (scale, weight), intercept = weights[:2], weights[2]
    if _likelihood(both, answers) - _likelihood(of_network, answers) < GAIN or scale <= 0 or weight <= 0:
        return None
    offset = float(intercept + weight * model.intercept_[0])
    told = {
        "strength": strength,
        "network": float(scale),
        "words": float(weight),
        "alone": auroc(answers, logits),
        "joined": auroc(answers, both),
    }
    return Weighed((weight * model.coef_[0]).astype(np.float32), float(scale), offset), told


def _regression(
    seen: sparse.csr_matrix, labels: Float[np.ndarray, " n"], held: sparse.csr_matrix, answers: Float[np.ndarray, " m"]
) -> tuple[Any, float, Float[np.ndarray, " m"]]:
    """Return the regression, its strength, and its logits of the windows that this was chosen by."""
    from sklearn.linear_model import LogisticRegression

    best, found = -1.0, None
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=300).fit(seen, labels)
        words = model.decision_function(held)
        if (score := auroc(answers, words)) <= best:
            break
        best, found = score, (model, strength, words)
    assert found is not None
    return found


def _stacked(
    columns: Float[np.ndarray, "m models"], answers: Float[np.ndarray, " m"]
) -> tuple[Float[np.ndarray, " models_and_one"], Float[np.ndarray, " m"]]:
    """Return what makes one logit of those of the models, weights and last the intercept, and that logit.

    A weak penalty keeps the weights finite where the validation windows are told apart without an error.
    """
    from sklearn.linear_model import LogisticRegression

    mean, scale = columns.mean(axis=0), np.maximum(columns.std(axis=0), 1e-6)
    model = LogisticRegression(C=10.0, max_iter=1_000).fit((columns - mean) / scale, answers)
    weights = model.coef_[0] / scale
    intercept = float(model.intercept_[0] - weights @ mean)
    return np.append(weights, intercept), columns @ weights + intercept


def _likelihood(logits: Float[np.ndarray, " m"], answers: Float[np.ndarray, " m"]) -> float:
    """Return the log likelihood of labels."""
    return float(log_expit(np.where(answers > 0.5, logits, -logits)).sum())
