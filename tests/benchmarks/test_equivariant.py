from __future__ import annotations

import pytest
import torch

from benchmarks.equivariant import (
    KINDS,
    STRATEGIES,
    WHAT,
    measure_prediction,
    measure_training,
    strategy,
    strategy_rows,
    ways,
)


@pytest.mark.parametrize("name", WHAT)
def test_contenders_have_outputs_of_the_same_size_and_give_rates(name):
    made = {kind: WHAT[name](kind) for kind in KINDS}
    shapes = {tuple(module(x).shape) for module, x in made.values()}
    assert len(shapes) == 1
    for measure in (measure_training, measure_prediction):
        assert measure(*made["equivariant"], 1)() > 0


def test_strategies_that_read_both_strands_alike_do_and_all_have_rates():
    for name in STRATEGIES:
        trained, predicts, x = strategy("zhou_binary", 200, name)
        x, trained, predicts = x[:4], trained.eval(), predicts.eval()
        same = [torch.allclose(model(x), model(x.flip(1, 2)), atol=1e-5) for model in (trained, predicts)]
        assert same == {"none, augmented": [False, False], "post-hoc": [False, True]}.get(name, [True, True])
    rows = strategy_rows("motif_cnn", 50, 1, 1)
    assert [row["does"] for row in rows] == [does for does in ways() for _ in STRATEGIES]
