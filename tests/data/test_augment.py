from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cislearn.data.augment import CHANGES, Augmentation, delete, insert, invert, mutate, translocate
from cislearn.data.views import Views, other_strand
from tests.data.test_views import batch_of, random_batch, spec_of

ALL = Augmentation(translocate=6, invert=5, delete=5, insert=5, mutate=0.2)
ONE_OF_EACH = [replace(Augmentation(most=1), **{name: getattr(ALL, name)}) for name in CHANGES]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def windows(n=300, length=40, seed=1):
    return torch.randint(0, 4, (n, length), generator=seeded(seed), dtype=torch.uint8)


def counted(n=300, length=40):
    """Windows that would count their places, were there so many bases."""
    return torch.arange(length, dtype=torch.uint8).repeat(n, 1)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 5), st.integers(2, 30), st.sampled_from([ALL, *ONE_OF_EACH]), st.integers(0, 99))
def test_windows_keep_length_and_alphabet_and_what_was_given_stays(n, length, augmentation, seed):
    tokens = torch.randint(0, 5, (n, length), generator=seeded(seed), dtype=torch.uint8)
    short = {name: min(getattr(augmentation, name), length // 2) for name in augmentation.moving}
    before = tokens.clone()
    found = replace(augmentation, **short)(tokens, seeded(seed))
    assert found.shape == tokens.shape and found.dtype == torch.uint8 and (found <= 4).all()
    assert torch.equal(tokens, before)


@pytest.mark.parametrize("name", CHANGES)
def test_a_generator_says_all_and_each_window_is_changed_by_itself(name):
    tokens, amount = windows(), getattr(ALL, name)
    one, again = (CHANGES[name](tokens, amount, seeded(3)) for _ in range(2))
    assert torch.equal(one, again) and not torch.equal(one, CHANGES[name](tokens, amount, seeded(4)))
    same = CHANGES[name](tokens[:1].repeat(300, 1), amount, seeded(3))
    assert len(same.unique(dim=0)) > 10


def test_mutations_are_as_many_as_asked_none_is_silent_and_n_stays():
    tokens = windows()
    changed = mutate(tokens, 0.17, seeded()) != tokens
    assert (changed.sum(1) == round(0.17 * 40)).all()
    assert float(changed.float().mean(0).std()) < 0.05, "some places are preferred"
    bases = mutate(torch.zeros(2000, 10, dtype=torch.uint8), 0.5, seeded())
    assert [float((bases == base).float().mean()) for base in range(4)] == pytest.approx([0.5] + [1 / 6] * 3, abs=0.02)
    assert (mutate(torch.full((5, 10), 4, dtype=torch.uint8), 0.9, seeded()) == 4).all()


def test_a_translocation_is_a_roll_of_every_size_that_it_may_have():
    rolls = set()
    for row in translocate(counted(), 6, seeded()).tolist():
        by = (40 - row[0]) % 40
        assert row == np.roll(np.arange(40), by).tolist()
        rolls.add(by if by < 20 else by - 40)
    assert rolls == set(range(-6, 7))


def test_an_inversion_turns_one_stretch_and_is_its_own_inverse():
    tokens = windows()
    once, twice = invert(tokens, 9, seeded()), invert(invert(tokens, 9, seeded()), 9, seeded())
    assert torch.equal(twice, tokens)
    for row, was in zip(once, tokens, strict=True):
        places = np.flatnonzero((row != was).numpy())
        if len(places):
            first, last = places[0], places[-1] + 1
            assert last - first <= 9
            assert torch.equal(row[first:last], other_strand(was[None, first:last])[0])


def test_a_deletion_takes_one_stretch_and_new_bases_fill_both_ends():
    """The old bases, known by being N or not: of a window of two halves they stand in one piece, none twice."""
    sizes = []
    for row in delete(counted(length=40) + 50, 7, seeded()).tolist():
        old = [token - 50 for token in row if token >= 50]
        gap = 40 - len(old)
        left = next(place for place, token in enumerate(row) if token >= 50)
        assert [token >= 50 for token in row] == [False] * left + [True] * (40 - gap) + [False] * (gap - left)
        assert abs(left - (gap - left)) <= 1
        jumps = np.diff(old)
        assert ((jumps == 1) | (jumps == gap + 1)).all() and (jumps > 1).sum() <= 1
        sizes.append(gap)
    assert set(sizes) == set(range(8)) and np.mean(sizes) == pytest.approx(3.5, abs=0.5)


def test_an_insertion_puts_one_stretch_of_new_bases_in_and_both_ends_lose_as_many():
    sizes = []
    for row in insert(counted(length=40) + 50, 7, seeded()).tolist():
        old = [token - 50 for token in row if token >= 50]
        assert old == list(range(old[0], old[0] + len(old)))
        is_new = [token < 50 for token in row]
        assert np.diff(is_new).astype(bool).sum() <= 2
        sizes.append(sum(is_new))
    assert set(sizes) == set(range(8))


@pytest.mark.parametrize("augmentation", [ALL, *ONE_OF_EACH])
def test_the_reverse_complement_commutes_in_distribution(augmentation):
    """traps 1 and 4: how often each place holds each base is the same, turned before the change or after it."""
    window = windows(1, 14, seed=5).repeat(20_000, 1)
    small = replace(augmentation, **dict.fromkeys(augmentation.moving, 5))
    one = small(other_strand(window), seeded(1))
    other = other_strand(small(window, seeded(2)))
    for base in range(4):
        apart = (one == base).float().mean(0) - (other == base).float().mean(0)
        assert apart.abs().max() < 0.03  # six standard errors of a share of a half
    pairs = [(4 * found[:, :-1].long() + found[:, 1:]).flatten() for found in (one, other)]
    counts = [torch.bincount(each, minlength=16) / len(each) for each in pairs]
    assert (counts[0] - counts[1]).abs().max() < 0.01


@pytest.mark.parametrize(("most", "expected"), [(1, 1), (2, 2), (9, 5)])
def test_each_window_gets_so_many_changes_and_each_change_its_share(most, expected, monkeypatch):
    def mark(number):
        return lambda tokens, amount, generator: tokens + 2**number

    marks = {name: mark(number) for number, name in enumerate(CHANGES)}
    monkeypatch.setattr("cislearn.data.augment.CHANGES", marks)
    found = replace(ALL, most=most)(torch.zeros(3000, 1, dtype=torch.uint8), seeded())[:, 0].numpy()
    made = np.array([(found >> number) & 1 for number in range(5)])
    assert (made.sum(0) == expected).all()
    assert made.mean(1) == pytest.approx(expected / 5, abs=0.04)


# --- In training views ---


def test_training_views_are_changed_until_the_second_stage_and_weak_and_plain_ones_never():
    batch, augment = random_batch(50, 16), Augmentation(mutate=0.5)
    views = Views(spec_of(), "augment", 3, 1, augment=augment, augmented_steps=10)
    still = Views(spec_of(), "augment", 3, 1)
    for step, is_changed in ((0, True), (9, True), (10, False), (99, False)):
        plain = still(batch, "train", step).tokens
        assert torch.equal(views(batch, "train", step).tokens, plain) == (not is_changed)
        assert torch.equal(views(batch, "weak", step).tokens, plain)
        assert torch.equal(views(batch, "plain", step).tokens, still(batch, "plain", step).tokens)


def test_what_is_changed_is_fixed_by_seed_step_and_view_alone():
    """trap 16: so a resumed training sees the same windows."""
    batch = batch_of(np.zeros((40, 16)))

    def tokens(seed=1, step=2, view=0):
        return Views(spec_of(), seed=seed, augment=ALL, augmented_steps=9)(batch, "train", step, view).tokens

    first = tokens()
    torch.manual_seed(123)
    assert torch.equal(tokens(), first)
    for other in (tokens(seed=2), tokens(step=3), tokens(view=1)):
        assert not torch.equal(other, first)
