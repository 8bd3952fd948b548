"""A run of `express` that is killed and begun again: where it goes on, what it refuses, what it leaves."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from cislearn.engine.devices import choose_device
from cislearn.errors import UserError
from cislearn.experiment.expression import express
from cislearn.models.two_towers.saving import load_towers
from tests.data.expression.files import CONDITIONS
from tests.experiment.expression_runs import write_data, write_run


class Killed(BaseException):
    """As an interrupt: nothing catches it."""


def killed_at(text):
    def tell(told, done=0, total=0):
        if told.startswith(text):
            raise Killed

    return tell


@pytest.fixture
def data(tmp_path):
    return write_data(tmp_path)


def broken_off(data, out, text, **options):
    with pytest.raises(Killed):
        write_run(data, out, progress=killed_at(text), **options)


def same_weights(first, second):
    networks = [load_towers(run)[0].state_dict() for run in (first, second)]
    return all((networks[0][name] == value).all() for name, value in networks[1].items())


@pytest.mark.parametrize("text", ["epoch 0 of", "epoch 1 of 3", "epoch 2 of 3", "once more"])
def test_a_killed_run_ends_as_one_that_was_not(data, tmp_path, text):
    """trap 16: in the training that validation stops, and between it and the one with the validation pairs."""
    whole = write_run(data, tmp_path / "whole", epochs=3, learning_rate=1e-3)
    broken_off(data, tmp_path / "run", text, epochs=3, learning_rate=1e-3)
    assert not (tmp_path / "run").exists()
    told = []
    write_run(data, tmp_path / "run", epochs=3, learning_rate=1e-3, progress=lambda text, *_: told.append(text))
    assert any(text.startswith("goes on after epoch") for text in told) != (text == "epoch 0 of")
    assert same_weights(tmp_path / "run", whole)
    assert (tmp_path / "run" / "scores.tsv").read_text() == (whole / "scores.tsv").read_text()
    left = {path.name for path in (tmp_path / "run").iterdir()}
    worst = {f"worst_{name}.tsv" for name in ("genes", "conditions", "pairs")}
    assert left == {"identity", "model.safetensors", "scores.tsv", "two_towers.json", "report.html"} | worst
    assert not (tmp_path / "run.partial").exists()


def test_a_damaged_checkpoint_is_refused(data, tmp_path):
    broken_off(data, tmp_path / "run", "epoch 2", epochs=3)
    checkpoint = tmp_path / "run.partial" / "last.ckpt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    with pytest.raises(UserError, match="cannot be read") as refusal:
        write_run(data, tmp_path / "run", epochs=3)
    assert refusal.value.where == checkpoint and "Remove it" in refusal.value.fix
    checkpoint.unlink()
    write_run(data, tmp_path / "run", epochs=3)


def test_a_second_training_of_the_same_run_is_refused_while_the_first_is_at_work(data, tmp_path):
    refused = []

    def begin_another(text, done=0, total=0):
        if text.startswith("epoch 1 of") and not refused:
            with pytest.raises(UserError, match="another process is at work") as refusal:
                write_run(data, tmp_path / "run", epochs=3, seed=1)
            refused.append(refusal.value.where)

    write_run(data, tmp_path / "run", epochs=3, learning_rate=1e-3, progress=begin_another)
    assert refused == [tmp_path / "run.partial"]
    assert same_weights(tmp_path / "run", write_run(data, tmp_path / "alone", epochs=3, learning_rate=1e-3))


@pytest.mark.parametrize("other", [{"seed": 1}, {"fold": 1}, {"ablation": "sequence only"}, {"own": "kept"}])
def test_a_partial_run_of_other_arguments_is_begun_again(data, tmp_path, other):
    broken_off(data, tmp_path / "run", "epoch 1", epochs=1)
    told = []
    write_run(data, tmp_path / "run", progress=lambda text, *_: told.append(text), **other)
    assert told[0].endswith("begun again") and not any("goes on" in text for text in told)
    assert same_weights(tmp_path / "run", write_run(data, tmp_path / "whole", **other))


def test_a_run_that_is_there_stays_till_the_new_one_is_whole(data, tmp_path):
    run = write_run(data, tmp_path / "run")
    before = (run / "scores.tsv").read_text()
    broken_off(data, run, "epoch 2", epochs=3, learning_rate=1e-2, overwrite=True)
    assert (run / "scores.tsv").read_text() == before
    with pytest.raises(UserError, match="exists already"):
        write_run(data, run, epochs=3, learning_rate=1e-2)
    write_run(data, run, epochs=3, learning_rate=1e-2, overwrite=True)
    assert (run / "scores.tsv").read_text() != before


def test_what_is_refused_leaves_no_folder(data, tmp_path):
    for options in ({"ablation": "promoters"}, {"network": "equivariant"}, {"fold": 9}):
        with pytest.raises(UserError):
            write_run(data, tmp_path / "run", **options)
        assert not (tmp_path / "run.partial").exists()


SCRIPT = """
import sys, time
from pathlib import Path
from cislearn.engine.devices import choose_device
from cislearn.experiment.expression import express

def tell(text, done=0, total=0):
    print(text, flush=True)
    time.sleep(float(sys.argv[3]))

express(Path(sys.argv[1]), Path(sys.argv[2]), network="factors", split="gene", epochs=4, learning_rate=1e-3,
        device=choose_device("cpu"), progress=tell)
"""


@pytest.mark.slow
def test_killed_for_real_wherever_it_hits(data, tmp_path):
    """trap 16: SIGKILL in the middle of an epoch or of writing."""
    call = [sys.executable, "-c", SCRIPT, str(data), str(tmp_path / "run")]
    delay = np.random.default_rng().uniform(0.0, 0.2)
    with subprocess.Popen([*call, "0.2"], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("epoch 2"):
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(delay)
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    done = subprocess.run([*call, "0"], capture_output=True, text=True, check=True)
    assert "goes on after epoch" in done.stdout
    express(
        data, tmp_path / "whole", network="factors", split="gene", epochs=4, learning_rate=1e-3,
        device=choose_device("cpu"),
    )  # fmt: skip
    assert same_weights(tmp_path / "run", tmp_path / "whole")


def test_scores_and_page_say_what_intervals_draw_and_how_many(tmp_path):
    told, data = [], write_data(tmp_path, [*CONDITIONS, "salt", "acid"])
    run = write_run(data, tmp_path / "run", split="series", progress=lambda text, *_: told.append(text))
    scores = pd.read_csv(run / "scores.tsv", sep="\t")
    assert scores["of"].eq("series").all() and 1 <= scores["units"].iloc[0] < 15
    page = (run / "report.html").read_text()
    assert f"over the {scores['units'].iloc[0]} series held out. Intervals over so few are too narrow" in page
    assert "No two conditions are known to be of one series" in page
    assert any(text.startswith("note: No two conditions are known") for text in told)
