"""Domains left out in turn: the answer for a target without labels, the section, the page above all domains."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.reports.answer import answer
from cislearn.reports.numbers import decimal, interval, signed
from cislearn.reports.read import read_report_data
from cislearn.reports.write import write_each_report, write_report
from tests.reports.further import leave_one_out, make_each, write_tsv
from tests.reports.page import Page

UNLABELLED = {"is_target_labelled": False, "sources": ("k562", "gm12878"), "left_out": ("k562", "gm12878"), "n": 60}


def mean_row(folder, method="adversarial", metric="AUROC"):
    table = pd.read_csv(folder / "leave_one_out.tsv", sep="\t")
    found = table[(table["method"] == method) & (table["metric"] == metric)]
    return found[found["domain"].str.startswith("mean over")].iloc[0]


def change(folder, **columns):
    path = folder / "leave_one_out.tsv"
    pd.read_csv(path, sep="\t").assign(**columns).to_csv(path, sep="\t", index=False)


def test_the_mean_over_domains_left_out_answers_for_a_target_without_labels(experiment):
    folder = experiment(**UNLABELLED)
    row = mean_row(folder)
    found = answer(read_report_data(folder))
    assert found.verdict == "better"
    assert found.sentence == (
        "hep has no labels. Each of the two labelled domains was left out in turn and treated like it: on average over "
        f"these, the adversarial network reaches AUROC {decimal(row['estimate'], 2)} "
        f"({interval(row['low'], row['high'], 2)}; .79 to .83 over the domains), {decimal(row['difference'])} "
        f"({interval(row['difference_low'], row['difference_high'])}; +.030 to +.030 over the domains) above source "
        "only, over 3 seeds."
    )
    within = "Intervals are over loci and seeds of these two domains: another one may lie beyond them."
    assert within in found.caveats
    assert found.caveats[0].startswith("This is a leave-one-source-out estimate: it holds for hep as far as")
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert page.text.index("Left out in turn") < page.text.index("Comparison")


@pytest.mark.parametrize("tasks", [("A",), ("A", "B")])
def test_a_mean_that_one_domain_carries_is_no_verdict(experiment, tasks):
    """The interval of the mean holds its domains fixed: it leaves zero out although only one of them differs."""
    folder = experiment(**UNLABELLED, tasks=dict.fromkeys(tasks, "binary"))
    path = folder / "leave_one_out.tsv"
    table = pd.read_csv(path, sep="\t")
    ours = table["method"] == "adversarial"
    for domain, difference in (("k562", -0.126), ("gm12878", 0.002), ("mean over 2 domains", -0.062)):
        around = [difference, difference - 0.02, difference + 0.02]
        rows = ours & (table["domain"] == domain)
        table.loc[rows, ["difference", "difference_low", "difference_high"]] = around
    table.to_csv(path, sep="\t", index=False)
    found = answer(read_report_data(folder))
    assert "worse" not in found.sentence
    if len(tasks) > 1:
        assert "above source only in some domains and below it in others in 2 of 2," in found.sentence
    else:
        assert found.verdict == "mixed"
        assert ", above source only in some domains and below it in others, which is no verdict (" in found.sentence
        minus = "\N{MINUS SIGN}"
        assert f"({minus}.062, {minus}.082 to {minus}.042; {minus}.126 to +.002 over the domains)" in found.sentence


def test_a_labelled_target_is_told_by_its_own_labels(experiment):
    folder = experiment(left_out=("k562", "hep"), n=60)
    assert answer(read_report_data(folder)).sentence.startswith("In hep, never labelled in training,")
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert page.text.index("Comparison") < page.text.index("Left out in turn")


def test_simple_models_are_shown_but_never_told(experiment):
    folder = experiment(**UNLABELLED, methods=("source_only",), seeds=(0,), differences={})
    rows = leave_one_out(("source_only", "GC_content"), ("k562", "gm12878"), ["FOXA1"], difference=0.1)
    write_tsv(folder / "leave_one_out.tsv", rows)
    found = answer(read_report_data(folder))
    assert "the source-only network reaches" in found.sentence
    assert "GC" not in found.sentence
    text = write_report(folder).read_text(encoding="utf-8")
    assert "AUROC of the simple models" in text


def test_oracle_and_upper_bounds_are_marked(experiment):
    folder = experiment(**UNLABELLED, selection="oracle")
    change(folder, protocol="upper bound: trained on target labels")
    assert answer(read_report_data(folder)).sentence.count("[oracle]") == 1
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert "its labels seen" in page.tables[0].rows[0][1]
    assert all("oracle" in cell for row in page.tables[0].rows[1:] for cell in row[1:-1] if cell)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"domain": "k562"}, "no row 'mean over N domains'"),
        ({"method": "coral"}, "no row of a method of the experiment"),
        ({"estimate": "high"}, "line 2: estimate: 'high' is not a number"),
    ],
)
def test_a_table_that_cannot_be_is_refused(experiment, columns, problem):
    folder = experiment(**UNLABELLED)
    change(folder, **columns)
    with pytest.raises(UserError, match=problem) as caught:
        write_report(folder)
    assert "leave_one_out.tsv" in str(caught.value)


def test_several_tasks_are_counted_over_the_means(experiment):
    folder = experiment(**UNLABELLED, tasks=dict.fromkeys("ABC", "binary"))
    sentence = answer(read_report_data(folder)).sentence
    assert "over three tasks, better than source only in 3 of 3," in sentence


def test_page_above_all_domains_is_whole_and_leads_to_theirs(tmp_path):
    folder = make_each(tmp_path / "each", ("k562", "gm 12878", "hep"))
    path = write_report(folder)
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert path == write_each_report(folder)
    assert page.errors == page.unnamed == []
    links = {reference for reference in page.references if reference.endswith(".html")}
    assert links == {"k562/report.html", "gm%2012878/report.html", "hep/report.html"}
    assert not re.search(r"https?:|//[a-z]|@import|<script|<link|src=", text)
    row = mean_row(folder)
    assert page.text.count(decimal(row["estimate"])) >= 1
    assert page.tables[0].rows[-1][:4] == [
        "mean over 3 domains",
        *(
            f"{decimal(each['estimate'])} {interval(each['low'], each['high'])}"
            for each in (mean_row(folder, "source_only"), row)
        ),
        f"{signed(row['difference'])} {interval(row['difference_low'], row['difference_high'])}",
    ]
    assert "With each of the three labelled domains left out in turn, on average over these," in page.text
    assert "cislearn train each.yaml" in page.text
    assert "target: each" in page.text


def test_domains_without_a_report_have_no_link(tmp_path):
    folder = make_each(tmp_path / "each", ("k562", "hep"))
    (folder / "hep" / "report.html").unlink()
    links = [reference for reference in Page(write_report(folder).read_text()).references if reference[0] != "#"]
    assert set(links) - {"left-out", "again"} == {"k562/report.html"}


@pytest.mark.parametrize("name", ["methods", "seeds"])
def test_each_json_without_what_it_has_to_hold_is_named(tmp_path, name):
    folder = make_each(tmp_path / "each", ("k562", "hep"))
    record = json.loads((folder / "each.json").read_text())
    del record[name]
    (folder / "each.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=f"each.json: has no '{name}'"):
        write_report(folder)
    (folder / "each.json").write_text('{"format": 1,')
    with pytest.raises(UserError, match=r"each.json"):
        write_report(folder)
