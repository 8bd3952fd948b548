"""The smoke size of each study, on real windows: the same command as that of the committed results."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.data.dataset import read_dataset
from cislearn.studies.gabp_cross_cell import honest_windows
from cislearn.studies.sets import set_folder
from cislearn.studies.windows import CELLS, apart


def run(name, shared_data, folder, *further):
    command = ["study", name, "--files", str(shared_data), "--size", "smoke", "--out", str(folder), *further]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def gabp(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gabp")
    run("gabp-cross-cell", shared_data, folder)
    return folder


@pytest.mark.slow
def test_both_protocols_are_run_and_stand_in_the_ledger(gabp):
    rows = pd.read_csv(gabp / "results" / "smoke" / "gabp_cross_cell.tsv", sep="\t")
    methods = ["source_only", "adversarial", "target_labels"]
    assert rows["protocol"].tolist() == ["honest"] * 3 + ["published"] * 3
    assert rows["method"].tolist() == methods * 2
    page = (gabp / "results" / "smoke" / "gabp_cross_cell.md").read_text()
    assert "## protocol: honest" in page and "not run" not in page


@pytest.mark.slow
def test_the_published_protocol_is_stamped_oracle_and_leaks(gabp):
    folder = gabp / "smoke" / "published-motif_cnn-K562"
    summary = pd.read_csv(folder / "summary.tsv", sep="\t")
    trained = summary[summary["method"].isin(["source_only", "adversarial"])]
    assert trained["protocol"].str.startswith("oracle").all()
    leaked = pd.read_csv(folder / "leaked.tsv", sep="\t")
    assert {"leaked", "not leaked"} <= set(leaked["group"])
    chromosome = summary[(summary["method"] == "chromosome_of_origin") & (summary["metric"] == "AUROC")]
    assert (chromosome["estimate"] > 0.9).all()  # all negatives are on chr1
    honest = pd.read_csv(gabp / "smoke" / "honest-motif_cnn-K562" / "summary.tsv", sep="\t")
    chromosome = honest[(honest["method"] == "chromosome_of_origin") & (honest["metric"] == "AUROC")]
    assert (chromosome["estimate"] == 0.5).all()  # no chromosome of the test was seen


@pytest.mark.slow
def test_plan_starts_nothing(gabp, shared_data, tmp_path):
    output = run("gabp-cross-cell", shared_data, tmp_path, "--plan")
    assert "6 runs, 0 of them in the ledger" in output
    assert not (tmp_path / "smoke").exists() and not (tmp_path / "results").exists()


@pytest.mark.slow
def test_honest_negatives_are_bound_by_another_factor_and_off_the_positives(shared_data):
    windows = honest_windows(shared_data / "dann_tf")
    assert "chr1" not in set(windows["chrom"])
    counts = windows.groupby("cell")["GABP"].mean()
    assert (counts == 0.5).all() and list(counts.index) == sorted(CELLS)
    for _, mine in windows.groupby("cell"):
        positives, negatives = mine[mine["GABP"] == 1], mine[mine["GABP"] == 0]
        assert len(apart(negatives, positives)) == len(negatives)


@pytest.mark.slow
def test_negatives_are_crossed(shared_data, tmp_path):
    run("negatives", shared_data, tmp_path)
    scores = pd.read_csv(tmp_path / "results" / "smoke" / "negatives.scores.tsv", sep="\t")
    kinds = ["genomic", "GC-matched genomic", "other factors", "shuffled", "dinucleotide-shuffled"]
    scores = scores[scores["metric"] == "AUROC"].set_index(["trained_on", "tested_on"])["estimate"]
    assert set(scores.index) == {(a, b) for a in kinds for b in kinds}
    assert scores.notna().all()
    dataset = read_dataset(tmp_path / "data-smoke")
    positive = dataset.loci[dataset.labels[:, 0] == 1]
    assert positive.groupby(["chrom", "start"])["part"].nunique().eq(1).all()


def test_windows_apart_is_the_slow_way(rng):
    windows = pd.DataFrame({"chrom": rng.choice(["chr1", "chr2"], 200), "start": rng.integers(0, 6000, 200)})
    others = windows.sample(20, random_state=1)
    kept, taken = [], others.to_dict("records")
    for index, row in zip(windows.index, windows.to_dict("records"), strict=True):
        if all(row["chrom"] != t["chrom"] or abs(row["start"] - t["start"]) >= 101 for t in taken):
            taken.append(row)
            kept.append(index)
    assert apart(windows, others).index.tolist() == kept
    assert len(kept) > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", ["defaults", "presets"])
def test_pipelines_on_a_real_set(name, shared_data, tmp_path):
    run(name, shared_data, tmp_path)
    rows = pd.read_csv(tmp_path / "results" / "smoke" / f"{name}.tsv", sep="\t")
    assert set(rows["pipeline"]) == {"wide", "motif_cnn"} and set(rows["set"]) == {"NFE2"}
    page = (tmp_path / "results" / "smoke" / f"{name}.md").read_text()
    assert "## AUROC, supervised" in page and ("seeds averaged" in page) == (name == "presets")


@pytest.mark.slow
def test_no_final_window_and_no_near_duplicate_of_one_is_in_the_development_part(shared_data, tmp_path):
    """trap 19: what defaults are chosen by shares nothing with what has the last word on them."""
    from cislearn.data.leaks import find_leaks

    development, final = (
        read_dataset(set_folder("enhancers", part, shared_data, tmp_path)) for part in ("development", "final")
    )
    assert 0.05 < (final.loci["part"] == "test").mean() < 0.2 and len(final) > len(development)
    parts = final.loci["part"].map({"train": 0, "valid": 1, "test": 2}).to_numpy()
    assert not find_leaks(final, parts.astype(np.int8)).leaky.any()
    assert set(development.loci["part"]) == {"train", "valid", "test"}


# --- DANN_TF ---


@pytest.mark.slow
def test_modes_of_dann_tf_are_run_scored_and_drawn_and_nothing_is_run_twice(shared_data, tmp_path):
    output = run("dann-tf", shared_data, tmp_path, "--only", "protocol=published", "--jobs", "2")
    assert "done" in output
    folder = tmp_path / "results" / "smoke"
    rows = pd.read_csv(folder / "dann_tf.tsv", sep="\t")
    assert sorted(rows["method"]) == ["adversarial", "adversarial", "source_and_target", "source_only", "target_only"]
    page = (folder / "dann_tf.md").read_text()
    assert "| GABP | K562 | 4 | .959/.903 |" in page and "| published | motif_cnn | 0 % | 1 |" in page
    assert "USF2 in H1-hESC" in page and "not run: 2 of 2" in page  # what the folder lacks, what was not asked for
    for picture in ("figure_2_motif_cnn_scatter", "figure_3_motif_cnn_box"):
        assert f"dann_tf-{picture}.svg" in page and (folder / f"dann_tf-{picture}.svg").is_file()
    labelled = pd.read_csv(tmp_path / "smoke" / "published-motif_cnn-GABP-K562-50-0" / "labelled.tsv", sep="\t")
    assert set(labelled["domain"]) == {"K562"} and labelled["label_GABP"].nunique() == 2
    run("dann-tf", shared_data, tmp_path, "--only", "protocol=published")
    assert len(pd.read_csv(folder / "dann_tf.tsv", sep="\t")) == len(rows)
