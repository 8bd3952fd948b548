"""The page of the networks: scores by split, pictures, and the regulators that they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cislearn.atomic import file_written_whole
from cislearn.reports.numbers import decimal
from cislearn.studies.deepreg.pictures import SHOWN, pictures
from cislearn.studies.markdown import table

TITLE = "DeepREG: networks of promoters and regulators"
METRICS = ("MSE", "Pearson", "Spearman", "R2", "accuracy")
RANKED = 10
"""Regulators that the page lists, as many as were published."""
LISTS = {
    "published_classes": "DeepLIFT, three classes",
    "published_log_ratios": "DeepLIFT, log ratios",
    "published_draft": "draft, gradient x input",
}
CAPTIONS = {
    "learning": "Loss by epoch: validation solid, training dashed, a line a seed",
    "against": f"Predicted against measured: {SHOWN:,} tested pairs of the first seed",
    "importance": "How many regulators are worth how much, by RevealCancel; split by pair, first seed",
    "influences": "Who acts on whom: the strongest pairs of regulator and gene",
}


def write_networks_page(path: Path, tables: Mapping[str, pd.DataFrame], missing: Mapping[str, Sequence[str]]) -> Path:
    """Write the page of all tables, and its pictures beside it; for each split and method the mean over its seeds.

    Parameters
    ----------
    path : Path
        The page.
    tables : mapping of str to DataFrame
        As `cislearn.studies.deepreg.networks.networks_ledgers` names them.
    missing : mapping of str to list of str
        Of a size what was not run.
    """
    parts = [f"# {TITLE}", (resources("cislearn.studies.deepreg") / "networks.md").read_text(encoding="utf-8").strip()]
    for size in tables["scores"]["size"].unique():
        mine = {name: its[its["size"] == size] for name, its in tables.items()}
        for split, its in mine["scores"].groupby("split", sort=False):
            parts += [f"## By {split} (size {size})", _means(its)]
        if missing.get(size):
            parts += [f"**Not run** (size {size}): {'; '.join(missing[size])}."]
        parts += _seen(path, size, {name: its for name, its in mine.items() if len(its)})
    with file_written_whole(path) as partial:
        partial.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _means(scores: pd.DataFrame) -> str:
    rows = []
    for method, its in scores.groupby("method", sort=False):
        means = its.groupby("metric")["estimate"].mean()
        seeds = str(its["seed"].nunique())
        lost = its[its["metric"].eq(METRICS[0]) & its["estimate"].isna()]
        if len(lost) == its["seed"].nunique():
            blank = [""] * (len(METRICS) - 1)
            rows.append([str(method), seeds, f"diverged in epoch {lost['epoch'].max():.0f}", *blank])
            continue
        rows.append([str(method), seeds, *(decimal(means.get(each, np.nan)) for each in METRICS)])
    return table(["method", "seeds", *METRICS], rows)


def _seen(path: Path, size: str, tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Write the pictures of a size; give what the page says of them."""
    drawn = pictures(tables)
    if drawn:
        yield f"## Pictures (size {size})"
    for name, drawing in drawn.items():
        file = path.with_name(f"{path.stem}-{size}-{name}.svg")
        with file_written_whole(file) as partial:
            partial.write_text(drawing, encoding="utf-8")
        kind, _, of = name.partition("-")
        yield f"{CAPTIONS[kind]}{f', {of}' if of else ''}."
        yield f"![{CAPTIONS[kind]}]({file.name})"
    if "ranking" in tables:
        yield f"## Regulators by what they are worth (size {size})"
        for method, its in tables["ranking"].groupby("method", sort=False):
            rows = [_ranked(row) for row in its.sort_values("rank").head(RANKED).to_dict("records")]
            yield f"{method}, beside the ranks in the three published lists of ten:"
            yield table(["rank", "regulator", "worth", *LISTS.values()], rows)


def _ranked(row: Mapping[Any, Any]) -> list[str]:
    names = [row["regulator"]] if pd.isna(row["name"]) else [row["name"], row["regulator"]]
    published = ("" if pd.isna(row[each]) else f"{row[each]:.0f}" for each in LISTS)
    return [str(row["rank"]), " ".join(names), decimal(row["worth"]), *published]
