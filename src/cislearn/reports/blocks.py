"""What a section of the page is made of; the template draws each kind by its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from cislearn.reports.palette import MethodStyle


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Column:
    """The head of a column, with a smaller line below and a method's colour before it; numbers stand right."""

    title: str
    note: str = ""
    is_number: bool = True
    style: MethodStyle | None = None


@dataclass(frozen=True)
class Cell:
    """One value, what belongs below it (an interval), a mark beside it (``oracle``) and a method's colour before it."""

    text: str
    detail: str = ""
    stamp: str = ""
    style: MethodStyle | None = None


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row names the row.

    Parameters
    ----------
    caption : str
        What stands in it and where it comes from.
    columns : tuple of Column
        Heads, the one over the row names included.
    rows : tuple of tuple of Cell
        As many cells in each as there are columns.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def is_detailed(self) -> bool:
        """Whether any cell has something below it."""
        return any(cell.detail for row in self.rows for cell in row)


@dataclass(frozen=True)
class Drawing:
    """A figure: an SVG element that names itself for those who do not see it, and its caption."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Drawings:
    """Figures side by side where there is room, with one key of methods above them."""

    kind: ClassVar[str] = "drawings"
    drawings: tuple[Drawing, ...]
    key: tuple[MethodStyle, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Names and their values, in a line each."""

    kind: ClassVar[str] = "facts"
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Code:
    """Text to be copied as it stands; behind a click where it has a title."""

    kind: ClassVar[str] = "code"
    code: str
    title: str = ""


Block = Text | Table | Drawings | Facts | Code


@dataclass(frozen=True)
class Section:
    """A heading, its anchor and what stands below it."""

    anchor: str
    title: str
    blocks: tuple[Block, ...] = field(default=())
