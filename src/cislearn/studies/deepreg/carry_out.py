"""From the yeast files to the table and the page."""

from __future__ import annotations

from pathlib import Path

from cislearn.data.dataset import Dataset
from cislearn.data.expression import prepare_expression
from cislearn.errors import UserError
from cislearn.progress import Progress, silent
from cislearn.studies.deepreg.page import write_page
from cislearn.studies.deepreg.scores import score_everything
from cislearn.tables import write_table

NAME = "deepreg"
FILES = {
    "expression": "gasch2000.tsv.gz",
    "promoters": "promoters_1kb_sacCer3.tsv.gz",
    "regulators": "reg_names_R.txt",
}
"""In the folder ``yeast``."""


def run_deepreg(files: Path, out: Path, results: Path, progress: Progress = silent) -> Path:
    """Make the dataset, fit and score the simple models, write ``deepreg.tsv`` and ``deepreg.md``; return the page.

    Parameters
    ----------
    files : Path
        Folder that holds ``yeast/``.
    out : Path
        Where the dataset goes.
    results : Path
        Where the table and the page go.
    progress : callable, optional
        Told what is done next.

    Raises
    ------
    UserError
        Where files are absent.
    """
    data = yeast_dataset(files / "yeast", out, progress)
    scores = score_everything(data, progress)
    results.mkdir(parents=True, exist_ok=True)
    write_table(results / f"{NAME}.tsv", scores)
    return write_page(results / f"{NAME}.md", scores, data.provenance["notes"])


def yeast_dataset(folder: Path, out: Path, progress: Progress) -> Dataset:
    """Make the dataset of the yeast files of a folder, in a folder `out`."""
    paths = {role: folder / name for role, name in FILES.items()}
    for path in paths.values():
        if not path.is_file():
            raise UserError("no such file", where=path, fix="Give --files with the folder that holds yeast/.")
    return prepare_expression(
        out / "yeast",
        expression=paths["expression"],
        promoters=paths["promoters"],
        regulators=paths["regulators"],
        overwrite=True,
        progress=progress,
    )
