from __future__ import annotations

import pytest
import torch

import cislearn
from cislearn.errors import UserError
from cislearn.kmers.vectors import KmerVectors
from cislearn.models.conjoined import Conjoined
from cislearn.models.inference import for_inference
from cislearn.models.kmer_input import KmerInput
from cislearn.models.network import build_network, output
from cislearn.models.saving import ModelCard, load_network, save_model
from cislearn.models.strands import BothStrands, Ensemble, other_strand, strand_logits
from cislearn.models.summary import summarise
from cislearn.objectives.objective import objectives
from cislearn.prediction.members import Members
from cislearn.schema import DataSpec, InputSpec, TaskSpec
from cislearn.sequence.strand import reverse_complement
from tests.models.conftest import one_hot_windows

KMERS = {"k": [3], "dim": 5, "frozen": False}
SEVERAL = {"k": [2, 3, 4], "dim": 3, "frozen": False}


def slow_map(layer: KmerInput, tokens: torch.Tensor) -> torch.Tensor:
    """The word about each base, spelled out."""
    n, length = tokens.shape
    rows = torch.zeros(n, layer.channels, length)
    for i in range(n):
        for place in range(length):
            for part, k in enumerate(layer.k):
                first = place - (k - 1) // 2
                word = [int(tokens[i, at]) if 0 <= at < length else 4 for at in range(first, first + k)]
                if max(word) < 4:
                    number = int("".join(map(str, word)), 4)
                    vectors = layer.get_parameter(f"vectors_{k}")
                    rows[i, part * layer.dim : (part + 1) * layer.dim, place] = vectors[number]
    return rows


def tokens_of(n: int, length: int) -> torch.Tensor:
    return torch.randint(0, 5, (n, length), dtype=torch.uint8)


@pytest.mark.parametrize("k", [[1], [3], [2, 3, 4], [6]])
def test_the_map_is_that_of_words_spelled_out(k):
    spec = DataSpec((TaskSpec("bound"),), ("a",), length=23)
    network = build_network("motif_cnn", spec, kmers={"k": k, "dim": 3, "frozen": False})
    tokens = tokens_of(4, 23)
    with torch.no_grad():
        found = network.kmers(network.embed(tokens))
    torch.testing.assert_close(found, slow_map(network.kmers, tokens), rtol=0, atol=0)


def test_words_of_one_base_with_unit_vectors_are_one_hot():
    layer = KmerInput([1], 4)
    with torch.no_grad():
        layer.vectors_1[:4] = torch.eye(4)
    x = one_hot_windows(3, 40)
    torch.testing.assert_close(layer(x), x, rtol=0, atol=0)


def test_words_are_the_same_in_mixed_precision():
    layer, x = KmerInput([6], 2), one_hot_windows(3, 40)
    expected = layer(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)


