"""From bigWig files, one a track and domain or one a strand of it, to the tracks of windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float16

from cislearn.data.origins import SHUFFLE_OF
from cislearn.data.strand_files import Paths, StrandFiles, check_names, check_places, rule_of
from cislearn.data.tracks import Tracks, normalise
from cislearn.errors import UserError, nearest
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec, InputSpec

TrackPaths = Path | str | Paths
"""The file of a track, or those of its plus and of its minus strand."""
Given = Mapping[str, Mapping[str, TrackPaths]]
"""Track to domain to its files."""


@dataclass(frozen=True)
class TrackFiles:
    """The files of all tracks of a dataset, open.

    Parameters
    ----------
    specs : tuple of InputSpec
        The tracks, in the order of their channels.
    of_domain : dict of str to list of StrandFiles
        Each domain's files, track by track.
    """

    specs: tuple[InputSpec, ...]
    of_domain: Mapping[str, Sequence[StrandFiles]]

    @classmethod
    def open(
        cls, given: Given, rules: Mapping[str, str], domains: Sequence[str], *, progress: Progress = silent
    ) -> TrackFiles:
        """Open the files ``{track: {domain: file}}``, or two, one a strand; every domain needs each track.

        Raises
        ------
        UserError
            Where a domain lacks a track or is none, a rule does not suit, domains differ in their strands, or a file
            cannot be read.
        """
        check_names("track", given, rules, domains)
        for name, files in given.items():
            for domain in domains:
                if domain not in files:
                    raise UserError(
                        f"domain {domain!r} has no track {name!r}, and every domain needs each track",
                        where="--track",
                        fix=f"Give --track {name}:{domain}=FILE.bw",
                    )
        paths = {name: {domain: as_paths(each) for domain, each in files.items()} for name, files in given.items()}
        specs = tuple(_spec(name, files.values(), rules.get(name)) for name, files in paths.items())
        if given:
            progress(f"opening {sum(map(len, given.values()))} tracks")
        return cls(specs, {domain: _open(specs, [paths[spec.name][domain] for spec in specs]) for domain in domains})

    def read(self, rows: pd.DataFrame, genomes: Mapping[str, Mapping[str, int]], *, length: int, margin: int) -> Tracks:
        """Return the tracks of the rows of a dataset.

        Parameters
        ----------
        rows : DataFrame
            domain, genome, chrom, start, end (0-based half-open, without the margin), strand.
        genomes : mapping of str to mapping of str to int
            Lengths (bp) of the chromosomes of each genome that is known.
        length, margin : int
            Of the windows, in bp.

        Raises
        ------
        UserError
            Where a row has no place on a genome, or lies on a chromosome that a file lacks or has at another length, or
            two strands are the same.
        """
        if SHUFFLE_OF in rows and (rows[SHUFFLE_OF] != "").any():
            raise UserError(
                "negatives that are shuffles lie nowhere on the genome, so there is no track of them",
                where="--negatives",
                fix="Take gc-matched, or give regions.",
            )
        ends = np.cumsum([spec.channels for spec in self.specs])
        values = np.zeros((len(rows), ends[-1], length + 2 * margin), dtype=np.float16)
        for (domain, genome), group in rows.reset_index(drop=True).groupby(["domain", "genome"], sort=False):
            signals = self.of_domain[str(domain)]
            check_places(signals, group, genomes.get(str(genome)))
            read = read_windows(signals, group, length=length, margin=margin)
            for signal, mine in zip(signals, np.split(read, ends[:-1], axis=1), strict=True):
                signal.refuse_equal(mine)
            values[group.index] = read
        return Tracks(values)

    def record(self) -> dict[str, Any]:
        """Return files, mean and rule of each track, for the provenance of a dataset."""
        return {
            spec.name: {
                "rc": spec.rc,
                "files": {
                    domain: {"paths": [str(file.path) for file in signals[k].files], "mean": signals[k].mean}
                    for domain, signals in self.of_domain.items()
                },
            }
            for k, spec in enumerate(self.specs)
        }


def open_tracks(spec: DataSpec, given: Mapping[str, TrackPaths], progress: Progress = silent) -> list[StrandFiles]:
    """Open the files of one cell for all tracks that a model of `spec` reads, in their order.

    Raises
    ------
    UserError
        Where one is missing or has other strands, or one is given that the model does not read.
    """
    known = [track.name for track in spec.tracks]
    for name in given:
        if name not in known:
            problem = nearest(name, known) if known else ": it reads sequence alone"
            raise UserError(f"the model reads no track {name!r}{problem}", where="--track")
    for track in spec.tracks:
        form = f"Give --track {track.name}={'FILE.bw' if track.channels == 1 else 'PLUS.bw,MINUS.bw'}"
        if track.name not in given:
            raise UserError(
                f"the model reads track {track.name!r}, and none is given for the cell to be predicted",
                where="--track",
                fix=form,
            )
        paths = as_paths(given[track.name])
        if len(paths) != track.channels:
            raise UserError(
                f"the model reads track {track.name!r} of {track.channels} file(s), and {len(paths)} are given",
                where="--track",
                fix=form,
            )
        rule_of("track", track.name, [paths], track.rc)
    if known:
        progress(f"opening {len(known)} tracks")
    return _open(spec.tracks, [as_paths(given[name]) for name in known])


def read_windows(
    signals: Sequence[StrandFiles], loci: pd.DataFrame, *, length: int, margin: int
) -> Float16[np.ndarray, "n channels width"]:
    """Return the normalised tracks of windows with their margins, each read on the strand of its window.

    Parameters
    ----------
    signals : list of StrandFiles
        The tracks.
    loci : DataFrame, n rows
        chrom, start (0-based, without the margin), strand.
    length, margin : int
        In bp.
    """
    chrom, start = loci["chrom"].to_numpy(dtype=object), loci["start"].to_numpy(dtype=np.int64) - margin
    read = [
        normalise(signal.along(signal.gather(chrom, start, length + 2 * margin), loci["strand"]), signal.mean)
        for signal in signals
    ]
    return np.concatenate(read, axis=1).astype(np.float16)


def as_paths(given: TrackPaths) -> Paths:
    """Return one file, or those of two strands, as a sequence."""
    return [given] if isinstance(given, Path | str) else given


def _spec(name: str, given: Iterable[Paths], rule: str | None) -> InputSpec:
    turned, channels = rule_of("track", name, given, rule)
    return InputSpec(name, "track", channels, turned)


def _open(specs: Sequence[InputSpec], given: Sequence[Paths]) -> list[StrandFiles]:
    return [StrandFiles.open(paths, spec.rc) for spec, paths in zip(specs, given, strict=True)]
