from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.data.entries import Ragged
from cislearn.data.readers import Format, read_examples, read_table, recognise
from cislearn.data.readers.fasta import parse_loci
from cislearn.errors import UserError
from cislearn.sequence.tokens import decode, encode

from .examples import write_fasta


def write(path, text):
    path.write_text(text)
    return path


def texts(entries):
    ends = np.cumsum(entries.sequences.lengths)
    return [decode(part) for part in np.split(entries.sequences.tokens, ends[:-1])]


@given(
    st.lists(st.text("ACGTN", min_size=1, max_size=12), min_size=1, max_size=8), st.integers(1, 14), st.integers(0, 3)
)
def test_windows_of_sequences_lie_about_their_centres(sequences, length, margin):
    windows = Ragged.of([encode(text) for text in sequences]).windows(length, margin)
    for text, window in zip(sequences, windows, strict=True):
        first = len(text) // 2 - length // 2 - margin
        positions = range(first, first + length + 2 * margin)
        assert decode(window) == "".join(text[k] if 0 <= k < len(text) else "N" for k in positions)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (">s\nACGT\n", Format.fasta),
        ("\n>s\nACGT\n", Format.fasta),
        ("chr1\t5\t10\n", Format.regions),
        ("track name=x\n#comment\nchr1 5 10 peak\n", Format.regions),
        ("chr1\t5\tx\n", Format.regions),
        ("FoldID\tEventID\tseq\tBound\nA\ts\tACGT\t1\n", Format.table),
        ("#chrom\tstart\tend\tlabel\nchr1\t5\t10\t1\n", Format.table),
        ("Sequence,label\nACGT,1\n", Format.table),
        ("#locus\ty\nchr1:5-10\t1\n", Format.table),
        ("# peaks of every open region\nchr1\t5\t10\tp\t0\t+\n", Format.regions),
        ("# peaks of every open region\nchr1 5 10 p 0\n", Format.regions),
        ('track name=atac description="ATAC seq peaks of K562"\nchr1\t5\t10\n', Format.regions),
        ("#chrom\tstart\tend\nchr1\t5\t10\tp\t0\t+\n", Format.regions),
        ("#chrom start end name score strand\nchr1\t5\t10\tp\t0\t+\n", Format.regions),
        ("#chrom\tstart\tend\tname\tscore\tstrand\n# a comment\nchr1\t5\t10\tp\t0\t+\n", Format.table),
        ("tracking_id\tsequence\np\tACGT\n", Format.table),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_formats_are_told_from_their_content(tmp_path, text, expected, packed):
    path = tmp_path / "data.misleading.fa"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert recognise(path) is expected


def test_what_is_nothing_known_is_refused_with_what_it_begins_with(tmp_path):
    path = write(tmp_path / "notes.txt", "Dear reader,\nthis is no data\n")
    with pytest.raises(UserError, match=r"notes.txt line 1: is neither FASTA.*'Dear reader,'"):
        read_examples(path)


@pytest.mark.parametrize(
    ("header", "locus"),
    [
        ("GABP0 chr1:714123-714224", ("chr1", 714123, 714224, ".")),
        ("chr10:16833216-16833451", ("chr10", 16833216, 16833451, ".")),
        ("name::chr2:5-10(-)", ("chr2", 5, 10, "-")),
        ("x chrX:1,005-1,010(+)", ("chrX", 1005, 1010, "+")),
        ("sacCer3_dna range=chrII:2001-2100 5'pad=0 3'pad=0 strand=- repeatMasking=none", ("chrII", 2001, 2100, "-")),
        ("p range=chrII:2001-2100", ("chrII", 2001, 2100, ".")),
        ("chrII:2001-2100/rc", ("chrII", 2001, 2100, "-")),
        ("chrII:2001-2100/rcx", ("chrII", 2001, 2100, ".")),
        ("p1|chr3:5-10", ("chr3", 5, 10, ".")),
        ("gi|7|ref|NC_001133.9|:5-10", ("gi|7|ref|NC_001133.9|", 5, 10, ".")),
        ("CHR13_99137199_99137399", ("", -1, -1, ".")),
        ("nothing", ("", -1, -1, ".")),
    ],
)
def test_loci_in_headers(header, locus):
    found = parse_loci(pd.Series([header], dtype=object))
    assert tuple(found[key].iloc[0] for key in ("chrom", "start", "end", "strand")) == locus


