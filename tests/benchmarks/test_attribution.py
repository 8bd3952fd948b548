"""What is timed is the same in both: attributions by the product and by tangermeme, in fp64."""

from __future__ import annotations

import pytest

from benchmarks.attribution import SAME, difference, rows


@pytest.mark.parametrize("method", ["gradient_x_input", "deep_lift"])
def test_the_two_agree_and_give_rates(method):
    pytest.importorskip("tangermeme")
    assert difference(method, 1) < SAME
    found = rows(method, 1, 1)
    assert [row["what"] for row in found][-1] == "cislearn" and all(row["windows/s"] > 0 for row in found)
