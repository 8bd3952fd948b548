"""The page: whole, self-contained, true to the tables, for every kind of experiment."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.reports.numbers import decimal, interval, signed
from cislearn.reports.write import write_report
from tests.reports.page import Page
from tests.reports.scores import BINARY

PLANS = {
    "binary": {},
    "four methods, several sources": {
        "methods": ("source_only", "adversarial", "coral", "target_labels"),
        "sources": ("k562", "gm12878"),
        "differences": dict.fromkeys(("adversarial", "coral", "target_labels"), (0.02, -0.01, 0.05)),
    },
    "oracle": {"selection": "oracle"},
    "unlabelled target": {"is_target_labelled": False},
    "no target, one seed": {"target": None, "methods": ("source_only",), "seeds": (0,), "differences": {}},
    "leaks kept, domains left out, composition warns": {
        "keeps_leaks": True,
        "left_out": ("k562", "hep"),
        "composition": 0.8,
    },
    "unlabelled target with an estimate": {"is_target_labelled": False, "left_out": ("k562", "gm12878")},
    "several tasks, all else": {
        "tasks": dict.fromkeys("ABC", "binary"),
        "n": 60,
        "keeps_leaks": True,
        "left_out": ("k562", "hep"),
    },
    "several tasks": {"tasks": dict.fromkeys(map(str, range(8)), "binary"), "n": 60, "seeds": (0, 1)},
    "multiclass": {"tasks": {"state": "multiclass"}},
    "regression": {"tasks": {"activity": "regression"}},
    "profiles": {"tasks": {"nexus": "profile"}},
    "profiles of a single seed beside another task": {
        "tasks": {"nexus": "profile", "FOXA1": "binary"},
        "seeds": (0,),
        "target": None,
    },
    "mixed tasks": {"tasks": {"activity": "regression", "FOXA1": "binary"}},
    "nothing beside the numbers": {"with_surroundings": False},
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())
def test_page_is_whole_and_needs_nothing_else(experiment, plan):
    path = write_report(experiment(**plan))
    text = path.read_text(encoding="utf-8")
    page = Page(text)

    assert page.errors == []
    assert page.unnamed == []
    assert len(page.ids) == len(set(page.ids))
    assert {reference for reference in page.references if not reference.startswith("#")} <= set(page.ids)
    assert {reference[1:] for reference in page.references if reference.startswith("#")} <= set(page.ids)
    assert not re.search(r"https?:|//[a-z]|@import|<script|<link|src=", text)
    assert set(re.findall(r"url\(#([^)]*)\)", text)) <= set(page.ids)
    assert page.headings[0] == 1
    assert set(page.headings[1:]) == {2}
    assert all(table.caption.strip() for table in page.tables)
    assert all(len(row) == len(table.rows[0]) for table in page.tables for row in table.rows)
    assert len(text.encode()) < 3_000_000
    assert "nan" not in re.findall(r"[a-z]+", page.text.lower())


def column(table, *words):
    """Number of the column whose head begins with `words`."""
    head = " ".join(words).lower()
    return [cell.lower().startswith(head) for cell in table.rows[0]].index(True)


def test_numbers_of_the_table_are_those_of_the_files(experiment):
    folder = experiment()
    summary = pd.read_csv(folder / "summary.tsv", sep="\t")
    comparison = pd.read_csv(folder / "comparison.tsv", sep="\t").set_index("metric")
    page = Page(write_report(folder).read_text(encoding="utf-8"))

    first, calls, differences, source, source_calls = page.tables[:5]
    for table, further, part in ((first, calls, "target test"), (source, source_calls, "source test")):
        for index, method in enumerate(("source_only", "adversarial"), start=1):
            here = summary[(summary["method"] == method) & (summary["part"] == part)].set_index("metric")
            for metric in BINARY:
                expected = here.loc[metric]
                shown = further if metric in ("F1 at .5", "calibration error") else table
                cell = shown.rows[index][column(shown, metric)]
                assert cell == f"{decimal(expected['estimate'])} {interval(expected['low'], expected['high'])}"
            assert further.rows[index][column(further, "Spread")] == decimal(here.loc["AUROC", "seeds_sd"])
            assert decimal(here.loc["AUPRC", "prevalence"], 2) in table.rows[0][column(table, "AUPRC")]
    told = {
        name: f"{signed(row['difference'])} {interval(row['low'], row['high'])}" for name, row in comparison.iterrows()
    }
    assert first.rows[2][column(first, "Difference")] == told["AUROC"]
    assert differences.rows[1] == ["adversarial", *(told[metric] for metric in BINARY[1:])]


def test_each_task_has_its_own_numbers(experiment):
    """trap 12: a task is never taken to be the first one in silence."""
    folder = experiment(tasks={"A": "binary", "B": "binary"})
    summary = pd.read_csv(folder / "summary.tsv", sep="\t")
    text = write_report(folder).read_text(encoding="utf-8")

    first = Page(text).tables[0]
    for row in first.rows[1:]:
        here = summary[
            (summary["task"] == row[0]) & (summary["part"] == "target test") & (summary["metric"] == "AUROC")
        ]
        assert [cell.split()[0] for cell in row[1:3]] == [decimal(estimate) for estimate in here["estimate"]]
    for task in "AB":
        here = summary[(summary["task"] == task) & (summary["part"] == "target test") & (summary["metric"] == "AUROC")]
        assert f"{task}: ROC on test loci of hep. AUROC: source only {decimal(here['estimate'].iloc[0])}" in text


def test_oracle_stands_at_every_number_of_the_comparison(experiment):
    page = Page(write_report(experiment(selection="oracle")).read_text(encoding="utf-8"))
    for table in page.tables[:5]:
        for row in table.rows[1:]:
            assert all("oracle" in cell for cell in row[1:] if cell)


def test_single_run_is_reported_from_its_predictions(experiment):
    folder = experiment()
    page = Page(write_report(folder / "adversarial" / "seed-0").read_text(encoding="utf-8"))
    assert page.errors == []
    assert "without intervals" in page.tables[0].caption
    assert "101 bp" in page.text  # from the experiment around it
    mean = pd.read_csv(folder / "summary.tsv", sep="\t").query("method == 'adversarial' and part == 'target test'")
    for metric, estimate in zip(mean["metric"], mean["estimate"], strict=True):
        table = page.tables[1 if metric in ("F1 at .5", "calibration error") else 0]
        assert float(table.rows[1][column(table, metric)]) == pytest.approx(estimate, rel=0.3, abs=0.15)


def test_same_folder_gives_the_same_bytes_and_no_other_file(experiment):
    folder = experiment(n=60, seeds=(0,))
    first = write_report(folder).read_bytes()
    before = sorted(folder.iterdir())
    assert write_report(folder).read_bytes() == first
    assert sorted(folder.iterdir()) == before


def test_names_are_text_not_markup_nor_mathematics(experiment):
    folder = experiment(
        target="<b>h&p</b>",
        sources=('k"5$6$2',),
        tasks={"$FOXA1_2$": "binary"},
        methods=("a$x_1$", "<i>b"),
        differences={},
    )
    page = Page(write_report(folder, command="cislearn train '<x>' && echo").read_text(encoding="utf-8"))
    assert page.errors == []
    assert "<b>h&p</b>, never labelled" in page.text
    assert "cislearn train '<x>' && echo" in page.text


@pytest.mark.parametrize(
    "name",
    ["summary.tsv", "adversarial/seed-1/run.json", "adversarial/seed-1/predictions.parquet"],
)
def test_absent_file_is_named(experiment, name):
    folder = experiment(n=60, with_surroundings=False)
    (folder / name).unlink()
    with pytest.raises(UserError, match=name.rpartition("/")[2]) as caught:
        write_report(folder)
    assert str(folder / name).rpartition("/")[0] in str(caught.value)
    assert not (folder / "report.html").exists()


def test_run_that_never_ended_is_named(experiment):
    folder = experiment(n=60)
    shutil.move(folder / "adversarial" / "seed-2", folder / "adversarial" / "seed-2.partial")
    with pytest.raises(UserError, match="seed-2"):
        write_report(folder)


@pytest.mark.parametrize(
    "name",
    [
        "experiment.json",
        "summary.tsv",
        "comparison.tsv",
        "data.json",
        "model_summary.json",
        "strands.tsv",
        "leaked.tsv",
        "leave_one_out.tsv",
        "adversarial/seed-1/run.json",
        "adversarial/seed-1/history.tsv",
        "adversarial/seed-1/predictions.parquet",
    ],
)
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_file_that_is_cut_short_is_named(experiment, name, kept):
    folder = experiment(n=60, keeps_leaks=True, left_out=("k562", "hep"))
    whole = (folder / name).read_bytes()
    cut = whole[: int(kept * len(whole))]
    (folder / name).write_bytes(cut.rstrip(b"\n").rpartition(b"\t")[0] if name.endswith("tsv") and cut else cut)
    with pytest.raises(UserError) as caught:
        write_report(folder)
    assert name in str(caught.value).replace("\\", "/")
    assert not (folder / "report.html").exists()


def test_word_where_a_number_should_be_is_named_by_its_line(experiment):
    folder = experiment(n=60)
    path = folder / "summary.tsv"
    table = pd.read_csv(path, sep="\t").astype({"low": object})
    table.loc[1, "low"] = "many"
    table.to_csv(path, sep="\t", index=False)
    with pytest.raises(UserError, match=r"summary.tsv line 3: low: 'many' is not a number"):
        write_report(folder)


def test_simple_model_has_no_report_of_its_own(experiment):
    folder = experiment()
    simple = folder / "battery" / "GC_content"
    simple.mkdir(parents=True)
    (simple / "run.json").write_text('{"format": 1, "method": "GC_content", "target": "hep"}')
    with pytest.raises(UserError, match=r"is a simple model[^$]*cislearn report .*" + folder.name):
        write_report(simple)


def test_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no finished run or experiment"):
        write_report(tmp_path)


def test_method_without_logs_or_network_is_reported(experiment):
    folder = experiment(n=60, methods=("gc_content", "adversarial"))
    for path in folder.glob("gc_content/seed-*/history.tsv"):
        path.unlink()
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert page.errors == []
    assert "gc content" in page.text


def test_one_class_only_gives_dashes_and_no_curve(experiment):
    folder = experiment(n=60)
    for path in folder.glob("*/seed-*/predictions.parquet"):
        table = pd.read_parquet(path)
        table["label_FOXA1"] = np.where(table["domain"] == "hep", 1.0, table["label_FOXA1"])
        table.to_parquet(path, index=False)
    summary = pd.read_csv(folder / "summary.tsv", sep="\t")
    is_undefined = (summary["part"] == "target test") & (summary["metric"] != "F1")
    summary.loc[is_undefined, ["estimate", "low", "high", "seeds_sd"]] = np.nan
    summary.to_csv(folder / "summary.tsv", sep="\t", index=False)
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert page.errors == []
    assert page.tables[0].rows[1][1] == "\N{EN DASH}"
