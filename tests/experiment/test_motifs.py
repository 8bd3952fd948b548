"""Runs to folders of motifs: what is written, what it rests on, and what is refused."""

from __future__ import annotations

import gzip
import json
import re
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

import cislearn
from cislearn.cli.main import app
from cislearn.data.dataset import read_dataset
from cislearn.data.simulate import simulate, write_simulated
from cislearn.errors import UserError
from cislearn.experiment.held_out import held_out
from cislearn.experiment.motifs import find_attributed_motifs, find_motifs
from cislearn.explain.layer import motif_layer
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.meme import read_meme
from cislearn.motifs.writing import write_meme
from cislearn.prediction.loading import load_members
from cislearn.sequence.tokens import decode
from tests.conftest import TINY

pytest.importorskip("memelite")


pytestmark = pytest.mark.slow  # its experiments take a minute


@pytest.fixture(scope="module")
def found(tiny_experiment, tmp_path_factory):
    """Motifs of both seeds of source only."""
    out = tmp_path_factory.mktemp("motifs") / "found"
    return out, find_motifs(tiny_experiment, out, method="source_only", pair=("GATA1", "GABPA"))


def test_held_out_windows_are_the_rows_that_the_run_was_scored_on(tiny_data, tiny_experiment):
    """Without margins, in the order of the dataset, labels absent where they are; none that training saw."""
    dataset = read_dataset(tiny_data)
    windows = held_out(tiny_experiment, "source_only")
    table = pd.read_parquet(tiny_experiment / "source_only" / "seed-0" / "predictions.parquet")
    rows = np.sort(table.loc[table["part"] == "test", "row"].to_numpy())
    assert windows.n == len(rows)
    margin, length = dataset.spec.margin, dataset.spec.length
    tokens, tracks = windows.read(np.arange(windows.n))
    np.testing.assert_array_equal(tokens, dataset.sequences.gather(rows)[:, margin : margin + length])
    assert tracks is None
    np.testing.assert_array_equal(windows.labels, dataset.labels_float(rows))
    seen = np.load(tiny_experiment / "source_only" / "seed-0" / "seen.npy")
    assert not np.isin(dataset.window_hashes[rows], seen).any()
    alone = held_out(tiny_experiment, "source_only", domain="hep", part="valid")
    assert 0 < alone.n < held_out(tiny_experiment, "source_only", part="valid").n


def test_the_folder_holds_motifs_tables_and_a_page_of_its_own(found):
    out, motifs = found
    table, matches = pd.read_csv(out / "motifs.tsv", sep="\t"), pd.read_csv(out / "matches.tsv", sep="\t")
    assert [motif.identifier for motif in read_meme(out / "motifs.meme")] == list(table["motif"])
    assert table["seed"].isin([0, 1]).all() and table["recurs"].between(0, 1).all()
    assert table["change_GABPA"].is_monotonic_decreasing and (table["alone_low"] <= table["alone_high"]).all()
    assert table["auroc_GABPA"].notna().all()
    assert set(matches["motif"]) == set(table["motif"]) and (matches.groupby("motif").size() == 5).all()
    about = json.loads((out / "motifs.json").read_text())
    assert about["filters"] == about["dropped"] + len(table) == 8 and about["windows"] == motifs.about["windows"]
    spacing = pd.read_csv(out / "spacing.tsv", sep="\t")
    assert set(spacing["orientation"]) == {"+", "-"} and spacing["distance"].max() == 40
    page = (out / "motifs.html").read_text()
    assert page.count("Logo of seed_") >= len(table) and "table.sortable" in page
    assert not re.search(r"https?:|//[a-z]|@import|<link|src=", page.replace("http://www.w3.org", ""))
    assert "by their distance" in page


