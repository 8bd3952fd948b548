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


def test_a_region_to_a_table_and_a_map(cislearn, refused, files, tiny_experiment):
    """What the table says is what Python says, and what the same bases in a VCF file get."""
    arguments = ["variants", tiny_experiment, "--genome", "g.fa", "--region", "1:501-505", "--out", "s"]
    done = cislearn(*arguments)
    assert done.returncode == 0, done.stderr
    assert "15 of 15 substitutions scored -> s" in done.stdout
    table = pd.read_csv(files / "s" / "saturation.tsv", sep="\t", keep_default_na=False)
    same = cl.saturate_region(tiny_experiment, "chr1:501-505", files / "g.fa")
    np.testing.assert_allclose(table["logit_effect_GABPA"], same["logit_effect_GABPA"], rtol=1e-4, atol=1e-5)
    by_file = cl.score_variants(tiny_experiment, files / "v.vcf", files / "g.fa", n_null=0).iloc[4]
    row = same[(same["pos"] == 501) & (same["alt"] == by_file["alt"])].iloc[0]
    for name in ("logit_effect_GABPA", "logit_sd_GABPA", "probability_effect_GABPA"):
        assert row[name] == pytest.approx(by_file[name], abs=1e-6)
    page = (files / "s" / "saturation.html").read_text()
    assert "GABPA" in page and 'role="img"' in page and "<script" not in page
    assert "--overwrite" in refused(*arguments)
    assert cislearn(*arguments, "--overwrite").returncode == 0


def test_what_of_a_region_is_refused(refused, files, tiny_experiment):
    rest = ["variants", tiny_experiment, "--genome", "g.fa", "--out", "o"]
    for arguments, said in [
        ([], "give --vcf FILE, or --region"),
        (["--region", "chr1:9-5"], "is no region"),
        (["--region", "chr1:990-1001"], "ends past the end of chr1 (1,000 bp)"),
        (["--region", "chr9:1-5"], "has no chromosome chr9"),
        (["--region", "chr1:1-5"], "no base could be scored; most often: window would leave the chromosome"),
        (["--region", "chr1:501-505", "--vcf", "v.vcf"], "does not go with --region"),
        (["--region", "chr1:501-505", "--n-null", 5], "does not go with --region"),
        (["--vcf", "v.vcf", "--overwrite"], "goes with --region, which is not given"),
    ]:
        assert said in refused(*rest, *arguments)
        assert not (files / "o").exists()
