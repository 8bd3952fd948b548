from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.kmers.cbow import CbowPlan, cbow_loss, learn_vectors, loss_of_chance
from cislearn.kmers.words import number_words, spell
from cislearn.sequence.tokens import encode

QUICK = {"steps": 1500, "batch": 64}


def slow_loss(inputs, outputs, context, target, negatives):
    """Loss and gradients of CBOW, a word at a time, as word2vec's C code has them."""
    loss, of_inputs, of_outputs = 0.0, np.zeros_like(inputs), np.zeros_like(outputs)
    unknown = len(inputs) - 1
    for near, word, drawn in zip(context, target, negatives, strict=True):
        known = [each for each in near if each != unknown]
        mean = sum((inputs[each] for each in known), np.zeros(inputs.shape[1])) / max(1, len(known))
        of_mean = np.zeros_like(mean)
        for guess, is_there in [(word, 1.0)] + [(each, 0.0) for each in drawn if each != word]:
            probability = 1 / (1 + np.exp(-outputs[guess] @ mean))
            loss -= np.log(probability if is_there else 1 - probability)
            of_outputs[guess] += (probability - is_there) * mean
            of_mean += (probability - is_there) * outputs[guess]
        for each in known:
            of_inputs[each] += of_mean / len(known)
    return loss, of_inputs, of_outputs


def test_loss_and_gradients_are_those_of_a_slow_loop(rng):
    inputs, outputs = rng.normal(size=(2, 10, 4))
    context, target, negatives = rng.integers(10, size=(20, 6)), rng.integers(9, size=20), rng.integers(9, size=(20, 5))
    context[0] = 9  # N on all sides
    assert (negatives == target[:, None]).any()
    tensors = [torch.from_numpy(each).requires_grad_() for each in (inputs, outputs)]
    numbers = [torch.from_numpy(each) for each in (context, target, negatives)]
    loss = cbow_loss(*tensors, *numbers)
    found = torch.autograd.grad(loss, tensors)
    expected = slow_loss(inputs, outputs, context, target, negatives)
    np.testing.assert_allclose(loss.item(), expected[0])
    for gradient, slow in zip(found, expected[1:], strict=True):
        np.testing.assert_allclose(gradient.numpy(), slow, atol=1e-12)


@pytest.mark.slow
def test_words_in_the_same_company_come_to_lie_together(rng):
    """A and C stand between Gs and never matter; T keeps to itself."""
    rows = [rng.choice(list("AC"), 20) for _ in range(40)]
    texts = ["".join(f"{letter}G" for letter in row) for row in rows] + ["T" * 40] * 40
    tokens = torch.from_numpy(np.stack([encode(text) for text in texts]))
    vectors, losses = learn_vectors(tokens, CbowPlan(k=1, dim=6, window=1, **QUICK))
    cosine = F.cosine_similarity(vectors[:4, None], vectors[None, :4], dim=2)
    assert cosine[0, 1] > 0.95
    assert cosine[0, 1] > max(cosine[0, 2], cosine[0, 3], cosine[1, 3]) + 0.3
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_neighbours_that_overlap_give_the_word_away(rng):
    """The overlap of words, not their meaning: in random sequence nothing can be guessed but one's own letters."""
    tokens = torch.from_numpy(rng.integers(4, size=(200, 60)).astype(np.uint8))
    overlapping, control = (
        learn_vectors(tokens, CbowPlan(k=2, window=1, stride=stride, **QUICK)).losses[-1] for stride in (1, 2)
    )
    knowing_nothing = loss_of_chance(5)
    np.testing.assert_allclose(knowing_nothing, -np.log(1 / 6) - 5 * np.log(5 / 6))
    assert control > 0.95 * knowing_nothing
    assert overlapping < 0.7 * knowing_nothing


def test_equal_seeds_give_equal_vectors_and_words_with_n_stay_zero(rng):
    tokens = torch.from_numpy(rng.integers(5, size=(20, 30)).astype(np.uint8))
    one, again, other = (learn_vectors(tokens, CbowPlan(k=2, steps=50, seed=seed)).vectors for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert not one[-1].any()


def test_words_that_are_absent_keep_their_first_vectors():
    tokens = torch.from_numpy(encode("ACACACACACNNNACACA").copy())[None]
    vectors = learn_vectors(tokens, CbowPlan(k=2, steps=30)).vectors
    before = learn_vectors(tokens, CbowPlan(k=2, steps=1)).vectors
    seen = set(number_words(tokens, 2).flatten().tolist()) - {16}
    assert {spell(2)[word] for word in seen} == {"AC", "CA"}
    assert {word for word in range(16) if not torch.equal(vectors[word], before[word])} == seen


def test_stride_says_where_neighbours_stand():
    assert CbowPlan(window=2, stride=3).offsets == [-6, -3, 3, 6]
    assert len(CbowPlan().offsets) == 8


@pytest.mark.parametrize("option", ["dim", "window", "stride", "negatives", "batch", "steps"])
def test_nothing_is_refused(option):
    with pytest.raises(UserError, match=f"{option} 0"):
        CbowPlan(**{option: 0})


@pytest.mark.parametrize(("text", "reason"), [("AC", "hold no word of 3"), ("NNACNNN", "no word without N")])
def test_windows_without_words_are_refused(text, reason):
    with pytest.raises(UserError, match=reason):
        learn_vectors(torch.from_numpy(encode(text).copy())[None], CbowPlan())
