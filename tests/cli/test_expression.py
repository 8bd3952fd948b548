"""``cislearn prepare --expression``, as a user calls it."""

from __future__ import annotations

import pytest

from tests.data.expression.files import write_expression

EXPRESSION = ["--expression", "matrix.tsv", "--promoters", "promoters.tsv", "--regulators", "names.txt"]


def test_a_dataset_that_can_be_inspected(cislearn, tmp_path):
    write_expression(tmp_path)
    done = cislearn("prepare", *EXPRESSION, "--out", "data")
    assert done.returncode == 0, done.stderr
    assert "11 windows of 60 bp" in done.stdout and "no promoter (1)" in done.stdout
    done = cislearn("inspect", "data", "--quick")
    assert done.returncode == 0, done.stderr
    assert "heat 5 min" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([*EXPRESSION, "--length", "9"], "--length: does not go with --expression"),
        (["--peaks", "a=b.bed", "--regulators", "names.txt"], "--regulators: goes with --expression"),
        (EXPRESSION[:4], "--expression: needs the regulators"),
        ([*EXPRESSION[:2], *EXPRESSION[4:]], "promoters come from one place"),
        ([*EXPRESSION[:4], "--regulators", "nowhere.txt"], "nowhere.txt: no such file"),
        ([*EXPRESSION, "--genome", "a=promoters.tsv"], "promoters are of one genome"),
    ],
)
def test_what_does_not_go(refused, tmp_path, options, said):
    write_expression(tmp_path)
    assert said in refused("prepare", *options, "--out", "data")
    assert not (tmp_path / "data").exists()
