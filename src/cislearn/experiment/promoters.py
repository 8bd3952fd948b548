"""What runs of `express` rest on in promoters: each base, what of it is the position's, motifs of the filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import UInt8
from torch import nn

from cislearn.atomic import folder_written_whole
from cislearn.errors import UserError, nearest
from cislearn.experiment.expression_run import ExpressionRun, read_expression_runs
from cislearn.explain.attribute import Attributions
from cislearn.explain.expression.promoters import ByPosition, attribute_promoters, by_position, refuse_words
from cislearn.explain.file_attributions import ITS_REFERENCE, FileAttributions
from cislearn.explain.found import filter_motifs
from cislearn.explain.matching import collection
from cislearn.explain.methods import Settings
from cislearn.explain.motif_folder import write_found
from cislearn.explain.windows import windows_in_memory
from cislearn.explain.write import RECORD, write_array, write_attributions
from cislearn.models.two_towers.promoters_alone import PromotersAlone
from cislearn.motifs.matrix import Motif
from cislearn.progress import Progress, silent
from cislearn.reports.motifs import write_motifs_page
from cislearn.reports.promoters import write_promoters_page
from cislearn.tables import write_table

POSITIONS, LEFT, MOTIFS = "positions.tsv", "without_position.npz", "motifs"
SILENCED_ON = 100
"""Promoters that filters are silenced on: each is read under every condition."""


def explain_promoters(
    folders: Sequence[Path],
    data: Path,
    out: Path,
    *,
    settings: Settings,
    condition: str | None = None,
    genes: Sequence[str] = (),
    against: Path | None = None,
    overwrite: bool = False,
    device: torch.device,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Write a folder of attributions (`write_attributions`) with what of them is the position's; return the positions.

    ``positions.tsv``: of each position before the gene the mean over genes and the standard deviation; the array of
    ``without_position.npz``, shape (genes, length), is what is left of each gene. With `against`, a MEME file, there is
    a folder ``motifs`` of the filters' motifs, each of the best places of the 100 promoters that it answers to most.

    Parameters
    ----------
    folders : list of Path
        Runs of one network: several seeds are averaged.
    data, out : Path
        Their dataset; the folder to be.
    settings : Settings
        Method and references.
    condition : str, optional
        Under which; else the mean over all.
    genes : list of str
        Only these; else all.
    against, overwrite, device, progress
        Known motifs; replace a folder that is there; where to compute; hears how far it is.

    Raises
    ------
    UserError
        Where a run cannot be asked, a name is not known, or sums do not hold.
    """
    runs = read_expression_runs(folders, data)
    first = runs[0]
    for run in runs:
        refuse_words(run.network)
    known = None if against is None else collection(against)
    rows = _places(genes, first.genes, "--gene") if genes else list(range(len(first.genes)))
    columns = torch.arange(len(first.conditions))
    if condition is not None:
        columns = torch.tensor(_places([condition], first.conditions, "--condition"))
    block = first.block.part(torch.tensor(rows), columns)
    found = attribute_promoters([run.network for run in runs], block, settings, device=device, progress=progress)
    under = f"the mean of {len(first.conditions)}" if condition is None else condition
    as_rows = _as_rows(found, [first.genes[row] for row in rows], first.block.tokens[rows].numpy())
    position = by_position(found.projected)
    positions = _table(position)
    about = {"runs": [str(each) for each in folders], "method": settings.method, "conditions": under}
    with folder_written_whole(out, marker=RECORD, overwrite=overwrite) as folder:
        write_table(folder / POSITIONS, positions)
        write_array(folder / LEFT, position.left)
        if known is not None:
            progress("motifs of filters")
            members = {n: PromotersAlone(run.network, first.block.regulators[columns]) for n, run in enumerate(runs)}
            _write_motifs(
                folder / MOTIFS, members, first, known, {"run": folders[0].name, "against": str(against)}, device
            )
        write_attributions(folder, as_rows, about, looked_at=str(data))
        write_promoters_page(folder, as_rows, positions, run=folders[0].name, method=settings.method, under=under)
    return positions


def _write_motifs(
    folder: Path,
    members: Mapping[int, nn.Module],
    run: ExpressionRun,
    known: Sequence[Motif],
    about: dict[str, str],
    device: torch.device,
) -> None:
    windows = windows_in_memory(np.unique(run.block.tokens.numpy(), axis=0))
    found = filter_motifs(members, windows, known, rule="top", silenced_on=SILENCED_ON, device=device)
    folder.mkdir()
    write_found(folder, found, about | {"looked_at": "promoters, copies once", "domain": None})
    write_motifs_page(folder)


def _table(found: ByPosition) -> pd.DataFrame:
    length = len(found.mean)
    return pd.DataFrame(
        {"position": np.arange(-length, 0), "mean": found.mean, "sd": found.left.std(axis=0, dtype=np.float64)}
    )


def _as_rows(found: Attributions, genes: Sequence[str], tokens: UInt8[np.ndarray, "g length"]) -> FileAttributions:
    """Attributions as `cislearn attribute` has those of a file, a row a gene, so that other tools read them alike."""
    told = {"output": found.outputs, "sum": found.projected.sum((1, 2)), "difference": found.differences}
    told["missed"] = found.missed
    nowhere = {"chrom": "", "start": -1, "end": -1, "strand": "+"}
    rows = pd.DataFrame({"name": genes, **nowhere, **{name: each for name, each in told.items() if each is not None}})
    same = np.zeros(len(genes), bool) if found.is_its_reference is None else found.is_its_reference
    rows = rows.assign(note="", not_attributed=np.where(same, ITS_REFERENCE, ""))
    chrom, start = np.full(len(genes), "", object), np.full(len(genes), -1, np.int64)
    return FileAttributions(rows, tokens, found.projected, found.hypothetical, found.spread, start, chrom)


def _places(names: Sequence[str], known: Sequence[str], option: str) -> list[int]:
    place_of = {name: place for place, name in enumerate(known)}
    for name in names:
        if name not in place_of:
            raise UserError(f"{name!r} is not known{nearest(name, known)}", where=option)
    return [place_of[name] for name in names]
