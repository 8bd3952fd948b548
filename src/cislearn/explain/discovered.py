"""Motifs of attributions: TF-MoDISco (Shrikumar et al. 2018), and the seqlets that stand out, by tangermeme."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from jaxtyping import Float32

from cislearn.errors import UserError
from cislearn.motifs.matrix import Motif

HYPOTHETICAL, ONE_HOT = "hypothetical", "one_hot"
"""What the file of attributions is to hold, each (windows, 4, length), rows in the order ACGT."""
SEQLETS = 2_000
"""Seqlets of either sign that TF-MoDISco clusters, at most."""
SHORTEST = 41
"""Bases of a seqlet of TF-MoDISco, flanks included."""
FIX = "Give what `cislearn attribute` writes: hypothetical attributions and one-hot windows, each (windows, 4, length)."


class Attributed(NamedTuple):
    """Windows with what each base would be worth."""

    hypothetical: Float32[np.ndarray, "n 4 length"]
    one_hot: Float32[np.ndarray, "n 4 length"]

    @property
    def projected(self) -> Float32[np.ndarray, "n length"]:
        """What the base that is there is worth."""
        return (self.hypothetical * self.one_hot).sum(axis=1)


def read_attributions(path: Path) -> Attributed:
    """Read attributions: a ``.npz`` file with two arrays, or the folder that ``cislearn attribute`` writes.

    Of a folder it is the one array each of ``hypothetical.npz`` and ``ohe.npz``. Windows that hold no base were not
    attributed; they count as zeros and keep their numbers.

    Raises
    ------
    UserError
        Where it cannot be read, lacks one of the arrays, the shapes are others, windows are not one-hot, values are not
        finite, or the attributions are those of the bases that are there alone, which make other motifs.
    """
    if path.is_dir():
        hypothetical, one_hot = (_arrays(path / name, ["arr_0"])[0] for name in ("hypothetical.npz", "ohe.npz"))
    else:
        hypothetical, one_hot = _arrays(path, [HYPOTHETICAL, ONE_HOT])
    if hypothetical.shape == one_hot.shape and one_hot.ndim == 3:
        hypothetical[~one_hot.any(axis=(1, 2))] = 0
    found = Attributed(hypothetical, one_hot)
    _check(found, path)
    return found


def _arrays(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    try:
        with np.load(path) as file:
            arrays = {name: np.asarray(file[name], np.float32) for name in names if name in file}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise UserError(f"cannot be read as .npz: {error}", where=path, fix=FIX) from error
    if absent := [name for name in names if name not in arrays]:
        raise UserError(f"holds no array {absent[0]!r}", where=path, fix=FIX)
    return [arrays[name] for name in names]


def _check(found: Attributed, path: Path) -> None:
    shape = found.one_hot.shape
    if found.hypothetical.shape != shape or len(shape) != 3 or shape[1] != 4:
        turned = " They look like (windows, length, 4): transpose them." if shape[-1:] == (4,) else ""
        raise UserError(
            f"attributions have shape {found.hypothetical.shape} and windows {shape};"
            f" (windows, 4, length) was expected of both.{turned}",
            where=path,
            fix=FIX,
        )
    if not np.isin(found.one_hot, (0, 1)).all() or (found.one_hot.sum(axis=1) > 1).any():
        raise UserError("the windows are not one-hot", where=path, fix=FIX)
    if not np.isfinite(found.hypothetical).all():
        raise UserError("some attributions are not finite", where=path, fix=FIX)
    if not found.hypothetical[found.one_hot == 0].any():
        raise UserError(
            "the attributions are projected: 0 for all bases that are not there. Motifs are made of hypothetical ones",
            where=path,
            fix=FIX,
        )


def discover(attributed: Attributed, *, most: int = SEQLETS) -> list[Motif]:
    """Return the motifs that TF-MoDISco makes of attributions, each of either sign by its number of seqlets.

    Parameters
    ----------
    attributed : Attributed
        See `read_attributions`.
    most : int
        Seqlets of either sign.

    Returns
    -------
    list of Motif
        ``pos_0``, ``pos_1`` ..., then ``neg_0`` ...: base frequencies of their seqlets.

    Raises
    ------
    UserError
        Where modisco is not installed, the windows are shorter than its seqlets, or what they are worth is nearly
        everywhere of one sign: the threshold of each sign is held against a null that has both.
    """
    try:
        from modiscolite.tfmodisco import TFMoDISco
    except ImportError as error:
        fix = "Install it: pip install 'cislearn[modisco]'"
        raise UserError("TF-MoDISco is not installed", fix=fix) from error
    length = attributed.one_hot.shape[2]
    if length < SHORTEST:
        raise UserError(
            f"windows of {length} bp are shorter than the {SHORTEST} bp of a seqlet", fix="Give longer windows."
        )
    # It takes (windows, length, 4), and finds nothing in anything else.
    windows, scores = (
        np.ascontiguousarray(array.transpose(0, 2, 1)) for array in (attributed.one_hot, attributed.hypothetical)
    )
    try:
        by_sign = TFMoDISco(one_hot=windows, hypothetical_contribs=scores, max_seqlets_per_metacluster=most)
    except (ValueError, ZeroDivisionError) as error:  # of a mean over no values
        raise UserError(
            f"TF-MoDISco finds no threshold: stretches of these windows are nearly all of one sign ({error})",
            fix="Train longer, or attribute the differences to references (cislearn attribute --by deep_lift).",
        ) from error
    return [
        _motif(pattern, f"{sign}_{number}")
        for sign, patterns in zip(("pos", "neg"), by_sign, strict=True)
        for number, pattern in enumerate(patterns or [])
    ]


def _motif(pattern: Any, name: str) -> Motif:
    counts = np.asarray(pattern.sequence, np.float64).T
    total = counts.sum(axis=0)
    return Motif(name, name, np.where(total > 0, counts / np.maximum(total, 1e-9), 0.25), float(len(pattern.seqlets)))


def seqlets(attributed: Attributed, threshold: float = 0.01) -> pd.DataFrame:
    """Return the stretches of bases that stand out, of either sign, by tangermeme's recursive rule.

    Parameters
    ----------
    attributed : Attributed
        See `read_attributions`; the caller gets what the bases that are there are worth.
    threshold : float
        Of the p-values, which rank stretches and are no error rates.

    Returns
    -------
    DataFrame
        window, start, end (0-based, half-open, within the window), attribution (sum), p; strongest sums first. One that
        overlaps a stretch of the other sign is left out.

    Raises
    ------
    UserError
        Where tangermeme is not installed.
    """
    try:
        import torch
        from tangermeme.seqlet import recursive_seqlets
    except ImportError as error:
        fix = "Install it: pip install 'cislearn[explain]'"
        raise UserError("seqlets are found by tangermeme, which is not installed", fix=fix) from error
    worth = attributed.projected
    tables = []
    for sign in (1, -1):
        found = recursive_seqlets(torch.from_numpy(np.ascontiguousarray(sign * worth)), threshold=threshold)
        columns = [found[name].to_numpy() for name in ("example_idx", "start", "end", "attribution", "p-value")]
        table = pd.DataFrame(dict(zip(("window", "start", "end", "attribution", "p"), columns, strict=True)))
        tables.append(table.assign(attribution=sign * table["attribution"]))
    raised, lowered = tables
    taken = np.zeros(worth.shape, bool)
    places = ["window", "start", "end"]
    for window, start, end in raised[places].to_numpy(np.int64):
        taken[window, start:end] = True
    free = [not taken[window, start:end].any() for window, start, end in lowered[places].to_numpy(np.int64)]
    both = pd.concat([raised, lowered[np.array(free, bool)]], ignore_index=True)
    return both.sort_values("attribution", key=np.abs, ascending=False, kind="stable").reset_index(drop=True)
