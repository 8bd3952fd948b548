"""Profiles from data to predictions: what a run keeps of them, what it is scored by, and what it may not see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from cislearn.data.dataset import read_dataset
from cislearn.data.simulate import simulate, write_simulated
from cislearn.data.simulate.footprints import FLANKS, MARGIN
from cislearn.errors import UserError
from cislearn.evaluation.metrics import pearson
from cislearn.evaluation.profiles.names import BINS, COUNTS, MEANS, SHAPE
from cislearn.evaluation.tables import score_table
from cislearn.experiment.comparing.compare import compare_runs
from cislearn.experiment.evaluate import evaluate_on
from cislearn.experiment.execute import run_experiment
from cislearn.experiment.mean import METRICS
from cislearn.experiment.reading import make_config
from cislearn.models.network import build_network
from cislearn.models.saving import for_prediction, load_network, read_card
from cislearn.models.strands import other_strand, turned_back
from cislearn.objectives.profile_loss import multinomial_nll
from cislearn.prediction.files import predict_file
from cislearn.runs import logit_names
from cislearn.schema import TaskSpec
from cislearn.sequence.tokens import decode
from tests.evaluation.profiles.slow import published, strand_aware
from tests.models.conftest import one_hot_windows

LENGTH, POSITIONS = FLANKS + 40, 40
ENCODER = {"name": "bpnet", "filters": 4, "motif_width": 21, "dilated": 6, "profile_width": 75}


def config_of(data, out, regions="all", **values):
    training = {
        "epochs": 2,
        "seeds": [0],
        "max_shift": 4,
        "batch_size": 20,
        "optimiser": {"learning_rate": 0.02},
    } | values.pop("training", {})
    wanted = {
        "data": {"path": str(data), "target": "hep", "regions": regions},
        "model": {"encoder": ENCODER},
        "methods": ["supervised", "adversarial"],
        "training": training,
        "out": str(out),
    }
    return make_config(wanted | values, [], where="test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profiles")
    write_simulated(folder / "data", simulate("profiles", length=LENGTH, n_train=80, n_test=30, seed=1))
    return folder


@pytest.fixture(scope="module")
def experiment(folder):
    return run_experiment(config_of(folder / "data", folder / "run", training={"seeds": [0, 1]}))


@pytest.fixture(scope="module")
def dataset(folder):
    return read_dataset(folder / "data")


def test_every_method_is_scored_by_shape_and_counts(experiment):
    summary = experiment.summary
    assert set(summary["metric"]) == {*MEANS.values(), *COUNTS}
    assert set(summary["method"]) == {"supervised", "adversarial"}
    assert set(summary["part"]) == {"source test", "target test"}
    assert experiment.comparison is not None and np.isfinite(experiment.comparison["difference"]).all()
    page = experiment.report.read_text()
    assert "Profile NLL" in page and "reaches JSD" in page
    history = pd.read_table(experiment.path / "supervised" / "seed-0" / "history.tsv")
    assert (history["valid_score"] == -history["valid_loss"]).all()


def test_the_cosine_between_the_strands_gradients_is_logged(folder, tmp_path):
    config = config_of(folder / "data", tmp_path / "run", training={"log_strand_gradients": True, "epochs": 1})
    one = config.model_copy(update={"methods": config.methods[:1]})
    history = pd.read_table(run_experiment(one).path / "supervised" / "seed-0" / "history.tsv")
    assert history["strand_gradient_cosine"].between(-1, 1).all()


def test_scores_are_those_of_the_profiles_that_a_run_keeps(experiment, dataset):
    """Oracle: the numbers of the table, made again from ``profiles.npz`` and the counts of the dataset."""
    run = experiment.path / "supervised" / "seed-0"
    table = pd.read_parquet(run / "predictions.parquet")
    kept = np.load(run / "profiles.npz")
    place = np.searchsorted(kept["row"], table["row"])
    log_shape, log_counts = kept["log_shape_nexus"][place], kept["log_counts_nexus"][place]
    assert log_shape.shape == (len(table), 2, POSITIONS) and log_counts.shape == (len(table), 2)
    np.testing.assert_allclose(np.exp(log_shape).sum(2), 1, rtol=1e-5)
    counts = np.array(dataset.profiles.values[table["row"]])[:, :, MARGIN:-MARGIN]
    nll = multinomial_nll(torch.from_numpy(log_shape), torch.from_numpy(counts)).numpy()
    np.testing.assert_allclose(table["nll_nexus"], nll, rtol=1e-4)
    np.testing.assert_allclose(table["label_nexus"], counts.sum((1, 2)))
    np.testing.assert_allclose(np.expm1(table["log_counts_nexus"]), np.expm1(log_counts).clip(0).sum(1), rtol=1e-4)
    error = ((log_counts - np.log1p(counts.sum(2))) ** 2).mean(1)
    np.testing.assert_allclose(table["counts_error_nexus"], error, rtol=1e-4)
    has_reads = counts.sum((1, 2)) > 0
    assert table.loc[~has_reads, "jsd_nexus"].isna().all()
    there, pairs = table[has_reads], [*zip(counts[has_reads], np.exp(log_shape[has_reads]), strict=True)]
    slowly, as_published = (np.array([each(*pair) for pair in pairs]) for each in (strand_aware, published))
    np.testing.assert_allclose(there["jsd_nexus"], slowly[:, 0], rtol=1e-4)
    np.testing.assert_allclose(there[[f"pearson_{width}_nexus" for width in BINS]], slowly[:, 1:4], atol=1e-4)
    np.testing.assert_allclose(there["published_spearman_nexus"], as_published[:, 4:].mean(1), atol=1e-4)
    mine = table[(table["part"] == "test") & (table["domain"] == "hep")]
    rows = experiment.summary.query("method == 'supervised' and part == 'target test'").set_index("metric")
    both = [mine, pd.read_parquet(run.parent / "seed-1" / "predictions.parquet").loc[mine.index]]
    assert rows.loc["profile NLL", "estimate"] == pytest.approx(np.mean([t["nll_nexus"].mean() for t in both]))
    jsd = np.column_stack([t["jsd_nexus"] for t in both])
    scored = ~np.isnan(jsd).any(axis=1)
    assert rows.loc["JSD", "estimate"] == pytest.approx(jsd[scored].mean()) and rows.loc["JSD", "n"] == scored.sum()
    correlations = [pearson(np.log1p(t["label_nexus"].to_numpy()), t["log_counts_nexus"].to_numpy()) for t in both]
    assert rows.loc["counts Pearson", "estimate"] == pytest.approx(np.mean(correlations))


def test_the_mean_over_domains_is_of_the_numbers_that_each_domain_has(experiment):
    """Rounds of domains left out have metrics of their own, which read the same columns."""
    task = TaskSpec("nexus", "profile", channels=2, out_length=POSITIONS)
    table = pd.read_parquet(experiment.path / "supervised" / "seed-0" / "predictions.parquet")
    labels, scores = table["label_nexus"].to_numpy(float), table[logit_names(task)].to_numpy(float)
    known = score_table("profile", labels, scores[None], np.arange(len(labels)), n_resamples=5).set_index("metric")
    for name, metric in METRICS["profile"].items():
        found = metric(labels, scores, np.ones((1, len(labels))))
        np.testing.assert_allclose(found, known.estimate[name])


def test_scores_lie_between_bounds_that_know_no_sequence_and_another_replicate(experiment, dataset):
    """The lower one is made of training rows of the sources alone; the report shows both."""
    bounds = pd.read_table(experiment.path / "profile_bounds.tsv")
    assert set(bounds["part"]) == {"source test", "target test"} and set(bounds["task"]) == {"nexus"}
    assert set(bounds["reference"]) == {"mean profile", "shuffled", "pseudo-replicates"}
    assert set(bounds["metric"]) == {*SHAPE.values(), *COUNTS}
    kept = pd.read_parquet(experiment.path / "supervised" / "seed-0" / "predictions.parquet")
    of_sources = (dataset.loci["domain"] != "hep").to_numpy()
    part = dataset.loci["part"].to_numpy() if "part" in dataset.loci else None
    trained = np.setdiff1d(np.flatnonzero(of_sources), kept["row"])
    assert part is None or (part[trained] == "train").all()
    counts = np.array(dataset.profiles.values, dtype=float)[:, :, MARGIN:-MARGIN]
    rows = kept.query("part == 'test' and domain == 'hep'")["row"].to_numpy()
    mean = np.nan_to_num(counts[trained] / counts[trained].sum(2, keepdims=True).clip(1)).sum(0)
    values = [strand_aware(counts[row], mean / mean.sum(1, keepdims=True)) for row in rows if counts[row].sum()]
    found = bounds.query("part == 'target test' and reference == 'mean profile'").set_index("metric").estimate
    assert found["JSD"] == pytest.approx(np.mean(values, axis=0)[0])
    page = experiment.report.read_text()
    assert "pseudo-replicates" in page and "What a metric lies between" in page


def test_some_test_loci_are_set_aside_to_be_drawn(experiment, dataset):
    """The same of each method, of the target, with their observed reads and the reads of the seeds' mean."""
    table = pd.read_parquet(experiment.path / "profiles.parquet")
    assert set(table["method"]) == {"supervised", "adversarial"} and table["locus"].nunique() == 3
    kept = pd.read_parquet(experiment.path / "supervised" / "seed-0" / "predictions.parquet")
    tested = {f"row {row}": row for row in kept.query("part == 'test' and domain == 'hep'")["row"]}
    total = kept.set_index("row")["label_nexus"]
    for (_, locus), mine in table.groupby(["method", "locus"]):
        plus, minus = (mine[mine["strand"] == strand].sort_values("position") for strand in "+-")
        counts = np.array(dataset.profiles.values[tested[locus]])[:, MARGIN:-MARGIN]
        np.testing.assert_array_equal(np.stack([plus["observed"], minus["observed"]]), counts)
        assert mine["observed"].sum() == total[tested[locus]] and (mine["predicted"] >= 0).all()
    assert "Observed and predicted reads of nexus" in experiment.report.read_text()


