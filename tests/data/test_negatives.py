from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from cislearn.data.clusters import locus_clusters, on_one_axis, overlaps_any
from cislearn.data.dataset import LOCI_DEFAULTS
from cislearn.data.leaks import find_leaks
from cislearn.data.prepare import prepare
from cislearn.data.sequences import GenomeSequences, TableSequences, map_windows
from cislearn.data.split import split_rows
from cislearn.errors import UserError
from cislearn.sequence.composition import gc_fraction
from cislearn.sequence.hashes import canonical_hash
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode, encode

from .examples import random_sequence, write_fasta

SHUFFLED = ("shuffled", "dinucleotide-shuffled")


def bed(path, rows):
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


@pytest.fixture
def toy(tmp_path, rng):
    """A genome of three chromosomes."""
    texts = [random_sequence(rng, n) for n in (60_000, 40_000, 20_000)]
    return write_fasta(tmp_path / "toy.fa", texts, ["chr1", "chr2", "chr3"])


@pytest.fixture
def peaks(tmp_path, rng):
    """Sixty peaks on chr1, forty on chr2, on either strand, none on chr3."""
    rows = [("chr1", 900 * k + 200, 900 * k + 260, f"a{k}", 0, "+-"[k % 2]) for k in range(60)]
    rows += [("chr2", 900 * k + 200, 900 * k + 260, f"b{k}", 0, "+") for k in range(40)]
    return bed(tmp_path / "p.bed", rows)


def overlapping(mine, others):
    """Which of the rows have a window that overlaps that of any of the others."""
    start, end = on_one_axis(pd.concat([mine, others]))
    return overlaps_any(start[: len(mine)], end[: len(mine)], start[len(mine) :], end[len(mine) :])


def of_label(dataset, label):
    rows = np.flatnonzero(dataset.labels[:, 0] == label)
    return dataset.loci.iloc[rows], dataset.sequences.gather(rows)


def as_a_set(dataset):
    """Rows without their order: what a window is, where, of which domain and label."""
    tokens = [decode(row) for row in dataset.sequences.gather(np.arange(len(dataset)))]
    columns = [column for column in dataset.loci if column not in ("file", "line", "note", "name")]
    return sorted(zip(tokens, dataset.labels[:, 0], *(dataset.loci[column] for column in columns), strict=True))


def test_gc_matched_negatives_refer_to_the_genome_like_their_positives(tmp_path, toy, peaks):
    dataset = prepare(
        tmp_path / "out", positives={"a": peaks}, genome=toy, margin=4, make_negatives="gc-matched", seed=3
    )
    (positive, _), (negative, _) = of_label(dataset, 1), of_label(dataset, 0)
    assert isinstance(dataset.sequences, GenomeSequences)
    assert negative["chrom"].value_counts().to_dict() == {"chr1": 60, "chr2": 40}
    assert negative.value_counts(["chrom", "strand"]).equals(positive.value_counts(["chrom", "strand"]))
    gc = map_windows(dataset.sequences, gc_fraction, margin=4)
    assert ks_2samp(gc[dataset.labels[:, 0] == 1], gc[dataset.labels[:, 0] == 0]).statistic < 0.1
    assert not overlapping(negative, positive).any()
    assert set(negative["note"]) == {"drawn from the genome, matched by GC"}
    assert set(negative["file"]) == {str(toy)}
    assert dataset.provenance["options"]["make_negatives"] == "gc-matched"
    assert dataset.provenance["options"]["seed"] == 3
    assert "a: 100 negatives drawn from toy" in dataset.provenance["notes"][0]
    assert list(dataset.loci)[: len(LOCI_DEFAULTS)] == list(LOCI_DEFAULTS)


def test_drawn_windows_keep_off_positives_of_other_domains_and_all_rows_of_their_own(tmp_path, toy, peaks):
    """Other domains leave free every second stretch of chr1, and the domain's own unlabelled rows half of that."""
    mine = bed(tmp_path / "m.bed", [("chr1", 100, 160)])
    theirs = bed(tmp_path / "t.bed", [("chr1", start, start + 60) for start in range(0, 59_940, 120)])
    open_ = bed(tmp_path / "o.bed", [("chr1", start, start + 60) for start in range(30_000, 59_940, 50)])
    dataset = prepare(
        tmp_path / "out",
        positives={"a": mine, "b": theirs}, unlabelled={"a": open_, "c": toy_tiles(tmp_path)}, genome=toy, length=20,
        make_negatives={"a": "gc-matched"}, negatives_per_positive=200.0,
    )  # fmt: skip
    negative, _ = of_label(dataset, 0)
    assert len(negative) == 200
    bound, _ = of_label(dataset, 1)
    own = dataset.loci[(dataset.loci["domain"] == "a") & (dataset.labels[:, 0] != 0)]
    for others in (bound, own):
        assert not overlapping(negative, others).any()
    unlabelled_elsewhere = dataset.loci[dataset.loci["domain"] == "c"]
    assert overlapping(negative, unlabelled_elsewhere).all()


