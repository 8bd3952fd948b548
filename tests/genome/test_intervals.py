"""Regions: every dialect reads the same, and what is wrong is told by file and line."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.genome.intervals import _plain, _row_by_row, read_intervals

NARROW = "chr1\t100\t200\tpeak\t900\t.\t5.1\t-1\t0.1\t40\n"

region = st.tuples(
    st.sampled_from(["chr1", "II", "track1", "scaffold_3"]),
    st.integers(0, 10**9),
    st.integers(1, 10**6),
    st.text("abcXYZ019_", min_size=1, max_size=6),
    st.one_of(st.just("."), st.integers(0, 1000).map(str)),
    st.sampled_from("+-."),
    st.integers(-1, 10**6),
)


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(region, min_size=1, max_size=6),
    st.sampled_from([3, 4, 5, 6, 10]),
    st.sampled_from(["", "chrom\tstart\tend\n", "#chr start end\n", "track name=x\nbrowser hide all\n\n"]),
    st.sampled_from(["\t", " "]),
    st.booleans(),
)
def test_round_trip_of_all_dialects(tmp_path, regions, width, head, separator, packed):
    """trap 5: with a header or without, plain or gzip, no region is ever lost."""
    rows = [
        (chrom, start, start + length, name, score, strand, "1", "-1", "2.5", min(offset, length))
        for chrom, start, length, name, score, strand, offset in regions
    ]
    text = head + "".join(separator.join(map(str, row[:width])) + "\n" for row in rows)
    found = read_intervals(write(tmp_path / "x.bed", gzip.compress(text.encode()) if packed else text))
    expected = pd.DataFrame(rows, columns=["chrom", "start", "end", "name", "score", "strand", "7", "8", "9", "offset"])
    for column, absent in {"chrom": "", "start": 0, "end": 0, "name": "", "strand": "."}.items():
        is_there = expected.columns.get_loc(column) < width
        assert found[column].tolist() == (expected[column].tolist() if is_there else [absent] * len(rows))
    score = pd.to_numeric(expected["score"], errors="coerce") if width > 4 else np.full(len(rows), np.nan)
    np.testing.assert_array_equal(found["score"], score)
    summit = np.where((expected["offset"] >= 0) & (width == 10), expected["start"] + expected["offset"], -1)
    np.testing.assert_array_equal(found["summit"], summit)
    assert (found["line"] == head.count("\n") + 1 + np.arange(len(rows))).all()
    assert [str(found[column].dtype) for column in ("start", "end", "score", "summit", "line")] == [
        "int64",
        "int64",
        "float64",
        "int64",
        "int64",
    ]


odd = st.sampled_from(
    ["", ".", "-1", "7", "007", " 7", "7 ", "0x7", "1e2", "inf", "NA", "nan", "-", "+", "#x", "track", "track x",
     "chr1", '"a', "1_0", "\u0663", "\u00e9", "9" * 16, "\x1c", "chr1\r", "x y"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    st.lists(region, min_size=1, max_size=4),
    st.sampled_from([3, 4, 5, 6, 9, 10, 12]),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 11), odd), max_size=2),
    st.sampled_from(["", "\n", "\n\n", "\nx", "\n# end\n"]),
    st.sampled_from(["x.bed", "x.narrowPeak"]),
)
def test_the_quick_way_says_what_the_row_by_row_reader_says_or_nothing(regions, width, changes, end, name):
    rows = [
        [
            chrom,
            str(start),
            str(start + length),
            text,
            score,
            strand,
            "1",
            "-1",
            "2.5",
            str(min(offset, length)),
            "x",
            "y",
        ]
        for chrom, start, length, text, score, strand, offset in regions
    ]
    for row, column, value in changes:
        rows[row % len(rows)][column % width] = value
    text = "\n".join("\t".join(row[:width]) for row in rows) + end
    quick = _plain(text, name)
    if quick is not None:
        pd.testing.assert_frame_equal(quick, _row_by_row(text, name))
    else:
        assert changes or end not in ("", "\n", "\n\n")


def test_headerless_narrow_peak_keeps_its_first_row(tmp_path):
    """trap 5."""
    assert len(read_intervals(write(tmp_path / "x.narrowPeak", NARROW * 3))) == 3


def test_what_the_tenth_column_is(tmp_path):
    bed12 = "chr1\t100\t200\tgene\t0\t+\t100\t200\t0\t2\t10,10\t0,90\n"
    annotated = "chr1\t100\t200\tp\t0\t+\tpromoter\tA\tB\t9000\n"
    idr = NARROW.strip() + "\t7.5\t3\n"
    broad = "chr1\t100\t200\tpeak\t900\t.\t5.1\t-1\t0.1\n"
    assert read_intervals(write(tmp_path / "a.bed", bed12))["summit"].tolist() == [-1]
    assert read_intervals(write(tmp_path / "b.bed", annotated))["summit"].tolist() == [-1]
    assert read_intervals(write(tmp_path / "c.bed", NARROW))["summit"].tolist() == [140]
    assert read_intervals(write(tmp_path / "d.narrowPeak", idr))["summit"].tolist() == [140]
    assert read_intervals(write(tmp_path / "e.broadPeak", broad))["summit"].tolist() == [-1]


def test_dots_are_absent_values_and_names_may_have_spaces(tmp_path):
    found = read_intervals(write(tmp_path / "x.bed", "chr1\t1\t2\t.\t.\t.\nchr1\t3\t4\tmy peak\t7\t-\r\n"))
    assert found["name"].tolist() == ["", "my peak"]
    assert found["strand"].tolist() == [".", "-"]
    assert np.isnan(found["score"][0])


@pytest.mark.parametrize(
    ("content", "line", "problem", "fix"),
    [
        ("", None, "the file is empty", "download it again"),
        ("track name=x\n#chrom start end\n\n", None, "holds no region", "chromosome, start and end"),
        ("chrom\tstart\tend\n", None, "holds no region", "chromosome, start and end"),
        (
            gzip.compress(NARROW.encode() * 500, mtime=0)[:-9],
            None,
            "the gzip file is truncated or damaged",
            "copy it again",
        ),
        (b"\x00\x01\x02", None, "is not a text file", "bigBed"),
        ("\n>chr1 first\nACGT\n", 2, "is a FASTA file, where regions are expected", "Give it as sequences"),
        ("chr1\t100\n", 1, "has 2 columns; a region has three or more", "tabs"),
        ("chr1,100,200\n", 1, "has 1 column; a region has three or more", "tabs"),
        ("#x\nchr1\t1\t2\tp\nchr1\t3\t4\n", 3, "has 3 columns, while line 2 has 4", "truncated"),
        ("chr1\t1\t2\nchr1\tx\t4\n", 2, "column 2: 'x' is not a whole number", "start and end"),
        ("chr1\t1.5\t2\n", 1, "column 2: '1.5' is not a whole number", "start and end"),
        ("name\tsequence\tlabel\n", 1, "column 2: 'sequence' is not a whole number", "start and end"),
        ("chr1\t1\t1e6\n", 1, "column 3: '1e6' is not a whole number", "start and end"),
        ("chr1\t1\t\n", 1, "column 3: '' is not a whole number", "start and end"),
        ("chr1\t-5\t10\n", 1, "column 2: -5 is negative", "0-based and half-open"),
        ("chr1\t1\t2\nchr1\t2000\t1500\n", 2, "start 2,000 is not before end 1,500", "0-based and half-open"),
        ("chr1\t500\t500\n", 1, "start 500 is not before end 500", "499 500"),
        ("chr1\t1\t2\tp\thigh\n", 1, "column 5: score 'high' is not a number", "first four columns"),
        ("chr1\t1\t2\tp\t0\t*\n", 1, "column 6: strand '*' is not +, - or .", "Write ."),
        (NARROW + NARROW.replace("\t40\n", "\t101\n"), 2, "outside of its peak: offset 101 in a peak of 100 bp", "-1"),
        (NARROW.replace("\t40\n", "\t-2\n"), 1, "column 10: summit '-2' is not a whole number", "or -1"),
    ],
)
def test_bad_files_are_refused_with_file_line_and_fix(tmp_path, content, line, problem, fix):
    path = write(tmp_path / "bad.bed", content)
    with pytest.raises(UserError) as error:
        read_intervals(path)
    place = f"{path}: " if line is None else f"{path} line {line:,}: "
    assert str(error.value).startswith(place)
    assert problem in str(error.value)
    assert fix in str(error.value)


def test_real_peaks_all_read_and_their_summits_lie_within(shared_data):
    """Some real peaks have their summit at their end: 23 of HepG2 CTCF."""
    path = shared_data / "dream_peaks" / "ChIPseq.HepG2.CTCF.conservative.train.narrowPeak.gz"
    peaks = read_intervals(path)
    with gzip.open(path, "rt") as lines:
        assert len(peaks) == sum(1 for _ in lines)
    assert ((peaks["start"] <= peaks["summit"]) & (peaks["summit"] <= peaks["end"])).all()
    assert not peaks["chrom"].isin(["chr1", "chr8", "chr21"]).any()


def test_real_gene_starts_have_strands(shared_data):
    genes = read_intervals(shared_data / "yeast" / "genes_start_sacCer3.bed")
    assert len(genes) == 6534
    assert set(genes["strand"]) == {"+", "-"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("\t10\t20\tx\t0\t+", "column 1: the chromosome is ''"),
        ("chr1 \t10\t20\tx\t0\t+", "column 1: the chromosome is 'chr1 '"),
        ("chr1\t10\t20\tx\tinf\t+", "score 'inf' is not a number"),
        ("chr1\t10\t20\tx\t1_0\t+", "score '1_0' is not a number"),
        ("chr1\t1\N{ARABIC-INDIC DIGIT SEVEN}\t20\tx\t0\t+", "is not a whole number"),
    ],
)
def test_what_fuzzing_found(tmp_path, line, said):
    """All of these were once taken for regions."""
    path = tmp_path / "r.bed"
    path.write_text(f"chr1\t5\t9\ty\t1\t-\n{line}\n")
    with pytest.raises(UserError, match="line 2") as caught:
        read_intervals(path)
    assert said in str(caught.value)
