"""The tutorial runs from top to bottom, on fewer windows and with short trainings, and one sees what it says."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cislearn.data.simulate import simulate
from cislearn.sequence.tokens import decode
from tests.docs.pages import ROOT, blocks_of, commands_of

PAGE = ROOT / "docs" / "tutorial.md"
CISLEARN = [sys.executable, "-c", "from cislearn.cli.main import main; main()"]
SHORTER = {
    "python": ["240"],
    "cislearn train": ["--set", "training.epochs=1", "--set", "training.seeds=[0, 1]"],
}
"""What is added to a command of the page so that it takes seconds."""
PRINTED = (
    "windows by domain and part",
    "simple models",
    "GC content and dinucleotides alone tell apart",
    "over the best simple model",
    "leave-one-source-out estimate",
    "over the first",
    "no target label seen",
)


def run(line: str, folder: Path) -> str:
    words = shlex.split(line)
    words += [word for start, more in SHORTER.items() if line.startswith(start) for word in more]
    command = [*(CISLEARN if words[0] == "cislearn" else [sys.executable]), *words[1:]]
    variables = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_the_tutorial_runs_and_prints_and_writes_what_it_says(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    for block in blocks_of(PAGE):
        if block.title:
            (tmp_path / block.title).write_text(block.text)
    printed = "".join(run(line, tmp_path) for line in commands_of(PAGE))
    assert not [phrase for phrase in PRINTED if f"*{phrase}*" not in text or phrase not in printed]

    for name in ("data/gabpa/dropped.tsv", "runs/gabpa/report.html", "hep_calls.bed"):
        assert f"`{name}`" in text and (tmp_path / name).is_file()
    assert (tmp_path / "hep_attributions" / "attributions.html").is_file()
    assert (tmp_path / "hep_attributions" / "attributions.bw").is_file()

    scores = pd.read_csv(tmp_path / "hep.tsv", sep="\t")
    regions = pd.read_csv(tmp_path / "hep_open.bed", sep="\t", names=["chrom", "start", "end"])
    pd.testing.assert_frame_equal(scores[["chrom", "start", "end"]], regions)
    for column in ("logit_binding", "probability_binding", "sd_binding", "not_scored"):
        assert f"`{column}`" in text and column in scores


@pytest.mark.slow
def test_the_stand_in_files_hold_the_simulated_windows_where_the_regions_say(tmp_path):
    """The bases of a region are those of its window: a shift by one would leave nothing to learn, and no error."""
    (script,) = [block for block in blocks_of(PAGE) if block.title == "make_files.py"]
    (tmp_path / script.title).write_text(script.text)
    run("python make_files.py", tmp_path)
    windows = simulate("mixed", sources=["ery", "bcell"], target="hep", n_train=240, n_test=60)
    bound = (windows.loci["domain"] == "ery").to_numpy() & (windows.labels[:, 0] == 1)
    expected = {decode(tokens) for tokens in windows.tokens[bound]}
    records = (tmp_path / "genome.fa").read_text().split(">")[1:]
    genome = {name: bases.replace("\n", "") for name, _, bases in (record.partition("\n") for record in records)}
    lines = [line.split() for line in (tmp_path / "ery_bound.bed").read_text().splitlines()]
    assert {genome[chrom][int(start) : int(end)] for chrom, start, end in lines} == expected
