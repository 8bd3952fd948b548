"""The site: it builds without a warning, has every page, and its pages fetch nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cislearn
from tests.docs.pages import ROOT

DOCS = ROOT / "docs"
ELSEWHERE = re.compile(r"(?:https?:)?//")
FETCHED = ("stylesheet", "icon", "preload", "prefetch", "preconnect", "modulepreload", "manifest")
AS_IT_IS = ("code", "pre", "script", "style")
MARKDOWN = re.compile(r"\]\(|^\s*\|.*\||`|^:::|^- ", re.MULTILINE)


class Page(HTMLParser):
    """What a page fetches by itself, and its text outside of code."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.text = ""
        self._depth = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._depth += tag in AS_IT_IS
        self.fetched += [found[name] or "" for name in ("src", "srcset", "data", "poster") if name in found]
        if tag == "link" and set((found.get("rel") or "").split()) & set(FETCHED):
            self.fetched.append(found["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in AS_IT_IS

    def handle_data(self, data: str) -> None:
        self.text += "" if self._depth else data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as ``make site`` builds it: a link that leads nowhere, or a page in no menu, fails."""
    path = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(path)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path


def test_every_page_is_in_the_menu_once():
    menu = re.findall(r"[\w/.-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1])
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert sorted(menu) == sorted([*pages, "README.md", "CONTRIBUTING.md"])


def test_the_python_page_has_every_public_name():
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^::: cislearn\.(\w+)$", page, re.MULTILINE))
    assert shown == set(cislearn.__all__) - {"__version__"}


@pytest.mark.slow
def test_pages_fetch_nothing_from_elsewhere(site):
    for path in site.rglob("*.html"):
        assert not [address for address in Page(path).fetched if ELSEWHERE.match(address)], path
    for path in site.rglob("*.css"):
        assert not re.search(r"@import|url\(.?(?:https?:)?//", path.read_text(encoding="utf-8")), path


@pytest.mark.slow
def test_no_markdown_is_left_in_the_text_of_a_page(site):
    """What GitHub takes for a list or a table, another reader may not."""
    for path in site.rglob("*.html"):
        assert not MARKDOWN.search(Page(path).text), (path, MARKDOWN.search(Page(path).text))


@pytest.mark.slow
def test_the_reference_says_what_a_docstring_says(site):
    text = Page(site / "api.html").text
    assert "The domain adapted to, whose labels training never sees." in text
    assert "Parameters" in text and "----" not in text


@pytest.mark.slow
def test_the_readme_is_the_first_page_and_its_files_are_there(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    for name in ("questions/no-labels.html", "examples/own_files.py", "LICENSE", "images/report.png"):
        assert f'"{name}"' in text and (site / name).is_file()
