"""The table of predictions made and written piece by piece: the same rows, in order, and whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from cislearn.atomic import write_json
from cislearn.errors import UserError
from cislearn.models.network import build_network
from cislearn.models.saving import ModelCard, save_model
from cislearn.models.strands import BothStrands
from cislearn.prediction import files
from cislearn.prediction.files import ONLY_N, predict_file, predict_pieces, write_predictions
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import encode

LENGTH = 20
SPEC = DataSpec((TaskSpec("bound"),), ("a",), LENGTH)
CARD = ModelCard("motif_cnn", SPEC, {"motifs": 4})
CHROMOSOMES = {"chr1": 400, "chr2": 300}


def members(n=2):
    torch.manual_seed(0)
    return [BothStrands(build_network(CARD.encoder, SPEC, CARD.options).eval()) for _ in range(n)]


@pytest.fixture
def genome(tmp_path, rng):
    sequences = {name: "".join(rng.choice(list("ACGT"), size)) for name, size in CHROMOSOMES.items()}
    sequences["chr2"] = "N" * 60 + sequences["chr2"][60:]
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in sequences.items()))
    return path, sequences


@pytest.fixture
def regions(tmp_path, rng):
    """A file whose first rows are of a contig that the genome lacks, and some of which leave their chromosome."""
    rows = [("chrUn", 10 * k, 10 * k + LENGTH, f"un_{k}", 0, "+") for k in range(5)]
    for k in range(60):
        chrom = str(rng.choice(["chr1", "chr2"]))
        start = int(rng.integers(0, CHROMOSOMES[chrom]))
        width = int(rng.choice([LENGTH, LENGTH, 7, 50]))
        rows.append((chrom, start, start + width, f"peak_{k}", 0, str(rng.choice(["+", "-", "."]))))
    path = tmp_path / "regions.bed"
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path, rows


def plainly(models, sequences, row):
    """Logits of one region by each model, slowly; None where it has no window."""
    chrom, start, end, _, _, strand = row
    first = (start + end) // 2 - LENGTH // 2
    if chrom not in sequences or end > len(sequences[chrom]) or first < 0 or first + LENGTH > len(sequences[chrom]):
        return None
    tokens = encode(sequences[chrom][first : first + LENGTH])
    if (tokens == 4).all():
        return None
    tokens = torch.from_numpy(reverse_complement(tokens) if strand == "-" else tokens)[None]
    with torch.inference_mode():
        return np.array([model(model.embed(tokens)).item() for model in models])


def test_scores_are_those_of_a_plain_forward_pass_row_by_row(genome, regions, monkeypatch):
    monkeypatch.setattr(files, "ROWS", 7)
    models = members()
    table = predict_file(models, regions[0], genome=genome[0], temperatures=[{"bound": 0.5}, {"bound": 2.0}])
    assert list(table["name"]) == [row[3] for row in regions[1]]
    n_scored = 0
    for row, (_, found) in zip(regions[1], table.iterrows(), strict=True):
        logits = plainly(models, genome[1], row)
        assert (found["start"], found["end"], found["strand"]) == (row[1], row[2], row[5])
        if logits is None:
            assert found["not_scored"] and np.isnan(found["logit_bound"])
            continue
        n_scored += 1
        assert found["not_scored"] == ""
        assert found["note"] == ("" if row[2] - row[1] == LENGTH else f"resized from {row[2] - row[1]} bp")
        assert found["logit_bound"] == pytest.approx(logits.mean(), abs=1e-6)
        probability = (1 / (1 + np.exp(-logits / [0.5, 2.0]))).mean()
        assert found["probability_bound"] == pytest.approx(probability, abs=1e-6)
    assert 20 < n_scored < 60 and ONLY_N in set(table["not_scored"])


@pytest.mark.parametrize("rows", [1, 4, 64, 65, 1000])
@pytest.mark.parametrize("kind", ["regions", "sequences"])
def test_the_size_of_a_piece_changes_nothing(genome, regions, tmp_path, rng, monkeypatch, kind, rows):
    path = regions[0]
    if kind == "sequences":
        path = tmp_path / "s.fa"
        sizes = rng.integers(5, 40, 65)
        path.write_text("".join(f">s{k}\n{''.join(rng.choice(list('ACGTN'), size))}\n" for k, size in enumerate(sizes)))
    whole = predict_file(members(), path, genome=genome[0])
    monkeypatch.setattr(files, "ROWS", rows)
    pieces = list(predict_pieces(members(), path, genome=genome[0]))
    assert [len(piece) for piece in pieces] == [min(rows, 65 - first) for first in range(0, 65, rows)]
    together = pd.concat(pieces)
    pd.testing.assert_frame_equal(together, whole, check_exact=False, rtol=0, atol=1e-6)
    if kind == "regions":
        assert set(whole["not_scored"][:5]) == {"unknown chromosome chrUn"}


@pytest.mark.parametrize("name", ["o.tsv", "o.parquet", "o.bed"])
def test_a_file_written_in_pieces_is_that_of_the_whole_table(genome, regions, tmp_path, monkeypatch, name):
    whole = predict_file(members(), regions[0], genome=genome[0])
    reasons = write_predictions([whole], tmp_path / f"whole_{name}", SPEC)
    assert reasons == whole["not_scored"].value_counts().to_dict()
    monkeypatch.setattr(files, "ROWS", 9)
    assert write_predictions(predict_pieces(members(), regions[0], genome=genome[0]), tmp_path / name, SPEC) == reasons
    if name.endswith("parquet"):
        found, expected = (pd.read_parquet(tmp_path / each) for each in (name, f"whole_{name}"))
    else:
        header = None if name.endswith("bed") else 0
        found, expected = (pd.read_csv(tmp_path / each, sep="\t", header=header) for each in (name, f"whole_{name}"))
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-5)


def test_calls_are_those_of_the_mean_logit_at_the_threshold_and_absent_where_there_is_none(genome, regions, tmp_path):
    plain = predict_file(members(), regions[0], genome=genome[0])
    assert not any(name.startswith("call_") for name in plain)
    threshold = float(plain["logit_bound"].median())
    table = predict_file(members(), regions[0], genome=genome[0], thresholds={"bound": threshold})
    scored = table["not_scored"] == ""
    assert not scored.all() and table.loc[~scored, "call_bound"].isna().all()
    expected = (table.loc[scored, "logit_bound"] >= threshold).astype(int).tolist()
    assert table.loc[scored, "call_bound"].tolist() == expected and 0 < sum(expected) < len(expected)
    pieces = predict_pieces(members(), regions[0], genome=genome[0], thresholds={"bound": threshold})
    write_predictions(pieces, tmp_path / "out.tsv", SPEC)
    read = pd.read_csv(tmp_path / "out.tsv", sep="\t", dtype={"call_bound": str}, keep_default_na=False)
    assert read["call_bound"].tolist() == [
        str(call) if ok else "" for call, ok in zip(table["call_bound"], scored, strict=True)
    ]


def test_a_wrong_line_is_told_before_anything_is_scored(genome, regions, monkeypatch):
    monkeypatch.setattr(files, "ROWS", 4)
    with regions[0].open("a") as more:
        more.write("chr1\t30\t20\twrong\t0\t+\n")
    models, calls = members(), []
    models[0].model.register_forward_hook(lambda *_: calls.append(1))
    with pytest.raises(UserError, match="not before end") as told:
        list(predict_pieces(models, regions[0], genome=genome[0]))
    assert told.value.line == 66 and not calls


@pytest.mark.parametrize("name", ["o.tsv", "o.parquet", "o.bed"])
def test_broken_off_half_way_it_leaves_what_was_there(genome, regions, tmp_path, monkeypatch, name):
    monkeypatch.setattr(files, "ROWS", 10)

    def stop(text, done=0, total=0):
        if text == "scoring windows" and done >= 20:
            raise KeyboardInterrupt

    before = {path.name for path in tmp_path.iterdir()} | {"genome.fa.cislearn", name}
    (tmp_path / name).write_text("before")
    pieces = predict_pieces(members(), regions[0], genome=genome[0], progress=stop)
    with pytest.raises(KeyboardInterrupt):
        write_predictions(pieces, tmp_path / name, SPEC)
    assert (tmp_path / name).read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == before


def test_bed_holds_one_task(tmp_path):
    both = DataSpec((TaskSpec("bound"), TaskSpec("open")), ("a",), LENGTH)
    with pytest.raises(UserError, match=r"o\.bed: BED holds one task, and this model has 2"):
        write_predictions([], tmp_path / "o.bed", both)
    assert not list(tmp_path.iterdir())


KILLED = """
import os, signal, sys
from cislearn.cli import progress
from cislearn.cli.main import app
from cislearn.prediction import files

def kill(self, text, done=0, total=0):
    if text == "scoring windows" and done >= 20:
        os.kill(os.getpid(), signal.SIGKILL)

files.ROWS = 10
progress.Steps.__call__ = kill
app()
"""


def test_a_killed_run_leaves_no_file_that_could_be_taken_for_whole_and_the_next_one_removes_it(
    genome, regions, tmp_path
):
    save_model(tmp_path / "run", CARD.build(), CARD)
    write_json(tmp_path / "run" / "run.json", {"format": 1, "method": "source_only", "seed": 0})
    out = tmp_path / "o.tsv"
    arguments = ["predict", "run", "--regions", regions[0], "--genome", genome[0], "--out", out]
    command = [sys.executable, "-c", KILLED, *map(str, arguments)]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not out.exists() and list(tmp_path.glob(".o.tsv.partial-*"))  # it had begun to write
    write_predictions(predict_pieces(members(), regions[0], genome=genome[0]), out, SPEC)
    assert out.is_file() and not list(tmp_path.glob(".*.partial-*"))
