from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.data.clusters import locus_clusters
from cislearn.data.dataset import read_dataset
from cislearn.data.prepare import prepare
from cislearn.data.sequences import GenomeSequences, TableSequences
from cislearn.errors import UserError
from cislearn.sequence.tokens import decode

from .examples import random_sequence, write_fasta


def bed(path, rows):
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def windows(dataset):
    return [decode(row) for row in dataset.sequences.gather(np.arange(len(dataset)))]


@pytest.fixture
def toy(tmp_path, rng):
    """A genome of two chromosomes and its text."""
    texts = {"chr1": random_sequence(rng, 2000), "chr2": random_sequence(rng, 1000) + "N" * 500}
    return write_fasta(tmp_path / "toy.fa", list(texts.values()), list(texts)), texts


@pytest.fixture
def pair(tmp_path, rng):
    sequences = [random_sequence(rng, 20) for _ in range(12)]
    positive = write_fasta(tmp_path / "pos.fa", sequences[:6])
    return positive, write_fasta(tmp_path / "neg.fa", sequences[6:]), sequences


def test_a_fasta_pair(tmp_path, pair):
    positive, negative, sequences = pair
    dataset = prepare(tmp_path / "out", positives={"K562": positive}, negatives={"K562": [negative]})
    assert windows(dataset) == sequences
    assert dataset.labels[:, 0].tolist() == [1] * 6 + [0] * 6
    assert dataset.spec.length == 20
    assert [task.name for task in dataset.spec.tasks] == ["binding"]
    assert dataset.loci["file"].tolist() == [str(positive)] * 6 + [str(negative)] * 6
    assert {record["rows"] for record in dataset.provenance["files"]} == {6}
    assert all(len(record["blake2b"]) == 32 and record["size"] > 0 for record in dataset.provenance["files"])


def test_regions_alone_refer_to_the_genome(tmp_path, toy):
    genome, texts = toy
    peaks = bed(tmp_path / "p.bed", [("chr1", 100, 150, "a", 0, "+"), ("chr1", 300, 350, "b", 0, "-")])
    flanks = bed(tmp_path / "n.bed", [("chr2", 200, 250, "c"), ("chr2", 500, 550, "d")])
    dataset = prepare(tmp_path / "out", positives={"a": peaks}, negatives={"a": flanks}, genome=genome, length=20)
    assert isinstance(dataset.sequences, GenomeSequences)
    assert dataset.loci["start"].tolist() == [115, 315, 215, 515]
    assert dataset.loci["note"].tolist() == ["resized from 50 bp"] * 4
    found = windows(dataset)
    assert found[0] == texts["chr1"][115:135]
    complement = str.maketrans("ACGT", "TGCA")
    assert found[1] == texts["chr1"][315:335].translate(complement)[::-1]


def test_loci_of_sequences_are_named_as_the_genome_is(tmp_path, toy):
    """Else an overlap with a region is not seen, and gc-matched negatives find no place."""
    genome, texts = toy
    peaks = bed(tmp_path / "p.bed", [("chr1", 100, 120)])
    given = {"1:110-130": texts["chr1"][110:130], "2:300-320": texts["chr2"][300:320], "Un:5-25": texts["chr2"][5:25]}
    fasta = write_fasta(tmp_path / "n.fa", list(given.values()), list(given))
    sets = {"positives": {"a": peaks}, "negatives": {"a": fasta}, "genome": genome}
    dataset = prepare(tmp_path / "out", **sets)
    assert dataset.loci["chrom"].tolist() == ["chr1", "chr2", "Un"]
    assert "overlaps a positive of a" in (tmp_path / "out" / "dropped.tsv").read_text()
    assert any(
        "n.fa: chromosomes renamed to match the genome: 1 -> chr1, 2 -> chr2" in n for n in dataset.provenance["notes"]
    )
    elsewhere = write_fasta(tmp_path / "e.fa", [given["Un:5-25"]], ["Un:5-25"])
    dataset = prepare(tmp_path / "kept", **sets | {"negatives": {"a": elsewhere}})
    assert dataset.loci["chrom"].tolist() == ["chr1", "Un"]


