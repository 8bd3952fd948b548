"""The study of strategies for the second strand: its scores against scikit-learn, its page, its smoke size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.data.prepare import prepare
from cislearn.data.simulate import simulate_density, write_simulated
from cislearn.experiment.execute import run_experiment
from cislearn.experiment.reading import make_config
from cislearn.reports.numbers import DASH, decimal, signed
from cislearn.runs import runs_under
from cislearn.studies.markdown import not_run
from cislearn.studies.reverse_complement.embedded import fine_tune
from cislearn.studies.reverse_complement.genome import NEGATIVES, write_simulated_genome
from cislearn.studies.reverse_complement.page import published, rc_page
from cislearn.studies.reverse_complement.readings import clean_labels, readings, score_reading
from cislearn.studies.reverse_complement.strategies import BASELINE, STRATEGIES, TRAININGS
from cislearn.studies.reverse_complement.study import ReverseComplement
from cislearn.studies.reverse_complement.tasks import read_published_motifs
from cislearn.studies.show import with_those_beside
from cislearn.studies.study import Trial

RESULTS = Path(__file__).parents[2] / "docs" / "results"
ANY_CONFIG = make_config({"data": {"path": "data"}})


@pytest.fixture(scope="module")
def density(tmp_path_factory):
    folder = tmp_path_factory.mktemp("density") / "data"
    return write_simulated(folder, simulate_density(n=100, length=100, seed=5))


@pytest.fixture(scope="module")
def conjoined(density, tmp_path_factory):
    """Two seeds of a network that was conjoined in training, and what they were trained by."""
    encoder = {"name": "wide", "detectors": 8, "known": 0.0, "channels": 4, "width": 3, "dilations": [1]}
    model = {"encoder": encoder, "reverse_complement": "conjoined", "kmer_counts": 0}
    values = {"data": {"path": str(density.path)}, "methods": ["supervised"], "model": model, "battery": False}
    out = tmp_path_factory.mktemp("conjoined") / "e"
    config = make_config(values | {"out": str(out), "training": {"epochs": 1, "batch_size": 20, "seeds": [0, 1]}})
    return config, runs_under(run_experiment(config).path)


def test_a_further_seed_leaves_the_embedded_networks_before_it_as_they_are(conjoined):
    """Each begins at the run of its seed: of all runs together, a second seed made the first another network."""
    config, runs = conjoined
    first = fine_tune(config, runs[0])
    weights = (first.path / "model.safetensors").read_bytes()
    second = fine_tune(config, runs[1])
    again = fine_tune(config, runs[0])
    assert again.path == first.path and (again.path / "model.safetensors").read_bytes() == weights
    assert [run.info["seed"] for run in (first, second)] == [0, 1]


def test_published_motifs_are_read_as_their_file_has_them(shared_data):
    """Rows add up to 1, and no probability is less than the .001 that the publication adds to each."""
    motifs = read_published_motifs(shared_data / "motifs" / "rcps_sim_three_pwms.txt")
    assert {name: motif.width for name, motif in motifs.items()} == {"ELF1": 12, "GATA": 13, "RXRA": 21}
    np.testing.assert_allclose(motifs["ELF1"].probabilities[:, 1], [0.763455, 0.075748, 0.035437, 0.125360])
    np.testing.assert_allclose(motifs["GATA"].smoothed().min(), 0.001, atol=1e-9)


# --- Scores ---


def test_scores_are_means_over_tasks_of_scikit_learns_and_every_seed_is_told(density):
    rows = np.flatnonzero(density.loci["part"] == "test")
    logits = np.random.default_rng(0).normal(size=(2, len(rows), 3)).astype(np.float32)
    labels = density.labels_float(rows)
    auroc, auprc = score_reading(density, rows, logits)
    for row, metric in ((auroc, roc_auc_score), (auprc, average_precision_score)):
        by_seed = [metric(labels, each, average="macro") for each in logits]
        np.testing.assert_allclose(list(map(float, row["by_seed"].split())), by_seed, atol=1e-6)
        assert row["estimate"] == pytest.approx(np.mean(by_seed)) and row["n_seeds"] == 2 and row["n"] == len(rows)
        assert row["seeds_sd"] == pytest.approx(np.std(by_seed, ddof=1))
        assert row["low"] < row["estimate"] < row["high"]


def test_training_rows_are_scored_by_their_labels_before_any_was_turned_round(density):
    rows = np.flatnonzero(density.loci["part"] == "train")
    clean = clean_labels(density, rows)
    assert (clean.sum(axis=1) == 1).all() and (clean != density.labels_float(rows)).any()
    auroc, _ = score_reading(density, rows, clean[None], with_interval=False)
    assert auroc["estimate"] == 1.0 and np.isnan(auroc["low"])


def test_the_readings_of_two_strands():
    strands = np.array([[[[1.0], [4.0]], [[3.0], [-1.0]]]])
    made = readings(strands, ["forward", "reverse", "mean", "maximum"])
    assert {name: each.ravel().tolist() for name, each in made.items()} == {
        "forward": [1.0, 3.0], "reverse": [4.0, -1.0], "mean": [2.5, 1.0], "maximum": [4.0, 3.0],
    }  # fmt: skip


# --- Data ---


def test_on_the_simulated_genome_peaks_and_open_regions_are_told_apart_by_the_number_of_motifs(tmp_path):
    write_simulated_genome(tmp_path, n=100, seed=1)
    beds = {role: {"cell": tmp_path / f"{name}.bed"} for role, name in (("positives", "FACTOR"), ("negatives", "open"))}
    data = prepare(
        tmp_path / "data", positives=beds["positives"], negatives=beds["negatives"], genome=tmp_path / "genome.fa",
        length=1000, task="FACTOR",
    )  # fmt: skip
    labels = data.labels_float(np.arange(len(data)))[:, 0]
    assert (labels == 1).sum() == 100 and (labels == 0).sum() == NEGATIVES * 100
    assert set(data.dropped["reason"].str.contains("overlap|positive")) == {True} and len(data.dropped) == 100
    gc = np.isin(data.sequences.gather(np.arange(len(data))), (1, 2)).mean(axis=1)
    assert abs(gc[labels == 1].mean() - gc[labels == 0].mean()) < 0.01


# --- Page ---


def scores_of(values):
    """One row a strategy's training and reading, test and training part alike, with the values of three seeds."""
    rows = []
    for name, by_seed in values.items():
        training, reading = STRATEGIES[name]
        for part in ("train", "test"):
            rows.append(
                {
                    "task": "simulated 200 bp", "training": training, "part": part, "reading": reading,
                    "metric": "AUROC", "estimate": np.mean(by_seed), "seeds_sd": np.std(by_seed, ddof=1), "n_seeds": 3,
                    "by_seed": " ".join(map(str, by_seed)), "seeds": "0 1 2",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_differences_to_post_hoc_are_paired_by_seed_and_ranks_are_of_the_means():
    values = {"none": [0.90, 0.91, 0.93], BASELINE: [0.95, 0.97, 0.96], "RCPS": [0.96, 0.98, 0.98]}
    progress = pd.DataFrame(
        [{"task": "simulated 200 bp", "method": "supervised", "runs": 9, "done": 8, "core_hours_left": 0.5}]
    )
    trials = [Trial({"task": "simulated 200 bp", "training": name}, ANY_CONFIG) for name in TRAININGS]
    page = "\n".join(rc_page(trials, scores_of(values), progress))
    gains = np.array([0.01, 0.01, 0.02])
    interval = stats.ttest_1samp(gains, 0).confidence_interval()
    assert f"{signed(gains.mean())} ({signed(interval.low)}, {signed(interval.high)})" in page
    line = next(line for line in page.splitlines() if line.startswith("| RCPS | .973 ± .012"))
    assert line.endswith("| 0.00 (1) |")
    assert next(line for line in page.splitlines() if line.startswith(f"| {BASELINE} | .960")).endswith("| 0.50 (1) |")
    assert not_run(progress) in page


def test_profiles_of_other_studies_are_columns_in_which_the_lowest_is_first():
    own = scores_of({BASELINE: [0.95, 0.97, 0.96], "RCPS": [0.96, 0.98, 0.98]}).assign(study="reverse_complement")
    about = {"study": "simulated_profiles", "data": "plain", "metric": "JSD to the truth", "seeds_sd": 0.01}
    shapes = [("augmented", "both strands", 0.2), ("rcps", "one strand", 0.3), ("rcps", "both strands", 0.1)]
    others = [about | {"training": t, "reading": r, "estimate": e, "n_seeds": 2} for t, r, e in shapes]
    others.append(others[0] | {"data": "biased", "estimate": 0.05})
    page = "\n".join(rc_page([], pd.concat([own, pd.DataFrame(others)]), pd.DataFrame(columns=["task"])))
    table = page.split("## Strategy by task")[1].split("## ")[0]
    assert "| strategy | simulated profiles, JSD (2 seeds) | mean place (tasks) |" in table
    assert f"| {BASELINE} | .200 ± .010 | 0.00 (1) |" in table and "| RCPS | .300 ± .010 | 1.00 (1) |" in table


def test_scores_of_the_studies_of_profiles_are_taken_from_the_same_folder(tmp_path):
    own = scores_of({BASELINE: [0.95, 0.97, 0.96]})
    alone = with_those_beside(ReverseComplement(), own, tmp_path)
    assert set(alone["study"]) == {"reverse_complement"} and len(alone) == len(own)
    committed = with_those_beside(ReverseComplement(), own, RESULTS)
    assert set(committed["study"]) == {"reverse_complement", "simulated_profiles", "yeast_profiles"}
    table = "\n".join(rc_page([], committed, pd.DataFrame(columns=["task"]))).split("## Over post-hoc")[0]
    assert "| strategy | simulated profiles, JSD (2 seeds) | yeast profiles, JSD (3 seeds) |" in table


def test_the_papers_numbers_stand_beside_ours_and_empty_ones_say_so():
    paper = published()
    ours_alone = {name for name in STRATEGIES if name.startswith("conjoined, embedded") or "no batch norm" in name}
    assert len(paper) == 84 and set(paper["strategy"]) >= set(STRATEGIES) - ours_alone
    best = paper[(paper["task"] == "simulated 1000") & (paper["metric"] == "AUROC")].set_index("strategy")["value"]
    assert best.idxmax() == "RCPS" and best["RCPS"] == 0.85
    page = "\n".join(rc_page([], scores_of({BASELINE: [0.95, 0.97, 0.96]}), pd.DataFrame(columns=["task"])))
    assert f"| RCPS | .961 ± .010 | {DASH} | {DASH} | .850 ± .048 | {DASH} |" in page
    assert f"| post-hoc conjoined | {decimal(0.9645)} ± .003 | .960 ± .010 |" in page


@pytest.mark.slow
def test_the_smoke_size_runs_every_strategy_by_the_committed_command(tmp_path, shared_data):
    command = ["study", "reverse-complement", "--size", "smoke", "--files", str(shared_data), "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(tmp_path / "results" / "smoke" / "reverse_complement.tsv", sep="\t")
    assert len(rows) == 2 * len(TRAININGS) - 1  # the weighted sum has one logit, and the simulated task three
    page = (tmp_path / "results" / "smoke" / "reverse_complement.md").read_text()
    assert all(f"| {name} |" in page for name in STRATEGIES)
    scores = pd.read_csv(tmp_path / "results" / "smoke" / "reverse_complement.scores.tsv", sep="\t")
    conjoined = scores[(scores["training"] == "conjoined") & (scores["part"] == "test") & (scores["metric"] == "AUROC")]
    by_reading = conjoined.pivot_table(index="task", columns="reading", values="estimate")
    np.testing.assert_allclose(by_reading["embedded"], by_reading["mean"], atol=1e-4)
    assert (by_reading["fine-tuned"] != by_reading["mean"]).all()
    assert "Whether the strands pull the same way" in page
    assert "What shared backgrounds do" in page and "## Not run" not in page
