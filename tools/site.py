"""Bring the files of the project that stand outside of docs/ onto its site: a hook of mkdocs (mkdocs.yml)."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = ("README.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE", "NOTICE")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the README as the first page, and what it links to: they stand above docs/, so its links lose that."""
    for path in [*(ROOT / name for name in OUTSIDE), *sorted((ROOT / "examples").iterdir())]:
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, name, content=re.sub(r"\]\(docs/", "](", text)))
    return files
