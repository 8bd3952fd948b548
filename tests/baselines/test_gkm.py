"""gkm-SVM: the kernel against its definition, the machine against scikit-learn's and LS-GKM's own predictions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from scipy.sparse import csr_array
from sklearn.svm import SVC

from cislearn.baselines import Windows, baseline, gapped_kmers
from cislearn.baselines.gkm import GkmKernel, GkmSVM, expected_cost, gram_matrix, normalised, products, squared_norms
from cislearn.baselines.gkm.lmers import find_lmers, read_sequences
from cislearn.baselines.gkm.mismatches import estimate, mismatch_weights
from cislearn.baselines.gkm.svm import fit_machine
from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc
from cislearn.genome.fasta import read_fasta
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode
from tests.baselines import reference

KINDS = ("gapped", "truncated", "centred")
SMALL = GkmKernel("truncated", 6, 4, 2)


def raw(kernel, sequences):
    return gram_matrix(kernel, kernel.lmers(read_sequences(sequences, kernel.l)))


@pytest.fixture
def ragged(rng):
    """Tokens of 5 to 40 bases, a tenth of them N."""
    return [rng.choice(5, size=n, p=[0.3, 0.2, 0.2, 0.2, 0.1]).astype(np.uint8) for n in (5, 6, 17, 40, 33, 22, 8)]


@pytest.fixture
def planted(rng):
    """Half of the sequences hold TGACTCAGCA on either strand, of lengths from 40 to 60."""
    tokens = [rng.integers(0, 4, n).astype(np.uint8) for n in rng.integers(40, 61, 120)]
    site = np.array([3, 2, 0, 1, 3, 1, 0, 2, 1, 0], dtype=np.uint8)
    labels = np.arange(120) % 2
    for row in np.flatnonzero(labels):
        at = rng.integers(0, 30)
        tokens[row][at : at + 10] = site if row % 4 == 1 else reverse_complement(site)
    return tokens, labels


@pytest.mark.parametrize(("l", "k"), [(3, 1), (4, 2), (4, 4), (5, 3)])
def test_estimates_are_those_of_the_pseudo_inverse(l, k):  # noqa: E741
    ours = [estimate(l, k, m) for m in range(l + 1)]
    np.testing.assert_allclose(ours, reference.pinv_filter(l, k), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("l", "k"), [(3, 2), (5, 3)])
def test_mismatch_weights_against_all_words(kind, l, k):  # noqa: E741
    np.testing.assert_allclose(mismatch_weights(kind, l, k, l), reference.weights(kind, l, k), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("l", "k", "d"), [(5, 3, 0), (5, 3, 1), (5, 3, 2), (5, 4, 5), (4, 1, 3)])
def test_kernel_is_its_definition(ragged, kind, l, k, d):  # noqa: E741
    """Both strands, N, ragged lengths; traps 1 and 7: a wrong complement, or an N that is left where it was."""
    ours = raw(GkmKernel(kind, l, k, d), ragged)
    np.testing.assert_allclose(ours, reference.kernel(ragged, kind, l, k, d), rtol=1e-6, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    texts=st.lists(st.text("ACGTN", min_size=4, max_size=12), min_size=1, max_size=3),
    kind=st.sampled_from(KINDS),
    d=st.integers(0, 4),
)
def test_kernel_of_any_letters(texts, kind, d):
    found = reference.kernel(texts, kind, 4, 2, d)
    np.testing.assert_allclose(raw(GkmKernel(kind, 4, 2, d), texts), found, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_norms_are_the_diagonal(ragged, kind):
    kernel = GkmKernel(kind, 5, 3, 2)
    lmers = kernel.lmers(read_sequences(ragged, 5))
    np.testing.assert_allclose(squared_norms(kernel, lmers), np.diag(gram_matrix(kernel, lmers)), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_either_strand_is_the_same_sequence(ragged, kind):
    """Trap 1; and for ``centred`` with an even number of words, where LS-GKM's centre is off by half a word."""
    turned = [reverse_complement(tokens) for tokens in ragged]
    similarity, norms = normalised(raw(GkmKernel(kind, 5, 3, 2), ragged + turned))
    n = len(ragged)
    np.testing.assert_allclose(similarity[:n, n:], similarity[:n, :n], atol=1e-9)
    np.testing.assert_allclose(np.diag(similarity), norms > 0, atol=1e-9)
    assert (norms > 0).sum() == 2 * (n - 1), "one has an N in each of its words"


