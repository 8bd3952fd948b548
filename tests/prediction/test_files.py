from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from cislearn.errors import UserError
from cislearn.genome.intervals import read_intervals
from cislearn.models.network import build_network
from cislearn.models.strands import BothStrands
from cislearn.prediction.files import NO_NUMBER, ONLY_N, predict_file, write_predictions
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode, encode

LENGTH = 20


def model(*tasks, average=False):
    torch.manual_seed(len(tasks))
    network = build_network("motif_cnn", DataSpec(tasks or (TaskSpec("bound"),), ("a",), LENGTH), {"motifs": 4}).eval()
    return BothStrands(network) if average else network


def logit(network, sequence):
    tokens = torch.from_numpy(encode(sequence))[None]
    with torch.no_grad():
        return network(network.embed(tokens))[0].numpy()


@pytest.fixture
def genome(tmp_path):
    rng = np.random.default_rng(1)
    sequences = {"chr1": decode(rng.integers(0, 4, 300).astype(np.uint8)), "chr2": "N" * 60 + "ACGTTGCA" * 10}
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in sequences.items()))
    return path, sequences


def test_a_row_for_each_region_in_order_scored_or_with_the_reason(genome, tmp_path):
    """trap 14: regions that cannot be scored stay in their place."""
    path, sequences = genome
    rows = [
        ("chr1", 100, 120, "plain", 0, "+"),
        ("chr1", 0, 4, "edge", 0, "+"),
        ("chr9", 5, 25, "nowhere", 0, "+"),
        ("chr1", 100, 120, "minus", 0, "-"),
        ("chr2", 0, 40, "unknown bases", 0, "+"),
        ("chr1", 40, 80, "wide", 0, "+"),
        ("chr1", 290, 330, "outside", 0, "+"),
    ]
    bed = tmp_path / "regions.bed"
    bed.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    network = model()
    table = predict_file([network], bed, genome=path)
    assert list(table["name"]) == [row[3] for row in rows]
    assert list(table["start"]) == [row[1] for row in rows]
    scored = table["not_scored"] == ""
    assert list(scored) == [True, False, False, True, False, True, False]
    assert (table["logit_bound"].notna() == scored).all()
    window = sequences["chr1"][100:120]
    assert table["logit_bound"][0] == pytest.approx(logit(network, window)[0], abs=1e-6)
    other = decode(reverse_complement(encode(window)))
    assert table["logit_bound"][3] == pytest.approx(logit(network, other)[0], abs=1e-6)
    assert table["logit_bound"][5] == pytest.approx(logit(network, sequences["chr1"][50:70])[0], abs=1e-6)
    assert "40 bp" in table["note"][5]
    assert "chr9" in table["not_scored"][2] and table["not_scored"][4] == ONLY_N
    assert "past the end" in table["not_scored"][6]


def test_names_without_chr_are_mapped(genome, tmp_path):
    (tmp_path / "r.bed").write_text("1\t100\t120\n")
    table = predict_file([model()], tmp_path / "r.bed", genome=genome[0])
    assert table["not_scored"][0] == "" and table["chrom"][0] == "1"


def test_sequences_are_cropped_about_the_centre_and_padded(tmp_path):
    network = model()
    long, short = "AC" * 5 + "GATTACAGATTACAGATTAC" + "GT" * 5, "GATTACAGAT"
    (tmp_path / "s.fa").write_text(f">long\n{long}\n>short\n{short}\n>same\n{long[10:30].lower()}\n")
    table = predict_file([network], tmp_path / "s.fa")
    assert table["logit_bound"][0] == pytest.approx(logit(network, long[10:30])[0], abs=1e-6)
    assert table["logit_bound"][0] == pytest.approx(table["logit_bound"][2], abs=1e-6)
    assert table["logit_bound"][1] == pytest.approx(logit(network, "NNNNN" + short + "NNNNN")[0], abs=1e-6)
    assert list(table["note"]) == ["cropped from 40 bp", "padded from 10 bp", ""]


def test_members_are_calibrated_and_averaged_and_their_spread_is_told(tmp_path):
    (tmp_path / "s.fa").write_text(">a\nGATTACAGATTACAGATTAC\n")
    first = model()
    members = [first, build_network("motif_cnn", first.spec, {"motifs": 4}).eval()]
    temperatures = [{"bound": 0.5}, {"bound": 2.0}]
    table = predict_file(members, tmp_path / "s.fa", temperatures=temperatures)
    each = np.array([logit(member, "GATTACAGATTACAGATTAC")[0] for member in members])
    probability = 1 / (1 + np.exp(-each / np.array([0.5, 2.0])))
    assert table["logit_bound"][0] == pytest.approx(each.mean(), abs=1e-6)
    assert table["probability_bound"][0] == pytest.approx(probability.mean(), abs=1e-6)
    assert table["sd_bound"][0] == pytest.approx(probability.std(ddof=1), abs=1e-6)
    plain = predict_file(members, tmp_path / "s.fa")
    assert plain["probability_bound"][0] == pytest.approx((1 / (1 + np.exp(-each))).mean(), abs=1e-6)
    assert plain["logit_bound"][0] == table["logit_bound"][0]


