"""Motifs that recur over seeds."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.explain.matching import collection
from cislearn.explain.stability import recurrence
from cislearn.motifs.matrix import Motif
from tests.explain.planted import known

pytest.importorskip("memelite")


def named(motif: Motif, name: str) -> Motif:
    return Motif(name, name, motif.probabilities, motif.n_sites)


def test_a_motif_recurs_where_another_seed_has_it_on_either_strand(rng):
    gabpa, gata, ctcf = known()
    noise = Motif("noise", "noise", rng.dirichlet(np.ones(4), 12).T, 100.0)
    by_seed = {
        0: [named(gabpa, "0.gabpa"), named(gata, "0.gata"), named(noise, "0.noise")],
        1: [named(gabpa.reverse_complement(), "1.gabpa"), named(ctcf, "1.ctcf")],
        5: [named(gabpa, "5.gabpa"), named(gata, "5.gata")],
        7: [],
    }
    assert recurrence(by_seed, collection("jaspar")[::8]) == {
        "0.gabpa": 2, "0.gata": 1, "0.noise": 0, "1.gabpa": 2, "1.ctcf": 0, "5.gabpa": 2, "5.gata": 1,
    }  # fmt: skip


def test_one_seed_has_nothing_to_recur_in():
    assert recurrence({0: [named(known()[0], "a")]}, known()) == {"a": 0}