def test_fasta_keeps_a_locus_that_fits_and_notes_one_that_does_not(tmp_path):
    """One base too few in one header is a misfit; in all of them it is the 1-based style (the next test)."""
    path = write_fasta(tmp_path / "x.fa", ["acgtn", "ACGTA"], ["a chr1:10-15", "b chr1:11-15"])
    entries = read_examples(path)
    assert texts(entries) == ["ACGTN", "ACGTA"]
    assert entries.rows["chrom"].tolist() == ["chr1", ""]
    assert entries.rows["start"].tolist() == [10, -1]
    assert entries.rows["line"].tolist() == [1, 3]
    assert entries.rows["note"].tolist() == ["", "locus chr1:11-15 does not fit 5 bp"]


def test_a_fasta_whose_loci_are_all_1_based_is_converted(tmp_path):
    path = write_fasta(tmp_path / "x.fa", ["ACGTN", "ACG", "ACG"], ["chr1:11-15", "chr2:1-3", "no locus"])
    rows = read_examples(path).rows
    assert rows["start"].tolist() == [10, 0, -1]
    assert rows["end"].tolist() == [15, 3, -1]
    assert rows["note"].tolist() == ["locus read as 1-based"] * 2 + [""]


def test_narrow_peaks_keep_their_summits(tmp_path):
    path = write(tmp_path / "p.narrowPeak", "chr3\t100\t340\t.\t579\t.\t5.0\t-1.0\t0.1\t120\n")
    entries = read_examples(path)
    assert entries.sequences is None
    assert entries.rows.loc[0, ["start", "end", "summit", "line"]].tolist() == [100, 340, 220, 1]


def test_a_peak_table_with_a_header_keeps_its_summits_too(tmp_path):
    path = write(tmp_path / "p.tsv", "name\tchrom\tstart\tend\tpeak\np1\tchr3\t100\t340\t120\np2\tchr3\t500\t600\t7\n")
    assert read_examples(path).rows["summit"].tolist() == [220, 507]


@pytest.mark.parametrize("column", ["peak", "summit"])
@pytest.mark.parametrize("absent", ["", ".", "-1"])
def test_a_peak_without_a_summit_has_none(tmp_path, column, absent):
    path = write(tmp_path / "p.tsv", f"chrom\tstart\tend\t{column}\nchr3\t100\t340\t{absent}\nchr3\t500\t600\t7\n")
    assert read_examples(path).rows["summit"].tolist() == [-1, 507 if column == "peak" else 7]


def test_deepbind_keeps_its_folds_and_takes_an_empty_label(tmp_path):
    path = write(tmp_path / "x.seq", "FoldID\tEventID\tseq\tBound\nA\te1\tACGT\t1\nB\te2\tTTGT\t0\nB\te3\tTTGA\t\n")
    entries = read_table(path)
    assert entries.rows["fold"].tolist() == ["A", "B", "B"]
    assert entries.rows["name"].tolist() == ["e1", "e2", "e3"]
    np.testing.assert_array_equal(entries.labels["Bound"], [1, 0, np.nan])
    assert entries.ignored == ()
    bare = write(tmp_path / "y.seq", "FoldID\tEventID\tseq\nA\te1\tACGT\n")
    assert read_table(bare).labels.columns.tolist() == []


TABLE = pd.DataFrame(
    {
        "chrom": ["chr1", "chr2"],
        "start": [10, 20],
        "end": [14, 24],
        "strand": ["+", "-"],
        "sequence": ["ACGT", "GGCA"],
        "domain": ["a", "b"],
        "part": ["train", "test"],
        "bound": [1, 0],
        "level": [0.5, np.nan],
        "comment": ["good", "bad"],
    }
)


