"""Explanations in the report: those beside the runs are drawn and lead to their pages, those of other weights not."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import cislearn
from cislearn.errors import UserError
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.writing import write_meme
from cislearn.prediction.loading import weights_hashes
from cislearn.reports.explained import find_explained
from cislearn.reports.motifs import write_motifs_page
from cislearn.reports.write import write_report
from tests.reports.page import Page


def motif_folder(folder: Path, weights: list[str] | None, **further: int) -> None:
    """Two motifs as `cislearn motifs` writes them."""
    motifs = [jaspar(name) for name in ("MA0062.4", "MA0035.5")]
    about = {
        "run": "tiny", "against": "jaspar", "looked_at": "part test of the run's dataset", "dropped": 0, "filters": 2,
        "known": 879, "unmatched": 0.5, "windows": 100, "kind": "filters", "weights": weights,
    } | further  # fmt: skip
    rows = [
        {"motif": each.identifier, "match": each.identifier, "name": each.name, "q": q, "by_chance": q, "sites": 20.0,
         "windows": 15.0, "information": 9.0, "change_GABPA": 0.3, "auroc_GABPA": 0.01}
        for each, q in zip(motifs, (1e-5, 0.8), strict=True)
    ]  # fmt: skip
    folder.mkdir()
    write_meme(folder / "motifs.meme", motifs)
    pd.DataFrame(rows).to_csv(folder / "motifs.tsv", sep="\t", index=False)
    (folder / "motifs.json").write_text(json.dumps(about))
    write_motifs_page(folder)


@pytest.mark.parametrize(
    ("n", "told"), [(0, ""), (1, "One more matches a known one"), (2, "Two more match a known one")]
)
def test_matches_that_cannot_be_named_are_told_on_the_page(tmp_path, n, told):
    motif_folder(tmp_path / "motifs", None, few_orders=n)
    text = Page((tmp_path / "motifs" / "motifs.html").read_text()).text
    assert told in text and ("cannot be named" in text) == bool(n)


@pytest.fixture
def experiment(tiny_experiment, tmp_path) -> Path:
    """A copy, so that what is put beside its runs disturbs nobody."""
    return shutil.copytree(tiny_experiment, tmp_path / "tiny")


def test_all_that_explains_a_model_stands_in_its_report(experiment, tiny_data):
    before = write_report(experiment).read_text()
    cislearn.attribute(
        experiment, "GABPA", data=tiny_data, most=7, method="source_only", out=experiment / "attributions"
    )
    cislearn.lay_out_features(experiment, experiment / "features", method="source_only", most=20, layout="pca")
    motif_folder(experiment / "motifs", weights_hashes(experiment, "source_only"))
    assert [each.kind for each in find_explained(experiment)] == ["motifs", "attributions", "features"]
    page = Page(text := write_report(experiment).read_text())
    assert page.errors == [] and page.unnamed == [] and len(set(page.ids)) == len(page.ids)
    for said in (
        "GABPA", "What windows rest on: GABPA", "gradient x input", "near zero under all of them",
        "Windows by their features", "encoder.stages.2 of source only, seed 0", "worth to source only for GABPA",
        "Motifs of source only", "Label of GABPA",
    ):  # fmt: skip
        assert said in page.text or said in text, said
    (motifs,) = [table for table in page.tables if table.rows[0][:2] == ["Motif", "Logo"]]
    assert [row[2] for row in motifs.rows[1:]] == ["GABPA MA0062.4", ""] and "table.sortable" in text
    assert text.count("Attributions of ") == 4  # the rest stands in its own page
    pages = {link for link in page.references if link.endswith(".html")}
    assert {f"{kind}/{kind}.html" for kind in ("motifs", "attributions", "features")} <= pages
    assert all((experiment / link).is_file() for link in pages)
    assert not re.search(r"https?:|@import|<link|src=", text.replace("http://www.w3.org", ""))
    for name in ("attributions", "features", "motifs"):
        shutil.rmtree(experiment / name)
    assert write_report(experiment).read_text() == before


@pytest.mark.parametrize("recorded", [["0" * 32], [], None])
def test_explanations_of_other_weights_are_told_and_not_shown(experiment, recorded):
    motif_folder(experiment / "motifs", recorded)
    page = Page(write_report(experiment).read_text())
    assert "Not shown: motifs" in page.text and "is not of the weights that stand here now" in page.text
    assert not [table for table in page.tables if table.rows[0][:2] == ["Motif", "Logo"]]


def test_a_model_that_was_trained_again_has_lost_its_explanations(experiment):
    motif_folder(experiment / "motifs", weights_hashes(experiment, "source_only"))
    assert find_explained(experiment)[0].methods == ("source_only",)
    one, other = (experiment / "source_only" / f"seed-{seed}" / "model.safetensors" for seed in (0, 1))
    shutil.copy(other, one)
    assert find_explained(experiment)[0].methods == ()


def test_a_run_by_itself_has_its_own(experiment):
    run = experiment / "source_only" / "seed-1"
    motif_folder(run / "motifs", weights_hashes(run))
    assert "Logo of MA0062.4" in write_report(run).read_text()
    assert find_explained(experiment) == ()


def test_a_record_that_is_cut_short_is_refused_by_name(experiment):
    (experiment / "motifs").mkdir()
    (experiment / "motifs" / "motifs.json").write_text('{"run": ')
    with pytest.raises(UserError, match=r"motifs\.json.*is not whole JSON"):
        write_report(experiment)
