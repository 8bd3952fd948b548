from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

import cislearn
from cislearn.data.dataset import read_dataset
from cislearn.errors import UserError
from cislearn.kmers import learning
from cislearn.kmers.likeness import digits_of, edit_distances, likeness
from cislearn.kmers.vectors import read_vectors
from cislearn.kmers.words import spell

QUICK = {"steps": 20, "batch": 8, "dim": 4}


def test_vectors_come_back_as_they_were_written(tiny_data, tmp_path):
    learned = cislearn.train_kmer_embedding(tiny_data, k=[3, 2], out=tmp_path / "v", window=1, stride=3, **QUICK)
    found = read_vectors(tmp_path / "v")
    assert list(found.tables) == [2, 3]
    assert all(torch.equal(found.tables[k], table) for k, table in learned.tables.items())
    assert found.hash == learned.hash
    assert found.about == learned.about
    table = pd.read_csv(tmp_path / "v" / "words_2.tsv", sep="\t", keep_default_na=False)
    assert list(table["word"]) == spell(2) and list(table["gc"][:6]) == [0, 1, 1, 0, 1, 2]
    np.testing.assert_allclose(table.filter(like="v").to_numpy(), learned.tables[2][:16], rtol=1e-4)
    values = json.loads((tmp_path / "v" / "kmers.json").read_text())
    assert values["words"]["2"] == [*spell(2), "N"]
    assert (values["k"], values["dim"], values["window"], values["stride"]) == ([2, 3], 4, 1, 3)
    assert values["dataset"]["hash"] == read_dataset(tiny_data).hash


def test_no_label_is_read(tiny_data):
    dataset = read_dataset(tiny_data)
    learned = cislearn.train_kmer_embedding(dataset, **QUICK)

    class Hidden(type(dataset)):
        def __getattribute__(self, name):
            assert name not in ("labels", "labels_float", "is_labelled"), "a label was looked at"
            return super().__getattribute__(name)

    object.__setattr__(dataset, "__class__", Hidden)
    assert cislearn.train_kmer_embedding(dataset, **QUICK).hash == learned.hash


def test_of_many_windows_some_are_drawn(tiny_data, monkeypatch):
    monkeypatch.setattr(learning, "MOST_BASES", 7 * 101)
    assert cislearn.train_kmer_embedding(tiny_data, **QUICK).about["dataset"]["windows"] == 7


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"k": 9}, "1 to 8"),
        ({"k": []}, "no length"),
        ({"dim": 0}, "dim 0"),
        ({"stride": 200}, "no two words of 3 lie 200 bp apart"),
    ],
)
def test_options_without_sense_are_refused(tiny_data, options, reason):
    with pytest.raises(UserError, match=reason):
        cislearn.train_kmer_embedding(tiny_data, **options)


def test_a_folder_that_is_taken_absent_or_cut_short_is_refused(tiny_data, tmp_path):
    cislearn.train_kmer_embedding(tiny_data, out=tmp_path / "v", **QUICK)
    with pytest.raises(UserError, match="exists already"):
        cislearn.train_kmer_embedding(tiny_data, out=tmp_path / "v", **QUICK)
    with pytest.raises(UserError, match="holds no vectors"):
        read_vectors(tmp_path)
    tables = tmp_path / "v" / "kmers.safetensors"
    tables.write_bytes(tables.read_bytes()[:100])
    with pytest.raises(UserError, match="not whole"):
        read_vectors(tmp_path / "v")


def slow_distance(one, other):
    if not one or not other:
        return len(one) + len(other)
    return min(
        slow_distance(one[1:], other) + 1,
        slow_distance(one, other[1:]) + 1,
        slow_distance(one[1:], other[1:]) + (one[0] != other[0]),
    )


def test_edit_distances_are_those_of_the_recursion():
    words, digits = spell(3), digits_of(3)
    one, other = np.triu_indices(64)
    found = edit_distances(digits[one], digits[other])
    assert found.tolist() == [slow_distance(words[a], words[b]) for a, b in zip(one, other, strict=True)]


def test_likeness_of_vectors_that_spell_their_words():
    letters = np.eye(4)[digits_of(3)].reshape(64, 12)
    spelled = likeness(np.vstack([letters, np.zeros(12)]), 3)
    assert spelled.correlation < -0.7
    assert spelled.by_distance[1] == pytest.approx(2 / 3)
    counted = likeness(np.vstack([letters.reshape(64, 3, 4).sum(1), np.zeros(4)]), 3)
    assert counted.overlapping > counted.others + 0.2
    random = likeness(np.random.default_rng(0).normal(size=(65, 16)), 3)
    assert abs(random.correlation) < 0.1


def test_likeness_of_long_words_is_of_pairs_that_are_drawn():
    found = likeness(np.random.default_rng(0).normal(size=(4**6 + 1, 8)), 6)
    assert abs(found.correlation) < 0.05
    assert abs(found.overlapping - found.others) < 0.05
