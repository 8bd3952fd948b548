"""Curves of label efficiency: what they show is what they were given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from cislearn.errors import UserError
from cislearn.reports.alike import likeness
from cislearn.reports.figures import label_efficiency as module
from cislearn.reports.figures.label_efficiency import label_efficiency
from cislearn.reports.label_share import label_share, other_labels
from cislearn.reports.listing import Listed
from cislearn.reports.numbers import interval
from cislearn.reports.palette import method_styles
from cislearn.reports.read import read_report_data
from cislearn.reports.runs_curves import curves_of_runs
from cislearn.reports.runs_page import write_runs_page
from cislearn.reports.sections import label_efficiency as section
from cislearn.reports.write import write_report
from tests.reports.page import Page

STYLES = method_styles(["supervised", "mean_teacher"])


@pytest.fixture
def scores():
    rows = [("supervised", 10, 0.7), ("supervised", 1, 0.6), ("supervised", 0, 0.5), ("mean_teacher", 1, 0.65)]
    table = pd.DataFrame(rows, columns=["method", "share", "estimate"])
    return table.assign(low=table["estimate"] - 0.02, high=table["estimate"] + 0.03)


def test_a_method_is_a_line_from_few_labels_to_many_with_its_intervals(scores):
    axes = Figure().subplots()
    module._curves(axes, scores, STYLES)
    assert axes.get_legend_handles_labels()[1] == ["supervised", "mean teacher"]
    line, _, (bars,) = axes.containers[0]
    assert line.get_ydata().tolist() == [0.5, 0.6, 0.7]
    assert line.get_xdata().tolist() == [0, 1, 10]
    ends = np.array([segment[:, 1] for segment in bars.get_segments()], float)
    np.testing.assert_allclose(ends, [[0.48, 0.53], [0.58, 0.63], [0.68, 0.73]])
    assert axes.get_xticks().tolist() == [0, 1, 10]
    low, high = axes.get_ylim()
    assert low < 0.48 and high > 0.73, "the ends of all intervals lie within"


def summary_with_shares(folder: Path, shares: dict[str, str]) -> pd.DataFrame:
    """Change the protocols of an experiment's summary, and give it back."""
    table = pd.read_csv(folder / "summary.tsv", sep="\t")
    table["protocol"] = table["method"].map(shares)
    table.to_csv(folder / "summary.tsv", sep="\t", index=False)
    return table


TENTH = "honest: 10 % of the target labels seen"
SHARES = {"source_only": "honest: no target label seen", "adversarial": TENTH, "target_labels": "upper bound: trained"}


def drawn_points(monkeypatch, data) -> list[pd.DataFrame]:
    """What the section of a report hands to the drawing."""
    kept: list[pd.DataFrame] = []
    original = section.label_efficiency_plot

    def keep(title, scores, *arguments, **further):
        kept.append(scores)
        return original(title, scores, *arguments, **further)

    monkeypatch.setattr(section, "label_efficiency_plot", keep)
    found = section.label_efficiency_section(data, method_styles(data.methods))
    assert (found is None) == (not kept)
    return kept


def test_the_report_draws_exactly_the_scores_of_the_summary(experiment, monkeypatch):
    """trap 16: a number stands at the share of the labels that its training saw."""
    folder = experiment(methods=tuple(SHARES), n=60)
    table = summary_with_shares(folder, SHARES)
    (drawn,) = drawn_points(monkeypatch, read_report_data(folder))
    assert dict(zip(drawn["method"], drawn["share"], strict=True)) == {
        "source_only": 0, "adversarial": 10, "target_labels": 100,
    }  # fmt: skip
    wanted = table[(table["part"] == "target test") & (table["metric"] == "AUROC")].set_index("method")
    for row in drawn.to_dict("records"):
        for column in ("estimate", "low", "high"):
            assert row[column] == pytest.approx(wanted.loc[row["method"], column])


def test_the_page_holds_the_drawing_and_fetches_nothing(experiment):
    folder = experiment(methods=tuple(SHARES), n=60)
    summary_with_shares(folder, SHARES)
    text = write_report(folder).read_text(encoding="utf-8")
    page = Page(text)
    assert page.errors == [] and page.unnamed == [] and "http" not in text
    assert "Score by the share of the labels" in page.text
    assert "AUROC by the share of the labels, hep: source only at 0 % ." in text


def test_a_method_without_a_score_is_left_out_and_said(experiment, monkeypatch):
    folder = experiment(methods=tuple(SHARES), n=60)
    table = summary_with_shares(folder, SHARES)
    table.loc[table["method"] == "target_labels", ["estimate", "low", "high"]] = np.nan
    table.to_csv(folder / "summary.tsv", sep="\t", index=False)
    data = read_report_data(folder)
    (drawn,) = drawn_points(monkeypatch, data)
    assert set(drawn["method"]) == {"source_only", "adversarial"}
    found = section.label_efficiency_section(data, method_styles(data.methods))
    assert "Left out, since they have no score there: target labels (FOXA1)." in found.blocks[0].text


def test_methods_of_one_share_make_no_section(experiment, monkeypatch):
    assert drawn_points(monkeypatch, read_report_data(experiment(n=60))) == []


