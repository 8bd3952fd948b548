"""Reading tables of predictions: what is taken from them, and what is refused with file and line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.data.readers.scored import read_scored
from cislearn.errors import UserError

TABLE = pd.DataFrame(
    {
        "chrom": ["chr1", "chr1", "chr2", "chr1", "chr1", ""],
        "start": ["100", "150", "150", "400", "190", ""],
        "end": ["201", "251", "251", "501", "291", ""],
        "bound": ["1", "0", "1", "", "0", "1"],
        "p": ["0.9", "0.2", "0.7", "", "-inf", "1e-3"],
        "q": ["1", "2", "3", "4", "5", "6"],
    }
)


def write(path, table=TABLE, sep="\t"):
    table.to_csv(path, sep=sep, index=False)
    return path


def refusal(path, **changes):
    with pytest.raises(UserError) as caught:
        read_scored(path, **{"label": "bound", "scores": ["p"]} | changes)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["tsv", "csv", "parquet"])
def test_labelled_rows_are_taken(tmp_path, kind):
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        TABLE.to_parquet(path)
    else:
        write(path, sep="\t" if kind == "tsv" else ",")
    rows = read_scored(path, label="bound", scores=["p", "q"])
    assert rows.labels.tolist() == [1, 0, 1, 0, 1] and rows.n_unlabelled == 1
    assert rows.scores["p"].tolist() == [0.9, 0.2, 0.7, -np.inf, 0.001]
    assert rows.scores["q"].tolist() == [1, 2, 3, 5, 6]
    assert rows.locus == ("chrom", "start", "end")


def test_windows_that_overlap_are_one_cluster(tmp_path):
    """100-201, 150-251 and 190-291 of chr1 hang together; the same positions of chr2 and a row without place do not."""
    rows = read_scored(write(tmp_path / "t.tsv"), label="bound", scores=["p"])
    a, b, c, d, e = rows.clusters
    assert a == b == d and len({a, c, e}) == 3


@pytest.mark.parametrize("locus", ["auto", "where", "c, s, e", "none"])
def test_places_under_other_names(tmp_path, locus):
    place = TABLE["chrom"] + ":" + TABLE["start"] + "-" + TABLE["end"]
    other = {"auto": "region", "where": "where"}.get(locus)
    if other:
        table = TABLE.drop(columns=["chrom", "start", "end"]).assign(**{other: place})
    else:
        table = TABLE.rename(columns={"chrom": "c", "start": "s", "end": "e"})
    rows = read_scored(write(tmp_path / "t.tsv", table), label="bound", scores=["p"], locus=locus)
    assert len(set(rows.clusters)) == (5 if locus == "none" else 3)


@pytest.mark.parametrize(
    ("column", "row", "value", "said"),
    [
        ("bound", 1, "2", "line 3: column 'bound' has '2'; a label to score against is 0, 1 or empty"),
        ("bound", 1, "yes", "line 3: column 'bound' has 'yes'"),
        ("p", 4, "", "line 6: column 'p' has no score for 1 of 5 labelled rows"),
        ("p", 2, "high", "line 4: column 'p' has 'high'; a score is a number"),
        ("start", 2, "abc", "line 4: column 'start' has 'abc'"),
        ("end", 2, "150", "line 4: locus chr2:150-150 is empty"),
    ],
)
def test_wrong_values_are_named_with_their_line(tmp_path, column, row, value, said):
    table = TABLE.copy()
    table.loc[row, column] = value
    message = refusal(write(tmp_path / "t.tsv", table))
    assert "t.tsv" in message and said in message


def test_wrong_columns(tmp_path):
    path = write(tmp_path / "t.tsv")
    assert "has no column 'bond'; did you mean bound?" in refusal(path, label="bond")
    assert "has no column 'P'" in refusal(path, scores=["P"])
    assert "column 'bound' is named twice" in refusal(path, scores=["p", "bound"])
    assert "'chrom,start' names 2 columns" in refusal(path, locus="chrom,start")
    assert "has no column 'begin'" in refusal(path, locus="chrom,begin,end")


def test_labels_of_one_class_and_none(tmp_path):
    path = tmp_path / "t.tsv"
    assert "all 6 labels of column 'bound' are 1" in refusal(write(path, TABLE.assign(bound="1")))
    assert "has no label" in refusal(write(path, TABLE.assign(bound="")))
    assert "has a header but no rows" in refusal(write(path, TABLE.iloc[:0]))
