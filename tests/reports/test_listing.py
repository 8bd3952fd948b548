"""Many runs at a glance: each folder is told for what it is, and the page sorts and searches in a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.errors import UserError
from cislearn.reports.figures.sparkline import sparkline
from cislearn.reports.listing import list_runs
from cislearn.reports.runs_page import write_runs_page
from tests.reports.conftest import Plan, make_experiment
from tests.reports.page import Page


def made(folder: Path, finished: str = "2025-11-21T10:00:00+00:00", **plan: Any) -> Path:
    make_experiment(folder, Plan(n=60, **plan))
    info = json.loads((folder / "experiment.json").read_text()) | {"finished": finished}
    (folder / "experiment.json").write_text(json.dumps(info))
    return folder


@pytest.fixture
def many(tmp_path) -> Path:
    """Two whole experiments, one below another folder; one broken off, one cut short, and notes."""
    runs = tmp_path / "runs"
    made(runs / "early", "2025-11-20T10:00:00+00:00", seeds=(0,))
    made(runs / "deep" / "late", "2025-11-22T10:00:00+00:00", is_target_labelled=False)
    begun = made(runs / "begun")
    (begun / "experiment.json").unlink()
    (begun / "adversarial" / "seed-2").rename(begun / "adversarial" / "seed-2.partial")
    cut = made(runs / "cut") / "summary.tsv"
    cut.write_bytes(cut.read_bytes()[:300])
    (runs / "notes").mkdir()
    (runs / "notes" / "read me.txt").write_text("<b>")
    (runs / "loop").symlink_to(runs)
    return runs


def test_each_folder_is_told_for_what_it_is(many):
    found = list_runs(many)
    assert [(run.name, run.method, run.state) for run in found] == [
        ("deep/late", "source_only", "finished"),
        ("deep/late", "adversarial", "finished"),
        ("early", "source_only", "finished"),
        ("early", "adversarial", "finished"),
        ("begun", "", "begun"),
        ("cut", "", "broken"),
        ("notes", "", "other"),
    ]
    why = {run.name: run.why for run in found}
    assert why["begun"].startswith("finished runs: 5")
    assert why["cut"].startswith("summary.tsv line ") and str(many) not in why["cut"]


def test_the_number_is_that_of_the_summary_on_the_part_that_counts(many):
    """A target without labels has no number, so that of the sources stands there, and says whose it is."""
    for folder, part in (("early", "target test"), ("deep/late", "source test")):
        summary = pd.read_csv(many / folder / "summary.tsv", sep="\t")
        for run in (run for run in list_runs(many) if run.name == folder):
            mine = summary[(summary["part"] == part) & (summary["method"] == run.method)]
            (row,) = mine[mine["metric"] == "AUROC"].to_dict("records")
            assert (run.score, run.low, run.high) == pytest.approx((row["estimate"], row["low"], row["high"]))
            assert (run.on, run.metric, run.protocol) == (row["domain"], "AUROC", row["protocol"])
            assert (run.data, run.encoder, run.seeds) == ("foxa1", "motif_cnn", 1 if folder == "early" else 3)


@pytest.mark.parametrize("name", ["experiment.json", "data.json", "model_summary.json", "adversarial/seed-1/run.json"])
@pytest.mark.parametrize("content", [None, "", "[1]", '{"format": 1}', "\x00\xff"])
def test_nothing_that_is_broken_stops_the_list(tmp_path, name, content):
    whole, broken = made(tmp_path / "whole"), made(tmp_path / "broken")
    assert whole.is_dir()
    if content is None:
        (broken / name).unlink()
    else:
        (broken / name).write_bytes(content.encode("latin-1"))
    states = {run.name: run.state for run in list_runs(tmp_path)}
    assert states["whole"] == "finished" and "broken" in states


def test_a_run_by_itself_is_listed(tiny_experiment, tmp_path):
    shutil.copytree(tiny_experiment / "adversarial" / "seed-1", tmp_path / "lonely")
    (run,) = list_runs(tmp_path)
    assert (run.name, run.method, run.seeds, run.on, run.metric) == ("lonely", "adversarial", 1, "hep", "AUROC")
    assert np.isfinite(run.score) and np.isnan(run.low)


def test_without_weights_nothing_is_called_finished_and_what_is_missing_is_named(tiny_experiment, tmp_path):
    """The same `train` command would keep the run, so it is not what is advised."""
    experiment, lonely = tmp_path / "whole", tmp_path / "lonely"
    shutil.copytree(tiny_experiment, experiment)
    shutil.copytree(tiny_experiment / "adversarial" / "seed-1", lonely)
    for run in (experiment / "source_only" / "seed-1", lonely):
        (run / "model.safetensors").unlink()
    missing = "model.safetensors: is missing, so this run is not complete. Copy the whole folder again, or train"
    why = {run.name: run.why for run in list_runs(tmp_path) if run.state == "broken"}
    assert why["whole"].startswith(f"source_only/seed-1/{missing}") and why["lonely"].startswith(missing)
    assert not [run for run in list_runs(tmp_path) if run.state == "finished"]
    assert "broken: whole: source_only/seed-1/model.safetensors: is missing" in lines_of(tmp_path)


def test_what_training_wrote_is_listed(tiny_experiment):
    found = list_runs(tiny_experiment)
    assert [run.method for run in found] == ["source_only", "adversarial", "target_labels"]
    assert all(run.report == tiny_experiment / "report.html" and len(run.curves) == 2 for run in found)


def test_no_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="is no folder"):
        list_runs(tmp_path / "none")
    assert list_runs(tmp_path) == []


def test_the_page_is_whole_and_leads_to_each_report(many, tmp_path):
    (many / "early" / "report.html").write_text("here")
    out = tmp_path / "pages" / "runs.html"
    page = Page(write_runs_page(list_runs(many), out, title="<runs>").read_text(encoding="utf-8"))
    assert page.errors == [] and page.unnamed == []
    assert "Four finished, one begun, one broken and one other." in page.text
    (table,) = page.tables
    assert len(table.rows) == 8 and [row[0] for row in table.rows[1:]] == [run.name for run in list_runs(many)]
    assert page.references and all((out.parent / link).read_text() == "here" for link in page.references)


def in_browser(page: Path, act: str) -> str:
    """What a browser makes of the page after some steps."""
    browser = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("there is no Chromium")
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", f"<script>{act}</script></body>"))
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@pytest.mark.slow
def test_the_page_sorts_and_searches(many, tmp_path):
    page = write_runs_page(list_runs(many), tmp_path / "runs.html", title="runs")
    act = "document.querySelectorAll('thead button')[6].click(); words.value = 'Honest adversarial'; search();"
    shown = in_browser(page, act)
    assert '<output for="words">2 of 7</output>' in shown
    lines = re.findall(r'<tr role="row"( hidden="")?>\s*<th role="rowheader" scope="row">([^<]*)<', shown)
    assert [name for hidden, name in lines if not hidden] == ["deep/late", "early"]
    scores = [float(text) for text in re.findall(r'data-name="Score" data-order="([\d.]+)"', shown)]
    assert scores == sorted(scores, reverse=True) and len(scores) == 4
    assert [name for _, name in lines][4:] == ["begun", "cut", "notes"]  # what has no score stands last
    assert shown.count("aria-sort=") >= 1 and 'aria-sort="descending"' in shown


def test_a_curve_stays_within_its_frame_and_says_what_it_shows():
    curves = [np.array([[100, 0.5], [200, 0.9]]), np.array([[100, 0.6], [200, np.nan]])]
    drawn = sparkline(curves)
    pairs = " ".join(re.findall(r'points="([^"]+)"', drawn)).split()
    points = np.array([pair.split(",") for pair in pairs], float)
    assert points.min() >= 0 and points[:, 0].max() <= 120 and points[:, 1].max() <= 28
    assert len(points) == 3 and points[0, 1] > points[1, 1]  # better is higher, which in SVG is less
    assert "two seeds between .500 and .900, to step 200" in drawn
    assert sparkline([]) == sparkline([np.full((2, 2), np.nan)]) == ""
    assert "nan" not in sparkline([np.array([[5.0, 0.4]])])


def lines_of(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["runs", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_verb_sorts_searches_and_tells_what_is_not_whole(many, tmp_path):
    shown = lines_of(many, "--sort", "score", "--html", tmp_path / "all.html")
    scores = [float(each) for each in re.findall(r" AUROC +(\d\.\d{3}) ", shown)]
    assert len(scores) == 4 and scores == sorted(scores, reverse=True)
    assert "begun: begun: finished runs: 5" in shown and "broken: cut: summary.tsv" in shown
    assert (tmp_path / "all.html").is_file()
    assert "deep/late" not in (found := lines_of(many, "--only", "EARLY adversarial")) and found.count("early") == 1
    assert "nothing in" in lines_of(many, "--only", "no such words")
    wrong = CliRunner().invoke(app, ["runs", str(many), "--sort", "scor"])
    assert isinstance(wrong.exception, UserError) and "did you mean score" in str(wrong.exception)
