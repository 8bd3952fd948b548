"""Files of every kind as they are found in the wild; skipped where the shared data is absent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.data.describe import describe
from cislearn.data.leaks import drop_leaks, find_leaks
from cislearn.data.parts import LEFT_OUT, TEST, TRAIN, VALID
from cislearn.data.prepare import prepare
from cislearn.data.readers import read_examples
from cislearn.data.sequences import GenomeSequences, TableSequences
from cislearn.data.similarity import NEAR, WORD, cluster_keys
from cislearn.data.split import split_rows
from cislearn.errors import UserError
from cislearn.genome.fasta import read_fasta
from cislearn.sequence.tokens import decode

from .examples import write_fasta

CELLS = ("GM12878", "H1-hESC", "HeLa-S3", "HepG2", "K562")


@pytest.mark.slow
def test_gabp_in_five_cell_types(shared_data, tmp_path):
    files = {
        name: {cell: shared_data / "dann_tf" / cell / f"GABP{end}.fasta.gz" for cell in CELLS}
        for name, end in (("positives", ""), ("negatives", "_back"))
    }
    dataset = prepare(tmp_path / "gabp", **files)
    assert len(dataset) + len(dataset.dropped) == 123_060
    assert dataset.spec.domains == CELLS
    assert (dataset.loci["end"] - dataset.loci["start"] == 101).all()
    split = split_rows(dataset)
    assert split.how == "block"
    assert "all negatives lie on chr1" in split.notes[0]
    cleaned = drop_leaks(split, find_leaks(dataset, split.part))
    report = describe(
        dataset, cleaned, find_leaks(dataset, cleaned.part), dict.fromkeys(CELLS, "source") | {"K562": "target"}
    )
    assert report["leaks"]["train"]["leaky"] == 0
    for domain in report["domains"]:
        assert all(domain["per_part"][name] > 500 for name in ("train", "valid", "test"))


@pytest.mark.slow
def test_the_table_of_twenty_factors(shared_data, tmp_path):
    dataset = prepare(tmp_path / "many", tables=[shared_data / "dann_tf" / "multitask_windows.tsv.gz"])
    assert len(dataset) == 268_182
    assert len(dataset.spec.tasks) == 20
    assert ((dataset.labels == 0).all(axis=1)).sum() == 68_369
    split = split_rows(dataset)
    assert split.how == "block"
    assert split.notes[0].startswith("all negatives lie on chr1")
    background = (dataset.labels == 0).all(axis=1)
    assert min(np.bincount(split.part[background], minlength=3)) > 3000


def test_pairs_of_other_lengths(shared_data, tmp_path):
    stem = "wgEncodeSydhTfbsGm12878Nfe2hStdAlnRep0"
    folder = shared_data / "lsgkm_nfe2"
    dataset = prepare(
        tmp_path / "nfe2",
        positives={"GM12878": folder / f"{stem}.tr.fa"},
        negatives={"GM12878": folder / f"{stem}.neg.tr.fa"},
        length=200,
    )  # fmt: skip
    assert len(dataset) == 1288
    assert dataset.loci["note"].str.contains("cropped from|padded from").any()
    assert (dataset.loci["chrom"] != "").all()
    assert split_rows(dataset).how == "chromosome"


def test_deepbind_sets_and_their_folds(shared_data, tmp_path):
    folder = shared_data / "deepbind_h1"
    dataset = prepare(tmp_path / "suz12", tables={"H1-hESC": folder / "SUZ12_H1-hESC_SUZ12_USC_B.seq.gz"})
    assert [task.name for task in dataset.spec.tasks] == ["Bound"]
    assert set(dataset.loci["fold"]) == {"A"}
    assert np.bincount(dataset.labels[:, 0]).tolist() == [500, 500]
    assert split_rows(dataset).how == "similarity"


def test_copies_between_a_published_training_and_test_set_are_counted(shared_data, tmp_path):
    rows = []
    for part, name in (("train", "cv"), ("test", "ind")):
        for label, kind in ((1, "enhancer"), (0, "non")):
            for record in read_fasta(shared_data / "enhancer_2l" / f"{kind}.{name}.fa"):
                rows.append((decode(record.tokens), label, part))
    pd.DataFrame(rows, columns=["sequence", "enhancer", "part"]).to_csv(tmp_path / "t.csv", index=False)
    dataset = prepare(tmp_path / "out", tables=[tmp_path / "t.csv"])
    split = split_rows(dataset)
    test = find_leaks(dataset, split.part).to_dict()["test"]
    assert test["same sequence"] == 100
    every = split.part.copy()
    every[every == VALID] = TRAIN
    report = find_leaks(dataset, every)
    found = report.to_dict()
    assert found["test"]["rows"] == 400 and found["test"]["same sequence"] == 100
    assert found["test"]["reverse complement"] == found["test"]["overlap"] == 0
    is_test, is_positive = every == TEST, dataset.labels[:, 0] == 1
    assert (report.kinds["same sequence"] & is_test & is_positive).sum() == 100
    assert found["test"]["near duplicate"] == 3
    assert found["similarity"]["test_rows"][-1] == 100 and sum(found["similarity"]["test_rows"]) == 400
    cleaned = drop_leaks(split, find_leaks(dataset, split.part))
    assert not find_leaks(dataset, cleaned.part).rows.any()
    assert (cleaned.part == LEFT_OUT).sum() == 106


def test_windows_of_known_places_that_overlap_by_44_bp_are_found_by_their_sequence_alone(shared_data, tmp_path):
    """An oracle: the coordinates, which the search does not see. What it finds beyond them are repeats and few."""
    files = {
        name: {cell: shared_data / "dann_tf" / cell / f"GABP{end}.fasta.gz" for cell in CELLS[:2]}
        for name, end in (("positives", ""), ("negatives", "_back"))
    }
    dataset = prepare(tmp_path / "gabp", **files)
    keys, notes = dataset.similar
    assert notes == []
    table = dataset.loci.assign(key=keys).sort_values(["chrom", "start"])
    shift = np.where(table["chrom"] == table["chrom"].shift(), table["start"] - table["start"].shift(), 10**9)
    least = int(np.ceil(NEAR * (101 - WORD + 1))) + WORD - 1
    near = shift <= 101 - least
    assert least == 44 and near.sum() > 4_000
    repeats = np.array([len(set(decode(row))) for row in dataset.sequences.gather(table.index.to_numpy())]) < 3
    same = (table["key"] == table["key"].shift()).to_numpy()
    assert same[near & ~repeats].mean() > 0.999
    clusters = table.groupby("key")["chrom"].agg(["size", "nunique"])
    assert (clusters["nunique"] > 1).mean() < 0.02
    assert clusters["size"].max() < 200


@pytest.mark.parametrize("factor", ["CTCF", "MAX"])
def test_conservative_peaks_have_summits_and_no_row_is_lost(shared_data, tmp_path, factor, rng):
    """With the peaks of another factor as negatives, and a synthetic genome as long as hg19's last chromosomes."""
    folder = shared_data / "dream_peaks"
    peaks = folder / f"ChIPseq.K562.{factor}.conservative.train.narrowPeak.gz"
    other = folder / "ChIPseq.H1-hESC.REST.conservative.train.narrowPeak.gz"
    entries = read_examples(peaks)
    assert (entries.rows["summit"] > entries.rows["start"] - 1).all()
    genome = tmp_path / "toy.fa"
    sizes = {"chr20": 63_025_520, "chr22": 51_304_566}
    with genome.open("wb") as out:
        for name, size in sizes.items():
            out.write(
                b">%s\n" % name.encode() + np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, size)].tobytes() + b"\n"
            )
    files = {"positives": {"K562": peaks}, "negatives": {"K562": other}, "genome": genome}
    with pytest.raises(UserError, match="regions lie on chromosomes that the genome lacks"):
        prepare(tmp_path / "out", **files, length=101)
    dataset = prepare(tmp_path / "out", **files, length=101, outside="drop")
    assert isinstance(dataset.sequences, GenomeSequences)
    assert len(dataset) + len(dataset.dropped) == len(entries) + len(read_examples(other))
    assert set(dataset.loci["chrom"]) == set(sizes)
    assert set(split_rows(dataset).part) == {TRAIN, VALID, TEST}


