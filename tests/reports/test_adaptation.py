"""Adaptation on the page: what the distances say in words, when harm is warned of, and what could be chosen."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.reports.adaptation import (
    alignment_readings,
    alignment_warnings,
    distance_of,
    shift_doubts,
    shift_warnings,
)
from cislearn.reports.answer import answer
from cislearn.reports.read import read_report_data
from cislearn.reports.write import write_report
from tests.reports.diagnoses import add_diagnoses
from tests.reports.page import Page


@pytest.fixture
def data(experiment):
    """Read the data of an experiment with its diagnoses, planned by keywords."""
    return lambda **plan: read_report_data(add_diagnoses(experiment(), **plan))


def page_of(folder):
    return Page(write_report(folder).read_text(encoding="utf-8"))


def table_of(page, words):
    return next(table for table in page.tables if words in table.caption)


def test_closer_as_a_whole_and_apart_within_a_class_is_warned_of(data):
    found = data(whole=(0.6, 0.2), by_class=(0.2, 0.5))
    assert alignment_warnings(found, found.adapting) == [
        "Alignment may hurt: adversarial brings the domains as a whole closer together and drives apart their "
        "positives (by target labels: .20 to .50)."
    ]
    assert alignment_warnings(found, found.adapting)[0] in answer(found).caveats


@pytest.mark.parametrize(
    ("whole", "by_class"),
    [
        ((0.6, 0.2), (0.3, 0.45)),  # apart, but the intervals overlap
        ((0.6, 0.45), (0.2, 0.5)),  # not clearly closer as a whole
        ((0.2, 0.6), (0.2, 0.5)),  # apart altogether: nothing was aligned
        ((0.6, 0.2), (0.5, 0.2)),  # closer in every way
        ((np.nan, 0.2), (0.2, 0.5)),
    ],
)
def test_nothing_else_is_warned_of(data, whole, by_class):
    found = data(whole=whole, by_class=by_class)
    assert alignment_warnings(found, found.adapting) == []


def test_without_target_labels_the_runs_own_calls_tell_the_classes(data):
    found = data(by_class=(0.2, 0.5), is_labelled=False)
    (told,) = alignment_warnings(found, found.adapting)
    assert "(by the runs' own calls: .20 to .50)" in told


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        ((0.6, 0.2), "adversarial brings the domains as a whole closer together (.60 with source only, .20 with it)."),
        ((0.2, 0.6), "adversarial drives the domains as a whole apart (.20 with source only, .60 with it)."),
        (
            (0.3, 0.4),
            "adversarial does not clearly change how far the domains lie apart (.30 with source only, .40 with it).",
        ),
    ],
)
def test_the_reading_says_which_way_it_went(data, whole, words):
    assert alignment_readings(data(whole=whole)) == [words]


def test_distances_are_means_over_the_seeds_that_have_one():
    table = pd.DataFrame({"method": ["a", "a", "b"], "pad": [0.2, np.nan, 1.0], "low": [0.1, np.nan, 0.9]})
    found = distance_of(table.assign(high=table["pad"] + 0.1), method="a")
    assert found == pytest.approx((0.2, 0.1, 0.3))
    assert not found.is_below(distance_of(table.assign(high=1.0), method="c"))


@pytest.mark.parametrize(("difference", "side"), [(-0.3, "fewer"), (0.2, "more")])
def test_another_share_of_positives_is_warned_of(data, difference, side):
    found = data(difference=difference)
    (told,) = shift_warnings(found)
    assert told.startswith(f"hep seems to have clearly {side} positives than its sources: a share of ")
    assert told in answer(found).caveats


@pytest.mark.parametrize("difference", [0.0, -0.03, 0.045])
def test_a_share_that_is_not_clearly_another_is_not(data, difference):
    assert shift_warnings(data(difference=difference)) == []


def test_a_share_that_does_not_explain_the_distance_is_doubted_and_not_warned_of(experiment):
    """Positives that look otherwise deceive both estimates: the simulated family `mixed` does that."""
    folder = add_diagnoses(experiment(), difference=-0.3, left=0.5)
    data = read_report_data(folder)
    assert shift_warnings(data) == []
    (doubt,) = shift_doubts(data)
    assert doubt in page_of(folder).text
    assert "a distance of .50 (.40 \N{EN DASH} .60) is left" in doubt
    assert not any("fewer positives" in caveat for caveat in answer(data).caveats)


def test_estimates_at_the_end_of_the_scale_are_doubted_and_not_called_alike(experiment):
    """Both said 1.00 against .50, and the page that no share is clearly another."""
    folder = add_diagnoses(experiment(), difference=0.3)
    path = folder / "label_shift.tsv"
    table = pd.read_csv(path, sep="\t")
    table.assign(prevalence=1.0, low=0.99, high=1.0).to_csv(path, sep="\t", index=False)
    data = read_report_data(folder)
    assert shift_warnings(data) == []
    (doubt,) = shift_doubts(data)
    assert "an estimate at the end of the scale says that more than the share differs" in doubt
    text = page_of(folder).text
    assert doubt in text and "No share of positives is clearly another" not in text


def test_two_estimates_that_disagree_are_no_warning(experiment):
    folder = add_diagnoses(experiment(), difference=-0.3)
    path = folder / "label_shift.tsv"
    table = pd.read_csv(path, sep="\t")
    table.loc[table["told_by"] == "calls", "difference_high"] = 0.1
    table.to_csv(path, sep="\t", index=False)
    assert shift_warnings(read_report_data(folder)) == []
    assert "No share of positives is clearly another" in page_of(folder).text


def test_the_page_holds_distances_pictures_shares_and_choices(experiment):
    folder = add_diagnoses(experiment(), by_class=(0.2, 0.5), difference=-0.3)
    page = page_of(folder)
    assert not page.errors
    assert not page.unnamed
    distances = table_of(page, "Proxy A-distance on test loci").rows
    assert [row[0] for row in distances[1:]] == ["untrained", "source only", "adversarial"]
    assert distances[1][2] == "\N{EN DASH}"  # what is untrained calls nothing
    assert distances[3][1].startswith(".20")
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert text.count('aria-label="Features of ') == 4  # domains and classes, before and after
    shares = table_of(page, "estimated without one of its labels").rows
    assert shares[1] == [
        "source only",
        ".50",
        ".20 .17 \N{EN DASH} .23",
        ".20 .17 \N{EN DASH} .23",
        ".05 .00 \N{EN DASH} .15",
        ".30",
    ]
    methods = table_of(page, "among methods").rows
    assert methods[1] == ["Source risk", "source only", ".810", ".050"]
    assert methods[2] == ["DEV", "adversarial", ".860", ".000"]
    assert methods[-2][:3] == ["At random", "mean over all", ".835"]
    assert methods[-1] == ["Target labels", "the best of them oracle", ".860", ".000"]
    runs = table_of(page, "among runs").rows
    assert runs[3][:2] == ["Entropy", "adversarial, seed 2"]
    assert "source risk chooses source only; DEV, entropy" in page.text


def test_without_target_labels_choices_are_told_and_not_judged(experiment):
    folder = add_diagnoses(experiment(is_target_labelled=False), is_labelled=False)
    page = page_of(folder)
    methods = table_of(page, "among methods").rows
    assert methods[0] == ["Criterion", "Its choice"]
    assert len(methods) == 7
    assert "told by the run's calls" in page.text


def test_several_tasks_have_a_table_each(experiment):
    tasks = ("FOXA1", "HNF4A")
    folder = add_diagnoses(experiment(tasks=dict.fromkeys(tasks, "binary")), tasks=tasks, difference=-0.3)
    page = page_of(folder)
    assert sum("Proxy A-distance" in table.caption for table in page.tables) == 2
    assert "fewer positives of HNF4A than its sources" in page.text


def test_an_experiment_of_before_has_distances_only(experiment):
    """Written by a version without classes, criteria and pictures: the page is made of what there is."""
    folder = experiment()
    page = page_of(folder)
    assert table_of(page, "Proxy A-distance").rows[1][0] == "source only"
    assert "Choosing without target labels" not in page.text
    assert alignment_readings(read_report_data(folder)) == []


def test_a_picture_that_is_cut_short_is_refused_by_name(experiment):
    folder = add_diagnoses(experiment())
    path = folder / "features.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match=r"features\.parquet"):
        write_report(folder)


def test_what_is_not_there_is_said(experiment):
    folder = add_diagnoses(experiment())
    (folder / "criteria.tsv").unlink()
    info = json.loads((folder / "experiment.json").read_text())
    info["not_diagnosed"] = {"criteria.tsv": "no binary task"}
    (folder / "experiment.json").write_text(json.dumps(info))
    assert "criteria.tsv (no binary task)" in page_of(folder).text
