from __future__ import annotations

import numpy as np
import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.network import build_network
from cislearn.objectives.masked import BaseHead
from cislearn.schema import DataSpec, TaskSpec
from tests.objectives.conftest import batch_of, network
from tests.objectives.learning import gradients, ready

LENGTH = 30
SPEC = DataSpec((TaskSpec("bound"),), ("a", "b"), LENGTH)


def made(**options):
    torch.manual_seed(0)
    model = build_network("motif_cnn", SPEC, {"motifs": 8, "motif_width": 9, "pairs": 8, "features": 4})
    return model, ready("masked", model, SPEC, **options)


def batch(tokens=None):
    found = batch_of(6, 5)
    if tokens is None:
        tokens = torch.randint(0, 5, (11, LENGTH), generator=torch.Generator().manual_seed(4), dtype=torch.uint8)
    object.__setattr__(found, "tokens", tokens)
    return found


def test_the_loss_against_a_loop_over_bases_and_n_is_never_asked_for():
    """Of 30 bases the map's 7 positions of four stand for those from 1 to 28."""
    model, objective = made(hidden=0.4)
    found, seen = batch(), {}
    model.one_hot.register_forward_pre_hook(lambda _, inputs: seen.update(tokens=inputs[0]))
    objective.head.register_forward_hook(lambda _, inputs, output: seen.update(logits=output))
    loss = objective.losses(model, found, 0.5)["bases"]
    each, right, commonest = [], 0, [0, 0, 0, 0]
    for n in range(11):
        for place in range(1, 29):
            base = int(found.tokens[n, place])
            if seen["tokens"][n, place] == 4 and base != 4:
                logits = seen["logits"][n, :, place - 1]
                each.append(-logits.log_softmax(0)[base])
                right += int(logits.argmax()) == base
                commonest[base] += 1
    torch.testing.assert_close(loss, torch.stack(each).mean())
    assert 0.3 < len(each) / int((found.tokens[:, 1:29] != 4).sum()) < 0.5
    health = objective.health()
    assert float(health["bases_found"]) == pytest.approx(right / len(each))
    assert float(health["commonest_base"]) == pytest.approx(max(commonest) / len(each))
    assert torch.equal(seen["tokens"][seen["tokens"] != 4], found.tokens[seen["tokens"] != 4])


def test_windows_of_n_alone_ask_for_nothing():
    model, objective = made()
    loss = objective.losses(model, batch(torch.full((11, LENGTH), 4, dtype=torch.uint8)), 0.5)["bases"]
    assert loss == 0 and loss.requires_grad
    assert all((g == 0).all() for g in gradients(loss, model))


def test_what_is_hidden_cannot_be_seen():
    """Other bases in the hidden places: the same logits."""
    model, objective = made(hidden=0.3)
    logits = []
    objective.head.register_forward_hook(lambda _, inputs, output: logits.append(output))
    tokens = torch.randint(0, 4, (11, LENGTH), dtype=torch.uint8)
    torch.manual_seed(7)
    is_hidden = torch.rand(tokens.shape) < 0.3
    for each in (tokens, torch.where(is_hidden, 3 - tokens, tokens)):
        torch.manual_seed(7)
        objective.losses(model, batch(each), 0.5)
    assert is_hidden.any() and torch.equal(*logits)


def test_no_label_is_read():
    """trap 18: poisoned labels, also of the rows that have some."""
    model, objective = made()
    found = []
    for value in (torch.nan, 1e9):
        poisoned = batch()
        poisoned.labels.fill_(value)
        torch.manual_seed(1)
        loss = objective.losses(model, poisoned, 0.5)["bases"]
        found.append([loss, *gradients(loss, model)])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


@pytest.mark.parametrize(("positions", "length"), [(7, 30), (25, 101), (10, 10), (12, 101)])
def test_each_base_has_the_logits_of_its_position(positions, length):
    """By gradients: a base hears of its position and the two beside it."""
    head = BaseHead(3, positions, 16, length)
    features = torch.randn(1, 3, positions, requires_grad=True)
    logits = head(features)
    n, each = logits.shape[2], length // positions
    assert head.bases.stop - head.bases.start == n == each * positions and head.bases.stop <= length
    assert abs(head.bases.start - (length - head.bases.stop)) <= 1
    for base in range(n):
        (gradient,) = torch.autograd.grad(logits[0, :, base].sum(), features, retain_graph=True)
        heard = np.flatnonzero(gradient[0].abs().sum(0).numpy())
        assert set(heard) <= {base // each - 1, base // each, base // each + 1} and base // each in heard


def test_a_rule_of_the_sequence_is_learned():
    """A repeat of three bases, begun anywhere: a hidden base is told by its neighbours, not by its frequency."""
    model, objective = made()
    optimiser = torch.optim.Adam([*model.parameters(), *objective.parameters()], lr=0.01)
    generator, history = torch.Generator().manual_seed(0), []
    for _ in range(150):
        begin = torch.randint(0, 3, (11, 1), generator=generator)
        tokens = ((torch.arange(LENGTH) + begin) % 3).to(torch.uint8)
        loss = objective.losses(model, batch(tokens), 0.5)["bases"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append({name: float(value) for name, value in objective.health().items()})
    assert np.mean([row["bases_found"] for row in history[-10:]]) > 0.9
    assert np.mean([row["commonest_base"] for row in history[-10:]]) < 0.5
    assert objective.concerns(history) == []
    (told,) = objective.concerns([{"bases_found": 0.3, "commonest_base": 0.31}])
    assert "composition at most" in told


def test_an_encoder_without_positions_is_refused(spec):
    with pytest.raises(UserError, match="no features along the window"):
        ready("masked", network(spec), spec)


@pytest.mark.parametrize("name", ["masked", "masked_first"])
def test_a_network_of_words_is_refused(spec, name):
    words = build_network("motif_cnn", spec, kmers={"k": [3], "dim": 4, "frozen": False})
    with pytest.raises(UserError, match="this network reads words"):
        ready(name, words, spec)


def test_to_hide_nothing_is_refused():
    with pytest.raises(ValueError, match="there would be nothing to find"):
        made(hidden=0.0)
