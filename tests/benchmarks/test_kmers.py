from __future__ import annotations

import pytest

from benchmarks.kmers import CASES, INPUTS, measure_steps


@pytest.mark.parametrize("name", INPUTS)
def test_steps_are_taken_and_rates_given(name):
    case = CASES[1]._replace(batch=4)
    assert measure_steps(case, INPUTS[name], 1)() > 0
