"""The one sentence: its numbers, its wording, and what it must not hide."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from cislearn.reports.answer import answer, verdict_of
from cislearn.reports.numbers import decimal, interval
from cislearn.reports.read import read_report_data


def answered(folder):
    return answer(read_report_data(folder))


def test_better_is_said_with_numbers_and_intervals(experiment):
    folder = experiment()
    summary = pd.read_csv(folder / "summary.tsv", sep="\t")
    row = summary.query("method == 'adversarial' and part == 'target test' and metric == 'AUROC'").iloc[0]
    found = answered(folder)
    assert found.verdict == "better"
    assert found.sentence == (
        "In hep, never labelled in training, the adversarial network reaches AUROC "
        f"{decimal(row['estimate'], 2)} ({interval(row['low'], row['high'], 2)}), "
        ".048 (.021 \N{EN DASH} .075) above source only, over 3 seeds."
    )
    assert found.caveats == ("Three seeds describe, five claim.",)


def test_interval_over_zero_is_no_difference(experiment):
    found = answered(experiment(differences={"adversarial": (0.012, -0.01, 0.034)}))
    assert found.verdict == "no difference"
    assert "no difference from source only that these seeds and loci can show" in found.sentence
    assert "(+.012, \N{MINUS SIGN}.010 to .034)" in found.sentence
    assert "above" not in found.sentence


def test_worse_is_said(experiment):
    found = answered(experiment(differences={"adversarial": (-0.03, -0.05, -0.01)}))
    assert found.verdict == "worse"
    assert "worse: .030 (.010 \N{EN DASH} .050) below source only" in found.sentence


def test_difference_without_an_interval_is_no_finding(experiment):
    found = answered(experiment(differences={"adversarial": (0.05, math.nan, math.nan)}))
    assert found.verdict == "not known"
    assert "+.050 from source only with no interval to judge it by" in found.sentence


def test_unlabelled_target_gets_no_number(experiment):
    found = answered(experiment(is_target_labelled=False))
    assert found.sentence.startswith("hep has no labels, so no number can be given for it. On held-out loci of k562, ")
    assert "How well a model does on its source says little about hep." in found.caveats


def test_without_a_target_nothing_is_said_of_one(experiment):
    found = answered(experiment(target=None, methods=("source_only",), differences={}, seeds=(4,)))
    assert found.sentence.startswith("On held-out loci of k562, the source-only network reaches AUROC .")
    assert found.sentence.endswith(", from one seed.")
    assert found.verdict == "not compared"
    assert found.caveats == ("One seed describes, five claim.",)


def test_oracle_is_stamped_on_every_number_and_explained(experiment):
    found = answered(experiment(selection="oracle", differences={"adversarial": (0.05, 0.01, 0.09)}))
    assert found.sentence.count("[oracle]") == 2
    assert found.caveats[0].startswith("Numbers marked oracle")


def test_five_seeds_need_no_caveat(experiment):
    assert answered(experiment(seeds=(0, 1, 2, 3, 4), n=60)).caveats == ()


def test_methods_are_told_in_their_order_not_by_their_score_and_upper_bounds_not_at_all(experiment):
    methods = ("source_only", "adversarial", "coral", "target_labels")
    differences = {"adversarial": (0.01, 0.005, 0.02), "coral": (0.08, 0.05, 0.1), "target_labels": (0.2, 0.1, 0.3)}
    sentence = answered(experiment(methods=methods, differences=differences)).sentence
    assert sentence.index("adversarial network") < sentence.index("; coral AUROC")
    assert "target labels" not in sentence


@pytest.mark.parametrize("tasks", [("A",), ("A", "B")])
def test_a_baseline_that_saw_fewer_labels_of_the_target_is_said_to_have(experiment, tasks):
    """What a tenth of the target's labels buys is not what the method buys."""
    folder = experiment(
        methods=("source_only", "source_and_target", "adversarial"),
        tasks=dict.fromkeys(tasks, "binary"),
        differences={"source_and_target": (0.05, 0.01, 0.09), "adversarial": (0.04, 0.01, 0.09)},
    )
    table = pd.read_csv(folder / "summary.tsv", sep="\t")
    table.loc[table["method"] == "source_and_target", "protocol"] = "honest: 10 % of the target labels seen"
    table.to_csv(folder / "summary.tsv", sep="\t", index=False)
    found = answered(folder)
    assert "source only (which saw no target label)" in found.sentence
    assert found.sentence.count("(which saw") == 1, "the adversary saw none either"
    table.loc[table["method"] == "source_only", "protocol"] = "honest: 10 % of the target labels seen"
    table.to_csv(folder / "summary.tsv", sep="\t", index=False)
    assert "source only (which saw" not in answered(folder).sentence.partition(";")[0]


