"""From bigWig files, one a track and domain, to the tracks of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float16

from cislearn.data.origins import SHUFFLE_OF
from cislearn.data.tracks import Tracks, normalise
from cislearn.errors import UserError, nearest
from cislearn.genome.bigwig import BigWig
from cislearn.progress import Progress, silent
from cislearn.schema import DataSpec, InputSpec, ReverseRule

RULES: tuple[ReverseRule, ...] = ("flip", "flip_and_shift")
"""What can be done to a track of one file: a coverage is turned, a cut site is moved as well."""


@dataclass(frozen=True)
class TrackFiles:
    """The files of all tracks of a dataset, open.

    Parameters
    ----------
    specs : tuple of InputSpec
        The tracks, in the order of their channels.
    of_domain : dict of str to list of BigWig
        Each domain's files, one a track.
    """

    specs: tuple[InputSpec, ...]
    of_domain: Mapping[str, Sequence[BigWig]]

    @classmethod
    def open(
        cls,
        given: Mapping[str, Mapping[str, Path | str]],
        rules: Mapping[str, str],
        domains: Sequence[str],
        *,
        progress: Progress = silent,
    ) -> TrackFiles:
        """Open the files ``{track: {domain: file}}``; every domain needs each track.

        Raises
        ------
        UserError
            Where a domain lacks a track or is none, a rule is unknown, or a file cannot be read.
        """
        for name in rules:
            if name not in given:
                raise UserError(f"a rule is given for track {name!r}{nearest(name, given)}", where="--track-rule")
        for name, files in given.items():
            for domain in files:
                if domain not in domains:
                    raise UserError(
                        f"{name} is given for domain {domain!r}, which has no examples{nearest(domain, domains)}",
                        where="--track",
                    )
            for domain in domains:
                if domain not in files:
                    raise UserError(
                        f"domain {domain!r} has no track {name!r}, and every domain needs each track",
                        where="--track",
                        fix=f"Give --track {name}:{domain}=FILE.bw",
                    )
        specs = tuple(InputSpec(name, "track", rc=_rule(rules.get(name, "flip"))) for name in given)
        if given:
            progress(f"opening {sum(map(len, given.values()))} tracks")
        return cls(specs, {domain: [BigWig(files[domain]) for files in given.values()] for domain in domains})

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
            Where a row has no place on a genome, or lies on a chromosome that a file lacks or has at another length.
        """
        if SHUFFLE_OF in rows and (rows[SHUFFLE_OF] != "").any():
            raise UserError(
                "negatives that are shuffles lie nowhere on the genome, so there is no track of them",
                where="--negatives",
                fix="Take gc-matched, or give regions.",
            )
        values = np.zeros((len(rows), len(self.specs), length + 2 * margin), dtype=np.float16)
        for (domain, genome), group in rows.reset_index(drop=True).groupby(["domain", "genome"], sort=False):
            files = self.of_domain[str(domain)]
            check_places(files, group, genomes.get(str(genome)))
            values[group.index] = read_windows(files, self.specs, group, length=length, margin=margin)
        return Tracks(values)

    def record(self) -> dict[str, Any]:
        """Return file, mean and rule of each track, for the provenance of a dataset."""
        return {
            spec.name: {
                "rc": spec.rc,
                "files": {
                    domain: {"path": str(files[k].path), "mean": files[k].mean}
                    for domain, files in self.of_domain.items()
                },
            }
            for k, spec in enumerate(self.specs)
        }


def _rule(given: str) -> ReverseRule:
    for rule in RULES:
        if given == rule:
            return rule
    raise UserError(f"{given!r} is no rule for a track{nearest(given, RULES)}", where="--track-rule")


def open_tracks(spec: DataSpec, given: Mapping[str, Path | str], progress: Progress = silent) -> list[BigWig]:
    """Open the files of one cell for all tracks that a model of `spec` reads, in their order.

    Raises
    ------
    UserError
        Where one is missing, or one is given that the model does not read.
    """
    known = [track.name for track in spec.tracks]
    for name in given:
        if name not in known:
            problem = nearest(name, known) if known else ": it reads sequence alone"
            raise UserError(f"the model reads no track {name!r}{problem}", where="--track")
    for name in known:
        if name not in given:
            raise UserError(
                f"the model reads track {name!r}, and none is given for the cell to be predicted",
                where="--track",
                fix=f"Give --track {name}=FILE.bw",
            )
    if known:
        progress(f"opening {len(known)} tracks")
    return [BigWig(given[name]) for name in known]


def check_places(files: Sequence[BigWig], loci: pd.DataFrame, genome: Mapping[str, int] | None) -> None:
    """Refuse windows without a place, and places that one of the files does not have.

    Parameters
    ----------
    files : list of BigWig
        The tracks.
    loci : DataFrame
        chrom, end (0-based, without the margin); file and line for messages.
    genome : mapping of str to int, optional
        Lengths (bp) of the chromosomes of the genome that they lie on.

    Raises
    ------
    UserError
        Names the file, the chromosome and what would match.
    """
    chrom = loci["chrom"].to_numpy(dtype=object)
    if (chrom == "").any():
        first = loci[chrom == ""].iloc[0]
        raise UserError(
            "has examples without coordinates, and a track is read by its place on the genome",
            where=first.get("file", None),
            line=int(first["line"]) if "line" in first else None,
            fix="Give regions with --genome, headers chrom:start-end, or a table with a locus; or no track.",
        )
    for file in files:
        file.check_places(chrom, loci["end"].to_numpy(dtype=np.int64), genome)


def read_windows(
    files: Sequence[BigWig], specs: Sequence[InputSpec], loci: pd.DataFrame, *, length: int, margin: int
) -> Float16[np.ndarray, "n channels width"]:
    """Return the normalised tracks of windows with their margins, each read on the strand of its window.

    Parameters
    ----------
    files : list of BigWig
        One a track.
    specs : list of InputSpec
        The tracks; each says by which rule it is turned.
    loci : DataFrame, n rows
        chrom, start (0-based, without the margin), strand.
    length, margin : int
        In bp.
    """
    chrom, start = loci["chrom"].to_numpy(dtype=object), loci["start"].to_numpy(dtype=np.int64) - margin
    minus = (loci["strand"] == "-").to_numpy(dtype=bool)
    width = length + 2 * margin
    values = np.empty((len(loci), len(files), width), dtype=np.float16)
    for k, (file, spec) in enumerate(zip(files, specs, strict=True)):
        # One base more than the window: what lies left of a base lies right of its partner on the other strand.
        read = normalise(file.gather(chrom, start, width + 1), file.mean)
        values[:, k] = read[:, :width]
        turned = read[:, 1:] if spec.rc == "flip_and_shift" else read[:, :width]
        values[minus, k] = turned[minus, ::-1]
    return values
