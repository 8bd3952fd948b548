"""``cislearn regulators`` as a user calls it."""

from __future__ import annotations

from tests.experiment.expression_runs import write_data, write_run


def test_a_ranking_and_a_refusal(tmp_path, cislearn, refused):
    write_run(write_data(tmp_path), tmp_path / "run")
    done = cislearn("regulators", "run", "--data", "data", "--out", "worth")
    assert done.returncode == 0, done.stderr
    assert "best_rank" in done.stdout and "-> worth" in done.stdout
    assert sorted(path.name for path in (tmp_path / "worth").iterdir()) == [
        "influences.graphml", "influences.svg", "influences.tsv", "ranking.tsv",
    ]  # fmt: skip
    message = refused("regulators", "run", "--data", "data", "--out", "b", "--by", "rescal")
    assert "did you mean rescale?" in message