def test_a_strand_averaged_model_says_the_same_of_both_strands(tmp_path):
    """And tells how far the network within is from that, which costs it nothing."""
    one = "GATTACAGATTACAGATTAC"
    other = decode(reverse_complement(encode(one)))
    (tmp_path / "s.fa").write_text(f">a\n{one}\n>b\n{other}\n")
    averaged = model(average=True)
    calls = []
    averaged.model.register_forward_hook(lambda *_: calls.append(1))
    table = predict_file([averaged], tmp_path / "s.fa")
    assert len(calls) == 2
    assert table["logit_bound"][0] == pytest.approx(table["logit_bound"][1], abs=1e-6)
    apart = abs(logit(averaged.model, one)[0] - logit(averaged.model, other)[0])
    assert apart > 1e-3
    np.testing.assert_allclose(table["strands_bound"], [apart, apart], atol=1e-6)


def test_strands_of_a_model_that_reads_one_are_told_when_asked_for(tmp_path):
    """With several members it is the disagreement of their mean, in which opposite ones cancel out."""
    one = "GATTACAGATTACAGATTAC"
    (tmp_path / "s.fa").write_text(f">a\n{one}\n>n\n{'N' * 20}\n")
    first = model()
    members = [first, build_network("motif_cnn", first.spec, {"motifs": 4}).eval()]
    plain, told = (predict_file(members, tmp_path / "s.fa", strands=each) for each in (False, True))
    assert "strands_bound" not in plain
    other = decode(reverse_complement(encode(one)))
    apart = np.mean([logit(member, one)[0] - logit(member, other)[0] for member in members])
    assert told["strands_bound"][0] == pytest.approx(abs(apart), abs=1e-6)
    assert np.isnan(told["strands_bound"][1])
    pd.testing.assert_frame_equal(told.drop(columns="strands_bound"), plain)


def test_a_model_without_a_number_says_so(tmp_path):
    (tmp_path / "s.fa").write_text(">a\nGATTACAGATTACAGATTAC\n")
    broken = model()
    with torch.no_grad():
        next(broken.parameters()).fill_(torch.nan)
    table = predict_file([broken], tmp_path / "s.fa")
    assert list(table["not_scored"]) == [NO_NUMBER] and table["logit_bound"].isna().all()


def test_columns_of_each_kind_of_task(tmp_path):
    (tmp_path / "s.tsv").write_text("name\tsequence\nx\tGATTACAGATTACAGATTAC\n")
    tasks = (TaskSpec("bound"), TaskSpec("class", "multiclass", 3), TaskSpec("level", "regression"))
    table = predict_file([model(*tasks)], tmp_path / "s.tsv")
    assert table[[f"probability_class_{c}" for c in range(3)]].sum(axis=1)[0] == pytest.approx(1, abs=1e-6)
    assert {"probability_bound", "value_level"} <= set(table.columns) and table["name"][0] == "x"


def test_written_files_read_back(genome, tmp_path):
    (tmp_path / "r.bed").write_text("chr1\t100\t120\tplain\t0\t-\nchr9\t5\t25\tnowhere\t0\t+\n")
    network = model()
    table = predict_file([network], tmp_path / "r.bed", genome=genome[0])
    for name in ("o.tsv", "o.parquet", "o.bed"):
        write_predictions([table], tmp_path / name, network.spec)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "o.parquet"), table, check_dtype=False)
    assert len(pd.read_csv(tmp_path / "o.tsv", sep="\t")) == 2
    bed = read_intervals(tmp_path / "o.bed")
    assert list(bed["name"]) == ["plain", "nowhere"] and list(bed["strand"]) == ["-", "+"]
    assert bed["score"][0] == round(table["probability_bound"][0] * 1000) and bed["score"][1] == 0


def test_regions_need_a_genome(tmp_path):
    (tmp_path / "r.bed").write_text("chr1\t100\t120\n")
    with pytest.raises(UserError, match="--genome"):
        predict_file([model()], tmp_path / "r.bed")