def test_negatives_are_drawn_for_sequences_named_otherwise_than_the_genome(tmp_path, toy):
    genome, texts = toy
    fasta = write_fasta(tmp_path / "p.fa", [texts["chr1"][110:130], texts["chr1"][510:530]], ["1:110-130", "1:510-530"])
    dataset = prepare(tmp_path / "out", positives={"a": fasta}, genome=genome, make_negatives="gc-matched")
    assert dataset.loci["chrom"].tolist() == ["chr1"] * 4


def test_with_any_sequences_everything_is_one_table(tmp_path, toy, pair):
    genome, texts = toy
    peaks = bed(tmp_path / "p.bed", [("chr1", 100, 120), ("chr2", 300, 320)])
    dataset = prepare(tmp_path / "out", positives={"a": peaks}, negatives={"a": pair[1]}, genome=genome, margin=5)
    assert isinstance(dataset.sequences, TableSequences)
    assert windows(dataset)[0] == texts["chr1"][95:125]
    assert windows(dataset)[2] == "NNNNN" + pair[2][6] + "NNNNN"
    assert any("N in their margins" in note for note in dataset.provenance["notes"])


def test_each_domain_has_its_own_genome(tmp_path, rng):
    places = [tmp_path / "human", tmp_path / "mouse"]
    texts = [random_sequence(rng, 300) for _ in places]
    for place, text in zip(places, texts, strict=True):
        place.mkdir()
        write_fasta(place / "genome.fa", [text], ["chr1"])
    peaks = bed(tmp_path / "p.bed", [("chr1", 100, 120)])
    flanks = bed(tmp_path / "n.bed", [("chr1", 200, 220)])
    dataset = prepare(
        tmp_path / "out",
        positives={"hs": peaks, "mm": peaks},
        negatives={"hs": flanks, "mm": flanks},
        genome={"hs": places[0] / "genome.fa", "mm": places[1] / "genome.fa"},
    )
    assert dataset.loci["genome"].tolist() == ["human/genome", "mouse/genome"] * 2
    assert windows(dataset)[:2] == [text[100:120] for text in texts]


def test_loci_of_a_domain_without_a_genome_lie_on_the_only_one(tmp_path, toy):
    """Else the same locus in two domains would lie on two chromosomes, and the split could part them (trap 19)."""
    genome, texts = toy
    peaks = bed(tmp_path / "a.bed", [("chr1", 10, 30), ("chr2", 40, 60)])
    given = write_fasta(tmp_path / "b.fa", [texts["chr1"][15:35], texts["chr2"][0:20]], ["x chr1:15-35", "y chr2:0-20"])
    dataset = prepare(tmp_path / "out", positives={"a": peaks}, negatives={"b": given}, genome={"a": genome}, length=20)
    assert set(dataset.loci["genome"]) == {"toy"}
    assert len(np.unique(locus_clusters(dataset))) == 3
    with pytest.raises(UserError, match="domain 'b' has no genome"):
        prepare(tmp_path / "no", positives={"a": peaks}, negatives={"b": peaks}, genome={"a": genome}, length=20)


def test_a_number_of_kept_and_dropped_rows_is_the_number_read(tmp_path, toy):
    """trap 14: every region of the files stands either in the dataset or, with its reason, among the dropped ones."""
    genome, _ = toy
    rows = [
        ("chr1", 100, 150),  # kept
        ("chr1", 100, 150),  # the same again
        ("chr1", 0, 4),  # the window leaves the chromosome
        ("chrUn", 5, 50),  # no such chromosome
        ("chr2", 1600, 1700),  # past the end
        ("chr2", 1200, 1250),  # N only
    ]
    peaks = bed(tmp_path / "p.bed", rows)
    flanks = bed(tmp_path / "n.bed", [("chr1", 100, 150), ("chr1", 700, 750)])
    dataset = prepare(
        tmp_path / "out", positives={"a": peaks}, negatives={"a": flanks}, genome=genome, length=20, outside="drop"
    )
    assert len(dataset) == 2
    reasons = {(row.file, row.line): row.reason for row in dataset.dropped.itertuples()}
    assert len(dataset) + len(reasons) == len(rows) + 2
    assert reasons == {
        (str(peaks), 2): f"duplicate of {peaks} line 1",
        (str(peaks), 3): "window would leave the chromosome",
        (str(peaks), 4): "unknown chromosome chrUn",
        (str(peaks), 5): "past the end of chr2 (1,500 bp)",
        (str(peaks), 6): "no base is known: the window is N only",
        (str(flanks), 1): f"given as positive in {peaks} line 1",
    }
    assert read_dataset(tmp_path / "out").dropped["start"].tolist() == dataset.dropped["start"].tolist()


