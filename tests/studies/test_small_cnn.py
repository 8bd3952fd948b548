"""The study of the small CNN: its files, its training, its scores, and a smoke run of all of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from cislearn.errors import UserError
from cislearn.evaluation.metrics import auprc, auroc
from cislearn.models.encoders.small_cnn import MODIFIED
from cislearn.reports.numbers import DASH
from cislearn.sequence.tokens import decode
from cislearn.studies.small_cnn.pictures import band
from cislearn.studies.small_cnn.published import COUNTS, SCORES, published_log
from cislearn.studies.small_cnn.rivals import string_search, telling_word
from cislearn.studies.small_cnn.runs import Run, occluded, shown_window
from cislearn.studies.small_cnn.scores import METRICS, SHARE, is_at_chance, ledger, scores
from cislearn.studies.small_cnn.training import loss_of, train_as_published
from cislearn.studies.small_cnn.trials import ALL, CHANGES, LOSSES, ORIGINAL, small_cnn_trials
from cislearn.studies.small_cnn.windows import LABELS, SEQUENCES, read_windows

WORD = "AAAGAGGAAGTT"


@pytest.fixture
def folder(tmp_path):
    """80 windows of 30 bp, of which every other one holds the word; labels with the line that is none above them."""
    rng, windows = np.random.default_rng(0), []
    for number in range(80):
        text = "".join(rng.choice(list("ACGT"), 30))
        at = int(rng.integers(19))
        windows.append(text[:at] + WORD + text[at + 12 :] if number % 2 else text)
    (tmp_path / SEQUENCES).write_text("\n".join(windows) + "\n")
    (tmp_path / LABELS).write_text("0\n" + "".join(f"{number % 2}\n" for number in range(80)))
    return tmp_path


def a_run(logits, seed=0):
    curve = published_log()
    return Run(ORIGINAL, LOSSES[0], seed, np.asarray(logits, np.float32), curve, np.zeros((4, 50), np.float32), 1, 1.0)


def test_the_first_line_of_the_labels_is_none(folder):
    """Read as a label it would move all of them by one window."""
    windows = read_windows(folder)
    assert [WORD in decode(row) for row in windows.tokens] == (windows.labels == 1).tolist()
    parts = np.concatenate(windows[2:])
    assert sorted(parts.tolist()) == list(range(80)) and len(windows.test) == 20 and len(windows.valid) == 6


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (SEQUENCES, lambda lines: [lines[0], "X" + lines[1][1:], *lines[2:]], r"line 2: 'X' at position 1"),
        (SEQUENCES, lambda lines: [*lines[:4], lines[4][:-1], *lines[5:]], r"line 5: has 29 bases"),
        (SEQUENCES, lambda lines: lines[:-1], r"80 labels below its first line, and .* 79 windows"),
        (LABELS, lambda lines: [*lines[:6], "2", *lines[7:]], r"line 7: '2' is no label"),
        (LABELS, lambda lines: lines[1:], r"has 79 labels"),
    ],
)
def test_files_that_are_not_as_published_are_refused_by_name_and_line(folder, name, change, said):
    lines = (folder / name).read_text().split()
    (folder / name).write_text("\n".join(change(lines)))
    with pytest.raises(UserError) as refused:
        read_windows(folder)
    assert name in str(refused.value) and refused.match(said)


def test_the_real_files_have_the_published_counts(shared_data):
    windows = read_windows(shared_data / "tfbs_primer")
    assert (len(windows.train), len(windows.valid), len(windows.test)) == (1350, 150, 500)
    assert windows.labels.sum() == 987 and windows.labels[windows.test].sum() == 241
    assert [WORD in decode(row) for row in windows.tokens] == (windows.labels == 1).tolist()
    search = string_search(windows)
    assert search.detail == f"`{WORD}`" and auroc(windows.labels[windows.test], search.scores[0]) == 1.0


def test_the_published_counts_give_the_published_scores_of_the_modified_network():
    labels = np.repeat([1, 0], [241, 259])
    order = ("true positives", "false negatives", "false positives", "true negatives")
    calls = np.repeat([1.0, 0.0, 1.0, 0.0], [COUNTS[name] for name in order])
    assert auroc(labels, calls) == pytest.approx(SCORES[ALL]["AUROC of labels"], abs=1e-12)
    assert auprc(labels, calls) == pytest.approx(SCORES[ALL]["AUPRC of labels"], abs=1e-12)


def test_either_loss_is_that_of_a_softmax_of_two():
    two, answers = torch.randn(9, 2), torch.randint(0, 2, (9,))
    difference, one_hot = two[:, 1] - two[:, 0], torch.nn.functional.one_hot(answers, 2).float()
    squared = loss_of("squared error", difference, answers.float())
    torch.testing.assert_close(squared, (two.softmax(1) - one_hot).square().mean())
    entropy = loss_of("cross-entropy", difference, answers.float())
    torch.testing.assert_close(entropy, torch.nn.functional.cross_entropy(two, answers))


def test_training_learns_is_repeatable_and_reads_no_test_label(folder):
    windows = read_windows(folder)
    first = train_as_published({}, "cross-entropy", windows, 0, 12)
    assert first.curve["loss"].iloc[-1] < 0.5 * first.curve["loss"].iloc[0]
    poisoned = windows.labels.copy()
    poisoned[windows.test] = 1 - poisoned[windows.test]
    state = torch.random.get_rng_state()
    again = train_as_published({}, "cross-entropy", windows._replace(labels=poisoned), 0, 12)
    assert np.array_equal(first.logits, again.logits) and first.curve.equals(again.curve)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not np.array_equal(first.logits, train_as_published({}, "cross-entropy", windows, 1, 12).logits)


def test_occlusion_is_the_probability_lost_without_each_base(folder):
    """trap 12: of the one task there is; trap 13: the window's own bases alone."""
    windows = read_windows(folder)
    network, row = train_as_published({}, "cross-entropy", windows, 0, 2).network, shown_window(windows)
    assert row in windows.test and windows.labels[row] == 1
    found = occluded(network, windows, row)
    x = network.one_hot(torch.from_numpy(windows.tokens[row : row + 1]))
    for place in (0, 11, 29):
        without = x.clone()
        without[0, :, place] = 0
        with torch.no_grad():
            lost = (network(x).sigmoid() - network(without).sigmoid()).item()
        assert found[windows.tokens[row, place], place] == pytest.approx(lost, abs=1e-6)
    assert (found[x[0].numpy() == 0] == 0).all()


