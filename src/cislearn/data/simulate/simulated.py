"""The simulated benchmark: labelled source cell types, a target cell type, and what was planted where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Shaped, UInt8

from cislearn.data.counted import BACKGROUND
from cislearn.data.dataset import Dataset, write_dataset
from cislearn.data.profiles import Profiles
from cislearn.data.sequences import TableSequences
from cislearn.data.simulate.cells import CELLS, Recipe
from cislearn.data.simulate.families import domain_recipes
from cislearn.data.simulate.footprints import (
    CONTROL,
    FLANKS,
    MARGIN,
    PROFILES,
    draw_footprints,
    profile_task,
    profiles_of,
)
from cislearn.data.simulate.grammar import STATES
from cislearn.data.simulate.openness import OPENNESS, TRACK, draw_opened, opened_recipe
from cislearn.data.simulate.windows import Windows, draw_windows
from cislearn.data.tracks import Tracks
from cislearn.errors import UserError
from cislearn.schema import DataSpec, InputSpec, TaskSpec

TASK = "GABPA"
LENGTH, LENGTHS = 101, {PROFILES: FLANKS + 200}
"""Of windows in bp, where nobody says: in most families, and in some."""
VALID_SHARE = 0.1
"""Share of the training windows that are set aside for validation."""


@dataclass(frozen=True)
class Simulated:
    """Simulated windows of all domains, in memory.

    Parameters
    ----------
    spec : DataSpec
        Tasks; domains are the sources and then the target.
    tokens : ndarray, shape (N, length + 2 margin), uint8
        A0 C1 G2 T3; domain by domain, training windows before test windows.
    labels : ndarray, shape (N, T)
        0 or 1 (int8), of profiles their total counts (float32); the target's as well: that training does not see them
        is the business of training.
    loci : DataFrame, N rows
        domain, name, part (train, valid, test) and, of binding in several cells, the state of the grammar; of profiles
        background, where no motif is.
    truth : DataFrame
        Planted motifs: row, motif, start, end, strand (0-based half-open in the window; in its margin start or end lie
        outside); of profiles height, the counts expected of it.
    provenance : dict
        All parameters, with the recipe of each domain.
    tracks : Tracks, optional
        The accessibility of each window, in the family ``openness``; in ``profiles`` the control, where it has a bias.
    profiles : Profiles, optional
        In the family ``profiles``.
    """

    spec: DataSpec
    tokens: UInt8[np.ndarray, "n width"]
    labels: Shaped[np.ndarray, "n t"]
    loci: pd.DataFrame
    truth: pd.DataFrame
    provenance: dict[str, Any]
    tracks: Tracks | None = None
    profiles: Profiles | None = None


def simulate(
    family: str = "mixed",
    *,
    severity: float = 1.0,
    sources: Sequence[str] = ("ery",),
    target: str = "hep",
    length: int | None = None,
    n_train: int = 20_000,
    n_test: int = 4_000,
    prevalence: float = 0.5,
    bias: float = 0.0,
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
        `cislearn.data.simulate.openness.draw_opened`. A quarter of the windows are positive there. Or profiles: counts
        at single bases about the motifs, of which the cofactors' are other ones in each cell; see
        `cislearn.data.simulate.footprints.draw_footprints`.
    severity : float
        From 0 (all domains alike) to 1.
    sources, target : sequence of str, str
        Cell types: ery, hep, bcell, epi.
    length : int, optional
        Of the windows in bp; 101, and 93 at least. Of profiles 546, of which the middle 200 are counted.
    n_train, n_test : int
        Windows of each domain; a tenth of those for training are marked for validation.
    prevalence : float
        Share of positives, before any shift of it.
    bias : float
        In the family profiles how much words of three bases raise or lower all counts (sd of the logarithm); where it
        is not 0, a track has the counts of a control.
    seed : int
        Same seed, same windows; and a domain's do not depend on which others there are, the first source apart.

    Raises
    ------
    UserError
        For an unknown family or cell type (with the nearest name), windows too short, numbers out of range.
    """
    if n_train < 10 or n_test < 0 or seed < 0 or bias < 0:
        told = f"n_train {n_train}, n_test {n_test}, seed {seed}, bias {bias:g}"
        raise UserError(f"{told}; at least 10, 0, 0 and 0 were expected")
    if bias and family != PROFILES:
        raise UserError(f"family {family} has no counts that a bias could bend", fix=f"Take family {PROFILES}.")
    length = length or LENGTHS.get(family, LENGTH)
    is_shift = family not in (OPENNESS, PROFILES)
    recipes = domain_recipes(family if is_shift else "none", severity, sources, target, prevalence)
    rngs = {domain: np.random.default_rng([seed, list(CELLS).index(domain)]) for domain in recipes}
    n, margin, task = n_train + n_test, 0, TaskSpec(TASK)
    tracks, profiles, labels, inputs = None, None, None, tuple[InputSpec, ...]()
    if not is_shift:
        recipes = dict.fromkeys(recipes, opened_recipe(recipes[sources[0]], list(recipes)))
    if family == OPENNESS:
        drawn, signals = draw_opened(recipes[target], list(recipes), severity, n, length, seed)
        tracks, inputs = Tracks(signals), (TRACK,)
        rngs = {domain: np.random.default_rng(seed) for domain in recipes}  # one locus has one part in all domains
    elif family == PROFILES:
        task, margin = profile_task(length), MARGIN
        each = {
            domain: draw_footprints(recipe, domain, severity, bias, n, length, rngs[domain])
            for domain, recipe in recipes.items()
        }
        drawn = {domain: footprints.windows for domain, footprints in each.items()}
        profiles, labels = profiles_of(list(each.values()))
        if bias:
            tracks, inputs = Tracks(np.concatenate([footprints.control for footprints in each.values()])), (CONTROL,)
    else:
        drawn = {domain: draw_windows(recipes[domain], n, length, rngs[domain]) for domain in recipes}
    if labels is None:
        labels = np.concatenate([windows.labels for windows in drawn.values()]).astype(np.int8)[:, None]
    loci = _loci(drawn, n_train, rngs)
    truth = _truth(drawn, margin)
    if family == PROFILES:
        loci[BACKGROUND] = ~np.isin(np.arange(len(loci)), truth["row"])
    parameters = {"family": family, "severity": severity, "sources": list(sources), "target": target} | {
        "length": length, "n_train": n_train, "n_test": n_test, "prevalence": prevalence, "bias": bias, "seed": seed
    }  # fmt: skip
    return Simulated(
        spec=DataSpec((task,), tuple(recipes), length, margin, inputs),
        tokens=np.concatenate([windows.tokens for windows in drawn.values()]),
        labels=labels,
        loci=loci,
        truth=truth,
        provenance={"simulated": parameters | {"recipes": _plain(recipes)}},
        tracks=tracks,
        profiles=profiles,
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
        profiles=simulated.profiles,
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


def _truth(drawn: Mapping[str, Windows], margin: int) -> pd.DataFrame:
    tables, first = [], 0
    for windows in drawn.values():
        truth = windows.truth
        places = {"row": truth["row"] + first, "start": truth["start"] - margin, "end": truth["end"] - margin}
        tables.append(truth.assign(**places))
        first += len(windows.labels)
    return pd.concat(tables, ignore_index=True)


def _plain(recipes: Mapping[str, Recipe]) -> dict[str, Any]:
    """Recipes as JSON holds them: pairs as lists."""
    plain = {domain: asdict(each) for domain, each in recipes.items()}
    for each in plain.values():
        each["cofactors"] = {name: list(pair) for name, pair in each["cofactors"].items()}
    return plain
