"""Each method against an identity, a slow reference or another library, for each kind of model."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest
import torch

from cislearn.errors import UserError
from cislearn.explain.attribute import Attributor
from cislearn.explain.gradients import corrected, gradient
from cislearn.explain.inputs import inputs_of
from cislearn.explain.methods import METHODS, Settings
from cislearn.explain.mutagenesis import mutagenesis
from cislearn.explain.readout import read_out
from cislearn.models.inference import for_inference
from cislearn.models.network import OneHot, output
from cislearn.models.strands import BothStrands
from cislearn.prediction.mutagenesis import effects_of_changes
from cislearn.schema import TaskSpec
from cislearn.sequence.strand import reverse_complement
from tests.explain.conftest import BOUND, LENGTH, MIXED, network_of, spec_of

EQUIVARIANT = {"layers": "equivariant"}
MODELS = {
    "motif_cnn": ("motif_cnn", {}),
    "motif_cnn_equivariant": ("motif_cnn", EQUIVARIANT),
    "wide": ("wide", {}),
    "wide_equivariant": ("wide", EQUIVARIANT),
    "dann_tf": ("dann_tf", {}),
    "zhou_simulated": ("zhou_simulated", {}),
    "zhou_binary": ("zhou_binary", {}),
    "basset": ("basset", {"padding": "same"}),
    "alexnet": ("alexnet", {}),
    "inception": ("inception", {}),
    "frss": ("frss", {}),
}
SUMS = ("deep_lift", "integrated_gradients")


def one_hot(tokens):
    return OneHot()(torch.from_numpy(tokens))


def model_of(name, spec=None, **options):
    encoder, own = MODELS[name]
    return network_of(encoder, spec or spec_of(), **own, **options)


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_deep_lift_adds_up_in_every_encoder_on_one_strand_and_on_both(name, both, tokens):
    """traps 9, 10, 11: what it misses is below a thousandth of the difference, N or not."""
    pytest.importorskip("tangermeme")
    model = BothStrands(model_of(name)) if both else model_of(name)
    found = Attributor([model], "bound", settings=Settings("deep_lift", n_references=3))(tokens)
    with torch.no_grad():
        np.testing.assert_allclose(found.outputs, model(one_hot(tokens))[:, 0], rtol=1e-4, atol=1e-5)
    whole = np.abs(found.differences)
    assert (whole > 1e-4).all()
    np.testing.assert_allclose(found.projected.sum((1, 2)), found.differences, rtol=0, atol=1e-3 * whole.max() + 1e-5)
    assert (found.missed <= 1e-3 * whole.max() + 1e-5).all()


@pytest.mark.slow
@pytest.mark.parametrize("references", ["uniform", "shuffled"])
@pytest.mark.parametrize("name", ["motif_cnn", "dann_tf"])
def test_integrated_gradients_add_up(name, references, tokens):
    n = 2 if references == "shuffled" else None
    settings = Settings("integrated_gradients", references, n, steps=128)
    found = Attributor([model_of(name)], "bound", settings=settings)(tokens)
    np.testing.assert_allclose(
        found.projected.sum((1, 2)), found.differences, rtol=0, atol=0.01 * np.abs(found.projected).sum((1, 2)).max()
    )
    with torch.no_grad():
        x = one_hot(tokens)
        empty = x.sum(1, keepdim=True).expand(-1, 4, -1) / 4
        model = model_of(name)
        if references == "uniform":
            np.testing.assert_allclose(found.differences, (model(x) - model(empty))[:, 0], rtol=1e-3, atol=1e-5)


def test_gradients_are_those_of_finite_differences(tokens):
    model = model_of("wide").double()
    readout = read_out(model, "bound")
    x = one_hot(tokens).double()
    found = gradient(readout, x)
    step = 1e-5
    for row, base, place in [(0, 0, 3), (1, 2, 50), (2, 3, 100), (3, 1, 42)]:
        nudge = torch.zeros_like(x)
        nudge[row, base, place] = step
        with torch.no_grad():
            slope = (readout(x + nudge) - readout(x - nudge))[row, 0] / (2 * step)
        torch.testing.assert_close(found[row, base, place], slope, rtol=1e-4, atol=1e-8)


def test_corrected_gradients_sum_to_zero_and_blind_to_what_all_bases_share(tokens):
    model = model_of("motif_cnn")
    x = one_hot(tokens)
    g = gradient(read_out(model, "bound"), x)
    assert g.abs().max() > 0
    torch.testing.assert_close(corrected(g).sum(1), torch.zeros(len(x), LENGTH), atol=1e-6, rtol=0)
    torch.testing.assert_close(corrected(g + torch.randn(len(x), 1, LENGTH)), corrected(g), atol=1e-6, rtol=0)
    found = Attributor([model], "bound")(tokens)
    np.testing.assert_allclose(found.projected, x.numpy() * found.hypothetical, atol=1e-7)
    assert not found.projected[3, :, 40:45].any()
    size = Attributor([model], "bound", settings=Settings("saliency"))(tokens)
    np.testing.assert_allclose(size.hypothetical, np.abs(found.hypothetical), atol=1e-6)


@pytest.mark.parametrize("tracks", [0, 2])
def test_mutagenesis_and_occlusion_are_one_prediction_after_the_other(tracks, tokens):
    spec = spec_of(*MIXED, length=21, tracks=tracks)
    model, tokens = model_of("motif_cnn", spec), tokens[2:, 30:51].copy()
    signals = np.random.default_rng(1).random((2, tracks, 21)).astype(np.float32) if tracks else None

    def logit(window, row):
        beside = None if signals is None else torch.from_numpy(signals[row : row + 1])
        with torch.no_grad():
            return model(model.embed(torch.from_numpy(window[None]), beside))[0, 3].item()  # bound, then class 2

    effects, lost = np.zeros((2, 4, 21)), np.zeros((2, 21))
    for row in range(2):
        for place in range(21):
            for base in range(5):
                changed = tokens[row].copy()
                changed[place] = base
                change = logit(changed, row) - logit(tokens[row], row)
                if base < 4:
                    effects[row, base, place] = change
                else:
                    lost[row, place] = -change
    found = Attributor([model], "state", "2", Settings("mutagenesis"))(tokens, signals)
    np.testing.assert_allclose(found.hypothetical, effects - effects.mean(1, keepdims=True), atol=1e-5)
    found = Attributor([model], "state", "2", Settings("occlusion"))(tokens, signals)
    np.testing.assert_allclose(found.projected.sum(1), lost * (tokens < 4), atol=1e-5)
    assert found.hypothetical is None


def test_mutagenesis_is_tangermemes(tokens):
    theirs = pytest.importorskip("tangermeme.saturation_mutagenesis").saturation_mutagenesis
    model, tokens = model_of("motif_cnn"), tokens[:2]
    found = Attributor([model], "bound", settings=Settings("mutagenesis"))(tokens)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs(output(model, "bound"), one_hot(tokens), device="cpu", hypothetical=True)
    np.testing.assert_allclose(found.hypothetical, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "way"),
    [("motif_cnn", "fast"), ("basset", "fast"), ("motif_cnn", "whole"), ("motif_cnn", "without tangermeme")],
)
def test_mutagenesis_is_the_same_in_all_of_its_ways(name, way, tokens, monkeypatch):
    """Of N, of tracks and of both strands too: by what a change reaches, of whole windows, and by our own loop."""
    theirs = pytest.importorskip("tangermeme.saturation_mutagenesis")
    monkeypatch.setattr(theirs, "_FAST_MIN_SECONDS", 0.0 if way == "fast" else 1e9)
    monkeypatch.setattr(theirs, "_FAST_MAX_RELATIVE_TIME", 1e9)  # small ones are faster whole
    taken = []
    made = theirs._fast_path
    monkeypatch.setattr(theirs, "_fast_path", lambda *given: taken.append(made(*given)) or taken[-1])
    if way == "without tangermeme":
        monkeypatch.setitem(sys.modules, "tangermeme.saturation_mutagenesis", None)
    model, tokens = BothStrands(model_of(name, spec_of(tracks=1))).double(), tokens[:2].copy()
    tokens[1, 20:24] = 4
    signals = torch.from_numpy(np.random.default_rng(0).random((2, 1, LENGTH)))
    readout = for_inference(read_out(model, "bound", by_gradient=False))
    inputs = inputs_of(torch.from_numpy(tokens), tracks=signals)._replace(x=one_hot(tokens).double())
    found = mutagenesis(readout, inputs)
    with torch.inference_mode():
        outputs, effects = effects_of_changes(lambda x, tracks: readout(x, tracks)[:, 0], inputs.x, inputs.tracks)
    torch.testing.assert_close(found.hypothetical, effects - effects.mean(1, keepdim=True), atol=1e-9, rtol=0)
    torch.testing.assert_close(found.outputs, outputs, atol=1e-9, rtol=0)
    assert [fast is not None for fast, *_ in taken] == {"fast": [True], "whole": [False]}.get(way, [])


@pytest.mark.parametrize("name", ["motif_cnn", "basset", "wide"])
def test_deep_lift_is_tangermemes_as_users_call_it(name, tokens):
    """Equal values although batch norm is folded and maxima are taken in another layout."""
    theirs = pytest.importorskip("tangermeme.deep_lift_shap").deep_lift_shap
    model, tokens = model_of(name), tokens[:3]
    references = np.stack([np.random.default_rng(r).permuted(tokens, axis=1) for r in range(2)], axis=1)
    found = Attributor([model], "bound", settings=Settings("deep_lift"))(tokens, references=references)
    given = OneHot()(torch.from_numpy(references.reshape(-1, LENGTH))).view(3, 2, 4, LENGTH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = theirs(output(model, "bound"), one_hot(tokens), references=given, device="cpu", hypothetical=True)
    np.testing.assert_allclose(found.hypothetical, expected, atol=1e-4 * float(expected.abs().max()))


def test_gradients_are_captums(tokens):
    attr = pytest.importorskip("captum.attr")
    model, tokens = model_of("basset"), tokens[:3]
    x, one = one_hot(tokens), output(model, "bound")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        multiplied = attr.InputXGradient(one).attribute(x.clone().requires_grad_()).detach()
        empty = x.sum(1, keepdim=True).expand(-1, 4, -1) / 4
        path = attr.IntegratedGradients(one, multiply_by_inputs=False)
        slopes = path.attribute(x, baselines=empty, n_steps=32, method="gausslegendre").detach()
    raw = gradient(read_out(model, "bound"), x)
    torch.testing.assert_close(raw * x, multiplied, atol=1e-6, rtol=1e-4)
    settings = Settings("integrated_gradients", steps=32)
    found = settings.known.explain(
        read_out(model, "bound"), inputs_of(torch.from_numpy(tokens), references=empty.unsqueeze(1)), steps=32
    )
    torch.testing.assert_close(found.hypothetical, corrected(slopes), atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["motif_cnn_equivariant", "both_strands", "frss"])
def test_the_reverse_complement_gets_the_reverse_complement(name, method, tokens):
    if method == "deep_lift":
        pytest.importorskip("tangermeme")
    model = BothStrands(model_of("motif_cnn")) if name == "both_strands" else model_of(name)
    references = None
    if METHODS[method].references == "shuffled":
        references = np.stack([np.random.default_rng(r).permuted(tokens, axis=1) for r in range(2)], axis=1)
        references[3, :, 40:45] = 4
    attribute = Attributor([model], "bound", settings=Settings(method, steps=64 if "integrated" in method else None))
    found = attribute(tokens, references=references)
    turned_references = None if references is None else reverse_complement(references.reshape(-1, LENGTH))
    turned = attribute(
        reverse_complement(tokens),
        references=None if turned_references is None else turned_references.reshape(references.shape),
    )
    scale = np.abs(found.projected).max()
    np.testing.assert_allclose(turned.projected[:, ::-1, ::-1], found.projected, atol=1e-3 * scale)


@pytest.mark.parametrize("method", METHODS)
def test_tracks_are_held_fixed_and_other_tasks_are_not_looked_at(method, tokens):
    """trap 12: the task that is asked for, and no other."""
    if method == "deep_lift":
        pytest.importorskip("tangermeme")
    spec = spec_of(*MIXED, tracks=2)
    model = model_of("motif_cnn", spec)
    signals = np.random.default_rng(1).random((4, 2, LENGTH)).astype(np.float32)
    settings = Settings(method, n_references=2 if method == "deep_lift" else None)
    found = {of: Attributor([model], "state", of, settings)(tokens, signals) for of in "02"}
    with torch.no_grad():
        logits = model(torch.cat([one_hot(tokens), torch.from_numpy(signals)], dim=1))
    for of, each in found.items():
        assert each.projected.shape == (4, 4, LENGTH)
        np.testing.assert_allclose(each.outputs, logits[:, 1 + int(of)], rtol=1e-4, atol=1e-5)
    assert not np.allclose(found["0"].projected, found["2"].projected)
    other = Attributor([model], "state", "0", settings)(tokens, signals[::-1].copy())
    assert not np.allclose(found["0"].projected, other.projected)


@pytest.mark.parametrize("of", ["counts", "shape"])
@pytest.mark.parametrize("both", [False, True])
def test_counts_and_shape_of_a_profile_are_attributed_apart(of, both, rng):
    """chrombpnet#261: the two are not each other's."""
    pytest.importorskip("tangermeme")
    task = TaskSpec("reads", "profile", 2, 40, "flip_and_permute")
    spec = spec_of(task, length=40 + 20 + 10 + 2 * (2 + 4))
    network = network_of("bpnet", spec, filters=6, motif_width=11, profile_width=21, dilated=2)
    model = BothStrands(network) if both else network
    tokens = rng.integers(4, size=(3, spec.length)).astype(np.uint8)
    with torch.no_grad():
        logits = model(one_hot(tokens))
    shape = logits[:, :80].reshape(3, 2, 40)
    shape = shape - shape.mean(2, keepdim=True)
    expected = {"counts": logits[:, 80:].mean(1), "shape": (shape.softmax(2) * shape).sum((1, 2))}[of]
    for method in METHODS:
        found = Attributor([model], "reads", of, Settings(method))(tokens)
        np.testing.assert_allclose(found.outputs, expected, rtol=1e-4, atol=1e-5)
        assert np.abs(found.projected).max() > 0
    sums = Attributor([model], "reads", of, Settings("deep_lift", n_references=4))(tokens)
    np.testing.assert_allclose(sums.projected.sum((1, 2)), sums.differences, atol=1e-3)


