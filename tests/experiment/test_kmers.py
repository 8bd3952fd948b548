"""Experiments whose encoders read words: `model.input: kmers`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import cislearn
from cislearn.errors import UserError
from cislearn.experiment.reading import make_config
from cislearn.models.saving import load_network
from tests.conftest import TINY

WORDS = {"name": "kmers", "dim": 4}


@pytest.fixture(scope="module")
def vectors(tiny_data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kmers") / "vectors"
    cislearn.train_kmer_embedding(tiny_data, k=[2, 3], dim=4, steps=20, out=folder)
    return folder


def trained(data: Path, out: Path, methods=("supervised",), **settings) -> Path:
    cislearn.train(data, target="hep", methods=list(methods), seeds=1, out=out, settings=TINY | settings)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("strands", ["post_hoc", "conjoined"])
def test_an_experiment_on_words_is_trained_and_loaded(tiny_data, vectors, tmp_path, strands):
    words = WORDS | {"k": [2, 3], "vectors": str(vectors)}
    settings = {"model.input": words, "model.reverse_complement": strands}
    out = trained(tiny_data, tmp_path / "e", ["source_only", "adversarial"], **settings)
    model = cislearn.load_model(out)
    tokens = torch.randint(0, 5, (3, 101), dtype=torch.uint8)
    assert torch.isfinite(model(model.embed(tokens))).all()
    run = out / "adversarial" / "seed-0"
    assert json.loads((run / "model.json").read_text())["kmers"] == {"k": [2, 3], "dim": 4, "frozen": False}


def test_frozen_vectors_end_as_they_began_and_others_do_not(tiny_data, vectors, tmp_path):
    given = cislearn.kmers.vectors.read_vectors(vectors).tables[3]
    ratios = {}
    for frozen in (True, False):
        words = WORDS | {"vectors": str(vectors), "frozen": frozen}
        out = trained(tiny_data, tmp_path / str(frozen), **{"model.input": words})
        found = load_network(out / "supervised" / "seed-0").kmers.vectors_3.detach()
        ratios[frozen] = found[:-1] / given[:-1]
        assert not found[-1].any()
    torch.testing.assert_close(ratios[True], ratios[True][0, 0].expand(64, 4))
    assert ratios[False].std() > 1e-4


@pytest.mark.slow
def test_runs_of_other_vectors_are_others(tiny_data, vectors, tmp_path):
    """A run's identity goes by the numbers of its vectors, not by their folder."""
    moved, other = tmp_path / "moved", tmp_path / "other"
    vectors_of = cislearn.kmers.vectors.read_vectors(vectors)
    vectors_of.write(moved)
    cislearn.train_kmer_embedding(tiny_data, dim=4, steps=30, out=other)
    out = trained(tiny_data, tmp_path / "e", **{"model.input": WORDS | {"vectors": str(vectors)}})
    made = (out / "supervised" / "seed-0" / "model.safetensors").stat().st_mtime_ns
    trained(tiny_data, out, **{"model.input": WORDS | {"vectors": str(moved)}})
    assert (out / "supervised" / "seed-0" / "model.safetensors").stat().st_mtime_ns == made
    with pytest.raises(UserError, match="another configuration"):
        trained(tiny_data, out, **{"model.input": WORDS | {"vectors": str(other)}})


@pytest.mark.slow
def test_a_head_alone_begins_with_the_words_of_the_run_it_is_of(tiny_data, tmp_path):
    first = trained(tiny_data, tmp_path / "first", **{"model.input": WORDS})
    begin = {"training.init_from": str(first), "training.train_only": "head"}
    second = trained(tiny_data, tmp_path / "second", **{"model.input": WORDS} | begin)
    one, two = (load_network(out / "supervised" / "seed-0") for out in (first, second))
    torch.testing.assert_close(one.kmers.vectors_3, two.kmers.vectors_3, rtol=0, atol=0)
    for words in ({"name": "one_hot"}, WORDS | {"k": [2]}):
        with pytest.raises(UserError, match="another encoder, input"):
            trained(tiny_data, tmp_path / "third", **{"model.input": words} | begin)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"name": "one_hot", "k": 3, "dim": 8}, "are of words"),
        ({"name": "kmers", "k": 9}, "less than or equal to 8"),
        ({"name": "kmers", "k": [3, 3]}, "twice"),
        ({"name": "kmers", "k": []}, "at least 1"),
        ("words", "one_hot"),
    ],
)
def test_an_input_without_sense_is_refused(words, reason):
    with pytest.raises(UserError, match=reason):
        make_config({"data": {"path": "x"}, "model": {"input": words}}, [], where="test")


def test_one_length_is_a_list_of_one_and_lengths_are_sorted():
    def words(value):
        return make_config({"data": {"path": "x"}, "model": {"input": value}}, [], where="test").model.input

    assert words("kmers").kmers == {"k": [3], "dim": 16, "frozen": False}
    assert words({"name": "kmers", "k": 5}).k == [5]
    assert words({"name": "kmers", "k": [6, 2, 4]}).k == [2, 4, 6]
    assert words("one_hot").kmers == {}


def test_vectors_that_are_not_there_are_told_before_training(tiny_data, tmp_path):
    with pytest.raises(UserError, match="holds no vectors"):
        trained(tiny_data, tmp_path / "e", **{"model.input": WORDS | {"vectors": str(tmp_path)}})