def test_drawn_windows_keep_off_all_of_a_peak_not_only_its_window(tmp_path, toy):
    """What lies beside the window and in the peak is bound as well."""
    rows = [("chr1", 900 * k + 100, 900 * k + 700, f"a{k}", 0, "+") for k in range(60)]
    peaks = bed(tmp_path / "wide.bed", rows)
    dataset = prepare(tmp_path / "out", positives={"a": peaks}, genome=toy, length=40, make_negatives="gc-matched")
    negative, _ = of_label(dataset, 0)
    assert len(negative) == 60
    regions = pd.DataFrame([row[:3] for row in rows], columns=["chrom", "start", "end"]).assign(genome="toy")
    assert set(negative["genome"]) == {"toy"}
    assert not overlapping(negative, regions).any()


def toy_tiles(folder):
    return bed(folder / "tiles.bed", [("chr1", start, start + 20) for start in range(0, 60_000, 20)])


@pytest.mark.parametrize("way", SHUFFLED)
def test_shuffles_keep_locus_and_composition_of_their_positive(tmp_path, toy, peaks, way):
    dataset = prepare(tmp_path / "out", positives={"a": peaks}, genome=toy, margin=7, make_negatives=way)
    (positive, bound), (negative, shuffled) = of_label(dataset, 1), of_label(dataset, 0)
    assert isinstance(dataset.sequences, TableSequences)
    order = [frame.reset_index(drop=True).sort_values(["chrom", "start"]).index for frame in (positive, negative)]
    places = [
        frame.iloc[rows][["chrom", "start", "end", "strand", "file", "line"]].reset_index(drop=True)
        for frame, rows in zip((positive, negative), order, strict=True)
    ]
    pd.testing.assert_frame_equal(*places)
    bound, shuffled = bound[order[0]], shuffled[order[1]]
    for part in (slice(0, 7), slice(7, 67), slice(67, None)):
        np.testing.assert_array_equal(np.sort(bound[:, part]), np.sort(shuffled[:, part]))
    assert (bound != shuffled).any(axis=1).all()
    assert set(negative["note"]) == {way.replace("-shuffled", " shuffle").replace("shuffled", "shuffle")}
    assert set(negative["shuffle_of"]) == {f"{h:016x}" for h in canonical_hash(bound[:, 7:67])}
    assert set(positive["shuffle_of"]) == {""}


@pytest.mark.parametrize("way", ["gc-matched", *SHUFFLED])
def test_the_order_of_a_bed_file_does_not_matter(tmp_path, toy, peaks, way, rng):
    lines = peaks.read_text().splitlines()
    mixed = tmp_path / "mixed.bed"
    mixed.write_text("\n".join(lines[k] for k in rng.permutation(len(lines))) + "\n")
    first, second = (
        prepare(tmp_path / name, positives={"a": file}, genome=toy, make_negatives=way, negatives_per_positive=1.5)
        for name, file in (("1", peaks), ("2", mixed))
    )
    assert as_a_set(first) == as_a_set(second)
    assert len(first) == 250


@pytest.mark.parametrize("way", ["gc-matched", *SHUFFLED])
def test_seeds(tmp_path, toy, peaks, way):
    first, again, other = (
        prepare(tmp_path / str(k), positives={"a": peaks}, genome=toy, make_negatives=way, seed=seed)
        for k, seed in enumerate((0, 0, 1))
    )
    assert first.hash == again.hash != other.hash


@pytest.mark.parametrize("way", SHUFFLED)
def test_a_shuffle_is_in_the_part_of_its_positive(tmp_path, toy, peaks, way):
    dataset = prepare(
        tmp_path / "out", positives={"a": peaks, "b": peaks}, genome=toy, make_negatives=way, negatives_per_positive=2.0
    )
    split = split_rows(dataset, by="block", block=2000)
    assert not find_leaks(dataset, split.part).rows.any()
    assert len(dataset) == 600
    assert len(dataset.loci[["chrom", "start"]].assign(part=split.part).drop_duplicates()) == 100


