"""MEME files: what is read, what is refused and where, and the way there and back."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cislearn.errors import UserError
from cislearn.motifs.matrix import Motif
from cislearn.motifs.meme import read_meme

HEAD = "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF M1 one\n"
ROWS = "0.1 0.2 0.3 0.4\n0 0 0 1\n"


@pytest.fixture
def meme(tmp_path):
    def write(text):
        path = tmp_path / "motifs.meme"
        path.write_text(text)
        return path

    return write


def test_reads_what_stands_there(meme):
    (motif,) = read_meme(meme(f"{HEAD}letter-probability matrix: alength= 4 w= 2 nsites= 7.5 E= 0\n{ROWS}"))
    assert (motif.name, motif.identifier, motif.n_sites, motif.width) == ("one", "M1", 7.5, 2)
    np.testing.assert_allclose(motif.probabilities, [[0.1, 0], [0.2, 0], [0.3, 0], [0.4, 1]])


def test_reads_the_forms_that_tools_write(meme):
    """No width, no sites, one name, tabs, a URL line, no blank line between motifs, log-odds blocks, CRLF."""
    text = (
        "# made by hand\nMEME version 5.4.1 (release)\n"
        "MOTIF M1\nletter-probability matrix:\n 0.1\t0.2\t0.3\t0.4\n0 0 0 1\nMOTIF M2 two\n"
        "log-odds matrix: alength= 4 w= 1\n-3 4 5 6\n"
        "letter-probability matrix: alength= 4 w=1 nsites=3\n0.25 0.25 0.25 0.25\nURL http://here\n"
    )
    first, second = read_meme(meme(text.replace("\n", "\r\n")))
    assert (first.name, first.identifier, first.width, first.n_sites) == ("M1", "M1", 2, 20)
    assert (second.name, second.identifier, second.width, second.n_sites) == ("two", "M2", 1, 3)


def test_rows_are_scaled_to_one(meme):
    (motif,) = read_meme(meme(f"{HEAD}letter-probability matrix: w= 1\n0.333 0.333 0.333 0\n"))
    assert motif.probabilities.sum() == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "is empty"),
        ("\n\n", None, "is empty"),
        (">chr1\nACGT\n", 1, "'>chr1'"),
        ("MEME version 3\n", 1, "version 3"),
        ("MEME version 4\nALPHABET= ACGU\n", 2, "ACGU"),
        ("MEME version 4\nALPHABET= ACDEFGHIKLMNPQRSTVWY\n", 2, "ACDEF"),
        ("MEME version 4\nMOTIF\n", 2, "without a name"),
        ("MEME version 4\nletter-probability matrix: w= 1\n", 2, "before any MOTIF"),
        (HEAD, 5, "holds no motif"),
        (f"{HEAD}letter-probability matrix: alength= 20 w= 2\n", 6, "alength is 20"),
        (f"{HEAD}letter-probability matrix: w= two\n", 6, "not a number"),
        (f"{HEAD}letter-probability matrix: w= 3\n{ROWS}", 6, "2 rows where w= 3"),
        (f"{HEAD}letter-probability matrix: w= 1\n{ROWS}", 6, "2 rows where w= 1"),
        (f"{HEAD}letter-probability matrix: w= 0\n\n", 6, "0 rows"),
        (f"{HEAD}letter-probability matrix:\n", 6, "0 rows"),
        (f"{HEAD}letter-probability matrix: w= 3\n{ROWS}0.5 0.5 0\n", 9, "3 probabilities"),
        (f"{HEAD}letter-probability matrix: w= 3\n{ROWS}0.5 0.5 0 x\n", 9, "not a row"),
        (f"{HEAD}letter-probability matrix: w= 3\n{ROWS}0.5 0.5 0 0.5\n", 9, "add up to 1.5"),
        (f"{HEAD}letter-probability matrix: w= 3\n{ROWS}0.5 0.7 0 -0.2\n", 9, "add up to 1"),
        (f"{HEAD}letter-probability matrix: w= 3\n{ROWS}nan 0.7 0 0.2\n", 9, "add up to nan"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(meme, text, line, words):
    path = meme(text)
    with pytest.raises(UserError, match=words) as caught:
        read_meme(path)
    assert (caught.value.where, caught.value.line) == (path, line)


def test_files_that_cannot_be_read(tmp_path):
    path = tmp_path / "motifs.meme.gz"
    with pytest.raises(UserError, match="No such file"):
        read_meme(path)
    whole = gzip.compress(f"{HEAD}letter-probability matrix: w= 2\n{ROWS}".encode())
    path.write_bytes(whole)
    assert len(read_meme(path)) == 1
    path.write_bytes(whole[:-20])
    with pytest.raises(UserError, match="cannot be read"):
        read_meme(path)
    path.write_bytes(whole[:12] + b"\xff\xff" + whole[14:])
    with pytest.raises(UserError, match="cannot be read"):
        read_meme(path)
    path.write_bytes(b"\x93NUMPY\xff\xfe")
    with pytest.raises(UserError, match="not a text file"):
        read_meme(path)


def as_meme(motif):
    """A motif as MEME writes it."""
    rows = "".join(" ".join(f"{value:.6f}" for value in position) + "\n" for position in motif.probabilities.T)
    shape = f"alength= 4 w= {motif.width} nsites= {motif.n_sites:g} E= 0"
    return f"\nMOTIF {motif.identifier} {motif.name}\nletter-probability matrix: {shape}\n{rows}"


@given(arrays(float, (4, 6), elements=st.floats(0.001, 1)), st.integers(1, 10**6).map(float))
def test_there_and_back(tmp_path_factory, counts, n_sites):
    path = tmp_path_factory.mktemp("meme") / "motifs.meme"
    written = [Motif("a::name", "id1", counts / counts.sum(0), n_sites), Motif("b", "id2", np.eye(4), 3.5)]
    background = "strands: + -\n\nBackground letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n"
    path.write_text(f"MEME version 4\n\nALPHABET= ACGT\n\n{background}" + "".join(map(as_meme, written)))
    for before, after in zip(written, read_meme(path), strict=True):
        assert (after.name, after.identifier) == (before.name, before.identifier)
        assert after.n_sites == pytest.approx(before.n_sites, rel=1e-5)
        np.testing.assert_allclose(after.probabilities, before.probabilities, atol=2e-6)


def test_real_collections(shared_data):
    counts = {path.name: len(read_meme(path)) for path in sorted((shared_data / "motifs").glob("*.meme"))}
    assert counts == {
        "HOCOMOCOv9.meme": 428,
        "JASPAR2024_CORE_fungi.meme": 178,
        "JASPAR2024_CORE_vertebrates.meme": 879,
        "basset_CISBP_Homo_sapiens.meme": 734,
    }
