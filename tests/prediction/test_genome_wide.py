"""Whole genomes tile by tile: each window by itself, read by another library; shards, kills and what is refused."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import torch
from typer.testing import CliRunner

from cislearn.atomic import write_json
from cislearn.cli.main import app
from cislearn.data.readers import read_examples
from cislearn.errors import UserError
from cislearn.evaluation.profiles.shapes import expected_reads, split_logits
from cislearn.genome.token_genome import open_genome
from cislearn.models.network import build_network
from cislearn.models.saving import ModelCard, save_model
from cislearn.models.strands import BothStrands, joined, other_strand, turned_back
from cislearn.prediction import tiles
from cislearn.prediction.genome_wide import merge_tiles, open_tiles, plan_of, shard_of
from cislearn.prediction.peaks import Peak, join, runs
from cislearn.prediction.shards import find_shards, score_shard
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.tokens import decode

LENGTH, STEP = 20, 6
SPEC = DataSpec((TaskSpec("bound"), TaskSpec("level", "regression"), TaskSpec("kind", "multiclass", 3)), ("a",), LENGTH)
BINARY = DataSpec((TaskSpec("bound"),), ("a",), LENGTH)
LENGTHS = {"chr2": 130, "chr10": 230, "chr1": 19, "chrX": 20}
TEMPERATURES = [{"bound": 0.5}, {"bound": 2.0}]


def members(spec=SPEC, n=2):
    made = []
    for seed in range(n):
        torch.manual_seed(seed)
        made.append(BothStrands(build_network("motif_cnn", spec, {"motifs": 4}).eval()))
    return made


@pytest.fixture
def genome(tmp_path, rng):
    tokens = {name: rng.integers(0, 4, bases).astype(np.uint8) for name, bases in LENGTHS.items()}
    tokens["chr10"][100:104] = 4
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name}\n{decode(each)}\n" for name, each in tokens.items()))
    return open_genome(path), tokens


def predict(scorer, folder, of=1, **options):
    plan = plan_of(scorer, "models")
    for number in range(1, of + 1):
        score_shard(scorer, shard_of(scorer, folder, number, of, plan))
    return merge_tiles(scorer, folder, plan, **options)


def values_of(path, name, bases):
    with pyBigWig.open(str(path)) as file:
        assert file.isBigWig() and file.header()["nLevels"] > 0
        return file.values(name, 0, bases, numpy=True) if name in file.chroms() else np.full(bases, np.nan)


def slow(tokens, step, say):
    """Base by base of a chromosome: `say` of the window whose tile it is in, or NaN."""
    values = np.full(len(tokens), np.nan)
    for start in range(0, len(tokens) - LENGTH + 1, step):
        window = tokens[start : start + LENGTH]
        if not (window == 4).any():
            first = start + (LENGTH - step) // 2
            values[first : first + step] = say(window)
    return values


def test_a_tile_has_what_its_window_is_worth_by_itself(genome, tmp_path, monkeypatch):
    """trap 15: what is not scored has no value, which is not 0."""
    monkeypatch.setattr(tiles, "TILES", 7)
    models = members()
    written = predict(open_tiles(models, genome[0], step=STEP, temperatures=TEMPERATURES), tmp_path / "out")
    assert [path.name for path in written.tracks] == ["bound.bw", "level.bw", "kind.0.bw", "kind.1.bw", "kind.2.bw"]

    def logits(window):
        x = models[0].embed(torch.from_numpy(window)[None])
        with torch.inference_mode():
            return np.array([model(x)[0].numpy() for model in models])

    def bound(window):
        divided = logits(window)[:, 0] / [each["bound"] for each in TEMPERATURES]
        return np.mean(1 / (1 + np.exp(-divided)))

    def second(window):
        return torch.from_numpy(logits(window)[:, 2:]).softmax(1).mean(0)[1].item()

    said = {"bound": bound, "level": lambda window: logits(window)[:, 1].mean(), "kind.1": second}
    n_scored = 0
    for signal_name, say in said.items():
        for name, tokens in genome[1].items():
            expected = slow(tokens, STEP, say)
            found = values_of(tmp_path / "out" / f"{signal_name}.bw", name, len(tokens))
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
            n_scored += np.isfinite(expected).sum() / STEP
    assert n_scored == 3 * written.n_scored and np.isnan(expected).sum() < len(expected)
    assert (tmp_path / "out" / "too_short.tsv").read_text().splitlines()[1:] == [
        "chr1\t19\tshorter than a window of 20 bp"
    ]


def test_profiles_are_stitched_of_the_middle_of_each(tmp_path, rng):
    """trap 3: what is read on the other strand is turned back, positions and strands, before it is put down."""
    task = TaskSpec("tss", "profile", 2, 40, "flip_and_permute")
    spec, step = DataSpec((task,), ("a",), 62), 16
    options = {"filters": 4, "motif_width": 5, "dilated": 2, "profile_width": 7}
    models = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = build_network("bpnet", spec, options).eval()
        torch.nn.init.constant_(network.get_parameter("head.0.linear.heads.0.counts.bias"), 3.0)
        models.append(BothStrands(network))
    tokens = rng.integers(0, 4, 300).astype(np.uint8)
    (tmp_path / "g.fa").write_text(f">chr1\n{decode(tokens)}\n")
    predict(open_tiles(models, open_genome(tmp_path / "g.fa"), step=step), tmp_path / "out")
    expected = np.full((2, 300), np.nan)
    for start in range(0, 300 - 62 + 1, step):
        x = models[0].embed(torch.from_numpy(tokens[start : start + 62])[None])
        with torch.inference_mode():
            read = [model.model for model in models]
            both = [
                joined(one(x), turned_back(one(other_strand(x, spec)), spec), "average", spec.tasks) for one in read
            ]
        reads = expected_reads(*split_logits(torch.stack(both).mean(0).numpy(), 2))[0]
        at = start + (62 - 40) // 2
        tile = start + (62 - step) // 2
        expected[:, tile : tile + step] = reads[:, tile - at : tile - at + step]
    for strand, name in enumerate(("plus", "minus")):
        found = values_of(tmp_path / "out" / f"tss.{name}.bw", "chr1", 300)
        np.testing.assert_allclose(found, expected[strand], rtol=1e-4)
    assert not np.allclose(expected[0], expected[1], equal_nan=True)
    with pytest.raises(UserError, match="41 bp are more than profiles of 40"):
        open_tiles(models, open_genome(tmp_path / "g.fa"), step=41)


@pytest.mark.parametrize("of", [2, 5, 60])
def test_shards_make_the_same_files_byte_by_byte(genome, tmp_path, monkeypatch, of):
    monkeypatch.setattr(tiles, "TILES", 4)
    scorer = open_tiles(members(), genome[0], step=STEP, thresholds={"bound": 0.0})
    whole = predict(scorer, tmp_path / "whole", peaks=True)
    shared = predict(scorer, tmp_path / "shared", of, peaks=True)
    assert shared.n_scored == whole.n_scored
    for one, other in zip([*whole.tracks, *whole.peaks], [*shared.tracks, *shared.peaks], strict=True):
        assert one.read_bytes() == other.read_bytes() and one.name == other.name


def test_peaks_are_runs_of_called_tiles_with_their_summits(genome, tmp_path, monkeypatch):
    models = members(BINARY, 1)
    whole = predict(open_tiles(models, genome[0], step=2), tmp_path / "plain")
    probability = {name: values_of(whole.tracks[0], name, bases) for name, bases in LENGTHS.items()}
    threshold = float(np.nanmedian(np.concatenate(list(probability.values()))))
    monkeypatch.setattr(tiles, "TILES", 5)  # so that runs are cut by pieces
    logit = float(np.log(threshold / (1 - threshold)))
    written = predict(open_tiles(models, genome[0], step=2, thresholds={"bound": logit}), tmp_path / "o", peaks=True)
    ((path, n),) = written.peaks.items()
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    expected = []
    for name in sorted(LENGTHS):
        values = np.nan_to_num(probability[name], nan=-1)
        called = np.flatnonzero(np.diff((values > threshold).astype(int), prepend=0, append=0)).reshape(-1, 2)
        for start, end in called:
            height = values[start:end].max()
            expected.append((name, start, end, height, int(np.argmax(values[start:end])) + 1))
    assert len(rows) == n == len(expected) > 5
    for row, (name, start, end, height, summit) in zip(rows, expected, strict=True):
        assert (row[0], int(row[1]), int(row[2]), int(row[9])) == (name, start, end, summit)
        assert int(row[4]) == round(1000 * float(height)) and float(row[6]) == pytest.approx(height, rel=1e-5)
    read = read_examples(path)  # this package takes them as narrowPeak, with their summits
    assert len(read) == n


def test_peaks_that_touch_are_one_and_those_of_two_chromosomes_are_not():
    a, b, c = Peak("1", 0, 4, 0.5, 2), Peak("1", 4, 6, 0.7, 5), Peak("2", 6, 8, 0.9, 7)
    assert list(join([a, b, c])) == [Peak("1", 0, 6, 0.7, 5), c]
    assert list(join([])) == []
    found = runs("1", np.arange(0, 12, 2), np.array([1, 2, 2, 0, 1, 1.0]), np.array([1, 1, 1, 0, 0, 1], bool), 2)
    assert list(found) == [Peak("1", 0, 6, 2.0, 3), Peak("1", 10, 12, 1.0, 11)]


@pytest.fixture
def shared(genome, tmp_path, monkeypatch):
    """Three shards that are whole, and how to merge them."""
    monkeypatch.setattr(tiles, "TILES", 4)
    scorer = open_tiles(members(BINARY), genome[0], step=STEP)
    folder, plan = tmp_path / "out", plan_of(scorer, "models")
    for number in (1, 2, 3):
        score_shard(scorer, shard_of(scorer, folder, number, 3, plan))
    return scorer, folder, lambda: merge_tiles(scorer, folder, plan)


def test_files_whose_shards_are_gone_are_not_left_beside_new_ones(genome, tmp_path):
    """Another model, whose tasks have no threshold, would write a bigWig file beside the peaks of the first."""
    for name, thresholds in (("first", {"bound": 0.0}), ("second", {})):
        card = ModelCard("motif_cnn", BINARY, {"motifs": 4}, extra={"thresholds": thresholds})
        save_model(tmp_path / name, card.build(), card)
        write_json(tmp_path / name / "run.json", {"format": 1, "method": "source_only", "seed": 0})

    def call(name, *more):
        arguments = ["predict", tmp_path / name, "--tile", "--genome", tmp_path / "genome.fa", "--step", STEP]
        arguments += ["--bigwig", tmp_path / "out", "--device", "cpu", *more]
        return CliRunner().invoke(app, [*map(str, arguments)])

    for peaks in (["--peaks"], []):  # the same models again: what stands there is theirs
        done = call("first", *peaks)
        assert done.exit_code == 0, done.output
    made = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("bound.*")}
    assert set(made) == {"bound.bw", "bound.narrowPeak"}
    assert "holds tiles of something else" in str(call("second").exception)
    shutil.rmtree(tmp_path / "out" / "shards" / "1-of-1")
    for more in ([], ["--shard", "1/2"]):
        refused = call("second", *more).exception
        told = "out: holds bound.bw, bound.narrowPeak, and no shards that these were made of"
        assert isinstance(refused, UserError) and told in str(refused)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("bound.*")} == made
    for name in made:
        (tmp_path / "out" / name).unlink()
    assert call("second").exit_code == 0


def test_what_a_kill_left_half_written_is_gone_when_the_same_is_written_again(genome, tmp_path):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    folder = tmp_path / "out"
    shard = folder / "shards" / "1-of-1"
    shard.mkdir(parents=True)
    for left in (shard / ".000000.npz", folder / ".bound.bw", folder / ".bound.narrowPeak", folder / ".another.tsv"):
        for end in ("", ".bw"):
            left.with_name(f"{left.name}.partial-{killed.pid}{end}").write_text("half")
    scorer = open_tiles(members(BINARY, 1), genome[0], step=STEP, thresholds={"bound": 0.0})
    predict(scorer, folder, peaks=True)
    assert not list(shard.glob(".*"))
    assert sorted(path.name for path in folder.glob(".*")) == [
        f".another.tsv.partial-{killed.pid}", f".another.tsv.partial-{killed.pid}.bw"
    ]  # fmt: skip


def test_a_missing_shard_is_named(shared):
    _, folder, merge = shared
    shutil.rmtree(folder / "shards" / "2-of-3")
    with pytest.raises(UserError, match=r"lacks 1 of 3 shards: 2/3") as told:
        merge()
    assert "--shard 2/3" in str(told.value) and not list(folder.glob("*.bw"))
    shutil.rmtree(folder / "shards")
    with pytest.raises(UserError, match="holds no shard"):
        merge()


def test_a_shard_that_is_there_twice_is_named(shared):
    _, folder, merge = shared
    shutil.copytree(folder / "shards" / "2-of-3", folder / "shards" / "copy")
    with pytest.raises(UserError, match=r"copy: is shard 2/3, and so is 2-of-3"):
        merge()


def test_shards_of_another_number_step_or_model_are_named(shared, genome, tmp_path):
    scorer, folder, merge = shared
    score_shard(scorer, shard_of(scorer, folder, 4, 4, plan_of(scorer, "models")))
    with pytest.raises(UserError, match=r"4-of-4: is shard 4/4, and 1-of-3 is 1/3"):
        merge()
    shutil.rmtree(folder / "shards" / "4-of-4")
    with pytest.raises(UserError, match=r"1-of-3: holds tiles of something else: models models, not others"):
        merge_tiles(scorer, folder, plan_of(scorer, "others"))
    wider = open_tiles(members(BINARY), genome[0], step=STEP + 1)
    with pytest.raises(UserError, match=r"something else: step 6, not 7"):
        score_shard(wider, shard_of(wider, folder, 1, 3, plan_of(wider, "models")))
    merge()


def test_a_shard_that_is_not_finished_or_not_whole_is_named(shared):
    _, folder, merge = shared
    pieces = sorted((folder / "shards" / "2-of-3").glob("*.npz"))
    whole = pieces[1].read_bytes()
    pieces[1].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot be read") as told:
        merge()
    assert told.value.where == pieces[1] and "--shard 2/3" in str(told.value)
    pieces[1].unlink()
    with pytest.raises(UserError, match=rf"2-of-3: is not finished: 1 of {len(pieces)} pieces are missing"):
        merge()
    (folder / "shards" / "2-of-3" / "shard.json").write_text("{")
    with pytest.raises(UserError, match="is no shard"):
        merge()
    assert not list(folder.glob("*.bw"))


def test_what_is_there_is_not_scored_again(shared, monkeypatch):
    scorer, folder, merge = shared
    shard = find_shards(folder / "shards", plan_of(scorer, "models"), 1 + (len(scorer.tiling) - 1) // 4)[1]
    shard.path(shard.pieces[0]).unlink()
    asked = []
    call = tiles.TileScorer.__call__
    monkeypatch.setattr(tiles.TileScorer, "__call__", lambda self, *at: asked.append(at) or call(self, *at))
    score_shard(scorer, shard)
    assert asked == [(4 * shard.pieces[0], 4 * shard.pieces[0] + 4)]
    merge()


def test_a_full_disk_is_told_and_what_is_there_stays(genome, tmp_path):
    scorer = open_tiles(members(BINARY), genome[0], step=1)
    folder, plan = tmp_path / "out", plan_of(scorer, "models")
    shard = shard_of(scorer, folder, 1, 1, plan)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UserError, match=r"000000\.npz: cannot be written: File too large"):
            score_shard(scorer, shard)
        assert shard.missing == [0] and [each.name for each in shard.folder.iterdir()] == ["shard.json"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    score_shard(scorer, shard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UserError, match="is the disk full"):
            merge_tiles(scorer, folder, plan)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [each.name for each in folder.iterdir()] == ["shards"]
    assert merge_tiles(scorer, folder, plan).n_scored > 200


@pytest.mark.slow
def test_a_hundred_thousand_scaffolds(tmp_path, rng):
    letters = np.array(list("ACGT"))[rng.integers(0, 4, (100_000, 32))]
    with (tmp_path / "s.fa").open("w") as out:
        out.writelines(f">s{k}\n{''.join(row[: 12 + k % 21])}\n" for k, row in enumerate(letters))
    models = [build_network("motif_cnn", BINARY, {"motifs": 1, "pairs": 1, "features": 1}).eval()]
    scorer = open_tiles(models, open_genome(tmp_path / "s.fa"), step=LENGTH)
    written = predict(scorer, tmp_path / "out")
    assert written.n_scored == len(scorer.tiling.names) == sum(12 + k % 21 >= LENGTH for k in range(100_000))
    with pyBigWig.open(str(written.tracks[0])) as file:
        assert len(file.chroms()) == written.n_scored
    assert (tmp_path / "out" / "too_short.tsv").read_text().count("shorter") == 100_000 - written.n_scored


def test_a_genome_of_n_or_without_the_chromosome_is_refused(tmp_path):
    (tmp_path / "n.fa").write_text(f">chr1\n{'N' * 50}\n>chr2\nACGT\n")
    genome = open_genome(tmp_path / "n.fa")
    with pytest.raises(UserError, match="nothing is scored"):
        predict(open_tiles(members(BINARY), genome), tmp_path / "out")
    with pytest.raises(UserError, match="'chr3' is not there"):
        open_tiles(members(BINARY), genome, chromosomes=["chr3"])
    with pytest.raises(UserError, match="shorter than a window"):
        open_tiles(members(BINARY), genome, chromosomes=["chr2"])


KILLED = """
import os, signal, sys
from cislearn.cli import progress
from cislearn.cli.main import main
from cislearn.prediction import tiles

