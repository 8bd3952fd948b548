"""Tables of what regulators are worth, from small runs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch

from cislearn.data.expression.edges import read_edges
from cislearn.errors import UserError
from cislearn.experiment.regulators import explain_regulators
from cislearn.explain.expression.ranking import published_rankings, ranking
from cislearn.reports.figures.influences import influence_drawing
from tests.experiment.expression_runs import write_data, write_run

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regulators")
    data = write_data(folder)
    for seed in range(2):
        write_run(data, folder / f"run{seed}", network="tensor_product", seed=seed)
    lines = ["TF\ttarget", *(f"g3\tg{k}" for k in (1, 2, 3, 5)), "g0\tnowhere", "unknown\tg1"]
    (folder / "edges.tsv").write_text("\n".join(lines) + "\n")
    return folder


def explained(folder, out, runs=(0, 1), **options):
    settings = {"rule": "rescale", "edges": 8, "targets": folder / "edges.tsv", "device": CPU} | options
    return explain_regulators([folder / f"run{k}" for k in runs], folder / "data", out, **settings)


def test_tables_of_two_seeds(folder, tmp_path):
    explained(folder, tmp_path / "out")
    ranked, pairs, tested = (
        pd.read_csv(tmp_path / "out" / f"{name}.tsv", sep="\t") for name in ("ranking", "influences", "targets")
    )
    alone = [explained(folder, tmp_path / f"{k}", runs=(k,), targets=None).set_index("regulator") for k in range(2)]
    both = ranked.set_index("regulator")
    worths = np.stack([each.loc[both.index, "worth"] for each in alone])
    np.testing.assert_allclose(both["worth"], worths.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(both["sd"], worths.std(axis=0, ddof=1), rtol=1e-3)
    assert set(both.index) == {"g0", "g3", "g11"} and (both["runs"] == 2).all()
    assert (both["best_rank"] <= both["worst_rank"]).all() and np.isnan(alone[0]["sd"]).all()
    assert len(pairs) == 8 and pairs["size"].is_monotonic_decreasing
    assert not (pairs["regulator"] == pairs["gene"]).any(), "no gene sees itself"
    by_name = tested.set_index("regulator")
    assert set(by_name.index) == {"g0", "g3"} and by_name.loc["g3", "n_targets"] == 3
    assert by_name.loc["g3", "n_others"] == 7 and np.isnan(by_name.loc["g0", "auroc"])
    assert (tested["list"] == "edges.tsv").all() and (tested["rule"] == "rescale").all()
    assert not (tmp_path / "0" / "targets.tsv").exists()


def test_the_graph_holds_each_pair_of_the_table(folder, tmp_path):
    explained(folder, tmp_path / "out", edges=200)
    pairs = pd.read_csv(tmp_path / "out" / "influences.tsv", sep="\t")
    graph = nx.read_graphml(tmp_path / "out" / "influences.graphml")
    assert {(a, b) for a, b in graph.edges} == set(zip(pairs["regulator"], pairs["gene"], strict=True))
    for pair in pairs.itertuples():
        edge = graph.edges[pair.regulator, pair.gene]
        assert (edge["size"], edge["slope"]) == pytest.approx((pair.size, pair.slope), rel=1e-4)
        assert edge["acts"] == ("raises" if pair.slope > 0 else "lowers")
    assert {name for name, is_one in graph.nodes.data("is_regulator") if is_one} == set(pairs["regulator"])
    drawn = (tmp_path / "out" / "influences.svg").read_text()
    assert drawn.startswith("<?xml") and "http://www.w3.org/2000/svg" in drawn
    assert influence_drawing(pairs) == influence_drawing(pairs)


def test_what_does_not_go(folder, tmp_path):
    (tmp_path / "none.tsv").write_text("TF\ttarget\nother\tg1\n")
    with pytest.raises(UserError, match="names none of the 3 regulators"):
        explained(folder, tmp_path / "out", targets=tmp_path / "none.tsv")
    for text, said in [
        ("TF\ttarget\ng1\n", "line 2: 'g1' is not a regulator"),
        ("TF\ttarget\n", "names no target"),
        ("a\tg1\na\tg2\n", "line 1: the first line names 'a'"),
    ]:
        (tmp_path / "bad.tsv").write_text(text)
        with pytest.raises(UserError, match=said):
            read_edges(tmp_path / "bad.tsv")
    assert not (tmp_path / "out").exists()


def test_the_published_lists_are_three_of_ten():
    table = published_rankings()
    for each in ("classes", "log_ratios", "draft"):
        assert sorted(table[each].dropna()) == list(range(1, 11))
    assert set(table.dropna()["name"]) == {"USV1", "YVH1"}, "the only two in all three"


def test_ranks_and_their_spread():
    table = ranking(np.array([[1.0, 3.0, 2.0], [3.0, 2.0, 0.0]]), ["a", "YPL230W", "c"])
    assert table["regulator"].tolist() == ["YPL230W", "a", "c"] and table["rank"].tolist() == [1, 2, 3]
    assert table["best_rank"].tolist() == [1, 1, 2] and table["worst_rank"].tolist() == [2, 3, 3]
    assert table.loc[0, "published_draft"] == 1 and table.loc[0, "name"] == "USV1" and table["name"].isna().sum() == 2


def test_runs_that_have_no_mean_are_refused(folder, tmp_path):
    """One run twice has no spread, and two networks have no seeds between them."""
    with pytest.raises(UserError, match="run0: is named twice"):
        explained(folder, tmp_path / "out", runs=(0, 0))
    write_run(folder / "data", folder / "run7", network="concatenation")
    with pytest.raises(UserError, match=r"run7.*is another network than .*run0"):
        explained(folder, tmp_path / "out", runs=(0, 7))
    write_run(folder / "data", folder / "run8", network="tensor_product", own="kept", seed=8)
    with pytest.raises(UserError, match="reads a gene's own regulator otherwise"):
        explained(folder, tmp_path / "out", runs=(0, 8))
    assert not (tmp_path / "out").exists()
