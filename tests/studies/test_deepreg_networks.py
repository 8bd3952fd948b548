"""The study of DeepREG's networks, in size smoke on a small matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.baselines.expression import LowRank
from cislearn.engine.devices import choose_device
from cislearn.errors import UserError
from cislearn.studies.deepreg.networks import KEYS, LONG, network_trials, networks_ledgers, run_networks
from cislearn.studies.deepreg.page import published_numbers
from cislearn.studies.deepreg.pictures import OURS, PUBLISHED, pictures, published_curve
from cislearn.training.two_towers import DivergedError
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
    assert (
        f"**Not run** (size smoke): ridge of promoters (1 of 1); {OURS} (1 of 2); {PUBLISHED} (1 of 2)"
        in page.read_text()
    )
    said = []
    page = small(progress=lambda text, done=0, total=0: said.append(text))
    assert not any(text.startswith("series,") for text in said), "what stands in the ledger is not run again"
    assert "Not run" not in page.read_text()
    ledger = pd.read_csv(page.with_suffix(".tsv"), sep="\t")
    for trial in network_trials("smoke"):
        its = ledger[(ledger["split"] == trial.split) & (ledger["method"] == trial.method)].set_index("metric")
        assert np.isfinite(its.loc["MSE", "estimate"]) and its.loc["MSE", "n"] > 0
        assert f"| {trial.method} | 1 |" in page.read_text()
    errors = ledger[(ledger["metric"] == "MSE") & (ledger["split"] == "series")].set_index("method")["estimate"]
    assert errors[OURS] < 1.2 * errors["ridge of regulators"] < errors[PUBLISHED]


def test_a_network_that_diverges_is_told_and_the_next_one_is_trained(tmp_path, monkeypatch):
    """In the published list one may: the study goes on, and does not train it again."""
    from cislearn.studies.deepreg import networks

    folder, trained = write_yeast(tmp_path), []

    def train(materials, fold, network, *args, **options):
        trained.append(network)
        raise DivergedError({"epoch": 2, "train_loss": np.nan, "learning_rate": 0.5})

    monkeypatch.setattr(networks, "train_on_fold", train)
    for _ in range(2):
        page = run_networks(
            folder, tmp_path / "work", tmp_path / "results", "smoke", ["split=gene"], choose_device("cpu")
        )
    assert trained == [OURS, PUBLISHED, OURS], "ours, the tensor product, and ours without promoters, once each"
    text = page.read_text()
    assert f"| {PUBLISHED} | 1 | diverged in epoch 2 |" in text and f"{PUBLISHED} (1 of 2)" in text


def test_curves_pairs_and_regulators_are_kept_and_drawn(small):
    page = small()
    tables = {name: table.read() for name, table in networks_ledgers(page.parent).items()}
    curves = tables["curves"].set_index(list(KEYS)).sort_index()
    networks = [trial for trial in network_trials("smoke") if trial.network]
    for trial in networks:
        assert len(curves.loc[("smoke", trial.split, trial.method, "0")]) == 2, "before the first epoch, and after it"
    assert "pairs" in tables and set(tables["pairs"]["method"]) == {OURS, PUBLISHED}
    (mse,) = tables["scores"].query("split == 'gene' and method == @OURS and metric == 'MSE'")["estimate"]
    its = tables["pairs"].query("split == 'gene' and method == @OURS")
    assert ((its["observed"] - its["predicted"]) ** 2).mean() == pytest.approx(mse, rel=1e-3), "all pairs fit in"
    assert "deepreg_networks-smoke-learning.svg" in page.read_text()
    assert (page.parent / "deepreg_networks-smoke-against.svg").read_text().startswith("<?xml")
    assert len(tables["ranking"]) == 0, "no training of this size is split by pair"


def test_what_regulators_are_worth_is_drawn():
    place = {"size": "desk", "split": "pair", "method": OURS, "seed": "0"}
    names = [f"Y{k}" for k in range(30)]
    worth = np.linspace(1, 0, 30)
    ranking = pd.DataFrame({"regulator": names, "rank": range(1, 31), "worth": worth, "name": ["HAP4", *[None] * 29]})
    pairs = pd.DataFrame({"regulator": names, "gene": names[::-1], "contribution": worth, "slope": worth - 0.5})
    drawn = pictures({"ranking": ranking.assign(**place), "influences": pairs.assign(**place)})
    assert list(drawn) == ["importance", "influences-factors"]


def test_the_published_curve_ends_where_the_published_error_is():
    """`published.tsv` and the curve are read from different places of the specification."""
    last = published_curve().iloc[-1]
    (printed,) = published_numbers().query("model == 'tensor product' and metric == 'validation MSE'")["value"]
    assert (last["epoch"], last["valid_loss"]) == (30, float(printed))


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
