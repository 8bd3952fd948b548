from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from cislearn.models.kmer_counts import KmerCounts, without_counts
from cislearn.models.network import OneHot, build_network, output
from cislearn.models.saving import ModelCard, load_network, save_model
from cislearn.models.strands import BothStrands, Ensemble
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.tokens import decode, encode

K = 3
SPEC = DataSpec(length=30, tasks=(TaskSpec("a"), TaskSpec("b")), domains=("one",))
WINDOWS = np.random.default_rng(0).integers(0, 5, size=(20, 30), dtype=np.uint8)  # a fifth of the bases are N


def one_hot(tokens: np.ndarray) -> torch.Tensor:
    return OneHot()(torch.from_numpy(tokens))


def random_counts() -> tuple[KmerCounts, dict[str, float]]:
    """Counts for both logits, and the second one's weight of each word as text."""
    counts, rng = KmerCounts(K, 2), np.random.default_rng(1)
    words = [decode(np.array([n // 16, n // 4 % 4, n % 4], dtype=np.uint8)) for n in range(4**K)]
    weights = rng.normal(size=4**K).astype(np.float32)
    weights = np.array([weights[min(n, words.index(turned(word)))] for n, word in enumerate(words)])
    counts.take(0, np.zeros(4**K, dtype=np.float32), 1.0, 0.0)
    counts.take(1, weights, 0.5, -0.25)
    return counts, dict(zip(words, weights.tolist(), strict=True))


def turned(word: str) -> str:
    return word[::-1].translate(str.maketrans("ACGT", "TGCA"))


def network() -> nn.Module:
    torch.manual_seed(0)
    return build_network("motif_cnn", SPEC, {"motifs": 4, "pairs": 4}).eval()


def test_counts_add_what_words_weigh_letter_by_letter():
    counts, weights = random_counts()
    logits = torch.randn(20, 2)
    joined = counts(logits, one_hot(WINDOWS))
    for window, before, after in zip(WINDOWS, logits, joined, strict=True):
        text = decode(window)
        told = sum(weights.get(text[i : i + K], 0.0) for i in range(30 - K + 1))  # words with N weigh nothing
        assert after[0] == before[0]
        assert after[1].item() == pytest.approx(0.5 * before[1].item() - 0.25 + told, abs=1e-5)


def test_both_strands_are_given_the_same_also_where_the_reverse_complement_moves_the_n():
    counts, _ = random_counts()
    x = one_hot(WINDOWS)
    zero = torch.zeros(20, 2)
    assert torch.allclose(counts(zero, x), counts(zero, x.flip(1, 2)), atol=1e-5)


def test_tracks_below_the_bases_are_no_words():
    counts, _ = random_counts()
    x = one_hot(WINDOWS)
    zero = torch.zeros(20, 2)
    assert torch.equal(counts(zero, torch.cat([x, torch.rand(20, 2, 30)], dim=1)), counts(zero, x))


def test_a_window_of_the_length_of_one_word_has_one():
    counts, weights = random_counts()
    found = counts(torch.zeros(1, 2), one_hot(encode("GAT")[None]))
    assert found[0, 1].item() == pytest.approx(weights["GAT"] - 0.25)


def test_a_network_predicts_with_its_counts_and_objectives_see_none():
    model, (counts, _) = network(), random_counts()
    x = one_hot(WINDOWS)
    bare = model(x)
    model.kmer_counts = counts
    assert torch.equal(model.classify(model.features(x)), bare)
    assert torch.equal(model(x), counts(bare, x))


def test_counts_are_saved_with_the_network(tmp_path):
    model, (counts, _) = network(), random_counts()
    model.kmer_counts = counts
    save_model(tmp_path, model, ModelCard("motif_cnn", SPEC, {"motifs": 4, "pairs": 4}))
    loaded = load_network(tmp_path)
    x = one_hot(WINDOWS)
    assert torch.equal(loaded(x), model(x))
    assert loaded.kmer_counts is not None and loaded.kmer_counts.k == K


@pytest.mark.parametrize("wrap", [lambda m: m, BothStrands, lambda m: Ensemble([m, BothStrands(m)])])
def test_what_is_attributed_is_the_networks_share_and_sums_to_its_delta(wrap):
    model, (counts, _) = network(), random_counts()
    x = one_hot(WINDOWS)
    bare = wrap(network())(x)[:, 1:]
    model.kmer_counts = counts
    share = output(wrap(model), "b")
    assert torch.allclose(share(x), 0.5 * bare, atol=1e-6)
    x.requires_grad_(True)
    assert share(x).sum().backward() is None and x.grad.abs().sum() > 0
    assert isinstance(model.kmer_counts, KmerCounts)  # the model itself keeps them


def test_a_model_without_counts_is_given_back_as_it_is():
    model = network()
    assert without_counts(model) is model


def test_the_heaviest_words_are_told_once_for_both_strands():
    counts, weights = random_counts()
    found = counts.heaviest(1, 5)
    magnitudes = sorted({abs(weight) for weight in weights.values()}, reverse=True)
    assert [abs(weight) for _, weight in found] == pytest.approx(magnitudes[:5])
    assert all(weights[word] == pytest.approx(weight) for word, weight in found)
    assert len({min(word, turned(word)) for word, _ in found}) == 5


def test_words_of_one_weight_are_all_told():
    """Words that stand in the same windows alone have the same weight: one of them was told for all."""
    counts, weights = KmerCounts(2, 1), np.zeros(16, dtype=np.float32)
    weights[[0b0001, 0b0010]] = 3.0  # AC and AG, each lesser than its reverse complement
    counts.take(0, weights, 1.0, 0.0)
    assert sorted(counts.heaviest(0, 2)) == [("AC", 3.0), ("AG", 3.0)]