def test_starts_of_yeast_genes(shared_data, tmp_path):
    fasta = tmp_path / "sacCer3.fa.gz"
    fasta.symlink_to(shared_data / "yeast" / "sacCer3.fa.gz")
    starts = shared_data / "yeast" / "genes_start_sacCer3.bed"
    inside = read_examples(starts).rows.assign(score=0)
    inside = inside.assign(start=inside["start"] + 400, end=inside["end"] + 400)
    lines = inside[["chrom", "start", "end", "name", "score", "strand"]]
    lines.to_csv(tmp_path / "inside.bed", sep="\t", index=False, header=False)
    dataset = prepare(
        tmp_path / "out",
        positives={"yeast": starts}, negatives={"yeast": tmp_path / "inside.bed"},
        genome=fasta, length=200, margin=10, task="gene start", outside="drop",
    )  # fmt: skip
    assert dataset.sequences.width == 220
    assert len(dataset) + len(dataset.dropped) == 2 * len(inside)
    assert split_rows(dataset).how == "chromosome"
    stored = TableSequences.of(dataset.sequences.gather(np.arange(len(dataset))))
    np.testing.assert_array_equal(dataset.similar[0], cluster_keys(stored, margin=10)[0])
    one = int(np.flatnonzero(dataset.loci["strand"] == "-")[0])
    place = dataset.loci.iloc[one]
    chromosome = next(r for r in read_fasta(fasta) if r.name == place["chrom"])
    text = decode(chromosome.tokens[place["start"] : place["end"]]).translate(str.maketrans("ACGT", "TGCA"))[::-1]
    assert decode(dataset.sequences.gather(np.array([one]))[0, 10:210]) == text


def test_a_written_fasta_is_read_as_it_was(tmp_path):
    path = write_fasta(tmp_path / "x.fa", ["ACGTN"], ["a chr1:0-5"])
    assert read_examples(path).rows.loc[0, ["chrom", "start", "end"]].tolist() == ["chr1", 0, 5]