def test_the_mean_over_seeds_and_their_spread(tokens):
    models = [network_of("motif_cnn", spec_of(*BOUND), seed) for seed in range(3)]
    together = Attributor(models, "bound")(tokens)
    alone = np.stack([Attributor([model], "bound")(tokens).projected for model in models])
    np.testing.assert_allclose(together.projected, alone.mean(0), atol=1e-6)
    np.testing.assert_allclose(together.spread, alone.sum(2).std(0, ddof=1), atol=1e-6)
    assert Attributor(models[:1], "bound")(tokens).spread is None


def test_a_model_is_as_it_was(tokens):
    model = model_of("basset").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for method in ("gradient_x_input", "mutagenesis"):
        Attributor([model], "bound", settings=Settings(method))(tokens[:1, :])
    assert model.training and all(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_batches_change_nothing(tokens):
    pytest.importorskip("tangermeme")
    model = model_of("motif_cnn")
    for method in ("gradient_x_input", "deep_lift", "mutagenesis"):
        whole, pieces = (Attributor([model], "bound", settings=Settings(method), batch_size=b)(tokens) for b in (4, 1))
        np.testing.assert_allclose(whole.projected, pieces.projected, atol=1e-5)


class Squared(torch.nn.Module):
    """A nonlinearity that is no module of a kind that DeepLIFT has a rule for."""

    def __init__(self, network):
        super().__init__()
        self.network, self.spec = network, network.spec

    def forward(self, x):
        return (self.network(x) * 5) ** 2


def test_what_does_not_add_up_is_refused(tokens):
    """trap 9: other libraries say nothing, and the logos look as good as any."""
    pytest.importorskip("tangermeme")
    model = Squared(model_of("motif_cnn"))
    with pytest.raises(UserError, match=r"does not add up: in \d of 4 windows(.|\n)*integrated_gradients"):
        Attributor([model], "bound", settings=Settings("deep_lift", n_references=2))(tokens)
    Attributor([model], "bound", settings=Settings("integrated_gradients", steps=64))(tokens)


def test_references_that_are_the_window_are_told_or_refused(tokens):
    pytest.importorskip("tangermeme")
    model = model_of("motif_cnn")
    attribute = Attributor([model], "bound", settings=Settings("deep_lift", n_references=2))
    with pytest.raises(UserError, match="window itself"):
        attribute(tokens, references=tokens[:, None])
    tokens = tokens.copy()
    tokens[1] = 0  # of one base alone, every order is the same
    found = attribute(tokens)
    assert list(found.is_its_reference) == [False, True, False, False]
    assert not found.projected[1].any()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"method": "deeplift"}, r"did you mean deep_lift\?"),
        ({"method": "saliency", "references": "uniform"}, "--references: does not go with saliency"),
        ({"method": "deep_lift", "references": "zeros"}, "'zeros' is not known"),
        ({"method": "deep_lift", "references": "uniform", "n_references": 3}, "draws no references"),
        ({"method": "deep_lift", "steps": 3}, "--steps: does not go with deep_lift"),
        ({"method": "integrated_gradients", "steps": 0}, "take 1 or more"),
    ],
)
def test_settings_that_do_nothing_are_refused(given, said):
    with pytest.raises(UserError, match=said):
        Settings(**given)


