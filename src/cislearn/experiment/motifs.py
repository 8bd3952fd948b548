"""From a finished run to a folder of the motifs that it found."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
import torch
from torch import nn

from cislearn.atomic import folder_written_whole, refuse_taken
from cislearn.data.track_files import TrackPaths
from cislearn.errors import UserError, nearest
from cislearn.experiment.held_out import held_out
from cislearn.explain.discovered import read_attributions
from cislearn.explain.filters import Rule
from cislearn.explain.found import BACKGROUNDS, Found, attributed_motifs, filter_motifs, filter_name, marginal_task
from cislearn.explain.layer import motif_layer
from cislearn.explain.marginal import space
from cislearn.explain.matching import JASPAR, collection, trimmed
from cislearn.explain.motif_folder import MARKER, SPACING, write_found
from cislearn.explain.sources import windows_of_file
from cislearn.explain.windows import Windows, windows_in_memory
from cislearn.explain.write import RECORD
from cislearn.models.strands import Ensemble
from cislearn.motifs.matrix import Motif
from cislearn.prediction.loading import load_members, weights_hashes
from cislearn.progress import Progress, silent
from cislearn.reports.motifs import write_motifs_page
from cislearn.runs import runs_under
from cislearn.schema import DataSpec
from cislearn.sequence.shuffle import shuffle_dinucleotides

FURTHEST = 40
"""Bases between two motifs, at most, in an experiment of their spacing."""


def find_motifs(
    run: Path | str,
    out: Path | str,
    *,
    method: str | None = None,
    source: Path | str | None = None,
    genome: Path | str | None = None,
    tracks: Mapping[str, TrackPaths] | None = None,
    data: Path | str | None = None,
    part: Literal["test", "valid"] = "test",
    domain: str | None = None,
    against: Path | str = JASPAR,
    rule: Rule = "half_maximum",
    layer: str | None = None,
    task: str | None = None,
    pair: tuple[str, str] | None = None,
    device: torch.device | str = "cpu",
    overwrite: bool = False,
    progress: Progress = silent,
) -> Found:
    """Write the motifs of a run's first filters, with their matches, influence and recurrence, into a folder.

    Parameters
    ----------
    run : Path
        A run, or an experiment, whose seeds are then compared.
    out : Path
        The folder to be: ``motifs.meme``, ``motifs.tsv``, ``matches.tsv``, ``motifs.html``.
    method : str, optional
        Of an experiment with several.
    source : Path, optional
        A file of windows, in the place of the run's own held-out ones; it brings no labels.
    genome, tracks
        For that file; see `windows_of_file`.
    data, part, domain
        For the run's own windows; see `held_out`.
    against : Path or str
        ``jaspar``, or a MEME file.
    rule, layer, task
        See `filter_motifs`.
    pair : tuple of str, optional
        Two motifs, found or known, by identifier or name, whose spacing is tried for `task`.
    device, overwrite, progress
        Where to compute; replace a folder that is there; hears how far it is.

    Raises
    ------
    UserError
        Where something of this is not there or cannot go together.
    """
    out, run = Path(out), Path(run)
    refuse_taken(out, marker=MARKER, overwrite=overwrite)
    known = collection(against)
    members = load_members(run, method)
    spec = cast(DataSpec, members[0].spec)
    seeds = [int(each.info.get("seed", number)) for number, each in enumerate(runs_under(run, method))]
    by_seed = dict(zip(seeds, members, strict=True))
    task = marginal_task(spec, task)
    if pair is not None:
        _refuse_pair(pair, task, _names(known) | _names_of_filters(by_seed, layer))
    windows = (
        held_out(run, method, part=part, domain=domain, data=None if data is None else Path(data))
        if source is None
        else _given(Path(source), spec, genome, tracks, progress)
    )
    found = filter_motifs(by_seed, windows, known, rule=rule, layer=layer, task=task, device=device, progress=progress)
    if pair is not None and task is not None:
        found.further[SPACING] = _spacing(members, windows, pair, [*found.motifs, *known], task)
    about = {
        "run": run.resolve().name, "against": str(against),
        "looked_at": f"part {part} of the run's dataset" if source is None else str(source),
        "domain": domain, "weights": weights_hashes(run, method),
    }  # fmt: skip
    _write(out, found, about, overwrite)
    return found


def find_attributed_motifs(
    attributions: Path | str,
    out: Path | str,
    *,
    against: Path | str = JASPAR,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Found:
    """Write the motifs that TF-MoDISco makes of attributions, with their matches and seqlets, into a folder.

    Parameters
    ----------
    attributions : Path
        See `read_attributions`.
    out, against, overwrite, progress
        See `find_motifs`.

    Raises
    ------
    UserError
        Where the file does not hold what it is to hold, or a package is not installed.
    """
    out = Path(out)
    refuse_taken(out, marker=MARKER, overwrite=overwrite)
    known = collection(against)
    found = attributed_motifs(read_attributions(Path(attributions)), known, progress=progress)
    about: dict[str, Any] = {"run": Path(attributions).stem, "against": str(against), "looked_at": str(attributions)}
    about |= _weights_behind(Path(attributions))
    _write(out, found, about, overwrite)
    return found


def _weights_behind(attributions: Path) -> dict[str, Any]:
    """What a folder of attributions says of the weights that it explains; nothing of a file."""
    record = attributions / RECORD
    told = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    return {"weights": told["weights"]} if "weights" in told else {}


def _write(out: Path, found: Found, about: dict, overwrite: bool) -> None:
    with folder_written_whole(out, marker=MARKER, overwrite=overwrite) as folder:
        write_found(folder, found, about)
        write_motifs_page(folder)


def _given(
    path: Path,
    spec: DataSpec,
    genome: Path | str | None,
    tracks: Mapping[str, TrackPaths] | None,
    progress: Progress,
) -> Windows:
    source = windows_of_file(path, spec, genome=genome, tracks=tracks, progress=progress)
    found = source.read(slice(0, len(source)))
    if len(found.tokens) == 0:
        raise UserError("no row has a window", where=path, fix="Check chromosomes and coordinates.")
    return windows_in_memory(found.tokens, found.tracks)


def _refuse_pair(pair: tuple[str, str], task: str | None, names: Collection[str]) -> None:
    """Refuse a pair of which one is none of `names`, or whose spacing cannot be tried."""
    if task is None:
        raise UserError("the spacing of two motifs is that of one task of sequence alone", fix="Name it: --task NAME.")
    for name in pair:
        if name not in names:
            problem = f"no found or known motif is called {name!r}{nearest(name, names)[:80]}"
            raise UserError(problem, where="--pair")


def _names(motifs: Sequence[Motif]) -> set[str]:
    return {motif.identifier for motif in motifs} | {motif.name for motif in motifs}


def _names_of_filters(members: Mapping[int, nn.Module], layer: str | None) -> set[str]:
    """Names of the motifs that may be found: a filter that seldom answers has none in the end."""
    return {
        filter_name(seed, number)
        for seed, model in members.items()
        for number in range(motif_layer(model, layer).n_filters)
    }


def _spacing(
    members: list[nn.Module], windows: Windows, pair: tuple[str, str], motifs: list[Motif], task: str
) -> pd.DataFrame:
    _refuse_pair(pair, task, _names(motifs))
    first, second = (trimmed(next(m for m in motifs if name in (m.identifier, m.name))) for name in pair)
    model = members[0] if len(members) == 1 else Ensemble(members).eval()
    drawn = windows.drawn(BACKGROUNDS)
    tokens = np.ascontiguousarray(drawn.read(np.arange(drawn.n))[0])
    room = max(0, windows.length - first.width - second.width)
    background = shuffle_dinucleotides(tokens, np.random.default_rng(0))
    table = space(model, first, second, background, list(range(min(FURTHEST, room) + 1)), task)
    table.insert(0, "second", second.name)
    table.insert(0, "first", first.name)
    return table
