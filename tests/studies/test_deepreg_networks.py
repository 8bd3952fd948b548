"""The study of DeepREG's networks, in size smoke on a small matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.baselines.expression import LowRank
from cislearn.engine.devices import choose_device
from cislearn.errors import UserError
from cislearn.studies.deepreg.networks import KEYS, LONG, OURS, PUBLISHED, network_trials, run_networks
from tests.studies.yeast_files import write_yeast


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = write_yeast(tmp_path_factory.mktemp("files"))

    def run(*only, progress=lambda text, done=0, total=0: None):
        return run_networks(
            folder, folder / "work", folder / "results", "smoke", only, choose_device("cpu"), progress=progress
        )

    return run


def test_the_ledger_goes_on_and_the_page_has_every_method(small):
    page = small("split=series")
    assert "## By series (size smoke)" in page.read_text() and "## By gene" not in page.read_text()
    said = []
    page = small(progress=lambda text, done=0, total=0: said.append(text))
    assert not any(text.startswith("series,") for text in said), "what stands in the ledger is not run again"
    ledger = pd.read_csv(page.with_suffix(".tsv"), sep="\t")
    for trial in network_trials("smoke"):
        its = ledger[(ledger["split"] == trial.split) & (ledger["method"] == trial.method)].set_index("metric")
        assert np.isfinite(its.loc["MSE", "estimate"]) and its.loc["MSE", "n"] > 0
        assert f"| {trial.method} | 1 |" in page.read_text()
    errors = ledger[(ledger["metric"] == "MSE") & (ledger["split"] == "series")].set_index("method")["estimate"]
    assert errors[OURS] < 1.2 * errors["ridge of regulators"] < errors[PUBLISHED]


def test_desk_has_every_method_of_the_issue():
    trials = network_trials("desk")
    assert len({trial[:3] for trial in trials}) == len(trials)
    for name in (OURS, PUBLISHED):
        assert {(t.split, t.seed) for t in trials if t.method == name} == {
            (split, seed) for split in ("pair", "condition", "series", "gene", "both") for seed in range(3)
        }
    assert not any(trial.network in LONG for trial in trials)
    assert {t.network for t in network_trials("paper")} >= set(LONG)
    assert any(t.method == f"{LowRank.name} (a tenth of the genes)" for t in trials)
    assert KEYS[1:] == ("split", "method", "seed")


def test_what_is_not_known(small):
    with pytest.raises(UserError, match=r"method 'factor' is not known; did you mean factors\?"):
        small("method=factor")
    with pytest.raises(UserError, match=r"axis 'network' is not known"):
        small("network=factors")
