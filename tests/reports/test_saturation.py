"""The map of a region's substitutions."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from cislearn.reports import saturation as page
from cislearn.reports.figures import saturation as module
from cislearn.reports.figures.saturation import LOWERS, RAISES, centred, saturation_map


def table_of(effects: np.ndarray, bases: str, first: int = 11) -> pd.DataFrame:
    rows = [
        {"chrom": "chr1", "pos": first + k, "ref": base, "alt": alt, "logit_effect_x": effects["ACGT".index(alt), k]}
        for k, base in enumerate(bases)
        for alt in "ACGT".replace(base, "")
    ]
    table = pd.DataFrame(rows)
    return table.assign(
        probability_effect_x=0.1, not_scored=table["logit_effect_x"].isna().map({True: "why", False: ""})
    )


def test_the_table_becomes_the_matrix_again():
    """Rows are A, C, G, T; the reference is 0; N and what was not scored are not known."""
    bases = "ACGTN"
    effects = np.random.default_rng(0).normal(size=(4, 5))
    effects[:, 4] = effects[:, 1] = np.nan
    first, read, matrix = page.effects_of(table_of(effects, bases), "logit_effect_x")
    effects[[0, 2, 3], [0, 2, 3]] = 0
    assert (first, read) == (11, bases)
    np.testing.assert_array_equal(matrix, effects)


def test_a_base_is_worth_what_its_change_costs_on_average():
    """trap 13: only the reference has a letter; it is tall where every change lowers the output."""
    effects = np.array([[0.0, 1.0], [-1.0, 0.0], [-2.0, 1.0], [-3.0, 0.0]])
    reference = np.array([[True, False], [False, True], [False, False], [False, False]])
    np.testing.assert_allclose(centred(effects, reference), [[1.5, 0], [0, -0.5], [0, 0], [0, 0]])


@pytest.mark.parametrize("length", [1, 120, 121])
def test_the_map_has_a_line_for_each_stretch_and_a_colour_for_each_sign(length):
    effects = np.zeros((4, length))
    effects[1, 0], effects[2, -1] = 1.0, -1.0
    svg = saturation_map(effects, "A" * length, name="what <it> shows", first=1000)
    assert len(re.findall(r'id="[^"]*-axes_\d+"', svg)) == 2 * -(-length // 120)
    assert RAISES in svg and LOWERS in svg
    assert 'aria-label="what &lt;it&gt; shows"' in svg and "http" not in svg and "nan" not in svg.lower()
    assert LOWERS not in saturation_map(np.abs(effects), "A" * length, name="x")


def test_cells_stand_where_their_base_and_position_are():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    shares = np.zeros((4, 3))
    shares[1, 2], shares[3, 0] = 1.0, -0.5
    reference = np.zeros((4, 3), bool)
    reference[0, 1] = True
    module._draw_cells(axes, shares, reference, first=50)
    boxes = [patch.get_path().get_extents() for patch in axes.patches]
    corners = sorted((box.x0, box.y0) for box in boxes[:2])
    assert corners == [(49.5, 0.0), (51.5, 2.0)]  # T is the lowest row, C the second from the top
    assert [label.get_text() for label in axes.get_yticklabels()] == list("TGCA")
    assert sorted(patch.get_alpha() for patch in axes.patches[:2]) == [0.5, 1.0]


def test_a_long_region_is_drawn_about_its_largest_effect(tmp_path):
    effects = np.full((4, 3000), 0.01)
    effects[2, 2500] = -4.0
    path = page.write_saturation_page(tmp_path, "chr1:11-3010", table_of(effects, "A" * 3000), {"Run": "runs/x"})
    text = path.read_text(encoding="utf-8")
    assert "9,000 substitutions of chr1:11-3010" in text
    assert "chr1:2,511 A&gt;G" in text and "1,200 positions about it" in text
    assert text.count('role="img"') == 1 and not re.search(r'(src|href)="http', text)


def test_a_task_may_be_called_as_it_likes(tmp_path):
    """Its name may look like a column's; the probability is in the table and is not drawn a second time."""
    table = table_of(np.ones((4, 3)), "ACG").rename(columns={"logit_effect_x": "logit_effect_y_effect_z"})
    table["logit_ref_y_effect_z"] = 0.0
    text = page.write_saturation_page(tmp_path, "chr1:11-13", table, {}).read_text(encoding="utf-8")
    assert text.count('role="img"') == 1 and "Effects on y_effect_z" in text
