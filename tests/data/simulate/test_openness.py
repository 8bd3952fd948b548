"""The family `openness`: one set of loci for all cells, their openness, and the coverage that tells it."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.data.dataset import read_dataset
from cislearn.data.leaks import find_leaks
from cislearn.data.simulate import simulate, write_simulated
from cislearn.data.simulate.openness import OPEN
from cislearn.data.split import split_rows
from cislearn.errors import UserError


@pytest.fixture(scope="module")
def simulated():
    return simulate("openness", n_train=3000, n_test=1000, sources=("ery", "bcell"), seed=2)


def of_cells(simulated, values):
    """Values of the same loci, one row a cell."""
    return values.reshape(len(simulated.spec.domains), -1)


def has_motif(simulated, motif):
    return np.isin(np.arange(len(simulated.tokens)), simulated.truth.row[simulated.truth.motif == motif])


def test_all_cells_have_the_same_loci_in_the_same_parts(simulated):
    cells = simulated.tokens.reshape(3, 4000, 101)
    assert (cells == cells[0]).all()
    parts = of_cells(simulated, simulated.loci["part"].to_numpy())
    assert (parts == parts[0]).all() and set(parts[0]) == {"train", "valid", "test"}


def test_bound_is_motif_and_open(simulated):
    labels = of_cells(simulated, simulated.labels[:, 0]).astype(bool)
    site = of_cells(simulated, has_motif(simulated, "GABPA"))
    assert not (labels & ~site).any()
    assert labels.mean() == pytest.approx(0.25, abs=0.03)
    assert (labels[0] != labels[2])[site[0]].mean() > 0.3  # open in one cell and closed in the other


def test_a_cell_opens_what_has_its_own_cofactor(simulated):
    labels = of_cells(simulated, simulated.labels[:, 0]).astype(bool)
    site = of_cells(simulated, has_motif(simulated, "GABPA"))[0]
    for cell, motif in enumerate(("GATA1", "EBF1", "HNF4A")):
        cofactor = of_cells(simulated, has_motif(simulated, motif))[0]
        for present, expected in enumerate(OPEN):
            rows = site & (cofactor == bool(present))
            assert labels[cell, rows].mean() == pytest.approx(expected, abs=0.04)
        others = [other for other in range(3) if other != cell]
        assert all(labels[other, site & cofactor].mean() == pytest.approx(0.5, abs=0.06) for other in others)


def test_the_track_is_high_where_a_locus_is_open_whatever_the_depth(simulated):
    signal = of_cells(simulated, simulated.tracks.values[:, 0, 30:71].astype(float).mean(axis=1))
    labels = of_cells(simulated, simulated.labels[:, 0]).astype(bool)
    for cell in range(3):
        assert signal[cell][labels[cell]].mean() > 1.5 * signal[cell][~labels[cell]].mean()
    closed = np.quantile(signal, 0.2, axis=1)
    assert closed.max() - closed.min() < 0.1


def test_severity_zero_opens_the_same_loci_everywhere():
    alike = simulate("openness", severity=0.0, n_train=400, n_test=0)
    labels = of_cells(alike, alike.labels[:, 0])
    assert (labels[0] == labels[1]).all()
    half = simulate("openness", severity=0.5, n_train=4000, n_test=0)
    labels, site = of_cells(half, half.labels[:, 0]), of_cells(half, has_motif(half, "GABPA"))[0]
    assert (labels[0] != labels[1])[site].mean() == pytest.approx(0.25, abs=0.03)


def test_same_seed_same_tracks_and_the_way_to_disk(tmp_path):
    one, again, other = (simulate("openness", n_train=50, n_test=10, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.tracks.values, again.tracks.values)
    assert (one.tracks.values != other.tracks.values).any()
    written = write_simulated(tmp_path / "sim", one)
    dataset = read_dataset(tmp_path / "sim")
    np.testing.assert_array_equal(dataset.tracks.values, one.tracks.values)
    assert dataset.spec == one.spec and dataset.hash == written.hash
    assert not find_leaks(dataset, split_rows(dataset, by="given").part).rows.any()


def test_a_name_nearly_right_is_told():
    with pytest.raises(UserError, match="did you mean openness"):
        simulate("opennes", n_train=20, n_test=0)


def test_other_families_have_no_track():
    assert simulate("mixed", n_train=20, n_test=0).tracks is None
