"""Every command and every Python block of the documentation runs, page by page and in order, on small files.

The tutorial is run by `test_tutorial`, which also looks at what it prints.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from tests.docs.pages import PAGES, ROOT, SHELLS, blocks_of, commands_of
from tests.docs.worlds import Store, run_line, shorter

OUTPUTS = ("--out", "--calls", "--bigwig", "--html")
"""Options that name what a command leaves."""
NOT_RUN = {
    "make ": "makes an environment with pip, and runs these tests",
    "pip ": "fetches from the network",
    "torchrun ": "GPUs or machines; `tests/training/test_together.py` has it start processes on one CPU",
    "export MASTER_ADDR": "SLURM",
    "srun ": "SLURM",
}
"""Beginnings of the lines that are not run, each with what it needs."""


class World(NamedTuple):
    """What stands in the folder before a page is run, and what must beside all outputs of commands after it."""

    given: str = ""
    left: str = ""


FOXA1 = "hg38.fa.gz k562.narrowPeak.gz hepg2.narrowPeak.gz liver_atac.bed"
WORLDS = {
    "README.md": World(f"{FOXA1} data/foxa1_measured_later data/simulated windows.fa", "runs/foxa1/report.html"),
    "docs/accessibility.md": World(
        "targets.tsv heart.bed liver.bed mine.tsv mine.bed hg19.fa.gz encode_roadmap.h5", "data/dnase/prevalence.tsv"
    ),
    "docs/adding-an-encoder.md": World("data/simulated"),
    "docs/adding-an-objective.md": World("data/simulated"),
    "docs/expression.md": World(
        "matrix.tsv promoters.tsv names.txt sacCer3.fa starts.bed new.tsv table.tsv DATA yeastract.tsv fungi.meme "
        "runs/seed0 runs/seed1 runs/seed2",
        "runs/factors/scores.tsv worth/ranking.tsv worth/influences.tsv worth/targets.tsv promoters/positions.tsv",
    ),
    "docs/explaining.md": World(
        "runs/foxa1 data/foxa1 hg38.fa.gz liver_atac.bed",
        "liver_attributions/rows.tsv liver_attributions/spread.npz liver_attributions/attributions.bw "
        "liver_attributions/attributions.html foxa1_features/features.npz foxa1_features/groups.tsv modisco.h5",
    ),
    "docs/questions/few-labels.md": World(f"{FOXA1} liver.narrowPeak.gz"),
    "docs/files.md": World("runs/simulated"),
    "docs/genome-wide.md": World("runs/foxa1 hg38.fa.gz", "foxa1/shards"),
    "docs/questions/honest.md": World("data/foxa1"),
    "docs/kmers.md": World("data/simulated JunD.fasta.gz JunD_back.fasta.gz", "vectors/kmers.json"),
    "docs/methods.md": World("few.yaml data/simulated"),
    "docs/motifs.md": World("runs/simulated data/simulated attributions", "motifs/motifs.meme discovered/seqlets.tsv"),
    "docs/questions/no-labels.md": World(FOXA1),
    "docs/profiles.md": World("sacCer3.fa.gz starts.bed wt_1.plus.bw wt_1.minus.bw wt_2.plus.bw wt_2.minus.bw"),
    "docs/reverse-complements.md": World("runs/foxa1 windows.fa"),
    "docs/sharing.md": World("runs/foxa1", "foxa1.pt2.md"),
    "docs/questions/strands.md": World("data/foxa1 windows.fa"),
    "docs/studies.md": World("FOLDER experiment.yaml data/simulated", "runs/search/trials.tsv"),
    "docs/tracks.md": World(f"{FOXA1} heart_atac.bed k562.bw hepg2.bw liver.bw heart.bw"),
    "docs/variants.md": World("runs/foxa1 liver.vcf.gz hg38.fa.gz"),
    "docs/questions/variants.md": World("runs/foxa1 liver.vcf.gz hg38.fa.gz"),
    "docs/questions/what-did-it-learn.md": World("runs/foxa1 data/foxa1 hg38.fa.gz data/foxa1_other_negatives"),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_a_page_runs(name, store, tmp_path, monkeypatch):
    """All its lines end well and leave what they name; a block that says the same in Python has the place to itself."""
    world, page = WORLDS[name], ROOT / name
    blocks, text = blocks_of(page), page.read_text(encoding="utf-8")
    store.put(world.given.split(), tmp_path)
    for block in blocks:
        if block.title:
            (tmp_path / block.title).write_text(block.text)
    monkeypatch.chdir(tmp_path)
    failed, left, said = [], world.left.split(), []
    for block in blocks:
        if block.language in SHELLS:
            lines = [line for line in block.lines if not line.startswith(tuple(NOT_RUN))]
            failed += [f"{line}\n{problem}" for line in lines if (problem := run_and_look(line, tmp_path))]
        elif block.language == "python" and not block.title:
            if f"or in Python\n\n```python\n{block.text}" in text:
                left += [path for path in left_by(lines) if shutil.move(path, f"{path}_by_command")]
            said.append({})
            exec(block.text, said[-1])
    assert not failed, "\n".join(failed)
    assert not [path for path in left if not (tmp_path / path).exists()]
    SAID.get(name, len)(said)


def run_and_look(line: str, folder: Path) -> str:
    """Return what is wrong with a command: what it printed where it failed, or what it did not leave."""
    done = run_line(line, folder)
    if done.returncode:
        return f"status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return "".join(f"{name} is not there" for name in left_by([line]) if not (folder / name).exists())


def left_by(lines: list[str]) -> list[str]:
    """Return the files and folders that the options of these lines name as what they leave."""
    words = [word for line in lines for word in shorter(line)]
    return [value for option, value in pairwise(words) if option in OUTPUTS]


def readme_said(said: list[dict[str, Any]]) -> None:
    (names,) = said
    assert list(names["scores"]["name"]) == [f"window_{number}" for number in range(60)]
    assert names["model"](torch.zeros(2, 4, 101)).shape == (2, 1)


def sharing_said(said: list[dict[str, Any]]) -> None:
    torch_said, onnx_said = (names["logits"] for names in said)
    assert torch_said.shape == (2, 1)
    np.testing.assert_allclose(torch_said.detach().numpy(), onnx_said, atol=1e-5)


SAID: dict[str, Callable[[list[dict[str, Any]]], None]] = {"README.md": readme_said, "docs/sharing.md": sharing_said}
"""What must hold of the names that the Python blocks of a page leave."""


def test_every_page_with_commands_or_python_is_run():
    """The tutorial and the tests of the worked examples are run by modules of their own."""
    run = {page: [line for line in commands_of(page) if not line.startswith(tuple(NOT_RUN))] for page in PAGES}
    pages = [page for page in PAGES if run[page] or any(block.language == "python" for block in blocks_of(page))]
    assert {str(page.relative_to(ROOT)) for page in pages} == {*WORLDS, "docs/tutorial.md"}


@pytest.mark.parametrize("name", WORLDS)
def test_what_a_page_must_leave_is_named_on_it(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not [path for path in WORLDS[name].left.split() if Path(path).name not in text]


@pytest.mark.parametrize("beginning", NOT_RUN)
def test_what_is_not_run_is_on_a_page_and_no_command_of_ours(beginning):
    """All that is ours runs; what needs a network or a cluster is named once, and no longer than it is on a page."""
    assert any(line.startswith(beginning) for page in PAGES for line in commands_of(page))
    assert not beginning.startswith(("cislearn", "python"))
