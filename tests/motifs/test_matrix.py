"""The matrix, its instances, and the packaged collection."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cislearn.errors import UserError
from cislearn.motifs.jaspar import jaspar, jaspar_vertebrates
from cislearn.motifs.matrix import Motif
from cislearn.motifs.sampling import sample_instances
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode


def test_packaged_collection():
    assert len(jaspar_vertebrates()) == 879
    gabpa = jaspar("MA0062.4")
    assert (gabpa.name, gabpa.width, gabpa.n_sites) == ("GABPA", 10, 65479)
    assert decode(gabpa.probabilities.argmax(0).astype(np.uint8)) in ("ACAGGAAGTG", "CACTTCCTGT")
    assert jaspar("MA0099.4").name == "FOS::JUN"
    assert jaspar("MA0062.4") is gabpa
    assert all(np.allclose(motif.probabilities.sum(0), 1) for motif in jaspar_vertebrates().values())


@pytest.mark.parametrize(
    ("name", "words"), [("MA0062.9", "mean MA0062.4"), ("gabpa", r"mean MA0062.4 \(GABPA"), ("me", "'me'\n")]
)
def test_unknown_identifier_names_the_nearest(name, words):
    with pytest.raises(UserError, match=words) as caught:
        jaspar(name)
    assert len(str(caught.value)) < 250


def test_smoothing_by_hand():
    motif = Motif("m", "m", np.array([[1.0], [0], [0], [0]]), n_sites=3.0)
    np.testing.assert_allclose(motif.smoothed()[:, 0], [3.25 / 4, 0.25 / 4, 0.25 / 4, 0.25 / 4])
    np.testing.assert_allclose(motif.smoothed(1.0)[:, 0], [4 / 7, 1 / 7, 1 / 7, 1 / 7])


def test_instances_follow_the_matrix(rng):
    motif = Motif("m", "m", np.array([[0.7, 0, 0.25], [0.1, 1, 0.25], [0.2, 0, 0.25], [0, 0, 0.25]]), n_sites=10.0)
    instances = sample_instances(motif, 40_000, rng)
    assert instances.dtype == np.uint8
    shares = (instances[:, :, None] == np.arange(4)).mean(0).T
    np.testing.assert_allclose(shares, motif.smoothed(), atol=0.01)
    # Positions are independent: the joint share of two bases is the product.
    joint = ((instances[:, 0] == 0) & (instances[:, 2] == 3)).mean()
    assert joint == pytest.approx(shares[0, 0] * shares[3, 2], abs=0.01)


def test_reverse_complement_of_a_motif_gives_reverse_complement_instances():
    """trap 1: in the order ACGT the complement of a base is the flip of the rows."""
    motif = Motif("m", "m", np.eye(4)[:, [0, 1, 1, 3]], n_sites=1e9)
    forward = sample_instances(motif, 1, np.random.default_rng(0))
    backward = sample_instances(motif.reverse_complement(), 1, np.random.default_rng(0))
    assert decode(forward[0]) == "ACCT"
    np.testing.assert_array_equal(backward, reverse_complement(forward))
    np.testing.assert_array_equal(motif.reverse_complement().reverse_complement().probabilities, motif.probabilities)


def test_nothing_heavy_is_imported():
    code = (
        "import sys, cislearn.motifs.jaspar as j; j.jaspar('MA0062.4'); print({'torch', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
