"""The benchmark of two towers in small: both ways agree."""

from __future__ import annotations

import re
import sys

from benchmarks import two_towers


def test_both_ways_agree(monkeypatch, capsys):
    sizes = ["--genes", "3", "--conditions", "2", "--pairs", "4", "--network", "greatest_product"]
    monkeypatch.setattr(sys, "argv", ["two_towers", *sizes])
    two_towers.main()
    found = re.search(r"losses differ by (\S+), gradients by (\S+) of", capsys.readouterr().out)
    assert max(map(float, found.groups())) < 1e-4
