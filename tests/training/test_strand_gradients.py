from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cislearn.data.batch import Batch
from cislearn.models.conjoined import Conjoined
from cislearn.models.network import build_network
from cislearn.training.strand_gradients import strand_gradient_cosine
from tests.training.conftest import NORMED, SMALL, SPEC, Killed, timeless, train, weights

COLUMN = "strand_gradient_cosine"


def batch(n=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (n, 1), generator=generator).float()
    tokens = torch.randint(0, 4, (n, SPEC.length), generator=generator, dtype=torch.uint8)
    rows = torch.arange(n)
    return Batch(tokens, labels, torch.zeros(n, dtype=torch.int64), rows, {"source": slice(0, n)})


def network(encoder=SMALL):
    torch.manual_seed(0)
    return build_network(encoder[0], SPEC, encoder[1])


@pytest.mark.parametrize("reading", [None, "average", "maximum"])
def test_it_is_the_cosine_of_two_gradients(reading):
    """Of the network within where the two strands are joined; rows without a label count for nothing."""
    plain, each = network(), batch()
    each.labels[3] = torch.nan
    seen = torch.arange(12) != 3
    flipped = 3 - each.tokens.flip(1)
    found = []
    for tokens in (each.tokens, flipped):
        plain.zero_grad()
        logits = plain(plain.embed(tokens[seen]))
        torch.nn.functional.binary_cross_entropy_with_logits(logits, each.labels[seen]).backward()
        found.append(torch.cat([p.grad.flatten() for p in plain.parameters()]).double())
    expected = float(torch.nn.functional.cosine_similarity(*found, dim=0))
    assert 0.0 < abs(expected) < 0.999
    model = plain if reading is None else Conjoined(plain, reading)
    assert strand_gradient_cosine(model, each) == pytest.approx(expected, abs=1e-5)


def test_windows_that_are_their_own_reverse_complement_pull_one_way():
    half = batch().tokens[:, : SPEC.length // 2]
    palindromes = replace(batch(), tokens=torch.cat([half, 3 - half.flip(1)], dim=1))
    assert strand_gradient_cosine(network(), palindromes) == pytest.approx(1.0, abs=1e-5)


def test_without_a_label_there_is_none():
    unlabelled = replace(batch(), labels=torch.full((12, 1), torch.nan))
    assert torch.tensor(strand_gradient_cosine(network(), unlabelled)).isnan()


def test_it_leaves_the_network_as_it_was():
    model = network(NORMED).train()
    model.encoder.stages[0].eval()
    model.head.requires_grad_(False)
    model(model.embed(batch(seed=1).tokens)).sum().backward()
    modes = [module.training for module in model.modules()]
    grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    before, drawn = weights(model), torch.get_rng_state()
    strand_gradient_cosine(model, batch())
    assert torch.equal(before, weights(model)) and torch.equal(drawn, torch.get_rng_state())
    assert modes == [module.training for module in model.modules()]
    for p, grad in zip(model.parameters(), grads, strict=True):
        assert (p.grad is None) if grad is None else torch.equal(p.grad, grad)


@pytest.mark.parametrize(("method", "encoder"), [("noisy_student", SMALL), ("adversarial", NORMED)])
def test_logging_it_changes_nothing_of_a_training(problem, tmp_path, method, encoder):
    settings = {"method": method, "encoder": encoder, "weight_average": 0.9}
    plain, fitted = train(problem, tmp_path / "plain.ckpt", **settings)
    logged, told = train(problem, tmp_path / "logged.ckpt", **settings, log_strand_gradients=True)
    assert torch.equal(weights(plain), weights(logged))
    assert all(-1 <= row[COLUMN] <= 1 for row in told.history)
    without = [{name: value for name, value in row.items() if name != COLUMN} for row in timeless(told)]
    assert without == timeless(fitted)


def test_a_resumed_training_logs_the_same(problem, tmp_path):
    settings = {"log_strand_gradients": True, "encoder": NORMED}
    _, whole = train(problem, tmp_path / "whole.ckpt", **settings)
    with pytest.raises(Killed):
        train(problem, tmp_path / "killed.ckpt", stop_at=17, **settings)
    _, resumed = train(problem, tmp_path / "killed.ckpt", **settings)
    assert timeless(resumed) == timeless(whole)
