from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cislearn.data.batches import Batches, Loader, Mixer, Stream, TrainingRows, balance_groups, training_rows
from cislearn.data.dataset import Dataset
from cislearn.data.sequences import TableSequences
from cislearn.errors import UserError
from cislearn.schema import DataSpec, TaskSpec

SEQUENCES = TableSequences.of(np.random.default_rng(0).integers(0, 4, (400, 10)).astype(np.uint8))


def part(rows, labels=None, domain=None) -> TrainingRows:
    rows = np.asarray(rows)
    labels = np.zeros((len(rows), 1)) if labels is None else np.asarray(labels).reshape(len(rows), 1)
    domain = np.zeros(len(rows)) if domain is None else np.asarray(domain)
    return TrainingRows(rows.astype(np.int64), labels.astype(np.float32), domain.astype(np.int64))


def batches(n_source=50, n_target=30, *, batch_size=8, seed=0, draws=None, **options) -> Batches:
    parts = {"source": part(range(n_source)), "target": part(range(200, 200 + n_target), np.full(n_target, np.nan))}
    return Batches(
        SEQUENCES, parts, draws or {"source": 1.0, "target": 1.0}, batch_size=batch_size, seed=seed, **options
    )


def same(one, other) -> bool:
    fields = ("tokens", "row", "domain")
    return all(torch.equal(getattr(one, f), getattr(other, f)) for f in fields) and torch.equal(
        one.labels.nan_to_num(-1), other.labels.nan_to_num(-1)
    )


# --- Batch k is a pure function of (seed, k) ---


def test_a_batch_does_not_depend_on_what_was_asked_before():
    """trap 8: a sampler that holds a random state gives other batches to other workers."""
    in_order = [batches()[k] for k in range(40)]
    one = batches()
    for k in np.random.default_rng(1).permutation(np.repeat(np.arange(40), 2)):
        assert same(one[int(k)], in_order[k])
        assert one[int(k)].step == k


def test_the_global_random_state_is_neither_read_nor_moved():
    """trap 8."""
    torch.manual_seed(1)
    first = batches()[3]
    legacy = np.random.get_state()  # noqa: NPY002
    ours = torch.get_rng_state()
    torch.manual_seed(2)
    np.random.seed(99)  # noqa: NPY002
    try:
        assert same(batches()[3], first)
        torch.manual_seed(1)
        assert torch.equal(torch.get_rng_state(), ours)
    finally:
        np.random.set_state(legacy)  # noqa: NPY002


def test_seeds_and_epochs_have_orders_of_their_own():
    def epoch(seed, number):
        one = batches(48, seed=seed)
        return np.concatenate([one[k].row[one[k].parts["source"]].numpy() for k in range(6 * number, 6 * number + 6)])

    orders = [epoch(0, 0), epoch(0, 1), epoch(1, 0)]
    for order in orders:
        assert sorted(order) == list(range(48))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert (orders[i] == orders[j]).mean() < 0.2


def test_parts_of_equal_size_have_orders_of_their_own():
    one = batches(40, 40, batch_size=40)[0]
    source, target = (one.row[one.parts[name]].numpy() for name in ("source", "target"))
    assert (source == target - 200).mean() < 0.2