@pytest.mark.parametrize(
    ("protocol", "has_target", "share"),
    [
        ("honest: no target label seen", True, 0),
        ("honest: no target label seen", False, 100),
        ("honest: 2.5 % of the target labels seen, 10 % of the source labels seen", True, 2.5),
        ("honest: no target label seen, 10 % of the source labels seen", False, 10),
        ("honest: 1e-05 % of the target labels seen", True, 1e-5),
        ("oracle: weights chosen by target labels", True, 0),
        ("upper bound: trained on target labels", True, 100),
        ("pre-training: no label seen, scored by a head that was not trained", False, 0),
    ],
)
def test_the_share_is_that_of_the_protocol(protocol, has_target, share):
    assert label_share(protocol, has_target=has_target) == share


POINTS = {"10 % .750": (0.65, 0.85), "100 % .800": (0.7, 0.9)}


def listed(name: str, share: float, score: float, **further: Any) -> Listed:
    about = {"method": "supervised", "alike": "same", "task": "FOXA1", "metric": "AUROC", "finished": "2025-11-20"}
    values = about | {"score": score, "low": score - 0.1, "high": score + 0.1, "share": share} | further
    return Listed(Path(name), name, "finished", **values)


def test_runs_that_differ_in_labels_alone_make_a_curve_on_their_page(tmp_path):
    runs = [
        listed("tenth", 10, 0.7),
        listed("all", 100, 0.8),
        listed("tenth again", 10, 0.75, finished="2025-11-22"),
        listed("unlike", 25, 0.9, alike="other"),
        listed("not scored", 50, float("nan")),
    ]
    curves, more = curves_of_runs(runs)
    assert more == 0 and curves is not None
    (drawing,) = curves.drawings
    points = [f"supervised at {at} ({interval(*ends)})" for at, ends in POINTS.items()]
    assert "; ".join(points) in drawing.svg
    page = Page(write_runs_page(runs, tmp_path / "runs.html", title="runs").read_text(encoding="utf-8"))
    assert page.errors == [] and page.unnamed == [] and "Score by the share of the labels" in page.text
    assert curves_of_runs(runs[:1]) == (None, 0)


def test_alike_are_experiments_that_differ_in_labels_methods_and_seeds_alone(tmp_path):
    def of(text: str, dataset: str = "9bd2e1") -> str:
        (tmp_path / "config.yaml").write_text(text)
        return likeness(tmp_path / "config.yaml", dataset)

    first = of(
        "{data: {path: a, labels: {sources: 0.1}}, methods: [ladder], out: x, training: {seeds: [0], epochs: 3}}"
    )
    same = (
        "{data: {path: b, labels: {sources: 1}}, methods: [supervised], out: y, training: {seeds: [0, 1], epochs: 3}}"
    )
    assert of(same) == first
    assert len({first, of(same, "another"), of(same.replace("epochs: 3", "epochs: 4"))}) == 3
    with pytest.raises(UserError, match="cut short"):
        of("{data: ")


def test_by_the_share_of_the_targets_labels_alike_are_those_of_one_share_of_the_sources(tmp_path):
    """Else what a tenth of the sources' labels costs is drawn as what labels of the target buy."""

    def of(labels: str) -> str:
        (tmp_path / "config.yaml").write_text(
            f"{{data: {{path: a, target: hep, labels: {labels}}}, methods: [ladder]}}"
        )
        return likeness(tmp_path / "config.yaml", "9bd2e1")

    assert of("{}") == of("{target: 0.1}") == of("{target: 0.5, sources: 1, seed: 3}")
    assert len({of(f"{{target: 0.1, sources: {share}}}") for share in (0.1, 0.5, 1)}) == 3


def test_curves_say_which_labels_of_the_sources_all_their_points_saw():
    few = {"alike": "few", "other_labels": "10 % of the source labels"}
    of_target_alone = {"alike": "few", "method": "target_only"}
    runs = [
        *(listed(f"few {share}", share, 0.7, **few) for share in (0, 10)),
        *(listed(f"alone {share}", share, 0.6, **of_target_alone) for share in (10, 50)),
        *(listed(f"all {share}", share, 0.8) for share in (0, 10)),
    ]
    curves, _ = curves_of_runs(runs)
    assert ["10 % of the source labels" in drawing.svg for drawing in curves.drawings] == [True, False]


@pytest.mark.parametrize(
    ("protocol", "has_target", "said"),
    [
        ("honest: 15 % of the target labels seen, 10 % of the source labels seen", True, "10 % of the source labels"),
        ("honest: 15 % of the target labels seen", True, ""),
        ("honest: no target label seen, 10 % of the source labels seen", False, ""),
    ],
)
def test_the_other_side_is_told_where_there_is_one(protocol, has_target, said):
    assert other_labels(protocol, has_target=has_target) == said


@pytest.mark.parametrize("n", [1, 5])
def test_each_task_has_a_panel(scores, n):
    drawing = label_efficiency({f"task {i}": scores for i in range(n)}, STYLES, "AUROC", key="curve")
    assert len(re.findall('id="legend_', drawing)) == 1
