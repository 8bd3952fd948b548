"""The whole benchmark: parts, determinism, what trivial rules reach on it, and the way to disk and back."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cislearn.data.dataset import read_dataset
from cislearn.data.simulate import simulate, write_simulated
from cislearn.data.simulate.cells import FOCAL, HELPER
from cislearn.data.simulate.grammar import STATES
from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc
from cislearn.motifs.jaspar import jaspar
from cislearn.sequence.composition import gc_fraction
from cislearn.sequence.hashes import canonical_hash


@pytest.fixture(scope="module")
def simulated():
    return simulate(n_train=3000, n_test=6000)


def best_match(tokens, motif):
    """Highest log-likelihood ratio of a motif over all places and both strands."""
    best = np.full(len(tokens), -np.inf)
    for strand in (motif, motif.reverse_complement()):
        odds = np.log(strand.smoothed() / 0.25)
        n_places = tokens.shape[1] - strand.width + 1
        scores = sum(odds[:, at][tokens[:, at : at + n_places]] for at in range(strand.width))
        best = np.maximum(best, scores.max(axis=1))
    return best


def test_trivial_rules_reach_what_the_prototype_measured(simulated):
    """On the target of `mixed`: two motif matches .823, best focal match .744, G + C .566, knowing the state .977."""
    rows = np.flatnonzero(simulated.loci.domain == "hep")
    labels, tokens = simulated.labels[rows, 0], simulated.tokens[rows]
    focal, helper = best_match(tokens, jaspar(FOCAL)), best_match(tokens, jaspar(HELPER))
    state = simulated.loci.state.iloc[rows].map({name: code for code, name in enumerate(STATES)}).to_numpy()
    assert auroc(labels, focal + helper) == pytest.approx(0.823, abs=0.015)
    assert auroc(labels, focal) == pytest.approx(0.744, abs=0.015)
    assert auroc(labels, gc_fraction(tokens)) == pytest.approx(0.566, abs=0.02)
    assert auroc(labels, state) == pytest.approx(0.9775, abs=0.005)


def test_parts_and_shapes(simulated):
    counts = simulated.loci.groupby(["domain", "part"]).size().to_dict()
    expected = {"train": 2700, "valid": 300, "test": 6000}
    assert counts == {(domain, part): n for domain in ("ery", "hep") for part, n in expected.items()}
    assert simulated.tokens.shape == (18_000, 101)
    assert simulated.tokens.max() == 3
    assert simulated.labels.shape == (18_000, 1)
    assert simulated.loci.name.is_unique
    assert simulated.spec.domains == ("ery", "hep")
    valid = simulated.loci.index[simulated.loci.part == "valid"].to_numpy()
    assert valid[valid < 9000].mean() == pytest.approx(1500, abs=250)


def test_no_window_stands_twice(simulated):
    assert len(np.unique(canonical_hash(simulated.tokens))) == len(simulated.tokens)


def test_truth_rows_are_dataset_rows(simulated):
    has_focal = np.isin(np.arange(18_000), simulated.truth.row[simulated.truth.motif == "GABPA"])
    np.testing.assert_array_equal(has_focal, simulated.loci.state.isin(["near", "far", "focal"]))


def test_same_seed_same_windows_and_domains_do_not_disturb_each_other():
    small = {"n_train": 100, "n_test": 20}
    first, again, other = simulate(**small), simulate(**small), simulate(**small, seed=1)
    np.testing.assert_array_equal(first.tokens, again.tokens)
    pd.testing.assert_frame_equal(first.loci, again.loci)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    assert (first.tokens != other.tokens).any(axis=1).all()
    three = simulate(**small, sources=("ery", "bcell"))
    np.testing.assert_array_equal(three.tokens[-120:], first.tokens[-120:])
    assert three.spec.domains == ("ery", "bcell", "hep")


def test_provenance_says_all_and_is_json(simulated):
    told = json.loads(json.dumps(simulated.provenance))["simulated"]
    assert told["family"] == "mixed"
    assert told["recipes"]["hep"]["gc"] == 0.42
    assert told["recipes"]["hep"]["cofactors"]["MA0114.5"] == [0.8, 0.1]
    parameters = {key: value for key, value in told.items() if key != "recipes"}
    np.testing.assert_array_equal(simulate(**parameters).tokens, simulated.tokens)


def test_to_disk_and_back(tmp_path):
    simulated = simulate("label", severity=0.5, n_train=200, n_test=50, length=120)
    written = write_simulated(tmp_path / "sim", simulated)
    dataset = read_dataset(tmp_path / "sim")
    assert dataset.hash == written.hash
    assert dataset.spec == simulated.spec
    np.testing.assert_array_equal(dataset.sequences.gather(np.arange(500)), simulated.tokens)
    np.testing.assert_array_equal(dataset.labels, simulated.labels)
    assert list(dataset.loci.part) == list(simulated.loci.part)
    assert list(dataset.loci.state) == list(simulated.loci.state)
    pd.testing.assert_frame_equal(dataset.truth, simulated.truth, check_dtype=False)
    assert dataset.provenance == simulated.provenance
    with pytest.raises(UserError, match="exists already"):
        write_simulated(tmp_path / "sim", simulated)
    write_simulated(tmp_path / "sim", simulated, overwrite=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"family": "mxied"}, "did you mean mixed"),
        ({"length": 80}, "at least 93 bp"),
        ({"n_train": 5}, "n_train 5"),
        ({"n_test": -1}, "n_test -1"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_what_cannot_be_is_told(arguments, words):
    with pytest.raises(UserError, match=words):
        simulate(**({"n_train": 20, "n_test": 0} | arguments))
