"""Curves of label efficiency: what they show is what they were given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from cislearn.reports.figures import label_efficiency as module
from cislearn.reports.figures.label_efficiency import label_efficiency


@pytest.fixture
def scores():
    rows = [("supervised", 10, 0.7), ("supervised", 1, 0.6), ("supervised", 0, 0.5), ("mean_teacher", 1, 0.65)]
    table = pd.DataFrame(rows, columns=["method", "share", "estimate"])
    return table.assign(low=table["estimate"] - 0.02, high=table["estimate"] + 0.03)


def test_a_method_is_a_line_from_few_labels_to_many_with_its_intervals(scores):
    axes = Figure().subplots()
    module._curves(axes, scores)
    assert axes.get_legend_handles_labels()[1] == ["supervised", "mean teacher"]
    line, _, (bars,) = axes.containers[0]
    assert line.get_ydata().tolist() == [0.5, 0.6, 0.7]
    np.testing.assert_allclose(
        np.asarray(line.get_xdata(), float), [0, 0.98, 9.8], err_msg="a little aside of the others, in order"
    )
    ends = np.array([segment[:, 1] for segment in bars.get_segments()], float)
    np.testing.assert_allclose(ends, [[0.48, 0.53], [0.58, 0.63], [0.68, 0.73]])
    assert axes.get_xticks().tolist() == [0, 1, 10]


@pytest.mark.parametrize("n", [1, 5])
def test_each_task_has_a_panel(scores, n):
    drawing = label_efficiency({f"task {i}": scores for i in range(n)}, "AUROC", key="curve")
    assert drawing.count('id="legend_') == n
