"""The tables on the terminal: narrow, and the same numbers as the files."""

from __future__ import annotations

import pandas as pd
import pytest

from cislearn.cli import show
from cislearn.experiment.execute import Experiment


@pytest.fixture
def printed(tiny_experiment, monkeypatch, capsys):
    """What `show_experiment` prints of the tiny experiment on a terminal of 80 columns."""
    from rich.console import Console

    monkeypatch.setattr(show, "console", lambda: Console(highlight=False, width=80, force_terminal=False))
    tables = [pd.read_csv(tiny_experiment / name, sep="\t") for name in ("summary.tsv", "comparison.tsv")]
    show.show_experiment(Experiment(tiny_experiment, *tables, tiny_experiment / "report.html"))
    return capsys.readouterr().out


def test_the_chosen_metrics_fit_80_columns(printed):
    """A cell that was cut would end in an ellipsis."""
    assert "\N{HORIZONTAL ELLIPSIS}" not in printed
    table = printed[printed.index("prevalence") : printed.index("source only")]
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