def test_regions_past_the_end_are_an_error_unless_they_may_be_dropped(tmp_path, toy):
    peaks = bed(tmp_path / "p.bed", [("chr1", 100, 120), ("chr1", 2400, 2420)])
    flanks = bed(tmp_path / "n.bed", [("chr1", 200, 220)])
    with pytest.raises(UserError, match=r"p.bed line 2: end 2,420 is past the end of chr1 \(2,000 bp in toy\)"):
        prepare(tmp_path / "out", positives={"a": peaks}, negatives={"a": flanks}, genome=toy[0])
    assert not (tmp_path / "out").exists()


def test_a_file_most_of_which_the_genome_lacks_is_an_error_unless_it_may_be_dropped(tmp_path, toy):
    """Names that a ``chr`` makes known are no such case: the genome of another species is."""
    peaks = bed(tmp_path / "p.bed", [("1", 100, 120), ("2L", 2400, 2420), ("2R", 2400, 2420)])
    flanks = bed(tmp_path / "n.bed", [("chr1", 200, 220)])
    sets = {"positives": {"a": peaks}, "negatives": {"a": flanks}, "genome": toy[0]}
    with pytest.raises(UserError, match=r"p\.bed: 2 of 3 regions .* the file has 2L, 2R; the genome has chr1,"):
        prepare(tmp_path / "out", **sets)
    assert not (tmp_path / "out").exists()
    dataset = prepare(tmp_path / "out", **sets, outside="drop")
    assert len(dataset) == 2 and dataset.dropped["reason"].tolist() == [f"unknown chromosome {c}" for c in ("2L", "2R")]


def test_chromosome_names_are_mapped_and_the_note_is_kept(tmp_path, toy):
    peaks = bed(tmp_path / "p.bed", [("1", 100, 120)])
    flanks = bed(tmp_path / "n.bed", [("chr1", 200, 220)])
    dataset = prepare(tmp_path / "out", positives={"a": peaks}, negatives={"a": flanks}, genome=toy[0])
    assert dataset.loci["chrom"].tolist() == ["chr1", "chr1"]
    assert any("1 -> chr1" in note for note in dataset.provenance["notes"])


def test_other_lengths_are_cropped_or_padded_and_their_loci_follow(tmp_path, rng):
    text = random_sequence(rng, 31)
    positive = write_fasta(tmp_path / "p.fa", [text, text], ["a chr1:100-131", "b chr2:100-131(-)"])
    negative = write_fasta(tmp_path / "n.fa", ["ACGTA"], ["c chr3:100-105"])
    dataset = prepare(tmp_path / "out", positives={"a": positive}, negatives={"a": negative}, length=10)
    assert windows(dataset) == [text[10:20], text[10:20], "NNNACGTANN"]
    assert dataset.loci["note"].tolist() == ["cropped from 31 bp", "cropped from 31 bp", "padded from 5 bp"]
    assert any("1 of 1 windows of" in n and "shorter than 10 bp" in n for n in dataset.provenance["notes"])
    assert dataset.loci["start"].tolist() == [110, 111, 97]
    assert (dataset.loci["end"] - dataset.loci["start"] == 10).all()


def test_lengths_that_differ_ask_for_one(tmp_path, rng):
    positive = write_fasta(tmp_path / "p.fa", [random_sequence(rng, n) for n in (59, 100, 247)])
    with pytest.raises(UserError, match=r"from 59 to 247 bp(.|\n)*Give --length; the median is 100 bp"):
        prepare(tmp_path / "out", positives={"a": positive}, negatives={"a": positive})


def test_unlabelled_rows_have_absent_labels_and_labelled_ones_go_before_them(tmp_path, pair, rng):
    positive, negative, sequences = pair
    new = [random_sequence(rng, 20) for _ in range(3)]
    pool = write_fasta(tmp_path / "u.fa", [sequences[0], *new])
    dataset = prepare(
        tmp_path / "out", positives={"a": positive}, negatives={"a": negative}, unlabelled={"a": pool, "liver": pool}
    )
    assert dataset.spec.domains == ("a", "liver")
    assert (dataset.labels[dataset.domain_codes == 1] == -1).all()
    assert len(dataset) == 12 + 3 + 4
    assert dataset.dropped["reason"].tolist() == [f"given with a label in {positive} line 1"]