def test_a_file_of_windows_brings_no_labels(tiny_data, tiny_experiment, tmp_path):
    windows = held_out(tiny_experiment, "source_only")
    tokens, _ = windows.read(np.arange(60))
    (tmp_path / "w.fa").write_text("".join(f">{k}\n{decode(window)}\n" for k, window in enumerate(tokens)))
    write_meme(tmp_path / "known.meme", [jaspar("MA0062.4")])
    run = tiny_experiment / "source_only" / "seed-1"
    given = find_motifs(run, tmp_path / "m", source=tmp_path / "w.fa", against=tmp_path / "known.meme", rule="top")
    assert given.about["windows"] == 60 and given.about["seeds"] == [1]
    assert given.table["auroc_GABPA"].isna().all() and "recurs" not in given.table
    page = (tmp_path / "m" / "motifs.html").read_text()
    assert "With 1 known motifs alone" in page


def test_a_pair_or_place_that_cannot_be_is_refused_before_a_window_is_looked_at(tiny_experiment, tmp_path, monkeypatch):
    def looked_at(*_, **__):
        raise AssertionError("the long work was begun")

    monkeypatch.setattr("cislearn.experiment.motifs.held_out", looked_at)
    (tmp_path / "file").touch()
    options = {"method": "source_only", "pair": ("seed_0.filter_1", "GATA1")}
    with pytest.raises(UserError, match=r"file/out: cannot be written: Not a directory"):
        find_motifs(tiny_experiment, tmp_path / "file" / "out", **options)
    for wrong in ("GATA111", "seed_0.filter_99", "seed_9.filter_1"):
        with pytest.raises(UserError, match=f"--pair: no found or known motif is called {wrong!r}"):
            find_motifs(tiny_experiment, tmp_path / "out", **options | {"pair": ("GATA1", wrong)})
    with pytest.raises(AssertionError, match="was begun"):
        find_motifs(tiny_experiment, tmp_path / "out", **options)