def test_scores_by_probability_and_by_label_and_the_share_at_chance():
    labels = np.tile([0, 1], 50)
    good, dead = np.where(labels, 1.0, -1.0) - 0.5, np.full(100, 0.3)
    good[labels == 1] += np.linspace(0, 1, 50)
    good[1] = -0.1  # ranked rightly, called wrongly
    runs = [a_run(good, 0), a_run(dead, 1)]
    assert [is_at_chance(run, labels) for run in runs] == [False, True]
    found = scores(runs, [], labels).set_index("metric")
    assert found.loc["AUROC", "estimate"] == pytest.approx((1 + 0.5) / 2)
    assert found.loc["AUROC of labels", "estimate"] == pytest.approx((0.99 + 0.5) / 2)
    assert found.loc[SHARE, "estimate"] == 0.5
    rows = ledger(runs, labels, {"git": "abc", "cpu": "x", "threads": 1})
    for run, (_, row) in zip(runs, rows.iterrows(), strict=True):
        assert row["AUROC"] == auroc(labels, run.logits)
        assert row["AUPRC of labels"] == auprc(labels, (run.logits >= 0).astype(float))
    assert set(METRICS) <= set(rows) and (rows["commit"] == "abc").all()


def test_a_band_holds_its_mean_and_is_nothing_where_all_is_right():
    labels, right = np.tile([0, 1], 20), np.tile([-1.0, 1.0], 20)
    grid = np.linspace(0, 1, 5)
    mean, (low, high) = band(labels, np.stack([right, right]), lambda y, s: np.quantile(s[y == 1], grid), 20)
    assert np.allclose(mean, 1) and np.allclose(low, 1) and np.allclose(high, 1)
    noisy = right + np.random.default_rng(0).normal(0, 2, (3, 40))
    mean, (low, high) = band(labels, noisy, lambda y, s: np.quantile(s[y == 1], grid), 50)
    assert (low <= mean).all() and (mean <= high).all() and (low < high).any()


def test_the_word_is_that_of_the_greatest_margin():
    assert telling_word(["A" * 14, "C" * 14, "A" * 14 + "G" * 12, "G" * 12], np.array([1, 0, 1, 0])) == "A" * 12


def test_desk_has_every_network_of_the_issue():
    trials = small_cnn_trials("desk")
    assert {(t.network, t.loss) for t in trials if len(t.seeds) == 10} == {
        (name, loss) for name in (ORIGINAL, ALL) for loss in LOSSES
    }
    changed = {t.network: t.options for t in trials if "," in t.network}
    assert sorted(len(options) for options in changed.values()) == [1] * 5 + [4] * 5
    assert all(options.items() <= MODIFIED.items() for options in changed.values())
    assert set(CHANGES) == set(MODIFIED)
    assert {len(t.seeds) for t in small_cnn_trials("paper")} == {10}


@pytest.mark.slow
def test_smoke(shared_data, tmp_path):
    from cislearn.studies.small_cnn import run_small_cnn

    page = run_small_cnn(shared_data, tmp_path / "out", tmp_path / "results", "smoke")
    assert page.parent.name == "smoke"
    text = page.read_text()
    assert f"| string search | `{WORD}` | 1 | 1.000 (1.000" in text and "Each change alone" not in text
    assert "| test | 500 | 259 | 241 |" in text
    assert f"| modified, published |  | 1 | {DASH} | {DASH} | .990 | .980 | {DASH} |" in text
    rows = pd.read_csv(page.with_suffix(".tsv"), sep="\t")
    assert len(rows) == 8 and rows["cpu"].notna().all() and (rows["steps"] == 270).all()
    for name in ("curves", "learning", "occlusion"):
        assert (page.parent / f"small_cnn-{name}.svg").read_text().rstrip().endswith("</svg>")
