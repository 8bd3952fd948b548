"""The loss of profiles: against PyTorch's own multinomial and SciPy's, and what of it nobody may see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import multinomial
from torch.distributions import Multinomial

from cislearn.objectives.profile_loss import auto_weight, log_counts_error, multinomial_nll, profile_loss
from cislearn.objectives.supervised import Supervised, task_loss
from cislearn.schema import DataSpec, TaskSpec

S, L = 2, 9
TASK = TaskSpec("p", "profile", S, L, "flip_and_permute")


@pytest.fixture
def counts():
    return torch.poisson(torch.full((5, S, L), 4.0), generator=torch.Generator().manual_seed(1))


def test_the_likelihood_with_its_constants_is_that_of_torch_and_scipy(counts):
    """Oracles: torch.distributions and SciPy, strand by strand, summed over strands."""
    shape = torch.randn(5, S, L)
    found = multinomial_nll(shape.double(), counts.double())
    for row in range(5):
        one = other = 0.0
        for s in range(S):
            total = int(counts[row, s].sum())
            logits = shape[row, s].double()
            one -= Multinomial(total, logits=logits).log_prob(counts[row, s].double())
            other -= multinomial.logpmf(counts[row, s].numpy(), total, logits.softmax(0).numpy())
        assert found[row] == pytest.approx(float(one), rel=1e-5)
        assert found[row] == pytest.approx(other, rel=1e-5)


def test_a_constant_added_to_a_strand_changes_nothing_and_no_counts_cost_nothing(counts):
    shape = torch.randn(5, S, L)
    torch.testing.assert_close(multinomial_nll(shape + 3.0, counts), multinomial_nll(shape, counts))
    assert (multinomial_nll(shape, torch.zeros_like(counts)) == 0).all()


def test_the_best_shape_is_that_of_the_counts(counts):
    """Property: no shape is likelier than the counts' own, and its gradient is zero there."""
    shape = counts.clamp_min(1e-6).log().requires_grad_(True)
    loss = multinomial_nll(shape, counts)
    (gradient,) = torch.autograd.grad(loss.sum(), shape)
    assert gradient.abs().max() < 1e-3
    assert (multinomial_nll(torch.randn(5, S, L), counts) > loss).all()


def test_the_whole_is_shape_plus_weighted_counts(counts):
    logits = torch.randn(5, S * L + S)
    nll = multinomial_nll(logits[:, : S * L].view(5, S, L), counts).mean()
    error = ((logits[:, S * L :] - torch.log1p(counts.sum(2))) ** 2).mean()
    torch.testing.assert_close(profile_loss(logits, counts, TASK, 2.5), nll + 2.5 * error)
    half_of_the_mean = counts.sum() / 5 / 2
    torch.testing.assert_close(auto_weight(counts), half_of_the_mean)
    torch.testing.assert_close(profile_loss(logits, counts, TASK), nll + half_of_the_mean * error)
    torch.testing.assert_close(log_counts_error(logits[:, S * L :], counts), error)


def test_several_profiles_and_a_label_at_once(counts):
    spec = DataSpec((TASK, TaskSpec("level", "regression"), TaskSpec("q", "profile", 1, L, "flip")), ("a",), 20)
    logits, labels = torch.randn(5, spec.n_logits), torch.rand(5, 3)
    both = torch.cat([counts, counts[:, :1] + 1], dim=1)
    whole = task_loss(logits, labels, spec, profiles=both, counts_weight=1.0)
    first = profile_loss(logits[:, spec.columns("p")], counts, TASK, 1.0)
    second = profile_loss(logits[:, spec.columns("q")], counts[:, :1] + 1, spec.tasks[2], 1.0)
    level = ((logits[:, spec.columns("level")][:, 0] - labels[:, 1]) ** 2).mean()
    torch.testing.assert_close(whole, (first + second + level) / 3)


def test_absent_counts_are_never_read(counts):
    """A row without a label has NaN for counts: it changes neither loss nor gradient of the others."""
    spec = DataSpec((TASK,), ("a",), 20)
    logits = torch.randn(5, spec.n_logits, requires_grad=True)
    labels, hidden = torch.ones(5, 1), counts.clone()
    labels[3:], hidden[3:] = torch.nan, torch.nan
    loss = task_loss(logits, labels, spec, profiles=hidden)
    torch.testing.assert_close(loss, profile_loss(logits[:3], counts[:3], TASK))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.isfinite().all() and (gradient[3:] == 0).all()
    nothing = task_loss(logits, torch.full((5, 1), torch.nan), spec, profiles=torch.full_like(counts, torch.nan))
    assert nothing == 0


def test_a_loss_without_counts_is_a_fault_that_is_told():
    spec = DataSpec((TASK,), ("a",), 20)
    with pytest.raises(ValueError, match="labelled_profiles"):
        task_loss(torch.randn(2, spec.n_logits), torch.ones(2, 1), spec)


@pytest.mark.parametrize("weight", ["much", -1.0, np.nan])
def test_a_weight_of_counts_is_auto_or_a_number(weight):
    with pytest.raises(ValueError, match="counts_weight"):
        Supervised(counts_weight=weight)


def test_half_precision_loses_no_digit_that_matters():
    """Trap 21: in bfloat16 a log likelihood of thousands would be wrong by tens."""
    many = torch.full((1, 1, L), 1000.0)
    shape = torch.randn(1, 1, L)
    exact = multinomial_nll(shape, many)
    assert multinomial_nll(shape.bfloat16().float(), many) == multinomial_nll(shape.bfloat16(), many)
    assert multinomial_nll(shape.bfloat16(), many).dtype == exact.dtype == torch.float32
