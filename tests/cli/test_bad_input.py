"""What a user gets wrong: one message that names file, line and fix, status 2, no traceback, nothing half-written."""

from __future__ import annotations

import gzip
import os

import pytest


@pytest.fixture
def fasta(tmp_path):
    (tmp_path / "pos.fa").write_text(
        "".join(f">p{i}\n{'ACGTTGCA' * 3}{'ACGT'[i % 4] * (i % 7 + 1)}{'A' * (7 - i % 7)}\n" for i in range(28))
    )
    (tmp_path / "neg.fa").write_text(
        "".join(f">n{i}\n{'GGCATTAC' * 3}{'ACGT'[i % 4] * (i % 7 + 1)}{'C' * (7 - i % 7)}\n" for i in range(28))
    )
    return tmp_path


def prepare(refused, **files):
    options = {"positives": "a=pos.fa", "negatives": "a=neg.fa"} | files
    words = [word for key, value in options.items() if value for word in (f"--{key}", value)]
    return refused("prepare", *words, "--out", "data")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        (">p1\nACGT\n>p2\n>p3\nACGT\n", "line 3: record p2 has no sequence"),
        (">p1\nACGTEFILPQ\n", "line 2"),
        ("ACGT\nACGT\n", "bad.fa"),
    ],
)
def test_fasta(refused, fasta, content, said):
    (fasta / "bad.fa").write_text(content)
    message = prepare(refused, positives="a=bad.fa")
    assert "bad.fa" in message and said in message
    assert not (fasta / "data").exists()


def test_a_kind_without_its_task(refused, fasta):
    message = prepare(refused, kind="regression")
    assert "'regression' is not TASK=KIND" in message and "level=regression" in message


def test_truncated_gzip(refused, fasta):
    whole = gzip.compress((fasta / "pos.fa").read_bytes())
    (fasta / "cut.fa.gz").write_bytes(whole[:-20])
    message = prepare(refused, positives="a=cut.fa.gz")
    assert "cut.fa.gz" in message and "truncated" in message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("chr1\t90\t80", "line 2"),
        ("chr1\tten\t80", "line 2"),
        ("chr1\t10", "line 2"),
        ("chr1\t10\t100000", "past the end of chr1 (1,000 bp"),
        ("chr7\t10\t80", ""),
        ("chr1\t10\t99999999999999999999", "line 2"),
    ],
)
def test_regions(refused, fasta, line, said):
    (fasta / "genome.fa").write_text(">chr1\n" + "ACGTTGCATT" * 100 + "\n")
    (fasta / "bad.bed").write_text(f"chr1\t100\t140\n{line}\n")
    if line.startswith("chr7"):
        (fasta / "bad.bed").write_text(f"{line}\n")
        said = "chr7"
    message = prepare(refused, positives="a=bad.bed", genome="genome.fa", length="40")
    assert "bad.bed" in message and said in message


def test_regions_without_a_genome(refused, fasta):
    (fasta / "good.bed").write_text("chr1\t100\t132\n")
    assert "--genome" in prepare(refused, positives="a=good.bed")


@pytest.mark.parametrize(
    ("header", "row", "options", "said"),
    [
        ("sequence\tbound", "ACGT\tyes", [], "t.tsv: bound not all numbers"),
        ("sequence\tbound", "ACGT\tyes", ["--labels", "bound"], "t.tsv line 2"),
        ("sequence\tbound", "ACGT\t1", ["--labels", "bond"], "did you mean bound"),
        ("seqence\tbound", "ACGT\t1", [], "sequence"),
        ("sequence\tbound", "ACGT\t1", [], "negative"),
        ("sequence\tbound", "ACGT\t1e300", [], "t.tsv line 2: column 'bound' has '1e300'"),
        ("sequence\tbound\tfree", "ACGT\t1\t0", ["--labels", "bound, fre"], "did you mean free"),
    ],
)
def test_tables(refused, fasta, header, row, options, said):
    (fasta / "t.tsv").write_text(f"{header}\n{row}\n")
    message = refused("prepare", "--table", "t.tsv", "--out", "data", *options)
    assert said in message
    assert not (fasta / "data").exists()


