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
    assert {"AUROC", "AUPRC", "F1", "MCC"} == set(scores["metric"])
    printed = capsys.readouterr().out
    assert "540 windows of 101 bp; domains: ery, hep" in printed
    assert (tmp_path / "run" / "report.html").is_file()


def test_gabp_configuration():
    config = read_config(EXAMPLES / "gabp_k562.yaml")
    assert config.data.target not in (config.data.sources or [])
    methods = [resolve_method(method) for method in config.methods]
    assert [method.labelled for method in methods] == ["sources", "sources", "target"]
