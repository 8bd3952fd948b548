"""The bytes of a file, plain or compressed, in chunks; what is broken is told by the name of the file."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterator
from io import BufferedIOBase, BufferedReader
from pathlib import Path

from cislearn.errors import UserError

Progress = Callable[[int, int], None]
"""Called with the bytes of the file read so far, and the size of the file."""

CHUNK = 1 << 22

_GZIP = b"\x1f\x8b"
_BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_NOT_READ = {b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


def read_chunks(path: str | Path, *, progress: Progress | None = None) -> Iterator[bytes]:
    """Yield the content of a file, unpacked where its first bytes say gzip or bgzip.

    Parameters
    ----------
    path : str or Path
        The file; its name says nothing about whether it is compressed.
    progress : callable, optional
        Called after each chunk.

    Raises
    ------
    UserError
        Where the file is missing, empty, unreadable, truncated or damaged, or compressed in another way.
    """
    path = Path(path)
    try:
        with path.open("rb") as raw:
            size = path.stat().st_size
            stream = _unpacked(raw, path)
            chunk = stream.read(CHUNK)
            if not chunk:
                raise _empty(path)
            while chunk:
                yield chunk
                if progress:
                    progress(raw.tell(), size)
                chunk = stream.read(CHUNK)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _truncated(path, str(error)) from error
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from error


def read_text(path: str | Path) -> str:
    """Return the whole content of a text file, plain or compressed; Windows line ends become plain ones.

    Raises
    ------
    UserError
        As `read_chunks`, and where the content is not text.
    """
    content = b"".join(read_chunks(path)).removeprefix(codecs.BOM_UTF8)
    if not is_text(content):
        raise not_text(path)
    return content.decode("utf-8", "replace").replace("\r\n", "\n")


def is_text(content: bytes) -> bool:
    """Whether bytes could be text: UTF-16 and binary formats have zero bytes."""
    return b"\0" not in content


def not_text(path: str | Path) -> UserError:
    """Return the error for a binary file where a text file is expected."""
    return UserError(
        "is not a text file",
        where=path,
        fix="Binary formats (BAM, bigBed, 2bit, Excel) are to be written as text first.",
    )


def _unpacked(raw: BufferedReader, path: Path) -> BufferedIOBase:
    start = raw.read(18)
    if not start:
        raise _empty(path)
    for magic, kind in _NOT_READ.items():
        if start.startswith(magic):
            raise UserError(f"is compressed with {kind}", where=path, fix="Unpack it, or compress it with gzip.")
    if start.startswith(_GZIP) and start[12:14] == b"BC":
        raw.seek(-min(len(_BGZIP_END), path.stat().st_size), 2)
        if raw.read() != _BGZIP_END:
            raise _truncated(path, "the end marker of bgzip is missing")
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw) if start.startswith(_GZIP) else raw


def _empty(path: Path) -> UserError:
    return UserError("the file is empty", where=path, fix="Check how it was made, or download it again.")


def _truncated(path: Path, reason: str) -> UserError:
    return UserError(
        f"the gzip file is truncated or damaged ({reason})",
        where=path,
        fix="Download or copy it again; test it with gzip -t.",
    )
