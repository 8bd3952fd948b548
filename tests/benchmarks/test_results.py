"""The page of benchmarks: what one kind of machine found takes the place of what it had found, not of another's."""

from __future__ import annotations

import pytest

from benchmarks import results
from benchmarks.results import Result, keep


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(results, "PAGE", tmp_path / "page.md")
    return tmp_path / "page.md"


def kept_on(cpu, rate, monkeypatch):
    monkeypatch.setattr(results, "cpu_name", lambda: cpu)
    keep([Result("loader", "Loader", "What it is.", [{"what": "ours", "rate": rate}])], "loader")


def test_each_processor_has_a_table_the_last_first(page, monkeypatch):
    for cpu, rate in (("old", 1), ("other", 2), ("old", 3)):
        kept_on(cpu, rate, monkeypatch)
    text = page.read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Loader", "## Loader (other)"]
    assert [line for line in text.splitlines() if line.startswith("| ours")] == ["| ours | 3 |", "| ours | 2 |"]
    assert text.count("benchmarks.loader") == 2 and ": old (" in text and ": other (" in text
