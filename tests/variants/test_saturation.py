"""Substitutions of a region against the same ones from a VCF file, and against letters counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.errors import UserError
from cislearn.variants.saturation import Region, read_region, saturate, substitutions
from cislearn.variants.score import VariantScorer
from cislearn.variants.vcf import read_records
from tests.variants.conftest import LENGTH, BestMatch, best_match

FIRST, LAST = 170, 240
"""Longer than a window; the motif stands at 201."""


def scorer_of(genome, **options) -> VariantScorer:
    return VariantScorer([BestMatch(), BestMatch(scale=2.0)], genome, **options)


def test_a_region_is_what_its_substitutions_are_in_a_vcf_file(chromosomes, genome, write_vcf):
    """All columns, to the bit, the spread over seeds and the probabilities included."""
    options = {"temperatures": [{"bound": 1.5}, {"bound": 0.5}]}
    one = chromosomes["chr1"]
    rows = [
        ("chr1", position, one[position - 1], alt)
        for position in range(FIRST, LAST + 1)
        for alt in "ACGT".replace(one[position - 1], "")
    ]
    path = write_vcf(*rows)
    pieces = scorer_of(genome, **options).pieces(lambda: read_records(path, 50), path, n_null=0)
    expected = pd.concat([piece.table for piece in pieces], ignore_index=True).drop(columns=["id", "ref_match"])
    found = saturate(scorer_of(genome, **options), Region("chr1", FIRST, LAST))
    pd.testing.assert_frame_equal(found, expected)
    assert {"logit_effect_bound", "logit_sd_bound", "probability_effect_bound"} <= set(found.columns)
    assert found["logit_effect_bound"].nunique() > 2


def test_each_position_is_scored_in_the_window_that_is_centred_on_it(chromosomes, genome):
    """Letter by letter; the region is longer than the window, so no one window could do."""
    one = chromosomes["chr1"]
    table = saturate(scorer_of(genome), Region("1", FIRST, LAST))
    assert len(table) == 3 * (LAST - FIRST + 1) > 3 * LENGTH
    assert list(dict.fromkeys(table["pos"])) == list(range(FIRST, LAST + 1))
    for row in table.itertuples():
        start = row.pos - 1 - LENGTH // 2
        window = one[start : start + LENGTH]
        changed = window[: LENGTH // 2] + row.alt + window[LENGTH // 2 + 1 :]
        assert row.ref == window[LENGTH // 2] == one[row.pos - 1]
        assert row.logit_effect_bound == pytest.approx(1.5 * (best_match(changed) - best_match(window)), abs=1e-4)


def test_pieces_join_without_a_seam(genome):
    scorer, region = scorer_of(genome), Region("chr1", 100, 130)
    whole = [record for piece in substitutions(region, scorer.genome) for record in piece]
    parts = [record for piece in substitutions(region, scorer.genome, n=7) for record in piece]
    assert whole == parts and len(whole) == region.n_positions


def test_what_is_not_known_or_leaves_the_chromosome_has_rows_with_the_reason(genome):
    """trap 14: nothing is dropped. Where the genome has N there are four bases, and none is scored."""
    edge = saturate(scorer_of(genome), Region("chr1", 1, 15))
    assert len(edge) == 45 and (edge["pos"][edge["not_scored"] == ""].min()) == LENGTH // 2 + 1
    assert set(edge["not_scored"]) == {"", "window would leave the chromosome"}
    unknown = saturate(scorer_of(genome), Region("chr2", 58, 63))
    assert list(unknown["ref"]) == ["N"] * 12 + [base for base in "ACG" for _ in range(3)]
    assert (unknown["not_scored"] == "").tolist() == [False] * 12 + [True] * 9
    assert unknown["logit_effect_bound"].isna().tolist() == [True] * 12 + [False] * 9
    assert "bases of the window are N" in unknown["note"].iloc[-1]


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (Region("chr1", 400, 408), r"ends past the end of chr1 \(407 bp\)"),
        (Region("chrUn", 5, 9), "has no chromosome chrUn"),
        (Region("chr2", 20, 30), "no base could be scored; most often: an allele has bases that are not known"),
    ],
)
def test_a_region_that_is_not_there_is_refused(genome, region, said):
    with pytest.raises(UserError, match=said) as caught:
        saturate(scorer_of(genome), region)
    assert str(region) in str(caught.value) and caught.value.fix


def test_regions_are_read_as_browsers_write_them():
    """trap of coordinates: both ends from 1 and within, so one base is first = last."""
    assert read_region("chr1:1,000-1,200") == Region("chr1", 1000, 1200)
    assert read_region(" HLA:A*01:5-5 ").n_positions == 1
    for text in ("chr1", "chr1:5", "chr1:0-5", "chr1:9-5", "chr1:a-b", "chr1:,-,", "1000-1200", "chr 1:5-9"):
        with pytest.raises(UserError, match="is no region"):
            read_region(text)


def test_the_effects_are_those_of_mutagenesis_where_the_window_is_centred(chromosomes, genome):
    """An identity with what `saturation_mutagenesis` says of the middle of each window."""
    from cislearn.prediction.mutagenesis import saturation_mutagenesis
    from cislearn.sequence.tokens import encode

    table = saturate(VariantScorer([BestMatch()], genome), Region("chr1", 195, 215))
    windows = [chromosomes["chr1"][pos - 1 - LENGTH // 2 :][:LENGTH] for pos in range(195, 216)]
    middle = saturation_mutagenesis(BestMatch(), np.stack([encode(each) for each in windows]), "bound")
    row, place = table["pos"].to_numpy() - 195, table["alt"].map("ACGT".index).to_numpy()
    np.testing.assert_allclose(table["logit_effect_bound"], middle[row, place, LENGTH // 2], atol=1e-5)
