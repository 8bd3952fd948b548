"""Sequence logos."""

from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from cislearn.reports.figures import logo as module
from cislearn.reports.figures.logo import BASE_COLOURS, logo


def letters(heights, **options):
    """Of each base drawn: the box of its letters in the units of the data."""
    figure = Figure()
    axes = figure.subplots()
    module.draw_letters(axes, np.asarray(heights, float), options.get("first", 0), 0.0)
    return {patch.get_gid()[-1]: patch.get_path() for patch in axes.patches}


def test_a_letter_is_as_tall_as_its_value_and_stands_at_its_position():
    heights = np.zeros((4, 3))
    heights[0, 0], heights[1, 1], heights[3, 2] = 1.5, 0.5, -2.0
    boxes = {base: path.get_extents() for base, path in letters(heights, first=10).items()}
    assert set(boxes) == set("ACT")
    np.testing.assert_allclose([boxes["A"].y0, boxes["A"].y1], [0, 1.5])
    np.testing.assert_allclose([boxes["C"].y0, boxes["C"].y1], [0, 0.5])
    np.testing.assert_allclose([boxes["T"].y0, boxes["T"].y1], [-2, 0])
    np.testing.assert_allclose([boxes["T"].x0, boxes["T"].x1], [11.5 + module.SIDE, 12.5 - module.SIDE])


def test_letters_below_zero_stand_on_their_heads():
    """The T's bar is at its top: furthest from the axis on either side."""
    for sign in (1, -1):
        path = letters(sign * np.array([[0.0], [0.0], [0.0], [1.0]]))["T"]
        corners = path.vertices[path.codes != path.CLOSEPOLY]
        width = {y: np.ptp(corners[np.isclose(corners[:, 1], y), 0]) for y in (0, sign)}
        assert width[sign] > 2 * width[0]


def test_letters_of_a_position_stand_on_each_other_the_smallest_nearest_to_the_axis():
    boxes = {base: path.get_extents() for base, path in letters([[1.0], [2.0], [-1.0], [-3.0]]).items()}
    np.testing.assert_allclose([boxes["A"].y1, boxes["C"].y0, boxes["C"].y1], [1, 1, 3])
    np.testing.assert_allclose([boxes["G"].y0, boxes["T"].y1, boxes["T"].y0], [-1, -1, -4])


@pytest.mark.parametrize("length", [1, 12, 120, 121, 250])
def test_long_windows_are_broken_into_lines_and_names_are_kept_apart(length):
    heights = np.random.default_rng(0).normal(size=(4, length))
    heights[0, 0] = np.nan
    svg = logo(heights, name="what <it> shows", first=5)
    assert svg.count("-axes_") == -(-length // 120)
    assert 'aria-label="what &lt;it&gt; shows"' in svg
    assert all(found.startswith("logo-what--it--shows-") for found in re.findall(r'\bid="([^"]*)"', svg))
    assert "http" not in svg
    assert "nan" not in svg.lower()
    if length > 12:
        assert all(colour in svg for colour in BASE_COLOURS.values())


def test_nothing_at_all_can_be_drawn():
    assert "svg" in logo(np.zeros((4, 5)), name="nothing")
