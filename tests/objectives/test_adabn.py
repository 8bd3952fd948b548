from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from cislearn.data.batch import Batch
from cislearn.errors import UserError
from cislearn.models.encoder import Encoder
from cislearn.models.layers import ChannelsLastBatchNorm
from cislearn.models.network import Network, build_network
from cislearn.models.stages import Stage
from tests.objectives.conftest import LENGTH, batch_of, network
from tests.objectives.learning import ready


class Deep(Encoder):
    """Two convolutions with batch norm; the second reads what the first one's norm makes. Listed out of order."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.last = ChannelsLastBatchNorm(3)
        first = Stage(nn.Conv1d(4, 5, 3), ChannelsLastBatchNorm(5), nn.ReLU())
        self.stages = nn.Sequential(first, Stage(nn.Conv1d(5, 3, 3), self.last, nn.ReLU(), nn.Flatten()))


def target_windows(n=50, seed=3):
    return torch.randint(0, 4, (n, LENGTH), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def rows_of(tokens, size):
    """Batches of the target, as a training hands them out; asking twice gives them twice."""

    def rows(part):
        assert part == "target"
        for start in range(0, len(tokens), size):
            piece = tokens[start : start + size]
            labels = torch.full((len(piece), 1), torch.nan)
            where = torch.full((len(piece),), 2), torch.arange(start, start + len(piece))
            yield Batch(piece, labels, *where, parts={"target": slice(0, len(piece))})

    return rows


@pytest.fixture
def trained(spec):
    """A network whose running statistics are those of some source."""
    torch.manual_seed(0)
    model = Network(Deep(LENGTH), spec)
    for seed in range(5):
        model(model.embed(batch_of(30, 0, seed=seed).tokens))
    return model.eval()


@pytest.mark.parametrize("size", [2, 7, 50, 512])
def test_statistics_are_those_of_all_target_rows_layer_by_layer(spec, trained, size):
    """Direct statistics: all rows at once, the second layer after the first one's are the target's."""
    tokens = target_windows()
    adapted = copy.deepcopy(trained)
    ready("adabn", adapted, spec).finish(adapted, rows_of(tokens, size))
    x = trained.embed(tokens)
    for stage, found in zip(trained.encoder.stages, adapted.encoder.stages, strict=True):
        z = stage.linear(x)
        values = z.detach().transpose(0, 1).flatten(1)
        torch.testing.assert_close(found.norm.running_mean, values.mean(1))
        torch.testing.assert_close(found.norm.running_var, values.var(1))
        normal = (z - values.mean(1)[:, None]) / (values.var(1)[:, None] + stage.norm.eps).sqrt()
        x = stage.activation(normal)  # scale 1 and offset 0, untrained
    assert not torch.equal(trained.encoder.last.running_mean, adapted.encoder.last.running_mean)


def test_no_weight_is_changed_and_doing_it_twice_is_doing_it_once(spec, trained):
    before = copy.deepcopy(dict(trained.named_parameters()))
    objective = ready("adabn", trained, spec)
    objective.finish(trained, rows_of(target_windows(), 16))
    once = copy.deepcopy(trained.state_dict())
    objective.finish(trained, rows_of(target_windows(), 16))
    for name, value in trained.named_parameters():
        assert torch.equal(value, before[name])
    for name, value in trained.state_dict().items():
        torch.testing.assert_close(value, once[name])
    assert not any(part._forward_pre_hooks for part in trained.modules())


def test_each_target_window_counts_once_whatever_its_label(spec, trained):
    """Poisoned labels change nothing."""
    tokens, other = target_windows(), copy.deepcopy(trained)
    clean = rows_of(tokens, 16)

    def poisoned(part):
        for batch in clean(part):
            batch.labels.fill_(1e9)
            yield batch

    for model, rows in ((trained, clean), (other, poisoned)):
        ready("adabn", model, spec).finish(model, rows)
    for one, two in zip(trained.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(one, two)


def test_training_is_that_of_the_sources(spec):
    model, batch = network(spec, norm=True), batch_of(8, 0)
    assert ready("adabn", model, spec).draws == {"source": 1.0, "target": 0.0}
    found, expected = (ready(name, model, spec).losses(model, batch, 0.5) for name in ("adabn", "supervised"))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("encoder", ["motif_cnn", "dann_tf"])
def test_an_encoder_without_batch_norm_is_refused_with_the_reason(spec, encoder):
    model = build_network(encoder, spec)
    with pytest.raises(UserError, match="this encoder has none") as caught:
        ready("adabn", model, spec)
    assert "wide" in caught.value.fix


def test_a_target_without_training_windows_is_refused(spec, trained):
    with pytest.raises(UserError, match="less than two"):
        ready("adabn", trained, spec).finish(trained, rows_of(target_windows(1), 16))
