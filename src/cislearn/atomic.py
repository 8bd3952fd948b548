"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import glob
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cislearn.errors import UserError


@contextmanager
def file_written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path` to write to; the file takes its name when the block ends without an error.

    Raises
    ------
    UserError
        Where the disk refuses (full, read-only, no permission).
    """
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise disk_refusal(path, error) from error
    finally:
        with suppress(OSError):  # it has its name, or it could not be begun
            partial.unlink()


def remove_left_behind(folder: Path, name: str | None = None) -> None:
    """Remove half-written files that killed processes left in a folder: those of the file `name`, or of any.

    What a process of this machine still writes stays. A process of another one is not seen: give a `name` where several
    machines may write into the folder, so that they never write the same file.
    """
    for left in folder.glob(f".{'*' if name is None else glob.escape(name)}.partial-*"):
        process = left.name.rpartition(".partial-")[2].partition(".")[0]
        if process.isdigit() and not _is_at_work(int(process)):
            with suppress(OSError):  # its folder allows no removal: it harms nobody
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _is_at_work(process: int) -> bool:
    """Whether there is, or on Windows may be, a process of this number."""
    if os.name == "nt":  # where it is no question: signal 0 would stop it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def write_json(path: Path, values: Any) -> None:
    """Write values as indented JSON, whole or not at all."""
    with file_written_whole(path) as partial:
        partial.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other process, on this machine or on another that shares the disk, is within the block for `path`.

    The lock is a file beside `path` (``.NAME.lock``), and it is free again when its process ends, even by a kill.

    Raises
    ------
    UserError
        Where the file system knows no locks.
    """
    try:
        import fcntl
    except ImportError:  # not there on Windows, where one process at a time has to do
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            raise UserError(
                f"cannot be locked: {error.strerror}; several processes would overwrite what the others write",
                where=path,
                fix="Take a folder on a file system with locks: a local disk, or NFS of version 4.",
            ) from error
        yield


@contextmanager
def the_only_one_in(folder: Path) -> Iterator[None]:
    """Refuse to work in a folder, made where it is not there, that another process is at work in within this block.

    The lock is on the folder itself, so that nothing is left behind, and is free again when its process ends, even by a
    kill. Where the file system knows no locks of folders nobody is refused.

    Raises
    ------
    UserError
        Where another process is at work there, or the folder cannot be made.
    """
    try:
        import fcntl
    except ImportError:  # as in `alone`
        yield
        return
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
    except FileExistsError as error:
        raise UserError("is a file, not a folder", where=folder, fix="Give another name.") from error
    except OSError as error:
        raise disk_refusal(folder, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise UserError(
            "another process is at work in this folder", where=folder, fix="Wait for it, or give another folder."
        ) from error
    except OSError:
        pass  # a file system without locks, or without those of folders
    try:
        yield
    finally:
        os.close(lock)
        if is_new:
            with suppress(OSError):  # something stands in it
                folder.rmdir()


@contextmanager
def folder_written_whole(path: Path, *, marker: str, overwrite: bool = False) -> Iterator[Path]:
    """Give a fresh folder beside `path` to write into; it takes the name `path` when the block ends without an error.

    Parameters
    ----------
    path : Path
        The folder to be.
    marker : str
        A file that such a folder holds: only a folder with it, or an empty one, is ever replaced.
    overwrite : bool
        Replace what `path` holds now. It stays untouched until the new folder is whole.

    Raises
    ------
    UserError
        Where `path` is taken, or the disk refuses (full, read-only, no permission).
    """
    refuse_taken(path, marker=marker, overwrite=overwrite)
    partial = path.parent / f".{path.name}.partial-{os.getpid()}"
    try:
        partial.mkdir(parents=True)
        yield partial
        take_place(partial, path)
    except OSError as error:
        raise disk_refusal(path, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def refuse_taken(path: Path, *, marker: str, overwrite: bool = False) -> None:
    """Raise UserError if no folder can stand at `path`, or it holds what may not go (see `folder_written_whole`)."""
    _refuse_unwritable(path)
    if not path.exists():
        return
    if not path.is_dir():
        raise UserError("is a file, not a folder", where=path, fix="Give another name.")
    if any(path.iterdir()):
        if not (path / marker).exists():
            raise UserError(
                f"holds other files (and no {marker}); it is never overwritten", where=path, fix="Give another name."
            )
        if not overwrite:
            raise _exists_already(path)


def _refuse_unwritable(path: Path) -> None:
    """Raise UserError if nothing can be made where `path` is to stand, as far as that is known without trying."""
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise disk_refusal(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(above, os.W_OK | os.X_OK):
        raise disk_refusal(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def refuse_taken_file(path: Path, *, overwrite: bool = False) -> None:
    """Raise UserError if no file can stand at `path`, or it is one that may not be replaced."""
    _refuse_unwritable(path)
    if path.is_dir():
        raise UserError("is a folder, not a file", where=path, fix="Give another name.")
    if path.exists() and not overwrite:
        raise _exists_already(path)


def _exists_already(path: Path) -> UserError:
    return UserError("exists already", where=path, fix="Give another name, or --overwrite to replace it.")


def take_place(partial: Path, path: Path) -> None:
    """Give a folder the name `path`; what bears it now goes."""
    old = path.parent / f".{path.name}.old-{os.getpid()}"
    if path.exists():
        path.rename(old)
    partial.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def disk_refusal(path: Path, error: OSError) -> UserError:
    """Return the error that tells the user that `path` cannot be written and why."""
    return UserError(
        f"cannot be written: {error.strerror or f'{error} bytes; is the disk full?'}",
        where=path,
        fix="Give another place, or make room and permission there.",
    )
