"""The simulated benchmark: labelled source cell types, a target cell type, and what was planted where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int8, UInt8

from cislearn.data.dataset import Dataset, write_dataset
from cislearn.data.sequences import TableSequences
from cislearn.data.simulate.cells import CELLS, Recipe
from cislearn.data.simulate.families import domain_recipes
from cislearn.data.simulate.grammar import STATES
from cislearn.data.simulate.openness import OPENNESS, TRACK, draw_opened, opened_recipe
from cislearn.data.simulate.windows import Windows, draw_windows
from cislearn.data.tracks import Tracks
from cislearn.errors import UserError
from cislearn.schema import DataSpec, TaskSpec

TASK = "GABPA"
VALID_SHARE = 0.1
"""Share of the training windows that are set aside for validation."""


@dataclass(frozen=True)
class Simulated:
    """Simulated windows of all domains, in memory.

    Parameters
    ----------
    spec : DataSpec
        Binary tasks; domains are the sources and then the target.
    tokens : ndarray, shape (N, length), uint8
        A0 C1 G2 T3; domain by domain, training windows before test windows.
    labels : ndarray, shape (N, T), int8
        0 or 1, the target's as well: that training does not see them is the business of training.
    loci : DataFrame, N rows
        domain, name, part (train, valid, test) and, of binding in several cells, the state of the grammar.
    truth : DataFrame
        Planted motifs: row, motif, start, end, strand (0-based half-open in the window).
    provenance : dict
        All parameters, with the recipe of each domain.
    tracks : Tracks, optional
        The accessibility of each window, in the family ``openness``.
    """

    spec: DataSpec
    tokens: UInt8[np.ndarray, "n length"]
    labels: Int8[np.ndarray, "n t"]
    loci: pd.DataFrame
    truth: pd.DataFrame
    provenance: dict[str, Any]
    tracks: Tracks | None = None


def simulate(
    family: str = "mixed",
    *,
    severity: float = 1.0,
    sources: Sequence[str] = ("ery",),
    target: str = "hep",
    length: int = 101,
    n_train: int = 20_000,
    n_test: int = 4_000,
    prevalence: float = 0.5,
    seed: int = 0,
) -> Simulated:
    """Simulate binding of GABPA in several cell types under a known shift.

    The factor binds where its motif lies near one of NFYA, in every cell type alike; composition and cofactors around
    them differ by `family` and `severity`. Knowing the state of the grammar gives an AUROC of .977.

    Parameters
    ----------
    family : str
        What differs between domains: composition, cofactor, mixed (both), label (prevalence), none, or conditional (the
        cofactor as frequent as before, with the opposite meaning). Or openness: all domains have the same loci, bound
        where the focal motif is and the locus is open, which a track tells; see
        `cislearn.data.simulate.openness.draw_opened`. A quarter of the windows are positive there.
    severity : float
        From 0 (all domains alike) to 1.
    sources, target : sequence of str, str
        Cell types: ery, hep, bcell, epi.
    length : int
        Of the windows in bp; 93 at least.
    n_train, n_test : int
        Windows of each domain; a tenth of those for training are marked for validation.
    prevalence : float
        Share of positives, before any shift of it.
    seed : int
        Same seed, same windows; and a domain's do not depend on which others there are, the first source apart.

    Raises
    ------
    UserError
        For an unknown family or cell type (with the nearest name), windows too short, numbers out of range.
    """
    is_opened = family == OPENNESS
    recipes = domain_recipes("none" if is_opened else family, severity, sources, target, prevalence)
    if n_train < 10 or n_test < 0 or seed < 0:
        raise UserError(f"n_train {n_train}, n_test {n_test}, seed {seed}; at least 10, 0 and 0 were expected")
    rngs = {domain: np.random.default_rng([seed, list(CELLS).index(domain)]) for domain in recipes}
    tracks = None
    if is_opened:
        recipe = opened_recipe(recipes[sources[0]], list(recipes))
        recipes = dict.fromkeys(recipes, recipe)
        drawn, signals = draw_opened(recipe, list(recipes), severity, n_train + n_test, length, seed)
        tracks = Tracks(signals)
        rngs = {domain: np.random.default_rng(seed) for domain in recipes}  # one locus has one part in all domains
    else:
        drawn = {domain: draw_windows(recipes[domain], n_train + n_test, length, rngs[domain]) for domain in recipes}
    parameters = {"family": family, "severity": severity, "sources": list(sources), "target": target} | {
        "length": length, "n_train": n_train, "n_test": n_test, "prevalence": prevalence, "seed": seed
    }  # fmt: skip
    return Simulated(
        spec=DataSpec((TaskSpec(TASK),), tuple(recipes), length, inputs=(TRACK,) if is_opened else ()),
        tokens=np.concatenate([windows.tokens for windows in drawn.values()]),
        labels=np.concatenate([windows.labels for windows in drawn.values()]).astype(np.int8)[:, None],
        loci=_loci(drawn, n_train, rngs),
        truth=_truth(drawn),
        provenance={"simulated": parameters | {"recipes": _plain(recipes)}},
        tracks=tracks,
    )


def write_simulated(out: Path | str, simulated: Simulated, *, overwrite: bool = False) -> Dataset:
    """Write simulated windows as a dataset folder, planted motifs beside them, and open it.

    Raises
    ------
    UserError
        Where the folder is taken or cannot be written.
    """
    return write_dataset(
        Path(out),
        spec=simulated.spec,
        loci=simulated.loci,
        labels=simulated.labels,
        sequences=TableSequences.of(simulated.tokens),
        provenance=simulated.provenance,
        truth=simulated.truth,
        tracks=simulated.tracks,
        overwrite=overwrite,
    )


def _loci(drawn: Mapping[str, Windows], n_train: int, rngs: Mapping[str, np.random.Generator]) -> pd.DataFrame:
    tables = []
    for domain, windows in drawn.items():
        n = len(windows.labels)
        part = np.repeat(np.array(["train", "test"]), [n_train, n - n_train]).astype(object)
        part[rngs[domain].choice(n_train, round(VALID_SHARE * n_train), replace=False)] = "valid"
        names = [f"{domain}_{number}" for number in range(n)]
        state = np.array(STATES, dtype=object)[windows.states]
        tables.append(pd.DataFrame({"domain": domain, "name": names, "part": part, "state": state}))
    return pd.concat(tables, ignore_index=True)


def _truth(drawn: Mapping[str, Windows]) -> pd.DataFrame:
    tables, first = [], 0
    for windows in drawn.values():
        tables.append(windows.truth.assign(row=windows.truth["row"] + first))
        first += len(windows.labels)
    return pd.concat(tables, ignore_index=True)


def _plain(recipes: Mapping[str, Recipe]) -> dict[str, Any]:
    """Recipes as JSON holds them: pairs as lists."""
    plain = {domain: asdict(each) for domain, each in recipes.items()}
    for each in plain.values():
        each["cofactors"] = {name: list(pair) for name, pair in each["cofactors"].items()}
    return plain