def test_many_tiles_and_threads_are_as_one(rng, monkeypatch):
    tokens = list(rng.integers(0, 4, (30, 25)).astype(np.uint8))
    whole = raw(SMALL, tokens)
    monkeypatch.setattr(products, "ROWS", 7)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    np.testing.assert_array_equal(raw(SMALL, tokens), whole)
    mkl = [products.with_mkl] if torch.backends.mkl.is_available() else []
    for multiply in (products.with_blas, products.with_scipy, *mkl):
        monkeypatch.setattr(products, "fastest", lambda counts, multiply=multiply: multiply)
        np.testing.assert_array_equal(raw(SMALL, tokens), whole)


def test_full_counts_are_multiplied_as_dense_matrices():
    empty, full = csr_array((9, 9), dtype=np.float32), csr_array(np.ones((9, 9), np.float32))
    assert products.fastest(full) is products.with_blas
    assert products.fastest(empty) is not products.with_blas


def test_a_long_repeat_is_exact(rng):
    """Counts of 1,000 and products of millions: what float16 or a uint8 count would spoil; trap 21."""
    tokens = np.zeros(1_000, np.uint8)
    kernel = GkmKernel("gapped", 6, 4, 2)
    assert raw(kernel, [tokens])[0, 0] == 2 * 995**2 * 15
    assert squared_norms(kernel, kernel.lmers([tokens]))[0] == 2 * 995**2 * 15


def test_progress_and_cost_are_told(planted):
    tokens, _ = planted
    heard = []
    gram_matrix(SMALL, SMALL.lmers(tokens), lambda text, done, total: heard.append((done, total)))
    assert heard == [(i, len(SMALL.choices)) for i in range(len(SMALL.choices))]
    seconds, n_bytes = expected_cost(SMALL, SMALL.lmers(tokens))
    assert seconds > 0 and n_bytes > 8 * 120**2


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_those_of_the_kernel_with_all_training_sequences(planted, kind):
    """Against scikit-learn on the kernel of all sequences, and separable by the planted word."""
    tokens, labels = planted
    kernel = GkmKernel(kind, 6, 4, 2)
    similarity, _ = normalised(raw(kernel, tokens))
    oracle = SVC(kernel="precomputed", C=1, tol=1e-3).fit(similarity[:80, :80], labels[:80])
    model = GkmSVM(kernel).fit(tokens[:80], labels[:80])
    scores = model.predict(tokens[80:])
    assert scores.shape == (40, 1) and scores.dtype == np.float32
    np.testing.assert_allclose(scores[:, 0], oracle.decision_function(similarity[80:, :80]), atol=1e-4)
    assert auroc(labels[80:], scores[:, 0]) > 0.8
    np.testing.assert_allclose(model.predict([reverse_complement(t) for t in tokens[80:]]), scores, atol=1e-5)
    assert 0 < len(model.support) <= 80


def test_letters_tokens_and_windows_are_read_alike(rng):
    windows = rng.integers(0, 5, (20, 30)).astype(np.uint8)
    labels = np.arange(20) % 2
    model = GkmSVM(SMALL).fit(windows, labels)
    texts = [decode(window) for window in windows]
    np.testing.assert_array_equal(model.predict(windows), model.predict(texts))
    np.testing.assert_array_equal(model.predict(windows), model.predict([text.lower() for text in texts]))


