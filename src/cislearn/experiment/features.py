"""From a finished run to a folder of what one of its stages makes of windows: a table, and places in a plane."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int

from cislearn.atomic import folder_written_whole, refuse_taken
from cislearn.data.track_files import TrackPaths
from cislearn.errors import UserError
from cislearn.evaluation.plane import Layout, plane
from cislearn.experiment.held_out import held_out_rows
from cislearn.explain.features_folder import MARKER, write_features
from cislearn.explain.sources import windows_of_file
from cislearn.explain.stage_features import Pool, check_stage, last_of_encoder, stage_features
from cislearn.explain.windows import Windows, windows_in_memory
from cislearn.models.strands import reading_of
from cislearn.prediction.files import TOLD
from cislearn.prediction.loading import load_members, weights_hash
from cislearn.progress import Progress, silent
from cislearn.reports.features import write_features_page
from cislearn.runs import runs_under
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.composition import gc_fraction
from cislearn.sequence.tokens import N

MOST = 2_000
"""Windows that are laid out: t-SNE takes some seconds for so many, and more hide each other."""
FEWEST = 10
CLASSES = ("binary", "multiclass")


class Drawn(NamedTuple):
    """Windows that were drawn."""

    told: pd.DataFrame
    """Of each: row, name, chrom, start, end, strand, part, domain, and its labels."""
    windows: Windows
    groups: pd.DataFrame
    """What they were drawn from: domain, label, drawn, of."""


def lay_out_features(
    run: Path | str,
    out: Path | str,
    *,
    stage: str | None = None,
    pool: Pool = "mean",
    layout: Layout = "tsne",
    task: str | None = None,
    method: str | None = None,
    source: Path | str | None = None,
    genome: Path | str | None = None,
    tracks: Mapping[str, TrackPaths] | None = None,
    data: Path | str | None = None,
    part: Literal["test", "valid"] = "test",
    domain: str | None = None,
    most: int = MOST,
    seed: int = 0,
    device: torch.device | str = "cpu",
    overwrite: bool = False,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Write what a stage makes of windows into a folder: a table, all numbers, and a page of pictures.

    Parameters
    ----------
    run : Path
        A run, or an experiment, of which the first seed is taken: features of two networks have nothing in common.
    out : Path
        The folder to be: ``features.tsv``, ``features.npz``, ``groups.tsv``, ``features.html``.
    stage, pool
        See `stage_features`; by default the stage that the head reads.
    layout : {"tsne", "pca"}
        See `plane`.
    task : str, optional
        By whose labels windows are drawn and coloured; by default the first.
    method : str, optional
        Of an experiment with several.
    source : Path, optional
        A file of windows, in the place of the run's own held-out ones; it brings no labels.
    genome, tracks
        For that file; see `windows_of_file`.
    data, part, domain
        For the run's own windows; see `held_out_rows`.
    most : int
        Windows at most. Of more, each domain and class gives as many as the others, or all that it has.
    seed : int
        Of the draw and of the layout.
    device, overwrite, progress
        Where to compute; replace a folder that is there; hears how far it is.

    Returns
    -------
    DataFrame
        ``features.tsv``: row (of the dataset, or of the file, from 0), name, chrom, start, end, strand, part, domain,
        ``label_TASK``, gc, x, y.

    Raises
    ------
    UserError
        Where something of this is not there or cannot go together.
    """
    out, run = Path(out), Path(run)
    refuse_taken(out, marker=MARKER, overwrite=overwrite)
    model = load_members(run, method)[0]
    spec = cast(DataSpec, model.spec)
    stage = last_of_encoder(model) if stage is None else stage
    check_stage(model, stage)
    coloured = spec.tasks[0] if task is None else spec.named(task)
    if source is None:
        drawn = _held_out(run, coloured, most, seed, method, part, domain, None if data is None else Path(data))
    else:
        drawn = _given(Path(source), spec, most, seed, genome, tracks, progress)
    if drawn.windows.n < FEWEST:
        raise UserError(
            f"{drawn.windows.n} windows are too few for a picture", where=source or run, fix=f"Give {FEWEST} or more."
        )
    features = stage_features(model, drawn.windows, stage, pool=pool, device=device, progress=progress)
    if features.shape[1] < 2:
        raise UserError(
            f"stage {stage!r} makes one number of a window, which needs no plane",
            where="--stage",
            fix="Take an earlier stage, or the logits from `cislearn predict`.",
        )
    progress(f"laying {drawn.windows.n:,} windows out")
    x, y = plane(features, layout, seed).T
    tokens, _ = drawn.windows.read(np.arange(drawn.windows.n))
    table = drawn.told.assign(gc=gc_fraction(tokens), x=x, y=y)
    first = runs_under(run, method)[0]
    about: dict[str, Any] = {
        "run": run.resolve().name, "method": first.info.get("method"), "run_seed": first.info.get("seed"),
        "stage": stage, "width": features.shape[1], "pool": pool,
        "strands": "as given" if reading_of(model) == "forward" else "both, averaged",
        "layout": layout, "seed": seed, "task": coloured.name, "kind": coloured.kind,
        "looked_at": f"part {part} of the run's dataset" if source is None else str(source),
        "weights": [weights_hash(first.path)],
    }  # fmt: skip
    with folder_written_whole(out, marker=MARKER, overwrite=overwrite) as folder:
        write_features(folder, table, features, drawn.groups, about)
        write_features_page(folder)
    return table


