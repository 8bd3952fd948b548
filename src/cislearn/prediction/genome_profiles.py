"""Profiles predicted of a file of regions, collected piece by piece and written for genome browsers at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from jaxtyping import Float

from cislearn.errors import UserError
from cislearn.evaluation.profiles.shapes import split_logits
from cislearn.genome.token_genome import open_genome
from cislearn.prediction.profiles import write_profiles
from cislearn.schema import DataSpec, TaskSpec

OPTION = "--bigwig"
HearProfiles = Callable[[pd.DataFrame | None, Float[np.ndarray, "n columns"]], None]
"""Takes the places of some windows (chrom, start, name, strand) and the mean over members of their logits."""


@contextmanager
def profiles_on_genome(folder: Path, spec: DataSpec, genome: Path | None) -> Iterator[HearProfiles]:
    """Give a function that collects predictions, and write those of all profile tasks when the block ends.

    Shapes are kept on disk until then, so that memory does not grow with them. See `write_profiles` for the files. The
    mean of the logits is what is written, as it is what `predict` gives; windows without a score are not.

    Parameters
    ----------
    folder : Path
        Made where it is absent.
    spec : DataSpec
        Of the models.
    genome : Path, optional
        FASTA, for the lengths of the chromosomes.

    Raises
    ------
    UserError
        Where there is no profile task or no genome, or, once it hears of them, where windows have no place on it.
    """
    if not spec.profiles:
        tasks = ", ".join(f"{task.name} ({task.kind})" for task in spec.tasks)
        raise UserError(f"the model predicts no profile: {tasks}", where=OPTION, fix="Leave it out.")
    if genome is None:
        raise _no_place()
    chromosomes = open_genome(genome).chromosomes
    with TemporaryDirectory(prefix="cislearn-profiles-") as scratch:
        collected = {task: _Collected(task, Path(scratch) / f"{place}") for place, task in enumerate(spec.profiles)}
        places: list[pd.DataFrame] = []

        def hear(loci: pd.DataFrame | None, logits: np.ndarray) -> None:
            if loci is None:
                raise _no_place()
            scored = ~np.isnan(logits).any(axis=1)
            places.append(loci[scored])
            for task, each in collected.items():
                each.add(logits[scored, spec.columns(task.name)])

        yield hear
        loci = pd.concat(places, ignore_index=True)
        for task, each in collected.items():
            around = (spec.length - task.profile_length) // 2
            each.write(folder, chromosomes, loci.assign(start=loci["start"] + around))


class _Collected:
    """Shapes of one task on disk, as they come, and its counts."""

    def __init__(self, task: TaskSpec, path: Path) -> None:
        self.task, self.path = task, path
        self.log_counts: list[np.ndarray] = []

    def add(self, logits: Float[np.ndarray, "n columns"]) -> None:
        shapes, log_counts = split_logits(logits, self.task.channels)
        with self.path.open("ab") as file:
            file.write(shapes.astype(np.float32).tobytes())
        self.log_counts.append(log_counts)

    def write(self, folder: Path, chromosomes: Mapping[str, int], loci: pd.DataFrame) -> None:
        size = (len(loci), self.task.channels, self.task.profile_length)
        shapes = np.memmap(self.path, np.float32, "r", shape=size) if len(loci) else np.zeros(size, np.float32)
        write_profiles(folder, self.task, chromosomes, loci, shapes, np.concatenate(self.log_counts))


def _no_place() -> UserError:
    return UserError(
        "a bigWig file is of a genome, and the windows are given without a place on one",
        where=OPTION,
        fix="Give regions as BED or narrowPeak, and --genome with the FASTA file.",
    )
