"""The section on profiles: bounds beside scores, and pictures of loci."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.reports.figures.profiles import MOST_BINS, LocusProfile, profile_plot
from cislearn.reports.palette import method_styles
from cislearn.reports.read import read_report_data
from cislearn.reports.sections.profiles import profiles_section
from cislearn.reports.write import write_report
from tests.reports.page import Page
from tests.reports.profiles import LENGTH, LOCI


@pytest.fixture
def folder(experiment):
    return experiment(tasks={"nexus": "profile"})


def section_of(folder):
    data = read_report_data(folder)
    return profiles_section(data, method_styles(data.methods))


def test_scores_stand_between_their_bounds(folder):
    table = section_of(folder).blocks[0]
    rows = {row[0].text: row[1:] for row in table.rows}
    summary = pd.read_csv(folder / "summary.tsv", sep="\t").set_index(["part", "method", "metric"]).estimate
    lower, first, _, upper = rows["JSD"]
    jsd = summary["target test", "source_only", "JSD"]
    assert (lower.text, lower.detail) == (".400", "mean profile, .390 \N{EN DASH} .420")
    assert (upper.text, upper.detail) == (".100", "replicate, .090 \N{EN DASH} .120")
    assert (first.text, first.detail) == (f"{jsd:.3f}"[1:], f"{100 * (0.4 - jsd) / 0.3:.0f}\N{NO-BREAK SPACE}%")
    lower, first, *_ = rows["Counts Pearson"]
    assert lower.detail.startswith("shuffled")  # one number everywhere has no correlation
    pearson = summary["target test", "source_only", "counts Pearson"]
    assert first.detail == f"{100 * (pearson - 0.1) / 0.5:.0f}\N{NO-BREAK SPACE}%"


def test_the_same_loci_are_drawn_for_each_method_and_named_in_words(folder):
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    names = re.findall(r'aria-label="(Observed and predicted reads of nexus[^"]*)"', write_report(folder).read_text())
    assert [name.split(", ")[1].split(":")[0] for name in names] == ["source only", "adversarial"]
    assert all(locus in name for locus in LOCI for name in names)
    assert page.unnamed == []


def heights(svg, colour):
    """Ordinates of the paths of one colour."""
    paths = [d for d, style in re.findall(r'<path d="([^"]*)"[^>]*style="([^"]*)"', svg) if colour in style]
    return [np.array([float(y) for _, y in re.findall(r"([-\d.]+) ([-\d.]+)", path)]) for path in paths]


def test_the_minus_strand_hangs_below_the_axis():
    edges = np.arange(6.0)
    style = method_styles(["a"])["a"]
    reads = np.array([[0, 1, 2, 1, 0], [0, 0, 3, 0, 0]], float)
    locus = LocusProfile("here", edges, reads, reads)
    svg = profile_plot([locus], style, key="k", title="t", alt="a")
    plus, minus, *_ = heights(svg, style.colour)
    axis = plus.max()  # SVG counts downwards
    assert axis == pytest.approx(minus.min(), abs=0.01)
    assert plus.min() < axis < minus.max()
    assert (minus.max() - axis) / (axis - plus.min()) == pytest.approx(3 / 2, rel=0.01)
    alone = LocusProfile("here", edges, reads[:1], reads[:1])
    assert len(heights(profile_plot([alone], style, key="k", title="t", alt="a"), style.colour)) < len(
        heights(svg, style.colour)
    )


def test_long_profiles_are_drawn_as_sums_and_the_page_says_so(folder):
    section = section_of(folder)
    assert f"Sums over {LENGTH // MOST_BINS} bases." in section.blocks[1].text
    table = pd.read_parquet(folder / "profiles.parquet")
    table[table.position < MOST_BINS].to_parquet(folder / "profiles.parquet")
    assert "Sums over" not in section_of(folder).blocks[1].text


def test_nothing_is_drawn_without_the_files(folder):
    (folder / "profiles.parquet").unlink()
    assert len(section_of(folder).blocks) == 1
    (folder / "profile_bounds.tsv").unlink()
    assert section_of(folder) is None


@pytest.mark.parametrize("name", ["profiles.parquet", "profile_bounds.tsv"])
def test_a_file_that_is_cut_short_is_named(folder, name):
    whole = (folder / name).read_bytes()
    end = whole.rindex(b"\t") if name.endswith(".tsv") else len(whole) // 2
    (folder / name).write_bytes(whole[:end])
    with pytest.raises(UserError, match=name):
        read_report_data(folder)


def test_profiles_without_a_column_are_named(folder):
    table = pd.read_parquet(folder / "profiles.parquet")
    table.drop(columns="strand").to_parquet(folder / "profiles.parquet")
    with pytest.raises(UserError, match=r"profiles\.parquet: has no column 'strand'"):
        read_report_data(folder)
