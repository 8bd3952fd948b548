"""Numbers as they are printed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.reports.numbers import MINUS, count, decimal, duration, interval, listed, signed


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.89, ".890"),
        (1.0, "1.000"),
        (0.9996, "1.000"),
        (-0.012, f"{MINUS}.012"),
        (-0.0001, ".000"),
        (12.3456, "12.346"),
        (231.7921, "231.8"),
        (-1234.56, f"{MINUS}1234.6"),
    ],
)
def test_decimal(number, text):
    assert decimal(number) == text


@given(st.floats(-100, 100))
def test_decimal_reads_back_to_what_was_rounded(number):
    assert float(decimal(number).replace(MINUS, "-")) == pytest.approx(number, abs=0.000501)
    assert signed(number).lstrip("+") == decimal(number)


def test_absent_numbers_are_dashes_and_absent_intervals_nothing():
    assert decimal(math.nan) == count(math.nan) == "\N{EN DASH}"
    assert interval(math.nan, 1) == ""


def test_interval_keeps_minus_and_dash_apart():
    assert interval(0.87, 0.9, 2) == ".87 \N{EN DASH} .90"
    assert interval(-0.01, 0.9, 2) == f"{MINUS}.01 to .90"


def test_words():
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert count(20114) == "20,114"
    assert [duration(s) for s in (42, 200, 7500)] == ["42 s", "3 min 20 s", "2 h 5 min"]
