"""The regions of one cell to windows on the piles; what has none is told with its reason."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from cislearn.data.compendium.cells import Cell
from cislearn.data.compendium.frame import Frame
from cislearn.data.compendium.piles import Piles
from cislearn.data.dataset import DROPPED_COLUMNS
from cislearn.data.inputs import ONLY_DOMAIN
from cislearn.errors import UserError
from cislearn.genome.chromosomes import map_chromosomes
from cislearn.genome.intervals import read_intervals
from cislearn.genome.merging import window_starts
from cislearn.genome.windows import off_genome

TOO_SHORT = "{chrom} is shorter than a window"
LEFT_OUT = "{chrom} is left out"


def pile_up(
    piles: Piles, cell: Cell, number: int, frame: Frame, outside: Literal["error", "drop"]
) -> tuple[pd.DataFrame, str | None, int]:
    """Put the windows of the cell of this `number` on the piles.

    Returns
    -------
    dropped : DataFrame
        ``DROPPED_COLUMNS`` of the regions that have no window.
    note : str or None
        Which chromosomes were renamed.
    n : int
        Regions of the file.

    Raises
    ------
    UserError
        With file and line: what cannot be read, a region past the end of its chromosome where `outside` is ``"error"``,
        a file of which no region is left.
    """
    chromosomes = frame.genome.chromosomes
    regions = read_intervals(cell.path)
    mapping, note = map_chromosomes(regions["chrom"].unique(), chromosomes, where=cell.path)
    regions["chrom"] = regions["chrom"].map(lambda chrom: mapping.get(chrom, chrom))
    reason = off_genome(regions, chromosomes=chromosomes, where=cell.path, outside=outside, genome=frame.name)
    for text, unfit in (
        (LEFT_OUT, set(frame.without)),
        (TOO_SHORT, {chrom for chrom, size in chromosomes.items() if size < frame.length}),
    ):
        there = (reason == "") & regions["chrom"].isin(unfit).to_numpy()
        reason[there] = [text.format(chrom=chrom) for chrom in regions["chrom"][there]]
    kept = regions[reason == ""]
    if kept.empty:
        raise UserError(
            f"no region of {cell.name} is left: {len(regions):,} were left out, the first because: {reason[0]}",
            where=cell.path,
            line=int(regions["line"].iloc[0]),
            fix="Give regions on the chromosomes that are kept, or leave this cell out.",
        )
    strand = kept["strand"].where(kept["strand"] == "-", "+")
    for (chrom, side), group in kept.groupby([kept["chrom"], strand], sort=False):
        ends = group["start"].to_numpy(np.int64), group["end"].to_numpy(np.int64)
        start = window_starts(*ends, length=frame.length, size=chromosomes[str(chrom)])
        piles.add(str(chrom), str(side), start, np.full(len(start), number, dtype=np.int64))
    told = regions.assign(reason=reason, file=str(cell.path), domain=ONLY_DOMAIN)
    return told[reason != ""][DROPPED_COLUMNS], note, len(regions)
