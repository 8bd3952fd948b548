"""What `cislearn inspect` prints of a dataset."""

from __future__ import annotations

import json

import cislearn as cl


def test_it_shows_simple_models_and_domains(cislearn, tiny_data):
    done = cislearn("inspect", tiny_data, "--target", "hep")
    assert done.returncode == 0, done.stderr
    assert "simple models, on 200 test windows of hep; fitted to 360 training windows of ery" in done.stdout
    assert "best_two_motifs" in done.stdout and "chromosome_of_origin is left out: no coordinates" in done.stdout
    assert "GC content and dinucleotides alone tell apart" in done.stdout
    assert "WARNING: GC content and dinucleotides alone tell hep (AUROC" in done.stdout


def test_quick_leaves_both_out(cislearn, tiny_data):
    done = cislearn("inspect", tiny_data, "--quick")
    assert done.returncode == 0 and "leak check" in done.stdout
    assert "simple models" not in done.stdout and "dinucleotides" not in done.stdout


def test_of_an_unlabelled_target_the_sources_are_shown(cislearn, tiny_data, tmp_path):
    data = cl.read_dataset(tiny_data)
    blind = data.without_labels("hep")
    cl.write_dataset(tmp_path / "d", spec=data.spec, loci=data.loci, labels=blind.labels, sequences=data.sequences)
    done = cislearn("inspect", "d", "--target", "hep", "--split", "random")
    assert done.returncode == 0, done.stderr
    assert "hep has no labels: these are numbers of the sources" in done.stdout


def test_what_cannot_be_split_so_is_refused(refused, tiny_data, tmp_path):
    assert "did you mean similarity" in refused("inspect", tiny_data, "--split", "similar")
    assert "folds.json: no such file" in refused("inspect", tiny_data, "--folds", "folds.json")
    parts = {"train": ["chr1"], "valid": ["chr2"], "test": ["chr3"]}
    (tmp_path / "folds.json").write_text(json.dumps(parts))
    assert "no coordinates" in refused("inspect", tiny_data, "--folds", "folds.json")
