"""VCF files read: what is well formed comes record by record, anything else is told by line."""

from __future__ import annotations

import gzip
import random

import pysam
import pytest

from cislearn.errors import UserError
from cislearn.variants.vcf import read_header, read_records, split_alleles
from tests.variants.conftest import HEADER

LINE = "chr1\t7\trs1\tA\tG,<DEL>\t.\tPASS\tDP=3\n"


def test_records_are_those_of_pysam(tmp_path):
    draw = random.Random(0)
    rows = [
        (draw.choice(["chr1", "chr2"]), draw.randint(1, 9999), draw.choice(["A", "AC", "n"]), draw.choice("CGT"))
        for _ in range(50)
    ]
    contigs = '##contig=<ID=chr1>\n##contig=<ID=chr2>\n##INFO=<ID=DP,Number=1,Type=Integer,Description="d">\n'
    text = HEADER.replace("#CHROM", f"{contigs}#CHROM")
    text += "".join(f"{c}\t{p}\t.\t{r}\t{a},<DEL>\t.\t.\tDP=1\n" for c, p, r, a in rows)
    path = tmp_path / "v.vcf"
    path.write_text(text)
    ours = [record for piece in read_records(path, 7) for record in piece]
    with pysam.VariantFile(str(path)) as theirs:
        assert [(r.chrom, r.pos, r.ref, r.alts) for r in theirs] == [(r.chrom, r.position, r.ref, r.alts) for r in ours]
    assert list(split_alleles(ours)["is_first"]) == [True, False] * 50


@pytest.mark.parametrize("packed", [False, True, "bgzip"])
def test_packed_files_and_windows_line_ends(tmp_path, packed):
    content = ("\ufeff" + HEADER + LINE + LINE.rstrip("\n")).replace("\n", "\r\n").encode()
    path = tmp_path / "v.vcf.gz"
    if packed == "bgzip":
        with pysam.BGZFile(str(path), "wb") as out:
            out.write(content)
    else:
        path.write_bytes(gzip.compress(content) if packed else content)
    ((one, two),) = read_records(path, 10)
    assert one.alts == ("G", "<DEL>") and one.line == 3 and two.text == LINE.strip()
    assert read_header(path)[-1].endswith("INFO")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        (LINE, "line 1: begins with 'chr1"),
        ("##fileformat=VCFv4.2\n" + LINE, "line 2: has no line #CHROM"),
        ("##fileformat=VCFv4.2\n##x\n", "ends without a line #CHROM"),
        (HEADER, "holds no variant"),
        (HEADER.replace("\tREF\tALT", "\tALT\tREF") + LINE, "line 2: the columns are"),
        (HEADER + LINE + "chr1\t7\t.\tA\n", "line 4: has 4 columns"),
        (HEADER + LINE.replace("7", "-7", 1), "line 3: position '-7'"),
        (HEADER + LINE.replace("7", "1e3", 1), "position '1e3'"),
        (HEADER + LINE.replace("7", "\N{ARABIC-INDIC DIGIT SEVEN}", 1), "position"),
        (HEADER + LINE.replace("\tA\t", "\t-\t"), "line 3: REF '-' is no allele"),
        (HEADER + LINE.replace("G,", "G/C,"), "ALT 'G/C'"),
        (HEADER + LINE.replace("G,", ","), "ALT ''"),
        (HEADER + LINE.replace("chr1", ""), "the chromosome is ''"),
        (HEADER + "chr1\0", "not a text file"),
    ],
)
def test_what_is_not_well_formed_is_told(tmp_path, content, said):
    path = tmp_path / "bad.vcf"
    path.write_text(content)
    with pytest.raises(UserError) as caught:
        list(read_records(path, 10))
    assert "bad.vcf" in str(caught.value) and said in str(caught.value)
