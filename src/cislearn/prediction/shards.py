"""Scores of tiles on disk, in pieces that appear whole: what is there is not scored again, here or elsewhere."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cislearn.atomic import file_written_whole, remove_left_behind, write_json
from cislearn.errors import UserError
from cislearn.prediction.tiles import Scores, TileScorer
from cislearn.progress import Progress, silent

FOLDER, CARD = "shards", "shard.json"


@dataclass(frozen=True)
class Shard:
    """One of several equal shares of the pieces of a genome, which processes score each for itself.

    Parameters
    ----------
    folder : Path
        That holds it.
    number, of : int
        Which, from 1, of how many.
    plan : mapping
        All that the scores depend on; shards of one plan are shares of the same thing.
    n_pieces : int
        Of all shards together.
    """

    folder: Path
    number: int
    of: int
    plan: Mapping[str, Any]
    n_pieces: int

    @property
    def name(self) -> str:
        """As it is given to ``--shard``."""
        return f"{self.number}/{self.of}"

    @property
    def pieces(self) -> range:
        """Numbers of its pieces, side by side."""
        return range(self.n_pieces * (self.number - 1) // self.of, self.n_pieces * self.number // self.of)

    def path(self, piece: int) -> Path:
        """Where a piece stands."""
        return self.folder / f"{piece:06}.npz"

    @property
    def missing(self) -> list[int]:
        """Those of its pieces that are not there."""
        return [piece for piece in self.pieces if not self.path(piece).is_file()]

    def card(self) -> dict[str, Any]:
        """What ``shard.json`` says."""
        return {"shard": self.number, "of": self.of, "pieces": self.n_pieces, "plan": dict(self.plan)}


def score_shard(scorer: TileScorer, shard: Shard, progress: Progress = silent) -> None:
    """Score the tiles of a shard that are not there yet, piece by piece.

    Raises
    ------
    UserError
        Where the folder holds a shard of something else, or the disk refuses.
    """
    remove_left_behind(shard.folder)
    card = shard.folder / CARD
    if card.is_file():
        _refuse_other(read_shard(shard.folder), shard)
    else:
        write_json(card, shard.card())
    size, n, missing = scorer.tiles_at_once, len(scorer.tiling), shard.missing
    for done, piece in enumerate(missing):
        progress("scoring tiles", len(shard.pieces) - len(missing) + done, len(shard.pieces))
        _write(shard.path(piece), scorer(piece * size, min((piece + 1) * size, n)))
    progress("scoring tiles", len(shard.pieces), max(1, len(shard.pieces)))


def read_shard(folder: Path) -> Shard:
    """Read what a folder says of its shard.

    Raises
    ------
    UserError
        Where that is no shard.
    """
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        return Shard(folder, card["shard"], card["of"], card["plan"], card["pieces"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"is no shard: {error}", where=path, fix="Remove its folder.") from error


def has_shards(folder: Path) -> bool:
    """Whether a folder holds a shard, of whatever it is and whole or not."""
    return any(folder.glob(f"*/{CARD}"))


def find_shards(folder: Path, plan: Mapping[str, Any], n_pieces: int) -> list[Shard]:
    """Return the shards in a folder, in order, each there once and whole.

    Raises
    ------
    UserError
        Where one is missing, there twice, not finished, or of another model, genome or step.
    """
    found = [read_shard(card.parent) for card in sorted(folder.glob(f"*/{CARD}"))]
    if not found:
        raise UserError("holds no shard", where=folder, fix="Run the same command with --shard 1/1 instead of --merge.")
    expected = Shard(found[0].folder, found[0].number, found[0].of, plan, n_pieces)
    by_number: dict[int, Shard] = {}
    for shard in found:
        _refuse_other(shard, expected)
        if shard.of != expected.of:
            raise UserError(
                f"is shard {shard.name}, and {expected.folder.name} is {expected.name}: not of one number",
                where=shard.folder,
                fix="Remove those of one number.",
            )
        if shard.number in by_number:
            twice = by_number[shard.number].folder.name
            raise UserError(f"is shard {shard.name}, and so is {twice}", where=shard.folder, fix="Remove one of them.")
        by_number[shard.number] = shard
    absent = [f"{number}/{expected.of}" for number in range(1, expected.of + 1) if number not in by_number]
    if absent:
        fix = f"Run the same command with --shard {absent[0]} instead of --merge."
        raise UserError(f"lacks {len(absent)} of {expected.of} shards: {', '.join(absent[:9])}", where=folder, fix=fix)
    for shard in by_number.values():
        if shard.missing:
            problem = f"is not finished: {len(shard.missing):,} of {len(shard.pieces):,} pieces are missing"
            fix = f"Run the same command with --shard {shard.name} instead of --merge; it goes on where it stood."
            raise UserError(problem, where=shard.folder, fix=fix)
    return [by_number[number] for number in sorted(by_number)]


def _refuse_other(shard: Shard, expected: Shard) -> None:
    wanted, found = ({**each.plan, "pieces": each.n_pieces} for each in (expected, shard))
    other = [name for name in wanted if found.get(name) != wanted[name]]
    if other:
        told = "; ".join(f"{name} {_short(found.get(name))}, not {_short(wanted[name])}" for name in other)
        fix = "Give --bigwig another folder, or remove this one."
        raise UserError(f"holds tiles of something else: {told}", where=shard.folder, fix=fix)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 24 else f"{text[:12]}..."


def _write(path: Path, scores: Scores) -> None:
    arrays = {f"value_{k}": values for k, values in enumerate(scores.values)}
    arrays |= {f"call_{task}": called for task, called in scores.calls.items()}
    with file_written_whole(path) as partial, partial.open("wb") as out:
        np.savez(out, **arrays)  # type: ignore[arg-type]


def read_pieces(shards: Sequence[Shard], *names: str) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Yield the number of each piece and its arrays of these names, piece after piece.

    Raises
    ------
    UserError
        Where a piece cannot be read.
    """
    for shard in shards:
        for piece in shard.pieces:
            path = shard.path(piece)
            try:
                with path.open("rb") as file, np.load(file) as arrays:
                    read = [arrays[name] for name in names]
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                fix = f"Remove it, and run the same command with --shard {shard.name}."
                raise UserError(f"cannot be read: {error}", where=path, fix=fix) from error
            yield piece, read
