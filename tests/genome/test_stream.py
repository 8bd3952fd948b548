"""Files that are plain, compressed, cut off, or something else."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

from cislearn.errors import UserError
from cislearn.genome.stream import read_chunks, read_text

TEXT = b">a\nACGT\n" * 5000
BGZIP_HEADER = bytes.fromhex("1f8b08040000000000ff0600424302001b00")
BGZIP_END = BGZIP_HEADER + bytes.fromhex("03000000000000000000")


def bgzip(content):
    """A bgzip file of one block: gzip with the size of the block in an extra field, and the empty block at the end."""
    body = gzip.compress(content, mtime=0)[10:]
    size = (18 + len(body) - 1).to_bytes(2, "little")
    return BGZIP_HEADER[:16] + size + body + BGZIP_END


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        gzip.compress(TEXT, mtime=0),
        gzip.compress(TEXT[:900], mtime=0) + gzip.compress(TEXT[900:], mtime=0),
        bgzip(TEXT),
    ],
    ids=["plain", "gzip", "two gzip members", "bgzip"],
)
def test_the_content_decides_how_it_is_unpacked_not_the_name(tmp_path, content):
    path = tmp_path / "misnamed.txt"
    path.write_bytes(content)
    assert b"".join(read_chunks(path)) == TEXT


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TEXT, mtime=0)[:-30],
        gzip.compress(TEXT, mtime=0)[:-1],
        gzip.compress(TEXT, mtime=0)[:12],
        bgzip(TEXT)[:-28],
    ],
    ids=["in the middle", "by a byte", "in the header", "bgzip at a block"],
)
def test_a_truncated_gzip_is_refused(tmp_path, content):
    path = tmp_path / "cut.fa.gz"
    path.write_bytes(content)
    with pytest.raises(UserError, match="the gzip file is truncated or damaged") as error:
        list(read_chunks(path))
    assert str(path) in str(error.value)
    assert "gzip -t" in str(error.value)


def test_a_damaged_gzip_is_refused(tmp_path):
    content = bytearray(gzip.compress(TEXT))
    content[-6] ^= 1
    path = tmp_path / "damaged.gz"
    path.write_bytes(content)
    with pytest.raises(UserError, match="truncated or damaged"):
        list(read_chunks(path))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (bz2.compress(TEXT), "is compressed with bzip2"),
        (lzma.compress(TEXT), "is compressed with xz"),
        (b"PK\x03\x04rest", "is compressed with zip"),
    ],
)
def test_empty_files_and_other_archives_are_refused_by_name(tmp_path, content, problem):
    path = tmp_path / "x.fa"
    path.write_bytes(content)
    with pytest.raises(UserError, match=problem):
        list(read_chunks(path))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"none\.bed: cannot be read: No such file"):
        list(read_chunks(tmp_path / "none.bed"))
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        list(read_chunks(tmp_path))


def test_text_loses_byte_order_mark_and_windows_line_ends_and_binary_is_refused(tmp_path):
    path = tmp_path / "x.bed"
    path.write_bytes("\ufeffchr1\t1\t2\r\n".encode())
    assert read_text(path) == "chr1\t1\t2\n"
    path.write_text("chr1\t1\t2\n", encoding="utf-16")
    with pytest.raises(UserError, match="is not a text file"):
        read_text(path)


def test_progress_ends_at_the_size_of_the_file(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(TEXT))
    seen = []
    list(read_chunks(path, progress=lambda done, size: seen.append((done, size))))
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
