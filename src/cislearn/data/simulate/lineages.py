"""Open regions of many cell types: lineages share motifs, and each cell type has some of its own.

The simulated counterpart of a compendium of accessibility (600 bp, many tasks, classes of very different sizes), where
what can be known of a label is known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from cislearn.data.simulate.background import draw_background, draw_gc
from cislearn.data.simulate.place import Canvas
from cislearn.data.simulate.simulated import Simulated
from cislearn.errors import UserError
from cislearn.motifs.jaspar import jaspar_vertebrates
from cislearn.motifs.matrix import Motif
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.strand import reverse_complement

DOMAIN = "simulated"
N_LINEAGES, SHARED, OWN = 4, 6, 2
"""Lineages, the motifs that all cell types of one share, and those that each cell type has of its own."""
ACTIVE = 0.4
"""Probability that a lineage is active at a region."""
PREVALENCES = (0.005, 0.3)
"""Share of positives of the rarest and of the commonest cell type; the others lie evenly between, in logarithms."""
SHARED_THERE, OWN_THERE = (0.05, 0.5), (0.05, 0.8)
"""Probability that a motif is there where its lineage is not active and is; where its cell type is closed and open."""
WIDTHS, BITS = (8, 14), 10.0
"""Motifs are of so many bp and have at least so much information."""


class Lineages(NamedTuple):
    """What is drawn of each region before any base is.

    Parameters
    ----------
    labels : ndarray, shape (n, tasks)
        Open or not: the lineage is active and, given that, the cell type is open.
    shared : ndarray, shape (n, lineages * 6)
        Which of the motifs of the lineages are there.
    own : ndarray, shape (n, tasks * 2)
        Which of the motifs of the cell types are there.
    """

    labels: Bool[np.ndarray, "n tasks"]
    shared: Bool[np.ndarray, "n shared"]
    own: Bool[np.ndarray, "n own"]


def simulate_lineages(
    *,
    tasks: int = 20,
    length: int = 600,
    n_train: int = 60_000,
    n_valid: int = 6_000,
    n_test: int = 10_000,
    seed: int = 0,
) -> Simulated:
    """Simulate regions that are open in some of many cell types.

    A region that is open in a cell type tends to have the motifs of its lineage and its own; none of them is ever
    certain, so no reader of sequences is perfect, and `lineages_oracle` says what one that sees all motifs reaches.

    Parameters
    ----------
    tasks : int
        Cell types, dealt to four lineages in turn.
    length : int
        Of the windows in bp; 400 at least, so that all motifs find room.
    n_train, n_valid, n_test : int
        Windows of each part.
    seed : int
        Same seed, same windows.

    Raises
    ------
    UserError
        Where windows are too short or there are too few cell types or windows.
    """
    if length < 400 or tasks < N_LINEAGES or min(n_train, n_valid, n_test) < 1 or seed < 0:
        raise UserError(
            f"length {length}, tasks {tasks}, windows {n_train}, {n_valid}, {n_test}, seed {seed}:"
            f" at least 400, {N_LINEAGES}, 1 and 0 were expected"
        )
    rng = np.random.default_rng([seed, tasks])
    n = n_train + n_valid + n_test
    drawn = draw_lineages(n, prevalences(tasks), rng)
    tokens = draw_background(draw_gc(np.zeros(n, dtype=bool), 0.45, 0.0, rng), length, rng)
    minus = rng.random(n) < 0.5
    tokens[minus] = reverse_complement(tokens[minus])
    canvas = Canvas(tokens)
    motifs = choose_motifs(drawn.shared.shape[1] + drawn.own.shape[1])
    for motif, there in zip(motifs, np.concatenate([drawn.shared, drawn.own], axis=1).T, strict=True):
        rows = np.flatnonzero(there)
        starts = canvas.free_starts(rows, motif.width, rng)
        canvas.plant(motif, rows[starts >= 0], starts[starts >= 0], rng)
    names = [f"cell{t:02d}" for t in range(tasks)]
    part = np.repeat(np.array(["train", "valid", "test"], dtype=object), [n_train, n_valid, n_test])
    parameters = {"family": "lineages", "tasks": tasks, "length": length, "seed": seed} | {
        "n_train": n_train, "n_valid": n_valid, "n_test": n_test
    }  # fmt: skip
    return Simulated(
        spec=DataSpec(tuple(TaskSpec(name) for name in names), (DOMAIN,), length),
        tokens=canvas.tokens,
        labels=drawn.labels.astype(np.int8),
        loci=pd.DataFrame({"domain": DOMAIN, "name": [f"region{k}" for k in range(n)], "part": part}),
        truth=canvas.truth(),
        provenance={"simulated": parameters},
    )


def prevalences(tasks: int) -> Float64[np.ndarray, " tasks"]:
    """Return the share of positives of each cell type; neighbours in size are of different lineages."""
    return np.geomspace(*PREVALENCES, tasks)


def draw_lineages(n: int, prevalence: Float64[np.ndarray, " tasks"], rng: np.random.Generator) -> Lineages:
    """Draw which lineages are active at each of `n` regions, which cell types open, and which motifs are there."""
    lineage = lineage_of(len(prevalence))
    active = rng.random((n, N_LINEAGES)) < ACTIVE
    labels = active[:, lineage] & (rng.random((n, len(prevalence))) < prevalence / ACTIVE)
    shared = rng.random((n, N_LINEAGES * SHARED)) < np.where(np.repeat(active, SHARED, axis=1), *SHARED_THERE[::-1])
    own = rng.random((n, len(prevalence) * OWN)) < np.where(np.repeat(labels, OWN, axis=1), *OWN_THERE[::-1])
    return Lineages(labels, shared, own)


def lineage_of(tasks: int) -> Int64[np.ndarray, " tasks"]:
    """Return the lineage of each cell type."""
    return np.arange(tasks) % N_LINEAGES


def lineages_oracle(drawn: Lineages, prevalence: Float64[np.ndarray, " tasks"]) -> Float64[np.ndarray, "n tasks"]:
    """Return log odds of each label given which motifs are there: the best that any model can know.

    The other cell types of the lineage, which tell a little more of whether it is active, are left out.
    """
    lineage = lineage_of(len(prevalence))
    for_active = _log_ratio(drawn.shared, SHARED_THERE).reshape(len(drawn.shared), N_LINEAGES, SHARED).sum(2)
    for_open = _log_ratio(drawn.own, OWN_THERE).reshape(len(drawn.own), len(prevalence), OWN).sum(2)
    active, given_active = np.exp(for_active[:, lineage]), prevalence / ACTIVE
    opened = ACTIVE * given_active * active * np.exp(for_open)
    closed = ACTIVE * (1 - given_active) * active + (1 - ACTIVE)
    return np.log(opened) - np.log(closed)


def _log_ratio(
    there: Bool[np.ndarray, "n motifs"], probability: tuple[float, float]
) -> Float64[np.ndarray, "n motifs"]:
    without, within = probability
    present, missing = np.log(within / without), np.log((1 - within) / (1 - without))
    return missing + there * (present - missing)


def choose_motifs(n: int) -> list[Motif]:
    """Return `n` JASPAR motifs of single factors, spread evenly over the collection so that families are."""
    narrow, wide = WIDTHS
    fit = [
        motif
        for motif in jaspar_vertebrates().values()
        if narrow <= motif.width <= wide and "::" not in motif.name and _bits(motif) >= BITS
    ]
    return [fit[k] for k in np.linspace(0, len(fit) - 1, n).astype(int)]


def _bits(motif: Motif) -> float:
    chance = motif.smoothed()
    return float((2 + (chance * np.log2(chance)).sum(axis=0)).sum())
