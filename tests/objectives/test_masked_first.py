"""Hidden bases first, then the labels: which are read when, and which validations count."""

import pytest
import torch

from tests.objectives.learning import gradients, ready
from tests.objectives.test_masked import SPEC, batch, made


def first(**options):
    model, _ = made()
    return model, ready("masked_first", model, SPEC, **options)


def test_until_start_it_is_masked_and_no_label_is_read():
    """trap 18: poisoned labels change nothing."""
    found = []
    for value in (torch.nan, 1e9):
        model, objective = first()
        poisoned = batch()
        poisoned.labels.fill_(value)
        torch.manual_seed(1)
        losses = objective.losses(model, poisoned, 0.49)
        assert list(losses) == ["bases"]
        found.append([losses["bases"], *gradients(losses["bases"], model)])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_from_start_on_it_is_supervised_on_the_labelled_rows():
    model, objective = first(start=0.3)
    model.eval()
    losses = objective.losses(model, batch(), 0.3)
    alone = ready("supervised", model, SPEC)
    assert list(losses) == ["task"] and objective.health() == {}
    assert torch.allclose(losses["task"], alone.losses(model, batch(), 0.3)["task"])


def test_what_is_told_is_of_the_first_stretch():
    _, objective = first()
    assert objective.concerns([{"step": 1}]) == []
    (told,) = objective.concerns([{"bases_found": 0.3, "commonest_base": 0.31}, {"train_task": 0.1}])
    assert "composition at most" in told


@pytest.mark.parametrize("start", [0.0, 1.0, -0.1])
def test_a_stretch_without_end_or_beginning_is_refused(start):
    with pytest.raises(ValueError, match="start"):
        first(start=start)
