from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from benchmarks.plain import PlainTraining, copy_weights, plain_dann_tf
from cislearn.errors import UserError
from cislearn.models.encoders.dann_tf import DannTF, TwoLogitDifference, same_padding
from cislearn.models.network import build_network
from cislearn.models.saving import ModelCard, load_network, save_model
from cislearn.objectives.objective import objectives
from cislearn.schema import DataSpec, TaskSpec
from tests.models.conftest import one_hot_windows

# --- An independent forward pass: TensorFlow's documented "SAME" rule and plain loops over places ---


def tensorflow_same(size, kernel, stride):
    """As TensorFlow's API guide puts it, with its distinction of cases."""
    total = max(kernel - (stride if size % stride == 0 else size % stride), 0)
    return total // 2, total - total // 2


def conv_by_loops(image, weight, bias):
    """(c, rows, columns) with (d, c, 4, 5): each output place is a sum over a window that is zero outside."""
    n_out, _, height, width = weight.shape
    rows, columns = image.shape[1:]
    top, left = tensorflow_same(rows, height, 1)[0], tensorflow_same(columns, width, 1)[0]
    out = np.empty((n_out, rows, columns))
    for i in range(rows):
        for j in range(columns):
            total = bias.copy()
            for a in range(height):
                for b in range(width):
                    r, c = i + a - top, j + b - left
                    if 0 <= r < rows and 0 <= c < columns:
                        total = total + weight[:, :, a, b] @ image[:, r, c]
            out[:, i, j] = total
    return out


