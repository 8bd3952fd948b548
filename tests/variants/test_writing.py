"""Files of scored variants: whole, in order, and as other tools read them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pysam
import pytest

from cislearn.errors import UserError
from cislearn.variants.score import VariantScorer
from cislearn.variants.vcf import read_header, read_records
from cislearn.variants.writing import NOT_SCORED, check_output, info_names, write_scored
from tests.variants.conftest import HEADER, BestMatch
from tests.variants.test_score import other

DECLARED = HEADER.replace(
    "#CHROM",
    '##contig=<ID=chr1>\n##contig=<ID=chr9>\n##INFO=<ID=DP,Number=1,Type=Integer,Description="d">\n#CHROM',
)


def written(path, out, genome):
    scorer = VariantScorer([BestMatch(1), BestMatch(2)], genome, temperatures=[{"bound": 1.0}] * 2)
    pieces = list(scorer.pieces(partial(read_records, path, 2), path, n_null=20))
    reasons = write_scored(pieces, out, read_header(path))
    return pd.concat([piece.table for piece in pieces], ignore_index=True), reasons


@pytest.fixture
def variants(chromosomes, write_vcf):
    one = chromosomes["chr1"]
    rows = [
        ("chr1", 204, one[203], f"{other(one[203])},<DEL>"),
        ("chr9", 3, "A", "C"),
        ("chr1", 101, one[100], one[100] + "GATTACA"),
    ]
    return write_vcf(*rows, header=DECLARED)


@pytest.mark.parametrize("name", ["o.vcf", "o.vcf.gz"])
def test_a_vcf_that_pysam_reads_has_the_same_numbers(variants, genome, tmp_path, name):
    out = tmp_path / name
    table, reasons = written(variants, out, genome)
    assert reasons.total() == 4 and reasons[""] == 2
    with pysam.VariantFile(str(out)) as found:
        assert found.compression == ("BGZF" if name.endswith("gz") else "NONE")
        records = list(found)
    assert [(r.chrom, r.pos, r.id, r.alts, r.info["DP"]) for r in records] == [
        ("chr1", 204, "v0", (table["alt"][0], "<DEL>"), 3),
        ("chr9", 3, "v1", ("C",), 3),
        ("chr1", 101, "v2", (table["alt"][3],), 3),
    ]
    for column in info_names(table.columns, out):
        told = [v for r in records for v in r.info.get(f"cislearn_{column}", (None,) * len(r.alts))]
        np.testing.assert_allclose(np.array(told, float), table[column].to_numpy(float, na_value=np.nan), rtol=1e-5)
    assert records[0].info[NOT_SCORED] == (".", "symbolic_allele%3A_it_has_no_sequence")
    assert NOT_SCORED not in records[2].info


def test_scored_again_the_fields_are_replaced(variants, genome, tmp_path):
    once, twice = tmp_path / "once.vcf", tmp_path / "twice.vcf"
    written(variants, once, genome)
    written(once, twice, genome)
    assert twice.read_text() == once.read_text()


def test_nothing_that_another_model_said_stays(variants, genome, tmp_path):
    plain, stale = tmp_path / "plain.vcf", tmp_path / "stale.vcf"
    written(variants, plain, genome)
    text = variants.read_text().replace(
        "#CHROM", '##INFO=<ID=cislearn_logit_alt_open,Number=A,Type=Float,Description="d">\n#CHROM'
    )
    variants.write_text(text.replace("DP=3", "cislearn_logit_alt_open=1.5;DP=3"))
    written(variants, stale, genome)
    assert "=1.5" in variants.read_text()
    assert stale.read_text() == plain.read_text()


def test_tables_read_back(variants, genome, tmp_path):
    table, _ = written(variants, tmp_path / "o.parquet", genome)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "o.parquet"), table, check_dtype=False)
    written(variants, tmp_path / "o.tsv", genome)
    text = pd.read_csv(tmp_path / "o.tsv", sep="\t", keep_default_na=False)
    assert list(text.columns) == list(table.columns) and list(text["not_scored"]) == list(table["not_scored"])


def test_names_that_cannot_be(tmp_path, variants):
    with pytest.raises(UserError, match=r"extension '.bed' is not known"):
        check_output(tmp_path / "o.bed", [])
    with pytest.raises(UserError, match="is an input"):
        check_output(variants, [variants])
    with pytest.raises(UserError, match="two tasks come to the same INFO field cislearn_p_a_b"):
        info_names(["p_a-b", "p_a+b"], tmp_path / "o.vcf")
