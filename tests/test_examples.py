"""The examples work: the Python one at a small size, the configuration as far as it goes without its data."""

from __future__ import annotations

import runpy
from pathlib import Path

from cislearn.experiment.methods import resolve_method
from cislearn.experiment.reading import read_config

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def test_own_files(tmp_path, capsys):
    main = runpy.run_path(str(EXAMPLES / "own_files.py"))["main"]
    scores = main(tmp_path, n_windows=240, settings={"training.epochs": 1})
    assert set(scores["method"]) == {"source_only", "adversarial"}
    assert set(scores["domain"]) == {"hep"}
    assert {"AUROC", "AUPRC", "recall at 10% FDR", "F1", "MCC", "calibration error"} < set(scores["metric"])
    printed = capsys.readouterr().out
    assert "540 windows of 101 bp; domains: ery, hep" in printed
    assert (tmp_path / "run" / "report.html").is_file()


def test_gabp_configuration():
    config = read_config(EXAMPLES / "gabp_k562.yaml")
    assert config.data.target not in (config.data.sources or [])
    methods = [resolve_method(method) for method in config.methods]
    assert [method.labelled for method in methods] == ["sources", "both", "target"]


def test_published_configuration_has_the_published_values():
    """Lan et al. 2019 and its code: momentum 0.9, rate 0.001, 64 + 64 rows, 25 epochs, no reverse complements."""
    config = read_config(EXAMPLES / "dann_tf_published.yaml")
    optimiser = config.training.optimiser
    assert (optimiser.name, optimiser.learning_rate, optimiser.momentum) == ("sgd", 1e-3, 0.9)
    assert optimiser.weight_decay == 0
    assert (optimiser.decay, optimiser.warmup) == ("constant", 0)
    assert (config.training.epochs, config.training.batch_size) == (25, 64)
    assert config.model.reverse_complement.train == config.model.reverse_complement.predict == "forward"
    objectives = {method.title: resolve_method(method).make() for method in config.methods}
    assert list(objectives) == ["source_only", "ganin", "constant_0.001", "sawtooth"]
    assert objectives["constant_0.001"].schedule(0.7) == 0.001
    assert objectives["sawtooth"].schedule(0.04) == 0 and objectives["sawtooth"].schedule(0.0399) > 0.99
    assert objectives["ganin"].draws == {"source": 1.0, "target": 1.0}
