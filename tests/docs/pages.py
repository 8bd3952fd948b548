"""Fenced blocks of the pages of the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "questions").glob("*.md"))]

_FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """One fenced block: its language, the file that it is (or ""), and its text."""

    language: str
    title: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    return [Block(*found) for found in _FENCE.findall(page.read_text(encoding="utf-8"))]


def commands_of(page: Path) -> list[str]:
    """Command lines of the console blocks, continued lines joined."""
    texts = [block.text.replace("\\\n", " ") for block in blocks_of(page) if block.language == "console"]
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]
