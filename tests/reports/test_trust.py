"""Calibration, strands, leaks and composition on the page: the numbers of the files, in the words they need."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cislearn.errors import UserError
from cislearn.evaluation.calibration import reliability
from cislearn.reports.curves import reliability_bins
from cislearn.reports.numbers import decimal, interval
from cislearn.reports.read import SOURCE, TARGET, read_report_data
from cislearn.reports.write import write_report
from tests.reports import further
from tests.reports.page import Page


def page_of(folder):
    return Page(write_report(folder).read_text(encoding="utf-8"))


def table_of(page, words):
    return next(table for table in page.tables if words in table.caption)


def change_json(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_probabilities_are_the_mean_over_seeds_at_each_seeds_own_temperature(experiment):
    folder = experiment(n=300, seeds=(0, 1))
    frames = []
    for seed, temperature in ((0, 0.5), (1, 3.0)):
        change_json(folder / "adversarial" / f"seed-{seed}" / "run.json", temperatures={"FOXA1": temperature})
        table = pd.read_parquet(folder / "adversarial" / f"seed-{seed}" / "predictions.parquet")
        table = table[(table["part"] == "test") & (table["domain"] == "hep")]
        frames.append(expit(table["logit_FOXA1"].to_numpy() / temperature))
    expected = reliability(table["label_FOXA1"].to_numpy(), np.mean(frames, axis=0))
    data = read_report_data(folder)
    pd.testing.assert_frame_equal(reliability_bins(data, "FOXA1", TARGET)["adversarial"], expected)
    cells = table_of(page_of(folder), "Temperature").rows[2]
    assert cells[:2] == ["adversarial", decimal(1.75, 2)]


def test_a_run_without_temperatures_is_taken_as_it_is(experiment):
    folder = experiment(n=60)
    for path in folder.glob("*/seed-*/run.json"):
        change_json(path, temperatures={})
    summary = pd.read_csv(folder / "summary.tsv", sep="\t")
    summary[summary["metric"] != "calibration error"].to_csv(folder / "summary.tsv", sep="\t", index=False)
    page = page_of(folder)
    assert "No temperature was fitted" in page.text
    assert not any("Temperature:" in table.caption for table in page.tables)


def test_source_and_target_calibration_stand_side_by_side_with_their_errors(experiment):
    folder = experiment(n=200)
    text = write_report(folder).read_text(encoding="utf-8")
    assert "predicted probability on test loci of the source, Source" in text
    assert "predicted probability on test loci of hep, Target" in text
    summary = pd.read_csv(folder / "summary.tsv", sep="\t").query("metric == 'calibration error'")
    table = table_of(Page(text), "Temperature")
    for row in table.rows[1:]:
        here = summary[summary["method"] == row[0].replace(" ", "_")].set_index("part")
        told = [
            f"{decimal(e['estimate'])} {interval(e['low'], e['high'])}"
            for _, e in here.loc[[SOURCE, TARGET]].iterrows()
        ]
        assert row[2:] == told


def test_an_unlabelled_target_has_no_reliability(experiment):
    folder = experiment(n=60, is_target_labelled=False)
    assert reliability_bins(read_report_data(folder), "FOXA1", TARGET) == {}
    assert "reliability-0-target" not in write_report(folder).read_text()


def test_strands_are_means_over_seeds(experiment):
    folder = experiment(n=60)
    means = pd.read_csv(folder / "strands.tsv", sep="\t").groupby(["method", "part"]).mean(numeric_only=True)
    table = table_of(page_of(folder), "Both strands")
    assert table.rows[0][2:4] == ["Disagreement mean", "Disagreement 95 %"] and table.rows[0][-1] == "Flipped"
    names = ["disagreement", "disagreement_p95", "probability_disagreement", "probability_disagreement_p95"]
    for row in table.rows[1:]:
        here = means.loc[(row[0].replace(" ", "_"), row[1])]
        assert row[2:] == [decimal(here[name]) for name in (*names, "spearman", "flipped")]
    assert [row[1] for row in table.rows[1:3]] == [SOURCE, TARGET]


def test_strands_of_an_earlier_version_are_shown_as_far_as_they_go(experiment):
    folder = experiment(n=60)
    table = pd.read_csv(folder / "strands.tsv", sep="\t")
    kept = ["method", "seed", "task", "part", "n", "disagreement", "flipped"]
    table[kept].to_csv(folder / "strands.tsv", sep="\t", index=False)
    page = page_of(folder)
    assert table_of(page, "Both strands").rows[0] == ["Method", "Part", "Disagreement mean", "Flipped"]
    assert "flipped: share" in page.text and "rank correlation" not in page.text


@pytest.mark.parametrize(("keeps", "words"), [(True, "test are kept."), (False, "test are left out.")])
def test_leaks_are_told_by_kind_and_class_and_what_was_done(experiment, keeps, words):
    page = page_of(experiment(n=60, keeps_leaks=keeps))
    assert words in page.text
    rows = {row[0]: row[1:] for row in table_of(page, "Rows that share their sequence").rows}
    assert rows["All"] == ["3,200", "800"]
    assert rows["Reverse complement"] == ["6", "6"]
    assert rows["Near duplicate"] == ["9", "9"]
    assert rows["Leaky, FOXA1 positive"] == ["31", "31"]


def test_leaked_and_other_test_rows_have_their_own_scores(experiment):
    folder = experiment(n=60, keeps_leaks=True)
    written = pd.read_csv(folder / "leaked.tsv", sep="\t")
    text = write_report(folder).read_text(encoding="utf-8")
    table = table_of(Page(text), "whether training has seen them")
    for row in table.rows[1:]:
        here = written[written["method"] == row[0].replace(" ", "_")]
        assert row[1:] == [f"{decimal(e['AUROC'])} {interval(e['low'], e['high'])}" for _, e in here.iterrows()]
    assert table.rows[0][1] == "Leaked 40 loci, 31 positive"
    assert "AUROC by whether training has seen the test loci of hep" in text


def test_a_group_of_one_class_says_so(experiment):
    page = page_of(experiment(n=60, keeps_leaks=True, tasks={"A": "binary", "B": "binary"}))
    rows = table_of(page, "whether training has seen them").rows
    assert [row[2] for row in rows if row[1] == "B"] == ["\N{EN DASH} one class only"] * 2


def test_similarity_is_drawn_and_told_in_words(experiment):
    text = write_report(experiment(n=60)).read_text(encoding="utf-8")
    assert "610 between .00 and .10" in text
    assert "26 between .90 and 1.00" in text
    assert " 0 between" not in text


def test_a_histogram_that_cannot_be_is_refused(experiment):
    folder = experiment(n=60)
    leaks = further.leaks({"train": 3, "test": 1}, [])
    leaks["similarity"]["edges"].pop()
    change_json(folder / "data.json", leaks=leaks)
    with pytest.raises(UserError, match=r"data.json: leaks.similarity has 10 edges for 10 counts"):
        write_report(folder)


def test_without_a_leak_a_sentence_says_so(experiment):
    folder = experiment(n=60)
    counts = {side: {"rows": n, "leaky": 0, "overlap": 0} for side, n in (("train", 40000), ("test", 8000))}
    change_json(folder / "data.json", leaks=counts)
    page = page_of(folder)
    assert "None of the 40,000 rows of training and validation shares its sequence" in page.text
    assert "with any of the 8,000 test rows." in page.text


@pytest.mark.parametrize("auroc", [0.62, 0.8])
def test_composition_is_told_and_warned_of_visibly(experiment, auroc):
    text = write_report(experiment(n=60, composition=auroc)).read_text(encoding="utf-8")
    assert f"with AUROC {decimal(auroc, 2)} ({interval(auroc - 0.02, auroc + 0.02, 2)})" in Page(text).text
    assert (f'<p class="warning">{further.WARNING}</p>' in text) == (auroc > 0.7)


def test_too_few_windows_for_composition_are_said_to_be_too_few(experiment):
    folder = experiment(n=60)
    change_json(folder / "data.json", composition={"auroc": None, "low": None, "high": None, "warning": None})
    assert "Too few windows to say whether composition alone tells the domains apart." in page_of(folder).text


def test_simple_models_that_are_not_there_are_named_with_the_reason(experiment):
    folder = experiment(n=60)
    (folder / "battery").mkdir()
    (folder / "battery" / "left_out.json").write_text('{"chromosome_of_origin": "no coordinates are known"}')
    assert "Simple models that are not here: chromosome of origin (no coordinates are known)." in page_of(folder).text


def test_nothing_of_it_is_shown_where_it_is_absent(experiment):
    page = page_of(experiment(n=60, with_surroundings=False))
    for heading in ("The two strands", "Leaks", "Left out in turn", "The data"):
        assert heading not in page.text


@pytest.mark.parametrize("name", ["strands.tsv", "leaked.tsv", "leave_one_out.tsv"])
def test_a_table_without_a_column_is_named(experiment, name):
    folder = experiment(n=60, keeps_leaks=True, left_out=("k562", "hep"))
    table = pd.read_csv(folder / name, sep="\t").drop(columns="task")
    table.to_csv(folder / name, sep="\t", index=False)
    with pytest.raises(UserError, match=rf"{name} line 1: has no column 'task'"):
        write_report(folder)
