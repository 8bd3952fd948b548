"""GC content against a count of letters."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cislearn.sequence.composition import gc_fraction
from cislearn.sequence.tokens import encode


@given(st.lists(st.text("ACGTN", min_size=7, max_size=7), min_size=1))
def test_against_a_count_of_letters(texts):
    fractions = gc_fraction(np.stack([encode(text) for text in texts]))
    assert fractions.dtype == np.float64
    for text, fraction in zip(texts, fractions, strict=True):
        known = len(text) - text.count("N")
        assert np.isnan(fraction) if known == 0 else fraction == (text.count("G") + text.count("C")) / known


def test_no_window_gives_no_number():
    assert gc_fraction(np.empty((0, 5), np.uint8)).shape == (0,)
