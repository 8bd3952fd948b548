"""The glossary has every word that the design is told in, once."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

ROW = re.compile(r"^\| (.+?) \| .+ \|$", re.MULTILINE)


def words_of(text: str) -> list[str]:
    rows = [words for words in ROW.findall(text) if words != "word"]
    return [word for words in rows for word in words.split(", ")]


def test_the_words_of_the_architecture_are_in_it_and_each_has_one_meaning():
    design = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = design.split("## The words", 1)[1].split("\n## ", 1)[0]
    glossary = words_of((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    assert len(words_of(table)) > 8
    assert not set(words_of(table)) - set(glossary)
    assert len(set(glossary)) == len(glossary)
