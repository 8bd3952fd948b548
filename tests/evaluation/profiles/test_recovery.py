"""What is recovered of a known profile: all of it by the truth, none by a flat profile, and less by one that is off."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.evaluation.profiles.recovery import AROUND, COUNTS, JSD, OFF, PLACED, STRANDS, placed, recovered

N, LENGTH = 60, 200


@pytest.fixture
def known(rng):
    """One pile a strand of each window, of its own height, and nothing beside it but a little background."""
    piles = pd.DataFrame({"row": np.repeat(np.arange(N), 2), "strand": np.tile([0, 1], N)})
    piles["centre"] = rng.integers(AROUND, LENGTH - AROUND, len(piles))
    height = rng.uniform(10, 200, (N, 2))
    shape = np.exp(-(((np.arange(LENGTH) - piles["centre"].to_numpy()[:, None]) / 3) ** 2) / 2).reshape(N, 2, LENGTH)
    return 0.02 + shape * height[:, :, None], piles


def said(truth):
    totals = truth.sum(axis=2)
    return (truth / totals[:, :, None])[None], np.log1p(totals)[None]


def values(truth, piles, shape, log_counts):
    return {name: each.value for name, each in recovered(truth, piles, shape, log_counts, np.arange(N)).items()}


def test_the_truth_recovers_all(known):
    truth, piles = known
    found = values(truth, piles, *said(truth))
    assert found[JSD] == pytest.approx(0, abs=1e-9) and found[PLACED] == 1
    assert found[COUNTS] == pytest.approx(1) and found[STRANDS] == pytest.approx(1)


def test_strands_that_change_places_lose_the_strand_and_keep_the_number(known):
    """Trap 3: a profile whose strands were swapped has the counts of the window and the opposite lean."""
    truth, piles = known
    found = values(truth, piles, *said(truth[:, ::-1]))
    assert found[STRANDS] == pytest.approx(-1) and found[COUNTS] == pytest.approx(1)
    assert found[PLACED] < 0.5 and found[JSD] > 0.3


@pytest.mark.parametrize(("shift", "share"), [(OFF, 1.0), (-OFF, 1.0), (OFF + 1, 0.0)])
def test_a_summit_may_be_off_by_so_much_and_no_more(known, shift, share):
    truth, piles = known
    assert np.nanmean(placed(np.roll(truth, shift, axis=2), piles)) == share


def test_noise_is_right_in_a_fifth_of_the_cases(known, rng):
    truth, piles = known
    found = [np.nanmean(placed(rng.random(truth.shape), piles)) for _ in range(20)]
    assert np.mean(found) == pytest.approx((2 * OFF + 1) / (2 * AROUND + 1), abs=0.03)


def test_piles_that_do_not_stand_alone_or_lie_at_the_edge_are_not_asked_for():
    piles = pd.DataFrame(
        {
            "row": [0, 0, 0, 1, 1, 2, 2],
            "strand": [0, 0, 1, 0, 0, 0, 1],
            "centre": [50, 50 + 2 * AROUND, 60, AROUND - 1, 80, 80, LENGTH - AROUND],
        }
    )
    shape = np.full((4, 2, LENGTH), 0.1)
    shape[0, 1, 60] = shape[1, 0, 80] = shape[2, 0, 90] = 1.0
    np.testing.assert_array_equal(placed(shape, piles), [1, 1, 0, np.nan])
