"""What models say of the tiles of a genome: the values that go on the bases about the centre of each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float32

from cislearn.errors import UserError
from cislearn.evaluation.profiles.shapes import expected_reads, split_logits
from cislearn.genome.tiling import Tiling
from cislearn.genome.token_genome import Genome
from cislearn.prediction.columns import task_columns
from cislearn.prediction.members import Members
from cislearn.prediction.profiles import STRANDS
from cislearn.prediction.windows import SignalFiles
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.tokens import N

TILES, BASES, LOGITS = 1 << 15, 1 << 24, 1 << 22
"""Tiles that are scored at a time, and bases of their windows and logits of all members, at most."""


class Signal(NamedTuple):
    """One number a base, which becomes one bigWig file."""

    name: str
    """Of the file: the task, with the number of a class or the strand of a profile behind it."""
    task: TaskSpec
    width: int
    """Values of a tile: one for all its bases, or one each."""


def signals_of(spec: DataSpec, step: int) -> list[Signal]:
    """Return the signals of models of `spec`, task by task.

    Raises
    ------
    UserError
        Where a profile is shorter than a step, so that bases between tiles would be left out, or has no strands.
    """
    signals = []
    for task in spec.tasks:
        if task.kind == "profile":
            if task.channels not in STRANDS:
                raise UserError(f"task {task.name} has {task.channels} channels, which are no strands")
            if step > task.profile_length:
                fix = f"Give --step {task.profile_length} or less."
                raise UserError(f"{step} bp are more than profiles of {task.profile_length}", where="--step", fix=fix)
            signals += [Signal(f"{task.name}{strand}", task, step) for strand in STRANDS[task.channels]]
        elif task.kind == "multiclass":
            signals += [Signal(f"{task.name}.{c}", task, 1) for c in range(task.channels)]
        else:
            signals.append(Signal(task.name, task, 1))
    return signals


def default_step(spec: DataSpec) -> int:
    """A tenth of a window; of profiles half their length, so that each base is told from near the centre of one."""
    if spec.profiles:
        return max(1, spec.profiles[0].profile_length // 2)
    return max(1, spec.length // 10)


class Scores(NamedTuple):
    """What is said of some tiles."""

    values: Sequence[Float32[np.ndarray, "n width"]]
    """Of each signal: calibrated probability, value, or expected reads at each base; NaN where nothing is said."""
    calls: Mapping[str, Bool[np.ndarray, " n"]]
    """Of each task with a threshold: whether the mean logit of a tile is at or above it."""


@dataclass(frozen=True)
class TileScorer:
    """Models that score the tiles of a genome on its forward strand, or on both, as they read the strands.

    A window that holds an N is not scored, nor is one of which a model gives no number: its tile has no value.

    Parameters
    ----------
    say : Members
        The models.
    genome : Genome
        That is scored.
    tiling : Tiling
        Where its windows lie; their length is that of the models.
    tracks : SignalFiles
        Files of the tracks that they read.
    temperatures : list of mapping
        Of each member by task, as `predict_file` takes them.
    thresholds : mapping of str to float
        By task: the mean logit from which a tile is called positive.
    """

    say: Members
    genome: Genome
    tiling: Tiling
    tracks: SignalFiles
    temperatures: Sequence[Mapping[str, float]]
    thresholds: Mapping[str, float]

    @property
    def tiles_at_once(self) -> int:
        """Tiles that are scored and kept together, so that memory is bounded whatever the genome."""
        n_logits = self.say.spec.n_logits * len(self.say.members)
        return max(1, min(TILES, BASES // self.say.spec.length, LOGITS // n_logits))

    def __call__(self, begin: int, end: int) -> Scores:
        """Score tiles `begin` to `end`."""
        chrom, start = self.tiling.windows(begin, end)
        names = np.array(self.tiling.names, dtype=object)
        present, place = np.unique(chrom, return_inverse=True)
        codes = np.array([self.genome.code(name) for name in names[present]], dtype=np.int64)[place]
        tokens = self.genome.gather(codes, start, self.tiling.length)
        known = ~(tokens == N).any(axis=1)
        logits = np.full((end - begin, len(self.say.members), self.say.spec.n_logits), np.nan, dtype=np.float32)
        if known.any():
            loci = pd.DataFrame({"chrom": names[chrom[known]], "start": start[known], "strand": "."})
            logits[known] = self.say(tokens[known], self.tracks.read(loci)).logits
            logits[~np.isfinite(logits).all(axis=(1, 2))] = np.nan  # a tile has all its values, or none
        values, calls = list[np.ndarray](), dict[str, np.ndarray]()
        for task in self.say.spec.tasks:
            of_task = logits[:, :, self.say.spec.columns(task.name)]
            values += self._profile(task, of_task) if task.kind == "profile" else self._score(task, of_task)
            if task.name in self.thresholds:
                # As a table of predictions calls a row: in float32, where NaN is not at or above anything.
                calls[task.name] = of_task[:, :, 0].mean(axis=1) >= self.thresholds[task.name]
        return Scores([each.astype(np.float32) for each in values], calls)

    def _score(self, task: TaskSpec, logits: Float[np.ndarray, "n members c"]) -> list[np.ndarray]:
        temperatures = np.array([each.get(task.name, 1.0) for each in self.temperatures])
        columns = task_columns(task, logits, None, temperatures)
        n = task.channels if task.kind == "multiclass" else 1
        return [columns.iloc[:, [c]].to_numpy() for c in range(n)]

    def _profile(self, task: TaskSpec, logits: Float[np.ndarray, "n members c"]) -> list[np.ndarray]:
        reads = expected_reads(*split_logits(logits.mean(axis=1), task.channels))
        first = self.tiling.around - (self.tiling.length - task.profile_length) // 2
        return [reads[:, strand, first : first + self.tiling.step] for strand in range(task.channels)]
