from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

import cislearn
from cislearn.cli.main import app
from cislearn.kmers.vectors import read_vectors
from cislearn.reports.vectors import OVERLAP, write_vectors_page


@pytest.mark.parametrize(("stride", "is_told"), [(1, True), (3, False)])
def test_the_page_draws_every_word_and_tells_the_overlap(tiny_data, tmp_path, stride, is_told):
    cislearn.train_kmer_embedding(tiny_data, k=[1, 3], stride=stride, steps=20, out=tmp_path / "v")
    page = write_vectors_page(tmp_path / "v").read_text()
    assert page.count('<svg class="plot"') == 2  # of 64 words; four would make no picture
    assert "Edit distance to AAA" in page
    assert (OVERLAP.split(",")[0] in page) == is_told
    assert "Words of 1 bases" in page
    assert "loss, by chance 2.703" in page
    first = page
    assert write_vectors_page(tmp_path / "v").read_text() == first


def test_long_words_are_dots_of_a_part_of_them(tiny_data, tmp_path):
    cislearn.train_kmer_embedding(tiny_data, k=5, steps=3, out=tmp_path / "v")
    page = write_vectors_page(tmp_path / "v").read_text()
    assert len(re.findall(r"<use ", page)) > 1000


def test_the_verb_learns_and_writes_all(tiny_data, tmp_path):
    options = ["-k", "2", "-k", "3", "--dim", "4", "--steps", "5", "--stride", "3", "--window", "1"]
    done = CliRunner().invoke(app, ["embed", str(tiny_data), "--out", str(tmp_path / "v"), *options])
    assert done.exit_code == 0, done.output
    assert "next: cislearn train" in done.output
    vectors = read_vectors(tmp_path / "v")
    assert {k: tuple(table.shape) for k, table in vectors.tables.items()} == {2: (17, 4), 3: (65, 4)}
    assert (vectors.about["stride"], vectors.about["window"], vectors.about["steps"]) == (3, 1, 5)
    assert (tmp_path / "v" / "report.html").is_file()