@pytest.mark.parametrize("by", ["similarity", "sequence"])
@pytest.mark.parametrize("way", SHUFFLED)
def test_without_coordinates_a_shuffle_is_in_the_part_of_its_positive(tmp_path, rng, way, by):
    texts = [random_sequence(rng, 60) for _ in range(100)]
    positive = write_fasta(tmp_path / "p.fa", texts)
    turned = write_fasta(tmp_path / "t.fa", [decode(reverse_complement(encode(text))) for text in texts])
    dataset = prepare(
        tmp_path / "out",
        positives={"a": positive, "b": turned}, make_negatives=way, negatives_per_positive=2.0,
    )  # fmt: skip
    split = split_rows(dataset, by=by)
    own = [f"{value:016x}" for value in dataset.window_hashes]
    origin = np.where(dataset.loci["shuffle_of"] == "", own, dataset.loci["shuffle_of"])
    assert len(dataset) == 600 and len(set(origin)) == 100
    for number in (split.part, locus_clusters(dataset)):
        assert len(pd.DataFrame({"number": number, "origin": origin}).drop_duplicates()) == 100


def test_a_window_that_has_no_other_shuffle_is_left_out_with_its_reason(tmp_path, rng):
    positive = write_fasta(tmp_path / "p.fa", ["A" * 20, "AC" * 10, random_sequence(rng, 20)])
    dataset = prepare(
        tmp_path / "out",
        positives={"a": positive}, make_negatives="dinucleotide-shuffled", negatives_per_positive=2.0,
    )  # fmt: skip
    assert dataset.labels[:, 0].tolist() == [1, 1, 1, 0, 0]
    assert set(dataset.dropped["reason"]) == {
        f"dinucleotide shuffle: given as positive in {positive} line {line}" for line in (1, 3)
    }
    assert len(dataset.dropped) == 4


def test_a_way_for_all_leaves_out_domains_with_negatives_of_their_own(tmp_path, toy, peaks):
    others = bed(tmp_path / "n.bed", [("chr3", 100 * k, 100 * k + 60) for k in range(1, 30)])
    files = {"positives": {"a": peaks, "b": peaks}, "negatives": {"b": others}, "unlabelled": {"c": peaks}}
    dataset = prepare(tmp_path / "out", **files, genome=toy, make_negatives="gc-matched")
    n_negative = [int((dataset.labels[dataset.domain_codes == code, 0] == 0).sum()) for code in range(3)]
    assert n_negative == [100, 29, 0]
    both = prepare(tmp_path / "both", **files, genome=toy, make_negatives={"b": "gc-matched"})
    assert [int((both.labels[both.domain_codes == code, 0] == 0).sum()) for code in range(3)] == [0, 129, 0]


def test_negatives_for_one_task_of_several_leave_the_others_absent(tmp_path, rng):
    table = pd.DataFrame({"sequence": [random_sequence(rng, 30) for _ in range(8)]})
    table["ctcf"], table["open"] = [1] * 5 + [np.nan] * 3, [0, 1] * 4
    table.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    dataset = prepare(
        tmp_path / "out", tables={"a": tmp_path / "t.tsv"}, task="ctcf", make_negatives="dinucleotide-shuffled"
    )
    assert dataset.labels[8:].tolist() == [[0, -1]] * 5


def test_a_small_genome_gives_fewer_and_says_so(tmp_path, toy, peaks):
    dataset = prepare(
        tmp_path / "out",
        positives={"a": peaks}, genome=toy, make_negatives="gc-matched", negatives_per_positive=20.0,
    )  # fmt: skip
    (note,) = dataset.provenance["notes"]
    assert "2,000 were asked for, and no more windows are free" in note
    assert f"{len(dataset) - 100:,} negatives drawn" in note


def test_positives_without_a_place_get_no_drawn_negative(tmp_path, toy, rng):
    texts = [random_sequence(rng, 60) for _ in range(6)]
    positive = write_fasta(tmp_path / "p.fa", texts, ["a chr1:100-160", "b chr2:100-160", *"cdef"])
    dataset = prepare(tmp_path / "out", positives={"a": positive}, genome=toy, make_negatives="gc-matched")
    assert dataset.loci["chrom"].tolist()[6:] == ["chr1", "chr2"]
    assert dataset.provenance["notes"][0].endswith("; 4 positives have no coordinates")
    assert isinstance(dataset.sequences, TableSequences)


