"""What names the version of the software names the same one."""

from __future__ import annotations

import yaml

from cislearn import __version__
from tests.docs.pages import ROOT


def test_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == "Apache-2.0"


def test_changelog_tells_of_this_version():
    assert __version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
