from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from cislearn.baselines import BATTERY, Windows, baseline, windows
from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc
from cislearn.motifs.jaspar import jaspar, jaspar_vertebrates
from cislearn.motifs.sampling import sample_instances
from cislearn.motifs.scanning import best_matches
from cislearn.sequence.composition import count_words
from cislearn.sequence.strand import reverse_complement

CHROMOSOMES = np.array(["|chr1", "|chr2", ""])


@pytest.fixture
def planted(rng):
    """Half of the windows hold GABPA on either strand, and most of these lie on chr1."""
    tokens = rng.integers(0, 4, (600, 60)).astype(np.uint8)
    labels = np.arange(600) % 2
    sites = sample_instances(jaspar("MA0062.4"), 300, rng)
    for row, site in zip(np.flatnonzero(labels), sites, strict=True):
        at = rng.integers(0, 50)
        tokens[row, at : at + 10] = site if row % 4 == 1 else reverse_complement(site)
    return Windows(tokens, CHROMOSOMES[(rng.random(600) > 0.2 + 0.6 * labels).astype(int)]), labels


@pytest.mark.parametrize("name", BATTERY)
def test_fitted_saved_and_read_again_says_the_same(planted, name):
    windows, labels = planted
    model = baseline(name)
    model.fit(windows, labels)
    again = baseline(name, json.loads(json.dumps(model.parameters())))
    assert again.detail == model.detail
    np.testing.assert_allclose(again.predict(windows), model.predict(windows), atol=1e-5)
    assert model.predict(windows).shape == (600,)
    turned = Windows(reverse_complement(windows.tokens), windows.chromosomes)
    np.testing.assert_allclose(model.predict(windows), model.predict(turned), atol=1e-3)


@pytest.mark.parametrize("name", BATTERY)
@pytest.mark.parametrize("length", [1, 5, 30])
def test_windows_of_n_only_and_a_handful_of_rows_are_no_error(name, length):
    windows, labels = Windows(np.full((4, length), 4, np.uint8)), np.array([0, 1, 1, 0])
    model = baseline(name)
    model.fit(windows, labels)
    assert (model.predict(windows) == model.predict(windows)[0]).all()


def test_the_motif_that_ranks_best_is_chosen(planted):
    """Against the AUROC of each motif, one by one."""
    windows, labels = planted
    ranks = [auroc(labels, matches) for matches in windows.matches(list(jaspar_vertebrates())).T]
    model = baseline("best_motif")
    model.fit(windows, labels)
    best = list(jaspar_vertebrates())[int(np.argmax(ranks))]
    assert model.parameters()["chosen"] == [best]
    family = {"GABPA", "ELK1", "ELK3", "ELK4", "ETV1", "ETV4", "ETV5", "ETV6", "ELF1", "ELF4", "ETS1", "ERF", "FLI1"}
    assert jaspar(best).name in family
    assert auroc(labels, model.predict(windows)) > 0.85
    two = baseline("best_two_motifs")
    two.fit(windows, labels)
    assert two.parameters()["chosen"][0] == best
    assert auroc(labels, two.predict(windows)) >= auroc(labels, model.predict(windows)) - 1e-6


def test_models_and_tasks_share_one_scan_and_one_count(planted, monkeypatch):
    seen, labels = planted
    scanned, counted = [], []

    def scan(tokens, motifs):
        scanned.append(len(motifs))
        return best_matches(tokens, motifs)

    monkeypatch.setattr(windows, "best_matches", scan)
    monkeypatch.setattr("cislearn.baselines.kmers.count_words", lambda *of: counted.append(of) or count_words(*of))
    for answers in (labels, 1 - labels, np.roll(labels, 1)):
        for name in ("6-mer_logistic", "best_motif", "best_two_motifs"):
            baseline(name).fit(seen, answers)
    assert scanned.count(879) == 1
    assert len(counted) == 1


def test_gc_content_is_a_logistic_regression_on_one_number(rng):
    tokens = (rng.random((400, 50, 1)) < np.linspace(0.2, 0.5, 400)[:, None, None]).astype(np.uint8)[:, :, 0]
    labels = (np.linspace(0.2, 0.5, 400) + 0.1 * rng.normal(size=400) > 0.35).astype(int)
    model = baseline("GC_content")
    model.fit(Windows(tokens), labels)
    share = tokens.mean(axis=1)[:, None]
    oracle = LogisticRegression(C=1.0).fit((share - share.mean()) / share.std(), labels)
    logits = oracle.decision_function((share - share.mean()) / share.std())
    np.testing.assert_allclose(model.predict(Windows(tokens)), logits, atol=1e-3)


def test_a_window_of_several_domains_does_not_choose_the_penalty_that_learns_it_by_heart(rng):
    """trap 17: labels drawn at random, each window with its other strand. Where one is set aside, so is the other."""
    once, answers = rng.integers(0, 4, (300, 60)).astype(np.uint8), rng.integers(0, 2, 300)
    order = rng.permutation(600)
    tokens, labels = np.concatenate([once, reverse_complement(once)])[order], np.tile(answers, 2)[order]
    model = baseline("6-mer_logistic")
    model.fit(Windows(tokens), labels)
    counts = np.sqrt(count_words(tokens, 6))
    features = (counts - model.mean) / model.scale
    sizes = [np.linalg.norm(LogisticRegression(C=c, max_iter=300).fit(features, labels).coef_) for c in model.strengths]
    assert np.linalg.norm(model.weights) < 1.1 * sizes[1] < 0.5 * sizes[-1], sizes


@given(data=st.lists(st.tuples(st.sampled_from(["|chr1", "g|chr1", "|chrX", ""]), st.booleans()), min_size=2))
def test_log_odds_by_chromosome_against_counts(data):
    labels = np.array([answer for _, answer in data], dtype=int)
    assume(0 < labels.sum() < len(labels))
    chromosomes = np.array([name for name, _ in data])
    model = baseline("chromosome_of_origin")
    model.fit(Windows(np.zeros((len(data), 3), np.uint8), chromosomes), labels)
    asked = np.array(["|chr1", "g|chr1", "|chrX", "", "|chrNew"])
    share = labels.mean()
    expected = []
    for name in asked:
        mine = labels[(chromosomes == name) & (name != "")]
        expected.append(np.log((mine.sum() + share) / ((1 - mine).sum() + 1 - share)))
    found = model.predict(Windows(np.zeros((5, 3), np.uint8), asked))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    overall = np.log(share / (1 - share))
    np.testing.assert_allclose(found[3:], overall, rtol=1e-5, atol=1e-6)
    assert model.predict(Windows(np.zeros((2, 3), np.uint8)))[0] == pytest.approx(overall, abs=1e-5)


def test_the_chromosome_that_stands_out_is_told():
    model = baseline("chromosome_of_origin")
    chromosomes = np.repeat(["hg19|chr1", "hg19|chr2", "hg19|chr3"], [10, 5, 5])
    model.fit(Windows(np.zeros((20, 3), np.uint8), chromosomes), np.repeat([0, 1], [9, 11]))
    assert model.detail == "positive: 10% on hg19 chr1, 100% elsewhere"


def test_an_unknown_name_is_refused():
    with pytest.raises(UserError, match="did you mean best_motif"):
        baseline("best_motiv")
