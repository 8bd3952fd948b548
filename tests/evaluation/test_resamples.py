"""What is kept of a bootstrap changes no number, is not computed again, and does not grow without end."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.evaluation import resamples as module
from cislearn.evaluation.intervals import estimates, paired_differences
from cislearn.evaluation.metrics import auroc_many
from cislearn.evaluation.resamples import Panel, Resamples, bootstrap_weights
from cislearn.evaluation.tables import comparison_table, score_table


@pytest.fixture
def drawn(rng):
    """Labels of 200 rows, logits of two methods from two seeds, clusters."""
    labels = rng.integers(0, 2, 200).astype(float)
    return labels, rng.normal(size=(2, 2, 200)) + labels, rng.integers(0, 150, 200)


def test_tables_are_the_same_whether_or_not_they_share_resamples(drawn):
    labels, (ours, theirs), clusters = drawn
    chosen = {"thresholds": np.zeros(2), "temperatures": np.ones(2)}
    of_baseline = {f"baseline_{key}": value for key, value in chosen.items()}

    def tables(resamples):
        kwargs = {"n_resamples": 50, "resamples": resamples}
        yield score_table("binary", labels, ours, clusters, **chosen, **kwargs)
        yield comparison_table("binary", labels, ours, theirs, clusters, **chosen, **of_baseline, **kwargs)
        yield score_table("binary", labels, theirs, clusters, **chosen, **kwargs | {"n_resamples": 60})
        yield score_table("binary", 1 - labels, ours, clusters, **chosen, **kwargs)
        yield score_table("binary", labels, ours, np.arange(200), **chosen, **kwargs)

    for alone, shared in zip(tables(None), tables(Resamples()), strict=True):
        assert alone.equals(shared)


def test_what_was_computed_is_not_computed_again(drawn):
    labels, (ours, theirs), clusters = drawn
    calls = []

    def counted(*given):
        calls.append(given)
        return auroc_many(*given)

    panels, resamples = [Panel(("AUROC",), counted, each) for each in (ours, theirs)], Resamples()
    for panel in panels:
        estimates([panel], labels, clusters, n_resamples=20, resamples=resamples)
    n = len(calls)
    assert n == 2 * 2 * 2, "of two methods two seeds: the rows as they are, and one block of draws"
    paired_differences(panels[:1], panels[1:], labels, clusters, n_resamples=20, resamples=resamples)
    assert len(calls) == n
    estimates(panels[:1], labels, clusters, n_resamples=20, seed=1, resamples=resamples)
    assert len(calls) > n, "another seed is another bootstrap"


def test_what_is_kept_is_bounded(drawn, monkeypatch):
    """Draws too many to keep are drawn anew, values too many leave the oldest out; the numbers stay."""
    labels, (ours, theirs), clusters = drawn
    monkeypatch.setattr(module, "KEPT", 1000)
    resamples = Resamples()
    panels = [Panel(("AUROC",), auroc_many, each) for each in (ours, theirs, ours)]
    found = [estimates([panel], labels, clusters, n_resamples=300, resamples=resamples) for panel in panels]
    assert found[0] == found[2] == estimates(panels[:1], labels, clusters, n_resamples=300)
    assert sum(each.nbytes for each in resamples._found.values()) <= 4000


def test_each_draw_has_its_rows_side_by_side():
    """What makes sums over rows fast: all weights of a row are one stretch of memory."""
    (weights,) = bootstrap_weights(np.arange(30), 10, seed=0)
    assert weights.T.flags.c_contiguous