def test_references_do_not_go_with_methods_that_hold_against_nothing(tokens):
    with pytest.raises(UserError, match="against nothing"):
        Attributor([model_of("motif_cnn")], "bound")(tokens, references=tokens[:, None])


@pytest.mark.parametrize(
    ("task", "of", "said"),
    [
        ("bond", None, r"no task 'bond'; did you mean bound\?(.|\n)*bound, state, level"),
        ("state", None, "more than one number; it has classes: 0, 1, 2"),
        ("state", "3", "no '3'"),
        ("bound", "1", "one logit"),
    ],
)
def test_the_task_and_what_of_it_must_be_said(task, of, said):
    """trap 12."""
    with pytest.raises(UserError, match=said):
        read_out(network_of("motif_cnn", spec_of(*MIXED)), task, of)


@pytest.mark.parametrize("reading", ["maximum", "average_probabilities"])
def test_readings_that_are_no_mean_are_refused_by_gradients_and_mutated(reading, tokens):
    model = BothStrands(model_of("motif_cnn"), reading)
    with pytest.raises(UserError, match=r"--reverse-complement average"):
        Attributor([model], "bound")
    found = Attributor([model], "bound", settings=Settings("mutagenesis"))(tokens[:1])
    assert np.abs(found.projected).max() > 0


def test_models_of_words_are_mutated(tokens):
    from cislearn.models.network import build_network

    model = build_network("motif_cnn", spec_of(), {}, kmers={"k": [3], "dim": 4, "frozen": False}).eval()
    for method in ("gradient_x_input", "deep_lift"):
        with pytest.raises(UserError, match="Take mutagenesis or occlusion"):
            Attributor([model], "bound", settings=Settings(method))
    for method in ("mutagenesis", "occlusion"):
        found = Attributor([model], "bound", settings=Settings(method))(tokens[:1])
        assert np.abs(found.projected).max() > 0


def test_without_tangermeme_deep_lift_says_what_to_install_and_gradients_work(monkeypatch, tokens):
    import sys

    monkeypatch.setitem(sys.modules, "tangermeme.deep_lift_shap", None)
    with pytest.raises(UserError, match=r"cislearn\[explain\]"):
        Attributor([model_of("motif_cnn")], "bound", settings=Settings("deep_lift"))(tokens)
    Attributor([model_of("motif_cnn")], "bound")(tokens)