@pytest.mark.parametrize("kmers", [KMERS, SEVERAL])
def test_the_other_strand_is_made_of_bases_and_not_of_the_map(bound, kmers):
    """trap 1: a map of words flipped along both axes is no reverse complement, whatever their order."""
    network, tokens = build_network("motif_cnn", bound, kmers=kmers).eval(), tokens_of(4, 101)
    turned = torch.from_numpy(reverse_complement(tokens.numpy()))
    x = network.embed(tokens)
    with torch.no_grad():
        expected = torch.stack([network(x), network(network.embed(turned))], dim=1)
        torch.testing.assert_close(strand_logits(network, x), expected)
        for of_both in (BothStrands, Conjoined):
            torch.testing.assert_close(of_both(network).eval()(x), expected.mean(1))
        flipped = network.kmers(x).flip(1, 2)
        assert not torch.allclose(network.kmers(other_strand(x, bound)), flipped)
        said = Members([BothStrands(network)] * 2)(tokens.numpy())
    torch.testing.assert_close(torch.from_numpy(said.logits[:, 0]), expected.mean(1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(torch.from_numpy(said.gaps), expected[:, 0] - expected[:, 1], rtol=1e-4, atol=1e-5)


def test_tracks_stay_below_and_turn_by_their_rule():
    spec = DataSpec((TaskSpec("bound"),), ("a",), length=30, inputs=(InputSpec("signal", "track", 2, "flip"),))
    network, tokens, tracks = (
        build_network("motif_cnn", spec, kmers=KMERS).eval(),
        tokens_of(3, 30),
        torch.rand(3, 2, 30),
    )
    x = network.embed(tokens, tracks)
    assert x.shape == (3, 6, 30)
    torch.testing.assert_close(network.kmers(x)[:, 5:], tracks, rtol=0, atol=0)
    turned = network.embed(torch.from_numpy(reverse_complement(tokens.numpy())), tracks.flip(2))
    torch.testing.assert_close(other_strand(x, spec), turned, rtol=0, atol=0)
    assert network(x).shape == (3, 1)


@pytest.mark.parametrize("encoder", ["basset", "alexnet", "inception"])
def test_other_encoders_read_words(encoder):
    spec = DataSpec((TaskSpec("bound"),), ("a",), length=200)
    assert build_network(encoder, spec, kmers=KMERS).eval()(one_hot_windows(2, 200)).shape == (2, 1)


def test_wide_reads_words_without_its_motifs(bound):
    small = {"detectors": 8, "channels": 8}
    assert build_network("wide", bound, small | {"known": 0}, kmers=KMERS).eval()(one_hot_windows(2, 101)).shape == (
        2,
        1,
    )
    with pytest.raises(UserError, match="begins with known motifs"):
        build_network("wide", bound, small, kmers=KMERS)


@pytest.mark.parametrize(
    ("encoder", "options", "reason"),
    [
        ("motif_cnn", {"layers": "equivariant"}, "vectors of words have none"),
        ("dann_tf", {}, "four channels of bases alone"),
    ],
)
def test_encoders_that_must_know_the_bases_are_refused(bound, encoder, options, reason):
    with pytest.raises(UserError, match=reason) as error:
        build_network(encoder, bound, options, kmers=KMERS)
    assert error.value.fix


def test_the_ladder_is_refused(bound):
    network = build_network("basset", DataSpec((TaskSpec("bound"),), ("a",), length=200), kmers=KMERS)
    with pytest.raises(UserError, match="words have no noise"):
        objectives.get("ladder")().setup(network, network.spec)


@pytest.mark.parametrize("frozen", [False, True])
def test_frozen_vectors_stay_and_others_learn_but_for_n(bound, frozen):
    network = build_network("motif_cnn", bound, kmers=KMERS | {"frozen": frozen})
    before = network.kmers.vectors_3.detach().clone()
    trained = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(trained, lr=1.0)
    network(network.embed(tokens_of(20, 101))).sum().backward()
    optimiser.step()
    changed = (network.kmers.vectors_3 != before).any(1)
    assert changed.any() != frozen
    assert not changed[-1]
    assert not network.kmers.vectors_3[-1].any()


def test_a_frozen_encoder_keeps_its_words(bound):
    network = build_network("motif_cnn", bound, kmers=KMERS)
    network.freeze_encoder()
    assert {name.partition(".")[0] for name, p in network.named_parameters() if p.requires_grad} == {"head"}


def test_learned_vectors_are_taken_over_at_the_length_of_one_hot():
    table = torch.cat([7 * torch.randn(64, 5), torch.zeros(1, 5)])
    layer = KmerInput([3], 5)
    layer.begin_with(KmerVectors({3: table}), "v")
    torch.testing.assert_close(layer.vectors_3 / layer.vectors_3[0, 0], table / table[0, 0])
    torch.testing.assert_close(layer.vectors_3[:-1].square().sum(1).mean(), torch.tensor(1.0))


@pytest.mark.parametrize(("k", "dim", "reason"), [([2], 5, "of 3 bases, not of 2"), ([3], 4, "length 5, and .* is 4")])
def test_vectors_of_other_words_are_refused(k, dim, reason):
    with pytest.raises(UserError, match=reason):
        KmerInput(k, dim).begin_with(KmerVectors({3: torch.zeros(65, 5)}), "v")


def test_a_saved_model_needs_no_vectors_but_its_own(bound, tmp_path):
    network, x = build_network("motif_cnn", bound, kmers=SEVERAL).eval(), one_hot_windows(3, 101)
    save_model(tmp_path, network, ModelCard("motif_cnn", bound, kmers=SEVERAL))
    again = load_network(tmp_path)
    torch.testing.assert_close(again(x), network(x), rtol=0, atol=0)
    torch.testing.assert_close(for_inference(again)(x), network(x))


def test_a_summary_tells_the_words(bound):
    first, second, *_ = summarise(build_network("motif_cnn", bound, kmers=SEVERAL))
    assert (first.kind, first.shape, first.parameters) == ("KmerInput", (9, 101), 3 * (17 + 65 + 257))
    assert (first.receptive_field, second.receptive_field) == (4, 22)


def test_attribution_by_gradients_is_refused_wherever_it_is_asked_for(bound):
    """A look-up's gradient is 0 or absent, which a tool would take for bases that do not matter."""
    network, x = build_network("motif_cnn", bound, kmers=KMERS).eval(), one_hot_windows(2, 101)
    for model in (network, BothStrands(network), Conjoined(network), Ensemble([network, network])):
        with pytest.raises(UserError, match="no derivative") as error:
            output(model, "bound")
        assert "saturation_mutagenesis" in error.value.fix
    with pytest.raises(UserError, match="no derivative"):
        network(x.requires_grad_())
    assert callable(cislearn.saturation_mutagenesis)
