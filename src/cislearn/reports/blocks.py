"""What a section of the page is made of; the template draws each kind by its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from cislearn.reports.palette import MethodStyle

MANY_COLUMNS = 8


@dataclass(frozen=True)
class Text:
    """A paragraph; a warning is set apart, and what it leads to stands behind it."""

    kind: ClassVar[str] = "text"
    text: str
    is_warning: bool = False
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True)
class Column:
    """The head of a column, with a smaller line below and a method's colour before it; numbers stand right."""

    title: str
    note: str = ""
    is_number: bool = True
    style: MethodStyle | None = None


@dataclass(frozen=True)
class Cell:
    """One value, what belongs below it (an interval), a mark beside it (``oracle``), a method's colour, a link.

    In a table that can be sorted `order` says where the value stands, NaN at the end; without it texts are compared. A
    figure, `svg`, stands in the place of the text.
    """

    text: str
    detail: str = ""
    stamp: str = ""
    style: MethodStyle | None = None
    link: str = ""
    svg: str = ""
    order: float | None = None


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row names the row. Behind a click where it has a title.

    Parameters
    ----------
    caption : str
        What stands in it and where it comes from.
    columns : tuple of Column
        Heads, the one over the row names included.
    rows : tuple of tuple of Cell
        As many cells in each as there are columns.
    title : str
        What is clicked at.
    is_sortable : bool
        Whether a click at the head of a column sorts the rows by it.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    is_sortable: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether it has so many columns that they have to stand closer."""
        return len(self.columns) >= MANY_COLUMNS

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
    """Figures side by side where there is room, or each as wide as the page, with one key of methods above them."""

    kind: ClassVar[str] = "drawings"
    drawings: tuple[Drawing, ...]
    key: tuple[MethodStyle, ...] = ()
    is_wide: bool = False


@dataclass(frozen=True)
class Facts:
    """Names and their values, in a line each; behind a click where they have a title."""

    kind: ClassVar[str] = "facts"
    facts: tuple[tuple[str, str], ...]
    title: str = ""


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
