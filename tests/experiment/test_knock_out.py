"""Tables of knock-outs of a small run, and what is refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from cislearn.data.expression import prepare_expression
from cislearn.errors import UserError
from cislearn.experiment.expression import predict_new
from cislearn.experiment.knock_out import knock_out
from cislearn.explain.expression.knock_out import LEVELS
from cislearn.models.two_towers.saving import CARD
from cislearn.motifs.matrix import Motif
from cislearn.motifs.writing import write_meme
from tests.data.expression.files import CONDITIONS, write_expression, write_matrix
from tests.experiment.expression_runs import write_data, write_run

WORD = "CAR"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("knock_out")
    write_run(write_data(folder), folder / "run")
    return folder


def table_of(folder, **options):
    settings = {"regulators": (), "motifs": (), "levels": LEVELS, "device": CPU} | options
    notes = knock_out(folder / "run", folder / "data", folder / "change.tsv", **settings)
    return pd.read_csv(folder / "change.tsv", sep="\t"), notes


def test_a_row_is_a_gene_and_a_knock_out(folder):
    table, notes = table_of(folder, regulators=["g3", "g11"], motifs=[WORD])
    assert list(table.columns) == ["gene", "masked", "level", "sites", *CONDITIONS]
    kinds = [("yes", None), ("no", 0), ("no", -5), ("yes", 0), ("yes", -5)]
    assert list(zip(table["masked"], table["level"].fillna(99), strict=True)) == [
        (masked, 99 if level is None else level) for masked, level in kinds for _ in range(11)
    ]
    assert list(table["gene"]) == [f"g{k}" for k in range(11)] * 5
    assert notes[1] == "1 genes are knocked out themselves: what they do is set, and stands as absent"


def test_a_gene_that_is_knocked_out_has_no_prediction(folder):
    table, _ = table_of(folder, regulators=["g3", "g11"], motifs=[WORD])
    is_set = table["gene"] == "g3"
    assert table.loc[is_set, CONDITIONS].isna().all(axis=None)
    assert np.isfinite(table.loc[~is_set, CONDITIONS]).all(axis=None)


def test_sites_are_those_of_the_word_on_both_strands(folder):
    table, notes = table_of(folder, motifs=[WORD])
    texts = pd.read_csv(folder / "promoters.tsv", sep="\t", header=None, index_col=0)[1]
    expected = [sum(texts[gene].count(word) for word in ("CAA", "CAG", "TTG", "CTG")) for gene in table["gene"]]
    assert table["sites"].tolist() == expected
    assert f"{sum(expected):,} sites" in notes[0]


@pytest.mark.parametrize("twice", [["CAR", "YTG"], ["CAR", "car"], ["CAR", "CAG", "CAA"]])
def test_a_site_that_several_motifs_have_counts_once(folder, twice):
    """A motif and its own reverse complement, say: both strands are looked at of each."""
    once, _ = table_of(folder, motifs=["CAR"])
    table, notes = table_of(folder, motifs=twice)
    pd.testing.assert_frame_equal(table, once)
    assert f"{once['sites'].sum():,} sites" in notes[0]


def test_without_a_site_the_motif_changes_nothing_and_with_the_regulator_nothing_more(folder):
    """A promoter without the word is left as it is, to the last bit."""
    table, _ = table_of(folder, regulators=["g0"], motifs=["CAGRT"], levels=(0.0,))
    motif, regulator, both = (table.iloc[k * 11 : k * 11 + 11] for k in range(3))
    none = (motif["sites"] == 0).to_numpy() & (motif["gene"] != "g0").to_numpy()
    assert 0 < none.sum() < 10
    assert (motif[CONDITIONS].to_numpy()[none] == 0).all()
    np.testing.assert_array_equal(regulator[CONDITIONS].to_numpy()[none], both[CONDITIONS].to_numpy()[none])
    assert np.abs(regulator[CONDITIONS].to_numpy()[none]).max() > 0


def test_a_matrix_masks_as_its_word_does(folder):
    exact = np.full((4, 3), 1e-4)
    for position, base in enumerate((1, 0, 2)):  # CAG
        exact[base, position] = 1 - 3e-4
    write_meme(folder / "cag.meme", [Motif("CAG", "CAG", exact, 1e6)])
    by_matrix, _ = table_of(folder, motifs=[str(folder / "cag.meme")])
    by_word, _ = table_of(folder, motifs=["CAG"])
    pd.testing.assert_frame_equal(by_matrix, by_word)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "nothing to knock out"),
        ({"regulators": ["g33"]}, "did you mean g3"),
        ({"regulators": ["g1"]}, "none of the 3 regulators"),
        ({"regulators": ["YMR037C"]}, r"\(g11, g0, g3\)"),
        ({"regulators": ["g3"], "levels": [float("nan")]}, "--level: a level is a log2 ratio"),
        ({"motifs": ["AXG"]}, "'X' at position 2"),
        ({"motifs": ["msn2.meme"]}, "--motif: msn2.meme: no such file"),
        ({"motifs": ["ACGTACGTACGTACGT"]}, "no promoter has a site"),
    ],
)
def test_what_cannot_be_knocked_out(folder, options, said):
    with pytest.raises(UserError, match=said):
        table_of(folder, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ablation": "sequence only"}, "is the ablation 'sequence only'"),
        ({"ablation": "regulators only"}, "is the ablation 'regulators only'"),
        ({"classes": True}, "have no log ratio"),
    ],
)
def test_runs_that_cannot_be_asked(folder, tmp_path, options, said):
    network = "factors" if "ablation" in options else "tensor_product"
    run = write_run(folder / "data", tmp_path / "run", network=network, **options)
    with pytest.raises(UserError, match=said):
        knock_out(run, folder / "data", tmp_path / "t.tsv", regulators=["g3"], motifs=[], levels=LEVELS, device=CPU)
    assert not (tmp_path / "t.tsv").exists()
    if "ablation" in options:  # nor with new promoters
        with pytest.raises(UserError, match=said):
            predict_new(run, tmp_path / "p.tsv", tmp_path / "c.tsv", CPU)


def test_regulators_in_another_order_are_refused(folder, tmp_path):
    """trap 13: values are the dataset's and names the run's, and nothing else holds them together."""
    run = shutil.copytree(folder / "run", tmp_path / "run")
    card = json.loads((run / CARD).read_text())
    card["regulators"] = card["regulators"][::-1]
    (run / CARD).write_text(json.dumps(card))
    with pytest.raises(UserError, match=r"other regulators than .* or in another order"):
        knock_out(run, folder / "data", tmp_path / "t.tsv", regulators=["g3"], motifs=[], levels=LEVELS, device=CPU)


def test_another_dataset_is_refused(folder, tmp_path):
    files = write_expression(tmp_path)
    write_matrix(tmp_path / "matrix.tsv", {f"g{k}": [k, 1, -1] for k in range(12)})
    prepare_expression(tmp_path / "data", **files)
    with pytest.raises(UserError, match="is another dataset than"):
        knock_out(
            folder / "run",
            tmp_path / "data",
            tmp_path / "t.tsv",
            regulators=["g3"],
            motifs=[],
            levels=LEVELS,
            device=CPU,
        )
