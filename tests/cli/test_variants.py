"""``cislearn variants``: from a VCF file to tables, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cislearn as cl
from cislearn.sequence.tokens import decode

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture
def files(tmp_path):
    bases = decode(np.random.default_rng(0).integers(0, 4, 1000).astype(np.uint8))
    (tmp_path / "g.fa").write_text(f">chr1\n{bases}\n")
    alts = ["ACGT"["ACGT".index(base) ^ 2] for base in bases]
    lines = [f"1\t{k + 1}\t.\t{bases[k]}\t{alts[k]},<DUP>\t.\t.\t.\n" for k in (900, 100, 500, 3)]
    (tmp_path / "v.vcf").write_text(HEADER + "".join(lines))
    return tmp_path


def test_variants_to_a_table_and_to_vcf(cislearn, files, tiny_experiment):
    arguments = ["variants", tiny_experiment, "--vcf", "v.vcf", "--genome", "g.fa", "--n-null", 30]
    done = cislearn(*arguments, "--out", "o.tsv")
    assert done.returncode == 0, done.stderr
    assert "REF is the genome's in 4 of 4 records" in done.stdout and "3 of 8 alleles scored" in done.stdout
    table = pd.read_csv(files / "o.tsv", sep="\t", keep_default_na=False, na_values={"p_GABPA": [""]})
    assert list(table["pos"]) == [901, 901, 101, 101, 501, 501, 4, 4]
    assert {"logit_effect_GABPA", "logit_sd_GABPA", "probability_effect_GABPA", "ref_match"} <= set(table.columns)
    same = cl.score_variants(tiny_experiment, files / "v.vcf", files / "g.fa", n_null=30)
    np.testing.assert_allclose(same["p_GABPA"], table["p_GABPA"], rtol=1e-5)
    done = cislearn(*arguments, "--out", "o.vcf")
    assert done.returncode == 0 and (files / "o.vcf").read_text().count("cislearn_logit_effect_GABPA=") == 3


def test_what_is_refused(refused, files, tiny_experiment):
    rest = ["--genome", "g.fa", "--out", "o.tsv"]
    text = (files / "v.vcf").read_text()
    for name, content, said in [
        ("moved.vcf", HEADER + "".join(f"chr1\t{k}\t.\tA\tC\t.\t.\t.\n" for k in range(100, 200)), "another build"),
        ("bare.vcf", text.removeprefix(HEADER), "header of a VCF file was expected"),
        ("cut.vcf", text + "chr1\t5", "line 7: has 2 columns"),
        ("other.vcf", text.replace("\n1\t", "\nscaffold\t"), "no chromosome is in the genome"),
    ]:
        (files / name).write_text(content)
        message = refused("variants", tiny_experiment, "--vcf", name, *rest)
        assert name in message and said in message
        assert not (files / "o.tsv").exists()
    message = refused("variants", tiny_experiment, "--vcf", "v.vcf", "--genome", "g.fa", "--out", "o.xls")
    assert "Name it .tsv" in message