@pytest.mark.parametrize("kind", ["tsv", "csv", "parquet", "tsv.gz", "csv.gz"])
def test_a_table_says_the_same_in_every_format(tmp_path, kind):
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        TABLE.to_parquet(path)
    else:
        TABLE.to_csv(path, sep="\t" if "tsv" in kind else ",", index=False)
    entries = read_table(path)
    assert texts(entries) == ["ACGT", "GGCA"]
    for column in ("chrom", "start", "end", "strand", "domain", "part"):
        assert entries.rows[column].tolist() == TABLE[column].tolist()
    assert entries.labels.columns.tolist() == ["bound", "level"]
    np.testing.assert_array_equal(entries.labels.to_numpy(), [[1, 0.5], [0, np.nan]])
    assert entries.ignored == ("comment",)


def test_quoted_fields_and_empty_lines_do_not_shift_anything(tmp_path):
    path = write(tmp_path / "t.csv", '# made by hand\nsequence,comment,y\n\nACGT,"a, b",1\n\nACGA,c,0\n\n')
    entries = read_table(path)
    assert entries.rows["line"].tolist() == [4, 6]
    assert entries.labels["y"].tolist() == [1, 0]


@pytest.mark.parametrize(
    "head",
    [
        "# peaks of every open region\n",
        'track name=atac description="ATAC seq peaks of K562"\n',
        "#chrom\tstart\tend\n",
        "#chrom start end name score strand\n",
        "#chrom\tstart\tend\tname\tscore\tstrand\n# a comment\ntrack name=x\n",
        "chrom\tstart\tend\tname\tscore\tstrand\n# a comment\n",
        "# the sequence of each\n#chrom\tstart\tend\tname\tscore\tstrand\n",
    ],
)
def test_comments_and_headers_about_peaks_take_no_peak_away(tmp_path, head):
    path = write(tmp_path / "p.bed", head + "chr1\t5\t10\tp\t0\t-\nchr2\t7\t12\tq\t0\t+\n")
    rows = read_examples(path).rows
    assert rows[["chrom", "start", "end", "name", "strand"]].to_numpy().tolist() == [
        ["chr1", 5, 10, "p", "-"],
        ["chr2", 7, 12, "q", "+"],
    ]
    assert rows["line"].tolist() == [head.count("\n") + 1, head.count("\n") + 2]


def test_comments_in_a_table_are_skipped(tmp_path):
    path = write(tmp_path / "t.tsv", "#chrom\tstart\tend\ty\n# one\nchr1\t5\t10\t1\n# two\nchr2\t7\t12\t0\n")
    entries = read_table(path)
    assert entries.rows["line"].tolist() == [3, 5]
    assert entries.labels["y"].tolist() == [1, 0]


def test_columns_by_other_names(tmp_path):
    path = write(tmp_path / "t.tsv", "dna\ttissue\tscore\ty\nACGT\tliver\t7\t1\nACGA\tlung\t8\t0\n")
    entries = read_table(path, sequence_column="dna", domain_column="tissue", label_columns=["y"])
    assert entries.rows["domain"].tolist() == ["liver", "lung"]
    assert entries.labels.columns.tolist() == ["y"]
    assert entries.ignored == ("score",)


def test_a_locus_in_one_column(tmp_path):
    path = write(tmp_path / "t.tsv", "locus\ty\nchr1:5-10\t1\nchr2:7-12\t0\n")
    entries = read_table(path)
    assert entries.rows["end"].tolist() == [10, 12]


def test_the_strand_is_that_of_the_column_or_else_of_the_locus(tmp_path):
    head = "region\tstrand\ty\n"
    path = write(tmp_path / "t.tsv", head + "chr1:5-10\t-\t1\nchr1:5-10(-)\t.\t0\nchr1:5-10(+)\t+\t0\n")
    assert read_table(path).rows["strand"].tolist() == ["-", "-", "+"]
    contradicting = write(tmp_path / "u.tsv", head + "chr1:5-10\t-\t1\nchr1:5-10(-)\t+\t0\n")
    with pytest.raises(UserError, match=r"u.tsv line 3: column strand has '\+', and the locus is on '-'"):
        read_table(contradicting)