def pool_by_loops(image):
    """Max over 1 x 5 windows at every second place; what lies outside does not count."""
    columns = image.shape[2]
    left = tensorflow_same(columns, 5, 2)[0]
    starts = [2 * j - left for j in range(-(-columns // 2))]
    return np.stack([image[:, :, max(s, 0) : s + 5].max(axis=2) for s in starts], axis=2)


def forward_by_loops(network, x):
    state = {name: value.double().numpy() for name, value in network.state_dict().items()}
    convs = [state[n] for n in state if n.startswith("encoder")]
    denses = [state[n] for n in state if n.startswith("head")]
    z = x[None]
    for weight, bias in zip(convs[0::2], convs[1::2], strict=True):
        z = pool_by_loops(np.maximum(conv_by_loops(z, weight, bias), 0))
    features = z.reshape(-1)
    z = features
    for weight, bias in zip(denses[0:4:2], denses[1:4:2], strict=True):
        z = np.maximum(weight @ z + bias, 0)
    z0, z1 = denses[4] @ z + denses[5]
    return features, z1 - z0


@pytest.mark.parametrize("length", [101, 63, 40])
def test_forward_pass_against_loops(length):
    torch.manual_seed(length)
    network = build_network("dann_tf", DataSpec((TaskSpec("bound"),), (), length)).double().eval()
    x = one_hot_windows(2, length).double()
    with torch.no_grad():
        features, logits = network.features(x), network(x)
    for window, feature, logit in zip(x.numpy(), features.numpy(), logits.numpy(), strict=True):
        expected_features, expected = forward_by_loops(network, window)
        np.testing.assert_allclose(feature, expected_features, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(logit, [expected], rtol=1e-9)


@pytest.mark.parametrize("length", [101, 64, 33])
def test_a_second_way_to_the_features_with_other_torch_calls(length):
    """Pools padded with minus infinity, convolutions as a product with unfolded windows."""
    encoder = DannTF(length).double()
    x = one_hot_windows(3, length, seed=1).double()
    z = x.unsqueeze(1)
    for conv in [m for m in encoder.modules() if isinstance(m, torch.nn.Conv2d)]:
        padded = F.pad(z, (2, 2, 1, 2))
        columns = F.unfold(padded, (4, 5))
        product = conv.weight.flatten(1) @ columns + conv.bias[:, None]
        z = product.view(3, -1, 4, z.shape[-1]).relu()
        before, after = tensorflow_same(z.shape[-1], 5, 2)
        z = F.max_pool2d(F.pad(z, (before, after), value=-torch.inf), (1, 5), (1, 2))
    torch.testing.assert_close(encoder(x), z.flatten(1))


def both(length, dtype=torch.float32):
    """Our network and the plain one with the same weights."""
    torch.manual_seed(length)
    ours, plain = build_network("dann_tf", DataSpec((TaskSpec("bound"),), (), length)), plain_dann_tf(length)
    copy_weights(ours, plain)
    return ours.to(dtype), plain.to(dtype)


@pytest.mark.parametrize("length", [101, 64, 33])
def test_logits_and_gradients_of_the_plain_network(length):
    ours, plain = both(length, torch.float64)
    x = one_hot_windows(6, length).double().requires_grad_()
    found = torch.autograd.grad(ours(x).square().sum(), [x, *ours.parameters()])
    expected = torch.autograd.grad(plain(x).square().sum(), [x, *plain.parameters()])
    torch.testing.assert_close(ours(x), plain(x), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("frozen", ["weight", "bias", "window"])
def test_gradients_that_nobody_asks_for_are_left_out(frozen):
    """Attribution freezes the weights; a first layer may be frozen and the second not."""
    ours, plain = both(101, torch.float64)
    x = one_hot_windows(2, 101).double().requires_grad_(frozen != "window")
    for network in (ours, plain):
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(not name.endswith(frozen))
        network(x).sum().backward()
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-9, atol=1e-12)


def test_twenty_steps_of_the_plain_network():
    ours, plain = both(101)
    generator = torch.Generator().manual_seed(0)
    trainings = [PlainTraining(network, learning_rate=1e-3) for network in (ours, plain)]
    losses = []
    for step in range(20):
        x, labels = one_hot_windows(32, 101, seed=step), torch.randint(0, 2, (32,), generator=generator).float()
        losses.append([float(training.step(x, labels)) for training in trainings])
    found, expected = torch.tensor(losses).T
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        assert float((a.detach() - b.detach()).abs().max()) < 1e-5 * float(b.detach().abs().max())


def test_half_precision_rounds_as_the_plain_network_does():
    """Losses and gradients under autocast lie as near to those of full precision as the plain network's."""
    ours, plain = both(101)
    x = one_hot_windows(16, 101)
    full = torch.autograd.grad(plain(x).square().mean(), list(plain.parameters()))
    away = {}
    for name, network in (("ours", ours), ("plain", plain)):
        with torch.autocast("cpu", torch.bfloat16):
            loss = network(x).float().square().mean()
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        assert all(g.dtype == torch.float32 for g in gradients)
        away[name] = max(float((a - b).norm() / b.norm()) for a, b in zip(gradients, full, strict=True))
    assert away["ours"] < 1.5 * away["plain"] < 0.2


def test_elsewhere_than_on_a_cpu_the_convolution_is_one_padded_call():
    """Shapes alone: the meta device computes nothing."""
    network = build_network("dann_tf", DataSpec((TaskSpec("bound"),), (), 64)).to("meta")
    assert network(torch.zeros(3, 4, 64, device="meta")).shape == (3, 1)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [4, 5])
def test_same_padding_is_that_of_tensorflow(stride, kernel):
    for size in range(1, 110):
        assert same_padding(size, kernel, stride) == tensorflow_same(size, kernel, stride)


# --- Sizes, first weights, the two logits ---


def n_parameters(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def test_parameters_and_features_of_the_published_network(bound):
    network = build_network("dann_tf", bound)
    adversary = objectives.get("adversarial")()
    adversary.setup(network, bound)
    assert network.n_features == 4 * 26 * 48 == 4992
    assert n_parameters(network) == 541_042
    assert n_parameters(network, adversary) == 1_040_544
    assert adversary.discriminator.hidden.out_features == 100


def test_first_weights_are_a_normal_cut_at_two_sd_and_offsets_a_tenth(bound):
    torch.manual_seed(0)
    network = build_network("dann_tf", bound)
    adversary = objectives.get("adversarial")()
    adversary.setup(network, bound)
    parameters = [*network.named_parameters(), *adversary.named_parameters()]
    for name, value in parameters:
        if name.endswith("bias"):
            assert (value == 0.1).all(), name
        else:
            assert value.abs().max() <= 0.2, name
    weights = torch.cat([v.detach().flatten() for n, v in parameters if n.endswith("weight") and v.numel() > 1000])
    assert abs(float(weights.mean())) < 5e-4
    assert float(weights.std()) == pytest.approx(0.1 * 0.8796, rel=5e-3)  # sd of a normal cut at two sd
    assert float(weights.abs().max()) > 0.199


def test_binary_cross_entropy_of_the_difference_is_softmax_cross_entropy_of_the_pair():
    z = torch.randn(50, 2, dtype=torch.float64, requires_grad=True)
    label = torch.randint(0, 2, (50,))
    pair = F.cross_entropy(z, label)
    (of_pair,) = torch.autograd.grad(pair, z)
    single = F.binary_cross_entropy_with_logits(TwoLogitDifference()(z)[:, 0], label.double())
    (of_single,) = torch.autograd.grad(single, z)
    torch.testing.assert_close(single, pair)
    torch.testing.assert_close(of_single, of_pair)


def test_several_binary_tasks_have_a_pair_each():
    z = torch.arange(12.0).view(2, 6) ** 2
    torch.testing.assert_close(
        TwoLogitDifference()(z), torch.stack([z[:, 1] - z[:, 0], z[:, 3] - z[:, 2], z[:, 5] - z[:, 4]], 1)
    )


def test_tasks_that_are_not_all_binary_get_plain_logits(mixed):
    network = build_network("dann_tf", mixed)
    assert network(one_hot_windows(2, 48)).shape == (2, 5)


def test_it_takes_no_options_and_saves_and_loads(bound, tmp_path):
    with pytest.raises(UserError, match="encoder dann_tf has no option 'filters'"):
        build_network("dann_tf", bound, {"filters": 3})
    network = build_network("dann_tf", bound).eval()
    save_model(tmp_path, network, ModelCard("dann_tf", bound))
    x = one_hot_windows(2, 101)
    torch.testing.assert_close(load_network(tmp_path)(x), network(x), rtol=0, atol=0)
