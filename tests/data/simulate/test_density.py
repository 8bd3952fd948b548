"""The density of motifs: counts, labels, parts, and the flaw of shared backgrounds, each counted in the windows."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.data.simulate import simulate_density, write_simulated
from cislearn.data.simulate.density import COPIES, FACTORS, SHARES
from cislearn.errors import UserError
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.matrix import Motif
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode

N = 2000


@pytest.fixture(scope="module")
def simulated():
    return simulate_density(n=N, seed=3)


def test_each_factor_has_one_to_three_of_its_own_motif_as_a_cut_poisson_has_them(simulated):
    copies = simulated.truth.groupby("row").size()
    assert len(copies) == 3 * N and copies.between(*COPIES).all()
    poisson = np.exp(-2.0)
    one, two = poisson * (1 + 2), poisson * 2
    shares = copies.value_counts(normalize=True)
    np.testing.assert_allclose([shares[1], shares[2], shares[3]], [one, two, 1 - one - two], atol=0.02)
    names = np.array([jaspar(identifier).name for identifier in FACTORS.values()])
    assert (names[simulated.truth["row"] // N] == simulated.truth["motif"]).all()


def test_motifs_lie_on_either_strand_apart_from_each_other_and_read_as_their_matrix(simulated):
    truth = simulated.truth.sort_values(["row", "start"])
    same = truth["row"].to_numpy()[1:] == truth["row"].to_numpy()[:-1]
    assert (truth["start"].to_numpy()[1:][same] >= truth["end"].to_numpy()[:-1][same]).all()
    assert abs((truth["strand"] == "-").mean() - 0.5) < 0.02
    mine = truth[(truth["motif"] == jaspar(FACTORS["ELF1"]).name)].head(2000)
    sites = np.stack(
        [simulated.tokens[r, s:e] for r, s, e in zip(mine["row"], mine["start"], mine["end"], strict=True)]
    )
    minus = (mine["strand"] == "-").to_numpy()
    sites[minus] = reverse_complement(sites[minus])
    found = np.stack([(sites == base).mean(axis=0) for base in range(4)])
    np.testing.assert_allclose(found, jaspar(FACTORS["ELF1"]).smoothed(0.25), atol=0.05)


def test_a_fifth_of_the_training_labels_is_turned_and_no_other(simulated):
    clean = simulated.loci[[f"clean_{task}" for task in FACTORS]].to_numpy()
    assert (clean.sum(axis=1) == 1).all() and (clean.argmax(axis=1) == np.arange(3 * N) // N).all()
    is_train = (simulated.loci["part"] == "train").to_numpy()
    turned = simulated.labels != clean
    assert not turned[~is_train].any()
    np.testing.assert_allclose(turned[is_train].mean(axis=0), 0.2, atol=0.03)
    shares = simulated.loci["part"].value_counts(normalize=True)
    assert {part: round(shares[part], 3) for part in SHARES} == SHARES


def test_the_background_has_its_frequencies_and_is_shared_only_where_asked():
    """The published recipe's one seed: the same bases between the motifs of three factors."""
    own, shared = (simulate_density(n=300, length=200, shared_background=s, seed=1) for s in (False, True))
    frequencies = np.bincount(own.tokens.ravel(), minlength=4) / own.tokens.size
    np.testing.assert_allclose(frequencies, [0.3, 0.2, 0.2, 0.3], atol=0.03)
    alike = [(each.tokens[:300] == each.tokens[300:600]).mean() for each in (own, shared)]
    assert alike[0] < 0.3 and alike[1] > 0.75


def test_motifs_of_ones_own_are_those_that_are_planted():
    """Two motifs of one word each: every planted site is that word, and tasks and provenance take their names."""
    words = {"left": "ACCGGAAGTA", "right": "TTGATAAGGC"}
    motifs = {n: Motif(n, f"{n}_1", np.eye(4)[:, ["ACGT".index(b) for b in word]], 1e6) for n, word in words.items()}
    drawn = simulate_density(n=100, length=100, motifs=motifs, seed=2)
    assert [task.name for task in drawn.spec.tasks] == list(words)
    assert drawn.provenance["simulated"]["motifs"] == {"left": "left_1", "right": "right_1"}
    for site in drawn.truth.itertuples():
        read = drawn.tokens[site.row, site.start : site.end]
        assert decode(reverse_complement(read) if site.strand == "-" else read) == words[site.motif]


def test_the_same_seed_gives_the_same_dataset_and_another_one_does_not(tmp_path):
    one, two, other = (
        write_simulated(tmp_path / str(k), simulate_density(n=50, seed=seed)) for k, seed in enumerate((1, 1, 2))
    )
    assert one.hash == two.hash != other.hash
    assert [task.name for task in one.spec.tasks] == list(FACTORS)


@pytest.mark.parametrize("bad", [{"length": 60}, {"n": 5}, {"flipped": 0.5}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(bad):
    with pytest.raises(UserError):
        simulate_density(**bad)
