"""The pages that are made from the code are those of the code as it is (``make docs`` writes them)."""

from __future__ import annotations

import json
import runpy

import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app
from tests.docs.pages import ROOT

DOCSTRING = """\
Do.

Parameters
----------
a, b : int, optional
    Two
    lines.
c : str
    ``x``.

Returns
-------
int
    No.
"""
WRITER = runpy.run_path(str(ROOT / "tools" / "write_docs.py"))


@pytest.mark.parametrize("page", ["configuration.md", "experiment.schema.json"])
def test_page_is_up_to_date(page):
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == WRITER["pages"]()[page], "run `make docs`"


def test_new_prints_the_committed_schema():
    printed = CliRunner().invoke(app, ["new", "--schema"]).stdout
    assert json.loads(printed) == json.loads((ROOT / "docs" / "experiment.schema.json").read_text())


def test_meanings_of_options_come_from_the_docstring():
    found = WRITER["parameter_meanings"](DOCSTRING)
    assert found == {"a": ("int", "Two lines."), "b": ("int", "Two lines."), "c": ("str", "`x`.")}


def test_a_docstring_without_parameters_has_no_meanings():
    assert WRITER["parameter_meanings"]("Do.\n\nReturns\n-------\nint\n    No.") == {}
