"""The page on the two strands says of each preset what the tables of the results say."""

from __future__ import annotations

import re

import pandas as pd

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "reverse-complements.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "results" / "reverse_complement.md").read_text(encoding="utf-8")
NAMES = {
    "`none`": "none",
    "`augmented`": "augmented",
    "`post_hoc_unaugmented`": "post-hoc of un-augmented",
    "`post_hoc`": "post-hoc conjoined",
    "`conjoined`": "conjoined in training",
    "`conjoined_max`": "conjoined in training, maximum",
    "`rcps`": "RCPS",
    "`rcps`, `merge: average`": "RCPS, average",
    "`rcps_half`": "RCPS, half filters",
    "`conjoined`, then RCPS": "conjoined, embedded and fine-tuned",
}
"""Of a row of the page, and of the same in the results."""
SIMULATED = "simulated 200 bp"
PEAKS = ("GABP K562 100 bp", "JunD K562 100 bp", "USF2 K562 100 bp")


def table_under(text, heading):
    """The first table under a heading: of each row its cells by column, without the number of seeds."""
    section = re.split(r"\n###? ", text.split(f"\n## {heading}\n")[1])[0]
    table = section[section.index("|") :].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    columns = [column.split(" (")[0] for column in rows[0]]
    return {row[0]: dict(zip(columns[1:], row[1:], strict=True)) for row in rows[2:]}


def over_post_hoc(preset, task):
    """The difference to post-hoc, and whether it is clear of 0."""
    cell = table_under(RESULTS, "Over post-hoc")[NAMES[preset]][task]
    return float(cell.strip("*").split(" ")[0].replace("\N{MINUS SIGN}", "-")), cell.startswith("**")


def is_behind(preset, task):
    difference, is_clear = over_post_hoc(preset, task)
    return difference < 0 and is_clear


def test_the_table_is_that_of_the_results():
    ours, theirs = table_under(PAGE, "Which to take"), table_under(RESULTS, "Strategy by task")
    assert list(ours) == list(NAMES)
    for preset, cells in ours.items():
        assert cells == {task: theirs[NAMES[preset]][task] for task in (SIMULATED, *PEAKS)}


def test_what_is_said_of_one_strand():
    assert "(`none`) is behind `post_hoc` on every task, clearly" in PAGE
    assert all(is_behind("`none`", task) for task in (SIMULATED, *PEAKS))
    assert "is behind on every task, clearly on three of four" in PAGE
    assert all(over_post_hoc("`augmented`", task)[0] < 0 for task in (SIMULATED, *PEAKS))
    assert sum(is_behind("`augmented`", task) for task in (SIMULATED, *PEAKS)) == 3


def test_what_is_said_of_simulated_windows():
    assert "`post_hoc` is first, clearly before all others" in PAGE
    assert all(is_behind(preset, SIMULATED) for preset in NAMES if preset != "`post_hoc`")
    assert "(`rcps_half`) learned nothing at all" in PAGE
    scores = pd.read_csv(ROOT / "docs" / "results" / "reverse_complement.scores.tsv", sep="\t")
    rows = {"task": SIMULATED, "training": "rcps-half", "part": "test", "reading": "forward", "metric": "AUROC"}
    for column, value in rows.items():
        scores = scores[scores[column] == value]
    assert min(map(float, scores["by_seed"].item().split())) < 0.6


def test_what_is_said_of_peaks():
    assert "(`merge: average`) is level with `post_hoc`" in PAGE
    assert not any(over_post_hoc("`rcps`, `merge: average`", task)[1] for task in PEAKS)
    assert "`conjoined` in training** is behind on two tasks of four, clearly" in PAGE
    assert sum(is_behind("`conjoined`", task) for task in (SIMULATED, *PEAKS)) == 2
    assert "trained on from there it is\n  level on peaks" in PAGE
    assert not any(over_post_hoc("`conjoined`, then RCPS", task)[1] for task in PEAKS)


def test_what_is_said_of_batch_norm():
    """The table is that of the results, and each network is better without."""
    section = PAGE.split("### Batch norm in the published comparison")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    results = table_under(RESULTS, "Strategy by task")
    without = {"`rcps`": "RCPS", "`augmented`": "augmented", "`post_hoc`": "post-hoc conjoined"}
    assert [row[0] for row in rows[2:]] == list(without)
    for preset, with_it, without_it in rows[2:]:
        found = [results[without[preset] + end]["published windows 200 bp"] for end in ("", ", no batch norm")]
        assert [with_it, without_it] == [cell.split(" ")[0] for cell in found]
        assert float(without_it) > float(with_it)
    assert "RCPS without batch norm is behind a network of one strand without it" in section
    assert float(rows[2][2]) < float(rows[3][2])
    paper = table_under(RESULTS, "Beside the paper")["RCPS"]["paper, simulated 200 bp"]
    assert f"the paper's RCPS has {paper.split(' ')[0]}" in section
