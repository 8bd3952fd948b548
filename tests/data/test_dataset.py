from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pytest

from cislearn.data import dataset as dataset_module
from cislearn.data.dataset import read_dataset, write_dataset
from cislearn.data.sequences import GenomeSequences, TableSequences
from cislearn.errors import UserError
from cislearn.genome.token_genome import open_genome
from cislearn.schema import DataSpec, TaskSpec

from .examples import places, random_sequence, small_dataset, write_fasta


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def dataset(folder):
    loci = places("chr1", [0, 20, 40]).assign(domain=["a", "b", "a"], state=["near", "far", "near"])
    return small_dataset(folder, loci, [1, 0, np.nan])


def test_what_is_written_is_read(dataset, folder):
    again = read_dataset(folder)
    assert len(again) == 3
    assert again.spec == dataset.spec
    assert again.hash == dataset.hash
    assert again.loci["state"].tolist() == ["near", "far", "near"]
    assert again.domain_codes.tolist() == [0, 1, 0]
    assert again.labels.dtype == np.int8
    np.testing.assert_array_equal(again.labels_float(np.array([2, 0]))[:, 0], [np.nan, 1])
    assert isinstance(again.labels, np.memmap)
    assert isinstance(again.sequences, TableSequences)
    assert isinstance(again.sequences.tokens, np.memmap)


def test_labels_that_are_not_all_binary_are_floats_with_nan(folder):
    dataset = small_dataset(folder, places("chr1", [0, 20]), [1.5, np.nan], task=TaskSpec("level", "regression"))
    assert dataset.labels.dtype == np.float32
    np.testing.assert_array_equal(dataset.labels_float(np.arange(2))[:, 0], [1.5, np.nan])


def test_truth_of_simulated_data_stays_with_it(folder):
    truth = pd.DataFrame({"row": [0], "motif": ["GABPA"], "start": [3], "end": [8], "strand": ["+"]})
    spec = DataSpec((TaskSpec("t"),), ("a",), 4)
    sequences = TableSequences.of(np.zeros((2, 4), dtype=np.uint8))
    loci = pd.DataFrame({"domain": ["a", "a"]})
    dataset = write_dataset(
        folder, spec=spec, loci=loci, labels=np.array([[1], [0]], np.int8), sequences=sequences, truth=truth
    )
    pd.testing.assert_frame_equal(dataset.truth, truth)
    assert dataset.loci["chrom"].tolist() == ["", ""]
    assert dataset.loci["start"].tolist() == [-1, -1]


def test_the_hash_is_of_the_content_and_not_of_its_origin(tmp_path):
    loci = places("chr1", [0, 20])
    first = small_dataset(tmp_path / "1", loci.assign(file="x.bed", line=[1, 2]), [1, 0])
    moved = small_dataset(tmp_path / "2", loci.assign(file="y.bed", line=[5, 6]), [1, 0])
    other = small_dataset(tmp_path / "3", loci, [0, 1])
    assert first.hash == moved.hash != other.hash


@pytest.mark.parametrize("name", ["labels.npy", "sequences.npy", "sequence_index.npy", "loci.parquet"])
def test_a_truncated_file_is_refused_by_name(dataset, folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-4])
    with pytest.raises(UserError, match=f"{name}: has .* bytes, .* truncated"):
        read_dataset(folder)


@pytest.mark.parametrize("name", ["labels.npy", "dropped.tsv"])
def test_a_missing_file_is_refused_by_name(dataset, folder, name):
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"{name}: is missing"):
        read_dataset(folder)


def test_a_folder_without_its_json_is_no_dataset(dataset, folder):
    (folder / "dataset.json").unlink()
    with pytest.raises(UserError, match=r"is not a dataset: it has no dataset\.json"):
        read_dataset(folder)


def test_a_folder_that_is_not_there(folder):
    with pytest.raises(UserError, match="there is no such folder"):
        read_dataset(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_damaged_json_is_refused(dataset, folder, text):
    (folder / "dataset.json").write_text(text)
    with pytest.raises(UserError, match="cannot be read as JSON of a dataset"):
        read_dataset(folder)


def test_another_format_is_refused_with_both_numbers(dataset, folder):
    content = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").write_text(json.dumps(content | {"format": 7}))
    with pytest.raises(UserError, match="has format 7; this version of cislearn reads format 1"):
        read_dataset(folder)


@pytest.mark.parametrize("stop_at", ["save", "to_csv"])
def test_an_interrupted_write_leaves_nothing(folder, monkeypatch, stop_at):
    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    target = dataset_module.np if stop_at == "save" else pd.DataFrame
    monkeypatch.setattr(target, stop_at, killed)
    with pytest.raises(KeyboardInterrupt):
        small_dataset(folder, places("chr1", [0, 20]), [1, 0])
    assert list(folder.parent.iterdir()) == []


def test_a_write_that_is_killed_hard_leaves_a_folder_that_is_refused(dataset, folder, monkeypatch):
    """What a kill -9 leaves behind is the partial folder, which has no dataset.json yet."""
    partial = folder.parent / ".data.partial-1"
    partial.mkdir()
    for name in ("labels.npy", "loci.parquet"):
        (partial / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(UserError, match="is not a dataset"):
        read_dataset(partial)


def test_a_full_disk_is_told_and_leaves_nothing(folder, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dataset_module.np, "save", full)
    with pytest.raises(UserError, match="cannot be written: No space left on device"):
        small_dataset(folder, places("chr1", [0, 20]), [1, 0])
    assert list(folder.parent.iterdir()) == []


def test_a_read_only_folder_is_told(tmp_path, monkeypatch):
    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refused)
    with pytest.raises(UserError, match="cannot be written: Permission denied"):
        small_dataset(tmp_path / "data", places("chr1", [0, 20]), [1, 0])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_really_read_only_folder_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="cannot be written: Permission denied"):
        small_dataset(tmp_path / "data", places("chr1", [0, 20]), [1, 0])