@pytest.mark.parametrize("place", ["chrom", "chrom\tstart\tend", "chrom\tstart"])
def test_a_chromosome_alone_is_no_place(tmp_path, place):
    cells = {"chrom": "chr1", "chrom\tstart": "chr1\t7", "chrom\tstart\tend": "chr1\t\t"}[place]
    path = write(tmp_path / "t.tsv", f"{place}\tstrand\tpart\tsequence\n{cells}\t-\ttest\tACGT\n")
    row = read_table(path).rows.iloc[0]
    assert row[["chrom", "start", "end", "strand", "part"]].tolist() == ["", -1, -1, ".", "test"]
    assert row["note"] == "chr1 without start and end is no locus"


HEADER = "sequence\tpart\ty\n"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (HEADER + "ACGT\ttrain\t1\nACGT\ttest\tyes\nACGA\ttest\t0\nACGC\t\t1\n", {},
         r"line 3: column 'y' has 'yes'; a label is a number"),
        (HEADER + "ACGT\t\tinf\nACGT\t\t1\nACGT\t\t1\n", {}, r"line 2: column 'y' has 'inf'"),
        (HEADER + "ACGT\ttrain\t1\nACGT\tholdout\t1\n", {}, r"line 3: column 'part' has 'holdout'; a part is"),
        (HEADER + "ACGT\t\t1\nACXT\t\t1\n", {}, r"line 3: 'X' at position 3 is not a DNA base"),
        (HEADER + "\t\t1\n", {}, r"line 2: column 'sequence' is empty"),
        (HEADER + "ACGT\t\n", {}, r"line 2: has 2 fields; the header names 3"),
        (HEADER + "ACGT\t\t1\t7\n", {}, r"line 2: has 4 fields; the header names 3"),
        (HEADER, {}, r"has a header but no rows"),
        ("", {}, r"the file is empty"),
        ("\n\n", {}, r"nothing but blank lines"),
        ("sequence\ty\ty\nACGT\t1\t1\n", {}, r"line 1: the header names column 'y' twice"),
        (HEADER + "ACGT\t\t1\n", {"label_columns": ["bound"]}, r"has no column 'bound'"),
        (HEADER + "ACGT\t\t1\n", {"label_columns": ["Y"]}, r"has no column 'Y'"),
        (HEADER + "ACGT\t\t1\n", {"sequence_column": "sequnce"}, r"has no column 'sequnce'; did you mean sequence\?"),
        ("a\tb\n1\t2\n", {}, r"has neither a sequence column nor chrom, start and end"),
        ("chrom\tstart\tend\ty\nchr1\t5\t9\t1\nchr1\t9\t9\t0\n", {}, r"line 3: locus chr1:9-9 is empty"),
        ("chrom\tstart\tend\ty\nchr1\t5.5\t9\t1\n", {}, r"line 2: column 'start' has '5.5'; a position is"),
        ("chrom\tstart\tend\ty\nchr1\t-5\t9\t1\n", {}, r"line 2: column 'start' has '-5'"),
        ("chrom\tstart\tend\tstrand\ty\nchr1\t5\t9\tfwd\t1\n", {}, r"line 2: column 'strand' has 'fwd'; a strand is"),
    ],
)  # fmt: skip
def test_a_bad_table_is_refused_with_file_line_column_and_value(tmp_path, text, options, message):
    path = write(tmp_path / "bad.tsv", text)
    with pytest.raises(UserError, match=message) as caught:
        read_table(path, **options)
    assert "bad.tsv" in str(caught.value)


def test_truncated_files_are_refused(tmp_path):
    packed = tmp_path / "t.tsv.gz"
    packed.write_bytes(gzip.compress((HEADER + "ACGT\t\t1\n" * 5000).encode())[:-20])
    with pytest.raises(UserError, match="truncated or damaged"):
        read_table(packed)
    parquet = tmp_path / "t.parquet"
    TABLE.to_parquet(parquet)
    parquet.write_bytes(parquet.read_bytes()[:-100])
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        read_table(parquet)


@given(st.lists(st.sampled_from(["0", "1", "", "NA", "nan", "0.25", "-3", "1e3"]), min_size=1, max_size=20))
def test_labels_are_numbers_or_absent(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("labels") / "t.tsv"
    path.write_text("sequence\ty\n" + "".join(f"ACGT\t{value}\n" for value in values))
    expected = [np.nan if value in ("", "NA", "nan") else float(value) for value in values]
    np.testing.assert_array_equal(read_table(path, label_columns=["y"]).labels["y"], expected)
