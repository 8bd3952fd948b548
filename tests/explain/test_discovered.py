"""Motifs of attributions: planted ones are found, and what is no hypothetical attribution is refused."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.explain import found
from cislearn.explain.discovered import Attributed, discover, read_attributions, seqlets
from cislearn.explain.matching import CHANCE, collection, match
from tests.explain.planted import LENGTH, exact, known, planted_windows


def attributions(rng, sign=1.0, n=400, length=LENGTH):
    """What a network that scans for GATA1 would say: its log odds at the sites, a little noise elsewhere."""
    motif = known()[1]
    tokens, labels = planted_windows(motif, rng, n, length=length)
    odds = np.log2(motif.smoothed() / 0.25)
    hypothetical = rng.normal(0, 0.05, (n, 4, length))
    starts = []
    for row, window in enumerate(tokens):
        scores = [
            odds[window[at : at + motif.width], np.arange(motif.width)].sum() for at in range(length - motif.width)
        ]
        starts.append(int(np.argmax(scores)))
        if labels[row, 0]:
            hypothetical[row, :, starts[-1] : starts[-1] + motif.width] += sign * odds
    one_hot = (tokens[:, None] == np.arange(4)[:, None]).astype(np.float32)
    return hypothetical.astype(np.float32), one_hot, np.array(starts)


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.slow
def test_tf_modisco_finds_the_planted_motif(tmp_path, rng):
    pytest.importorskip("modiscolite")
    hypothetical, one_hot, _ = attributions(rng, 1.0, 600, 120)
    found = discover(read_attributions(write(tmp_path / "a.npz", hypothetical=hypothetical, one_hot=one_hot)))
    assert found[0].identifier == "pos_0" and found[0].n_sites > 20
    best = match(found, collection("jaspar"), 30)
    assert "GATA1" in set(best.loc[(best["motif"] == found[0].identifier) & (best["q"] <= 0.1), "name"])


@pytest.mark.slow
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_seqlets_lie_on_the_planted_sites(tmp_path, rng, sign):
    pytest.importorskip("tangermeme")
    hypothetical, one_hot, starts = attributions(rng, sign)
    table = seqlets(read_attributions(write(tmp_path / "a.npz", hypothetical=hypothetical, one_hot=one_hot)))
    strong = table.head(100)
    assert (np.sign(strong["attribution"]) == sign).all() and (strong["window"] < 200).all()
    begin = starts[strong["window"]]
    overlaps = (strong["start"] < begin + known()[1].width) & (strong["end"] > begin)
    assert overlaps.mean() > 0.95


def test_attributions_of_another_shape_are_refused(tmp_path, rng):
    """trap 13: (N, L, 4) in the place of (N, 4, L), and projected in the place of hypothetical attributions."""
    hypothetical, one_hot, _ = attributions(rng, n=20)
    bad = {
        r"shape \(20, 60, 4\) and windows \(20, 60, 4\); \(windows, 4, length\) .*transpose them": {
            "hypothetical": hypothetical.transpose(0, 2, 1), "one_hot": one_hot.transpose(0, 2, 1)},
        r"shape \(19, 4, 60\) and windows \(20, 4, 60\)": {"hypothetical": hypothetical[1:], "one_hot": one_hot},
        "projected: 0 for all bases that are not there": {"hypothetical": hypothetical * one_hot, "one_hot": one_hot},
        "no array 'one_hot'": {"hypothetical": hypothetical},
        "windows are not one-hot": {"hypothetical": hypothetical, "one_hot": one_hot + 0.5},
        "not finite": {"hypothetical": hypothetical * np.nan, "one_hot": one_hot},
    }  # fmt: skip
    for message, arrays in bad.items():
        with pytest.raises(UserError, match=rf"a\.npz: .*{message}"):
            read_attributions(write(tmp_path / "a.npz", **arrays))
    (tmp_path / "b.npz").write_text("no")
    for name in ("b.npz", "absent.npz"):
        with pytest.raises(UserError, match=r"cannot be read as \.npz"):
            read_attributions(tmp_path / name)


def test_the_folder_of_attributions_says_the_same_as_one_file(tmp_path, rng):
    """A window that was not attributed holds no base; it keeps its number and counts as zeros."""
    hypothetical, one_hot, _ = attributions(rng, n=20)
    one_hot[3], hypothetical[3] = 0, np.nan
    write(tmp_path / "ohe.npz", arr_0=one_hot.astype(np.int8))
    write(tmp_path / "hypothetical.npz", arr_0=hypothetical)
    one = read_attributions(tmp_path)
    other = read_attributions(write(tmp_path / "both.npz", hypothetical=hypothetical, one_hot=one_hot))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(one.one_hot) == 20 and not one.hypothetical[3].any()
    (tmp_path / "ohe.npz").unlink()
    with pytest.raises(UserError, match=r"ohe\.npz: cannot be read"):
        read_attributions(tmp_path)


def test_attributions_of_one_sign_are_refused(rng):
    """Those of a network that has hardly learned: TF-MoDISco fits the null of the other sign to nothing."""
    one_hot = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (40, LENGTH))].transpose(0, 2, 1)
    worth = rng.uniform(0.5, 1, one_hot.shape).astype(np.float32)
    for sign in (1, -1):
        with pytest.raises(UserError, match="of one sign"):
            discover(Attributed(sign * worth, np.ascontiguousarray(one_hot)))


def test_what_is_not_installed(tmp_path, rng, monkeypatch):
    hypothetical, one_hot, _ = attributions(rng, n=20)
    read = read_attributions(write(tmp_path / "a.npz", hypothetical=hypothetical, one_hot=one_hot))
    with pytest.raises(UserError, match="windows of 40 bp are shorter than the 41 bp"):
        discover(Attributed(read.hypothetical[:, :, :40], read.one_hot[:, :, :40]))
    monkeypatch.setitem(sys.modules, "modiscolite.tfmodisco", None)
    monkeypatch.setitem(sys.modules, "tangermeme.seqlet", None)
    with pytest.raises(UserError, match=r"pip install 'cislearn\[modisco\]'"):
        discover(read)
    with pytest.raises(UserError, match=r"pip install 'cislearn\[explain\]'"):
        seqlets(read)


def test_attributions_without_any_motif_make_an_empty_table(monkeypatch):
    """A network that has learned nothing has no motifs, and that is no fault of whoever asks."""
    monkeypatch.setattr(found, "seqlets", lambda attributed: pd.DataFrame())
    monkeypatch.setattr(found, "discover", lambda attributed: [])
    none = found.attributed_motifs(Attributed(*np.zeros((2, 3, 4, 50), np.float32)), collection("jaspar"))
    assert none.motifs == [] and len(none.table) == 0 and {"motif", "name", "q", "by_chance"} <= set(none.table)


def test_a_match_that_no_order_can_tell_from_chance_is_counted(monkeypatch):
    """AGGGG among known motifs, one of them itself: every fifth order of its positions is AGGGG again."""
    monkeypatch.setattr(found, "seqlets", lambda attributed: pd.DataFrame())
    monkeypatch.setattr(found, "discover", lambda attributed: [exact("AGGGG"), *known()])
    made = found.attributed_motifs(
        Attributed(*np.zeros((2, 3, 4, 50), np.float32)), [exact("AGGGG"), *collection("jaspar")]
    )
    row = made.table.set_index("motif").loc["AGGGG"]
    assert row["name"] == "AGGGG" and row["q"] < 0.01 and row["by_chance"] > CHANCE
    assert made.about["few_orders"] == 1 and made.about["unmatched"] == 0.25
