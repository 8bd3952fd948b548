"""The cells of a compendium and their files: a table of two columns, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cislearn.errors import UserError
from cislearn.genome.stream import read_text

_SUFFIXES = (".bed", ".narrowpeak", ".broadpeak")
_HEADER = ["name", "path"]


class Cell(NamedTuple):
    """A cell type, tissue or factor: the task of this name, and the file of its regions."""

    name: str
    path: Path


def read_cells(path: Path | str) -> list[Cell]:
    """Cells that a table names, one a line with its file, or those of a folder, each named as its file.

    A table has two columns with a tab between them, as Basset's, and may have the header ``name``, ``path``. A path
    that is not absolute begins at the table's folder. Of a folder all BED, narrowPeak and broadPeak files are taken.

    Raises
    ------
    UserError
        With file and line: a line of other columns, a file that is not there, a name that is there twice; no cell.
    """
    path = Path(path)
    if path.is_dir():
        cells = [Cell(_stem(file), file) for file in sorted(path.iterdir()) if _is_regions(file)]
        lines = [0] * len(cells)
    else:
        lines, cells = _listed(path)
    if not cells:
        what = "BED, narrowPeak or broadPeak file" if path.is_dir() else "line with a name and a file"
        raise UserError(f"holds no {what}", where=path, fix="Each line gives a name and the path of a BED file.")
    first: dict[str, Path] = {}
    for line, cell in zip(lines, cells, strict=True):
        if cell.name in first:
            problem = f"{cell.name!r} is there twice: {first[cell.name]} and {cell.path}"
            raise UserError(problem, where=path, line=line or None, fix="Give each file a name of its own.")
        first[cell.name] = cell.path
    return cells


def _listed(path: Path) -> tuple[list[int], list[Cell]]:
    """Line and cell of each row of a table."""
    lines, cells = list[int](), list[Cell]()
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        fields = [field.strip() for field in text.split("\t")]
        if not text.strip() or text.startswith("#") or (not cells and [f.lower() for f in fields] == _HEADER):
            continue
        if len(fields) != 2 or not all(fields):
            raise UserError(
                f"has {len(fields)} columns, where a name and a path were expected: {text.strip()[:60]!r}",
                where=path,
                line=line,
                fix="Write the name, a tab and the path of a BED file.",
            )
        file = path.parent / Path(fields[1]).expanduser()
        if not file.is_file():
            raise UserError(f"there is no file {file}", where=path, line=line, fix="Paths begin at the table's folder.")
        lines.append(line)
        cells.append(Cell(fields[0], file))
    return lines, cells


def _is_regions(path: Path) -> bool:
    return path.is_file() and path.name.lower().removesuffix(".gz").endswith(_SUFFIXES)


def _stem(path: Path) -> str:
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    return name.rpartition(".")[0]