def test_negatives_that_overlap_a_positive_are_left_out_unless_kept(tmp_path, toy):
    positive = bed(tmp_path / "p.bed", [("chr1", 1000, 1020), ("chr2", 1000, 1020), ("chr1", 5000, 5020)])
    rows = [
        ("chr1", 1019, 1039),  # by one base
        ("chr1", 1020, 1040),  # touches only
        ("chr1", 4981, 5001),
        ("chr1", 1000, 1020),  # the same window
        ("chr2", 5000, 5020),  # another chromosome
    ]
    negative = bed(tmp_path / "n.bed", rows)
    elsewhere = bed(tmp_path / "e.bed", [("chr1", 1010, 1030)])
    files = {"positives": {"a": positive, "b": elsewhere}, "negatives": {"a": negative, "b": negative}, "genome": toy}
    dataset = prepare(tmp_path / "out", **files)
    reasons = [(row.domain, row.line, row.reason) for row in dataset.dropped.itertuples()]
    assert sorted(reasons) == [
        ("a", 1, f"overlaps a positive of a, {positive} line 1"),
        ("a", 3, f"overlaps a positive of a, {positive} line 3"),
        ("a", 4, f"given as positive in {positive} line 1"),
        ("b", 1, f"overlaps a positive of b, {elsewhere} line 1"),
        ("b", 2, f"overlaps a positive of b, {elsewhere} line 1"),
        ("b", 4, f"overlaps a positive of b, {elsewhere} line 1"),
    ]
    notes = dataset.provenance["notes"]
    assert notes[0] == "windows given as positive and as negative in one domain: 1; they count as positive"
    assert notes[1].startswith("2 of 4 negatives of a overlap a positive of a and are left out")
    kept = prepare(tmp_path / "kept", **files, keep_overlapping=True)
    assert len(kept) == len(dataset) + 5


def test_tables_say_what_they_say_and_windows_without_a_place_overlap_nothing(tmp_path, rng):
    text = random_sequence(rng, 40)
    table = pd.DataFrame({"sequence": [text[:20], text[5:25]], "locus": ["chr1:0-20", "chr1:5-25"], "bound": [1, 0]})
    table.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    assert len(prepare(tmp_path / "1", tables=[tmp_path / "t.tsv"])) == 2
    positive, negative = write_fasta(tmp_path / "p.fa", [text[:20]]), write_fasta(tmp_path / "n.fa", [text[5:25]])
    assert len(prepare(tmp_path / "2", positives={"a": positive}, negatives={"a": negative})) == 2


def test_contradicting_labels_without_coordinates_are_counted(tmp_path, rng):
    texts = [random_sequence(rng, 20) for _ in range(6)]
    positive, negative = write_fasta(tmp_path / "p.fa", texts[:4]), write_fasta(tmp_path / "n.fa", texts[2:])
    dataset = prepare(tmp_path / "out", positives={"a": positive}, negatives={"a": negative})
    assert dataset.labels[:, 0].tolist() == [1] * 4 + [0] * 2
    assert dataset.provenance["notes"] == [
        "windows given as positive and as negative in one domain: 2; they count as positive"
    ]


def test_one_name_twice_in_a_file_breaks_nothing(tmp_path, rng):
    texts = [random_sequence(rng, 20) for _ in range(6)]
    positive = write_fasta(tmp_path / "p.fa", [*texts[:3], texts[0]], ["peak"] * 4)
    negative = write_fasta(tmp_path / "n.fa", texts[3:], ["peak"] * 3)
    dataset = prepare(tmp_path / "out", positives={"a": positive}, negatives={"a": negative})
    found = [decode(row) for row in dataset.sequences.gather(np.arange(len(dataset)))]
    assert found == texts
    assert set(dataset.loci["name"]) == {"peak"}
    assert dataset.dropped["reason"].tolist() == [f"duplicate of {positive} line 1"]


def test_shuffles_on_the_minus_strand_are_of_what_was_read(tmp_path, toy, peaks):
    dataset = prepare(tmp_path / "out", positives={"a": peaks}, genome=toy, make_negatives="dinucleotide-shuffled")
    (positive, bound), (negative, shuffled) = of_label(dataset, 1), of_label(dataset, 0)
    minus = (positive["strand"] == "-").to_numpy()
    ends = {tuple(row) for row in bound[minus][:, [0, -1]]}
    assert {tuple(row) for row in shuffled[(negative["strand"] == "-").to_numpy()][:, [0, -1]]} == ends
    assert not np.array_equal(reverse_complement(bound[minus]), bound[minus])


