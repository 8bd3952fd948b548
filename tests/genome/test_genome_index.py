"""The cache: found where it should be, never trusted when it should not be."""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest

from cislearn.errors import UserError
from cislearn.genome import genome_index
from cislearn.genome.token_genome import open_genome
from cislearn.sequence.tokens import decode

FASTA = ">chr1\nACGTACGTAC\n>chr2\nGGGG\n"


@pytest.fixture
def fasta(tmp_path, monkeypatch):
    monkeypatch.setenv("CISLEARN_CACHE", str(tmp_path / "user-cache"))
    path = tmp_path / "genomes" / "small.fa"
    path.parent.mkdir()
    path.write_text(FASTA)
    return path


@pytest.fixture
def builds(monkeypatch):
    """Counts how often a FASTA file was turned into tokens."""
    counted = []
    write = genome_index._write
    monkeypatch.setattr(genome_index, "_write", lambda *given: counted.append(given) or write(*given))
    return counted


def beside(fasta):
    return fasta.with_name("small.fa.cislearn")


def first_bases(genome):
    return decode(genome.gather(np.array([0]), np.array([0]), 10)[0])


def refuse_folder(monkeypatch, refused):
    """Make a folder read-only, for root too."""
    mkdir = Path.mkdir

    def guarded(self, *given, **named):
        if self.is_relative_to(refused):
            raise PermissionError(13, "Permission denied")
        mkdir(self, *given, **named)

    monkeypatch.setattr(Path, "mkdir", guarded)


def test_it_stands_beside_the_fasta_and_is_built_once(fasta, builds):
    assert first_bases(open_genome(fasta)) == "ACGTACGTAC"
    assert sorted(entry.name for entry in fasta.parent.iterdir()) == ["small.fa", "small.fa.cislearn"]
    open_genome(fasta)
    assert len(builds) == 1
    index = json.loads((beside(fasta) / "index.json").read_text())
    assert index["size"] == len(FASTA)
    assert [entry["offset"] for entry in index["chromosomes"]] == [0, 10]


def test_a_read_only_folder_sends_it_to_the_users_cache(fasta, builds, monkeypatch, tmp_path):
    refuse_folder(monkeypatch, fasta.parent)
    assert first_bases(open_genome(fasta)) == "ACGTACGTAC"
    assert not beside(fasta).exists()
    assert [entry.name.startswith("small.fa.") for entry in (tmp_path / "user-cache").iterdir()] == [True]
    open_genome(fasta)
    assert len(builds) == 1