def kill(self, text, done=0, total=0):
    if text == "scoring tiles" and done == 3:
        os.kill(os.getpid(), signal.SIGKILL)

tiles.TILES = 4
if sys.argv.pop(1) == "killed":
    progress.Steps.__call__ = kill
main()
"""


@pytest.mark.slow
def test_a_killed_command_goes_on_where_it_stood(genome, tmp_path):
    card = ModelCard("motif_cnn", BINARY, {"motifs": 4}, extra={"thresholds": {"bound": 0.0}})
    save_model(tmp_path / "run", card.build(), card)
    write_json(tmp_path / "run" / "run.json", {"format": 1, "method": "source_only", "seed": 0})

    def call(how, folder, *more):
        arguments = ["predict", "run", "--tile", "--genome", "genome.fa", "--step", STEP, "--bigwig", folder, *more]
        command = [sys.executable, "-c", KILLED, how, *map(str, arguments), "--device", "cpu"]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert call("killed", "out", "--peaks").returncode == -signal.SIGKILL
    shard = tmp_path / "out" / "shards" / "1-of-1"
    stamps = {path.name: path.stat().st_mtime_ns for path in shard.glob("*.npz")}
    assert len(stamps) == 3 and not list((tmp_path / "out").glob("*.bw"))
    again = call("on", "out", "--peaks")
    assert again.returncode == 0, again.stderr
    assert {name: (shard / name).stat().st_mtime_ns for name in stamps} == stamps
    for number in (1, 2):
        assert call("on", "parts", "--shard", f"{number}/2").returncode == 0
    assert call("on", "parts", "--merge", "--peaks").returncode == 0
    for name in ("bound.bw", "bound.narrowPeak", "too_short.tsv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    assert json.loads((shard / "shard.json").read_text())["plan"]["step"] == STEP
    refused = call("on", "parts", "--shard", "3/2")
    assert refused.returncode == 2 and "'3/2' is not I/N" in refused.stderr
    refused = call("on", "parts", "--input", "genome.fa")
    assert refused.returncode == 2 and "--input: does not go with --tile" in refused.stderr
    assert Path(tmp_path / "parts" / "shards" / "2-of-2").is_dir()
