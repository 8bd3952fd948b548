from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cislearn.data.batch import Batch
from cislearn.data.views import Views, crop, mix_seed, other_strand, reverse_complement
from cislearn.schema import DataSpec, InputSpec, TaskSpec
from cislearn.sequence.strand import reverse_complement as reverse_complement_of_tokens


def spec_of(length=10, margin=3, *inputs: InputSpec) -> DataSpec:
    return DataSpec((TaskSpec("bound"),), ("a",), length, margin, inputs)


def batch_of(tokens, tracks=None) -> Batch:
    n = len(tokens)
    whole = torch.zeros(n, dtype=torch.int64)
    return Batch(torch.as_tensor(tokens, dtype=torch.uint8), torch.zeros(n, 1), whole, whole, tracks=tracks)


def random_batch(n, width, seed=0) -> Batch:
    return batch_of(np.random.default_rng(seed).integers(0, 5, (n, width)))


# --- Cropping and strands ---


@given(length=st.integers(1, 12), margin=st.integers(0, 4), shift=st.integers(-9, 9), turned=st.booleans())
def test_a_crop_against_slices_of_padded_windows(length, margin, shift, turned):
    batch = random_batch(3, length + 2 * margin)
    padded = np.pad(batch.tokens.numpy(), ((0, 0), (20, 20)), constant_values=4)
    expected = padded[:, 20 + margin + shift : 20 + margin + shift + length]
    if turned:
        expected = reverse_complement_of_tokens(expected)
    found = crop(batch, spec_of(length, margin), torch.full((3,), shift), torch.full((3,), turned))
    np.testing.assert_array_equal(found.tokens.numpy(), expected)
    assert found.tokens.dtype == torch.uint8


def test_each_window_moves_and_turns_by_itself():
    batch, spec = random_batch(5, 16), spec_of()
    shift, turned = torch.tensor([-3, 3, 0, 2, -1]), torch.tensor([True, False, True, False, False])
    found = crop(batch, spec, shift, turned)
    for i in range(5):
        alone = crop(batch_of(batch.tokens[[i]]), spec, shift[[i]], turned[[i]])
        assert torch.equal(found.tokens[i], alone.tokens[0])


def test_beyond_the_margin_stands_n():
    found = crop(batch_of(np.zeros((1, 16))), spec_of(), torch.tensor([5]), torch.tensor([False]))
    assert found.tokens[0].tolist() == [0] * 8 + [4] * 2


@given(hnp.arrays(np.uint8, (3, 7), elements=st.integers(0, 4)))
def test_reverse_complement_is_that_of_sequences_and_its_own_inverse(tokens):
    """traps 1 and 7: the order ACGT complements by 3 - t, and N stays."""
    once = reverse_complement(batch_of(tokens), spec_of(7, 0))
    np.testing.assert_array_equal(once.tokens.numpy(), reverse_complement_of_tokens(tokens))
    twice = reverse_complement(once, spec_of(7, 5))
    np.testing.assert_array_equal(twice.tokens.numpy(), tokens)


def test_the_other_strand_of_every_token():
    assert other_strand(torch.tensor([[0, 1, 2, 3, 4]], dtype=torch.uint8)).tolist() == [[4, 0, 1, 2, 3]]


# --- The same base by base, as it was once written: the oracle ---


