"""Drawings as elements of a page."""

from __future__ import annotations

import re

from cislearn.reports.figures.canvas import draw, tick
from cislearn.reports.palette import INK, LIGHT_AND_DARK, METHOD_COLOURS, method_styles, theme_css


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_names_inside_of_a_drawing_are_its_own_and_nothing_points_elsewhere():
    def paint(figure):
        figure.subplots().plot([0, 1], [0, 1], color=INK)

    first, second = (draw(paint, key=key, alt='a "b" <c>') for key in ("one", "two"))
    ids = [set(re.findall(r'\bid="([^"]*)"', svg)) for svg in (first, second)]
    assert not ids[0] & ids[1]
    assert "http" not in first + second
    assert "<style" not in first
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;"' in first
    assert f"var(--ink, {INK})" in first
    assert draw(paint, key="one", alt='a "b" <c>') == first


def test_words_and_lines_stand_out_on_light_and_on_dark_paper():
    """Contrast of WCAG 2.2: 4.5 for text, 3 for what is drawn."""
    for scheme in (0, 1):
        paper = LIGHT_AND_DARK["paper"][scheme]
        assert contrast(LIGHT_AND_DARK["ink"][scheme], paper) > 12
        assert contrast(LIGHT_AND_DARK["muted"][scheme], paper) > 4.5
        for name, pair in LIGHT_AND_DARK.items():
            if name.startswith("method"):
                assert contrast(pair[scheme], paper) > 3


def test_each_colour_is_known_by_one_name_and_dark_is_for_screens():
    light = [pair[0] for pair in LIGHT_AND_DARK.values()]
    assert len(light) == len(set(light))
    assert "@media screen and (prefers-color-scheme:dark)" in theme_css()


def test_methods_differ_by_more_than_colour():
    styles = list(method_styles([f"m{index}" for index in range(len(METHOD_COLOURS))]).values())
    assert len({style.colour for style in styles}) == len(styles)
    assert len({(style.marker, style.dash) for style in styles}) == len(styles)


def test_ticks_are_written_as_the_tables_write_numbers():
    assert [tick(value) for value in (0, 0.25, 1, 0.1 + 0.2, 1250)] == ["0", ".25", "1", ".3", "1250"]
    assert tick(-0.5) == "\N{MINUS SIGN}.5"
