"""Comparing runs: what is refused, and with which words."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import cislearn as cl
from cislearn.errors import UserError
from tests.experiment.comparing.editing import edit_predictions, on_target, refusal, rows_of


def test_labels_that_contradict_are_refused(tiny_experiment, permuted):
    def turn_five(table):
        rows = table.index[on_target(table)]
        return table.assign(
            label_GABPA=table["label_GABPA"].where(~table.index.isin(rows[:5]), 1 - table["label_GABPA"])
        )

    edit_predictions(permuted, turn_five)
    message = refusal(tiny_experiment, permuted, allow_unlike=True)
    assert "5 of 200 shared test loci have another label" in message
    assert "the first is hep row " in message


def test_what_is_no_run(tiny_experiment, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "two runs or more" in refusal(tiny_experiment)
    assert "there is no such folder" in refusal(tiny_experiment, tmp_path / "nothing")
    assert "holds no finished run" in refusal(tiny_experiment, tmp_path / "empty")
    assert "holds no method 'ladder'" in refusal(tiny_experiment, f"{tiny_experiment}:ladder")
    assert "holds the same run as" in refusal(tiny_experiment, tiny_experiment / "adversarial" / "seed-1")
    assert "have no seed in common" in refusal(
        tiny_experiment / "source_only" / "seed-0", tiny_experiment / "adversarial" / "seed-1"
    )


def test_what_is_not_whole(tiny_experiment, copy):
    (copy / "experiment.json").unlink()
    assert "is not finished" in refusal(tiny_experiment, copy)
    run = copy / "adversarial" / "seed-0"
    assert len(cl.compare(tiny_experiment, run).table)
    path = run / "predictions.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "predictions.parquet: cannot be read: it is truncated" in refusal(tiny_experiment, run)
    path.unlink()
    assert "predictions.parquet: is missing" in refusal(tiny_experiment, run)
    path.write_bytes(whole)
    (run / "seen.npy").write_bytes(b"\x93NUMPY")
    assert "seen.npy: cannot be read" in refusal(tiny_experiment, run)
    run.rename(run.with_name("seed-0.partial"))
    assert "is not finished" in refusal(tiny_experiment, run.with_name("seed-0.partial"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop(columns="logit_GABPA"), "has no column 'logit_GABPA'"),
        (lambda t: t.assign(logit_GABPA=np.nan), "200 of 200 test rows have no finite score"),
        (lambda t: t.assign(label_GABPA=np.nan), "holds no labelled test row"),
        (lambda t: t.assign(row=t["row"] + 10_000), "holds other rows than its dataset"),
    ],
)
def test_predictions_that_allow_no_comparison(tiny_experiment, copy, change, said):
    edit_predictions(copy, change)
    with pytest.raises(UserError, match=said):
        cl.compare(tiny_experiment, copy)


def test_labels_of_one_class_allow_no_comparison(copy):
    edit_predictions(copy, lambda table: table[~on_target(table) | (table["label_GABPA"] == 1)])
    again = shutil.copytree(copy, copy.with_name("again"))
    assert "labels of the shared test loci are 1" in refusal(copy, again)


def test_runs_that_share_no_locus(tiny_experiment, copy):
    again = shutil.copytree(copy, copy.with_name("again"))
    for experiment, parity in ((copy, 0), (again, 1)):
        edit_predictions(experiment, lambda t, parity=parity: t[~on_target(t) | (t["row"] % 2 == parity)])
    message = refusal(copy, again)
    assert "share no labelled test locus" in message and "(hep)" in message


def test_scores_that_are_all_equal_are_told(tiny_experiment, copy):
    edit_predictions(copy, lambda table: table.assign(logit_GABPA=0.25))
    found = cl.compare(tiny_experiment, copy)
    assert rows_of(found, copy)["estimate"] == 0.5
    assert f"GABPA: {copy} gives every locus the same score" in found.notes


def test_runs_without_a_common_task(tiny_experiment, copy):
    for path in copy.glob("adversarial/seed-*/model.json"):
        path.write_text(path.read_text().replace('"GABPA"', '"CTCF"'))
    assert "have no task in common: GABPA (binary) | CTCF (binary)" in refusal(tiny_experiment, copy)
