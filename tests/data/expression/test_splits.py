"""Splits of genes and conditions: what is tested was not trained on, in whatever sense the split says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.data.expression.clusters import promoter_clusters
from cislearn.data.expression.series import gasch_series, series_codes
from cislearn.data.expression.splits import FOLDS, SPLITS, Groups, deal_groups, refuse_few, seen_in_training
from cislearn.data.sequences import TableSequences
from cislearn.errors import UserError
from cislearn.sequence.strand import reverse_complement

GROUPS = Groups(np.repeat(np.arange(30), 4), np.repeat(np.arange(10), [5, 4, 3, 2, 1, 1, 2, 3, 2, 7]))
IN_ORDER = ("conditions in file order", "genes in file order")


@pytest.mark.parametrize("way", SPLITS)
def test_parts_share_no_pair_and_each_is_there(way):
    for fold in SPLITS[way](GROUPS, 0):
        assert fold.train.shape == (120, 30)
        assert not (fold.train & fold.valid).any() and not ((fold.train | fold.valid) & fold.test).any()
        assert not (fold.refit & fold.test).any() and fold.refit[fold.train].all()
        assert all(mask.any() for mask in fold)
        assert np.array_equal(fold.refit, fold.train) == (way in IN_ORDER)


@pytest.mark.parametrize("way", [way for way in SPLITS if way not in (*IN_ORDER, "both")])
def test_over_the_folds_each_pair_is_tested_once(way):
    assert (np.sum([fold.test for fold in SPLITS[way](GROUPS, 0)], axis=0) == 1).all()


SEEN = {
    "pair": (1, 1, 1, 1),
    "condition": (1, 1, 0, None),
    "series": (1, 1, 0, 0),
    "gene": (0, 0, 1, 1),
    "both": (0, 0, 0, 0),
    "conditions in file order": (1, 1, 0, None),
    "genes in file order": (0, 0, 1, 1),
}


@pytest.mark.parametrize("way", SPLITS)
def test_what_a_split_leaks_is_told(way):
    """trap 19: a random split of pairs knows gene and condition of all that it tests; the others say what they know."""
    found = seen_in_training(SPLITS[way](GROUPS, 0), GROUPS)
    for name, share, expected in zip(found._fields, found, SEEN[way], strict=True):
        assert share > 0 if expected is None else share == expected, name


def test_promoters_that_are_shared_over_file_order_are_counted():
    groups = Groups(np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 0]), np.arange(3))
    assert seen_in_training(SPLITS["genes in file order"](groups, 0), groups).promoter == 1


@pytest.mark.parametrize(
    ("way", "genes", "conditions"),
    [
        ("series", 2, 5),
        ("condition", 2, 5),
        ("gene", 5, 2),
        ("both", 5, 5),
        ("pair", 1, 5),
        ("conditions in file order", 2, 6),
        ("genes in file order", 6, 2),
    ],
)
def test_as_many_as_are_needed_are_split_and_one_fewer_is_refused(way, genes, conditions):
    """As is a fold whose tested pairs have no label."""
    for lacking in (0, 1):
        n, m = (size - lacking if size >= FOLDS else size for size in (genes, conditions))
        groups = Groups(np.arange(n), np.arange(m))
        folds, measured = SPLITS[way](groups, 0), np.ones((n, m), dtype=bool)
        if not lacking:
            refuse_few(way, folds, groups, measured)
            measured[folds[-1].test] = False
        with pytest.raises(UserError, match=f"{n} clusters of genes and {m} conditions in {m} series"):
            refuse_few(way, folds, groups, measured)


def test_file_order_is_that_of_the_publication():
    """80, 10 and 10 of 100."""
    (fold,) = SPLITS["conditions in file order"](Groups(np.arange(2), np.arange(100)), 0)
    assert [np.flatnonzero(mask[0])[[0, -1]].tolist() for mask in fold] == [[0, 79], [80, 89], [0, 79], [90, 99]]


@given(st.lists(st.integers(0, 8), min_size=5, max_size=60), st.integers(0, 5))
def test_groups_stay_whole_and_folds_are_about_even(groups, seed):
    codes = np.array(groups)
    fold = deal_groups(codes, FOLDS, seed)
    assert all(len(set(fold[codes == group])) == 1 for group in set(groups))
    sizes = np.bincount(fold, minlength=FOLDS)
    assert sizes.max() - sizes.min() <= np.bincount(codes).max()


def test_promoters_that_overlap_on_either_strand_are_of_one_cluster(rng):
    tokens = rng.integers(0, 4, (6, 1000)).astype(np.uint8)
    tokens[1, :200] = tokens[0, -200:]
    tokens[2] = reverse_complement(tokens[3:4])[0]
    tokens[5, :60] = tokens[4, -60:]
    found = promoter_clusters(TableSequences.of(tokens))
    assert found[0] == found[1] and found[2] == found[3]
    assert len(set(found.tolist())) == 4


def test_the_series_are_those_of_the_matrix(shared_data):
    table = gasch_series()
    header = pd.read_csv(shared_data / "yeast" / "gasch2000.tsv.gz", sep="\t", nrows=0).columns[1:]
    assert list(table["condition"]) == [name.strip() for name in header]


def test_there_are_23_series():
    table = gasch_series()
    sizes = table.groupby("series").size()
    assert len(table) == 163 and len(sizes) == 23
    assert sizes[["heat shock 1", "YPD 1", "H2O2", "overexpression"]].tolist() == [8, 12, 10, 3]
    assert len(set(series_codes([*table["condition"], "mine", "mine too"], table).tolist())) == 25
