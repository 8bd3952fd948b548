from __future__ import annotations

import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.studies.ledger import Table


@pytest.fixture
def table(tmp_path):
    return Table(tmp_path / "results" / "study.tsv", ("protocol", "seed"))


def rows(*pairs, **columns):
    return pd.DataFrame([{"protocol": p, "seed": s, "AUROC": 0.5} | columns for p, s in pairs])


def test_rows_are_added_and_keys_stay_text(table):
    assert table.read().empty
    table.add(rows(("honest", "0")))
    table.add(rows(("honest", "1"), ("published", "0")))
    read = table.read()
    assert read["seed"].tolist() == ["0", "1", "0"]
    assert read["AUROC"].dtype == float


def test_a_row_of_an_older_version_may_lack_a_newer_column(table):
    table.add(rows(("honest", "0")))
    table.add(rows(("honest", "1"), AUPRC=0.7))
    assert table.read()["AUPRC"].isna().tolist() == [True, False]


def test_a_commit_of_digits_alone_stays_as_it_is(tmp_path):
    table = Table(tmp_path / "study.tsv", ("protocol", "seed"), text=("commit",))
    table.add(rows(("honest", "0"), commit="0012345"))
    table.add(rows(("honest", "1"), commit="12e4567"))
    table.add(rows(("honest", "2"), commit=""))
    assert table.read()["commit"].tolist()[:2] == ["0012345", "12e4567"]


def test_replace_leaves_the_rows_of_others(table):
    table.add(rows(("honest", "0"), ("published", "0")))
    table.replace({"protocol": "honest"}, rows(("honest", "5"), ("honest", "6")))
    assert sorted(table.read()["seed"]) == ["0", "5", "6"]


def test_a_ledger_that_says_a_run_twice_is_refused_with_its_line(table):
    table.add(rows(("honest", "0"), ("honest", "1")))
    with table.path.open("a") as file:
        file.write("honest\t1\t0.9\n")
    with pytest.raises(UserError, match=r"(?s)study\.tsv line 4: says a row twice"):
        table.read()


def test_a_ledger_without_a_key_or_cut_short_is_refused(table):
    table.path.parent.mkdir()
    table.path.write_text("protocol\tAUROC\nhonest\t0.5\n")
    with pytest.raises(UserError, match="has no column 'seed'"):
        table.read()
    table.path.write_text("protocol\tseed\tAUROC\nhonest\t0\t0.5\nhone")
    with pytest.raises(UserError, match="line 3: is cut short: its last row is not whole"):
        table.read()
    table.path.write_text("protocol\tseed\tAUROC\nhonest\t\t0.5\nhonest\t0\t0.5\n")
    with pytest.raises(UserError, match="line 2: is cut short: there is no seed"):
        table.read()
    table.path.write_text("protocol\tseed\tAUROC\tF1\nhonest\t0\t0.54")
    with pytest.raises(UserError, match="line 2: is cut short: its last row is not whole"):
        table.read()  # a number without its last digits is a number
    table.path.write_text("")
    with pytest.raises(UserError, match="is cut short"):
        table.read()