def test_the_mean_of_the_seeds_is_scored_as_one_model(experiment):
    """The likelihood of mean logits: a mean of convex losses is never below the loss of the mean (Jensen)."""
    averaged = pd.read_table(experiment.path / "averaged.tsv")
    for part in ("source test", "target test"):
        where = f"method == 'supervised' and part == '{part}' and metric == 'profile NLL'"
        one, mean = (float(table.query(where)["estimate"].iloc[0]) for table in (averaged, experiment.summary))
        assert one <= mean + 1e-6


def test_training_reads_no_count_of_the_target(folder, dataset, monkeypatch):
    """Poisoned counts of the target change nothing that a method trains on."""
    first = run_experiment(config_of(folder / "data", folder / "clean", methods=["adversarial"]))
    simulated = simulate("profiles", length=LENGTH, n_train=80, n_test=30, seed=1)
    poisoned = np.array(simulated.profiles.values)
    is_target = (simulated.loci["domain"] == "hep").to_numpy()
    poisoned[is_target] += 1000
    object.__setattr__(simulated.profiles, "values", poisoned)
    write_simulated(folder / "poisoned", simulated)
    second = run_experiment(config_of(folder / "poisoned", folder / "second", methods=["adversarial"]))
    one, other = (load_network(each.path / "adversarial" / "seed-0").state_dict() for each in (first, second))
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=0, atol=0)


