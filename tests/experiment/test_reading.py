"""Settings of a configuration: what is nested is taken apart as far as the configuration has sections."""

from __future__ import annotations

from cislearn.experiment.reading import dotted


def test_sections_are_taken_apart_however_they_are_written():
    nested = {"training": {"epochs": 1, "optimiser": {"name": "sgd"}}, "data.split": {"by": "block"}, "battery": False}
    assert dotted(nested) == {
        "training.epochs": 1,
        "training.optimiser.name": "sgd",
        "data.split.by": "block",
        "battery": False,
    }


def test_values_stay_whole_and_so_does_what_is_not_known():
    folds = {"train": ["chr1"], "valid": ["chr2"], "test": ["chr3"]}
    whole = {
        "model.encoder": {"name": "motif_cnn", "motifs": 8},
        "data.split.folds": folds,
        "data.split.k_fold": {"folds": 5},
        "methods": [{"name": "supervised", "class_weights": {"A": [1, 2]}}],
        "gkm_svm": {"l": 8},
        "trainning": {"epochs": 1},
    }
    assert dotted(whole) == whole
    assert dotted({"model": {"encoder": whole["model.encoder"]}, "data": {"split": {"folds": folds}}}) == {
        "model.encoder": whole["model.encoder"],
        "data.split.folds": folds,
    }
