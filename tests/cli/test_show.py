"""The tables on the terminal: narrow, and the same numbers as the files."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import cislearn as cl
from cislearn.cli import show, show_experiment
from cislearn.data.sequences import TableSequences
from cislearn.experiment.execute import Experiment
from tests.conftest import TINY


@pytest.fixture
def printed(tiny_experiment, monkeypatch, capsys):
    """What `show_experiment` prints of the tiny experiment on a terminal of 80 columns."""
    from rich.console import Console

    for module in (show, show_experiment):
        monkeypatch.setattr(module, "console", lambda: Console(highlight=False, width=80, force_terminal=False))
    tables = [pd.read_csv(tiny_experiment / name, sep="\t") for name in ("summary.tsv", "comparison.tsv")]
    show_experiment.show_experiment(Experiment(tiny_experiment, *tables, tiny_experiment / "report.html"))
    return capsys.readouterr().out


def test_the_chosen_metrics_fit_80_columns(printed):
    """A cell that was cut would end in an ellipsis."""
    assert "\N{HORIZONTAL ELLIPSIS}" not in printed
    table = printed[printed.index("prevalence") : printed.index("\nsource only")]
    words = [word for line in table.splitlines()[2:] for word in line.split()]
    assert {"AUROC", "interval", "AUPRC", "recall", "10%", "FDR", "F1", "over"} <= set(words)
    assert not {"lift", "MCC", "5%", ".5", "calibration"} & set(words)
    assert "every metric" in printed


def test_its_numbers_are_those_of_the_files(printed, tiny_experiment):
    summary = pd.read_csv(tiny_experiment / "summary.tsv", sep="\t")
    rows = summary[(summary["method"] == "adversarial") & (summary["part"] == "target test")].set_index("metric")
    (line,) = [line for line in printed.splitlines() if line.startswith("adversarial")]
    shown = [show.number(rows.loc[name, "estimate"]) for name in ("AUROC", "AUPRC", "recall at 10% FDR", "F1")]
    auroc = rows.loc["AUROC"]
    shown[1:1] = [show.number(auroc["low"]), "-", show.number(auroc["high"])]
    assert line.split()[1 : 1 + len(shown)] == shown


def test_terms_stand_above_the_numbers(printed):
    terms = "protocol: honest (source only, adversarial); upper bound (target labels), selection: source validation"
    assert f"{terms}, 2 seeds, split: " in " ".join(printed.split())
    assert "LEAKS KEPT" not in printed and "nothing is measured" not in printed


def test_kept_leaks_stand_above_the_numbers(tiny_data, tmp_path, capsys):
    data = cl.read_dataset(tiny_data)
    rows = np.arange(len(data)) // 2 * 2  # every window twice
    twice = cl.write_dataset(
        tmp_path / "d",
        spec=data.spec,
        loci=data.loci.iloc[rows].reset_index(drop=True),
        labels=data.labels[rows],
        sequences=TableSequences.of(data.sequences.gather(rows)),
    )
    settings = TINY | {"data.split.by": "random", "data.split.leaks": "keep"}
    show_experiment.show_experiment(cl.train(twice, target="hep", seeds=1, out=tmp_path / "e", settings=settings))
    shown = capsys.readouterr().out
    assert "split: random, leaks kept" in " ".join(shown.split())
    test = json.loads((tmp_path / "e" / "data.json").read_text())["leaks"]["test"]
    assert test["leaky"] and f"LEAKS KEPT: {test['leaky']} of {test['rows']} test windows" in shown
    assert (
        f"Leaks were kept: {test['leaky']} of {test['rows']} test windows" in (tmp_path / "e/report.html").read_text()
    )
