"""The benchmark of two towers in small: both ways agree."""

from __future__ import annotations

import re
import sys

from benchmarks import two_towers


def test_both_ways_agree(monkeypatch, capsys):
    sizes = ["--genes", "3", "--conditions", "2", "--pairs", "2", "--network", "greatest_product"]
    monkeypatch.setattr(sys, "argv", ["two_towers", *sizes])
    two_towers.main()
    (differ,) = re.search(r"gradients differ by (\S+) at most", capsys.readouterr().out).groups()
    assert float(differ) < 1e-9
