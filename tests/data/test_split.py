from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cislearn.data.clusters import cluster_starts, locus_clusters, overlaps_any
from cislearn.data.deal import deal_in_ranks, deal_one_by_one, salted
from cislearn.data.split import LEFT_OUT, TEST, TRAIN, VALID, split_rows
from cislearn.errors import UserError
from cislearn.schema import TaskSpec
from cislearn.sequence.strand import reverse_complement

from .examples import places, small_dataset

intervals = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), min_size=1, max_size=25)


@given(intervals)
def test_clusters_are_the_connected_components_of_overlap(pairs):
    start = np.array([s for s, _ in pairs])
    end = start + np.array([n for _, n in pairs])
    group = np.arange(len(pairs))
    for _ in pairs:  # as many rounds as the longest chain can need
        for i in range(len(pairs)):
            touching = (start < end[i]) & (start[i] < end)
            group[touching] = group[touching].min()
    found = cluster_starts(start, end)
    np.testing.assert_array_equal(found[:, None] == found, group[:, None] == group)
    assert all(found[k] == start[group == group[k]].min() for k in range(len(pairs)))


@given(intervals, intervals)
def test_overlaps_against_all_pairs(mine, others):
    a, b = np.array(mine), np.array(others)
    found = overlaps_any(a[:, 0], a.sum(axis=1), b[:, 0], b.sum(axis=1))
    expected = [any(s < t + m and t < s + n for t, m in others) for s, n in mine]
    assert found.tolist() == expected


def test_groups_dealt_one_by_one_come_near_to_the_shares(rng):
    counts = rng.integers(1, 50, (200, 3)).astype(float)
    shares = np.array([0.7, 0.1, 0.2])
    part = deal_one_by_one(counts, shares, salted(np.arange(200, dtype=np.uint64), 0), np.full(200, -1, np.int8))
    for code, share in enumerate(shares):
        np.testing.assert_allclose(counts[part == code].sum(axis=0) / counts.sum(axis=0), share, atol=0.03)


def test_groups_dealt_in_ranks_come_near_to_the_shares_in_each_stratum(rng):
    sizes, stratum = rng.integers(1, 4, 30_000), rng.integers(0, 3, 30_000)
    part = deal_in_ranks(sizes, stratum, salted(np.arange(30_000, dtype=np.uint64), 0), np.array([0.7, 0.1, 0.2]))
    for s in range(3):
        shares = np.bincount(part, weights=sizes * (stratum == s)) / sizes[stratum == s].sum()
        np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.002)


