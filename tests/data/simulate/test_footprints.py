"""The family `profiles`: counts lie where motifs were planted, as high and as lopsided as the truth says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.data.dataset import read_dataset
from cislearn.data.simulate import simulate, write_simulated
from cislearn.data.simulate.footprints import (
    BACKGROUND,
    DISTANCE,
    FLANKS,
    MARGIN,
    OWN_STRAND,
    expected_counts,
    piles_of,
    true_counts,
    word_bias,
)
from cislearn.errors import UserError
from cislearn.sequence.strand import reverse_complement

LENGTH = FLANKS + 120


@pytest.fixture(scope="module")
def simulated():
    return simulate("profiles", length=LENGTH, n_train=600, n_test=100, seed=3)


def in_stored(simulated):
    return simulated.truth.assign(start=simulated.truth["start"] + MARGIN, end=simulated.truth["end"] + MARGIN)


def test_counts_are_as_many_as_the_truth_expects(simulated):
    """Oracle: the expected counts of the planted motifs; the sum of Poisson counts lies within five sd of theirs."""
    stored = LENGTH + 2 * MARGIN
    middle = slice(FLANKS // 2, stored - FLANKS // 2)
    expected = expected_counts(in_stored(simulated), len(simulated.tokens), stored)[:, :, middle]
    counts = simulated.profiles.values
    assert counts.shape == expected.shape == (1400, 2, 120 + 2 * MARGIN)
    assert abs(counts.sum() - expected.sum()) < 5 * np.sqrt(expected.sum())
    profile, observed = expected.mean(0), counts.mean(0)
    assert (np.abs(profile - observed) < 6 * np.sqrt(profile / len(counts))).all()
    assert np.corrcoef(expected.ravel(), counts.ravel())[0, 1] > 0.8
    np.testing.assert_array_equal(simulated.labels[:, 0], counts[:, :, MARGIN:-MARGIN].sum((1, 2)))


def test_truth_and_piles_of_some_rows_are_where_and_as_many_as_was_drawn(simulated):
    """Oracle: the counts themselves, whose mean over many draws of a place is what is expected there."""
    rows = np.flatnonzero(np.arange(len(simulated.tokens)) % 3 == 1)
    expected = true_counts(simulated.truth, rows, LENGTH)
    whole = expected_counts(in_stored(simulated), len(simulated.tokens), LENGTH + 2 * MARGIN)
    first = FLANKS // 2 + MARGIN
    np.testing.assert_array_equal(expected, whole[rows, :, first : first + 120])
    counts = simulated.profiles.values[rows][:, :, MARGIN:-MARGIN]
    assert counts.shape == expected.shape and abs(counts.sum() - expected.sum()) < 5 * np.sqrt(expected.sum())
    piles = piles_of(simulated.truth, rows)
    inside = piles[(piles["centre"] >= 4) & (piles["centre"] < 116)]
    at = expected[inside["row"], inside["strand"], inside["centre"]]
    beside = expected[inside["row"], inside["strand"], (inside["centre"] + 60) % 120]
    assert len(inside) > 400 and (at > 3 * beside).mean() > 0.6 and at.min() > 1


def test_background_is_where_no_motif_is(simulated):
    is_background = simulated.loci["background"].to_numpy()
    assert 0 < is_background.mean() < 0.1
    assert set(simulated.truth["row"]) == set(np.flatnonzero(~is_background))
    assert simulated.profiles.values[is_background].mean() == pytest.approx(BACKGROUND, rel=0.2)


def test_a_motif_piles_counts_up_before_it_on_either_strand():
    truth = pd.DataFrame({"row": [0, 1], "start": [40, 40], "end": [50, 50], "strand": ["+", "-"], "height": 100.0})
    expected = expected_counts(truth, 2, 90) - BACKGROUND
    assert (expected[0].argmax(1) == [40 - DISTANCE, 49 + DISTANCE]).all()
    np.testing.assert_allclose(
        expected.sum(2), 100 * np.array([[OWN_STRAND, 1 - OWN_STRAND], [1 - OWN_STRAND, OWN_STRAND]])
    )
    np.testing.assert_allclose(expected[1], expected[0, ::-1, ::-1])  # trap 3: the other strand is both flips


def test_a_cofactor_binds_in_its_own_cell():
    truth = simulate("profiles", length=LENGTH, n_train=50, n_test=0, severity=0.75, seed=1)
    heights = truth.truth.assign(domain=truth.loci["domain"].to_numpy()[truth.truth["row"]])
    mean = heights.groupby(["domain", "motif"])["height"].mean()
    assert mean["ery", "GATA1"] == 4 * mean["hep", "GATA1"] == mean["hep", "HNF4A"]
    assert mean["ery", "GABPA"] == mean["hep", "GABPA"]


def test_a_bias_bends_counts_and_control_alike_and_without_one_there_is_no_control(simulated):
    assert simulated.tracks is None and simulated.spec.inputs == ()
    biased = simulate("profiles", length=LENGTH, n_train=300, n_test=0, bias=0.8, seed=3)
    factor = word_bias(biased.tokens, 0.8)
    control = np.expm1(biased.tracks.values[:, 0].astype(float))
    assert np.corrcoef(control.ravel(), factor.ravel())[0, 1] > 0.4
    assert factor.mean() == pytest.approx(1.0, abs=0.4)
    np.testing.assert_allclose(word_bias(reverse_complement(biased.tokens), 0.8)[:, ::-1][:, 1:-1], factor[:, 1:-1])


def test_it_is_a_dataset_and_the_same_seed_is_the_same_data(tmp_path, simulated):
    data = write_simulated(tmp_path / "d", simulated)
    again = simulate("profiles", length=LENGTH, n_train=600, n_test=100, seed=3)
    np.testing.assert_array_equal(again.profiles.values, simulated.profiles.values)
    assert read_dataset(data.path).spec.profiles[0].profile_length == 120
    assert {"row", "motif", "start", "end", "strand", "height"} == set(data.truth.columns)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"length": 300}, "no profile between"), ({"length": 547}, "even"), ({"bias": -1.0}, "bias -1")],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        simulate("profiles", n_train=20, n_test=0, **options)
    with pytest.raises(UserError, match="no counts that a bias"):
        simulate("mixed", n_train=20, n_test=0, bias=1.0)
