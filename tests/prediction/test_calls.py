"""Calls as BED: which, in which order, with which numbers; and merged, against a base-by-base count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.evaluation.label_shift import at_prevalence
from cislearn.genome.intervals import read_intervals
from cislearn.prediction.calls import Calls, merge_calls
from cislearn.schema import DataSpec, TaskSpec

SPEC = DataSpec((TaskSpec("bound"), TaskSpec("level", "regression")), ("a",), 20)
NAMES = ["chrom", "start", "end", "name", "score", "strand", "task", "logit", "probability"]


def table(*rows):
    columns = ["chrom", "start", "end", "name", "strand", "logit_bound"]
    found = pd.DataFrame(rows, columns=columns)
    found["probability_bound"] = 1 / (1 + np.exp(-found["logit_bound"] / 2))
    found["call_bound"] = (found["logit_bound"] >= 0.5).astype("Int8").mask(found["logit_bound"].isna())
    return found


ROWS = [
    ("chr2", 5, 25, "first", "+", 2.0),
    ("chr2", 15, 35, "", "-", 3.0),
    ("chr1", 0, 20, "low", ".", 0.4),
    ("chr1", 100, 120, "unscored", ".", np.nan),
    ("chr2", 35, 55, "beside", "-", 0.5),
]


def written(tmp_path, *pieces, **options):
    calls = Calls(tmp_path / "c.bed", SPEC, {"bound": 0.5}, **options)
    passed = list(calls.heard(pieces))
    assert all(a is b for a, b in zip(passed, pieces, strict=True))
    n = calls.write()
    text = (tmp_path / "c.bed").read_text().splitlines()
    return n, [line for line in text if line[0] == "#"], [line.split("\t") for line in text if line[0] != "#"]


def test_those_at_or_above_the_threshold_in_the_order_of_the_file(tmp_path):
    whole = table(*ROWS)
    n, head, rows = written(tmp_path, whole[:2], whole[2:])
    assert n == 3 and [row[3] for row in rows] == ["first", ".", "beside"]
    assert "called bound: logit 0.5 or more, chosen on validation" in head[0] and head[-1].split()[1:] == NAMES
    probability = 1 / (1 + np.exp(-1.5))
    assert rows[1][:6] == ["chr2", "15", "35", ".", str(round(1000 * probability)), "-"]
    assert rows[1][6] == "bound" and float(rows[1][7]) == 3 and float(rows[1][8]) == pytest.approx(probability, 1e-5)
    assert list(read_intervals(tmp_path / "c.bed")["start"]) == [5, 15, 35]


def test_merged_where_they_overlap_and_not_where_they_touch(tmp_path):
    n, head, rows = written(tmp_path, table(*ROWS), is_merged=True)
    assert n == 2 and "merged" in " ".join(head)
    assert [row[:4] for row in rows] == [["chr2", "5", "35", "."], ["chr2", "35", "55", "beside"]]
    assert rows[0][5] == "." and float(rows[0][7]) == 3


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60), st.integers(1, 15)), max_size=12))
def test_merged_calls_cover_the_same_bases(regions):
    rows = [(chrom, start, start + size, "", "+", 1.0 + k) for k, (chrom, start, size) in enumerate(regions)]
    calls = table(*rows).rename(columns={"logit_bound": "logit"}).assign(task="bound")
    merged = merge_calls(calls)

    def bases(found):
        return {
            (c, base)
            for c, a, b in zip(found["chrom"], found["start"], found["end"], strict=True)
            for base in range(a, b)
        }

    assert bases(merged) == bases(calls)
    assert (merged["end"] - merged["start"]).sum() == len(bases(calls))
    if len(calls):
        assert merged["logit"].max() == calls["logit"].max()


def test_at_another_prevalence_and_marked_as_an_assumption(tmp_path):
    options = {"priors": {"bound": 0.01}, "prevalences": {"bound": 0.2}}
    _, head, rows = written(tmp_path, table(*ROWS), **options)
    assert any("0.01" in line and "0.2" in line and "assumed, not measured" in line for line in head)
    p = float(rows[0][8])
    odds = p / (1 - p) * (0.01 / 0.99) / (0.2 / 0.8)
    assert float(rows[0][9]) == pytest.approx(odds / (1 + odds), rel=1e-4)


def test_correction_recovers_the_share_under_label_shift(rng):
    """Bayes by hand: two Gaussians, calibrated at .5, looked at with .05 positives."""
    labels = rng.random(200_000) < 0.05
    x = rng.normal(labels * 2.0, 1)
    corrected = at_prevalence(1 / (1 + np.exp(-(2 * x - 2))), 0.5, 0.05)
    assert corrected.mean() == pytest.approx(labels.mean(), abs=2e-3)
    likely = corrected > 0.5
    assert labels[likely].mean() == pytest.approx(corrected[likely].mean(), abs=0.02)
    np.testing.assert_allclose(at_prevalence(corrected, 0.05, 0.5), 1 / (1 + np.exp(-(2 * x - 2))), atol=1e-9)
    assert at_prevalence(np.array([0.0, 1.0]), 0.5, 0.01).tolist() == [0, 1]


def test_no_call_at_all(tmp_path):
    n, _, rows = written(tmp_path, table(*ROWS[2:4]), is_merged=True)
    assert n == 0 and rows == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"thresholds": {}}, "no threshold"),
        ({"thresholds": {"bound": float("nan")}}, "no threshold"),
        ({"priors": {"bond": 0.1}}, "did you mean bound"),
        ({"priors": {"bound": 0.1}}, "does not say which share"),
    ],
)
def test_what_is_refused(tmp_path, options, said):
    with pytest.raises(UserError, match=said):
        Calls(tmp_path / "c.bed", SPEC, **{"thresholds": {"bound": 0.5}} | options)


def test_rows_without_coordinates(tmp_path):
    calls = Calls(tmp_path / "c.bed", SPEC, {"bound": 0.5})
    with pytest.raises(UserError, match="coordinates"):
        list(calls.heard([table(("", -1, -1, "s", ".", 2.0))]))