def test_without_the_variable_the_users_cache_is_in_the_home_folder(fasta, monkeypatch, tmp_path):
    monkeypatch.delenv("CISLEARN_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    refuse_folder(monkeypatch, fasta.parent)
    genome = open_genome(fasta)
    assert genome.folder.parent == tmp_path / "home" / ".cache" / "cislearn" / "genomes"


def test_a_cache_folder_given_by_name_is_the_only_one_used(fasta, tmp_path):
    genome = open_genome(fasta, cache=tmp_path / "mine")
    assert genome.folder.parent == tmp_path / "mine"
    assert not beside(fasta).exists()


def test_no_folder_at_all_is_told(fasta, monkeypatch, tmp_path):
    refuse_folder(monkeypatch, tmp_path)
    with pytest.raises(UserError, match=r"small\.fa: no folder for its cache can be written") as error:
        open_genome(fasta)
    assert f"{fasta.parent} (Permission denied), {tmp_path / 'user-cache'}" in str(error.value)
    assert "Set CISLEARN_CACHE" in str(error.value)


def test_changed_content_of_the_same_size_is_built_anew(fasta, builds):
    old = open_genome(fasta)
    fasta.write_text(FASTA.replace("GGGG", "CCCC"))
    os.utime(fasta, ns=(1, 1))
    new = open_genome(fasta)
    assert len(builds) == 2
    assert new.hash != old.hash
    assert decode(new.gather(np.array([1]), np.array([0]), 4)[0]) == "CCCC"
    assert decode(old.gather(np.array([1]), np.array([0]), 4)[0]) == "GGGG"  # an open map stays whole


def test_a_touched_file_is_read_again_once_but_not_built(fasta, builds, monkeypatch):
    open_genome(fasta)
    os.utime(fasta, ns=(1, 1))
    open_genome(fasta)
    monkeypatch.setattr(genome_index, "_content_hash", lambda fasta: pytest.fail("read once more"))
    open_genome(fasta)
    assert len(builds) == 1


def test_a_compressed_copy_has_the_same_hash(fasta, tmp_path):
    packed = tmp_path / "small.fa.gz"
    packed.write_bytes(gzip.compress(FASTA.encode()))
    assert open_genome(packed).hash == open_genome(fasta).hash


@pytest.mark.parametrize(
    "damage",
    [
        lambda cache: os.truncate(cache / "bases.u2", 3),
        lambda cache: (cache / "bases.u2").unlink(),
        lambda cache: (cache / "unknown.i8").unlink(),
        lambda cache: (cache / "index.json").unlink(),
        lambda cache: os.truncate(cache / "index.json", 40),
        lambda cache: (cache / "index.json").write_text("[]"),
        lambda cache: (cache / "index.json").write_text('{"made by": "another program"}'),
        lambda cache: (cache / "index.json").write_bytes(b"\xff\xfe"),
        lambda cache: (cache / "index.json").write_text(
            (cache / "index.json").read_text().replace('"format": 2', '"format": 0')
        ),
        lambda cache: (cache / "index.json").write_text(
            (cache / "index.json").read_text().replace('"chr1"', '"chr1\\tthe first"')
        ),
        lambda cache: (shutil.rmtree(cache), cache.write_text("a file")),
    ],
)
def test_a_truncated_or_foreign_cache_is_built_anew(fasta, builds, damage):
    open_genome(fasta)
    damage(beside(fasta))
    assert first_bases(open_genome(fasta)) == "ACGTACGTAC"
    assert len(builds) == 2


def test_an_interrupted_write_leaves_nothing_that_is_accepted(fasta, builds, monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(genome_index, "write_json", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_genome(fasta)
    assert [entry.name for entry in fasta.parent.iterdir()] == ["small.fa"]
    assert first_bases(open_genome(fasta)) == "ACGTACGTAC"


def test_what_a_killed_process_left_is_not_taken_for_a_cache(fasta):
    left = fasta.with_name(".small.fa.cislearn.123.abcd")
    left.mkdir()
    (left / "bases.u2").write_bytes(b"\0\1")
    assert first_bases(open_genome(fasta)) == "ACGTACGTAC"


def test_a_full_disk_is_told_and_leaves_nothing(fasta):
    fasta.write_bytes(b">chr1\n" + b"ACGTTGCA" * (1 << 20))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(UserError, match=r"the cache of small\.fa cannot be written: File too large") as error:
            open_genome(fasta)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "Make room (a byte for four bases)" in str(error.value)
    assert [entry.name for entry in fasta.parent.iterdir()] == ["small.fa"]


def test_a_process_that_was_first_keeps_its_cache(fasta, monkeypatch):
    write = genome_index._write

    def write_while_another_does(fasta, folder, progress):
        index = write(fasta, folder, progress)
        shutil.copytree(folder, beside(fasta))
        (beside(fasta) / "first").touch()
        return index

    monkeypatch.setattr(genome_index, "_write", write_while_another_does)
    assert first_bases(open_genome(fasta)) == "ACGTACGTAC"
    assert (beside(fasta) / "first").exists()
    assert [entry.name for entry in fasta.parent.iterdir() if entry.name.startswith(".")] == []


def test_a_fasta_that_changes_while_it_is_read_is_refused(fasta):
    with pytest.raises(UserError, match=r"small\.fa: changed while it was read"):
        open_genome(fasta, progress=lambda done, size: os.utime(fasta, ns=(done, done)))
    assert not beside(fasta).exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (FASTA + ">chr1 again\nAC\n", "line 5: chromosome chr1 is there twice"),
        ("chr1\t0\t10\nchr1\t5\t15\n", "line 1: a FASTA file begins with '>'"),
        (">p\nMKV\nLLE\n", "line 3: 'L' at position 4 is not a DNA base"),
        ("", "the file is empty"),
    ],
)
def test_bad_genomes_are_refused_and_leave_nothing(fasta, content, message):
    fasta.write_text(content)
    with pytest.raises(UserError) as error:
        open_genome(fasta)
    assert str(error.value).startswith(f"{fasta}")
    assert message in str(error.value)
    assert [entry.name for entry in fasta.parent.iterdir()] == ["small.fa"]


def test_a_missing_genome_is_told(tmp_path):
    with pytest.raises(UserError, match=r"none\.fa: cannot be read: No such file"):
        open_genome(tmp_path / "none.fa")