def test_positives_without_negatives(refused, fasta):
    assert "--negatives" in prepare(refused, negatives="")


def test_missing_file_and_malformed_argument(refused, fasta):
    assert "no such file" in prepare(refused, positives="a=nothing.fa")
    assert "is not DOMAIN=FILE" in prepare(refused, positives="pos.fa")
    assert "a task has no name" in refused(
        "prepare", "--positives", "a=pos.fa", "--negatives", "a=neg.fa", "--task", "", "--out", "data"
    )
    two = ["--genome", "a=pos.fa", "--genome", "a=neg.fa"]
    assert "domain 'a' has two" in refused("prepare", "--positives", "a=pos.fa", *two, "--out", "data")
    (fasta / "x.fa").write_bytes(b"\x8f\x01\x00\x02\n")
    assert "is not a text file" in prepare(refused, positives="a=x.fa")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "data: {path: d}\ntraining:\n  batchsize: 3\n",
            "line 3: training.batchsize is not known; did you mean training.batch_size",
        ),
        ("data: {path: d}\nselection: oracel\n", "line 2: selection"),
        ("data: {path: d}\ntraining: {epochs: many}\n", "training.epochs"),
        ("data: [\n", "is not YAML"),
        ("data: {path: d}\nselection: last\nselection: oracle\n", "line 3: selection stands here and in line 2"),
        ("data: {path: d}\ntraining: {seeds: [0, 1, 0]}\n", "one of them is there twice"),
        ("", "empty"),
        ("training: {epochs: 3}\n", "data is missing"),
        ("data: {path: d}\nmodel: {reverse_complement: posthoc}\n", "known: none, augmented, post_hoc"),
        ("data: {path: nowhere}\n", "nowhere"),
    ],
)
def test_configurations(refused, tmp_path, text, said):
    (tmp_path / "c.yaml").write_text(text)
    assert said in refused("train", "c.yaml")


def test_settings(refused, tiny_data):
    assert "is not key=value" in refused("train", "--data", tiny_data, "--set", "training.epochs")
    assert "did you mean training.epochs" in refused("train", "--data", tiny_data, "--set", "training.epoch=3")
    assert "either a configuration or --data" in refused("train")
    assert "is not a YAML value" in refused("train", "--data", tiny_data, "--set", "training.seeds=[0")


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("{name: adversarial, weight: two}", "weight 'two'"),
        ("{name: adversarial, weight: -1}", "weight -1"),
        ("{name: adversarial, width: 0}", "width 0"),
        ("{name: source_only, label: summary.tsv}", "cannot name a folder"),
    ],
)
def test_methods_that_cannot_be_are_refused_before_training(refused, tiny_data, tmp_path, method, said):
    words = ["--target", "hep", "--out", "run", "--set", f"methods=[{method}]"]
    assert said in refused("train", "--data", tiny_data, *words)
    assert not (tmp_path / "run").exists()


def test_a_written_configuration_is_yaml_whatever_the_names(refused, cislearn, tmp_path):
    cislearn("new", "c.yaml", "--data", "a b: c#d", "--target", "t: #1")
    assert "a b: c#d" in refused("train", "c.yaml")


def test_a_damaged_dataset_is_refused(refused, tiny_data, tmp_path):
    import shutil

    shutil.copytree(tiny_data, tmp_path / "cut")
    labels = tmp_path / "cut" / "labels.npy"
    labels.write_bytes(labels.read_bytes()[:-7])
    assert "labels.npy" in refused("train", "--data", "cut", "--target", "hep")
    (tmp_path / "cut" / "dataset.json").unlink()
    assert "cut" in refused("inspect", "cut")


