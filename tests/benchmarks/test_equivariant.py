from __future__ import annotations

import pytest
from benchmarks.equivariant import KINDS, WHAT, measure_prediction, measure_training


@pytest.mark.parametrize("name", WHAT)
def test_contenders_have_outputs_of_the_same_size_and_give_rates(name):
    made = {kind: WHAT[name](kind) for kind in KINDS}
    shapes = {tuple(module(x).shape) for module, x in made.values()}
    assert len(shapes) == 1
    for measure in (measure_training, measure_prediction):
        assert measure(*made["equivariant"], 1)() > 0