def draw_evenly(groups: pd.DataFrame, most: int, seed: int = 0) -> Int[np.ndarray, " m"]:
    """Return which rows are drawn, in order: `most` of them, each group giving as many as the others or all it has.

    Parameters
    ----------
    groups : DataFrame
        Rows that agree in all columns are a group; NaN is a value like any other.
    most : int
        Rows at most.
    seed : int
        Of the draw.
    """
    order = np.random.default_rng(seed).permutation(len(groups))
    turn = groups.iloc[order].groupby(list(groups), dropna=False, sort=False).cumcount().to_numpy()
    return np.sort(order[np.argsort(turn, kind="stable")[:most]])


def _held_out(
    run: Path,
    task: TaskSpec,
    most: int,
    seed: int,
    method: str | None,
    part: Literal["test", "valid"],
    domain: str | None,
    data: Path | None,
) -> Drawn:
    found = held_out_rows(run, method, part=part, domain=domain, data=data)
    table = found.table
    label = table[f"label_{task.name}"] if task.kind in CLASSES else pd.Series(np.nan, table.index)
    groups = pd.DataFrame({"domain": table["domain"].astype(str), "label": label.astype(np.float64)})
    chosen = draw_evenly(groups, most, seed)
    rows = table.index.to_numpy()[chosen]
    told = found.dataset.loci.iloc[rows][list(TOLD)].reset_index(drop=True)
    told.insert(0, "row", rows)
    told = told.assign(part=part, domain=groups["domain"].to_numpy()[chosen])
    labels = found.labels_of(rows).add_prefix("label_").reset_index(drop=True)
    return Drawn(pd.concat([told, labels], axis=1), found.windows(rows), _counted(groups, chosen))


def _given(
    path: Path,
    spec: DataSpec,
    most: int,
    seed: int,
    genome: Path | str | None,
    tracks: Mapping[str, TrackPaths] | None,
    progress: Progress,
) -> Drawn:
    source = windows_of_file(path, spec, genome=genome, tracks=tracks, progress=progress)
    made = source.read(slice(0, len(source)))
    is_known = (made.tokens < N).any(axis=1)
    rows = made.rows[is_known]
    groups = pd.DataFrame({"domain": "", "label": np.full(len(rows), np.nan)})
    chosen = draw_evenly(groups, most, seed)
    told = source.told.iloc[rows[chosen]].reset_index(drop=True)
    told.insert(0, "row", rows[chosen])
    signals = None if made.tracks is None else made.tracks[is_known][chosen]
    windows = windows_in_memory(np.ascontiguousarray(made.tokens[is_known][chosen]), signals)
    return Drawn(told.assign(part="", domain=""), windows, _counted(groups, chosen))


def _counted(groups: pd.DataFrame, chosen: Int[np.ndarray, " m"]) -> pd.DataFrame:
    """How many rows of each group were drawn, of how many."""
    is_drawn = np.isin(np.arange(len(groups)), chosen)
    counted = groups.assign(drawn=is_drawn, of=1).groupby(["domain", "label"], dropna=False)[["drawn", "of"]].sum()
    return counted.reset_index()
