"""gkm-SVM: a support vector machine for each task on one gapped-k-mer kernel of all sequences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped, UInt8

from cislearn.atomic import file_written_whole
from cislearn.baselines.gkm.kernel import GkmKernel, gram_matrix, squared_norms
from cislearn.baselines.gkm.lmers import Lmers, Sequences, read_sequences
from cislearn.errors import UserError
from cislearn.progress import Progress, silent

FORMAT = "cislearn gkm-SVM 1"

NAMES = ("support", "lengths", "weights", "offsets")
"""Arrays of a file: tokens of all support vectors one after the other, their lengths, and what `GkmSVM` says."""


class Machine(NamedTuple):
    """A fitted support vector machine of one task: decision = sum of dual_i K(support_i, x), plus offset."""

    support: Int64[np.ndarray, " s"]
    dual: Float64[np.ndarray, " s"]
    offset: float


def fit_machine(
    similarity: Float64[np.ndarray, "n n"], labels: Shaped[np.ndarray, " n"], c: float = 1.0, tolerance: float = 1e-3
) -> Machine:
    """Fit a C-SVM to a normalised kernel and 0/1 labels; rows whose label is NaN are left out.

    Raises
    ------
    UserError
        Where the labels are not of both classes.
    """
    from sklearn.svm import SVC

    labels = np.asarray(labels, dtype=float)
    rows = np.flatnonzero(~np.isnan(labels))
    answers = labels[rows]
    if set(answers.tolist()) != {0.0, 1.0}:
        seen = ", ".join(f"{answer:g}" for answer in sorted(set(answers.tolist()))[:5]) or "none"
        raise UserError(f"a gkm-SVM learns from labels 0 and 1, both of them; here are: {seen}")
    known = similarity if len(rows) == len(similarity) else similarity[np.ix_(rows, rows)]
    machine = SVC(kernel="precomputed", C=c, tol=tolerance).fit(known, answers)
    return Machine(rows[machine.support_], machine.dual_coef_[0].astype(float), float(machine.intercept_[0]))


class GkmSVM:
    """Gapped-k-mer support vector machine (Ghandi et al. 2014; Lee 2016), exact.

    Training takes time and memory with the square of the number of sequences (`expected_cost`), scoring in proportion
    to it.

    Parameters
    ----------
    kernel : GkmKernel, optional
        LS-GKM's defaults: centred, l = 11, k = 7, d = 3. The published gkm-SVM is ``GkmKernel("truncated", 10, 6, 3)``.
    c : float
        What a violated margin costs.
    tolerance : float
        Of the optimality conditions, at which the solver stops.

    Examples
    --------
    >>> model = GkmSVM().fit(positives + negatives, [1] * len(positives) + [0] * len(negatives))
    >>> model.predict(["ACGTTGACTCAGCGA"])
    """

    def __init__(self, kernel: GkmKernel | None = None, *, c: float = 1.0, tolerance: float = 1e-3) -> None:
        if c <= 0 or tolerance <= 0:
            raise UserError(f"C and the tolerance of a gkm-SVM are greater than 0, not {c:g} and {tolerance:g}")
        self.kernel = kernel or GkmKernel()
        self.c, self.tolerance = c, tolerance
        self.support: list[UInt8[np.ndarray, " length"]] = []
        """Support vectors of all tasks, as tokens."""
        self.weights: Float64[np.ndarray, "s t"] = np.zeros((0, 0))
        """Dual coefficient of each support vector in each task, over the norm of the support vector."""
        self.offsets: Float64[np.ndarray, " t"] = np.zeros(0)

    def fit(self, sequences: Sequences, labels: Shaped[np.ndarray, "n ..."], progress: Progress = silent) -> Self:
        """Learn from sequences and labels; the kernel is computed once for all tasks.

        Parameters
        ----------
        sequences : list of str or of UInt8 array, or UInt8 array of shape (n, length)
            Letters or tokens, of any lengths from l on.
        labels : array, shape (n,) or (n, tasks)
            0 or 1; NaN where absent: the sequence is left out of that task.
        progress : Progress, optional
            Hears how far the kernel is.

        Raises
        ------
        UserError
            Where a sequence is too short or no DNA, or a task has not both classes.
        """
        tokens, answers = read_sequences(sequences, self.kernel.l), np.asarray(labels)
        if len(answers) != len(tokens):
            raise UserError(f"there are {len(tokens):,} sequences and {len(answers):,} labels")
        similarity, norms = normalised(gram_matrix(self.kernel, self.kernel.lmers(tokens), progress))
        columns = answers.reshape(len(tokens), -1).T
        machines = [fit_machine(similarity, column, self.c, self.tolerance) for column in columns]
        return self.take(tokens, norms, machines)

    def take(
        self,
        tokens: Sequence[UInt8[np.ndarray, " length"]],
        norms: Float64[np.ndarray, " n"],
        machines: Sequence[Machine],
    ) -> Self:
        """Become the machines that were fitted to these sequences, one a task."""
        rows = np.unique(np.concatenate([machine.support for machine in machines]))
        self.support = [tokens[row] for row in rows]
        self.weights = np.zeros((len(rows), len(machines)))
        for task, machine in enumerate(machines):
            self.weights[np.searchsorted(rows, machine.support), task] = machine.dual
        self.weights *= _inverse(norms[rows])[:, None]
        self.offsets = np.array([machine.offset for machine in machines])
        return self

    def predict(self, sequences: Sequences) -> Float32[np.ndarray, "n t"]:
        """Return the decision values of sequences, a column a task: above 0 for a positive, and no log odds.

        A sequence without a word (of N alone) has the offset.

        Raises
        ------
        UserError
            Where a sequence is too short or no DNA.
        """
        lmers = self.kernel.lmers(read_sequences(sequences, self.kernel.l))
        return self.score(lmers, squared_norms(self.kernel, lmers) ** 0.5)

    def score(self, lmers: Lmers, norms: Float64[np.ndarray, " n"]) -> Float32[np.ndarray, "n t"]:
        """Return what `predict` does, of words and norms that are known."""
        scores = np.empty((len(lmers), len(self.offsets)), dtype=np.float32)
        support = self.kernel.lmers(self.support)
        for task, offset in enumerate(self.offsets):
            table = word_scores(self.kernel, support, self.weights[:, task])
            words = table[lmers.codes].sum(axis=1) * lmers.weights
            total = np.bincount(lmers.sequence, words, minlength=len(lmers))
            scores[:, task] = total * _inverse(norms) + offset
        return scores

    def save(self, path: Path | str) -> None:
        """Write support vectors, weights and options to a safetensors file, whole or not at all."""
        from safetensors.numpy import save_file

        lengths = np.array([len(tokens) for tokens in self.support], dtype=np.int64)
        joined = np.concatenate(self.support or [np.zeros(0, np.uint8)])
        arrays = dict(zip(NAMES, (joined, lengths, self.weights, self.offsets), strict=True))
        options = {"kernel": asdict(self.kernel), "c": self.c, "tolerance": self.tolerance}
        with file_written_whole(Path(path)) as partial:
            save_file(arrays, partial, metadata={"format": FORMAT, "options": json.dumps(options)})

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        UserError
            Where the file is not there, or is another kind of file.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                about = file.metadata() or {}
                if about.get("format") != FORMAT:
                    raise UserError("is no gkm-SVM", where=path, fix="Give a file that GkmSVM.save wrote.")
                support, lengths, weights, offsets = (file.get_tensor(name) for name in NAMES)
        except (OSError, SafetensorError) as error:
            raise UserError(f"cannot be read as a gkm-SVM: {error}", where=path) from error
        options: dict[str, Any] = json.loads(about["options"])
        model = cls(GkmKernel(**options["kernel"]), c=options["c"], tolerance=options["tolerance"])
        model.support = np.split(support, np.cumsum(lengths)[:-1]) if len(lengths) else []
        model.weights, model.offsets = weights, offsets
        return model


def normalised(
    gram: Float64[np.ndarray, "n n"],
) -> tuple[Float64[np.ndarray, "n n"], Float64[np.ndarray, " n"]]:
    """Return the kernel over the norms of both sequences, in the same memory, and the norms."""
    norms = np.diag(gram) ** 0.5
    inverse = _inverse(norms)
    gram *= inverse
    gram *= inverse[:, None]
    return gram, norms


def word_scores(kernel: GkmKernel, support: Lmers, weights: Float64[np.ndarray, " s"]) -> Float32[np.ndarray, " codes"]:
    """Return what each of all 4^l words adds to a decision value, over the norm of its sequence.

    Summed over the words of a sequence on both strands this is the sum over support vectors of weight times K_raw:
    K_raw is a product of counts, so that the support vectors' counts can be added first.

    Parameters
    ----------
    kernel : GkmKernel
        Which.
    support : Lmers
        Words of the support vectors.
    weights : Float64 array, shape (s,)
        Of the support vectors.
    """
    counted = np.repeat(weights[support.sequence] * support.weights, 2)
    scores = np.zeros((4,) * kernel.l)
    for positions, weight in kernel.choices:
        patterns = np.bincount(support.at(positions).ravel(), counted, minlength=4 ** len(positions))
        scores += weight * patterns.reshape([4 if place in positions else 1 for place in range(kernel.l)])
    return scores.ravel().astype(np.float32)


def _inverse(norms: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """One over the norms, 0 for a sequence without a word."""
    return np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
