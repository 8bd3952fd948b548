"""The ladder against what it is defined by: hand computation, finite differences, identities, what it may read."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from cislearn.data.batch import Batch
from cislearn.errors import UserError
from cislearn.models.convolution import ChannelsLastConvTranspose1d
from cislearn.models.encoder import Encoder, OneStage
from cislearn.models.layers import BatchNorm
from cislearn.models.network import Network, build_network
from cislearn.models.stages import Stage
from cislearn.objectives import ladder_denoiser
from cislearn.objectives.ladder import Ladder
from cislearn.objectives.ladder_decoder import Decoder, Downward, Level, unpooled
from cislearn.objectives.ladder_denoiser import Denoiser
from cislearn.objectives.ladder_pass import _noised, ladder_pass, running_statistics_kept, without_dropout
from cislearn.objectives.objective import objectives
from cislearn.schema import DataSpec, InputSpec, TaskSpec
from tests.objectives.conftest import LENGTH
from tests.objectives.learning import gradients, ready, total

ENCODERS = {
    "motif_cnn": {"motifs": 6, "pairs": 7, "features": 5},
    "motif_cnn with batch norm": {"motifs": 6, "pairs": 7, "features": 5, "batch_norm": True},
    "wide": {"detectors": 8, "channels": 6, "dilations": [1, 2]},
    "basset": {"padding": "same", "hidden": [9]},
    "alexnet": {"hidden": [9]},
    "inception": {},
}
ONE = DataSpec((TaskSpec("bound"),), ("a",), 51)
MIXED = (TaskSpec("a"), TaskSpec("b"), TaskSpec("state", "multiclass", 3), TaskSpec("level", "regression"))


def network_of(encoder: str, spec: DataSpec = ONE, seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return build_network(encoder.split()[0], spec, ENCODERS[encoder])


def batch_of(labelled: int, unlabelled: int, spec: DataSpec = ONE, seed: int = 0) -> Batch:
    """Labelled rows, then rows of the same domain without labels."""
    generator = torch.Generator().manual_seed(seed)
    n = labelled + unlabelled
    drawn = torch.randint(0, 2, (n, len(spec.tasks)), generator=generator).float()
    drawn[labelled:] = torch.nan
    return Batch(
        tokens=torch.randint(0, 5, (n, spec.length), generator=generator, dtype=torch.uint8),
        labels=drawn,
        domain=torch.zeros(n, dtype=torch.int64),
        row=torch.arange(n),
        parts={"source": slice(0, labelled), "unlabelled": slice(labelled, n)},
        tracks=torch.rand((n, spec.channels - 4, spec.length), generator=generator) if spec.tracks else None,
    )


# --- One pass ---


@pytest.mark.parametrize("encoder", ENCODERS)
def test_without_noise_a_pass_is_the_network_in_training_without_dropout(encoder):
    """Identity: each stage computes what it does in training, whether it has a batch norm or not."""
    model = network_of(encoder)
    x = model.embed(batch_of(10, 0).tokens)
    with without_dropout(model), running_statistics_kept(model):
        found = ladder_pass(model.stages, x, 0.0)
        torch.testing.assert_close(found.output, model(x), rtol=1e-4, atol=1e-5)
    for z in found.laterals[1:]:
        axes = [axis for axis in range(z.dim()) if axis != 1]
        varies = z.var(axes, correction=0) > 0.5  # a channel that is dead is 0, not of unit variance
        assert z.mean(axes).abs().max() < 1e-3 and varies.float().mean() > 0.4
        torch.testing.assert_close(z.var(axes, correction=0)[varies], torch.ones(int(varies.sum())), rtol=0.05, atol=0)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_noise_stands_on_the_input_and_on_each_normalised_level(encoder):
    """Its standard deviation is sigma at the input, and at each level beside what the noise below has done."""
    model = network_of(encoder)
    x = model.embed(batch_of(64, 0).tokens)
    torch.manual_seed(1)
    noisy = ladder_pass(model.stages, x, 0.3)
    assert (noisy.laterals[0] - x).std().item() == pytest.approx(0.3, rel=0.05)
    for z in noisy.laterals[1:]:
        axes = [axis for axis in range(z.dim()) if axis != 1]
        found = z.var(axes, correction=0).median().item()
        assert found == pytest.approx(1.09, abs=0.12)  # 1 of the batch and .09 of the noise


def test_the_mode_of_dropout_and_of_running_statistics_is_what_it_was_afterwards():
    model = network_of("basset")
    model.eval()
    model.encoder.stages[-1].pool.train()
    before = [module.training for module in model.modules()]
    with pytest.raises(RuntimeError), without_dropout(model), running_statistics_kept(model):
        assert not model.encoder.stages[-1].pool.training
        raise RuntimeError
    assert [module.training for module in model.modules()] == before
    assert all(stage.norm.track_running_stats for stage in model.encoder.stages)


# --- The whole cost, by hand ---


class Two(Encoder):
    """Two dense stages over a flattened window."""

    def __init__(self, length: int) -> None:
        super().__init__()
        first = nn.Sequential(nn.Flatten(), nn.Linear(4 * length, 5, bias=False))
        self.stages = nn.Sequential(Stage(first, BatchNorm(5), nn.ReLU()))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_both_costs_against_a_computation_by_hand(spec):
    """Oracle: Rasmus et al. 2015, algorithm 1, written out in NumPy for one hidden layer, with the same noise."""
    torch.manual_seed(0)
    model = Network(Two(LENGTH), spec).double()
    objective = ready("ladder", model, spec, sigma=0.4, weights=[3.0, 0.7, 0.2]).double()
    with torch.no_grad():
        for parameter in objective.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
        model.encoder.stages[0].norm.bias.normal_()
    model.encoder.stages[0].norm.weight.data.uniform_(0.5, 1.5)
    batch = batch_of(6, 7, spec)
    x = model.embed(batch.tokens).double()
    objective_batch = replace(batch, labels=batch.labels.double())
    model.embed = lambda tokens, tracks: x
    torch.manual_seed(7)
    found = objective.losses(model, objective_batch, 0.5)

    torch.manual_seed(7)
    draws = [
        [torch.randn(n, *shape, dtype=torch.float64).numpy() for shape in ((4, LENGTH), (5,), (1,))] for n in (6, 7)
    ]
    w1 = model.encoder.stages[0].linear[1].weight.detach().numpy()
    gamma, offset = (
        p.detach().numpy() for p in (model.encoder.stages[0].norm.weight, model.encoder.stages[0].norm.bias)
    )
    w2, b2 = (p.detach().numpy() for p in model.head[0].linear.parameters())

    def normal(z, mean, variance):
        return (z - mean) / np.sqrt(variance + 1e-5)

    def forward(rows, noise):
        h0 = rows + 0.4 * noise[0]
        z1 = h0.reshape(len(rows), -1) @ w1.T
        at1 = z1.mean(0), z1.var(0)
        lateral1 = normal(z1, *at1) + 0.4 * noise[1]
        z2 = np.maximum(gamma * lateral1 + offset, 0) @ w2.T + b2
        at2 = z2.mean(0), z2.var(0)
        lateral2 = normal(z2, *at2) + 0.4 * noise[2]
        return [h0, lateral1, lateral2], [at1, at2], lateral2 * np.sqrt(at2[1] + 1e-5) + at2[0]

    rows = x.numpy()
    logits = forward(rows[:6], draws[0])[2][:, 0]
    y = batch.labels[:6, 0].double().numpy()
    task = np.mean(np.logaddexp(0, logits) - y * logits)
    assert found["task"].item() == pytest.approx(task, rel=1e-9)

    laterals, _, noisy_logits = forward(rows[6:], draws[1])
    clean, at, _ = forward(rows[6:], [np.zeros((7, 4, LENGTH)), np.zeros((7, 5)), np.zeros((7, 1))])
    denoisers = [d.a.detach().numpy() for d in objective.decoder.denoisers]
    maps = [m.map.weight.detach().numpy() for m in objective.decoder.maps]

    def guess(z, u, a):
        a = a.reshape(10, *a.shape[1:], *(1,) * (z.ndim - 2))
        u = normal(u, u.mean((0, *range(2, u.ndim)), keepdims=True), u.var((0, *range(2, u.ndim)), keepdims=True))
        mean = a[0] * sigmoid(a[1] * u + a[2]) + a[3] * u + a[4]
        return (z - mean) * (a[5] * sigmoid(a[6] * u + a[7]) + a[8] * u + a[9]) + mean

    top = guess(laterals[2], sigmoid(noisy_logits), denoisers[2])
    middle = guess(laterals[1], top @ maps[1].T, denoisers[1])
    bottom = guess(laterals[0], (middle @ maps[0].T).reshape(7, 4, LENGTH), denoisers[0])
    costs = [
        np.mean((rows[6:] - bottom) ** 2),
        np.mean((clean[1] - normal(middle, *at[0])) ** 2),
        np.mean((clean[2] - normal(top, *at[1])) ** 2),
    ]
    health = [objective.health()[f"reconstruction_{k}"].item() for k in range(3)]
    np.testing.assert_allclose(health, costs, rtol=1e-9)
    assert found["reconstruction"].item() == pytest.approx(np.dot([3.0, 0.7, 0.2], costs), rel=1e-9)


@pytest.mark.parametrize("shape", [(40, 30, 50), (300, 200)])
@pytest.mark.parametrize("turned", [False, True])
def test_noise_is_as_strong_however_the_numbers_lie_in_memory(turned, shape):
    z = torch.zeros(shape).mT if turned else torch.zeros(shape)
    noise = _noised(z, 0.3)
    assert noise.stride() == z.stride() and noise.std().item() == pytest.approx(0.3, rel=0.02)
    assert noise.unique().numel() > 0.99 * noise.numel()


@pytest.mark.parametrize("detach_clean", [False, True])
def test_gradients_against_finite_differences(detach_clean, monkeypatch):
    """In double precision; with `detach_clean` the clean pass is held as it is while the weights are moved."""
    spec = DataSpec((TaskSpec("bound"), TaskSpec("level", "regression")), ("a",), 20)
    torch.manual_seed(0)
    sizes = {"motifs": 3, "motif_width": 5, "pairs": 3, "pair_width": 3, "features": 3, "batch_norm": True}
    model = build_network("motif_cnn", spec, sizes).double()
    objective = ready("ladder", model, spec, detach_clean=detach_clean).double()
    batch = batch_of(6, 6, spec)
    batch, x = replace(batch, labels=batch.labels.double()), model.embed(batch.tokens).double()
    model.embed = lambda tokens, tracks: x
    with torch.no_grad():
        for parameter in objective.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    trained = [p for p in [*model.parameters(), *objective.parameters()] if p.requires_grad]
    found = torch.autograd.grad(total(objective, model, batch, 0.5), trained, allow_unused=True)
    if detach_clean:
        held = ladder_pass(model.stages, x[6:], 0.0)
        monkeypatch.setattr(
            "cislearn.objectives.ladder.ladder_pass",
            lambda stages, x, sigma: ladder_pass(stages, x, sigma) if sigma else held,
        )
    generator, checked = torch.Generator().manual_seed(3), 0
    for parameter, gradient in zip(trained, found, strict=True):
        for place in torch.randint(0, parameter.numel(), (3,), generator=generator).tolist():
            costs = []
            for step in (1e-6, -1e-6):
                with torch.no_grad():
                    parameter.view(-1)[place] += step
                    costs.append(total(objective, model, batch, 0.5).item())
                    parameter.view(-1)[place] -= step
            numeric = (costs[0] - costs[1]) / 2e-6
            analytic = 0.0 if gradient is None else gradient.reshape(-1)[place].item()
            assert analytic == pytest.approx(numeric, rel=1e-3, abs=1e-6)
            checked += abs(numeric) > 1e-4
    assert checked > 30


# --- The decoder ---


@pytest.mark.parametrize(
    ("above", "pooled", "width", "options"),
    [(20, 20, 5, {"padding": 2}), (14, 20, 7, {}), (10, 20, 7, {"padding": 3, "stride": 2}),
     (11, 21, 7, {"padding": 3, "stride": 2}), (1, 5, 5, {})],
)  # fmt: skip
def test_a_deconvolution_is_the_adjoint_of_the_convolution_of_its_stage(above, pooled, width, options):
    """Identity: ``<conv(x), y> = <x, deconv(y)>``, padded, within the window, or with a stride (zeros in between)."""
    down = Downward(Level(3, above, above), Level(4, pooled, pooled), width).double()
    x, y = torch.randn(2, 4, pooled, dtype=torch.float64), torch.randn(2, 3, above, dtype=torch.float64)
    forward = torch.nn.functional.conv1d(x, down.map.weight, **options)
    assert forward.shape == y.shape and down(y).shape == x.shape
    torch.testing.assert_close((forward * y).sum(), (x * down(y)).sum())


@pytest.mark.parametrize(("places", "pooled", "width"), [(12, 3, 4), (13, 3, 4), (14, 3, 4), (101, 25, 4), (7, 1, 7)])
def test_unpooling_repeats_each_maximum_over_the_places_that_it_was_of(places, pooled, width):
    z = torch.arange(pooled, dtype=torch.float32).view(1, 1, -1)
    found = unpooled(z, places)[0, 0]
    expected = (torch.arange(places) // width).clamp(max=pooled - 1)
    assert (found - expected).abs().max() <= (places % width > 0)  # what pooling left out moves some by one place
    if places % width == 0:
        assert torch.equal(found.long(), expected)


def test_a_vector_above_a_flattened_level_has_a_dense_map_to_each_of_its_places():
    down = Downward(Level(6, None, 1), Level(3, 10, 5), 1)
    assert down.map.weight.shape == (15, 6)
    found = down(torch.randn(2, 6))
    assert found.shape == (2, 3, 10) and torch.equal(found[:, :, ::2], found[:, :, 1::2])
    assert Downward(Level(6, None, 1), Level(3, None, 1), 1)(torch.randn(2, 6)).shape == (2, 3)


def test_a_denoiser_begins_at_zero_and_can_undo_gaussian_noise():
    """Oracle: of ``z = m + noise`` with m Gaussian the best guess is ``z var(m) / (var(m) + var(noise))``."""
    denoiser = Denoiser(2)
    z, u = torch.randn(5, 2, 3), torch.randn(5, 2, 3)
    assert not denoiser(z, u).any() and denoiser.a.shape == (10, 2)
    with torch.no_grad():
        denoiser.a[9] = 1 / 1.09
    torch.testing.assert_close(denoiser(z, u), z / 1.09)
    without = Denoiser(2, lateral=False)
    with torch.no_grad():
        without.a.copy_(torch.randn(10, 2))
    assert torch.equal(without(z, u), without(z + 1, u)) and without(z, u).abs().min() > 0


@pytest.mark.parametrize("shape", [(40, 3), (7, 3, 5)])
@pytest.mark.parametrize("at_once", [12, 2**15])
def test_a_denoiser_taken_in_pieces_is_its_equation(shape, at_once, monkeypatch):
    """Oracle: equation 1 of Rasmus et al. and its slopes by automatic differentiation, whatever the pieces."""
    monkeypatch.setattr(ladder_denoiser, "AT_ONCE", at_once)
    denoiser = Denoiser(3).double()
    torch.nn.init.normal_(denoiser.a)
    z, u, weight = (torch.randn(shape, dtype=torch.float64) for _ in range(3))
    reads = [z.requires_grad_(), u.requires_grad_(), denoiser.a]
    a = denoiser.a.view(10, 1, 3, *(1,) * (len(shape) - 2))
    mean, spread = (k[0] * torch.sigmoid(k[1] * u + k[2]) + k[3] * u + k[4] for k in (a[:5], a[5:]))
    expected, found = (z - mean) * spread + mean, denoiser(z, u)
    torch.testing.assert_close(found, expected)
    slopes = (torch.autograd.grad((each * weight).sum(), reads) for each in (found, expected))
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1, "output_padding": 1}])
def test_a_deconvolution_with_channels_last_is_that_of_pytorch(options):
    plain = torch.nn.ConvTranspose1d(3, 4, 5, bias=False, **options)
    ours = ChannelsLastConvTranspose1d(3, 4, 5, bias=False, **options)
    ours.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 9)
    torch.testing.assert_close(ours(x), plain(x))


def test_maps_of_a_ladder_have_one_layout_forth_and_back():
    """Maps of two layouts in one operation cost up to ten times as much; only the input, of four bases, has its own."""
    model, mixed = network_of("motif_cnn"), list[str]()
    objective = ready("ladder", model, ONE)

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, arguments=(), options=None):
            made = function(*arguments, **(options or {}))
            tensors = [each for each in (*arguments, made) if isinstance(each, torch.Tensor) and each.dim() == 3]
            maps = [each for each in tensors if len(each) in (11, 13) and min(each.shape[1:]) > 4]
            if len({each.stride(1) == 1 for each in maps}) > 1:
                mixed.append(str(function))
            return made

    with Watch():
        total(objective, model, batch_of(11, 13), 0.5).backward()
    assert set(mixed) <= {"aten.permute.default", "aten.transpose.int", "aten.view.default"}


# --- What it reads, and what it leaves alone ---


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("kind", ["all", "top", "none"])
def test_it_works_with_each_encoder_and_each_kind_of_task(encoder, kind):
    spec = DataSpec(MIXED, ("a",), 51, inputs=(InputSpec("open", "track"),))
    model = network_of(encoder, spec)
    objective = ready("ladder", model, spec, reconstruct=kind)
    batch = batch_of(8, 6, spec)
    loss = total(objective, model, batch, 0.5)
    found = [*gradients(loss, model), *gradients(loss, objective)]
    assert loss.isfinite() and all(g.isfinite().all() for g in found)
    trained = [(p, g) for p, g in zip(model.parameters(), gradients(loss, model), strict=True) if p.requires_grad]
    assert sum(bool(g.abs().sum() > 0) for _, g in trained) > 0.5 * len(trained)  # of `wide` the branches begin at 0
    assert set(objective.health()) == {signal.name for signal in objective.signals}
    n_stages = len(model.stages)
    assert len(objective.signals) == {"all": n_stages + 1, "top": 1, "none": 0}[kind]
    assert all(value.isfinite() and not value.requires_grad for value in objective.health().values())


@pytest.mark.parametrize("encoder", ["motif_cnn with batch norm", "wide", "basset"])
def test_running_statistics_follow_the_clean_labelled_rows_alone(encoder):
    """Those of one step of supervised training without dropout on the same rows, norms within blocks included."""
    model = network_of(encoder)
    other = copy.deepcopy(model)
    batch = batch_of(12, 20)
    total(ready("ladder", model, ONE), model, batch, 0.5)
    with without_dropout(other):
        other(other.embed(batch.tokens[:12]))
    found, expected = (dict(network.named_buffers()) for network in (model, other))
    fresh = dict(network_of(encoder).named_buffers())
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
        if "running" in name:
            assert not torch.equal(value, fresh[name])


def test_labelled_rows_and_rows_without_labels_are_normalised_apart():
    """trap 17: sizes differ. Other windows without labels leave the task loss, other labelled ones the estimates."""
    model = network_of("motif_cnn with batch norm")
    objective, batch = ready("ladder", model, ONE), batch_of(9, 14)
    losses = []
    for change in (None, "unlabelled", "source"):
        tokens = batch.tokens.clone()
        if change:
            tokens[batch.parts[change]] = (tokens[batch.parts[change]] + 1) % 4
        torch.manual_seed(2)
        losses.append(objective.losses(model, replace(batch, tokens=tokens), 0.5))
    plain, other_unlabelled, other_labelled = losses
    assert torch.equal(plain["task"], other_unlabelled["task"])
    assert not torch.equal(plain["reconstruction"], other_unlabelled["reconstruction"])
    assert torch.equal(plain["reconstruction"], other_labelled["reconstruction"])
    assert not torch.equal(plain["task"], other_labelled["task"])


@pytest.mark.parametrize("part", ["unlabelled", "target"])
def test_labels_of_rows_without_labels_are_never_read(part):
    """trap 18: labels that would be there by mistake change no loss and no gradient."""
    found = []
    for poison in (torch.nan, 1e9):
        model = network_of("basset")
        batch = batch_of(8, 8)
        batch.labels[8:] = poison
        batch = replace(batch, parts={"source": slice(0, 8), part: slice(8, 16)})
        loss = total(ready("ladder", model, ONE), model, batch, 0.5)
        found.append([loss, *gradients(loss, model), *dict(model.named_buffers()).values()])
    assert all(torch.equal(one, two) and one.isfinite().all() for one, two in zip(*found, strict=True))


def test_labels_of_some_of_the_target_count_for_the_task():
    model = network_of("motif_cnn with batch norm")
    batch = batch_of(12, 9)
    shown = replace(
        batch, parts={"source": slice(0, 8), "target_labelled": slice(8, 12), "target": slice(8, 12),
                      "unlabelled": slice(12, 21)},
    )  # fmt: skip
    objective = ready("ladder", model, ONE)
    assert torch.equal(total(objective, model, shown, 0.5), total(objective, model, batch, 0.5))


def test_without_noise_and_estimates_it_is_supervised_training():
    model, batch = network_of("motif_cnn with batch norm"), batch_of(12, 9)
    ladder = ready("ladder", model, ONE, sigma=0.0, reconstruct="none")
    assert ladder.draws == {"source": 1.0} and not list(ladder.parameters())
    alone = replace(batch, tokens=batch.tokens[:12], labels=batch.labels[:12], parts={"source": slice(0, 12)})
    found, expected = (
        gradients(total(objective, model, alone, 0.5), model) for objective in (ladder, ready("supervised", model, ONE))
    )
    held = model.encoder.stages[0].norm.weight, model.encoder.stages[1].norm.weight
    for parameter, one, two in zip(model.parameters(), found, expected, strict=True):
        if not any(parameter is scale for scale in held):
            torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-6)


def test_scales_before_a_relu_are_held_and_no_others():
    model = network_of("basset")
    ready("ladder", model, ONE)
    held = [name for name, p in model.named_parameters() if not p.requires_grad]
    assert held == [f"encoder.stages.{k}.norm.weight" for k in range(4)]
    assert all(stage.norm.bias.requires_grad for stage in model.encoder.stages)


@pytest.mark.parametrize(
    ("given", "expected"), [(0.2, [0.2] * 5), ([1.0, 0.1], [1, 0.1, 0.1, 0.1, 0.1]), ([9, 8, 7, 6, 5], [9, 8, 7, 6, 5])]
)
def test_weights_go_from_the_input_up_and_the_last_for_all_above(given, expected):
    model = network_of("motif_cnn")
    objective = ready("ladder", model, ONE, weights=given)
    assert objective.weights == expected
    torch.manual_seed(2)
    losses = objective.losses(model, batch_of(8, 8), 0.5)
    health = [objective.health()[signal.name] for signal in objective.signals]
    weighted = sum(weight * cost for weight, cost in zip(expected, health, strict=True))
    torch.testing.assert_close(losses["reconstruction"].detach(), weighted)


def test_the_top_alone_costs_what_it_costs_among_all():
    """The Gamma model: the estimate of the logits does not depend on the levels below."""
    model, batch = network_of("basset"), batch_of(8, 8)
    costs = []
    for kind in ("all", "top"):
        objective = ready("ladder", model, ONE, reconstruct=kind)
        with torch.no_grad():
            objective.decoder.denoisers[-1].a.copy_(torch.linspace(-1, 1, 10)[:, None])
        total(objective, model, batch, 0.5)
        costs.append(list(objective.health().values())[-1])
    assert torch.equal(*costs) and len(objective.health()) == 1


def test_reconstructions_are_what_the_costs_are_of():
    model, batch = network_of("motif_cnn with batch norm"), batch_of(8, 8)
    objective = ready("ladder", model, ONE, sigma=0.0)
    total(objective, model, batch, 0.5)
    x = model.embed(batch.tokens)[8:]
    levels = objective.reconstructions(model, x)
    assert torch.equal(levels[0].clean, x) and len(levels) == len(model.stages) + 1
    for level, cost in zip(levels, objective.health().values(), strict=True):
        assert level.clean.shape == level.estimate.shape
        torch.testing.assert_close((level.clean - level.estimate).square().mean(), cost)


def test_the_prediction_is_that_of_the_clean_network():
    """Nothing of the ladder is in the model that is saved: as many numbers, and no noise."""
    model = network_of("basset")
    names = set(model.state_dict())
    total(ready("ladder", model, ONE), model, batch_of(8, 8), 0.5)
    x = model.embed(batch_of(3, 0).tokens)
    model.eval()
    assert set(model.state_dict()) == names and torch.equal(model(x), model(x))


def test_costs_fall_as_it_learns_to_take_noise_away():
    model, batch = network_of("motif_cnn with batch norm"), batch_of(8, 24)
    objective = ready("ladder", model, ONE, sigma=0.3, weights=1.0)
    optimiser = torch.optim.Adam([*model.parameters(), *objective.parameters()], 0.02)
    seen = []
    for step in range(60):
        torch.manual_seed(step)
        optimiser.zero_grad()
        sum(objective.losses(model, batch, 0.5).values()).backward()
        optimiser.step()
        seen.append([float(value) for value in objective.health().values()])
    assert (np.array(seen[-1]) < 0.9 * np.array(seen[0])).all()
    assert seen[-1][0] < 0.3**2  # below the noise itself: what is above tells something


def test_in_bfloat16_the_statistics_are_of_full_precision():
    """The costs are near those in float32: variances of bfloat16 values summed in bfloat16 would not be."""
    found = []
    for is_short in (False, True):
        model = network_of("basset")
        objective, batch = ready("ladder", model, ONE, sigma=0.0), batch_of(16, 32)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_short):
            loss = total(objective, model, batch, 0.5)
        found.append(torch.stack(list(objective.health().values())))
        assert found[-1].dtype == torch.float32 and all(g.isfinite().all() for g in gradients(loss, model))
    torch.testing.assert_close(found[1][:-1], found[0][:-1], rtol=0.05, atol=0.02)


# --- What is refused ---


class Layered(Encoder):
    def __init__(self, length: int) -> None:
        super().__init__()
        self.stages = nn.Sequential(Stage(nn.Flatten(), nn.LayerNorm(4 * length)))


class ByItself(Two):
    def forward(self, x):
        return self.stages(x) + 1


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (Layered(LENGTH), "needs batch norm, and this encoder has LayerNorm"),
        (OneStage(nn.Flatten()), "this encoder is one piece"),
        (ByItself(LENGTH), "this encoder is one piece"),
    ],
)
def test_an_encoder_that_has_no_such_stages_is_refused(spec, encoder, message):
    with pytest.raises(UserError, match=message) as caught:
        ready("ladder", Network(encoder, spec), spec)
    assert "basset" in str(caught.value) and "model.encoder" in str(caught.value)


def test_an_encoder_of_images_is_refused():
    model = build_network("dann_tf", ONE)
    with pytest.raises(UserError, match="makes 4 axes"):
        ready("ladder", model, ONE)


@pytest.mark.parametrize("lateral", [True, False])
def test_an_encoder_of_two_outputs_a_logit_is_refused(lateral):
    with pytest.raises(UserError, match="makes 2 numbers there for 1"):
        ready("ladder", build_network("small_cnn_modified", ONE), ONE, lateral=lateral)


@pytest.mark.parametrize(("sizes", "kind"), [((3, 8), "labelled"), ((8, 3), "unlabelled"), ((8, 0), "unlabelled")])
def test_batches_too_small_for_their_own_statistics_are_refused(sizes, kind):
    model = network_of("basset")
    with pytest.raises(UserError, match=rf"normalises the {kind} rows of each batch by themselves, and {min(sizes)}"):
        ready("ladder", model, ONE).losses(model, batch_of(*sizes), 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": -1}, "sigma -1: expected a number from 0"),
        ({"weights": []}, "weights are empty"),
        ({"weights": [1, -1]}, "weights -1: expected a number from 0"),
        ({"reconstruct": "some"}, "reconstruct 'some': expected all or top or none"),
        ({"unlabelled": 0}, "unlabelled 0: expected a number above 0"),
    ],
)
def test_an_option_that_cannot_be_is_refused_in_words(options, message):
    with pytest.raises(ValueError, match=message):
        objectives.get("ladder")(**options)


def test_more_weights_than_levels_are_refused():
    with pytest.raises(UserError, match="has 6 weights, and this network 5 levels"):
        ready("ladder", network_of("motif_cnn"), ONE, weights=[1] * 6)


def test_a_decoder_that_learned_nothing_is_told():
    objective = ready("ladder", network_of("motif_cnn"), ONE)
    good = {"train_task": 0.1} | {f"reconstruction_{k}": 0.3 for k in range(5)}
    assert objective.concerns([good]) == []
    (told,) = objective.concerns([good, good | {"reconstruction_2": 1.4, "reconstruction_0": 2.0}])
    assert "Reconstruction, stage 2" in told and "input" not in told
    assert ready("ladder", network_of("motif_cnn"), ONE, reconstruct="none").concerns([{"train_task": 1.0}]) == []
    assert isinstance(objective, Ladder) and isinstance(objective.decoder, Decoder)
