"""From bigWig files of counts, any number of replicates a task and domain, to the profiles of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float32

from cislearn.data.profiles import Profiles
from cislearn.data.strand_files import Paths, StrandFiles, check_names, check_places, rule_of
from cislearn.errors import UserError
from cislearn.genome.bigwig import BigWig
from cislearn.progress import Progress, silent
from cislearn.schema import TaskSpec

OPTION = "--profile"
Given = Mapping[str, Mapping[str, Sequence[Paths]]]
"""Task to domain to replicates, each one file, or those of the plus and of the minus strand."""


@dataclass(frozen=True)
class ProfileFiles:
    """The files of all profiles of a dataset, open.

    Parameters
    ----------
    tasks : tuple of TaskSpec
        The profiles, in the order of their channels.
    of_domain : dict of str to list
        Of each domain, a task, its replicates, none where the domain has no such profile.
    """

    tasks: tuple[TaskSpec, ...]
    of_domain: Mapping[str, Sequence[Sequence[StrandFiles]]]

    @classmethod
    def open(
        cls,
        given: Given,
        rules: Mapping[str, str],
        domains: Sequence[str],
        *,
        positions: int,
        progress: Progress = silent,
    ) -> ProfileFiles:
        """Open the files of profiles of `positions` bases; a domain that has none of a task is unlabelled for it.

        Raises
        ------
        UserError
            Where a domain is none, replicates differ in their strands, one file is given for both, a rule does not
            suit, or a file cannot be read.
        """
        check_names("profile", given, rules, domains)
        tasks = tuple(_task(name, of_task, rules.get(name), positions) for name, of_task in given.items())
        if given:
            progress(f"opening profiles of {', '.join(given)}")
        opened = {
            domain: [[StrandFiles.open(paths, task.rc) for paths in given[task.name].get(domain, ())] for task in tasks]
            for domain in domains
        }
        return cls(tasks, opened)

    @property
    def channels(self) -> int:
        """Of all tasks."""
        return sum(task.channels for task in self.tasks)

    @property
    def n_replicates(self) -> int:
        """Of the task and domain that has most."""
        return max(len(replicates) for tasks in self.of_domain.values() for replicates in tasks)

    def read(
        self, rows: pd.DataFrame, genomes: Mapping[str, Mapping[str, int]], *, margin: int
    ) -> Float32[np.ndarray, "n r s width"]:
        """Return the counts of each replicate about the middle of the windows of `rows`, with their margins.

        Parameters
        ----------
        rows : DataFrame
            domain, genome, chrom, start, end (0-based half-open, without the margin), strand.
        genomes : mapping of str to mapping of str to int
            Lengths (bp) of the chromosomes of each genome that is known.
        margin : int
            On either side, in bp.

        Returns
        -------
        ndarray, shape (n, replicates, channels, positions + 2 margin)
            On the strand of each row. NaN where a domain has no such replicate.

        Raises
        ------
        UserError
            Where a row has no place on a genome, a file lacks its chromosome or has it at another length, a value is no
            whole number, or two strands are the same.
        """
        width = self.tasks[0].profile_length + 2 * margin
        counts = np.full((len(rows), self.n_replicates, self.channels, width), np.nan, dtype=np.float32)
        for (domain, genome), group in rows.reset_index(drop=True).groupby(["domain", "genome"], sort=False):
            first = 0
            for task, replicates in zip(self.tasks, self.of_domain[str(domain)], strict=True):
                channels = slice(first, first + task.channels)
                check_places(replicates, group, genomes.get(str(genome)))
                for r, replicate in enumerate(replicates):
                    counts[group.index, r, channels] = read_counts(replicate, task, group, margin=margin)
                first += task.channels
        return counts

    def record(self) -> dict[str, Any]:
        """Return rule and files of each task, for the provenance of a dataset."""
        return {
            task.name: {
                "rc": task.rc,
                "files": {
                    domain: [[str(file.path) for file in replicate.files] for replicate in tasks[k]]
                    for domain, tasks in self.of_domain.items()
                    if tasks[k]
                },
            }
            for k, task in enumerate(self.tasks)
        }


def summed(replicates: Float32[np.ndarray, "n r s width"], columns: Sequence[int]) -> Profiles:
    """Return profiles of all replicates together, each kept where there are several; NaN where there is none."""
    total = np.where(np.isnan(replicates).all(axis=1), np.float32(np.nan), np.nansum(replicates, axis=1))
    return Profiles(total, np.array(columns), replicates if replicates.shape[1] > 1 else None)


def read_counts(
    replicate: StrandFiles, task: TaskSpec, loci: pd.DataFrame, *, margin: int
) -> Float32[np.ndarray, "n s width"]:
    """Return the counts of one replicate about the middle of windows, each read on the strand of its window.

    A base without a value counts 0. On the other strand plus and minus change places as well as the positions.

    Parameters
    ----------
    replicate : StrandFiles
        A file a channel.
    task : TaskSpec
        Says the length.
    loci : DataFrame, n rows
        chrom, start, end (0-based half-open, without the margin), strand.
    margin : int
        On either side, in bp.
    """
    chrom, start = loci["chrom"].to_numpy(dtype=object), loci["start"].to_numpy(dtype=np.int64)
    first = start + (loci["end"].to_numpy(dtype=np.int64) - start - task.profile_length) // 2 - margin
    read = replicate.gather(chrom, first, task.profile_length + 2 * margin)
    for channel, file in enumerate(replicate.files):
        _check_whole(read[:, channel], file, chrom, first)
    replicate.refuse_equal(read)
    return replicate.along(read, loci["strand"])


def _check_whole(values: Float32[np.ndarray, "n width"], file: BigWig, chrom: np.ndarray, start: np.ndarray) -> None:
    """Refuse what was divided by a depth or smoothed: the multinomial likelihood is one of counts."""
    broken = values != np.round(values)
    if broken.any():
        row, column = np.argwhere(broken)[0]
        raise UserError(
            f"has {values[row, column]:g} at {chrom[row]}:{start[row] + column + 1:,}, and a profile counts in wholes",
            where=file.path,
            fix="Give raw counts of 5' ends, neither normalised nor smoothed.",
        )


def _task(name: str, of_task: Mapping[str, Sequence[Paths]], rule: str | None, positions: int) -> TaskSpec:
    for replicates in of_task.values():
        resolved = [tuple(Path(file).resolve() for file in files) for files in replicates]
        if len(set(resolved)) < len(resolved):
            raise UserError(f"profile {name!r} has one replicate twice", where=OPTION)
    each = (files for replicates in of_task.values() for files in replicates)
    turned, channels = rule_of("profile", name, each, rule)
    return TaskSpec(name, "profile", channels=channels, out_length=positions, rc=turned)
