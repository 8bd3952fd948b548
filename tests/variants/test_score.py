"""Effects against a network that is set by hand, whose logits are counted letter by letter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from scipy.stats import kstest

from cislearn.errors import UserError
from cislearn.prediction.files import ONLY_N
from cislearn.variants.alleles import before, change_of
from cislearn.variants.score import VariantScorer
from cislearn.variants.vcf import read_records
from tests.variants.conftest import LENGTH, MOTIF, BestMatch, best_match


def score(path, genome, *members, **options):
    chosen = {name: options.pop(name) for name in ("temperatures", "tracks") if name in options}
    scorer = VariantScorer(members or [BestMatch()], genome, **chosen)
    pieces = scorer.pieces(lambda: read_records(path, 3), path, **{"n_null": 0} | options)
    return pd.concat([piece.table for piece in pieces], ignore_index=True)


def expected_effect(sequence, position, ref, alt):
    """Of the allele put into the chromosome as a string."""
    change = change_of(position, ref, alt)
    applied = sequence[: position - 1] + alt + sequence[position - 1 + len(ref) :]
    first = [change.start - before(len(allele), LENGTH) for allele in (change.ref, change.alt)]
    return best_match(applied[first[1] :][:LENGTH]) - best_match(sequence[first[0] :][:LENGTH])


def other(base):
    return "ACGT"["ACGT".index(base) ^ 1]


def test_known_effects_are_recovered_exactly(chromosomes, genome, write_vcf):
    """A motif broken, restored, cut and parted: sign, size and rank are those of the sequences."""
    one = chromosomes["chr1"]
    rows = [("chr1", 201 + k, one[200 + k], other(one[200 + k])) for k in range(len(MOTIF))]
    rows += [
        ("chr1", 202, one[201:205], one[201]),
        ("chr1", 203, one[202], one[202] + "CC"),
        ("chr1", 101, one[100], other(one[100])),
        ("chr1", 101, one[100], one[100] + MOTIF),
        ("chr1", 200, one[199:202], one[199:201] + "CA"),
    ]
    table = score(write_vcf(*rows), genome)
    expected = [expected_effect(one, *row[1:]) for row in rows]
    assert (table["not_scored"] == "").all()
    np.testing.assert_allclose(table["logit_effect_bound"], expected, atol=1e-5)
    np.testing.assert_allclose(table["logit_alt_bound"] - table["logit_ref_bound"], expected, atol=1e-5)
    assert min(expected) < 0 < max(expected) and (np.array(expected[:7]) < 0).all()


def test_the_effect_changes_its_sign_with_the_alleles_and_not_with_the_order_of_the_file(
    chromosomes, genome, write_vcf, tmp_path
):
    """trap 23: ALT minus REF as the file has them. Where they are exchanged, that is told."""
    one = chromosomes["chr1"]
    broken = tmp_path / "broken.fa"
    alt = other(one[203])
    broken.write_text(f">chr1\n{one[:203]}{alt}{one[204:]}\n")
    forth, back = write_vcf(("chr1", 204, one[203], alt)), write_vcf(("chr1", 204, alt, one[203]), name="back.vcf")
    loss, gain = score(forth, genome)["logit_effect_bound"][0], score(back, broken)["logit_effect_bound"][0]
    assert loss == pytest.approx(-1, abs=1e-5) and gain == pytest.approx(1, abs=1e-5)
    table = score(back, genome, least=0)
    assert table["ref_match"][0] == 0 and np.isnan(table["logit_effect_bound"][0])
    assert "may be exchanged" in table["not_scored"][0]
    rows = [
        ("chr1", 350, one[349], other(one[349])),
        ("chr1", 204, one[203], alt),
        ("chr1", 60, one[59], other(one[59])),
    ]
    unsorted, tidy = score(write_vcf(*rows), genome), score(write_vcf(*rows[::-1], name="s.vcf"), genome)
    np.testing.assert_array_equal(unsorted["logit_effect_bound"], tidy["logit_effect_bound"][::-1])


def test_a_row_for_each_allele_in_order_scored_or_with_the_reason(chromosomes, genome, write_vcf):
    """trap 14: nothing is dropped; multi-allelic records are parted."""
    one = chromosomes["chr1"]
    at = lambda position: one[position - 1]  # noqa: E731
    rows = [
        ("chr1", 100, at(100), "ACGT".replace(at(100), "")[0] + ",<DEL>,*,."),
        ("chr1", 100, at(100), at(100).lower()),
        ("chr1", 5, at(5), other(at(5))),
        ("chr1", 405, one[404:407] + "AAA", at(405)),
        ("chr1", 150, at(150), at(150) + "A" * (LENGTH + 1)),
        ("chr1", 150, other(at(150)), at(150)),
        ("chrUn", 150, "A", "C"),
        ("2", 30, "A", "C"),
        ("2", 100, chromosomes["chr2"][99], other(chromosomes["chr2"][99])),
        ("chr1", 150, at(150), f"]chr2:70]{at(150)}"),
    ]
    table = score(write_vcf(*rows), genome, least=0.1)
    said = [
        "", "symbolic", "deletion nearby", "no other allele", "REF = ALT", "leave the chromosome", "past the end",
        "longer than the window (21 bp)", f"REF is {other(at(150))}, and the genome has {at(150)}",
        "unknown chromosome chrUn", ONLY_N, "", "breakend",
    ]  # fmt: skip
    assert list(table["id"]) == ["v0"] * 4 + [f"v{k}" for k in range(1, 10)]
    for told, part in zip(table["not_scored"], said, strict=True):
        assert part in told and bool(part) == bool(told)
    assert (table["logit_effect_bound"].notna() == (table["not_scored"] == "")).all()
    assert table["ref_match"].isna().sum() == 2 and "could not be compared" in table["note"][10]


def test_a_telomere_is_told_and_says_nothing_of_the_build(chromosomes, genome, write_vcf):
    """The format has position 0 before the first base; nothing is read there, of no chromosome."""
    at = chromosomes["chr1"][99]
    table = score(write_vcf(("chr2", 0, chromosomes["chr1"][-1], "<DEL>"), ("chr1", 100, at, other(at))), genome)
    assert table["not_scored"].tolist() == ["position 0 is the telomere, before the first base of chr2", ""]
    assert table["pos"].tolist() == [0, 100] and table["ref_match"].isna().tolist() == [True, False]


def test_a_file_of_another_build_is_refused(chromosomes, genome, write_vcf):
    """trap 6: the check is made without being asked for, and cannot be skipped by accident."""
    one = chromosomes["chr1"]
    rows = [("chr1", position, one[position + 6], other(one[position + 6])) for position in range(50, 150)]
    with pytest.raises(UserError, match="another build") as caught:
        score(write_vcf(*rows), genome)
    matched = sum(one[row[1] - 1] == row[2] for row in rows)
    assert f"in {matched} of 100 records" in str(caught.value) and "v.vcf" in str(caught.value)
    table = score(write_vcf(*rows), genome, least=0)
    assert table["ref_match"].sum() == matched == (table["not_scored"] == "").sum()
    past_the_end = [("chr1", 9000 + k, "A", "C") for k in range(5)]
    with pytest.raises(UserError, match="0 of 5 records"):
        score(write_vcf(*past_the_end), genome)


def test_no_chromosome_of_the_genome(genome, write_vcf):
    with pytest.raises(UserError, match="no chromosome is in the genome: the file has scaffold_1"):
        score(write_vcf(("scaffold_1", 5, "A", "C")), genome)


def test_members_are_averaged_with_their_spread_and_calibrated(chromosomes, genome, write_vcf):
    one = chromosomes["chr1"]
    path = write_vcf(("chr1", 204, one[203], other(one[203])))
    temperatures = [{"bound": 0.5}, {"bound": 2.0}]
    table = score(path, genome, BestMatch(1), BestMatch(3), temperatures=temperatures)
    ref, alt = np.array([7, 21.0]), np.array([6, 18.0])
    gap = expit(alt / [0.5, 2]) - expit(ref / [0.5, 2])
    assert table["logit_effect_bound"][0] == pytest.approx(-2, abs=1e-5)
    assert table["logit_sd_bound"][0] == pytest.approx(np.std([-1, -3], ddof=1), abs=1e-5)
    assert table["probability_effect_bound"][0] == pytest.approx(gap.mean(), abs=1e-6)
    assert table["probability_sd_bound"][0] == pytest.approx(gap.std(ddof=1), abs=1e-6)
    uncalibrated = score(path, genome, BestMatch(1), BestMatch(3), temperatures=[{"bound": 0.5}, {}])
    assert not any(name.startswith("probability") for name in uncalibrated.columns)


@pytest.mark.parametrize("null", ["shuffled", "places"])
def test_the_null_tells_broken_motifs_from_nothing(chromosomes, genome, write_vcf, null):
    """And p has the +1 rule: none is 0, all lie on multiples of 1/201."""
    one = chromosomes["chr1"]
    rows = [("chr1", position, one[position - 1], other(one[position - 1])) for position in range(30, 190)]
    rows += [("chr1", 204, one[203], other(one[203])), ("chr1", 204, one[203], one[203] + "GGGGGGG")]
    table = score(write_vcf(*rows), genome, BestMatch(), null=null, n_null=200)
    again = score(write_vcf(*rows), genome, BestMatch(), null=null, n_null=200)
    p = table["p_bound"].to_numpy()
    np.testing.assert_array_equal(p, again["p_bound"])
    np.testing.assert_allclose(p * 201, np.round(p * 201), atol=1e-9)
    assert p.min() >= 1 / 201 and p.max() <= 1
    assert table["logit_effect_bound"].iloc[-1] == pytest.approx(-3, abs=1e-5) and p[-1] < 0.1 < p[0]


def test_p_of_variants_without_meaning_is_not_small(chromosomes, genome, write_vcf, tmp_path):
    """In a genome at random the null is the truth: p is uniform, but for ties, which make it greater."""
    rng = np.random.default_rng(3)
    bases = "".join(rng.choice(list("ACGT"), 20_000))
    path = tmp_path / "random.fa"
    path.write_text(f">chr1\n{bases}\n")
    places = rng.choice(np.arange(50, 19_900), 400, replace=False)
    rows = [("chr1", p, bases[p - 1], other(bases[p - 1])) for p in places]
    network = BestMatch()
    torch.manual_seed(3)
    network.filters.data += 0.3 * torch.randn_like(network.filters)
    p = score(write_vcf(*rows), path, network, n_null=400)["p_bound"]
    assert kstest(p, "uniform", alternative="greater").pvalue > 1e-3


def test_an_unknown_null(genome, write_vcf):
    with pytest.raises(UserError, match="did you mean shuffled"):
        score(write_vcf(("chr1", 204, "A", "C")), genome, null="shuffle")