def test_each_task_learns_from_its_own_labels(planted):
    """Absent labels (NaN) leave a sequence out of that task alone: two tasks at once are each by itself."""
    tokens, labels = planted
    both = np.stack([labels, np.roll(labels, 1)], axis=1).astype(float)
    both[:60, 1] = np.nan
    model = GkmSVM(SMALL).fit(tokens, both)
    first = GkmSVM(SMALL).fit(tokens, labels).predict(tokens)
    second = GkmSVM(SMALL).fit(tokens[60:], both[60:, 1]).predict(tokens)
    np.testing.assert_allclose(model.predict(tokens), np.hstack([first, second]), atol=1e-4)


def test_saved_and_loaded_says_the_same(planted, tmp_path):
    tokens, labels = planted
    model = GkmSVM(GkmKernel("centred", 6, 4, 1), c=0.5).fit(tokens, labels)
    model.save(tmp_path / "gkm.safetensors")
    again = GkmSVM.load(tmp_path / "gkm.safetensors")
    assert (again.kernel, again.c) == (model.kernel, 0.5)
    np.testing.assert_array_equal(again.predict(tokens), model.predict(tokens))


def test_a_sequence_of_n_has_the_offset(planted):
    tokens, labels = planted
    model = GkmSVM(SMALL).fit([*tokens, np.full(30, 4, np.uint8)], [*labels, 1])
    assert model.predict(["N" * 20])[0, 0] == np.float32(model.offsets[0])
    assert model.predict([]).shape == (0, 1)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        (["ACGTACGTACG", "ACGTA"], "sequence 2: has 5 bases, fewer than a word of l = 6"),
        (["ACGTACGTACG", "ACGTAXGT"], "sequence 2: 'X' at position 6 is not a DNA base"),
        (["ACGTACGTACG", np.array([0, 1, 9, 1, 1, 1, 1])], "sequence 2: is neither letters nor"),
    ],
)
def test_sequences_that_cannot_be_read_are_named(planted, sequences, message):
    model = GkmSVM(SMALL).fit(*planted)
    with pytest.raises(UserError, match=message):
        model.predict(sequences)
    with pytest.raises(UserError, match=message):
        GkmSVM(SMALL).fit(sequences, [0, 1])


@pytest.mark.parametrize(
    ("labels", "message"),
    [([1, 1, 1], "here are: 1"), ([0, 0.5, 1], "0, 0.5, 1"), ([np.nan] * 3, "here are: none"), ([0, 1], "3 sequences")],
)
def test_labels_of_one_class_or_of_another_number_are_refused(labels, message):
    with pytest.raises(UserError, match=message):
        GkmSVM(SMALL).fit(["ACGTACGT"] * 3, labels)


def test_options_that_do_not_go_together_are_refused():
    for options in ({"l": 13}, {"l": 5, "k": 6}, {"k": 0}, {"d": 12}, {"d": -1}, {"kind": "gappy"}):
        with pytest.raises(UserError, match="gkm kernel"):
            GkmKernel(**options)
    with pytest.raises(UserError, match="greater than 0"):
        GkmSVM(c=0)


def test_another_file_is_no_gkm_svm(tmp_path):
    save_file({"x": np.zeros(1)}, tmp_path / "other.safetensors")
    (tmp_path / "text").write_text("no")
    for name, message in (("other.safetensors", "is no gkm-SVM"), ("text", "cannot be read"), ("none", "cannot be")):
        with pytest.raises(UserError, match=message):
            GkmSVM.load(tmp_path / name)


@pytest.fixture
def small_windows(rng):
    """A hundred windows of 30 bp, half of them with TGACTCA."""
    tokens, labels = rng.integers(0, 4, (100, 30)).astype(np.uint8), np.arange(100) % 2
    tokens[labels == 1, 10:17] = [3, 2, 0, 1, 3, 1, 0]
    return Windows(tokens), labels


