"""Files to predictions with tracks: the same numbers as for the dataset, and a refusal where a track is missing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cislearn.data.prepare import prepare
from cislearn.errors import UserError
from cislearn.genome.token_genome import open_genome
from cislearn.models.network import build_network
from cislearn.models.strands import BothStrands
from cislearn.prediction.files import predict_file
from cislearn.prediction.genome_wide import open_tiles
from cislearn.prediction.predictor import NetworkPredictor, predict_rows
from tests.data.examples import random_sequence, write_fasta
from tests.genome.tracks import random_signal, write_bigwig

LENGTH = 30


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    """A dataset with one track, the files that it was made of, and a model of it."""
    folder, rng = tmp_path_factory.mktemp("cell"), np.random.default_rng(2)
    genome = write_fasta(folder / "g.fa", [random_sequence(rng, 2000), random_sequence(rng, 400)], ["chr1", "chr2"])
    track = write_bigwig(folder / "cuts.bw", {"chr1": random_signal(rng, 2000), "chr2": random_signal(rng, 400)})
    for name, first in (("p", 100), ("n", 1000)):
        rows = [f"chr1\t{first + 60 * k}\t{first + 60 * k + LENGTH}\t{name}{k}\t0\t{'+-'[k % 2]}\n" for k in range(8)]
        (folder / f"{name}.bed").write_text("".join(rows))
    data = prepare(
        folder / "data", positives={"a": folder / "p.bed"}, negatives={"a": folder / "n.bed"}, genome=genome,
        length=LENGTH, margin=5, tracks={"cuts": {"a": track}}, track_rules={"cuts": "flip_and_shift"},
    )  # fmt: skip
    torch.manual_seed(0)
    model = BothStrands(build_network("motif_cnn", data.spec, {"motifs": 8})).eval()
    return folder, data, model


def test_regions_are_scored_as_the_rows_of_a_dataset(cell):
    folder, data, model = cell
    rows = np.flatnonzero(data.loci["name"].str.startswith("p"))
    predict = NetworkPredictor(model).predict
    expected = predict_rows(predict, data.sequences, rows, data.spec.margin, tracks=data.tracks)
    tracks = {"cuts": folder / "cuts.bw"}
    found = predict_file([model], folder / "p.bed", genome=folder / "g.fa", tracks=tracks)
    np.testing.assert_allclose(found["logit_binding"], expected[:, 0], atol=2e-5)
    assert set(data.loci["strand"].iloc[rows]) == {"+", "-"}
    flat = write_bigwig(folder / "flat.bw", {"chr1": np.ones(2000), "chr2": np.ones(400)})
    other = predict_file([model], folder / "p.bed", genome=folder / "g.fa", tracks={"cuts": flat})
    assert (np.abs(other["logit_binding"] - found["logit_binding"]) > 1e-4).all()


def test_sequences_with_a_place_are_scored_and_others_refused(cell):
    folder, data, model = cell
    rows = np.arange(4)
    inner = data.sequences.gather(rows)[:, 5:-5]
    headers = [f"{r.chrom}:{r.start}-{r.end}({r.strand})" for r in data.loci.iloc[rows].itertuples()]
    texts = ["".join("ACGT"[t] for t in tokens) for tokens in inner]
    tracks = {"cuts": folder / "cuts.bw"}
    placed = predict_file([model], write_fasta(folder / "placed.fa", texts, headers), tracks=tracks)
    expected = predict_rows(NetworkPredictor(model).predict, data.sequences, rows, 5, tracks=data.tracks)
    np.testing.assert_allclose(placed["logit_binding"], expected[:, 0], atol=2e-5)
    with pytest.raises(UserError, match=r"bare\.fa line 1: has examples without coordinates"):
        predict_file([model], write_fasta(folder / "bare.fa", texts), tracks=tracks)


def test_a_missing_track_is_named_with_the_fix(cell):
    folder, data, model = cell
    with pytest.raises(UserError, match=r"reads track 'cuts', and none is given.*\n.*Give --track cuts=FILE\.bw"):
        predict_file([model], folder / "p.bed", genome=folder / "g.fa")
    with pytest.raises(UserError, match="reads no track 'cut'; did you mean cuts"):
        predict_file([model], folder / "p.bed", genome=folder / "g.fa", tracks={"cut": folder / "cuts.bw"})
    plain = build_network("motif_cnn", data.without_tracks().spec).eval()
    with pytest.raises(UserError, match="reads no track 'cuts': it reads sequence alone"):
        predict_file([plain], folder / "p.bed", genome=folder / "g.fa", tracks={"cuts": folder / "cuts.bw"})


def test_a_track_of_another_build_is_refused_before_anything_is_scored(cell):
    folder, _, model = cell
    short = write_bigwig(folder / "short.bw", {"chr1": np.ones(2000), "chr2": np.ones(399)})
    (folder / "late.bed").write_text("chr1\t100\t130\n" * 3 + "chr2\t10\t40\n")
    with pytest.raises(UserError, match=r"short\.bw: is of another build: chr2 has 399 bp here and 400 bp"):
        predict_file([model], folder / "late.bed", genome=folder / "g.fa", tracks={"cuts": short})


def test_rows_without_a_window_stay_in_their_place(cell):
    """trap 14: with tracks as without."""
    folder, _, model = cell
    (folder / "some.bed").write_text("chr1\t0\t4\tedge\nchr1\t200\t230\tfine\nchr9\t5\t35\tnowhere\n")
    table = predict_file([model], folder / "some.bed", genome=folder / "g.fa", tracks={"cuts": folder / "cuts.bw"})
    assert list(table["name"]) == ["edge", "fine", "nowhere"]
    assert list(table["not_scored"] == "") == [False, True, False]


def test_rows_on_a_chromosome_that_a_track_lacks_say_so(cell):
    """bigWig files often list only chromosomes with data."""
    folder, _, model = cell
    short = write_bigwig(folder / "one.bw", {"chr1": random_signal(np.random.default_rng(3), 2000)})
    (folder / "both.bed").write_text("chr1\t200\t230\tfine\nchr2\t5\t35\tnone\nchr1\t300\t330\ttoo\n")
    options = {"tracks": {"cuts": short}}
    table = predict_file([model], folder / "both.bed", genome=folder / "g.fa", **options)
    assert list(table["not_scored"]) == ["", "one.bw has no chromosome chr2", ""]
    assert list(table["logit_binding"].isna()) == [False, True, False]
    texts = [random_sequence(np.random.default_rng(4), LENGTH) for _ in range(2)]
    fasta = write_fasta(folder / "both.fa", texts, ["chr2:5-35", "chr1:200-230"])
    assert list(predict_file([model], fasta, **options)["not_scored"]) == ["one.bw has no chromosome chr2", ""]
    (folder / "two.bed").write_text("chr2\t5\t35\tnone\n")
    with pytest.raises(UserError, match=r"one\.bw: has no chromosome chr2; it has chr1"):
        predict_file([model], folder / "two.bed", genome=folder / "g.fa", **options)
    with pytest.raises(UserError, match=r"one\.bw has no chromosome chr2\n.*: --chromosome chr1\."):
        open_tiles([model], open_genome(folder / "g.fa"), **options)
    assert open_tiles([model], open_genome(folder / "g.fa"), chromosomes=["chr1"], **options).tiling.names == ("chr1",)


def test_a_control_of_two_strands_comes_as_two_files(tmp_path):
    """Trap 3: predicted of the files, on either strand, what the dataset says; swapped or single files are not that."""
    rng = np.random.default_rng(5)
    genome = write_fasta(tmp_path / "g.fa", [random_sequence(rng, 3000)], ["chr1"])
    plus, minus, *counts = (
        write_bigwig(tmp_path / f"{name}.bw", {"chr1": random_signal(rng, 3000)}) for name in ("p", "m", "cp", "cm")
    )
    rows = [f"chr1\t{100 + 90 * k}\t{162 + 90 * k}\t{k}\t0\t{'+-'[k % 2]}\n" for k in range(12)]
    (tmp_path / "r.bed").write_text("".join(rows))
    data = prepare(
        tmp_path / "data", positives={"a": tmp_path / "r.bed"}, genome=genome, length=62, margin=5,
        tracks={"control": {"a": [plus, minus]}}, profiles={"p": {"a": [counts]}}, profile_length=40,
    )  # fmt: skip
    options = {"filters": 4, "motif_width": 5, "dilated": 2, "profile_width": 7}
    model = BothStrands(build_network("bpnet", data.spec, options)).eval()
    rows = np.arange(len(data))
    logits = predict_rows(NetworkPredictor(model).predict, data.sequences, rows, 5, tracks=data.tracks)

    def counts_of(tracks):
        found = predict_file([model], tmp_path / "r.bed", genome=genome, tracks=tracks)
        return found[["counts_p_0", "counts_p_1"]].to_numpy()

    expected = np.maximum(np.expm1(logits[:, -2:]), 0)
    np.testing.assert_allclose(counts_of({"control": [plus, minus]}), expected, rtol=1e-4)
    assert not np.allclose(counts_of({"control": [minus, plus]}), expected, rtol=1e-4)
    with pytest.raises(UserError, match=r"of 2 file\(s\), and 1 are given.*\n.*control=PLUS\.bw,MINUS\.bw"):
        counts_of({"control": plus})
    with pytest.raises(UserError, match=r"none is given.*\n.*control=PLUS\.bw,MINUS\.bw"):
        counts_of({})
