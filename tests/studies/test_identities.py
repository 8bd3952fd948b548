"""Runs keep the identity under which they stand in the committed ledgers, whatever keys configurations gain."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cislearn.experiment.claim import LATER
from cislearn.experiment.composition import compose_methods
from cislearn.experiment.reading import make_config
from cislearn.experiment.underway import run_identities
from cislearn.studies.shifts import NETWORKS, SHORT

LEDGER = Path(__file__).parents[2] / "docs" / "results" / "shifts.tsv"
MIXED_100 = "69aeda3c3ff865ce5353b212d1544d24"
"""Hash of the simulated dataset of the family `mixed` and seed 100."""


def config_of(**settings):
    encoder, methods = NETWORKS["motif_cnn"]
    values = {
        "data": {"path": "d", "target": "hep"}, "model": {"encoder": encoder}, "methods": methods, "battery": False,
        "training": SHORT | {"seeds": [100]} | settings,
    }  # fmt: skip
    return make_config(values)


def test_runs_of_a_committed_ledger_are_known_again():
    ledger = pd.read_csv(LEDGER, sep="\t", dtype=str)
    rows = ledger[(ledger["family"] == "mixed") & (ledger["network"] == "motif_cnn") & (ledger["simulation"] == "100")]
    config = config_of()
    identities = run_identities(config, compose_methods(config), MIXED_100)
    assert identities == rows.set_index("method")["identity"].to_dict() and len(rows) == len(NETWORKS["motif_cnn"][1])


def test_a_key_that_came_later_counts_where_it_is_not_at_its_default():
    def identity(**settings):
        config = config_of(**settings)
        return run_identities(config, compose_methods(config), MIXED_100)["source_only"]

    assert "training.patience_of" in LATER
    assert identity(patience_of="score") == identity() != identity(patience_of="loss")


def test_processes_are_part_of_the_identity_where_weights_are_averaged():
    """Gradients averaged at each step, they learn what one does, and a run may go on in another number of them."""

    def identity(**settings):
        config = config_of(**settings)
        return run_identities(config, compose_methods(config), MIXED_100)["source_only"]

    assert identity() == identity(processes=3) == identity(processes=2, sync_warmup=5)
    averaged = [{}, {"processes": 3}, {"sync_warmup": 5}, {"sync_optimiser": False}]
    assert len({identity(), *(identity(**{"processes": 2, "sync_every": 4} | each) for each in averaged)}) == 5
