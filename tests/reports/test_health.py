"""The section on the health of methods: figures with what to expect of them, and what looks wrong, in words."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cislearn.reports.figures.training import step_plot
from cislearn.reports.palette import method_styles
from cislearn.reports.write import write_report
from tests.reports.page import Page

SIGNAL = {
    "name": "domain_accuracy",
    "title": "Domain accuracy",
    "meaning": "How often it is right.",
    "healthy": "It falls.",
    "reference": 0.5,
    "reference_name": "chance",
}


def edit_records(folder, pattern, **values):
    for path in folder.glob(f"{pattern}/run.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | values))


def page_of(folder):
    """The page's words, and its source, in which figures have their names."""
    text = write_report(folder).read_text(encoding="utf-8")
    page = Page(text)
    assert page.errors == [] and page.unnamed == []
    return page.text + text


def test_each_signal_is_drawn_with_what_it_is_and_what_to_expect(experiment):
    folder = experiment(n=60)
    edit_records(folder, "adversarial/seed-*", signals=[SIGNAL], concerns=[])
    text = page_of(folder)
    assert "Health of the methods" in text
    assert "How often it is right. Healthy: It falls." in text
    assert "Lambda against the step" in text, "a column that nothing is told of is drawn too"


def test_a_method_of_ones_own_has_its_signals_drawn(experiment):
    folder = experiment(n=60)
    for path in folder.glob("source_only/seed-*"):
        steps = pd.read_csv(path / "history.tsv", sep="\t")["step"]
        pd.DataFrame({"step": steps, "mood": 1.0}).to_csv(path / "health.tsv", sep="\t", index=False)
    told = {"name": "mood", "title": "The mood", "meaning": "How it feels.", "healthy": "Well."}
    edit_records(folder, "source_only/seed-*", signals=[told])
    assert "How it feels. Healthy: Well." in page_of(folder)


def test_what_looks_wrong_stands_there_as_a_warning_with_its_run(experiment):
    folder = experiment(n=60)
    edit_records(folder, "adversarial/seed-1", concerns=["the features have collapsed"])
    assert "adversarial, seed 1: the features have collapsed." in page_of(folder)


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_runs_of_earlier_versions_are_drawn_by_the_names_of_their_columns(experiment, seeds):
    text = page_of(experiment(n=60, seeds=seeds))
    assert "Health of the methods" in text and "Domain accuracy against the step" in text


def test_a_training_with_a_single_validation_is_a_mark():
    """A line of one point cannot be seen; the mark is one more use of a drawn shape than the ticks."""
    styles = method_styles(["adversarial"])

    def marks(alone):
        logs = {"adversarial": [pd.Series(0.5, index=range(1, 2 if alone else 3))]}
        return step_plot(logs, styles, key="k", title="t", alt="a").count(styles["adversarial"].colour)

    assert marks(alone=True) > marks(alone=False) > 0