OPTIONS = {"kernel": "truncated", "l": 6, "k": 4, "d": 2}


def test_as_a_simple_model_it_says_what_the_svm_says(small_windows):
    """Fitted, as JSON and read again; to the first windows where there are more than it may take."""
    windows, labels = small_windows
    model = baseline("gkm_SVM", most_windows=60, **OPTIONS)
    model.fit(windows, labels)
    again = baseline("gkm_SVM", json.loads(json.dumps(model.parameters())))
    expected = GkmSVM(SMALL).fit(windows.tokens[:60], labels[:60]).predict(windows.tokens)[:, 0]
    np.testing.assert_allclose(model.predict(windows), expected, atol=1e-6)
    np.testing.assert_allclose(again.predict(windows), expected, atol=1e-6)
    assert again.detail == model.detail
    assert model.detail.startswith("fitted to 60 of 100 windows, ")
    turned = Windows(reverse_complement(windows.tokens))
    np.testing.assert_allclose(model.predict(turned), expected, atol=1e-5)


def test_first_windows_of_one_class_are_no_error(small_windows):
    windows, _ = small_windows
    model = baseline("gkm_SVM", most_windows=50, **OPTIONS)
    model.fit(windows, (np.arange(100) >= 50).astype(int))
    assert (model.predict(windows) == 0).all()
    assert model.detail == "not fitted: the 50 of 100 windows that it may see are of one class"
    assert baseline("gkm_SVM", model.parameters()).detail == model.detail


def test_tasks_share_one_kernel(small_windows, monkeypatch):
    windows, labels = small_windows
    made = []
    monkeypatch.setattr(gapped_kmers, "gram_matrix", lambda *of: made.append(of) or gram_matrix(*of))
    for answers in (labels, 1 - labels):
        baseline("gkm_SVM", **OPTIONS).fit(windows, answers)
    assert len(made) == 1


def test_words_across_two_sequences_are_none():
    lmers = find_lmers(read_sequences(["ACGTAC", "ACGTAC"], 5), 5, lambda place, n: place)
    assert lmers.starts.tolist() == [0, 2, 4] and lmers.weights.tolist() == [0, 1, 0, 1]


@pytest.mark.slow
def test_ls_gkm_own_cross_validation(shared_data):
    """Its predictions by `gkmtrain -t 2 -l 10 -k 6 -d 3 -x 5`, AUROC .9853: its folds, sequences of 59 to 247 bp."""
    stem = shared_data / "lsgkm_nfe2" / "wgEncodeSydhTfbsGm12878Nfe2hStdAlnRep0"
    tokens = [record.tokens for end in ("tr.fa", "neg.tr.fa") for record in read_fasta(f"{stem}.{end}")]
    lines = [line.split() for line in Path(f"{stem}.cvpred.txt").read_text().splitlines()]
    theirs, labels, fold = np.array([line[1:] for line in lines], dtype=float).T
    labels = (labels > 0).astype(float)
    similarity, _ = normalised(raw(GkmKernel("truncated", 10, 6, 3), tokens))
    ours = np.zeros(len(labels))
    for k in np.unique(fold):
        seen, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        machine = fit_machine(similarity[np.ix_(seen, seen)], labels[seen])
        ours[held] = similarity[np.ix_(held, seen[machine.support])] @ machine.dual + machine.offset
    assert auroc(labels, theirs) == pytest.approx(0.9853, abs=5e-5)
    assert auroc(labels, ours) == pytest.approx(auroc(labels, theirs), abs=1e-4)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    # The model that it ships with, of all sequences, has 435 positive and 523 negative support vectors, rho .379216.
    machine = fit_machine(similarity, labels)
    assert np.bincount(labels[machine.support].astype(int)).tolist() == pytest.approx([523, 435], abs=3)
    assert machine.offset == pytest.approx(-0.379216, abs=1e-3)