def base_by_base(batch: Batch, spec: DataSpec, shift, turned) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Look up each base of each view by its place among what is stored, N or zero beyond."""
    places = (spec.margin + shift)[:, None] + torch.arange(spec.length)
    back = (spec.margin + shift)[:, None] + spec.length - 1 - torch.arange(spec.length)
    padded = torch.nn.functional.pad(batch.tokens, (30, 30), value=4)
    tokens = padded.gather(1, 30 + torch.where(turned[:, None], back, places))
    tokens = torch.where(turned[:, None] & (tokens < 4), 3 - tokens, tokens)
    tracks, first = [], 0
    for item in spec.inputs:
        track = torch.nn.functional.pad(batch.tracks[:, first : first + item.channels], (30, 30))
        first += item.channels
        at = {"none": places, "flip_and_shift": torch.where(turned[:, None], back + 1, places)}
        at = at.get(item.rc, torch.where(turned[:, None], back, places))
        cut = track.gather(2, 30 + at[:, None].expand(-1, item.channels, -1))
        if item.rc == "flip_and_permute":
            cut = torch.where(turned[:, None, None], cut.flip(1), cut)
        tracks.append(cut)
    return tokens, tracks


@given(
    windows=st.integers(0, 6),
    length=st.integers(1, 9),
    margin=st.integers(0, 4),
    channels=st.integers(1, 3),
    furthest=st.integers(0, 9),
    seed=st.integers(0, 99),
)
def test_views_are_those_cut_base_by_base(windows, length, margin, channels, furthest, seed):
    """Tokens and tracks of every rule, with margins wider and narrower than the shift."""
    generator = torch.Generator().manual_seed(seed)
    rules = ("none", "flip", "flip_and_permute", "flip_and_shift")
    spec = spec_of(length, margin, *(InputSpec(rule, "track", channels, rule) for rule in rules))
    shape = (windows, 4 * channels, length + 2 * margin)
    batch = batch_of(
        torch.randint(0, 5, (windows, shape[2]), generator=generator), torch.rand(shape, generator=generator)
    )
    shift = torch.randint(-furthest, furthest + 1, (windows,), generator=generator)
    turned = torch.rand(windows, generator=generator) < 0.5
    found = crop(batch, spec, shift, turned)
    tokens, tracks = base_by_base(batch, spec, shift, turned)
    assert torch.equal(found.tokens, tokens)
    assert torch.equal(found.tracks, torch.cat(tracks, dim=1))


def test_a_view_is_whole_in_memory_and_leaves_the_batch_as_it_was():
    batch = random_batch(6, 16)
    before = batch.tokens.clone()
    found = Views(spec_of(), "augment", 5)(batch, "train", 1)
    assert found.tokens.is_contiguous()
    assert torch.equal(batch.tokens, before)


# --- Views ---


def test_the_plain_view_is_the_centre_whatever_is_set():
    batch = random_batch(6, 16)
    for step in range(3):
        found = Views(spec_of(), "augment", 3, seed=step)(batch, "plain", step, view=step)
        assert torch.equal(found.tokens, batch.tokens[:, 3:13])


def test_without_augmentation_the_training_view_is_the_plain_one():
    batch = random_batch(6, 16)
    assert torch.equal(Views(spec_of())(batch, "train", 4).tokens, batch.tokens[:, 3:13])


def test_both_strands_occur_within_a_batch_in_equal_shares():
    """trap 4: one coin for the whole batch is half of an augmentation."""
    batch = batch_of(np.zeros((400, 10)))
    views = Views(spec_of(10, 0), "augment")
    turned = torch.stack([views(batch, "train", step).tokens[:, 0] == 3 for step in range(20)])
    assert ((turned.float().mean(1) - 0.5).abs() < 0.15).all()
    assert abs(float(turned.float().mean()) - 0.5) < 0.03
    agreement = (turned[1:] == turned[:-1]).float().mean(1)  # steps that follow each other share no coins
    assert ((agreement - 0.5).abs() < 0.15).all()


def test_all_shifts_occur_and_none_beyond():
    batch = batch_of(np.tile(np.arange(16) % 4, (600, 1)))
    batch.tokens[:, :] = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 1, 2, 3])
    places = {tuple(batch.tokens[0, s : s + 10].tolist()): s - 3 for s in range(7)}
    assert len(places) == 7
    found = Views(spec_of(), "forward", 2)(batch, "train", 0).tokens.tolist()
    shifts = np.array([places[tuple(window)] for window in found])
    assert set(shifts) == {-2, -1, 0, 1, 2}
    assert np.bincount(shifts + 2).min() > 80


def test_what_is_drawn_is_fixed_by_seed_step_and_view_alone():
    batch = random_batch(50, 16)

    def tokens(seed=1, step=2, view=0):
        return Views(spec_of(), "augment", 3, seed)(batch, "train", step, view).tokens

    first = tokens()
    torch.manual_seed(123)
    before = torch.get_rng_state()
    assert torch.equal(tokens(), first)
    assert torch.equal(torch.get_rng_state(), before)
    for other in (tokens(seed=2), tokens(step=3), tokens(view=1), tokens(seed=2, step=1)):
        assert not torch.equal(other, first)


def test_seeds_of_a_long_training_are_all_different():
    """In the 32 bits that PyTorch's CPU generator takes."""
    seeds = {mix_seed(seed, step, view) % 2**32 for seed in range(5) for step in range(3000) for view in range(2)}
    assert len(seeds) == 5 * 3000 * 2
    assert mix_seed(1, 2) != mix_seed(2, 1)
    assert 0 <= mix_seed(2**62, 2**62) < 2**63


# --- Tracks: on the stored window a c g t, values 1 2 3 4 above it (and 9 to its right), turned they are ---

TRACK = InputSpec("signal", "track")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("none", [[1, 2, 3, 4], [5, 6, 7, 8]]),
        ("flip", [[4, 3, 2, 1], [8, 7, 6, 5]]),
        ("flip_and_permute", [[8, 7, 6, 5], [4, 3, 2, 1]]),
        # A value at base i lies between i - 1 and i. On the other strand the last base is the first, and what lies
        # before it there lies behind it here: the value of the base after the window (0 where none is stored).
        ("flip_and_shift", [[0, 4, 3, 2], [0, 8, 7, 6]]),
    ],
)
def test_tracks_are_turned_by_their_rule(rule, expected):
    """trap 3: strands swap, and values between bases move by one."""
    tracks = torch.arange(1.0, 9.0).view(1, 2, 4)
    spec = spec_of(4, 0, InputSpec("signal", "track", 2, rule))
    found = reverse_complement(batch_of([[0, 1, 2, 3]], tracks), spec)
    assert found.tracks[0].tolist() == expected
    assert found.tokens.tolist() == [[0, 1, 2, 3]]


