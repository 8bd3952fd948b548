"""What is planted where: states, gaps, strands, cofactors, and the truth table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.data.simulate import place
from cislearn.data.simulate.cells import CELLS, recipe
from cislearn.data.simulate.families import domain_recipes
from cislearn.data.simulate.grammar import GIVEN_LABEL, STATES, place_grammar
from cislearn.data.simulate.windows import draw_windows
from cislearn.errors import UserError
from cislearn.motifs.jaspar import jaspar
from cislearn.sequence.strand import reverse_complement

N = 20_000
COFACTORS = {jaspar(cell.cofactor).name: cell.cofactor for cell in CELLS.values()}


@pytest.fixture(scope="module")
def windows():
    return draw_windows(recipe("ery"), N, 101, np.random.default_rng(1))


def binomial(n, chance, deviations=5):
    return deviations * np.sqrt(max(chance * (1 - chance), 1e-9) / n)


def places(windows, motif):
    return windows.truth[windows.truth.motif == motif].set_index("row")


def test_states_follow_the_labels(windows):
    assert windows.labels.mean() == pytest.approx(0.5, abs=binomial(N, 0.5))
    for label in (0, 1):
        states = windows.states[windows.labels == label]
        for code, chance in enumerate(GIVEN_LABEL[label]):
            assert (states == code).mean() == pytest.approx(chance, abs=binomial(len(states), chance))


def test_the_table_of_states_is_the_published_one():
    published = {"near": (0, 0.85), "far": (0.15, 0), "focal": (0.30, 0.15), "helper": (0.20, 0), "none": (0.35, 0)}
    assert {state: tuple(GIVEN_LABEL[:, code]) for code, state in enumerate(STATES)} == published


def test_truth_agrees_with_the_states(windows):
    counts = windows.truth.groupby(["motif", "row"]).size()
    assert (counts == 1).all()
    has = {motif: np.isin(np.arange(N), group.row) for motif, group in windows.truth.groupby("motif")}
    state = np.array(STATES)[windows.states]
    np.testing.assert_array_equal(has["GABPA"], np.isin(state, ["near", "far", "focal"]))
    np.testing.assert_array_equal(has["NFYA"], np.isin(state, ["near", "far", "helper"]))


def test_gaps_orders_and_places(windows):
    focal, helper = places(windows, "GABPA"), places(windows, "NFYA")
    both = focal.join(helper.add_suffix("_helper"), how="inner")
    gap = both[["start", "start_helper"]].max(axis=1) - both[["end", "end_helper"]].min(axis=1)
    state = np.array(STATES)[windows.states[both.index]]
    assert set(gap[state == "near"]) == set(range(3, 21))
    assert set(gap[state == "far"]) == set(range(45, 76))
    assert gap[state == "near"].mean() == pytest.approx(11.5, abs=0.3)
    first = both.start < both.start_helper
    assert first.mean() == pytest.approx(0.5, abs=binomial(len(first), 0.5))
    alone = focal.start[np.array(STATES)[windows.states[focal.index]] == "focal"]
    assert (alone.min(), alone.max()) == (0, 91)
    assert alone.mean() == pytest.approx(45.5, abs=2)


def test_strands_are_random_and_independent(windows):
    for _, strands in windows.truth.groupby("motif").strand:
        assert (strands == "+").mean() == pytest.approx(0.5, abs=binomial(len(strands), 0.5))
    both = places(windows, "GABPA").join(places(windows, "NFYA").add_suffix("_helper"), how="inner")
    same = both.strand == both.strand_helper
    assert same.mean() == pytest.approx(0.5, abs=binomial(len(same), 0.5))


def test_background_is_alike_on_both_strands(windows):
    """A chain that runs in one direction is not; every other window is read on the other strand."""
    counts = []
    for tokens in (windows.tokens, reverse_complement(windows.tokens)):
        words = tokens[:, :-2] * 16 + tokens[:, 1:-1] * 4 + tokens[:, 2:]
        counts.append(np.bincount(words.ravel(), minlength=64))
    forward, backward = counts
    assert (np.abs(forward - backward) < 5 * np.sqrt(2 * (forward + backward))).all()


def test_the_planted_instance_is_what_the_truth_reads(monkeypatch):
    drawn = {}

    def recorded(motif, n, rng):
        drawn[motif.name] = sample(motif, n, rng)
        return drawn[motif.name].copy()

    sample = place.sample_instances
    monkeypatch.setattr(place, "sample_instances", recorded)
    windows = draw_windows(recipe("hep"), 2000, 101, np.random.default_rng(2))
    for motif, group in windows.truth.groupby("motif"):
        columns = group.start.to_numpy()[:, None] + np.arange((group.end - group.start).iloc[0])
        read = windows.tokens[group.row.to_numpy()[:, None], columns]
        minus = group.strand.to_numpy() == "-"
        read[minus] = reverse_complement(read[minus])
        np.testing.assert_array_equal(read, drawn[motif])
    assert set(drawn) == {"GABPA", "NFYA", *COFACTORS}


@pytest.mark.parametrize("length", [93, 101, 200])
def test_motifs_never_overlap_and_stay_inside(length):
    windows = draw_windows(recipe("epi"), 3000, length, np.random.default_rng(3))
    truth = windows.truth
    assert truth.start.min() >= 0
    assert truth.end.max() <= length
    same_row = truth.row.to_numpy()[1:] == truth.row.to_numpy()[:-1]
    assert (truth.start.to_numpy()[1:] >= truth.end.to_numpy()[:-1])[same_row].all()


@pytest.mark.parametrize("family", ["mixed", "conditional"])
@pytest.mark.parametrize("length", [93, 101])
def test_cofactors_are_as_frequent_as_the_recipe_says(family, length):
    target = domain_recipes(family, 1.0, ["ery"], "hep")["hep"]
    windows = draw_windows(target, N, length, np.random.default_rng(4))
    assert windows.labels.mean() == pytest.approx(target.prevalence, abs=binomial(N, target.prevalence))
    for name, identifier in COFACTORS.items():
        present = np.isin(np.arange(N), windows.truth.row[windows.truth.motif == name])
        for label, chance in zip((True, False), target.cofactors[identifier], strict=True):
            here = present[windows.labels == label]
            assert here.mean() == pytest.approx(chance, abs=binomial(len(here), chance) + 5e-4)


def test_conditional_flips_the_meaning_at_the_same_frequency():
    source, target = domain_recipes("conditional", 1.0, ["ery"], "hep").values()
    shares = []
    for each in (source, target):
        windows = draw_windows(each, N, 101, np.random.default_rng(5))
        present = np.isin(np.arange(N), windows.truth.row[windows.truth.motif == "GATA1"])
        shares.append((present.mean(), present[windows.labels].mean() - present[~windows.labels].mean()))
    (source_share, source_effect), (target_share, target_effect) = shares
    assert source_share == pytest.approx(0.45, abs=binomial(N, 0.45))
    assert target_share == pytest.approx(0.45, abs=binomial(N, 0.45))
    assert source_effect == pytest.approx(0.7, abs=0.03)
    assert target_effect == pytest.approx(0.1 - 0.5375, abs=0.03)


def test_equal_recipes_and_seeds_give_equal_windows():
    """Severity 0 is the source itself: the same recipe, and so the same windows from the same generator."""
    source, target = domain_recipes("mixed", 0.0, ["ery"], "hep").values()
    first, second = (draw_windows(each, 500, 101, np.random.default_rng(6)) for each in (source, target))
    np.testing.assert_array_equal(first.tokens, second.tokens)
    pd.testing.assert_frame_equal(first.truth, second.truth)


def test_free_starts_are_uniform_over_what_is_free():
    canvas = place.Canvas(np.zeros((9000, 12), np.uint8))
    canvas.taken[:, 5:7] = True
    starts = canvas.free_starts(np.arange(9000), 4, np.random.default_rng(7))
    counts = np.bincount(starts, minlength=9)
    np.testing.assert_array_equal(np.flatnonzero(counts), [0, 1, 7, 8])
    np.testing.assert_allclose(counts[[0, 1, 7, 8]] / 9000, 0.25, atol=0.025)
    assert (canvas.free_starts(np.arange(3), 6, np.random.default_rng(0)) == -1).all()


def test_windows_too_short_say_the_least_length():
    with pytest.raises(UserError, match="at least 93 bp"):
        draw_windows(recipe("ery"), 10, 92, np.random.default_rng(0))


def test_far_blocks_fit_exactly():
    far = np.full(5000, STATES.index("far"))
    places = place_grammar(far, 93, 10, 8, np.random.default_rng(0))
    assert max((places.focal + 10).max(), (places.helper + 8).max()) == 93
    assert min(places.focal.min(), places.helper.min()) == 0