def test_upper_bound_alone_is_not_called_unlabelled(experiment):
    sentence = answered(experiment(methods=("target_labels",), differences={})).sentence
    assert sentence.startswith("In hep, with its labels seen in training, the target-labels network")


@pytest.mark.parametrize(
    ("difference", "phrase"),
    [
        ((0.05, 0.01, 0.09), "better than source only in 3 of 3,"),
        ((-0.05, -0.09, -0.01), "worse than source only in 3 of 3,"),
        ((0.0, -0.01, 0.01), "no difference from source only that these seeds and loci can show in 3 of 3,"),
    ],
)
def test_several_tasks_are_counted(experiment, difference, phrase):
    plan = {"tasks": dict.fromkeys(("A", "B", "C"), "binary"), "n": 60, "differences": {"adversarial": difference}}
    sentence = answered(experiment(**plan)).sentence
    assert "over three tasks" in sentence
    assert phrase in sentence


BETTER, WORSE, LEVEL = (0.05, 0.01, 0.09), (-0.05, -0.09, -0.01), (0.0, -0.01, 0.01)
UNKNOWN = (0.05, math.nan, math.nan)


@pytest.mark.parametrize(
    ("differences", "told", "verdict"),
    [
        (
            [BETTER, WORSE, LEVEL],
            "better than source only in 1 of 3, worse in 1, no difference that these seeds and loci can show in 1",
            "mixed",
        ),
        (
            [BETTER, LEVEL, LEVEL],
            "no difference from source only that these seeds and loci can show in 2 of 3, better in 1",
            "no difference",
        ),
        ([WORSE, BETTER, BETTER], "better than source only in 2 of 3, worse in 1", "better"),
        (
            [UNKNOWN, UNKNOWN, BETTER],
            "no interval to judge the difference from source only by in 2 of 3, better in 1",
            "not known",
        ),
    ],
)
def test_each_task_is_judged_by_its_own_interval_and_most_tasks_come_first(experiment, differences, told, verdict):
    """One task of many that is better is not what is found."""
    folder = experiment(tasks=dict.fromkeys(("A", "B", "C"), "binary"), n=60)
    table = pd.read_csv(folder / "comparison.tsv", sep="\t")
    table = table[table["metric"] == "AUROC"]
    table[["difference", "low", "high"]] = differences
    table.to_csv(folder / "comparison.tsv", sep="\t", index=False)
    found = answered(folder)
    assert f", {told}, over" in found.sentence
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("metric", "low", "high", "verdict"),
    [
        ("auroc", 0.01, 0.02, "better"),
        ("log_loss", 0.01, 0.02, "worse"),
        ("mse", -0.02, -0.01, "better"),
        ("auroc", 0.0, 0.02, "no difference"),
        ("auroc", math.nan, math.nan, "not known"),
    ],
)
def test_verdict_knows_which_way_is_better(metric, low, high, verdict):
    assert verdict_of({"low": low, "high": high}, metric) == verdict


@pytest.mark.parametrize(("kind", "label"), [("multiclass", "accuracy"), ("regression", "Pearson r")])
def test_other_kinds_are_told_by_their_own_metric(experiment, kind, label):
    assert f"network reaches {label} ." in answered(experiment(tasks={"x": kind})).sentence