def two_cells(folder, rng, n=600, chromosomes=8, negatives_on=None):
    """Two cell types that share a third of their windows."""
    chrom = rng.integers(1, chromosomes + 1, n)
    start = rng.integers(0, 40_000_000, n)
    labels = np.tile([1.0, 0.0], n // 2)
    if negatives_on:
        chrom = np.where(labels == 0, negatives_on, chrom)
    loci = places([f"chr{k}" for k in chrom], start)
    shared = loci.iloc[: n // 3].assign(start=lambda x: x["start"] + 4, end=lambda x: x["end"] + 4)
    both = pd.concat([loci.assign(domain="a"), shared.assign(domain="b")], ignore_index=True)
    return small_dataset(folder, both, np.concatenate([labels, labels[: n // 3]]))


def assert_no_locus_is_in_two_parts(dataset, part):
    table = dataset.loci.assign(part=part).sort_values(["chrom", "start"])
    overlap = (table["chrom"] == table["chrom"].shift()) & (table["start"] < table["end"].shift())
    assert (table["part"] == table["part"].shift())[overlap].all()
    assert overlap.sum() > 100


@pytest.mark.parametrize("by", ["auto", "chromosome", "block"])
def test_a_locus_is_in_one_part_whatever_cell_types_it_is_seen_in(tmp_path, rng, by):
    """trap 19: windows of one locus, shifted and in another cell type, are never divided between train and test."""
    dataset = two_cells(tmp_path / "d", rng)
    result = split_rows(dataset, by=by, block=2_000_000)
    assert_no_locus_is_in_two_parts(dataset, result.part)
    shares = np.bincount(result.part, minlength=3) / len(dataset)
    np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.06)
    for domain in (0, 1):
        for label in (0, 1):
            rows = (dataset.domain_codes == domain) & (dataset.labels[:, 0] == label)
            assert set(result.part[rows]) == {TRAIN, VALID, TEST}


def test_auto_prefers_chromosomes(tmp_path, rng):
    dataset = two_cells(tmp_path / "d", rng)
    result = split_rows(dataset)
    assert result.how == "chromosome"
    for part in (TRAIN, VALID, TEST):
        mine = set(dataset.loci["chrom"][result.part == part])
        assert not mine & set(dataset.loci["chrom"][result.part != part])


def test_negatives_on_one_chromosome_lead_to_blocks_with_the_reason(tmp_path, rng):
    dataset = two_cells(tmp_path / "d", rng, negatives_on=1)
    with pytest.raises(UserError, match=r"split by chromosome leaves no negative rows of domain 'a' for (train|valid)"):
        split_rows(dataset, by="chromosome")
    result = split_rows(dataset)
    assert result.how == "block"
    assert result.notes[0].startswith(
        "all negatives lie on chr1, so a split by chromosome leaves none for other parts; "
    )
    assert_no_locus_is_in_two_parts(dataset, result.part)


def test_rows_that_are_negative_for_all_tasks_count_as_a_class(tmp_path, rng):
    """As in a table of many factors: each has negatives everywhere, and the true background lies on one chromosome."""
    chrom = np.repeat([1, 2, 3, 4, 5, 6], 100)
    labels = np.stack([np.tile([1.0, 0.0], 300), np.tile([0.0, 1.0], 300)], axis=1)
    labels[:100:2] = 0
    dataset = small_dataset(tmp_path / "d", places([f"chr{k}" for k in chrom], rng.integers(0, 10**8, 600)), labels)
    result = split_rows(dataset)
    assert result.how == "block"
    background = (dataset.labels == 0).all(axis=1)
    assert set(result.part[background]) == {TRAIN, VALID, TEST}


def test_named_chromosomes(tmp_path, rng):
    dataset = two_cells(tmp_path / "d", rng)
    result = split_rows(dataset, valid=["chr2"], test=["chr3", "chr4"])
    chrom = dataset.loci["chrom"]
    np.testing.assert_array_equal(result.part == VALID, chrom == "chr2")
    np.testing.assert_array_equal(result.part == TEST, chrom.isin(["chr3", "chr4"]))
    assert result.notes == ["valid: chr2", "test: chr3, chr4"]
    with pytest.raises(UserError, match="no window lies on chromosome 'chr33'; did you mean chr3"):
        split_rows(dataset, test=["chr33"])


def test_named_test_chromosomes_and_a_share_for_valid(tmp_path, rng):
    dataset = two_cells(tmp_path / "d", rng)
    result = split_rows(dataset, by="chromosome", test=["chr3"])
    np.testing.assert_array_equal(result.part == TEST, dataset.loci["chrom"] == "chr3")
    assert set(dataset.loci["chrom"][result.part == VALID]) < set(dataset.loci["chrom"]) - {"chr3"}


def test_chromosomes_of_two_genomes_are_two(tmp_path, rng):
    loci = places([f"chr{k}" for k in rng.integers(1, 9, 400)], rng.integers(0, 10**8, 400))
    loci = loci.assign(domain=["hs", "mm"] * 200, genome=["hg38", "mm10"] * 200)
    dataset = small_dataset(tmp_path / "d", loci, np.tile([1, 1, 0, 0], 100))
    part = split_rows(dataset, by="chromosome", seed=3).part
    per = pd.DataFrame({"chrom": loci["chrom"], "genome": loci["genome"], "part": part}).drop_duplicates()
    assert per.groupby(["genome", "chrom"]).size().max() == 1
    assert per.groupby("chrom")["part"].nunique().max() > 1


def test_equal_sequences_on_either_strand_share_a_part(tmp_path, rng):
    tokens = rng.integers(0, 4, (300, 10)).astype(np.uint8)
    tokens = np.concatenate([tokens, reverse_complement(tokens), tokens])
    loci = pd.DataFrame({"domain": ["a"] * 600 + ["b"] * 300})
    dataset = small_dataset(tmp_path / "d", loci, np.tile([1.0, 0.0], 450), tokens)
    for by, how in (("auto", "similarity"), ("sequence", "sequence")):
        result = split_rows(dataset, by=by)
        assert result.how == how
        np.testing.assert_array_equal(result.part[:300], result.part[300:600])
        np.testing.assert_array_equal(result.part[:300], result.part[600:])
    with pytest.raises(UserError, match="cannot split by block: no coordinates are known"):
        split_rows(dataset, by="block")


def shifted_copies(rng, n=200, length=60):
    """Windows of n places in two cell types, the second 15 bp further on and on the other strand; no coordinates."""
    genome = rng.integers(0, 4, (n, length + 15)).astype(np.uint8)
    tokens = np.concatenate([genome[:, :length], reverse_complement(genome[:, 15:])])
    return pd.DataFrame({"domain": ["a"] * n + ["b"] * n}), tokens


def test_without_coordinates_near_duplicates_share_a_part(tmp_path, rng):
    """trap 19: windows of one locus, shifted and on the other strand, though nothing says that it is one."""
    loci, tokens = shifted_copies(rng)
    dataset = small_dataset(tmp_path / "d", loci, [1.0, 0.0] * 200, tokens, length=60)
    result = split_rows(dataset)
    assert result.how == "similarity"
    np.testing.assert_array_equal(result.part[:200], result.part[200:])
    assert result.notes == [
        "no coordinates are known",
        "rows that share 30% or more of their 20-mers on either strand stay together;"
        " the largest cluster holds 2 of 400",
    ]
    clusters = locus_clusters(dataset)
    np.testing.assert_array_equal(clusters[:200], clusters[200:])
    assert len(set(clusters)) == 200
    assert (split_rows(dataset, by="sequence").part[:200] != split_rows(dataset, by="sequence").part[200:]).any()


def test_windows_too_alike_to_be_kept_apart_are_refused_with_a_way_out(tmp_path, rng):
    tokens = np.tile(rng.integers(0, 4, 60).astype(np.uint8), (40, 1))
    tokens[np.arange(40), np.arange(40)] ^= 1
    dataset = small_dataset(tmp_path / "d", pd.DataFrame({"domain": ["a"] * 40}), [1.0, 0.0] * 20, tokens, length=60)
    with pytest.raises(UserError, match="split by similarity leaves no rows for") as error:
        split_rows(dataset)
    assert "by: sequence" in str(error.value)
    assert set(split_rows(dataset, by="sequence").part) == {TRAIN, VALID, TEST}


def test_rows_dealt_singly_say_what_they_leak_and_auto_never_deals_so(tmp_path, rng):
    dataset = two_cells(tmp_path / "d", rng)
    result = split_rows(dataset, by="random")
    assert result.how == "random"
    start, end = dataset.loci["start"].to_numpy(), dataset.loci["end"].to_numpy()
    chrom, test = dataset.loci["chrom"].to_numpy(), result.part == TEST
    touches = (start[:, None] < end) & (start < end[:, None]) & (chrom[:, None] == chrom)
    touches |= (hashes := dataset.window_hashes)[:, None] == hashes
    share = touches[np.ix_(test, ~test)].any(axis=1).mean()
    assert share > 0.2
    assert f"{share:.1%} of its rows share a sequence or a locus with a row of train or valid" in result.notes[-1]
    for rows in (dataset.domain_codes == 0, dataset.labels[:, 0] == 1):
        shares = np.bincount(result.part[rows], minlength=3) / rows.sum()
        np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.02)
    assert split_rows(dataset).how == "chromosome"


@pytest.mark.parametrize("by", ["auto", "chromosome", "block", "similarity", "sequence", "random"])
def test_only_the_rows_of_the_target_are_dealt(tmp_path, rng, by):
    dataset = two_cells(tmp_path / "d", rng)
    is_target = dataset.domain_codes == 1
    result = split_rows(dataset, by=by, target="b", deal="target")
    assert (result.part[~is_target] == TRAIN).all()
    np.testing.assert_allclose(np.bincount(result.part[is_target]) / is_target.sum(), [0.7, 0.1, 0.2], atol=0.06)
    np.testing.assert_array_equal(result.part[is_target], split_rows(dataset, by=by, target="b").part[is_target])
    assert any(note.startswith("only the rows of b are dealt") for note in result.notes)


def test_of_a_dealt_target_each_part_needs_each_class_and_of_the_sources_none(tmp_path):
    loci = places("chr1", 1000 * np.arange(80)).assign(
        domain=["a"] * 40 + ["b"] * 40, part=["test", ""] * 20 + ["train", "train", "valid", "test"] * 10
    )
    labels = np.concatenate([[1.0, 0.0] * 20, [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0] * 5])
    dataset = small_dataset(tmp_path / "d", loci, labels)
    result = split_rows(dataset, target="b", deal="target")
    assert (result.part[:40] == TRAIN).all()
    assert not len(result.left_out)
    labels[40:][loci["part"][40:] == "test"] = 1.0
    with pytest.raises(UserError, match="no negative rows of domain 'b' for test"):
        split_rows(small_dataset(tmp_path / "e", loci, labels), target="b", deal="target")


def test_a_class_of_the_target_may_be_absent_where_its_labels_are_not_seen(tmp_path):
    """They have no say in the split: nobody could deal them otherwise, and of train and valid nobody reads them."""
    loci = places("chr1", 1000 * np.arange(80)).assign(
        domain=["a"] * 40 + ["b"] * 40, part=["train", "train", "valid", "valid", "test", "test", *["train"] * 4] * 8
    )
    labels = np.array([1.0, 0.0] * 40)
    labels[40:][(loci["part"][40:] == "valid").to_numpy()] = 1.0
    dataset = small_dataset(tmp_path / "d", loci, labels)
    with pytest.raises(UserError, match="no negative rows of domain 'b' for valid"):
        split_rows(dataset)
    with pytest.raises(UserError, match="no negative rows of domain 'b' for valid"):
        split_rows(dataset, target="a")
    assert (split_rows(dataset, target="b").part[40:] == VALID).sum() == 8
    labels[40:][(loci["part"][40:] == "test").to_numpy()] = 1.0
    with pytest.raises(UserError, match="no negative rows of domain 'b' for test"):
        split_rows(small_dataset(tmp_path / "e", loci, labels), target="b")


@pytest.mark.parametrize("by", ["block", "similarity", "sequence", "random"])
def test_a_seed_gives_one_split_and_another_seed_another(tmp_path, rng, by):
    dataset = two_cells(tmp_path / "d", rng)
    first, again, other = (split_rows(dataset, by=by, seed=seed).part for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def given_parts(folder, rng, parts):
    loci = places("chr1", 100 * np.arange(len(parts))).assign(part=parts)
    return small_dataset(folder, loci, np.tile([1.0, 0.0], len(parts) // 2))


def test_given_parts_are_kept_and_blank_ones_are_left_out_with_their_reason(tmp_path, rng):
    dataset = given_parts(tmp_path / "d", rng, ["train"] * 20 + ["valid"] * 4 + ["test"] * 4 + [""] * 2)
    result = split_rows(dataset)
    assert result.how == "given"
    assert result.part.tolist() == [TRAIN] * 20 + [VALID] * 4 + [TEST] * 4 + [LEFT_OUT] * 2
    assert result.left_out["row"].tolist() == [28, 29]
    assert set(result.left_out["reason"]) == {"no part is given"}


def test_valid_is_taken_out_of_train_where_it_is_not_given(tmp_path, rng):
    dataset = given_parts(tmp_path / "d", rng, ["train"] * 160 + ["test"] * 40)
    result = split_rows(dataset, valid=0.2)
    assert (result.part[160:] == TEST).all()
    assert 24 <= (result.part == VALID).sum() <= 40
    assert result.notes == ["no valid part is given: 20% of the loci of train are taken"]


def test_parts_that_no_row_names_are_not_given(tmp_path, rng):
    with pytest.raises(UserError, match="cannot split as given: no row names its part") as refused:
        split_rows(two_cells(tmp_path / "d", rng), by="given")
    assert "column `part`" in str(refused.value)


def test_given_parts_without_a_test_part_are_refused(tmp_path, rng):
    with pytest.raises(UserError, match=r"leaves no rows for test \(train \d+, valid \d+, test 0\)"):
        split_rows(given_parts(tmp_path / "d", rng, ["train"] * 100))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "somehow"}, "split by 'somehow' is not known; known: auto, block"),
        ({"by": "randon"}, "did you mean random"),
        ({"by": "random", "test": ["chr1"]}, "chromosomes are named .* the split is by random"),
        ({"deal": "target"}, "data.split.deal: only the rows of the target are to be dealt, and no target is named"),
        ({"deal": "sources", "target": "b"}, "data.split.deal: 'sources' is not known; known: all, target"),
        ({"by": "chromosom"}, "did you mean chromosome"),
        ({"valid": 0.5, "test": 0.5}, "shares valid 0.5 and test 0.5 leave nothing"),
        ({"test": 0.0}, "leave nothing for a part"),
        ({"by": "block", "block": 10**9}, "split by block leaves no"),
        ({"by": "block", "test": ["chr1"], "block": 10**4}, "chromosomes are named .* the split is by block"),
    ],
)
def test_what_cannot_be_split_is_refused(tmp_path, rng, options, message):
    dataset = two_cells(tmp_path / "d", rng, chromosomes=1)
    with pytest.raises(UserError, match=message):
        split_rows(dataset, **options)


@pytest.mark.parametrize("by", ["auto", "chromosome", "block"])
def test_the_labels_of_the_target_have_no_say(tmp_path, rng, by):
    """What is trained for a target must be the same whether its labels are known or not."""
    dataset = two_cells(tmp_path / "d", rng)
    is_target = dataset.domain_codes == 1
    labels = np.array(dataset.labels)
    labels[is_target] = rng.random((is_target.sum(), 1)) < 0.3
    other = replace(dataset, labels=labels)
    found = [split_rows(each, by=by, target="b").part for each in (dataset, other, dataset.without_labels("b"))]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    if by == "block":  # where they have a say, it is heard
        assert (split_rows(dataset, by=by).part != split_rows(other, by=by).part).any()


def test_a_dataset_without_the_labels_of_a_domain_keeps_all_others(tmp_path, rng):
    dataset = two_cells(tmp_path / "d", rng)
    blind, is_target = dataset.without_labels("b"), dataset.domain_codes == 1
    assert np.isnan(blind.labels_float(np.flatnonzero(is_target))).all()
    np.testing.assert_array_equal(blind.labels[~is_target], dataset.labels[~is_target])
    assert not np.isnan(dataset.labels_float(np.flatnonzero(is_target))).any()


def test_real_numbers_and_unlabelled_domains_can_be_split(tmp_path, rng):
    loci = places([f"chr{k}" for k in rng.integers(1, 9, 200)], rng.integers(0, 10**8, 200)).assign(
        domain=["a", "b"] * 100
    )
    level = np.where(loci["domain"] == "a", rng.normal(size=200), np.nan)
    dataset = small_dataset(tmp_path / "d", loci, level, task=TaskSpec("level", "regression"))
    assert set(split_rows(dataset).part[::2]) == {TRAIN, VALID, TEST}


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 10**9))
def test_rows_of_a_cluster_are_never_divided_at_any_block_size(tmp_path_factory, seed, block):
    rng = np.random.default_rng(seed)
    dataset = small_dataset(
        tmp_path_factory.mktemp("d") / "d", places("chr1", rng.integers(0, 2000, 300)), np.tile([1.0, 0.0], 150)
    )
    try:
        part = split_rows(dataset, by="block", block=block).part
    except UserError:
        return
    table = dataset.loci.assign(part=part).sort_values("start")
    overlap = table["start"] < table["end"].shift()
    assert (table["part"] == table["part"].shift())[overlap].all()


# --- Cross-validation ---


@pytest.mark.parametrize("by", ["random", "sequence", "similarity", "block", "chromosome"])
def test_over_all_folds_every_row_is_tested_exactly_once_and_validates_once(tmp_path, rng, by):
    """Six of the published ten folds were one and the same, by an operator's precedence."""
    dataset = two_cells(tmp_path / "d", rng)
    n = 4
    parts = np.stack([split_rows(dataset, by=by, block=5_000, k_fold=(n, fold)).part for fold in range(n)])
    assert ((parts == TEST).sum(axis=0) == 1).all()
    assert ((parts == VALID).sum(axis=0) == 1).all()
    assert ((parts == TRAIN).sum(axis=0) == n - 2).all()
    sizes = (parts == TEST).sum(axis=1)
    assert sizes.min() > 0.5 * len(dataset) / n


def test_folds_of_the_target_alone_test_each_of_its_rows_once(tmp_path, rng):
    dataset = two_cells(tmp_path / "d", rng)
    target = dataset.spec.domains[0]
    mine = dataset.domain_codes == 0
    parts = np.stack(
        [split_rows(dataset, by="random", target=target, deal="target", k_fold=(5, fold)).part for fold in range(5)]
    )
    assert ((parts[:, mine] == TEST).sum(axis=0) == 1).all()
    assert (parts[:, ~mine] == TRAIN).all()


def test_many_small_groups_are_dealt_to_folds_alike_in_each_stratum(rng):
    stratum = rng.integers(0, 2, 30_000)
    rank = salted(np.arange(30_000, dtype=np.uint64), 0)
    fold = deal_in_ranks(np.ones(30_000, int), stratum, rank, np.full(10, 0.1))
    for s in (0, 1):
        np.testing.assert_allclose(np.bincount(fold[stratum == s]) / (stratum == s).sum(), 0.1, atol=0.001)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k_fold": (10, 10), "by": "random"}, "fold 10 of 10"),
        ({"k_fold": (2, 0), "by": "random"}, "3 folds or more"),
        ({"k_fold": (5, 0)}, "by: auto"),
        ({"k_fold": (5, 0), "by": "chromosome", "test": ["chr1"]}, "chromosomes are named"),
    ],
)
def test_folds_that_make_no_sense_are_refused(tmp_path, rng, options, message):
    with pytest.raises(UserError, match=message):
        split_rows(two_cells(tmp_path / "d", rng), **options)


def test_fewer_positives_than_folds_are_refused_with_the_number_of_folds(tmp_path, rng):
    dataset = two_cells(tmp_path / "d", rng, n=60)
    with pytest.raises(UserError, match="no positive rows") as refused:
        split_rows(dataset, by="random", k_fold=(50, 0))
    assert "fewer folds than 50" in str(refused.value)
