from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.tables import check_table_name, table_written_whole, write_table

TABLE = pd.DataFrame(
    {
        "name": ["peak_1", 'a "quoted" one', "tab\there", "", "two\nlines", "é"],
        "start": [1, -1, 2**40, 0, 5, 6],
        "probability": [0.123456789, np.nan, 1e-300, 1.0, 123456789.0, -0.0],
        "logit": np.array([np.inf, -np.inf, 1e-5, 1e5, 1e6, np.nan], np.float32),
        "is_kept": [True, False, True, True, False, False],
        "of either": ["a", None, 0.1, 3, np.nan, True],
        "nullable": pd.array([1.5, None, 2.0, 1e-9, 0.1, 3.0], "Float64"),
        "whole": pd.array([1, None, 2, 3, 4, 5], "Int64"),
        "kind": pd.Categorical(["a", "b", "a", None, "a", "b"]),
    }
)


def test_a_name_that_says_another_format_is_refused():
    """Tab-separated text stood in what was called .csv."""
    for name in ("a.tsv", "a.txt", "a.parquet"):
        check_table_name(Path(name))
    for name in ("a.csv", "a", "a.tsv.gz"):
        with pytest.raises(UserError, match=r"is not known\s+Name it .tsv or .parquet"):
            check_table_name(Path(name))


def as_pandas_writes(table: pd.DataFrame) -> bytes:
    return table.to_csv(sep="\t", index=False, lineterminator="\n", float_format="%.6g").encode()


@pytest.mark.parametrize("name", ["table.tsv", "table.parquet"])
def test_tables_round_trip(tmp_path, name):
    table = pd.DataFrame({"step": [5, 10], "valid_loss": [0.25, None], "note": ["a", "b"]})
    write_table(tmp_path / name, table)
    read = pd.read_parquet(tmp_path / name) if name.endswith("parquet") else pd.read_csv(tmp_path / name, sep="\t")
    pd.testing.assert_frame_equal(read, table, check_dtype=False)


def test_tsv_is_to_the_byte_what_pandas_writes(tmp_path):
    write_table(tmp_path / "t.tsv", TABLE)
    assert (tmp_path / "t.tsv").read_bytes() == as_pandas_writes(TABLE)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.floats(), st.text(st.characters(codec="utf-8"), max_size=4)), max_size=5))
def test_tsv_of_any_numbers_and_texts_is_what_pandas_writes(tmp_path, rows):
    table = pd.DataFrame(rows, columns=["number", "text"]).astype({"number": float})
    write_table(tmp_path / "t.tsv", table)
    assert (tmp_path / "t.tsv").read_bytes() == as_pandas_writes(table)


@pytest.mark.parametrize("name", ["table.tsv", "table.parquet"])
def test_a_table_in_pieces_is_that_in_one(tmp_path, name):
    table = TABLE.drop(columns="of either")
    with table_written_whole(tmp_path / name) as write:
        for piece in (table[:1], table[1:4], table[4:]):
            write(piece)
    if name.endswith("parquet"):
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / name), table, check_dtype=False)
    else:
        assert (tmp_path / name).read_bytes() == as_pandas_writes(table)


@pytest.mark.parametrize("name", ["table.tsv", "table.parquet"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_table_broken_off_leaves_what_was_there(tmp_path, name, error):
    (tmp_path / name).write_text("before")
    with pytest.raises(error), table_written_whole(tmp_path / name) as write:
        write(TABLE[["start"]])
        raise error
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "before"
