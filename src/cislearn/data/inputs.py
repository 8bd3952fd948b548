"""The files that a dataset is made of: each read, with the domain and the label that its role gives it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.data.entries import Entries
from cislearn.data.readers import read_examples, read_table
from cislearn.errors import UserError
from cislearn.progress import Progress

Files = Mapping[str, Path | str | Sequence[Path | str]]
"""Domain to its files."""

ONLY_DOMAIN = "all"
"""The domain of a table that names none."""

ROLES = {1.0: "positive", 0.0: "negative"}
"""What the column ``role`` calls rows of files whose role is their label; other rows are unlabelled, or of a table."""


def listed(files: Files | None) -> list[tuple[str, Path]]:
    """Domain and path of each file, in order."""
    pairs = []
    for domain, paths in (files or {}).items():
        for path in [paths] if isinstance(paths, str | Path) else paths:
            pairs.append((domain, Path(path)))
    return pairs


def read_labelled(files: Files | None, *, task: str, label: float, progress: Progress) -> list[Entries]:
    """Entries of files whose role is their label: 1 for positives, 0 for negatives, NaN for unlabelled ones."""
    inputs = []
    for domain, path in listed(files):
        progress(f"reading {path}")
        entries = read_examples(path)
        labels = pd.DataFrame({task: np.full(len(entries), label)})
        rows = _of_domain(entries, domain).assign(role=ROLES.get(label, "unlabelled"))
        inputs.append(replace(entries, labels=labels, rows=rows))
    return inputs


def read_tables(files: Sequence[Path | str] | Files, *, progress: Progress, **columns: Any) -> list[Entries]:
    """Entries of tables; rows without a domain of their own get that of the table, or ``all`` where it has none."""
    by_domain = files if isinstance(files, Mapping) else {ONLY_DOMAIN: files}
    inputs = []
    for domain, path in listed(by_domain):
        progress(f"reading {path}")
        entries = read_table(path, **columns)
        inputs.append(replace(entries, rows=_of_domain(entries, domain).assign(role="table")))
    return inputs


def domain_names(inputs: Sequence[Entries]) -> tuple[str, ...]:
    """Names of all domains, in the order in which they are met.

    Raises
    ------
    UserError
        Where two names differ in case or punctuation only: rows of one cell type would be taken for two.
    """
    names = list(dict.fromkeys(str(name) for entries in inputs for name in pd.unique(entries.rows["domain"])))
    seen: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[\W_]", "", name.lower())
        if plain in seen:
            raise UserError(
                f"domains {seen[plain]!r} and {name!r} differ in spelling only", fix="Write the domain in one way."
            )
        seen[plain] = name
    return tuple(names)


def file_record(path: Path, *, domains: Sequence[str], rows: int) -> dict[str, Any]:
    """Path, size and content hash of a file, what domains it has rows of and how many, for the provenance."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16))
    return {
        "path": str(path.resolve()),
        "size": path.stat().st_size,
        "blake2b": digest.hexdigest(),
        "domains": list(domains),
        "rows": rows,
    }


def _of_domain(entries: Entries, domain: str) -> pd.DataFrame:
    own = entries.rows["domain"]
    return entries.rows.assign(domain=own.mask(own == "", domain), file=str(entries.path))
