"""Rows of Markdown tables."""

from __future__ import annotations

import re

_CODE = re.compile(r"(`[^`]*`)")


def row(*cells: str) -> str:
    """Return one row; what a page would take for the end of a cell or for a tag is shown as it is."""
    return "| " + " | ".join(_shown(cell) for cell in cells) + " |"


def _shown(cell: str) -> str:
    pieces = _CODE.split(cell.replace("|", "\\|").replace("\n", " "))
    return "".join(piece if piece.startswith("`") else piece.replace("<", "&lt;") for piece in pieces)