def test_the_same_window_in_two_domains_is_two_examples(tmp_path, pair):
    positive, negative, _ = pair
    files = {"positives": {"a": positive, "b": negative}, "negatives": {"a": negative, "b": positive}}
    dataset = prepare(tmp_path / "out", **files)
    assert len(dataset) == 24
    assert len(dataset.sequences.tokens) == 12


@pytest.fixture
def table(rng):
    return pd.DataFrame(
        {
            "sequence": [random_sequence(rng, 12) for _ in range(8)],
            "cell": ["a", "b"] * 4,
            "bound": [1, 0, 1, 0, 1, 0, 1, 0],
            "open": [0, np.nan, 1, 1, np.nan, 0, 1, 0],
            "part": ["train"] * 4 + ["test"] * 4,
        }
    )


def test_a_table_of_several_tasks(tmp_path, table):
    table.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    dataset = prepare(tmp_path / "out", tables=[tmp_path / "t.tsv"])
    assert [task.name for task in dataset.spec.tasks] == ["bound", "open"]
    assert dataset.spec.domains == ("a", "b")
    np.testing.assert_array_equal(dataset.labels_float(np.arange(8)), table[["bound", "open"]].to_numpy())


def test_shuffled_columns_give_the_same_dataset(tmp_path, table):
    table.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    table[["part", "bound", "sequence", "cell", "open"]].to_csv(tmp_path / "s.csv", index=False)
    first = prepare(tmp_path / "1", tables=[tmp_path / "t.tsv"])
    second = prepare(tmp_path / "2", tables=[tmp_path / "s.csv"])
    assert first.hash == second.hash


def test_duplicated_rows_are_dropped_with_their_reason(tmp_path, table):
    pd.concat([table, table.iloc[[2, 5]]]).to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    dataset = prepare(tmp_path / "out", tables=[tmp_path / "t.tsv"])
    assert len(dataset) == 8
    assert dataset.dropped["reason"].tolist() == [f"duplicate of {tmp_path / 't.tsv'} line {n}" for n in (4, 7)]


def test_windows_with_different_labels_are_counted_and_the_count_is_kept(tmp_path, table):
    """Of several tasks no row goes before another; an absent label, another cell or part contradicts nothing."""
    told = "windows given with different labels of a task in one domain: 2; all their rows are kept"
    levels = table.assign(level=np.arange(8) / 4)
    levels.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    assert prepare(tmp_path / "plain", tables=[tmp_path / "t.tsv"]).provenance["notes"] == []
    further = [
        levels.iloc[[2]].assign(bound=1 - levels["bound"][2]),
        levels.iloc[[2]].assign(bound=1 - levels["bound"][2], level=9.0),
        levels.iloc[[5]].assign(level=7.0),
        levels.iloc[[0]].assign(open=np.nan, bound=np.nan, level=np.nan),
        levels.iloc[[1]].assign(part="test", level=7.0),
        levels.iloc[[3]].assign(cell="c", level=7.0),
    ]
    pd.concat([levels, *further]).to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    dataset = prepare(tmp_path / "out", tables=[tmp_path / "t.tsv"])
    assert len(dataset) == 14 and dataset.provenance["notes"] == [told]
    one = table.drop(columns=["open", "part"])
    pd.concat([one, one.iloc[[2]].assign(bound=1 - one["bound"][2])]).to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    assert prepare(tmp_path / "one", tables=[tmp_path / "t.tsv"]).provenance["notes"] == [
        "windows given as positive and as negative in one domain: 1; they count as positive"
    ]


def test_the_same_window_in_two_given_parts_is_kept_for_the_leak_check(tmp_path, table):
    again = table.iloc[[0]].assign(part="test")
    pd.concat([table, again]).to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    assert len(prepare(tmp_path / "out", tables=[tmp_path / "t.tsv"])) == 9


