"""The pages that are made from the code are those of the code as it is (``make docs`` writes them)."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from cislearn.cli.main import app
from tests.docs.pages import ROOT
from tools.rows import row
from tools.write_docs import pages, parameter_meanings

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
PAGES = pages()


@pytest.mark.parametrize("page", PAGES)
def test_page_is_up_to_date(page):
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == PAGES[page], "run `make docs`"


def test_new_prints_the_committed_schema():
    printed = CliRunner().invoke(app, ["new", "--schema"]).stdout
    assert json.loads(printed) == json.loads((ROOT / "docs" / "experiment.schema.json").read_text())


def test_meanings_of_options_come_from_the_docstring():
    found = parameter_meanings(DOCSTRING)
    assert found == {"a": ("int", "Two lines."), "b": ("int", "Two lines."), "c": ("str", "`x`.")}


def test_a_docstring_without_parameters_has_no_meanings():
    assert parameter_meanings("Do.\n\nReturns\n-------\nint\n    No.") == {}


def test_a_cell_of_a_table_is_shown_as_it_is():
    assert row("a|b", "<tab> `<x>`") == "| a\\|b | &lt;tab> `<x>` |"


def test_the_commands_are_those_that_there_are_with_their_options():
    """The page is held against what ``--help`` prints, which typer writes and not we."""
    sections = dict(re.findall(r"^## `(.+?)`\n(.*?)(?=^## |\Z)", PAGES["commands.md"], re.DOTALL | re.MULTILINE))
    runner = CliRunner()
    assert list(sections) == [verb.name for verb in app.registered_commands]
    for verb, text in sections.items():
        printed = runner.invoke(app, [verb, "--help"], env={"COLUMNS": "300"}).stdout
        names = re.findall(r"--[a-z][\w-]*", " ".join(re.findall(r"^│.*?<", printed, re.MULTILINE)))
        shown = set(re.findall(r"`(--[\w-]+)`", text))
        assert shown == {name for name in names if name != "--help" and not name.startswith("--no-")}, verb
