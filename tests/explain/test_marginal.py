"""Motifs put into background: exact for a network that adds up motifs, an interaction where it multiplies them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.explain.marginal import consensus, marginalise, space
from cislearn.models.network import OneHot
from cislearn.motifs.matrix import Motif
from cislearn.schema import DataSpec, InputSpec, TaskSpec
from cislearn.sequence.tokens import encode

LENGTH = 40


def word(text: str) -> Motif:
    return Motif(text, text, np.eye(4)[encode(text)].T * 0.97 + 0.01 * (1 - np.eye(4)[encode(text)].T), 20.0)


class Words(nn.Module):
    """Logits: 2 [GATTACA] - [CCGG], and their product with the distance between them at least 3."""

    def __init__(self, spec: DataSpec | None = None) -> None:
        super().__init__()
        self.spec = spec or DataSpec((TaskSpec("sum"), TaskSpec("kinds", "multiclass", 2)), ("c",), LENGTH)
        self.one_hot, self.nothing = OneHot(), nn.Parameter(torch.zeros(1))

    def embed(self, tokens, tracks=None):
        return self.one_hot(tokens)

    def forward(self, x):
        found = [torch.stack([_holds(each, text) for each in x]) for text in ("GATTACA", "CCGG")]
        one, two = (each.any(1).float() for each in found)
        near = torch.tensor(
            [
                bool(a.any() and b.any() and b.int().argmax() - a.int().argmax() - 7 >= 3)
                for a, b in zip(*found, strict=True)
            ]
        ).float()
        return torch.stack([2 * one - two, one * two, one * two * near], dim=1) + self.nothing


def _holds(x, text):
    letters = "".join("ACGTN"[int(b.argmax()) if b.any() else 4] for b in x.T)
    return torch.tensor([letters.startswith(text, at) for at in range(LENGTH)])


@pytest.fixture
def background(rng):
    return rng.choice([0, 3], (12, LENGTH)).astype(np.uint8)  # A and T: neither word by chance


def test_the_mean_change_of_the_logit(background):
    found = marginalise(Words(), [word("GATTACA"), word("CCGG"), word("AATT")], background, "sum").set_index("motif")
    assert found["mean"].tolist() == [2, -1, 0] and found["low"].tolist() == found["high"].tolist() == [2, -1, 0]


def test_the_interval_is_students(background):
    class Noisy(Words):
        def forward(self, x):
            return super().forward(x) * (1 + x[:, 0, :3].sum(1, keepdim=True))

    found = marginalise(Noisy(), [word("GATTACA")], background, "sum").iloc[0]
    values = 2 * (1 + (background[:, :3] == 0).sum(1))
    assert found["mean"] == pytest.approx(values.mean())
    error = values.std(ddof=1) / 12**0.5
    assert found["high"] - found["mean"] == pytest.approx(2.200985 * error, rel=1e-5)  # t of 11 degrees of freedom


def test_motifs_that_add_up_do_not_interact(background):
    assert space(Words(), word("GATTACA"), word("CCGG"), background, [0, 5, 9], "sum")["mean"].eq(0).all()


def test_an_interaction_that_needs_a_distance(background):
    """CCGG is its own reverse complement, so both orientations say the same."""
    found = space(Words(), word("GATTACA"), word("CCGG"), background, [0, 2, 3, 6], "kinds", 1)
    for sign in "+-":
        assert found[found["orientation"] == sign].set_index("distance")["mean"].tolist() == [0, 0, 1, 1]


def test_orientation_is_that_of_the_second(background):
    found = space(Words(), word("CCGG"), word("TGTAATC"), background, [4], "kinds", 0).set_index("orientation")["mean"]
    assert found["-"] == 1 and found["+"] == 0


def test_consensus_reads_as_the_motif():
    np.testing.assert_array_equal(consensus(word("GATTACA")), encode("GATTACA"))


def test_what_is_refused(background):
    with pytest.raises(UserError, match="no task 'sun'; did you mean sum"):
        marginalise(Words(), [word("CCGG")], background, "sun")
    with pytest.raises(UserError, match="41 bp of motifs do not fit into windows of 40 bp"):
        marginalise(Words(), [word("A" * 41)], background, "sum")
    with pytest.raises(UserError, match="do not fit into windows"):
        space(Words(), word("CCGG"), word("CCGG"), background, [33], "sum")
    spec = DataSpec((TaskSpec("sum"),), ("c",), LENGTH, inputs=(InputSpec("dnase", "track"),))
    with pytest.raises(UserError, match="reads tracks"):
        marginalise(Words(spec), [word("CCGG")], background, "sum")
    profile = DataSpec((TaskSpec("tss", "profile", 1, 10),), ("c",), LENGTH)
    with pytest.raises(UserError, match="no single logit"):
        marginalise(Words(profile), [word("CCGG")], background, "tss")
