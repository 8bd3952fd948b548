"""The family ``density``: each of three factors has windows with one to three of its motif and nothing of the others'.

The task of the reverse-complement benchmark (Zhou, Shrikumar and Kundaje 2022), after its published recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64, UInt8

from cislearn.data.simulate.place import Canvas
from cislearn.data.simulate.simulated import Simulated
from cislearn.errors import UserError
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.matrix import Motif
from cislearn.schema import DataSpec, TaskSpec

DENSITY = "density"
DOMAIN = "simulated"
FACTORS = {"ELF1": "MA0473.4", "GATA1": "MA0035.5", "RXRA": "MA0065.3"}
"""Tasks, and the JASPAR motifs in the place of the published ELF1_known2, GATA_known6 and RXRA_known1."""
COPIES = (1, 3)
"""Fewest and most copies; a Poisson number of mean 2 is cut to these."""
BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])
"""Frequencies of A, C, G, T; bases are independent."""
SHARES = {"train": 0.4, "valid": 0.3, "test": 0.3}


def simulate_density(
    *,
    length: int = 200,
    n: int = 10_000,
    flipped: float = 0.2,
    shared_background: bool = False,
    motifs: Mapping[str, Motif] | None = None,
    seed: int = 0,
) -> Simulated:
    """Simulate windows of three factors, in which the number of motifs is drawn and nothing else tells them apart.

    Copies lie on either strand with equal chance and never over one another. Labels are of three binary tasks, of which
    a window is positive for exactly one.

    Parameters
    ----------
    length : int
        Of the windows in bp; 200 and 1000 as published.
    n : int
        Windows of each factor.
    flipped : float
        Share of the training labels, entry by entry, that are wrong; those of validation and test are clean. What they
        were stands in ``loci`` as ``clean_TASK``.
    shared_background : bool
        The flaw of the published recipe: one seed for the three sets gave them one background, so that most test
        windows share all but their motifs with two windows of the other factors, many of them in training.
    motifs : mapping of str to Motif, optional
        Of each factor, whose names the tasks take. JASPAR's of three factors (`FACTORS`) where they are not given.
    seed : int
        Same seed, same windows.

    Raises
    ------
    UserError
        Where windows are too short for the copies, or a number is out of range.
    """
    motifs = motifs or {task: jaspar(identifier) for task, identifier in FACTORS.items()}
    widest = max(motif.width for motif in motifs.values())
    if length < (least := 2 * COPIES[1] * widest):
        raise UserError(f"windows of {length} bp are too short for {COPIES[1]} motifs; {least} bp at least")
    if n < 10 or not 0 <= flipped < 0.5 or seed < 0:
        raise UserError(f"n {n}, flipped {flipped:g}, seed {seed}; at least 10, 0 to .5 and 0 were expected")
    rng = np.random.default_rng([seed, length])
    common = _draw_background(n, length, rng)
    tokens, truth = [], []
    for number, motif in enumerate(motifs.values()):
        canvas = Canvas(common.copy() if shared_background else _draw_background(n, length, rng))
        copies = np.clip(rng.poisson(2, n), *COPIES)
        for k in range(COPIES[1]):
            rows = np.flatnonzero(copies > k)
            canvas.plant(motif, rows, canvas.free_starts(rows, motif.width, rng), rng)
        tokens.append(canvas.tokens)
        planted = canvas.truth()
        truth.append(planted.assign(row=planted["row"] + n * number))
    parameters: dict[str, Any] = {
        "family": DENSITY, "length": length, "n": n, "shared_background": shared_background, "seed": seed,
        "motifs": {task: motif.identifier for task, motif in motifs.items()},
    }  # fmt: skip
    sets = dict(zip(motifs, tokens, strict=True))
    return with_flipped_labels(sets, pd.concat(truth, ignore_index=True), flipped, parameters, rng)


def with_flipped_labels(
    sets: Mapping[str, UInt8[np.ndarray, "_ length"]],
    truth: pd.DataFrame,
    flipped: float,
    parameters: Mapping[str, Any],
    rng: np.random.Generator,
) -> Simulated:
    """Return windows of several factors with their labels, dealt at random to the parts, those for training flipped.

    Parameters
    ----------
    sets : mapping of str to ndarray, shape (n, length)
        Windows of each factor.
    truth : DataFrame
        Planted motifs, by row of all sets one after the other.
    flipped : float
        Share of the training labels that is turned round.
    parameters : mapping
        For the provenance.
    rng : Generator
        Where chance comes from.
    """
    tokens = np.concatenate(list(sets.values()))
    clean = np.repeat(np.eye(len(sets), dtype=np.int8), [len(each) for each in sets.values()], axis=0)
    part = _draw_parts(len(clean), rng)
    is_flipped = (rng.random(clean.shape) < flipped) & (part == "train")[:, None]
    names = [f"{task}_{k}" for task, each in sets.items() for k in range(len(each))]
    loci = pd.DataFrame({"domain": DOMAIN, "name": names, "part": part})
    return Simulated(
        spec=DataSpec(tuple(TaskSpec(task) for task in sets), (DOMAIN,), tokens.shape[1]),
        tokens=tokens,
        labels=np.where(is_flipped, 1 - clean, clean),
        loci=loci.assign(**{f"clean_{task}": clean[:, t] for t, task in enumerate(sets)}),
        truth=truth,
        provenance={"simulated": dict(parameters) | {"flipped": flipped}},
    )


def _draw_background(n: int, length: int, rng: np.random.Generator) -> UInt8[np.ndarray, "n length"]:
    edges = np.cumsum(BACKGROUND)[:3].astype(np.float32)
    chance = rng.random((n, length), dtype=np.float32)
    return (chance[:, :, None] >= edges).sum(axis=2, dtype=np.uint8)


def _draw_parts(n: int, rng: np.random.Generator) -> np.ndarray:
    sizes: Int64[np.ndarray, " parts"] = np.diff(np.round(np.cumsum([0.0, *SHARES.values()]) * n)).astype(np.int64)
    return rng.permutation(np.repeat(np.array(list(SHARES), dtype=object), sizes))
