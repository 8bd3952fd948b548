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
from cislearn.data.track_files import check_places
from cislearn.errors import UserError, nearest
from cislearn.genome.bigwig import BigWig
from cislearn.progress import Progress, silent
from cislearn.schema import ReverseRule, TaskSpec

OPTION = "--profile"
Given = Mapping[str, Mapping[str, Sequence[Sequence[Path | str]]]]
"""Task to domain to replicates, each one file, or those of the plus and of the minus strand."""
RULES: dict[int, tuple[ReverseRule, ...]] = {1: ("flip", "flip_and_shift"), 2: ("flip_and_permute",)}
"""How profiles of one file and of two strands may be turned; the first one is the default."""


@dataclass(frozen=True)
class ProfileFiles:
    """The files of all profiles of a dataset, open.

    Parameters
    ----------
    tasks : tuple of TaskSpec
        The profiles, in the order of their channels.
    of_domain : dict of str to list
        Of each domain, a task, its replicates, none where the domain has no such profile: a file a strand.
    """

    tasks: tuple[TaskSpec, ...]
    of_domain: Mapping[str, Sequence[Sequence[Sequence[BigWig]]]]

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
        for name in rules:
            if name not in given:
                raise UserError(f"a rule is given for profile {name!r}{nearest(name, given)}", where="--profile-rule")
        for name, of_task in given.items():
            for domain in of_task:
                if domain not in domains:
                    raise UserError(
                        f"{name} is given for domain {domain!r}, which has no examples{nearest(domain, domains)}",
                        where=OPTION,
                    )
        tasks = tuple(_task(name, of_task, rules.get(name), positions) for name, of_task in given.items())
        if given:
            progress(f"opening profiles of {', '.join(given)}")
        opened = {
            domain: [[list(map(BigWig, each)) for each in of_task.get(domain, ())] for of_task in given.values()]
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
                for r, files in enumerate(replicates):
                    check_places(files, group, genomes.get(str(genome)))
                    counts[group.index, r, channels] = read_counts(files, task, group, margin=margin)
                first += task.channels
        return counts

    def record(self) -> dict[str, Any]:
        """Return rule and files of each task, for the provenance of a dataset."""
        return {
            task.name: {
                "rc": task.rc,
                "files": {
                    domain: [[str(file.path) for file in files] for files in tasks[k]]
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
    files: Sequence[BigWig], task: TaskSpec, loci: pd.DataFrame, *, margin: int
) -> Float32[np.ndarray, "n s width"]:
    """Return the counts of one replicate about the middle of windows, each read on the strand of its window.

    A base without a value counts 0. On the other strand plus and minus change places as well as the positions.

    Parameters
    ----------
    files : list of BigWig
        One a channel: the plus strand first.
    task : TaskSpec
        Says length and rule.
    loci : DataFrame, n rows
        chrom, start, end (0-based half-open, without the margin), strand.
    margin : int
        On either side, in bp.
    """
    chrom, start = loci["chrom"].to_numpy(dtype=object), loci["start"].to_numpy(dtype=np.int64)
    around = (loci["end"].to_numpy(dtype=np.int64) - start - task.profile_length) // 2
    width = task.profile_length + 2 * margin
    # One base more than the profile: what lies left of a base lies right of its partner on the other strand.
    read = np.stack([file.gather(chrom, start + around - margin, width + 1) for file in files], axis=1)
    for channel, file in enumerate(files):
        _check_whole(read[:, channel], file, chrom, start + around - margin)
    if len(files) == 2 and read.any() and np.array_equal(read[:, 0], read[:, 1]):
        raise UserError(f"has the same counts as {files[0].path}, given as the other strand", where=files[1].path)
    minus = (loci["strand"] == "-").to_numpy(dtype=bool)
    counts = read[:, :, :width].copy()
    turned = read[:, :, 1:] if task.rc == "flip_and_shift" else counts
    counts[minus] = turned[minus, ::-1, ::-1]  # of a single channel the order is what it was
    return counts


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


def _task(
    name: str, of_task: Mapping[str, Sequence[Sequence[Path | str]]], rule: str | None, positions: int
) -> TaskSpec:
    strands = {len(files) for replicates in of_task.values() for files in replicates}
    if len(strands) != 1 or not strands <= RULES.keys():
        raise UserError(
            f"profile {name!r} has replicates of {' and '.join(map(str, sorted(strands)))} files",
            where=OPTION,
            fix="Give each replicate as one file, or each as two: PLUS.bw,MINUS.bw.",
        )
    for replicates in of_task.values():
        for files in replicates:
            if len({Path(file).resolve() for file in files}) < len(files):
                raise UserError(f"profile {name!r} has {files[0]} for both strands", where=OPTION)
        resolved = [tuple(Path(file).resolve() for file in files) for files in replicates]
        if len(set(resolved)) < len(resolved):
            raise UserError(f"profile {name!r} has one replicate twice", where=OPTION)
    (channels,) = strands
    known = RULES[channels]
    if rule is not None and rule not in known:
        raise UserError(
            f"{rule!r} is no rule for profile {name!r} of {channels} file{'s' * (channels > 1)}{nearest(rule, known)}",
            where="--profile-rule",
        )
    turned = next((each for each in known if each == rule), known[0])
    return TaskSpec(name, "profile", channels=channels, out_length=positions, rc=turned)
