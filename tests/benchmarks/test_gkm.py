from __future__ import annotations

import json

import pytest

from benchmarks.gkm import main, windows
from cislearn.baselines.gkm import GkmKernel, GkmSVM
from cislearn.evaluation.metrics import auroc


def test_windows_can_be_told_apart():
    tokens, labels = windows(60, 200)
    model = GkmSVM(GkmKernel("gapped", 8, 6, 2)).fit(tokens[:120], labels[:120])
    assert auroc(labels[120:], model.predict(tokens[120:])[:, 0]) > 0.95


@pytest.mark.slow
def test_each_row_says_what_it_costs(capsys):
    main(["--sizes", "40", "--lengths", "30", "--show"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["kernel"] for row in rows] == ["centred, d = 3", "gapped, d = 4"]
    assert all(row[key] > 0 for row in rows for key in ("kernel s", "machine s", "scores s", "MB"))
