"""What `inspect` finds: simple models as `train` fits them, and domains that composition alone tells apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cislearn as cl
from cislearn.baselines import BATTERY
from cislearn.data.dataset import Dataset
from cislearn.data.prepare import prepare
from cislearn.experiment.battery import NOT_FITTED
from cislearn.experiment.before_training import Findings, look_before_training
from cislearn.experiment.config import DataConfig
from cislearn.experiment.domain_check import ALL, NEGATIVES, POSITIVES, check_target, composition_record
from cislearn.experiment.inspection import inspect_dataset
from cislearn.experiment.roles import assign_roles
from cislearn.schema import TaskSpec
from tests.conftest import TINY
from tests.data.examples import places, small_dataset

CELLS = ("GM12878", "H1-hESC", "HeLa-S3", "HepG2", "K562")


def draw(rng: np.random.Generator, gc: np.ndarray, length: int = 60) -> np.ndarray:
    """Windows of the GC content that is wanted of each, bases independent."""
    is_gc = rng.random((len(gc), length)) < gc[:, None]
    return np.where(is_gc, rng.integers(1, 3, is_gc.shape), 3 * rng.integers(0, 2, is_gc.shape)).astype(np.uint8)


def two_domains(folder, rng, *, gc_of_negatives=(0.5, 0.5), gc_of_positives=(0.5, 0.5), n=1200, labels=None) -> Dataset:
    """Domains `a` and `b`, by turns; classes by turns of two."""
    rows = np.arange(n)
    domain, answer = rows % 2, rows // 2 % 2
    gc = np.where(answer == 1, np.array(gc_of_positives)[domain], np.array(gc_of_negatives)[domain])
    loci = places([f"chr{k}" for k in rows // 4 % 12], 100 * rows, 60).assign(domain=np.array(["a", "b"])[domain])
    labels = answer.astype(float) if labels is None else labels(domain, answer)
    return small_dataset(folder, loci, labels, draw(rng, gc), length=60)


def look(dataset: Dataset, target: str | None = None, by: str = "auto") -> Findings:
    return look_before_training(inspect_dataset(dataset, by, target).roles)


def check(dataset: Dataset):
    return check_target(assign_roles(dataset, DataConfig(path=dataset.path, target="b")))


def test_a_planted_difference_of_gc_is_found_and_told(tmp_path, rng):
    data = two_domains(tmp_path / "d", rng, gc_of_negatives=(0.4, 0.6))
    found = look(data, "b")
    negatives, positives = found.apart.loc[0, NEGATIVES], found.apart.loc[0, POSITIVES]
    assert float(negatives.split()[0]) > 0.95 and float(positives.split()[0]) < 0.6
    warning = found.warnings[-1]
    assert "tell b (AUROC" in warning and "for negatives) from a" in warning and "source_only" in warning


def test_equal_domains_are_not_told_apart(tmp_path, rng):
    data = two_domains(tmp_path / "d", rng)
    found = check(data).found[ALL]
    assert found.low <= 0.5 <= found.high
    assert look(data, "b").warnings == []
    assert (
        composition_record(check_target(assign_roles(data, DataConfig(path=data.path, target="b"))))["warning"] is None
    )


def test_the_note_of_training_reads_no_label_of_the_target(tmp_path, rng):
    shape = {"gc_of_negatives": (0.4, 0.6), "gc_of_positives": (0.4, 0.6)}
    data = two_domains(tmp_path / "d", rng, **shape)
    found = check(data)
    assert set(found.found) == {ALL} and composition_record(found)["auroc"] == found.found[ALL].value
    blind = data.without_labels("b")
    again = check_target(assign_roles(blind, DataConfig(path=data.path, target="b")))
    assert composition_record(again) == composition_record(found)
    note = composition_record(found)["warning"]
    assert "tell b (AUROC" in note and "for all windows) from a" in note
    assert check_target(assign_roles(data, DataConfig(path=data.path))) is None


def test_numbers_are_those_of_train(tmp_path, rng):
    data = two_domains(tmp_path / "d", rng, gc_of_positives=(0.6, 0.55))
    found = look(data, "b").simple.set_index("simple model")
    done = cl.train(
        data, target="b", methods=["source_only"], seeds=1, out=tmp_path / "e", settings=TINY | {"battery": True}
    )
    summary = done.summary
    rows = summary[(summary["metric"] == "AUROC") & (summary["part"] == "target test")].set_index("method")
    for name in BATTERY:
        assert found.loc[name, "AUROC"] == pytest.approx(rows.loc[name, "estimate"], abs=1e-6)
    assert (found["low"] <= found["AUROC"]).all() and (found["AUROC"] <= found["high"]).all()
    assert found.loc["GC_content", "AUROC"] > 0.65


def test_an_unlabelled_target_has_no_number_and_this_is_said(tmp_path, rng):
    data = two_domains(tmp_path / "d", rng, labels=lambda domain, answer: np.where(domain == 0, answer, np.nan))
    found = look(data, "b")
    assert "test windows of a;" in found.title
    assert "b has no labels" in found.notes[0]
    assert list(found.apart.columns) == ["domain", "against", ALL]


def test_without_labels_but_those_of_the_target_there_is_nothing_to_fit(tmp_path, rng):
    data = two_domains(tmp_path / "d", rng, labels=lambda domain, answer: np.where(domain == 1, answer, np.nan))
    assert look(data, "b").title.startswith("no simple models: no domain but b has labels")


def test_no_label_at_all(tmp_path, rng):
    data = two_domains(tmp_path / "d", rng, labels=lambda domain, answer: np.full(len(domain), np.nan))
    assert look(data).title == "no simple models: no domain has labels to fit them to"


def test_labels_of_one_class_only_are_no_error(tmp_path, rng):
    data = two_domains(tmp_path / "d", rng, labels=lambda domain, answer: np.ones(len(domain)))
    found = look(data, "b")
    assert found.simple["AUROC"].isna().all() and found.simple["detail"].str.startswith("not fitted").all()


def test_regression_has_no_simple_models_and_says_so(tmp_path, rng):
    loci = places("chr1", 100 * np.arange(300)).assign(domain=np.where(np.arange(300) % 2, "a", "b"))
    data = small_dataset(tmp_path / "d", loci, rng.random(300), task=TaskSpec("level", "regression"))
    found = look(data)
    assert found.simple.empty and "not every task is binary" in found.title
    assert list(found.apart.columns) == ["domain", "against", ALL]


def test_a_small_domain_and_windows_of_n_only(tmp_path):
    """All windows are equal, so that none is left to train on: each shares its sequence with a test row."""
    rows = np.arange(600)
    names = np.where(rows < 590, np.where(rows % 2, "a", "b"), "few")
    loci = places([f"chr{k}" for k in rows % 12], 100 * rows, 60).assign(domain=names)
    labels = np.where(rows < 590, rows // 2 % 2, np.nan)
    data = small_dataset(tmp_path / "d", loci, labels, np.full((600, 60), 4, np.uint8), length=60)
    found = look(data, by="random")
    table = found.apart.set_index("domain")
    assert table.loc["few", ALL] == "too few windows"
    assert table.loc["a", ALL] == ".500 (.500, .500)"
    assert found.simple["detail"].eq(NOT_FITTED).all() and found.simple["AUROC"].isna().all()


def test_of_many_tasks_the_best_model_of_each_is_shown(tmp_path, rng):
    n = 600
    gc = rng.uniform(0.3, 0.7, n)
    by_gc = (gc + 0.05 * rng.normal(size=n) > 0.5).astype(float)
    other = rng.integers(0, 2, (n, 4)).astype(float)
    other[rng.random((n, 4)) < 0.3] = np.nan
    loci = places([f"chr{k}" for k in np.arange(n) % 12], 100 * np.arange(n), 60)
    data = small_dataset(tmp_path / "d", loci, np.column_stack([by_gc, other]), draw(rng, gc), length=60)
    found = look(data)
    assert list(found.simple["task"]) == [f"t{k}" for k in range(5)]
    assert found.simple.loc[0, "AUROC"] > 0.9
    assert found.apart.empty
    two = small_dataset(tmp_path / "two", loci, np.column_stack([by_gc, other[:, 0]]), draw(rng, gc), length=60)
    assert len(look(two).simple) == 2 * len(BATTERY)


def test_leaks_are_told_by_class(tmp_path, rng):
    """trap 19: negatives that are the same windows in both domains leak, positives do not."""
    tokens = draw(rng, np.full(800, 0.5))
    rows = np.arange(800)
    answer, domain = rows // 2 % 2, rows % 2
    tokens[rows[answer == 0]] = tokens[rows[answer == 0] - domain[answer == 0]]
    loci = pd.DataFrame({"domain": np.array(["a", "b"])[domain]})
    data = small_dataset(tmp_path / "d", loci, answer.astype(float), tokens, length=60)
    notes = inspect_dataset(data, by="random", target="b").notes
    (told,) = [note for note in notes if note.startswith("test windows that")]
    assert "t0 negative" in told and "t0 positive" not in told


def test_folds_are_taken(tmp_path, rng):
    folds = {"train": [f"chr{k}" for k in range(8)], "valid": ["chr8", "chr9"], "test": ["chr10", "chr11"]}
    found = inspect_dataset(two_domains(tmp_path / "d", rng), target="b", folds=folds)
    assert "test: chr10, chr11" in found.notes


@pytest.mark.slow
def test_published_negatives_all_on_one_chromosome_are_exposed(shared_data, tmp_path):
    files = {
        name: {cell: shared_data / "dann_tf" / cell / f"GABP{end}.fasta.gz" for cell in CELLS}
        for name, end in (("positives", ""), ("negatives", "_back"))
    }
    found = look(prepare(tmp_path / "gabp", **files), "K562")
    rows = found.simple.set_index("simple model")
    assert rows.loc["chromosome_of_origin", "low"] > 0.92
    assert rows.loc["chromosome_of_origin", "low"] > rows.loc["6-mer_logistic", "high"]
    assert "on chr1, 100% elsewhere" in rows.loc["chromosome_of_origin", "detail"]
    assert found.warnings[0].startswith("the chromosome alone tells positives from negatives")
    assert "tell K562 (AUROC" in found.warnings[1]
