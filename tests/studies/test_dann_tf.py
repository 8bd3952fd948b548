"""The study of DANN_TF: what a folder has, which trials there are, the published numbers, the page."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.studies.dann_tf.page import dann_tf_page, dann_tf_pictures
from cislearn.studies.dann_tf.pairs import find_pairs
from cislearn.studies.dann_tf.study import BUGS, PROTOCOLS, SHARES, DannTf, repeated_fold
from cislearn.studies.dann_tf.table import mean_over_folds, published_scores
from cislearn.studies.study import choose_trials
from tests.data.examples import random_sequence

CELLS = ("A549", "HepG2", "K562")


def write_pair(folder: Path, cell: str, factor: str, n: int = 60, seed: int = 0) -> None:
    """Positives on many chromosomes, negatives on one, as published."""
    rng = np.random.default_rng([seed, *cell.encode(), *factor.encode()])
    (folder / cell).mkdir(parents=True, exist_ok=True)
    for suffix in ("", "_back"):
        lines = []
        for k in range(n):
            chrom = "chr1" if suffix else f"chr{1 + k % 8}"
            start = int(rng.integers(0, 30_000_000))
            lines.append(f">{factor}{k} {chrom}:{start}-{start + 101}\n{random_sequence(rng, 101)}\n")
        (folder / cell / f"{factor}{suffix}.fasta").write_text("".join(lines))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("files")
    for cell, factor in itertools.product(CELLS, ("GABP", "MAX")):
        write_pair(path, cell, factor)
    return path


# --- What a folder has ---


def test_pairs_are_found_and_others_are_left_out_with_the_reason(tmp_path):
    write_pair(tmp_path, "K562", "GABP")
    write_pair(tmp_path, "HepG2", "GABP")
    write_pair(tmp_path, "A549", "GABP")
    (tmp_path / "A549" / "GABP_back.fasta").unlink()
    (tmp_path / "A549" / "MAX.bed").write_text("chr1\t1\t102\n")
    (tmp_path / "A549" / "MAX_back.bed").write_text("chr1\t1\t102\n")
    found = find_pairs(tmp_path)
    assert [(pair.factor, pair.cell) for pair in found.pairs] == [("GABP", "HepG2"), ("GABP", "K562")]
    assert found.left_out["GABP in A549"] == "sequences of positives alone"
    assert "no genome.fa" in found.left_out["MAX in A549"]
    (tmp_path / "genome.fa").write_text(">chr1\nACGT\n")
    assert ("MAX", "A549") in [(pair.factor, pair.cell) for pair in find_pairs(tmp_path).pairs]


@pytest.mark.parametrize(
    ("cells", "factors", "message"),
    [
        (("K562", "k-562"), ("GABP",), "cell type 'k-562' is also spelled 'K562'"),
        (("K562",), ("GABP", "Gabp"), "factor 'Gabp' is also spelled 'GABP'"),
    ],
)
def test_two_spellings_of_one_name_are_refused(tmp_path, cells, factors, message):
    for cell, factor in itertools.product(cells, factors):
        write_pair(tmp_path, cell, factor)
    with pytest.raises(UserError, match=message):
        find_pairs(tmp_path)


def test_a_cell_that_would_be_its_own_source_is_refused(tmp_path):
    write_pair(tmp_path, "K562", "GABP")
    write_pair(tmp_path, "HepG2", "GABP")
    (tmp_path / "HepG2" / "GABP.fasta").write_bytes((tmp_path / "K562" / "GABP.fasta").read_bytes())
    with pytest.raises(UserError, match=r"holds the same bytes as .*HepG2.*source for itself"):
        find_pairs(tmp_path)


def test_a_folder_without_a_pair_says_what_was_expected(tmp_path):
    with pytest.raises(UserError, match=r"CELL/FACTOR\.fasta\.gz"):
        find_pairs(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        find_pairs(tmp_path / "nowhere")


def test_the_published_folder_has_nine_pairs(shared_data):
    found = find_pairs(shared_data / "dann_tf")
    assert len(found.pairs) == 9 and len(found.of("GABP")) == 5
    assert found.factors == ["GABP", "JunD", "USF2"]
    assert found.left_out["USF2 in H1-hESC"].startswith("sequences of positives alone")


# --- Trials ---


def test_the_fold_that_ran_is_that_of_the_published_expression():
    """trap 16: an expression that means another thing than it says."""

    def published(i):
        if i == 0:
            return 0
        return i if (i != 9 & i != 0) else 9

    assert [repeated_fold(i) for i in range(10)] == [published(i) for i in range(10)]
    assert [i for i in range(10) if repeated_fold(i) != 9] == [0, 3, 5, 7]


def test_every_mode_protocol_and_fold_can_be_asked_for(folder, tmp_path):
    trials = DannTf().trials("paper", folder, tmp_path / "work")
    chosen = choose_trials(trials, ["protocol=honest", "network=motif_cnn", "factor=MAX", "cell=K562"])
    assert len(chosen) == len(SHARES) * 10
    for trial in chosen:
        assert trial.config.data.labels.target == int(trial.keys["labels"]) / 100
        assert str(trial.config.data.split.k_fold.fold) == trial.keys["fold"]
        baseline = trial.config.methods[0].title
        assert baseline == ("source_only" if trial.keys["labels"] == "0" else "source_and_target")
    (seen,) = choose_trials(trials, ["protocol=labels-seen", "factor=MAX", "cell=K562", "fold=0", "network=dann_tf"])
    assert seen.config.data.labels.target == 1.0 and seen.config.selection == "oracle"
    assert {trial.keys["protocol"] for trial in trials} == set(PROTOCOLS)
    repeated = choose_trials(trials, ["protocol=repeated-folds", "factor=MAX", "cell=K562", "network=dann_tf"])
    assert [trial.config.data.split.k_fold.fold for trial in repeated] == [0, 9, 9, 3, 9, 5, 9, 7, 9, 9]


def test_methods_and_seeds_can_be_chosen_within_trials(folder, tmp_path):
    trials = DannTf().trials("paper", folder, tmp_path / "work")
    chosen = choose_trials(trials, ["method=adversarial,target_only", "seed=1,4"])
    assert len(chosen) == len(trials)
    assert all(trial.config.training.seeds == [1, 4] for trial in chosen)
    assert {m.title for trial in chosen for m in trial.config.methods} == {"adversarial", "target_only"}
    only = choose_trials(trials, ["method=target_only"])
    assert {trial.keys["labels"] for trial in only} == set(SHARES) - {"0"}
    with pytest.raises(UserError, match="method 'adversaril' is not known; did you mean adversarial"):
        choose_trials(trials, ["method=adversaril"])
    with pytest.raises(UserError, match="seed '9' is not known"):
        choose_trials(trials, ["seed=9"])


# --- Published numbers ---


def test_the_means_of_the_published_table_are_those_that_its_authors_give():
    table = published_scores()
    first = table[table["source"] == "paper, Table 1"]
    mean = first.groupby(["metric", "method"])["value"].agg(["mean", "size"])
    assert (mean["size"] == 25).all()
    expected = {("AUROC", "adversarial"): 0.9586, ("AUROC", "target_only"): 0.9042}
    expected |= {("F1", "adversarial"): 0.9075, ("F1", "target_only"): 0.8260}
    for key, value in expected.items():
        assert mean.loc[key, "mean"] == pytest.approx(value, abs=6e-5)
    wide = first[first["metric"] == "AUROC"].pivot_table(index=["factor", "cell"], columns="method", values="value")
    assert (wide["adversarial"] > wide["target_only"]).sum() == 24


def test_the_published_column_is_the_run_with_all_labels_and_not_that_with_none():
    """It contradicts the paper's own Figure 3, and equals its Figure 1 within what can be read off."""
    table = published_scores().set_index(["source", "factor", "cell", "labels", "method", "metric"])["value"]
    for cell in ("GM12878", "H1-hESC", "K562"):
        key = ("JunD", cell)
        printed = table["paper, Table 1", *key, "100", "adversarial", "AUROC"]
        assert abs(printed - table["paper, Figure 1", *key, "100", "adversarial", "AUROC"]) <= 0.003
        assert printed - table["paper, Figure 3", *key, "0", "adversarial", "AUROC"] > 0.03