def test_other_data_is_scored_and_runs_are_compared(folder, experiment):
    write_simulated(folder / "other", simulate("profiles", length=LENGTH, n_train=10, n_test=20, seed=9))
    found = evaluate_on(experiment.path, read_dataset(folder / "other"), method="supervised")
    assert set(found["metric"]) == {*MEANS.values(), *COUNTS} and set(found["domain"]) == {"ery", "hep"}
    compared = compare_runs([experiment.path / "supervised", experiment.path / "adversarial"])
    assert np.isfinite(compared.table["estimate"]).all()
    paired = compared.table.query("method == 'adversarial'").set_index("metric")
    assert set(paired.index) == {*MEANS.values(), *COUNTS} and np.isfinite(paired["difference"]).all()


def test_a_file_is_predicted(experiment, dataset, tmp_path):
    tokens = dataset.sequences.gather(np.arange(5))[:, MARGIN:-MARGIN]
    (tmp_path / "w.fa").write_text("".join(f">w{k}\n{decode(each)}\n" for k, each in enumerate(tokens)))
    network = load_network(experiment.path / "supervised" / "seed-0")
    table = predict_file([network], tmp_path / "w.fa")
    with torch.no_grad():
        log_counts = network(network.embed(torch.from_numpy(tokens)))[:, -2:]
    each = np.expm1(log_counts.numpy()).clip(0)
    np.testing.assert_allclose(table[["counts_nexus_0", "counts_nexus_1"]], each, rtol=1e-4)
    np.testing.assert_allclose(table["counts_nexus"], each.sum(1), rtol=1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"training": {"max_shift": 9}}, "--margin 9"),
        ({"model": {"encoder": "motif_cnn"}}, "pools positions away"),
        ({"methods": ["cdan"]}, "nexus is a profile task"),
        ({"methods": ["self_training"]}, "nexus is a profile task"),
        ({"training": {"balance": "class"}}, "balance by class"),
    ],
)
def test_what_cannot_go_together_is_refused(folder, tmp_path, values, message):
    with pytest.raises(UserError) as told:
        run_experiment(config_of(folder / "data", tmp_path / "x", **values))
    assert message in str(told.value)


