"""Runs to folders of features: which windows, what is written of them, what the page shows, what is refused."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import cislearn
from cislearn.cli.main import app
from cislearn.data.dataset import read_dataset
from cislearn.errors import UserError
from cislearn.experiment.features import draw_evenly
from cislearn.models.saving import load_network
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.sequence.composition import gc_fraction
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode


@pytest.fixture(scope="module")
def laid_out(tiny_experiment, tmp_path_factory):
    out = tmp_path_factory.mktemp("features") / "out"
    table = cislearn.lay_out_features(tiny_experiment, out, method="source_only", most=40, layout="pca")
    return out, table


def test_a_row_a_window_of_those_held_out(laid_out, tiny_data, tiny_experiment):
    """trap 14: each row names the row of the dataset that it is of; labels, domain and GC are those of that row."""
    out, table = laid_out
    dataset, rows = read_dataset(tiny_data), table["row"].to_numpy()
    run = tiny_experiment / "source_only" / "seed-0"
    recorded = pd.read_parquet(run / "predictions.parquet").set_index("row").loc[rows]
    assert len(table) == 40 == len(set(rows)) and (recorded["part"] == "test").all() and (table["part"] == "test").all()
    np.testing.assert_array_equal(table["domain"], recorded["domain"])
    np.testing.assert_array_equal(table["label_GABPA"], dataset.labels_float(rows)[:, 0])
    margin = dataset.spec.margin
    tokens = dataset.sequences.gather(rows)[:, margin : margin + dataset.spec.length]
    np.testing.assert_allclose(table["gc"], gc_fraction(tokens))
    features = np.load(out / "features.npz")["features"]
    network = NetworkPredictor(load_network(run))
    expected = (network.features(tokens) + network.features(reverse_complement(tokens))) / 2
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)
    written = pd.read_csv(out / "features.tsv", sep="\t", keep_default_na=False)
    assert list(written) == list(table) and list(written["name"]) == list(table["name"])
    about = json.loads((out / "features.json").read_text())
    assert (about["stage"], about["strands"], about["run_seed"]) == ("encoder.stages.2", "both, averaged", 0)


def test_domains_and_classes_give_as_many_each(laid_out):
    out, table = laid_out
    groups = pd.read_csv(out / "groups.tsv", sep="\t")
    assert (groups["drawn"] == 10).all() and len(groups) == 4 and (groups["of"] > 10).all()
    assert (table.groupby(["domain", "label_GABPA"]).size() == 10).all()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 50), st.integers(0, 3))
def test_no_group_is_drawn_from_while_a_poorer_one_has_some_left(kinds, most, seed):
    groups = pd.DataFrame({"kind": [np.nan if kind == 0 else float(kind) for kind in kinds]})
    drawn = draw_evenly(groups, most, seed)
    assert len(drawn) == min(most, len(kinds)) and (np.diff(drawn) > 0).all()
    all_of, taken = (np.bincount(np.array(each), minlength=4) for each in (kinds, np.array(kinds)[drawn]))
    left = taken < all_of
    assert not left.any() or taken.max() <= taken[left].min() + 1


def test_the_same_seed_makes_the_same_files(laid_out, tiny_experiment, tmp_path):
    options = {"method": "source_only", "most": 40, "layout": "tsne", "stage": "encoder.stages.0", "pool": "max"}
    tables = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        cislearn.lay_out_features(tiny_experiment, tmp_path / name, seed=seed, **options)
        tables.append((tmp_path / name / "features.tsv").read_text())
    assert tables[0] == tables[1] != tables[2]
    assert (tmp_path / "a" / "features.html").read_text() == (tmp_path / "b" / "features.html").read_text()


def test_the_page_shows_label_domain_and_gc_and_fetches_nothing(laid_out):
    page = (laid_out[0] / "features.html").read_text()
    for said in ("Label of GABPA", "Domain: ery, hep", "Share of G and C", "40 windows", "encoder.stages.2"):
        assert said in page, said
    assert page.count('<svg class="plot"') == 3
    assert not re.search(r"https?:|//[a-z]|@import|<link|src=", page.replace("http://www.w3.org", ""))


def test_a_file_brings_no_labels_and_keeps_the_places_of_its_rows(tiny_data, tiny_experiment, tmp_path):
    """trap 14: a window of N alone has no features, and the others still say which line they are."""
    dataset = read_dataset(tiny_data)
    windows = [decode(window) for window in dataset.sequences.gather(np.arange(30))]
    windows[4] = "N" * len(windows[4])
    (tmp_path / "w.fa").write_text("".join(f">w{k}\n{window}\n" for k, window in enumerate(windows)))
    table = cislearn.lay_out_features(
        tiny_experiment, tmp_path / "f", method="adversarial", source=tmp_path / "w.fa", layout="pca"
    )
    assert list(table["row"]) == [k for k in range(30) if k != 4]
    assert list(table["name"]) == [f"w{k}" for k in table["row"]]
    assert not any(name.startswith("label_") for name in table)
    page = (tmp_path / "f" / "features.html").read_text()
    assert page.count('<svg class="plot"') == 1 and "Share of G and C" in page


def test_what_is_refused_leaves_nothing_behind(tiny_experiment, tmp_path):
    def refused(message, **options):
        with pytest.raises(UserError, match=message):
            cislearn.lay_out_features(tiny_experiment, tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()

    refused(r"no stage 'conv2'\s+Known: encoder\.stages\.0", stage="conv2")
    refused(r"no task 'GABP'; did you mean GABPA", task="GABP")
    refused(r"of domain 'heb'; did you mean hep", domain="heb")
    refused(r"9 windows are too few for a picture\s+Give 10 or more", most=9)
    refused(r"makes one number of a window, which needs no plane", stage="head.0", most=20)


def test_the_verb(tiny_experiment, tmp_path):
    call = ["features", str(tiny_experiment), "--out", str(tmp_path / "f"), "--layout", "pca", "--most", "20"]
    done = CliRunner().invoke(app, [*call, "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert "20 windows" in done.output
    again = CliRunner().invoke(app, call)
    assert isinstance(again.exception, UserError) and "exists already" in str(again.exception)
    for wrong, message in (
        (["--layout", "umap"], "'umap' is not known"),
        (["--pool", "sum"], "'sum' is not known"),
        (["--genome", "g.fa"], "goes with --input"),
        (["--input", "w.fa", "--part", "valid"], "does not go with --input"),
    ):
        refused = CliRunner().invoke(app, [*call, "--overwrite", *wrong])
        assert isinstance(refused.exception, UserError) and message in str(refused.exception), refused.output
