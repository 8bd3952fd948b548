"""Fenced blocks of the pages of the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELLS = ("console", "bash")
"""Languages of blocks whose lines are commands: typed one by one, or a script."""

_FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """One fenced block: its language, the file that it is (or ""), and its text."""

    language: str
    title: str
    text: str

    @property
    def lines(self) -> list[str]:
        """Lines that are neither empty nor comments, continued ones joined."""
        lines = [line.strip() for line in self.text.replace("\\\n", " ").splitlines()]
        return [line for line in lines if line and not line.startswith("#")]


def blocks_of(page: Path) -> list[Block]:
    return [Block(*found) for found in _FENCE.findall(page.read_text(encoding="utf-8"))]


def commands_of(page: Path) -> list[str]:
    """Command lines of a page, those of scripts among them."""
    return [line for block in blocks_of(page) if block.language in SHELLS for line in block.lines]
