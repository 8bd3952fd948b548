"""Model cards say what the records say, of the right method, and what was not tested."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from cislearn.reports.model_card import CARD, model_card, read_carded, write_exported_card, write_model_cards
from cislearn.reports.numbers import decimal, interval


def rows_of(card: str) -> list[list[str]]:
    """The cells of the table of scores, its head left out."""
    section = card.split("## How good it is")[1].split("##")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "|" in line][2:]


def test_training_leaves_a_card_for_each_method(tiny_experiment):
    for method in ("source_only", "adversarial", "target_labels"):
        assert (tiny_experiment / method / CARD).read_text() == model_card(read_carded(tiny_experiment, method))


@pytest.mark.parametrize("method", ["source_only", "adversarial", "target_labels"])
def test_its_numbers_are_those_of_the_tables_with_their_intervals(tiny_experiment, method):
    """trap 12: of this method, and of no other."""
    tables = [pd.read_csv(tiny_experiment / name, sep="\t") for name in ("summary.tsv", "averaged.tsv")]
    found = rows_of((tiny_experiment / method / CARD).read_text())
    assert {row[0] for row in found} == {"source test", "target test"}
    for part, domain, task, metric, *estimates, _ in found:
        for shown, table in zip(estimates, tables, strict=True):
            keys = {"method": method, "part": part, "domain": domain, "task": task}
            here = table[(table[list(keys)] == pd.Series(keys)).all(axis=1)]
            (row,) = here[here["metric"].str.lower() == metric.lower()].to_dict("records")
            around = interval(row["low"], row["high"])
            assert shown == decimal(row["estimate"]) + (f" ({around})" if around else "")


def test_an_upper_bound_and_few_seeds_are_told(tiny_experiment):
    bound, honest = ((tiny_experiment / name / CARD).read_text() for name in ("target_labels", "adversarial"))
    assert "learned from labels of hep" in bound and "learned from labels of hep" not in honest
    assert "Two seeds describe, five claim." in honest
    assert "Any other cell type" in honest and "Scored on ery and hep, and on nothing else." in honest


def test_a_card_alone_gives_the_call_and_the_probability(tiny_experiment):
    chosen = json.loads((tiny_experiment / "experiment.json").read_text())["averaged"]["adversarial"]
    line = re.search(r"^\| GABPA \| (\S+) \| (\S+) \|$", (tiny_experiment / "adversarial" / CARD).read_text(), re.M)
    assert line and line.groups() == tuple(decimal(chosen[key]["GABPA"]) for key in ("thresholds", "temperatures"))


def test_of_one_run_the_seed_is_its_own_and_the_intervals_those_of_its_experiment(tiny_experiment):
    run = tiny_experiment / "adversarial" / "seed-1"
    card = model_card(read_carded(run))
    assert "- Seeds: 1\n" in card
    assert rows_of(card) == rows_of((tiny_experiment / "adversarial" / CARD).read_text())


def test_a_run_that_was_moved_away_says_that_it_has_no_intervals(tiny_experiment, tmp_path):
    shutil.copytree(tiny_experiment / "adversarial" / "seed-1", tmp_path / "adversarial" / "seed-1")
    card = model_card(read_carded(tmp_path / "adversarial" / "seed-1"))
    assert "A single run has no intervals." in card
    assert rows_of(card) and not any("(" in cell for row in rows_of(card) for cell in row[4:])
    assert f'load_model("{tmp_path}/adversarial/seed-1")' in card


def test_what_a_card_says_against_its_model_is_of_its_own_method(tiny_experiment):
    """The report tells of the first method that is compared; the card of another one is no place for that."""
    cards = {}
    for method in ("source_only", "adversarial"):
        carded = read_carded(tiny_experiment, method)
        bars = pd.DataFrame(
            {
                "method": ["source_only", "adversarial"], "baseline": "kmer_logistic", "task": "GABPA",
                "metric": "auroc", "difference": [0.071, -0.146], "low": [0.038, -0.19], "high": [0.105, -0.1],
            }
        )  # fmt: skip
        cards[method] = model_card(replace(carded, data=replace(carded.data, over_simple=bars)))
    assert "It clears the best simple model on these loci" in cards["source_only"]
    assert "It is below the best simple model on these loci" in cards["adversarial"]
    assert "(+.071" in cards["source_only"] and "It is below" not in cards["source_only"]


def test_harm_by_alignment_stands_on_the_card_of_the_method_that_aligns(tiny_experiment, monkeypatch):
    said = "cislearn.reports.answer.alignment_warnings"
    monkeypatch.setattr(said, lambda data, methods: [f"Alignment may hurt: {name}." for name in methods])
    told = {name: model_card(read_carded(tiny_experiment, name)) for name in ("source_only", "adversarial")}
    assert "Alignment may hurt" not in told["source_only"]
    assert "Alignment may hurt: adversarial." in told["adversarial"]


def test_a_model_is_loaded_from_where_train_was_told_to_put_it(tiny_experiment, monkeypatch):
    """What is printed works where `train` was run: the name of the folder alone is not enough."""
    monkeypatch.chdir(tiny_experiment.parent.parent)
    path = tiny_experiment.relative_to(tiny_experiment.parent.parent)
    for given in (path, tiny_experiment):
        card = model_card(read_carded(given, "adversarial"))
        assert f'load_model("{path}", method="adversarial")' in card
        assert f"cislearn predict {path} --method adversarial --input" in card


def test_no_card_tells_where_things_lay(tiny_experiment, tmp_path):
    """Cards are given away: names of folders, never their paths."""
    card = write_exported_card(tiny_experiment, tmp_path / "foxa1.pt2")
    assert card == tmp_path / "foxa1.pt2.md"
    assert str(tiny_experiment.parent.parent) not in card.read_text()
    assert "`foxa1.pt2` is this model as one file" in card.read_text()


def test_cards_of_equal_records_are_equal(tiny_experiment):
    before = [(tiny_experiment / method / CARD).read_bytes() for method in ("source_only", "adversarial")]
    assert [path.read_bytes() for path in write_model_cards(tiny_experiment)][:2] == before