def test_what_is_refused_leaves_nothing_behind(tiny_experiment, tmp_path):
    def refused(message, **options):
        with pytest.raises(UserError, match=message):
            find_motifs(tiny_experiment, tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()

    refused(r"no task 'GABP'; did you mean GABPA\?\s+Its tasks: GABPA", task="GABP")
    refused(r"no layer 'conv1' reads the bases(.|\n)*Known: encoder\.stages\.0\.linear", layer="conv1")
    refused(r"of domain 'heb'; did you mean hep", domain="heb")
    refused("no found or known motif is called 'GATA111'", pair=("GATA111", "GATA1"))
    (tmp_path / "bad.meme").write_text(
        "MEME version 4\n\nMOTIF a\nletter-probability matrix: alength= 4 w= 1\n.5 .5 .5 0\n"
    )
    refused(r"bad\.meme line 5: the probabilities of a position add up to 1\.5", against=tmp_path / "bad.meme")
    np.savez(tmp_path / "a.npz", one_hot=np.zeros((2, 4, 9)), hypothetical=np.zeros((2, 9, 4)))
    with pytest.raises(UserError, match=r"shape \(2, 9, 4\) and windows \(2, 4, 9\)"):
        find_attributed_motifs(tmp_path / "a.npz", tmp_path / "out")


def test_a_folder_of_something_else_is_never_replaced(tiny_experiment, tmp_path):
    (tmp_path / "mine").write_text("!")
    with pytest.raises(UserError, match="holds other files"):
        find_motifs(tiny_experiment, tmp_path, overwrite=True)


def test_the_verb(tiny_experiment, tmp_path):
    call = ["motifs", str(tiny_experiment), "--method", "source_only", "--out", str(tmp_path / "m"), "--device", "cpu"]
    done = CliRunner().invoke(app, [*call, "--rule", "top"])
    assert done.exit_code == 0, done.output
    assert "motifs.html" in done.output.replace("\n", "") and (tmp_path / "m" / "motifs.html").is_file()
    for wrong, message in (
        (["--rule", "best"], "'best' is not known"),
        (["--pair", "GATA1"], "'GATA1' is not A,B"),
        (["--attributions", "a.npz"], "of a run or of attributions"),
    ):
        result = CliRunner().invoke(app, [*call, *wrong])
        assert isinstance(result.exception, UserError) and message in str(result.exception)


def test_a_ladder_is_looked_at_through_its_clean_encoder(tiny_data, tmp_path):
    """Filters of the network that was scored, without noise; the decoder has no motifs."""
    settings = TINY | {"data.labels.sources": 0.25}
    cislearn.train(tiny_data, methods=["ladder"], seeds=1, out=tmp_path / "run", settings=settings)
    ladder = find_motifs(tmp_path / "run", tmp_path / "motifs", rule="top")
    assert ladder.about["layer"] == "encoder.stages.0.linear" and ladder.about["filters"] == 4 == len(ladder.motifs)
    (model,), windows = load_members(tmp_path / "run"), held_out(tmp_path / "run")
    layer = motif_layer(model)
    tokens, _ = windows.read(np.arange(windows.n))
    with torch.no_grad():
        x = model.embed(torch.from_numpy(np.ascontiguousarray(tokens)))
        assert torch.equal(layer.respond(x), layer.respond(x))
        logits = model(x)[:, 0].numpy()
    table = (
        pd.read_parquet(tmp_path / "run" / "ladder" / "seed-0" / "predictions.parquet").set_index("row").sort_index()
    )
    scored = table.loc[table["part"] == "test", "logit_GABPA"]
    np.testing.assert_allclose(logits, scored, atol=1e-4)


@pytest.mark.slow
def test_motifs_that_were_planted_are_called_by_name(tmp_path):
    """Ground truth: three factors bind together; the network never saw their matrices."""
    write_simulated(tmp_path / "data", simulate("none", n_train=16_000, n_test=2_000, seed=0))
    settings = {"training.epochs": 12, "training.device": "cpu", "battery": False}
    cislearn.train(tmp_path / "data", seeds=1, out=tmp_path / "run", settings=settings)
    table = find_motifs(tmp_path / "run", tmp_path / "motifs").table
    named = table[(table["q"] < 0.01) & (table["by_chance"] <= 0.05)]
    assert {"GABPA", "NFYA", "GATA1"} <= set(named["name"])


@pytest.mark.slow
def test_ctcf_is_the_strongest_motif_of_ctcf_peaks(shared_data, tmp_path):
    with gzip.open(shared_data / "ctcf_100bp" / "ctcf.fa.gz", "rt") as file:
        (tmp_path / "ctcf.fa").write_text("".join(islice(file, 8_000)))
    words = ["--positives", f"cell={tmp_path / 'ctcf.fa'}", "--negatives", "shuffled", "--out", str(tmp_path / "data")]
    assert CliRunner().invoke(app, ["prepare", *words]).exit_code == 0
    settings = {"training.epochs": 6, "training.device": "cpu", "battery": False}
    cislearn.train(tmp_path / "data", seeds=1, out=tmp_path / "run", settings=settings)
    strongest = find_motifs(tmp_path / "run", tmp_path / "motifs").table.iloc[0]
    assert strongest["name"] == "CTCF" and strongest["q"] < 1e-6 and strongest["by_chance"] <= 0.05


@pytest.mark.slow
def test_attributions_in_which_there_is_no_motif(tmp_path, rng):
    """Of noise, as of a network that has learned nothing: said on the page, and no fault."""
    one_hot = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (60, 100))].transpose(0, 2, 1)
    np.savez(tmp_path / "a.npz", one_hot=one_hot, hypothetical=rng.normal(size=one_hot.shape).astype(np.float32))
    found = find_attributed_motifs(tmp_path / "a.npz", tmp_path / "out")
    assert found.motifs == [] and len(found.table) == 0
    assert "No motif was found." in (tmp_path / "out" / "motifs.html").read_text()
