from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest
import yaml

import cislearn as cl
from cislearn.cli.main import app
from cislearn.sequence.tokens import decode
from tests.conftest import TINY

SETTINGS = [
    word
    for key, value in TINY.items()
    for word in ("--set", f"{key}={yaml.safe_dump(value, default_flow_style=True).strip().removesuffix('...').strip()}")
]


def write_files(data_path, folder):
    """The tiny dataset as a user's files: a FASTA of positives and one of negatives a domain, and a table."""
    data = cl.read_dataset(data_path)
    tokens, labels = data.sequences.gather(np.arange(len(data))), data.labels[:, 0]
    domains = data.loci["domain"].to_numpy()
    for domain in data.spec.domains:
        for label, name in ((1, "positive"), (0, "negative")):
            rows = np.flatnonzero((domains == domain) & (labels == label))
            text = "".join(f">w{row}\n{decode(tokens[row])}\n" for row in rows)
            (folder / f"{domain}.{name}.fa").write_text(text)
    table = pd.DataFrame({"sequence": [decode(row) for row in tokens[:50]], "GABPA": labels[:50]})
    table.to_csv(folder / "table.tsv", sep="\t", index=False)
    return data


def test_from_files_to_predictions(cislearn, tiny_data, tmp_path):
    """The whole way: prepare, inspect, new, train, report, evaluate, predict."""
    write_files(tiny_data, tmp_path)
    files = [
        "--peaks", "ery=ery.positive.fa", "--negatives", "ery=ery.negative.fa",
        "--unlabelled", "hep=hep.positive.fa", "--unlabelled", "hep=hep.negative.fa",
    ]  # fmt: skip
    done = cislearn("prepare", *files, "--task", "GABPA", "--out", "data")
    assert done.returncode == 0 and "1,200 windows of 101 bp" in done.stdout, done.stderr
    done = cislearn("inspect", "data")
    assert done.returncode == 0 and "leak check: 0" in done.stdout, done.stderr
    assert cislearn("new", "mine.yaml", "--data", "data", "--target", "hep").returncode == 0
    done = cislearn("train", "mine.yaml", "--set", "training.seeds=[0, 1]", *SETTINGS)
    assert done.returncode == 0, done.stderr
    assert "source test" in done.stdout and "runs/mine/report.html" in done.stdout
    assert cislearn("report", "runs/mine").returncode == 0
    done = cislearn("evaluate", "runs/mine", "--on", tiny_data, "--out", "scores.tsv")
    assert done.returncode == 0, done.stderr
    assert set(pd.read_csv(tmp_path / "scores.tsv", sep="\t")["domain"]) == {"ery", "hep"}
    done = cislearn("predict", "runs/mine", "--fasta", "hep.positive.fa", "--out", "out.tsv")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "out.tsv", sep="\t", keep_default_na=False)
    names = [line[1:] for line in (tmp_path / "hep.positive.fa").read_text().split() if line.startswith(">")]
    assert list(table["name"]) == names and (table["not_scored"] == "").all()
    assert {"probability_GABPA", "logit_GABPA", "sd_GABPA", "strands_GABPA"} <= set(table.columns)
    again = ["predict", "runs/mine", "--fasta", "hep.positive.fa", "--out", "one.tsv", "--reverse-complement"]
    assert cislearn(*again, "maximum").returncode == 0
    greater = pd.read_csv(tmp_path / "one.tsv", sep="\t", keep_default_na=False)
    assert (greater["logit_GABPA"] >= table["logit_GABPA"]).all() and "call_GABPA" not in greater
    done = cislearn(*again, "both")
    assert done.returncode == 2 and "'both' is no way to read the two strands" in done.stderr
    scores = pd.read_csv(tmp_path / "scores.tsv", sep="\t")
    assert {"lift", "MCC", "F1 at .5", "calibration error"} <= set(scores["metric"])
    done = cislearn("evaluate", "runs/mine/source_only/seed-0", "--on", tiny_data)
    assert "AUROC by DeLong" in done.stdout and "calibration error" in done.stdout and "lift" not in done.stdout


def stop_in_training(arguments, folder, checkpoint, with_signal):
    """Send a signal to a training once it has written its first checkpoint; return its status and what it said."""
    command = [sys.executable, "-c", "from cislearn.cli.main import main; main()", *arguments]
    variables = os.environ | {"OMP_NUM_THREADS": "1"}
    # Whoever runs the tests in the background of a shell lets them, and all that they start, ignore Ctrl-C.
    process = subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    for _ in range(24_000):  # of a hundredth of a second; others may keep the machine busy
        if checkpoint.exists():
            break
        time.sleep(0.01)
    process.send_signal(with_signal)
    try:
        said = process.communicate(timeout=240)[0].decode()
    finally:
        process.kill()
    return process.returncode, said