# --- The page ---


def scores_of(gain: float, folds: int = 2) -> pd.DataFrame:
    rows = []
    for protocol, share, fold in itertools.product(("published", "honest"), ("0", "100"), range(folds)):
        baseline = "source_only" if share == "0" else "source_and_target"
        for factor, cell in itertools.product(("GABP", "JunD"), ("GM12878", "HeLa-S3", "K562")):
            for method in (baseline, "adversarial", *(["target_only"] if share == "100" else [])):
                over = gain if method == "adversarial" else np.nan
                for metric in ("AUROC", "F1", "F1 at .5"):
                    value = 0.8 + 0.02 * fold + (gain if method == "adversarial" else 0)
                    rows.append((protocol, "dann_tf", factor, cell, share, str(fold), method, metric, value, over))
    names = ["protocol", "network", "factor", "cell", "labels", "fold", "method", "metric", "estimate", "difference"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(
        difference_low=table["difference"] - 0.01, difference_high=table["difference"] + 0.01, n_seeds=1
    )


def test_folds_are_averaged_plainly_as_published():
    found = mean_over_folds(scores_of(0.03))
    mine = found[(found["method"] == "adversarial") & (found["metric"] == "AUROC")]
    np.testing.assert_allclose(mine["estimate"], 0.84)
    assert (mine["folds"] == 2).all() and (mine["better"] == 1).all() and (mine["worse"] == 0).all()


def test_scores_of_a_method_that_was_run_alone_have_no_differences():
    scores = scores_of(0.03).drop(columns=["difference", "difference_low", "difference_high"])
    assert mean_over_folds(scores)["difference"].isna().all()


@pytest.mark.parametrize(("gain", "higher", "above", "below"), [(0.03, 6, 6, 0), (-0.03, 0, 0, 6), (0.005, 6, 0, 0)])
def test_the_page_counts_pairs_and_holds_every_number_beside_the_published_one(
    folder, tmp_path, gain, higher, above, below
):
    trials = DannTf().trials("desk", folder, tmp_path / "work")
    progress = pd.DataFrame([{**trials[0].keys, "method": "adversarial", "runs": 3, "done": 1, "core_hours_left": 0.5}])
    page = "\n".join(dann_tf_page(trials, scores_of(gain), progress, {"MAX in A549": "sequences of positives alone"}))
    assert f"| published | dann_tf | 0 % | 6 | {higher} | {above} | {below} |" in page
    assert "| JunD | GM12878 |" in page and ".825/.671" in page
    assert "2 instead of 4" in page
    assert "not run: 2 of 3 (est. 0.50 core-h)" in page
    assert "| MAX in A549 | sequences of positives alone |" in page
    for title in ("1. paper against", "2. DANN_TF", "3. baseline", "4. baseline"):
        assert title in page


def test_a_page_of_nothing_says_what_is_missing(folder, tmp_path):
    trials = DannTf().trials("desk", folder, tmp_path / "work")
    progress = pd.DataFrame([{**trials[0].keys, "method": "adversarial", "runs": 3, "done": 0, "core_hours_left": 0.5}])
    parts = dann_tf_page(trials, pd.DataFrame(), progress, {})
    assert parts[0] == "## Not run"
    assert dann_tf_pictures(pd.DataFrame()) == {}


def test_pictures_hold_a_mark_for_each_pair_and_are_the_same_each_time():
    pictures = dann_tf_pictures(scores_of(0.02))
    assert set(pictures) == {
        f"{figure}_dann_tf_{kind}" for figure in ("figure_1", "figure_3") for kind in ("scatter", "box")
    }
    assert pictures == dann_tf_pictures(scores_of(0.02))
    scatter = pictures["figure_3_dann_tf_scatter"]
    assert scatter.startswith("<?xml") and scatter.rstrip().endswith("</svg>")
    assert pictures["figure_3_dann_tf_scatter"] != dann_tf_pictures(scores_of(-0.02))["figure_3_dann_tf_scatter"]


def test_bugs_are_named_in_the_introduction():
    assert all(f"`{bug}`" in DannTf.introduction for bug in BUGS)