@given(n=st.integers(1, 60), size=st.integers(1, 70))
def test_an_epoch_visits_every_row_once_before_any_twice(n, size):
    one = batches(n, batch_size=size, draws={"source": 1.0})
    assert one.steps_per_epoch == -(-n // size)
    seen = np.concatenate([one[k].row.numpy() for k in range(3 * one.steps_per_epoch + 1)])
    for start in range(0, len(seen) - n + 1, n):
        assert sorted(seen[start : start + n]) == list(range(n))


@given(st.integers(1, 40), st.integers(0, 5), st.lists(st.integers(0, 300), max_size=30))
def test_a_stream_gives_what_its_permutations_say_in_any_order(size, seed, places):
    rounds = [np.random.default_rng([seed, r]).permutation(size) for r in range(301 // size + 1)]
    expected = [rounds[p // size][p % size] for p in places]
    assert Stream(size, (seed,)).take(np.array(places, dtype=np.int64)).tolist() == expected


def test_what_a_row_has_goes_with_it():
    labels, domain = np.arange(50) % 2, np.arange(50) % 3
    one = Batches(SEQUENCES, {"source": part(range(50), labels, domain)}, {"source": 1.0}, batch_size=16, seed=0)[2]
    np.testing.assert_array_equal(one.labels[:, 0], one.row % 2)
    np.testing.assert_array_equal(one.domain, one.row % 3)
    np.testing.assert_array_equal(one.tokens, SEQUENCES.gather(one.row.numpy()))


# --- Parts ---


@pytest.mark.parametrize(
    ("shares", "sizes"), [({"source": 1.0, "target": 0.4}, (7, 3)), ({"source": 1.0, "target": 2.0}, (7, 14))]
)
def test_parts_may_be_of_unequal_sizes(shares, sizes):
    """trap 17."""
    one = batches(batch_size=7, draws=shares)[0]
    assert one.parts == {"source": slice(0, sizes[0]), "target": slice(sizes[0], sum(sizes))}
    assert (one.row[one.parts["source"]] < 200).all()
    assert (one.row[one.parts["target"]] >= 200).all()
    assert len(one) == sum(sizes)


def test_a_part_that_the_objective_does_not_draw_is_left_out():
    assert batches(draws={"source": 1.0})[0].parts == {"source": slice(0, 8)}


def test_an_empty_part_is_refused():
    with pytest.raises(UserError, match="no training rows of part 'target'"):
        batches(n_target=0)
    assert len(batches(n_target=0, draws={"source": 1.0})[0]) == 8


@pytest.mark.parametrize("dtype", [np.int8, np.float32])
def test_an_unlabelled_part_has_no_labels_even_where_the_dataset_has(dtype):
    """traps 17 and 18: what is not there cannot be read by mistake."""
    spec = DataSpec((TaskSpec("a"), TaskSpec("b")), ("x", "y"), 10)
    labels = np.array([[0, 1], [1, 0], [1, 1]], dtype=dtype)
    loci = pd.DataFrame({"domain": ["x", "y", "y"]})
    dataset = Dataset(None, spec, loci, labels, TableSequences.of(np.zeros((3, 10), np.uint8)), pd.DataFrame())
    rows = np.array([2, 1])
    unlabelled, labelled = (training_rows(dataset, rows, labelled=is_labelled) for is_labelled in (False, True))
    assert np.isnan(unlabelled.labels[:]).all()
    np.testing.assert_array_equal(labelled.labels[:], [[1, 1], [1, 0]])
    for taken in (unlabelled, labelled):
        assert taken.labels.shape == taken.labels[:].shape == (2, 2)
        assert taken.labels[np.array([1])].dtype == np.float32
        assert taken.domain.tolist() == [1, 1]
    parts = {"source": labelled, "target": unlabelled}
    one = Batches(dataset.sequences, parts, {"source": 1.0, "target": 1.0}, batch_size=4, seed=0)[0]
    assert one.labels[one.parts["target"]].isnan().all()
    assert not one.labels[one.parts["source"]].isnan().any()


# --- Balance ---

UNEVEN = part(range(100), labels=[1] * 10 + [0] * 90, domain=[0] * 5 + [1] * 15 + [2] * 80)


def balanced(balance, size, k=3):
    one = Batches(SEQUENCES, {"source": UNEVEN}, {"source": 1.0}, batch_size=size, seed=0, balance=balance)[k]
    return one.domain.numpy(), one.labels[:, 0].numpy()


def test_balance_by_domain_gives_each_its_share():
    domain, _ = balanced("domain", 30)
    assert np.bincount(domain).tolist() == [10, 10, 10]


def test_balance_by_class_gives_each_its_share():
    _, label = balanced("class", 30)
    assert (label == 1).sum() == 15


def test_balance_by_both_gives_each_pair_that_there_is_its_share():
    domain, label = balanced("domain_and_class", 20)
    pairs = {(d, c): int(((domain == d) & (label == c)).sum()) for d in range(3) for c in (0, 1)}
    assert pairs == {(0, 0): 0, (0, 1): 5, (1, 0): 5, (1, 1): 5, (2, 0): 5, (2, 1): 0}


def test_shares_that_do_not_divide_differ_by_one_and_even_out_over_batches():
    counts = [np.bincount(balanced("domain", 10, k)[0]) for k in range(3)]
    assert all(count.max() - count.min() == 1 for count in counts)
    assert sum(counts).tolist() == [10, 10, 10]


def test_within_a_group_every_row_comes_once_before_any_twice():
    one = Batches(SEQUENCES, {"source": UNEVEN}, {"source": 1.0}, batch_size=6, seed=0, balance="domain")
    rows = np.concatenate([one[k].row.numpy() for k in range(40)])
    small = rows[rows < 5]
    assert len(small) == 80
    for start in range(0, 80, 5):
        assert sorted(small[start : start + 5]) == [0, 1, 2, 3, 4]


def test_rows_without_a_label_are_one_class():
    """Compared as rows of an array, each NaN would be a class of its own."""
    partly = part(range(60), labels=[1] * 10 + [0] * 20 + [np.nan] * 30)
    assert [len(group) for group in balance_groups(partly, "class")] == [20, 10, 30]
    assert [len(group) for group in balance_groups(part(range(9), [np.nan] * 9), "class")] == [9]


def test_balance_by_class_has_no_meaning_for_several_tasks():
    two = TrainingRows(np.arange(3), np.zeros((3, 2), np.float32), np.zeros(3, np.int64))
    with pytest.raises(UserError, match=r"training\.balance class needs a single task; this dataset has 2"):
        balance_groups(two, "class")
    assert len(balance_groups(two, "domain")) == 1


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), first=st.integers(0, 50), n=st.integers(0, 60))
def test_a_mixer_draws_all_groups_in_turn(sizes, first, n):
    bounds = np.cumsum([0, *sizes])
    groups = [np.arange(a, b) for a, b in itertools.pairwise(bounds)]
    taken = Mixer(groups, (0,)).take(first, n)
    group = np.searchsorted(bounds, taken, side="right") - 1
    assert group.tolist() == [i % len(sizes) for i in range(first, first + n)]


def test_a_loader_yields_the_batches_from_where_it_is_told():
    one = batches()
    steps = [batch.step for batch in Loader(one, 3, 7)]
    assert steps == [3, 4, 5, 6]
    assert all(same(batch, one[batch.step]) for batch in Loader(one, 3, 7))
    assert list(Loader(one, 7, 7)) == []


# --- Each row once ---


def test_each_row_of_a_part_comes_once_in_order_also_of_one_that_is_not_drawn():
    made = batches(n_source=50, n_target=30, draws={"source": 1.0, "target": 0.0})
    assert "target" not in made[0].parts
    found = list(made.once("target", size=8))
    assert [len(batch) for batch in found] == [8, 8, 8, 6]
    assert torch.cat([batch.row for batch in found]).tolist() == list(range(200, 230))
    for batch in found:
        assert torch.equal(batch.tokens, torch.from_numpy(SEQUENCES.gather(batch.row.numpy())))
        assert batch.labels.isnan().all() and batch.parts == {"target": slice(0, len(batch))}


def test_labelled_and_unlabelled_rows_make_up_a_batch():
    parts = {"source": part(range(50)), "target_labelled": part(range(200, 210)), "target": part(range(200, 230))}
    made = Batches(SEQUENCES, parts, {"source": 1.0, "target_labelled": 0.25, "target": 0.75}, batch_size=8, seed=0)
    assert (made[0].labelled, made[0].unlabelled) == (slice(0, 10), slice(10, 16))
    assert (batches()[0].labelled, batches()[0].unlabelled) == (slice(0, 8), slice(8, 16))
