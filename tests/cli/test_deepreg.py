"""``cislearn study deepreg``: what does not go with a study that trains nothing."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "is made of real data"),
        (["--files", "."], "gasch2000.tsv.gz: no such file"),
        (["--files", ".", "--plan"], "--plan: does not go with deepreg"),
        (["--files", ".", "--only", "seed=0"], "--only: does not go with deepreg"),
    ],
)
def test_what_does_not_go(refused, options, said):
    assert said in refused("study", "deepreg", *options)
