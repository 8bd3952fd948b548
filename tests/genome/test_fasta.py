"""FASTA: records whatever the chunks, and messages that name file and line."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.genome.fasta import FastaBases, parse_fasta, read_fasta
from cislearn.sequence.tokens import decode

names = st.text("abcXYZ019._:-", min_size=1, max_size=8)
records = st.lists(
    st.tuples(names, st.text("abc >=", max_size=8), st.text("ACGTNacgt", min_size=1, max_size=40)),
    min_size=1,
    max_size=5,
)


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def chunks(text, size):
    return [text[i : i + size] for i in range(0, len(text), size)]


@given(records, st.integers(1, 7), st.sampled_from([b"\n", b"\r\n"]), st.integers(1, 9), st.booleans())
def test_any_record_in_any_chunks_of_any_line_width(entries, width, line_end, chunk, has_last_end):
    lines = []
    for name, rest, bases in entries:
        lines += [f">{name} {rest}", *(bases[i : i + width] for i in range(0, len(bases), width))]
    text = line_end.join(line.encode() for line in lines) + (line_end if has_last_end else b"")
    found = []
    for event in parse_fasta(chunks(text, chunk), where="x.fa"):
        if isinstance(event, FastaBases):
            found[-1][2] += decode(event.tokens)
            found[-1][3] += event.n_soft_masked
        else:
            assert lines[event.line - 1].split()[0] == f">{event.name}"
            found.append([event.name, event.description, "", 0])
    expected = [[name, rest.strip(), bases.upper(), sum(map(str.islower, bases))] for name, rest, bases in entries]
    assert found == expected


def test_records_of_a_file(tmp_path):
    path = write(tmp_path / "x.fa.gz", gzip.compress(b"\n>chr1 first one\nACgt\n\nNNRY\n>chr2\nTT", mtime=0))
    first, second = read_fasta(path)
    assert (first.name, first.description, decode(first.tokens), first.line) == ("chr1", "first one", "ACGTNNNN", 2)
    assert (second.name, second.description, decode(second.tokens), second.line) == ("chr2", "", "TT", 6)


@pytest.mark.parametrize("gap", [" ", "\t", " \t "])
def test_a_name_ends_at_any_white_space(tmp_path, gap):
    (record,) = read_fasta(write(tmp_path / "x.fa", f"> chr1{gap}first\tone \nAC\n"))
    assert (record.name, record.description) == ("chr1", "first\tone")


def test_duplicate_names_are_the_callers_matter(tmp_path):
    assert [record.name for record in read_fasta(write(tmp_path / "x.fa", ">a\nA\n>a\nC\n"))] == ["a", "a"]


@pytest.mark.parametrize(
    ("content", "line", "problem", "fix"),
    [
        ("", None, "the file is empty", "download it again"),
        ("\n \n", None, "holds nothing but blank lines", "Give a FASTA"),
        ("ACGT\n", 1, "a FASTA file begins with '>', not with 'ACGT'", "below a line >name"),
        ("\n\nchr1\t10\t20\tp\n", 3, "a FASTA file begins with '>', not with 'chr1", "This looks like BED or peaks"),
        ("@read1\nACGT\n+\nIIII\n", 1, "not with '@read1'", "below a line >name"),
        (">a\n>b\nACGT\n", 1, "record a has no sequence", "truncated"),
        (">a\nACGT\n>b\n\n", 3, "record b has no sequence", "truncated"),
        (">a\nACGT\n>b", 3, "record b has no sequence", "truncated"),
        (">\nACGT\n", 1, "a header has no name", "Write >name"),
        (">a\nACGT\nACGX\n", 3, "'X' at position 8 is not a DNA base", "this looks like protein"),
        (">sp|P12345\nMKLPETRS\n", 2, "'L' at position 3 is not a DNA base", "this looks like protein"),
        (">a\nAC--GT\n", 2, "'-' at position 3 is not a DNA base", "gaps"),
        (">a\nACGT>b\n", 2, "'>' at position 5 is not a DNA base", "sequences are made of"),
        (b"BAM\x01\x00\x00", None, "is not a text file", "BAM"),
        (b">a\nAC\x00\x01", None, "is not a text file", "BAM"),
        (
            gzip.compress(b">a\n" + b"ACGT" * 500, mtime=0)[:-12],
            None,
            "the gzip file is truncated or damaged",
            "copy it again",
        ),
        (b">" + b"a" * (5 << 20), None, "a header has more than 1,048,576 characters", "line ends"),
    ],
)
def test_bad_files_are_refused_with_file_line_and_fix(tmp_path, content, line, problem, fix):
    path = write(tmp_path / "bad.fa", content)
    with pytest.raises(UserError) as error:
        list(read_fasta(path))
    place = f"{path}: " if line is None else f"{path} line {line:,}: "
    assert str(error.value).startswith(place)
    assert problem in str(error.value)
    assert fix in str(error.value)


def test_the_wrong_letter_is_found_in_a_later_chunk():
    text = b">a\n" + b"ACGT\n" * 10 + b"AXGT\n"
    with pytest.raises(UserError, match=r"x\.fa line 12: 'X' at position 42"):
        list(parse_fasta(chunks(text, 7), where="x.fa"))


def test_real_windows_have_their_place_in_the_header(shared_data):
    records = list(read_fasta(shared_data / "dann_tf" / "K562" / "GABP.fasta.gz"))
    assert records[0].description == "chr1:714123-714224"
    assert all(len(record.tokens) == 101 for record in records)
