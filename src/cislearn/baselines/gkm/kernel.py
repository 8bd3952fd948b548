"""Gapped-k-mer kernels: how alike two sequences are by the words that they share up to a few mismatches."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, get_args

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from cislearn.baselines.gkm.lmers import Lmers, find_lmers
from cislearn.baselines.gkm.mismatches import Kind, mismatch_weights
from cislearn.baselines.gkm.patterns import Choice, choices_for
from cislearn.errors import UserError
from cislearn.progress import Progress, silent

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LONGEST = 12
"""Greatest l: the counts of all words of twelve bases are 16.8 million."""

CENTRE, HALF_LIFE = 50, 50
"""What a word in the centre counts in ``centred``, and the bp by which that is halved (LS-GKM's M and H)."""

_TRIED = 512
"""Sequences on which the time is measured."""

_BYTES_A_WORD = 80
"""Of a word on both strands while it is counted: its codes, those at some positions, and the counts both ways."""

_ROWS = 1_024
"""Words of a sequence compared at a time with all others of it."""


@dataclass(frozen=True)
class GkmKernel:
    """K(a, b): the sum of w_i w_j h(m_ij) over words i of a and j of b on both strands, over the norms of a and b.

    m_ij is the number of bases at which two words differ; the norm of a is the root of its sum with itself. Words with
    an N count nowhere, and neither do pairs with more than d mismatches. So K need not be positive semi-definite;
    LS-GKM's is the same.

    Parameters
    ----------
    kind : {"gapped", "truncated", "centred"}
        LS-GKM's kernel types 0, 2 and 4; see `mismatch_weights`. In ``centred`` a word D bp off the centre counts
        w = min(M, floor(M 2^(-D / H) + 1)), in the others 1. D is measured from the middle of the words, so both
        strands count the same; LS-GKM begins half a word later where their number is even.
    l, k, d : int
        Bases of a word; bases that a gapped word knows; most mismatches.

    Raises
    ------
    UserError
        Where these do not go together.
    """

    kind: Kind = "centred"
    l: int = 11
    k: int = 7
    d: int = 3

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UserError(f"gkm kernel {self.kind!r} is not known; known: {', '.join(get_args(Kind))}")
        if not 1 <= self.k <= self.l <= LONGEST:
            raise UserError(f"a gkm kernel needs 1 <= k <= l <= {LONGEST}, not l = {self.l}, k = {self.k}")
        if not 0 <= self.d <= self.l:
            raise UserError(f"a gkm kernel needs 0 <= d <= l mismatches, not l = {self.l}, d = {self.d}")

    @cached_property
    def weights(self) -> Float64[np.ndarray, " d+1"]:
        """What a pair of words counts, by its mismatches."""
        return mismatch_weights(self.kind, self.l, self.k, self.d)

    @cached_property
    def choices(self) -> list[Choice]:
        """The positions at which words are compared, some hundreds of choices."""
        return choices_for(self.weights, self.l)

    def lmers(self, tokens: Sequence[UInt8[np.ndarray, " length"]]) -> Lmers:
        """Return the words of sequences with what each counts."""
        return find_lmers(tokens, self.l, _by_distance if self.kind == "centred" else _alike)


def gram_matrix(kernel: GkmKernel, lmers: Lmers, progress: Progress = silent) -> Float64[np.ndarray, "n n"]:
    """Return the kernel of sequences with one another before it is divided by the norms.

    Exact: for each choice of positions the words at these are counted, and the counts of two sequences multiplied.
    """
    from cislearn.baselines.gkm.products import gram

    def terms() -> Iterator[tuple[csr_array, float]]:
        for done, choice in enumerate(kernel.choices):
            progress("gkm kernel", done, len(kernel.choices))
            yield lmers.counts(choice.positions), choice.weight

    return gram(len(lmers), terms())


def squared_norms(kernel: GkmKernel, lmers: Lmers) -> Float64[np.ndarray, " n"]:
    """Return the kernel of each sequence with itself, the diagonal of `gram_matrix`; 0 without a word.

    By comparing the words of a sequence with one another: faster than counting at all choices of positions.
    """
    counted = np.zeros(lmers.l + 1)
    counted[: len(kernel.weights)] = kernel.weights
    n_mismatches, norms = _n_mismatches(lmers.l), np.zeros(len(lmers))
    for sequence, (first, stop) in enumerate(pairwise(lmers.starts.tolist())):
        codes, w = lmers.codes[first:stop], lmers.weights[first:stop].astype(float)
        for row in range(0, len(codes), _ROWS):
            part = slice(row, row + _ROWS)
            h = counted[n_mismatches[codes[part, :1] ^ codes.T.ravel()]]
            # The words of the first strand alone: those of the second match the same, the other way about.
            norms[sequence] += 2 * np.einsum("i,ij,j->", w[part], h, np.concatenate([w, w]))
    return norms


def expected_cost(kernel: GkmKernel, lmers: Lmers) -> tuple[float, int]:
    """Return about how many seconds and how many bytes `gram_matrix` takes, from trying it on some sequences."""
    from torch import get_num_threads

    from cislearn.baselines.gkm.products import gram

    tried, seconds = lmers.first(min(len(lmers), _TRIED)), 0.0
    times = len(lmers) / max(len(tried), 1)
    pairs = 1 if times == 1 else times**2 / 2 / get_num_threads()
    for _, alike in groupby(kernel.choices, key=lambda choice: len(choice.positions)):
        choices = list(alike)
        begun = time.perf_counter()
        counts = tried.counts(choices[0].positions)
        counted = time.perf_counter()
        gram(len(tried), [(counts, 1.0)])
        multiplied = time.perf_counter()
        seconds += len(choices) * ((counted - begun) * times + (multiplied - counted) * pairs)
    return seconds, 8 * len(lmers) ** 2 + _BYTES_A_WORD * len(lmers.codes)


@cache
def _n_mismatches(l: int) -> UInt8[np.ndarray, " codes"]:
    """Bases at which two words differ, by the bits at which their numbers do."""
    found = np.zeros((4,) * l, dtype=np.uint8)
    for position in range(l):
        found += np.array([0, 1, 1, 1], dtype=np.uint8).reshape([4 if p == position else 1 for p in range(l)])
    return found.ravel()


def _alike(place: Int64[np.ndarray, " m"], n: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
    return np.ones(len(place))


def _by_distance(place: Int64[np.ndarray, " m"], n: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
    distance = np.abs(place - (n - 1) / 2)
    return np.minimum(CENTRE, np.floor(CENTRE * 2 ** (-distance / HALF_LIFE) + 1))
