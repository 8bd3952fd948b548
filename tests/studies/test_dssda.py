"""The study of few labels: its scores against scikit-learn and pairing, its page, and its smoke size."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, hamming_loss, roc_auc_score, roc_curve
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.reports.curves import FALSE_POSITIVE_RATES
from cislearn.reports.numbers import DASH
from cislearn.reports.palette import INK
from cislearn.studies.dssda import figures
from cislearn.studies.dssda.classes import BASELINE, class_gains, left_out, of_classes
from cislearn.studies.dssda.page import class_pictures, dssda_page, efficiency_curves
from cislearn.studies.dssda.roc import DRAWN, choose_classes, roc_of_classes, roc_panels
from cislearn.studies.dssda.scores import TOGETHER, Read, class_scores, together_scores
from cislearn.studies.dssda.study import LADDER

N, TASKS = 300, 3
NOTHING_LEFT = pd.DataFrame(
    columns=["data", "protocol", "network", "labels", "method", "runs", "done", "core_hours_left"]
)


@pytest.fixture(scope="module")
def read():
    """Two methods on the same rows: noise, and the same noise with something of the labels."""
    rng = np.random.default_rng(0)
    labels = (rng.random((N, TASKS)) < 0.3).astype(np.float32)
    noise = rng.normal(size=(2, N, TASKS))
    thresholds = np.zeros((2, TASKS))
    logits = {BASELINE: noise, "ladder": noise + labels}
    return Read(["a", "b", "c"], labels, logits, dict.fromkeys(logits, thresholds), np.arange(N))


def test_means_over_tasks_are_scikit_learns_and_the_difference_is_paired(read):
    table = together_scores(read, BASELINE).set_index(["method", "metric"])
    for method, logits in read.logits.items():
        for metric, theirs in (("AUROC", roc_auc_score), ("AUPRC", average_precision_score)):
            expected = np.mean([theirs(read.labels, each, average="macro") for each in logits])
            assert table.loc[(method, metric), "estimate"] == pytest.approx(expected)
        expected = np.mean([hamming_loss(read.labels, each >= 0) for each in logits])
        assert table.loc[(method, "Hamming loss"), "estimate"] == pytest.approx(expected)
        right = [((each >= 0) == (read.labels == 1)).all(axis=1).mean() for each in logits]
        assert table.loc[(method, "subset accuracy"), "estimate"] == pytest.approx(np.mean(right))
    gain = table.loc[("ladder", "AUROC")]
    values = table["estimate"]
    assert gain["difference"] == pytest.approx(values["ladder", "AUROC"] - values[BASELINE, "AUROC"])
    assert 0 < gain["difference_low"] < gain["difference"] < gain["difference_high"]
    alone = gain["high"] - gain["low"]
    assert gain["difference_high"] - gain["difference_low"] < alone  # both are scored on the same resamples


def test_a_class_without_positives_has_no_score_and_is_no_half(read):
    labels = read.labels.copy()
    labels[:, 1] = 0
    empty = Read(read.tasks, labels, read.logits, read.thresholds, read.clusters)
    by_task = class_scores(empty).set_index(["method", "task", "metric"])["estimate"]
    assert np.isnan(by_task["ladder", "b", "AUROC"]) and by_task["ladder", "a", "AUROC"] > 0.6
    both = [roc_auc_score(labels[:, [0, 2]], each[:, [0, 2]], average="macro") for each in read.logits["ladder"]]
    together = together_scores(empty, BASELINE).set_index(["method", "metric"])["estimate"]
    assert together["ladder", "AUROC"] == pytest.approx(np.mean(both))


def test_the_page_has_gains_in_bold_where_clear_and_says_what_was_not_run(read):
    place = {"data": "TF windows", "protocol": "honest", "network": "motif_cnn"}
    scores = pd.concat([together_scores(read, BASELINE), class_scores(read)], ignore_index=True)
    scores = pd.concat([scores.assign(**place, labels=share) for share in ("10", "1")], ignore_index=True)
    progress = pd.DataFrame(
        [{**place, "labels": "5", "method": "ladder", "runs": 3, "done": 0, "core_hours_left": 1.5}]
    )
    page = "\n".join(dssda_page(scores, progress))
    assert "| method | 1 % of the labels | 10 % of the labels |" in page
    gains = page.split(f"| over {BASELINE} |")[1]
    assert "| ladder | **+" in gains and "not run: 3 of 3 (est. 1.50 core-h)" in page
    assert TOGETHER not in page.split("## Gain and class size")[1].split("## Beside")[0]
    assert DASH not in gains.split("\n\n")[0]
    assert efficiency_curves(scores).count("<svg") == 1
    pictures = class_pictures(scores)
    links = re.findall(r"!\[[^]]*\]\(dssda-([^)]*)\.svg\)", page)
    assert set(links) == {"efficiency", *pictures, *(f"roc-TF_windows-honest-motif_cnn-{s}" for s in ("1", "10"))}
    assert all(drawing.startswith("<?xml") for drawing in pictures.values())


def test_gains_of_classes_are_differences_and_absent_classes_are_counted(read):
    labels = read.labels.copy()
    labels[:, 1] = 0
    few = Read(read.tasks, labels, read.logits, read.thresholds, read.clusters)
    scores = class_scores(few).assign(labels="10")
    gains = class_gains(scores, "AUROC").set_index("task")
    assert list(gains.index) == ["a", "c"] and left_out(scores) == (1, 3)
    for task, t in (("a", 0), ("c", 2)):
        means = {m: np.mean([roc_auc_score(labels[:, t], each[:, t]) for each in of]) for m, of in few.logits.items()}
        assert gains.loc[task, "gain"] == pytest.approx(means["ladder"] - means[BASELINE])
        assert gains.loc[task, "prevalence"] == pytest.approx(labels[:, t].mean())
    place = {"data": "TF windows", "protocol": "honest", "network": "motif_cnn", "labels": "10"}
    both = pd.concat([together_scores(few, BASELINE), class_scores(few)], ignore_index=True).assign(**place)
    assert "Left out, with one label only in the test windows: 1 of 3 classes." in "\n".join(
        dssda_page(both, NOTHING_LEFT)
    )


def test_boxes_are_of_the_classes_that_have_a_score(read):
    """An absent metric is left out of the box, and the title counts it: it is never .5."""
    labels = read.labels.copy()
    labels[:, 1] = 0
    scores = class_scores(Read(read.tasks, labels, read.logits, read.thresholds, read.clusters))
    mine, axes = of_classes(scores, "AUROC"), Figure().subplots()
    figures._boxes(axes, mine, [BASELINE, "ladder"])
    medians = [line.get_xdata()[0] for line in axes.lines if line.get_color() == INK and len(line.get_xdata()) == 2]
    wanted = mine.dropna(subset="estimate").groupby("method", sort=False)["estimate"].median()
    assert set(wanted.round(9)) <= set(np.round(medians, 9))
    assert [label.get_text() for label in axes.get_yticklabels()] == [BASELINE, "ladder"]


def test_roc_of_a_class_is_scikit_learns(read):
    curves = roc_of_classes(read)
    assert list(curves) == list(read.logits) and list(curves["ladder"]) == read.tasks
    for method, of_method in curves.items():
        for task, rates in of_method.items():
            t = read.tasks.index(task)
            each = [roc_curve(read.labels[:, t], logits[:, t])[:2] for logits in read.logits[method]]
            expected = np.mean([np.interp(FALSE_POSITIVE_RATES[DRAWN], *points) for points in each], axis=0)
            np.testing.assert_allclose(rates, expected)
    assert FALSE_POSITIVE_RATES[DRAWN][[0, -1]].tolist() == [0, 1]


def test_the_ten_classes_are_the_same_for_all_and_have_both_labels():
    rng, tasks = np.random.default_rng(1), [f"cell {i}" for i in range(30)]
    labels = (rng.random((40, 30)) < 0.3).astype(float)
    chosen = choose_classes(tasks, labels)
    assert len(set(chosen)) == 10 and chosen == choose_classes(tasks, labels[::-1])
    gone = tasks.index(chosen[4])
    labels[:, gone] = 0
    again = choose_classes(tasks, labels)
    assert len(again) == 10 and len(set(chosen) & set(again)) == 9, "one takes its place, and the others stay"
    assert choose_classes(tasks, np.zeros((40, 30))) == []


def test_each_model_has_a_panel_with_the_same_classes(read):
    drawing = roc_panels(read, "roc")
    assert len(re.findall(r'id="axes_\d+"', drawing)) == 2 and len(re.findall('id="legend_', drawing)) == 1
    nothing = Read(read.tasks, np.zeros_like(read.labels), read.logits, read.thresholds, read.clusters)
    assert roc_panels(nothing, "roc") == ""


@pytest.mark.slow
def test_the_smoke_size_runs_by_the_committed_command(tmp_path, shared_data):
    command = ["study", "dssda", "--size", "smoke", "--files", str(shared_data), "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(tmp_path / "results" / "smoke" / "dssda.tsv", sep="\t")
    assert {"supervised", "ladder_no_lateral", "fixmatch", "mean_teacher", "masked_first"} <= set(rows["method"])
    assert len(rows) == 1 + len(LADDER) + 4
    folder = tmp_path / "results" / "smoke"
    assert "| ladder noise only |" in (folder / "dssda.md").read_text()
    links = re.findall(r"!\[[^]]*\]\(([^)]*\.svg)\)", (folder / "dssda.md").read_text())
    assert {name.split("-")[1].removesuffix(".svg") for name in links} == {"efficiency", "classes", "gains", "roc"}
    assert sorted(links) == sorted(path.name for path in folder.glob("*.svg"))
    assert all((folder / name).read_text().startswith("<?xml") for name in links)