def test_a_run_killed_and_started_again_ends_at_the_same_bytes(cislearn, tiny_data, tmp_path):
    """A real SIGKILL in mid-training; the same command goes on."""
    arguments = ["train", "--data", str(tiny_data), "--target", "hep", *SETTINGS, "--set", "training.epochs=40"]
    arguments += ["--set", "methods=[adversarial]", "--set", "training.seeds=[3]"]
    assert cislearn(*arguments, "--out", "whole").returncode == 0
    partial = tmp_path / "killed" / "adversarial" / "seed-3.partial"
    stop_in_training([*arguments, "--out", "killed"], tmp_path, partial / "last.ckpt", signal.SIGKILL)
    assert (partial / "last.ckpt").exists() and not partial.with_name("seed-3").exists()
    (tmp_path / "x.fa").write_text(">x\nACGT\n")
    done = cislearn("predict", "killed", "--fasta", "x.fa", "--out", "x.tsv")
    assert done.returncode == 2 and "no finished run" in done.stderr
    assert cislearn(*arguments, "--out", "killed").returncode == 0
    ends = [
        (tmp_path / name / "adversarial" / "seed-3" / "model.safetensors").read_bytes() for name in ("whole", "killed")
    ]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("with_signal", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_ctrl_c_says_that_nothing_is_lost(tiny_data, tmp_path, with_signal):
    arguments = ["train", "--data", str(tiny_data), "--target", "hep", *SETTINGS, "--set", "training.epochs=5000"]
    checkpoint = tmp_path / "e" / "source_only" / "seed-0.partial" / "last.ckpt"
    status, said = stop_in_training([*arguments, "--out", "e"], tmp_path, checkpoint, with_signal)
    assert status == 130
    assert "the same command goes on" in said and "Traceback" not in said
    assert checkpoint.exists()


WRITES = """
import time
from pathlib import Path
import cislearn.cli.main as cli
from cislearn.atomic import file_written_whole

def write():
    with file_written_whole(Path("o.tsv")) as partial:
        partial.write_text("half")
        print("written", flush=True)
        time.sleep(60)

cli.app = write
cli.main()
"""


def test_a_sigterm_leaves_nothing_half_written(tmp_path):
    """That of a scheduler: Python would end at once, without its `finally`."""
    process = subprocess.Popen([sys.executable, "-c", WRITES], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "written\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.terminate()
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 143
    assert list(tmp_path.iterdir()) == []


def test_help_needs_no_heavy_import():
    """``cislearn --help`` stays fast because nothing heavy is imported for it."""
    code = "import sys; import cislearn.cli.main; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"torch", "lightning", "pandas", "numpy", "matplotlib", "sklearn", "pydantic", "scipy"}


@pytest.mark.parametrize(
    "verb",
    [
        "quickstart",
        "simulate",
        "prepare",
        "inspect",
        "new",
        "train",
        "evaluate",
        "export",
        "compare",
        "score",
        "predict",
        "variants",
        "report",
        "runs",
        "doctor",
    ],
)
def test_every_verb_explains_itself(cislearn, verb):
    done = cislearn(verb, "--help")
    assert done.returncode == 0 and "Usage" in done.stdout


def test_no_verb_takes_a_seed_that_nothing_can_be_drawn_by():
    hints = [get_type_hints(verb.callback, include_extras=True) for verb in app.registered_commands]
    seeds = [each["seed"].__metadata__[0] for each in hints if "seed" in each]
    assert len(seeds) > 5 and all(option.min == 0 for option in seeds)


def test_doctor_tells_the_device_and_versions(cislearn):
    done = cislearn("doctor")
    assert done.returncode == 0 and "device" in done.stdout and "torch" in done.stdout


def test_version(cislearn):
    assert cislearn("--version").stdout.strip() == f"cislearn {cl.__version__}"


def test_simulate_writes_what_train_takes(cislearn, tmp_path):
    done = cislearn("simulate", "--out", "sim", "--family", "cofactor", "--n-train", 50, "--n-test", 20)
    assert done.returncode == 0, done.stderr
    assert len(cl.read_dataset(tmp_path / "sim")) == 140


def test_a_configuration_from_new_is_the_default_one(cislearn, tmp_path):
    from cislearn.experiment.config import ExperimentConfig
    from cislearn.experiment.reading import read_config

    assert cislearn("new", "mine.yaml", "--data", "data/x", "--target", "liver").returncode == 0
    config = read_config(tmp_path / "mine.yaml")
    default = ExperimentConfig.model_validate({"data": {"path": "data/x", "target": "liver"}, "out": "runs/mine"})
    assert config == default
    assert "already" in cislearn("new", "mine.yaml").stderr


def test_the_schema_is_json_and_knows_the_keys(cislearn):
    import json

    schema = json.loads(cislearn("new", "--schema").stdout)
    keys = {"data", "model", "methods", "training", "selection", "leave_one_out", "battery", "gkm_svm", "out"}
    assert set(schema["properties"]) == keys
