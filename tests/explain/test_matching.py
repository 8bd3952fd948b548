"""Tomtom and q-values: a motif is its own best match, on either strand, and a planted filter is called by its name."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from cislearn.errors import UserError
from cislearn.explain.filters import align, motifs_of
from cislearn.explain.layer import motif_layer
from cislearn.explain.matching import (
    benjamini_hochberg,
    by_chance,
    collection,
    information,
    is_named,
    match,
    own_orders,
    trimmed,
)
from cislearn.explain.windows import windows_in_memory
from cislearn.models.saving import for_prediction
from cislearn.motifs.matrix import Motif
from cislearn.motifs.meme import read_meme
from cislearn.motifs.writing import write_meme
from tests.explain.planted import exact, known, planted_network, planted_windows

pytest.importorskip("memelite")


def test_a_motif_is_its_own_best_match_on_either_strand():
    motifs = known()
    for turned in (False, True):
        found = match([motif.reverse_complement() if turned else motif for motif in motifs], collection("jaspar"), 1)
        assert list(found["match"]) == [motif.identifier for motif in motifs]
        assert (found["q"] < 1e-4).all() and (found["p"] <= found["q"]).all()
        assert set(found["strand"]) == {"-" if turned else "+"}


@pytest.mark.parametrize("turned", [False, True])
def test_the_offset_is_where_the_known_motif_begins(turned):
    """In positions of the found one: -3 where its first three are missing, 4 where four others stand before it."""
    (motif, *_), names = known(), ["cut", "longer"]
    strong = motif.probabilities * 0.97 + 0.0075
    before = np.full((4, 4), 0.01) + 0.96 * np.eye(4)[[3, 0, 3, 0]].T
    wanted = [strong[:, 3:], np.hstack([before, strong])]
    found = [Motif(name, name, each, 500.0) for name, each in zip(names, wanted, strict=True)]
    target = Motif("target", "target", strong, 500.0)
    table = match(found, [target.reverse_complement() if turned else target], 1)
    assert table["offset"].tolist() == [-3, 4]
    assert table["strand"].tolist() == ["-" if turned else "+"] * 2


def test_q_values_are_scipys(rng):
    p = rng.random(50) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p))


def test_what_says_nothing_matches_nothing():
    flat = Motif("flat", "flat", np.full((4, 8), 0.25), 20.0)
    assert match([flat], collection("jaspar"), 1)["q"].item() == 1
    assert len(match([], known())) == 0


def test_weak_motifs_are_not_named_by_chance(rng):
    """Long motifs of weak positions have small q-values among real ones: a random order of theirs has them as well."""
    weak = [Motif(f"w{k}", f"w{k}", rng.dirichlet(np.full(4, 1.5), 19).T, 500.0) for k in range(40)]
    targets = collection("jaspar")
    found = match([*weak, *known()], targets, 1)
    chance = by_chance([*weak, *known()], targets, found["p"].to_numpy())
    named = is_named(found["q"].to_numpy(), chance)
    assert named[40:].all() and named[:40].mean() <= 0.1
    assert (found["q"][:40] <= 0.1).mean() > 2 * named[:40].mean()


@pytest.mark.parametrize("word", ["AGGGG", "GGGG", "ACGT", "AACCT", "A"])
def test_a_motif_is_itself_in_as_many_orders_as_there_are_by_counting(word):
    orders = list(itertools.permutations(word))
    share = sum("".join(order) == word for order in orders) / len(orders)
    assert own_orders(exact(word)) == pytest.approx(share)
    flat = np.full((4, 3), 0.25)
    edged = Motif(word, word, np.hstack([flat, 0.97 * exact(word).probabilities + 0.0075, flat]), 100.0)
    assert own_orders(edged) == pytest.approx(share)


def test_edges_without_information_are_cut_off():
    motif = known()[0]
    flat = np.full((4, 3), 0.25)
    wide = Motif("wide", "wide", np.hstack([flat, motif.probabilities, flat]), 20.0)
    assert trimmed(wide).width <= motif.width and trimmed(wide).width >= motif.width - 4
    assert information(wide)[0] == 0 and information(motif).max() <= 2


@pytest.mark.parametrize(("rule", "among", "q"), [("half_maximum", 1, 0.01), ("top", 10, 0.05)])
def test_a_filter_that_holds_a_known_motif_is_called_by_its_name(rng, rule, among, q):
    """The windows hold it on both strands; the model reads both. The sharpest sites are as near to its relatives."""
    for motif in known():
        tokens, _ = planted_windows(motif, rng, minus=True)
        model = for_prediction(planted_network([motif]), "average")
        found = motifs_of(align(model, motif_layer(model), windows_in_memory(tokens), rule), ["filter_0"])
        best = match(list(found.values()), collection("jaspar"), among)
        assert best.loc[best["name"] == motif.name, "q"].min() < q


def test_meme_round_trip(tmp_path):
    motifs = known()
    write_meme(tmp_path / "m.meme", motifs)
    for one, other in zip(motifs, read_meme(tmp_path / "m.meme"), strict=True):
        assert (one.name, one.identifier, one.n_sites) == (other.name, other.identifier, other.n_sites)
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=2e-6)
    with pytest.raises(UserError, match="no blanks"):
        write_meme(tmp_path / "b.meme", [Motif("a b", "a", motifs[0].probabilities, 1.0)])
    assert not (tmp_path / "b.meme").exists()


def test_what_cannot_be_matched(tmp_path, monkeypatch):
    (tmp_path / "rna.meme").write_text("MEME version 4\n\nALPHABET= ACGU\n\nMOTIF a\n")
    with pytest.raises(UserError, match=r"rna.meme line 3: the alphabet is ACGU"):
        collection(tmp_path / "rna.meme")
    with pytest.raises(UserError, match="no known motif"):
        match(known(), [])
    monkeypatch.setitem(sys.modules, "memelite", None)
    with pytest.raises(
        UserError, match=r"memelite, which is not installed\s+Install it: pip install 'cislearn\[explain\]'"
    ):
        match(known(), known())


def test_pytorch_keeps_its_threads():
    """In a fresh process, whose numba has not started: it gave PyTorch all cores, and the next training ran on them."""
    text = (
        "import torch; torch.set_num_threads(1)\n"
        "from cislearn.explain.matching import collection, match\n"
        "motifs = collection('jaspar')[:30]; match(motifs[:2], motifs, 1)\n"
        "assert torch.get_num_threads() == 1, torch.get_num_threads()"
    )
    subprocess.run([sys.executable, "-c", text], check=True)