def test_an_existing_dataset_is_replaced_only_if_that_is_said(dataset, folder):
    loci = places("chr1", [0, 20])
    with pytest.raises(UserError, match="exists already"):
        small_dataset(folder, loci, [1, 0])
    assert len(read_dataset(folder)) == 3
    new = write_dataset(
        folder,
        spec=dataset.spec,
        loci=dataset.loci,
        labels=1 - dataset.labels.clip(0),
        sequences=dataset.sequences,
        overwrite=True,
    )
    assert new.labels[:, 0].tolist() == [0, 1, 1]
    assert [path.name for path in folder.parent.iterdir()] == ["data"]


def test_a_folder_with_other_files_is_never_overwritten(dataset, folder, tmp_path):
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter1.tex").write_text("years of work")
    with pytest.raises(UserError, match="holds other files"):
        write_dataset(
            other,
            spec=dataset.spec,
            loci=dataset.loci,
            labels=dataset.labels,
            sequences=dataset.sequences,
            overwrite=True,
        )
    assert (other / "chapter1.tex").exists()


def test_parts_that_do_not_agree_are_refused_at_once(dataset, tmp_path):
    with pytest.raises(ValueError, match="labels have shape"):
        write_dataset(
            tmp_path / "x", spec=dataset.spec, loci=dataset.loci, labels=dataset.labels[:2], sequences=dataset.sequences
        )
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("label", [0.7, 2.0, -1.5, 300.0])
def test_a_binary_label_that_is_neither_0_nor_1_is_not_rounded_to_one(dataset, tmp_path, label):
    labels = dataset.labels_float(np.arange(len(dataset))).copy()
    labels[0, 0] = label
    with pytest.raises(ValueError, match="neither 0, 1 nor absent"):
        write_dataset(tmp_path / "x", spec=dataset.spec, loci=dataset.loci, labels=labels, sequences=dataset.sequences)


@pytest.fixture
def genome_dataset(folder, tmp_path, rng):
    genome = open_genome(write_fasta(tmp_path / "toy.fa", [random_sequence(rng, 100)], ["chr1"]))
    loci = places("chr1", [0, 20, 50]).assign(domain="a", genome="toy", strand=[".", "-", "+"])
    sequences = GenomeSequences.at(loci, {"toy": genome}, length=10, margin=0)
    spec = DataSpec((TaskSpec("t"),), ("a",), 10)
    labels = np.array([[1.0], [0.0], [1.0]])
    return write_dataset(folder, spec=spec, loci=loci, labels=labels, sequences=sequences)


def test_a_genome_dataset_reads_its_genome_again(genome_dataset, folder):
    again = read_dataset(folder)
    assert isinstance(again.sequences, GenomeSequences)
    assert not (folder / "sequences.npy").exists()
    rows = np.arange(3)
    np.testing.assert_array_equal(again.sequences.gather(rows), genome_dataset.sequences.gather(rows))


def test_a_genome_that_has_changed_or_gone_is_refused(genome_dataset, folder, tmp_path, rng):
    write_fasta(tmp_path / "toy.fa", [random_sequence(rng, 100)], ["chr1"])
    with pytest.raises(UserError, match="genome toy differs from the one"):
        read_dataset(folder)
    (tmp_path / "toy.fa").unlink()
    with pytest.raises(UserError, match="genome toy is not there any more"):
        read_dataset(folder)


def test_a_genome_that_has_moved_is_found_where_it_is_said_to_be(genome_dataset, folder, tmp_path):
    (tmp_path / "toy.fa").rename(tmp_path / "moved.fa")
    again = read_dataset(folder, genomes={"toy": tmp_path / "moved.fa"})
    np.testing.assert_array_equal(again.sequences.gather(np.arange(3)), genome_dataset.sequences.gather(np.arange(3)))


@pytest.mark.parametrize("at_once", [1, 7, 1 << 22])
@pytest.mark.parametrize("values", [(0.0, 1.0), (0.5, 2.0)])
def test_a_row_with_any_label_is_labelled(folder, rng, monkeypatch, at_once, values):
    monkeypatch.setattr("cislearn.data.dataset._AT_ONCE", at_once)
    labels = rng.choice([np.nan, np.nan, *values], (30, 3))
    kind = "binary" if values == (0.0, 1.0) else "regression"
    tasks = tuple(TaskSpec(name, kind) for name in "abc")
    loci = pd.DataFrame({"domain": ["x"] * 30})
    sequences = TableSequences.of(np.zeros((30, 5), dtype=np.uint8))
    dataset = write_dataset(folder, spec=DataSpec(tasks, ("x",), 5, 0), loci=loci, labels=labels, sequences=sequences)
    np.testing.assert_array_equal(dataset.is_labelled, ~np.isnan(labels).all(axis=1))
