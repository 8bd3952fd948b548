"""Examples with their profiles: total counts are their labels, and those with too few are left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from cislearn.data.examples import MADE, Examples
from cislearn.data.genomes import Genomes
from cislearn.data.profile_files import OPTION, ProfileFiles, summed
from cislearn.data.profiles import Profiles, total_counts
from cislearn.errors import UserError

BACKGROUND = "background"
"""Column of the loci: whether a row was given or made as a negative, beside which the others are peaks."""


class Counted(NamedTuple):
    """Examples whose last labels are the total counts of their profiles, and these."""

    examples: Examples
    profiles: Profiles


def count_profiles(
    examples: Examples,
    files: ProfileFiles,
    genomes: Genomes,
    *,
    length: int,
    margin: int,
    role_task: str,
    min_counts: int,
) -> Counted:
    """Read the profiles of examples.

    The role of a row is no label here: peaks and background are told apart by the column `BACKGROUND` of the loci, and
    rows that are given as unlabelled have no profile.

    Parameters
    ----------
    examples : Examples
        Each with a place on a genome.
    files : ProfileFiles
        Open.
    genomes : Genomes
        That the examples lie on.
    length, margin : int
        Of the windows, in bp.
    role_task : str
        The column of the labels that tells the role; it is left out.
    min_counts : int
        Labelled rows with fewer counts over all tasks are left out, with the reason.

    Raises
    ------
    UserError
        Where the middle of a window cannot be that of a profile, a name is taken, or no row has a profile.
    """
    check_geometry(length, files.tasks[0].profile_length)
    rows, others = examples.rows, examples.labels.drop(columns=role_task, errors="ignore")
    for task in files.tasks:
        if task.name in others:
            raise UserError(f"a profile and a label column are called {task.name!r}", where=OPTION)
    lengths = {name: genome.chromosomes for name, genome in genomes.by_name.items()}
    replicates = files.read(rows, lengths, margin=margin)
    replicates[(rows["role"] == "unlabelled").to_numpy()] = np.nan
    columns = [others.shape[1] + k for k, task in enumerate(files.tasks) for _ in range(task.channels)]
    profiles = summed(replicates, columns)
    totals, first = {}, 0
    for task in files.tasks:
        totals[task.name] = total_counts(profiles.values[:, first : first + task.channels], margin)
        first += task.channels
    labels = pd.concat([others, pd.DataFrame(totals, index=others.index)], axis=1)
    is_labelled = np.isfinite(np.column_stack(list(totals.values()))).any(axis=1)
    if not is_labelled.any():
        raise UserError("no example has a profile: those of its domain are given for unlabelled rows", where=OPTION)
    counts = np.nansum(np.column_stack(list(totals.values())), axis=1)
    few = is_labelled & (counts < min_counts)
    reason = pd.Series(np.where(few, f"fewer than {min_counts:,} counts", ""), index=rows.index, dtype=object)
    empty = int((is_labelled & (counts == 0) & ~few).sum())
    notes = [f"{empty:,} windows have not a single count; they are kept (--min-counts 1 leaves them out)"]
    if rows["role"].isin(["negative", MADE]).any():
        rows = rows.assign(**{BACKGROUND: rows["role"].isin(["negative", MADE])})
    whole = Examples(rows, labels, examples.sequences, examples.dropped, examples.notes + notes * (empty > 0))
    if few.any():
        kept = profiles.replicates if profiles.replicates is None else profiles.replicates[~few]
        profiles = Profiles(profiles.values[~few], profiles.columns, kept)
    return Counted(whole.without(reason), profiles)


def check_geometry(length: int, positions: int) -> None:
    """Refuse windows about whose middle no profile of so many positions lies.

    Raises
    ------
    UserError
        Names the nearest length that will do.
    """
    if positions < 1:
        raise UserError(f"{positions} positions are no profile", where="--profile-length")
    if length < positions or (length - positions) % 2:
        why = "are shorter than" if length < positions else "cannot be centred on"
        raise UserError(
            f"windows of {length:,} bp {why} a profile of {positions:,}: as many bases must be left on either side",
            where="--profile-length",
            fix=f"Take --length {max(positions, length + (length - positions) % 2):,} or another --profile-length.",
        )