def test_predict(refused, tiny_experiment, tmp_path):
    (tmp_path / "x.fa").write_text(">a\nACGT\n")
    (tmp_path / "x.bed").write_text("chr1\t10\t50\n")
    assert "no such file" in refused("predict", tiny_experiment, "--input", "y.fa", "--out", "o.tsv")
    assert "--genome" in refused("predict", tiny_experiment, "--input", "x.bed", "--out", "o.tsv")
    assert ".tsv, .parquet or .bed" in refused("predict", tiny_experiment, "--input", "x.fa", "--out", "o.xyz")
    assert "coordinates" in refused("predict", tiny_experiment, "--input", "x.fa", "--out", "o.bed")
    assert "holds no method" in refused(
        "predict", tiny_experiment, "--input", "x.fa", "--out", "o.tsv", "--method", "m"
    )
    assert "no finished run" in refused("predict", tmp_path, "--input", "x.fa", "--out", "o.tsv")
    assert not list(tmp_path.glob("o.*"))
    (tmp_path / "x.tsv").write_text("sequence\nACGT\n")
    assert "is an input" in refused("predict", tiny_experiment, "--input", "x.tsv", "--out", "x.tsv")
    assert (tmp_path / "x.tsv").read_text() == "sequence\nACGT\n"
    assert "device 'tpu' is not known" in refused(
        "predict", tiny_experiment, "--input", "x.fa", "--out", "o.tsv", "--device", "tpu"
    )


def test_evaluate_on_the_training_data_is_refused(refused, tiny_experiment, tiny_data):
    assert "was trained on" in refused("evaluate", tiny_experiment, "--on", tiny_data)
    assert "extension '.csv' is not known" in refused("evaluate", tiny_experiment, "--on", tiny_data, "--out", "x.csv")


def test_a_full_disk_is_said_and_leaves_nothing(refused, tmp_path):
    message = refused("simulate", "--out", "/dev/full/sim", "--n-train", 20, "--n-test", 20)
    assert "/dev/full" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_fills_up(refused, tmp_path):
    import subprocess

    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        message = refused("simulate", "--out", disk / "sim", "--n-train", 2000, "--n-test", 20)
        assert "disk full" in message or "No space left" in message
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", disk], check=True)


def test_everything_left_out_tells_why(refused, fasta):
    (fasta / "genome.fa").write_text(">chr1\n" + "ACGTTGCATT" * 100 + "\n")
    (fasta / "a.bed").write_text("chr1\t100\t140\n")
    (fasta / "b.bed").write_text("chr1\t300\t340\n")
    options = {"positives": "a=a.bed", "negatives": "a=b.bed", "genome": "genome.fa", "length": "5000"}
    message = prepare(refused, **options)
    assert "2 rows were left out" in message and "a.bed line 1" in message


def test_sources_and_seeds_said_twice(refused, tiny_data):
    assert "twice" in refused("train", "--data", tiny_data, "--set", "data.sources=[ery, ery]")
    assert "at least 1" in refused("train", "--data", tiny_data, "--set", "data.sources=[]")
    assert "twice" in refused("train", "--data", tiny_data, "--set", "training.seeds=[1, 1]")


def test_a_class_named_as_a_task(refused, fasta):
    (fasta / "t.tsv").write_text("sequence\ty\ty_0\nACGT\t0\t1\nACGA\t1\t0\nACGG\t2\t0\n")
    message = refused("prepare", "--table", "t.tsv", "--kind", "y=multiclass", "--out", "data")
    assert "task 'y_0' is named as class 0 of 'y'" in message


def test_ways_of_making_negatives(refused, cislearn, fasta):
    assert "nor a way of making negatives; did you mean gc-matched?" in prepare(refused, negatives="gc-mached")
    assert "gc_matched: no such file; did you mean gc-matched?" in prepare(refused, negatives="a=gc_matched")
    assert "nor a way of making negatives; known: " in prepare(refused, negatives="neg.fa")
    assert "it has none" in prepare(refused, negatives="gc-matched")
    assert "domain 'b', which has no files" in prepare(refused, negatives="b=shuffled")
    words = ["prepare", "--positives", "a=pos.fa", "--out", "data", "--negatives", "shuffled"]
    assert "either one way is given for all domains" in refused(*words, "--negatives", "a=shuffled")
    assert "are to be shuffled and gc-matched" in refused(*words, "--negatives", "gc-matched")
    assert "-1 negatives a positive" in refused(*words, "--negatives-per-positive", "-1")
    assert not (fasta / "data").exists()
    made = cislearn(*words, "--seed", 3, "--negatives-per-positive", 2)
    assert made.returncode == 0, made.stderr
    assert "negatives, each the shuffle of a positive whose locus it keeps" in made.stdout