def test_a_control_that_is_missing_at_prediction_is_asked_for(tmp_path):
    biased = simulate("profiles", length=LENGTH, n_train=10, n_test=0, bias=0.5)
    network = build_network("bpnet", biased.spec, {"filters": 4})
    (tmp_path / "w.fa").write_text(f">w\n{decode(biased.tokens[0])}\n")
    with pytest.raises(UserError, match="reads track 'control', and none is given"):
        predict_file([network], tmp_path / "w.fa")


@pytest.mark.slow
def test_a_bias_model_of_some_regions_is_added(folder, dataset, tmp_path):
    """Labels are those of the regions that are wanted; the bias model is in the second run as the first left it."""
    small = {"methods": ["supervised"], "training": {"epochs": 1}}
    peaks = run_experiment(config_of(folder / "data", tmp_path / "peaks", regions="peaks", **small))
    scored = pd.read_parquet(peaks.path / "supervised" / "seed-0" / "predictions.parquet")
    is_background = dataset.loci["background"].to_numpy()[scored["row"]]
    assert scored["label_nexus"].isna().equals(pd.Series(is_background))
    encoder = ENCODER | {"bias": str(peaks.path / "supervised" / "seed-0")}
    config = config_of(folder / "data", tmp_path / "both", model={"encoder": encoder}, **small)
    both = load_network(run_experiment(config).path / "supervised" / "seed-0")
    first = load_network(peaks.path / "supervised" / "seed-0")
    for name, value in both.encoder.bias.state_dict().items():
        torch.testing.assert_close(value, first.encoder.state_dict()[name], rtol=0, atol=0)


def test_regions_that_cannot_be_told_apart_are_refused(tmp_path):
    write_simulated(tmp_path / "d", simulate("mixed", n_train=20, n_test=10))
    config = make_config({"data": {"path": str(tmp_path / "d"), "regions": "peaks"}, "out": "x"}, [], where="test")
    with pytest.raises(UserError, match="has no background"):
        run_experiment(config)


@pytest.mark.slow
@pytest.mark.parametrize("strands", ["rcps", "rcps_half", "conjoined"])
def test_networks_of_both_strands_are_trained_and_say_the_same_of_either(folder, tmp_path, strands):
    """trap 3: what was trained, loaded again, gives a turned window the turned profile."""
    model = {"encoder": ENCODER, "reverse_complement": strands}
    config = config_of(folder / "data", tmp_path / "run", model=model, methods=["adversarial"], training={"epochs": 1})
    run = run_experiment(config).path / "adversarial" / "seed-0"
    network = for_prediction(load_network(run), read_card(run).predict).eval()
    x = one_hot_windows(4, LENGTH)
    with torch.no_grad():
        here, other = network(x), network(other_strand(x, network.spec))
    torch.testing.assert_close(turned_back(other, network.spec), here, rtol=1e-5, atol=1e-5)
    assert (here[:, :POSITIONS] - here[:, POSITIONS : 2 * POSITIONS]).abs().max() > 1e-3
