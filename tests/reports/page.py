"""A strict reader of the page: tags, names, tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass
class Table:
    caption: str = ""
    rows: list[list[str]] = field(default_factory=list)


class Page(HTMLParser):
    """Reads a page and keeps what tests ask for; `errors` lists every tag that is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.errors: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.headings: list[int] = []
        self.unnamed: list[str] = []
        self.tables: list[Table] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.errors += [f"<{tag}> is left open" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if len(given) != len(attrs):
            self.errors.append(f"<{tag}> names an attribute twice")
        self.ids += [given["id"]] if given.get("id") else []
        self.references += [given[name] or "" for name in ("href", "src", "aria-labelledby") if name in given]
        if tag in {"svg", "img"} and not (given.get("aria-label") or given.get("alt") or given.get("aria-hidden")):
            self.unnamed.append(tag)
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in {"th", "td"}:
            self.tables[-1].rows[-1].append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.errors.append(f"</{tag}> within {self._open[-3:]}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.words.append(data)
        if "caption" in self._open:
            self.tables[-1].caption += data
        elif ("td" in self._open or "th" in self._open) and data.strip():
            cells = self.tables[-1].rows[-1]
            cells[-1] = f"{cells[-1]} {data.strip()}".strip()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())