def test_kinds_of_tasks(tmp_path, table):
    levels = table.assign(state=[0, 1, 2, 0, 1, 2, 0, 1], level=np.arange(8) / 4)
    levels.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    dataset = prepare(tmp_path / "out", tables=[tmp_path / "t.tsv"], kinds={"state": "multiclass"})
    kinds = {task.name: (task.kind, task.channels) for task in dataset.spec.tasks}
    assert kinds == {
        "bound": ("binary", 1),
        "open": ("binary", 1),
        "state": ("multiclass", 3),
        "level": ("regression", 1),
    }
    assert dataset.labels.dtype == np.float32


def test_tables_and_files_of_one_task_go_together(tmp_path, pair, table):
    table.drop(columns=["open", "part"]).to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    dataset = prepare(
        tmp_path / "out",
        positives={"c": pair[0]}, negatives={"c": pair[1]}, tables=[tmp_path / "t.tsv"], task="bound", length=12,
    )  # fmt: skip
    assert [task.name for task in dataset.spec.tasks] == ["bound"]
    assert np.bincount(dataset.domain_codes).tolist() == [12, 4, 4]


def test_bad_input_is_refused_and_nothing_is_written(tmp_path, pair, table, toy):
    positive, negative, _ = pair
    one_class = tmp_path / "one.tsv"
    table.assign(bound=1)[["sequence", "bound"]].to_csv(one_class, sep="\t", index=False)
    bare = tmp_path / "bare.tsv"
    table[["sequence"]].to_csv(bare, sep="\t", index=False)
    peaks = bed(tmp_path / "p.bed", [("chr1", 100, 120)])
    both = {"positives": {"a": positive}, "negatives": {"a": negative}}
    cases = [
        ({}, "no input files"),
        ({"positives": {"a": positive}}, r"6 positives and no negatives(.|\n)*Give --negatives"),
        ({"negatives": {"a": positive}}, r"6 negatives and no positives(.|\n)*Give --positives"),
        ({"unlabelled": {"a": positive}}, "no example has a label"),
        ({"tables": [one_class]}, "task 'bound' has 8 positives and no negatives"),
        ({"tables": [bare]}, "no example has a label"),
        ({"positives": {"HeLa-S3": positive}, "negatives": {"hela_s3": negative}}, "'hela_s3' differ in spelling"),
        ({"positives": {"a": peaks}, "negatives": {"a": peaks}}, "has regions without sequences(.|\n)*Give --genome"),
        (both | {"genome": {"A": toy[0]}}, "names domain 'A', which has no files"),
        (both | {"length": 0}, "length 0 is no window length"),
        (both | {"margin": -1}, "margin -1 is negative"),
        (both | {"kinds": {"bindng": "binary"}}, "no label column 'bindng'; did you mean binding"),
        (both | {"kinds": {"binding": "ordinal"}}, "kind 'ordinal' of 'binding' is not known"),
        ({"positives": {"a": tmp_path / "absent.fa"}}, "absent.fa: cannot be read: No such file"),
        (both | {"genome": positive, "unlabelled": {"a": peaks}}, "no chromosome is in the genome"),
    ]  # fmt: skip
    for options, message in cases:
        with pytest.raises(UserError, match=message):
            prepare(tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()


def test_an_empty_file_is_refused(tmp_path, pair):
    (tmp_path / "empty.bed").write_text("")
    with pytest.raises(UserError, match=r"empty.bed: the file is empty"):
        prepare(tmp_path / "out", positives={"a": tmp_path / "empty.bed"}, negatives={"a": pair[1]})


def test_an_output_folder_that_exists_is_refused_before_anything_is_read(tmp_path, pair):
    files = {"positives": {"a": pair[0]}, "negatives": {"a": pair[1]}}
    prepare(tmp_path / "out", **files)
    with pytest.raises(UserError, match=r"exists already(.|\n)*--overwrite"):
        prepare(tmp_path / "out", positives={"a": tmp_path / "never-read.fa"})
    assert len(prepare(tmp_path / "out", overwrite=True, **files)) == 12


def test_progress_is_told(tmp_path, pair):
    told = []
    prepare(tmp_path / "out", positives={"a": pair[0]}, negatives={"a": pair[1]}, progress=told.append)
    assert told[0] == f"reading {pair[0]}"
    assert told[-1] == f"writing {tmp_path / 'out'}"
