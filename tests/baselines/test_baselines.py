from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from cislearn.baselines import BATTERY, baseline
from cislearn.baselines.kmers import count_kmers
from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.sampling import sample_instances
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode


@pytest.fixture
def planted(rng):
    """Half of the windows hold GABPA on either strand, and half of those are a little richer in GC."""
    tokens = rng.integers(0, 4, (600, 60)).astype(np.uint8)
    labels = np.arange(600) % 2
    sites = sample_instances(jaspar("MA0062.4"), 300, rng)
    for row, site in zip(np.flatnonzero(labels), sites, strict=True):
        at = rng.integers(0, 50)
        tokens[row, at : at + 10] = site if row % 4 == 1 else reverse_complement(site)
    return tokens, labels


@pytest.mark.parametrize("k", [1, 2, 3])
def test_words_are_counted_on_both_strands(rng, k):
    tokens = rng.integers(0, 5, (5, 30)).astype(np.uint8)
    counts = count_kmers(tokens, k)
    assert counts.shape[1] == {1: 2, 2: 10, 3: 32}[k]
    np.testing.assert_array_equal(counts, count_kmers(reverse_complement(tokens), k))
    for row, found in zip(tokens, counts, strict=True):
        words = Counter(decode(row)[i : i + k] for i in range(31 - k))
        other = lambda word: decode(reverse_complement(np.array(["ACGT".index(b) for b in word], np.uint8)))  # noqa: E731
        joined: Counter = Counter()
        for word, n in words.items():
            if "N" not in word:
                joined[min(word, other(word))] += n
        assert sorted(joined.values()) == sorted(found[found > 0])


def test_six_mers_have_2080_columns():
    assert count_kmers(np.zeros((1, 6), np.uint8), 6).shape == (1, 2080)
    assert count_kmers(np.zeros((1, 5), np.uint8), 6).sum() == 0


@pytest.mark.parametrize("name", BATTERY)
def test_fitted_saved_and_read_again_says_the_same(planted, name):
    tokens, labels = planted
    model = baseline(name)
    model.fit(tokens, labels)
    again = baseline(name, json.loads(json.dumps(model.parameters())))
    assert again.detail == model.detail
    np.testing.assert_allclose(again.predict(tokens), model.predict(tokens), atol=1e-5)
    assert model.predict(tokens).shape == (600, 1)
    np.testing.assert_allclose(model.predict(tokens), model.predict(reverse_complement(tokens)), atol=1e-3)


def test_the_planted_motif_is_chosen(planted):
    tokens, labels = planted
    model = baseline("best_motif")
    model.fit(tokens, labels)
    assert jaspar(model.parameters()["chosen"][0]).name in {
        "GABPA",
        "ELK1",
        "ELK4",
        "ETV1",
        "ELF1",
        "ETS1",
        "ELK3",
        "ETV4",
        "ERF",
        "FLI1",
        "ELF4",
        "ETV5",
        "ETV6",
    }
    assert auroc(labels, model.predict(tokens)[:, 0]) > 0.85


def test_gc_content_is_a_logistic_regression_on_one_number(rng):
    tokens = (rng.random((400, 50, 1)) < np.linspace(0.2, 0.5, 400)[:, None, None]).astype(np.uint8)[:, :, 0]
    labels = (np.linspace(0.2, 0.5, 400) + 0.1 * rng.normal(size=400) > 0.35).astype(int)
    model = baseline("GC_content")
    model.fit(tokens, labels)
    share = tokens.mean(axis=1)[:, None]
    oracle = LogisticRegression(C=1.0).fit((share - share.mean()) / share.std(), labels)
    logits = oracle.decision_function((share - share.mean()) / share.std())
    assert np.corrcoef(model.predict(tokens)[:, 0], logits)[0, 1] > 0.9999


def test_an_unknown_name_is_refused():
    with pytest.raises(UserError, match="did you mean best_motif"):
        baseline("best_motiv")
