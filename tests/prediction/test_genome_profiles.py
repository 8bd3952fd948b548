"""From regions to bigWig files of predicted profiles, read by another library."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyBigWig
import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.network import build_network
from cislearn.models.strands import other_strand
from cislearn.prediction import files
from cislearn.prediction.files import predict_pieces
from cislearn.prediction.genome_profiles import profiles_on_genome
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.tokens import decode

LENGTH, POSITIONS = 62, 40
TASK = TaskSpec("tss", "profile", 2, POSITIONS, "flip_and_permute")
SPEC = DataSpec((TASK,), ("a",), LENGTH)
AROUND = (LENGTH - POSITIONS) // 2
REGIONS = """\
chr1\t100\t162\tplus\t0\t+
chr1\t300\t362\tminus\t0\t-
chr1\t990\t1052\toff\t0\t+
chr1\t600\t662\tunknown\t0\t+
chr2\t50\t112\tunstranded\t0\t.
"""


@pytest.fixture
def members():
    options = {"filters": 4, "motif_width": 5, "dilated": 2, "profile_width": 7}
    made = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        made.append(build_network("bpnet", SPEC, options).eval())
    return made


@pytest.fixture
def genome(tmp_path, rng):
    """Two chromosomes of 1,000 bp, with a stretch of N."""
    tokens = {name: rng.integers(0, 4, 1000).astype(np.uint8) for name in ("chr1", "chr2")}
    tokens["chr1"][590:680] = 4
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name}\n{decode(each)}\n" for name, each in tokens.items()))
    (tmp_path / "regions.bed").write_text(REGIONS)
    return path, tokens


def expected(members, tokens, is_minus):
    """Reads at each base of the genome's strands, of one window: the mean of the logits of the members."""
    x = members[0].embed(torch.from_numpy(tokens)[None])
    with torch.no_grad():
        read = other_strand(x, SPEC) if is_minus else x
        logits = torch.stack([member(read)[0] for member in members]).mean(0)
    shape = logits[:-2].view(2, POSITIONS).softmax(1) * logits[-2:].expm1().clip(min=0)[:, None]
    return (shape.flip(0, 1) if is_minus else shape).numpy()


@pytest.mark.parametrize("rows", [2, 1000])
def test_each_region_lies_where_it_was_predicted(tmp_path, members, genome, monkeypatch, rows):
    """trap 3 on the minus strand, trap 14 in the table; pieces of two rows give what one piece gives."""
    monkeypatch.setattr(files, "ROWS", rows)
    fasta, tokens = genome
    with profiles_on_genome(tmp_path / "bw", SPEC, fasta) as hear:
        table = pd.concat(predict_pieces(members, tmp_path / "regions.bed", genome=fasta, profiles=hear))
    assert list(table["name"]) == ["plus", "minus", "off", "unknown", "unstranded"]
    assert list(table["counts_tss"].notna()) == [True, True, False, False, True]
    assert sorted(path.name for path in (tmp_path / "bw").iterdir()) == [
        "tss.counts.tsv",
        "tss.minus.bw",
        "tss.plus.bw",
    ]
    with (
        pyBigWig.open(str(tmp_path / "bw" / "tss.plus.bw")) as plus,
        pyBigWig.open(str(tmp_path / "bw" / "tss.minus.bw")) as minus,
    ):
        for chrom, start, is_minus in (("chr1", 100, False), ("chr1", 300, True), ("chr2", 50, False)):
            reads = expected(members, tokens[chrom][start : start + LENGTH], is_minus)
            first = start + AROUND
            for file, values in zip((plus, minus), reads, strict=True):
                np.testing.assert_allclose(file.values(chrom, first, first + POSITIONS), values, rtol=1e-3, atol=1e-6)
            assert np.isnan(plus.values(chrom, first - 1, first)).all()
        assert plus.header()["nBasesCovered"] == 3 * POSITIONS
    counts = pd.read_table(tmp_path / "bw" / "tss.counts.tsv")
    assert list(counts["name"]) == ["plus", "minus", "unstranded"]
    total = counts["reads_plus"] + counts["reads_minus"]
    np.testing.assert_allclose(total, table["counts_tss"].dropna(), rtol=1e-3)


def test_what_has_no_place_or_no_profile_is_refused(tmp_path, members, genome):
    fasta, tokens = genome
    bound = DataSpec((TaskSpec("bound"),), ("a",), LENGTH)
    with (
        pytest.raises(UserError, match=r"predicts no profile: bound \(binary\)"),
        profiles_on_genome(tmp_path / "bw", bound, fasta),
    ):
        pass
    with (
        pytest.raises(UserError, match=r"without a place(.|\n)*--genome"),
        profiles_on_genome(tmp_path / "bw", SPEC, None),
    ):
        pass
    (tmp_path / "w.fa").write_text(f">w\n{decode(tokens['chr1'][:LENGTH])}\n")
    with pytest.raises(UserError, match="without a place"), profiles_on_genome(tmp_path / "bw", SPEC, fasta) as hear:
        list(predict_pieces(members, tmp_path / "w.fa", profiles=hear))
    assert not (tmp_path / "bw").exists()
