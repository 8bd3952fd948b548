"""``cislearn study small-cnn``: what does not go with a study that is begun anew each time."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "is made of real data"),
        (["--files", "."], "packt_sequences_mod.txt: no such file"),
        (["--files", ".", "--plan"], "--plan: does not go with small_cnn"),
        (["--files", ".", "--only", "seed=0"], "--only: does not go with small_cnn"),
        (["--files", ".", "--size", "dask"], "did you mean desk?"),
    ],
)
def test_what_does_not_go(refused, options, said):
    assert said in refused("study", "small-cnn", *options)
