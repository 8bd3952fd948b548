"""Pages that answer a question: their tables are those of the results, and no other number stands in them."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from cislearn.reports.numbers import DASH, decimal
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "questions"
SCORE = re.compile(r"(?<![\w.])\.\d{3}\b")
LINES = (20, 50)


def auroc(results: str, **rows: object) -> str:
    """The mean over whatever a choice of rows does not fix; a dash where nothing was run."""
    table = pd.read_csv(ROOT / "docs" / "results" / f"{results}.scores.tsv", sep="\t")
    for column, value in {"metric": "AUROC", **rows}.items():
        table = table[table[column] == value]
    return decimal(table["estimate"].mean()) if len(table) else DASH


def no_labels():
    methods = ("source_only", "adversarial", "6-mer_logistic")
    for family, name in (
        ("mixed", "simulated, composition and cofactors differ"),
        ("none", "simulated, nothing differs"),
        ("conditional", "simulated, a cofactor means the opposite"),
    ):
        yield name, *(auroc("simulated", family=family, method=method) for method in methods)
    honest = [auroc("gabp_cross_cell", protocol="honest", method=method) for method in methods]
    yield "GABP, each of five cell types", *honest


def few_labels():
    for share in (0, 10, 20, 50, 100):
        methods = ("source_and_target" if share else "source_only", "adversarial", "target_only")
        rows = {"protocol": "honest", "factor": "JunD", "cell": "GM12878", "labels": share}
        yield f"{share} %", *(auroc("dann_tf", method=method, **rows) for method in methods)
    for method, name in (
        ("supervised", "`supervised`"),
        ("ladder_noise_only", "`ladder` with `reconstruct: none`, its noise alone"),
        ("ladder_top_only", "`ladder` with `reconstruct: top`"),
        ("ladder", "`ladder`"),
        ("noisy_student", "`noisy_student`"),
        ("mean_teacher", "`mean_teacher`"),
        ("fixmatch", "`fixmatch`"),
    ):
        trial = {"data": "TF windows", "protocol": "honest", "network": "motif_cnn", "task": "mean", "method": method}
        yield name, *(auroc("dssda", labels=share, **trial) for share in (1, 10))


def strands():
    for training, seeds, name in (
        ("none", 10, "windows as stored"),
        ("augmented", 10, "windows turned at random"),
        ("rcps-average", 10, "layers that read both strands alike, averaged"),
    ):
        rows = {"task": "simulated 200 bp", "training": training, "part": "test", "n_seeds": seeds}
        yield (
            name,
            str(seeds),
            *(auroc("reverse_complement", reading=reading, **rows) for reading in ("forward", "mean")),
        )


def honest():
    for method, name in (
        ("chromosome_of_origin", "chromosome of origin, which reads no base"),
        ("6-mer_logistic", "6-mer counts"),
        ("source_only", "source only"),
        ("adversarial", "adversarial"),
        ("target_labels", "target labels"),
    ):
        yield name, *(auroc("gabp_cross_cell", protocol=each, method=method) for each in ("published", "honest"))


def what_did_it_learn():
    for trained in ("genomic", "other factors", "shuffled"):
        tests = ("genomic", "other factors", "shuffled")
        yield trained, *(auroc("negatives", trained_on=trained, tested_on=test) for test in tests)


QUOTED = {
    "no-labels": no_labels,
    "few-labels": few_labels,
    "strands": strands,
    "honest": honest,
    "what-did-it-learn": what_did_it_learn,
    "variants": lambda: (),
}


def test_each_page_is_held_to_its_results():
    assert {page.stem for page in FOLDER.glob("*.md")} == set(QUOTED)


@pytest.mark.parametrize("page", QUOTED)
def test_the_table_is_that_of_the_results(page):
    """And prose quotes nothing of its own, which would go stale unseen."""
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    rows = [f"| {' | '.join(cells)} |" for cells in QUOTED[page]()]
    assert not [row for row in rows if row not in lines]
    assert not [line for line in lines if line not in rows and SCORE.search(line)]


@pytest.mark.parametrize("page", QUOTED)
def test_a_page_is_short_and_says_what_it_assumes(page):
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    assert LINES[0] <= len(text.splitlines()) <= LINES[1]
    assert "```console" in text and "**What it assumes.**" in text and "**Further**" in text
    assert f"docs/questions/{page}.md" in (ROOT / "README.md").read_text(encoding="utf-8")