def test_what_cannot_be_made_is_refused_and_nothing_is_written(tmp_path, toy, peaks, rng):
    bare = write_fasta(tmp_path / "bare.fa", [random_sequence(rng, 60) for _ in range(5)])
    strange = write_fasta(tmp_path / "strange.fa", [random_sequence(rng, 60)], ["a chr7:0-60"])
    level = tmp_path / "level.tsv"
    pd.DataFrame({"sequence": ["ACGT" * 15] * 2, "binding": [0.5, 1]}).to_csv(level, sep="\t", index=False)
    whole = bed(tmp_path / "whole.bed", [("chr3", start, start + 60) for start in range(0, 19_900, 60)])
    gc = {"make_negatives": "gc-matched"}
    cases = [
        ({"positives": {"a": peaks}, "genome": toy, "make_negatives": "gc-macthed"}, "did you mean gc-matched"),
        ({"positives": {"a": bare}} | gc, r"'a' are drawn from its genome, and it has none(.|\n)*Give --genome"),
        ({"positives": {"a": bare}, "genome": toy} | gc, "positives of domain 'a' have no coordinates"),
        ({"positives": {"a": strange}, "genome": toy} | gc, "1 of 1 positives of domain 'a' are not on .*no chr7"),
        ({"positives": {"a": whole}, "genome": toy} | gc, "no negatives can be drawn for domain 'a'"),
        ({"unlabelled": {"a": bare}, "tables": {"b": level}} | gc, "other labels than 0 and 1"),
        ({"positives": {"a": bare}, "make_negatives": {"b": "shuffled"}}, "domain 'b', which has no files"),
        (
            {"positives": {"a": bare}, "unlabelled": {"b": bare}, "make_negatives": {"b": "shuffled"}},
            "'b' has no positives of task 'binding'",
        ),
        (
            {"positives": {"a": peaks}, "genome": toy, "length": 70_000} | gc,
            r"no domain has positives of task 'binding'.*; 100 rows were left out, .*p.bed line 1\) because: window",
        ),
        ({"negatives": {"a": bare}, "make_negatives": "shuffled"}, "no domain has positives of task 'binding'"),
        ({"positives": {"a": bare}, "make_negatives": "shuffled", "negatives_per_positive": 0.0}, "0 negatives a pos"),
        ({"positives": {"a": bare}, "make_negatives": "shuffled", "negatives_per_positive": np.nan}, "nan negatives"),
        (
            {"positives": {"a": bare}, "negatives": {"a": strange}, "make_negatives": "shuffled"},
            r"has negatives of its own(.|\n)*--negatives a=shuffled",
        ),
        ({"positives": {"a": bare}, "negatives_per_positive": 2.0}, "asked for, and none are made"),
        ({"positives": {"a": bare}, "make_negatives": "shuffled", "seed": -1}, "seed -1 is negative"),
    ]  # fmt: skip
    for options, message in cases:
        with pytest.raises(UserError, match=message):
            prepare(tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()


def test_on_a_whole_genome_gc_and_chromosomes_tell_nothing(shared_data, tmp_path):
    fasta = tmp_path / "sacCer3.fa.gz"
    fasta.symlink_to(shared_data / "yeast" / "sacCer3.fa.gz")
    starts = shared_data / "yeast" / "genes_start_sacCer3.bed"
    dataset = prepare(
        tmp_path / "out",
        positives={"yeast": starts}, genome=fasta, length=101, task="gene start", make_negatives="gc-matched",
    )  # fmt: skip
    (positive, bound), (negative, drawn) = of_label(dataset, 1), of_label(dataset, 0)
    assert len(positive) == len(negative) == 6534
    assert positive["chrom"].value_counts().equals(negative["chrom"].value_counts())
    assert ks_2samp(gc_fraction(bound), gc_fraction(drawn)).statistic < 0.01
    assert not overlapping(negative, positive).any()
    assert split_rows(dataset).how == "chromosome"


def test_published_negatives_that_overlap_positives_are_counted(shared_data, tmp_path):
    files = {
        name: {cell: shared_data / "dann_tf" / cell / f"GABP{end}.fasta.gz" for cell in ("H1-hESC", "K562")}
        for name, end in (("positives", ""), ("negatives", "_back"))
    }
    dataset = prepare(tmp_path / "out", **files)
    reasons = dataset.dropped["reason"].str.extract("(overlaps a positive of .*?),")[0].value_counts()
    assert reasons.to_dict() == {"overlaps a positive of H1-hESC": 371, "overlaps a positive of K562": 104}
    assert "371 of 19,998 negatives of H1-hESC overlap a positive of H1-hESC" in " ".join(dataset.provenance["notes"])