def test_values_between_bases_stay_between_the_same_bases():
    """trap 3: cut counts, drawn. One cut between C and G is stored at G, and on the other strand at G again.

    forward   A A C|G T T      value at position 3 (the base right of the cut)
    reverse   A A C|G T T      the same cut, the same letters: again at position 3, where a plain flip says 2
    """
    tokens, cuts = [[0, 0, 1, 2, 3, 3]], torch.tensor([[[0.0, 0, 0, 1, 0, 0]]])
    shifted, flipped = (
        reverse_complement(batch_of(tokens, cuts), spec_of(6, 0, InputSpec("cuts", "track", 1, rule)))
        for rule in ("flip_and_shift", "flip")
    )
    assert shifted.tokens.tolist() == tokens
    assert shifted.tracks[0, 0].tolist() == [0, 0, 0, 1, 0, 0]
    assert flipped.tracks[0, 0].tolist() == [0, 0, 1, 0, 0, 0]


def test_with_a_margin_the_value_right_of_the_window_comes_in():
    tracks = torch.arange(8.0).view(1, 1, 8)
    spec = spec_of(4, 2, InputSpec("cuts", "track", 1, "flip_and_shift"))
    turned = crop(batch_of(np.zeros((1, 8)), tracks), spec, torch.tensor([1]), torch.tensor([True]))
    assert turned.tracks[0, 0].tolist() == [7, 6, 5, 4]


@pytest.mark.parametrize("shift", [-5, -1, 0, 2, 5])
def test_tracks_move_with_their_windows_and_are_zero_beyond(shift):
    batch = batch_of(np.arange(16)[None] % 4, torch.arange(1.0, 17.0).view(1, 1, 16))
    found = crop(batch, spec_of(10, 3, TRACK), torch.tensor([shift]), torch.tensor([False]))
    expected = [i + 1 if 0 <= i < 16 else 0 for i in range(3 + shift, 13 + shift)]
    assert found.tracks[0, 0].tolist() == expected
    assert [t == 4 for t in found.tokens[0].tolist()] == [value == 0 for value in expected]


def test_several_tracks_keep_their_order_each_under_its_own_rule():
    inputs = (
        InputSpec("a", "track", 1, "none"),
        InputSpec("vector", "covariate", 9),
        InputSpec("b", "track", 2, "flip_and_permute"),
        InputSpec("c", "track", 1, "flip"),
    )
    tracks = torch.arange(12.0).view(1, 4, 3)
    found = reverse_complement(batch_of([[0, 0, 0]], tracks), spec_of(3, 0, *inputs))
    assert found.tracks[0].tolist() == [[0, 1, 2], [8, 7, 6], [5, 4, 3], [11, 10, 9]]


@pytest.mark.parametrize("rule", ["none", "flip", "flip_and_permute"])
def test_turned_twice_is_not_turned(rule):
    spec = spec_of(9, 0, InputSpec("signal", "track", 2, rule))
    batch = batch_of(np.random.default_rng(0).integers(0, 5, (4, 9)), torch.randn(4, 2, 9))
    twice = reverse_complement(reverse_complement(batch, spec), spec)
    assert torch.equal(twice.tokens, batch.tokens)
    assert torch.equal(twice.tracks, batch.tracks)


def test_labels_and_parts_stay_as_they_are():
    batch = random_batch(4, 16)
    found = Views(spec_of(), "augment", 3)(batch, "train", 0)
    assert found.labels is batch.labels
    assert found.row is batch.row


# --- Hidden bases ---


def test_hidden_bases_become_n_about_as_often_as_asked_and_nothing_else_changes():
    batch = random_batch(400, 16)
    seen = Views(spec_of(), "augment", 3, seed=2)(batch, "train", 5).tokens
    hidden = Views(spec_of(), "augment", 3, seed=2, hidden=0.25)(batch, "train", 5).tokens
    is_other = seen != hidden
    assert (hidden[is_other] == 4).all()
    assert abs(float(is_other[seen < 4].float().mean()) - 0.25 / 2) < 0.02
    most = is_other.sum(dim=1).double()  # of windows half of which are seen whole, the number hidden spreads far more
    assert float((most == 0).double().mean()) > 0.4 and float(most.var()) > 1.5 * float(most.mean())
    again = Views(spec_of(), "augment", 3, seed=2, hidden=0.25)(batch, "train", 5).tokens
    assert torch.equal(again, hidden)
    other = Views(spec_of(), "augment", 3, seed=2, hidden=0.25)(batch, "train", 6).tokens
    assert not torch.equal(other == 4, hidden == 4)


def test_nothing_is_hidden_from_a_plain_view():
    batch = random_batch(50, 16)
    plain = Views(spec_of())(batch, "plain", 0).tokens
    assert torch.equal(Views(spec_of(), hidden=0.9)(batch, "plain", 0).tokens, plain)
