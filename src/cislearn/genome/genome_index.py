"""The cache of a genome on disk: written whole or not at all, and trusted only while it agrees with its FASTA file."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from cislearn.atomic import write_json
from cislearn.errors import UserError
from cislearn.genome.fasta import FastaBases, parse_fasta
from cislearn.genome.packed import BASES, UNKNOWN, PackedWriter
from cislearn.genome.stream import Progress, read_chunks
from cislearn.sequence.tokens import N

FORMAT = 2
INDEX = "index.json"


@dataclass
class Chromosome:
    """One sequence of a genome.

    Parameters
    ----------
    name : str
        The first word of its header.
    offset : int
        Where it begins in the packed bases.
    length : int
        Bases.
    n_unknown : int
        How many of them are N or another ambiguity code.
    n_soft_masked : int
        How many are in lower case.
    """

    name: str
    offset: int
    length: int = 0
    n_unknown: int = 0
    n_soft_masked: int = 0


@dataclass(frozen=True)
class GenomeIndex:
    """What stands beside the bases of a genome.

    Parameters
    ----------
    size, mtime_ns : int
        Bytes and time of change of the FASTA file.
    hash : str
        blake2b of its unpacked content, so that a genome and its compressed copy are one.
    chromosomes : tuple of Chromosome
        In the order of the file.
    n_bytes : dict of str to int
        Size of each file beside it.
    format : int
        Version of this layout.
    """

    size: int
    mtime_ns: int
    hash: str
    chromosomes: tuple[Chromosome, ...]
    n_bytes: dict[str, int]
    format: int = FORMAT


def find_cache(fasta: Path, places: Iterable[Path]) -> tuple[Path, GenomeIndex] | None:
    """Return the first whole cache that agrees with the FASTA file, and its index.

    Size and time of change are compared first; only where they differ is the content.

    Parameters
    ----------
    fasta : Path
        The FASTA file.
    places : iterable of Path
        Folders in which a cache may stand.
    """
    size, mtime_ns = _state(fasta)
    content: str | None = None
    for folder in places:
        index = _read_index(folder)
        if index is None:
            continue
        if (index.size, index.mtime_ns) == (size, mtime_ns):
            return folder, index
        content = content or _content_hash(fasta)
        if index.hash == content:
            index = replace(index, size=size, mtime_ns=mtime_ns)
            _refresh(folder, index)
            return folder, index
    return None


def build_cache(fasta: Path, places: Iterable[Path], progress: Progress | None = None) -> tuple[Path, GenomeIndex]:
    """Write the cache of a FASTA file in the first folder that can be written, and return that folder and the index.

    Parameters
    ----------
    fasta : Path
        The FASTA file.
    places : iterable of Path
        Folders to try; one that holds another cache is replaced.
    progress : callable, optional
        Called with the bytes read and the size of the file.

    Raises
    ------
    UserError
        As `cislearn.genome.fasta.read_fasta`; two chromosomes of one name; no folder can be written; the disk is full.
    """
    refused: list[str] = []
    for folder in places:
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            temporary.mkdir(parents=True)
        except OSError as error:
            refused.append(f"{folder.parent} ({error.strerror})")
            continue
        try:
            index = _write(fasta, temporary, progress)
            _move(temporary, folder, index)
            return folder, index
        except OSError as error:
            raise UserError(
                f"the cache of {fasta.name} cannot be written: {error.strerror}",
                where=folder,
                fix="Make room (a byte for four bases), or set CISLEARN_CACHE to a folder with room.",
            ) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    raise UserError(
        f"no folder for its cache can be written: {', '.join(refused)}",
        where=fasta,
        fix="Set CISLEARN_CACHE to a folder that you may write to.",
    )


def _write(fasta: Path, folder: Path, progress: Progress | None) -> GenomeIndex:
    before = _state(fasta)
    digest = hashlib.blake2b(digest_size=20)
    with PackedWriter(folder) as out:
        chromosomes = _write_bases(_hashed(read_chunks(fasta, progress=progress), digest), fasta, out)
    if _state(fasta) != before:
        raise UserError("changed while it was read", where=fasta, fix="Try again once it is written.")
    n_bytes = {name: (folder / name).stat().st_size for name in (BASES, UNKNOWN)}
    index = GenomeIndex(*before, digest.hexdigest(), tuple(chromosomes), n_bytes)
    write_json(folder / INDEX, asdict(index))
    return index


def _write_bases(chunks: Iterable[bytes], fasta: Path, out: PackedWriter) -> list[Chromosome]:
    chromosomes: dict[str, Chromosome] = {}
    latest = Chromosome("", 0)
    for event in parse_fasta(chunks, where=fasta):
        if isinstance(event, FastaBases):
            out.write(event.tokens)
            latest.length += len(event.tokens)
            latest.n_unknown += int(np.count_nonzero(event.tokens == N))
            latest.n_soft_masked += event.n_soft_masked
            continue
        if event.name in chromosomes:
            raise UserError(
                f"chromosome {event.name} is there twice",
                where=fasta,
                line=event.line,
                fix="Names are the first word of each header; give each sequence its own.",
            )
        latest = chromosomes[event.name] = Chromosome(event.name, latest.offset + latest.length)
    return list(chromosomes.values())


def _move(temporary: Path, folder: Path, index: GenomeIndex) -> None:
    """Rename to the final name, over an old cache; where another process was first with the same one, leave that."""
    for _ in range(10):
        if _read_index(folder) == index:
            return
        try:
            temporary.rename(folder)
            return
        except OSError:
            if not folder.exists():
                raise
            _remove(folder)
    raise OSError(None, "another process keeps writing it")


def _remove(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    else:
        folder.unlink(missing_ok=True)


def _read_index(folder: Path) -> GenomeIndex | None:
    """Index of a whole cache of the present format; None for whatever else is found."""
    try:
        fields = json.loads((folder / INDEX).read_text())
        chromosomes = tuple(Chromosome(**entry) for entry in fields.pop("chromosomes"))
        index = GenomeIndex(**fields, chromosomes=chromosomes)
        n_bytes = {name: (folder / name).stat().st_size for name in (BASES, UNKNOWN)}
        is_whole = index.format == FORMAT and index.n_bytes == n_bytes
        # Earlier versions took what follows a tab in a header for part of the name.
        is_named = all(chromosome.name.split() == [chromosome.name] for chromosome in chromosomes)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return index if is_whole and is_named else None


def _refresh(folder: Path, index: GenomeIndex) -> None:
    """Note the new time of change, so that the content is not read again; where that is not allowed, it will be."""
    with suppress(UserError):
        write_json(folder / INDEX, asdict(index))


def _hashed(chunks: Iterable[bytes], digest: hashlib.blake2b) -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _content_hash(fasta: Path) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for _ in _hashed(read_chunks(fasta), digest):
        pass
    return digest.hexdigest()


def _state(fasta: Path) -> tuple[int, int]:
    try:
        found = fasta.stat()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=fasta) from error
    return found.st_size, found.st_mtime_ns
