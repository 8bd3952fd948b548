"""Knock-outs in a run of `express`: what it predicts to change, gene by gene, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Int64

from cislearn.errors import UserError
from cislearn.experiment.expression_run import ExpressionRun, read_expression_run
from cislearn.explain.expression.knock_out import KnockOut, knock_outs, predicted_changes
from cislearn.motifs.meme import read_meme
from cislearn.motifs.sites import Pattern, covered, motif_pattern, site_starts, word_pattern
from cislearn.tables import table_written_whole


class Sites(NamedTuple):
    """Where motifs lie in promoters.

    Parameters
    ----------
    number : ndarray, shape (genes,), int64
        Sites of each promoter, on either strand. Where motifs of one width have the same one it counts once.
    bases : ndarray, shape (genes, length), bool
        Which bases lie in one.
    """

    number: Int64[np.ndarray, " g"]
    bases: Bool[np.ndarray, "g length"]


def read_patterns(motif: str) -> list[Pattern]:
    """Return the motifs of a MEME file, if there is such a file, or else a word of IUPAC letters."""
    if Path(motif).is_file():
        return [motif_pattern(each) for each in read_meme(motif)]
    if {".", "/"} & set(motif):
        raise UserError(f"{motif}: no such file", where="--motif")
    return [word_pattern(motif)]


def find_sites(run: ExpressionRun, patterns: Sequence[Pattern]) -> Sites:
    """Find all sites of all patterns in all promoters."""
    tokens = run.block.tokens.numpy()
    number, bases = np.zeros(len(tokens), dtype=np.int64), np.zeros(tokens.shape, dtype=bool)
    by_width: dict[int, np.ndarray] = {}
    for pattern in patterns:
        width, starts = pattern.scores.shape[1], site_starts(tokens, pattern)
        by_width[width] = by_width[width] | starts if width in by_width else starts
    for starts in by_width.values():
        number += starts.sum(axis=1)
        bases |= covered(starts, tokens.shape[1])
    return Sites(number, bases)


def knock_out(
    folder: Path,
    data: Path,
    out: Path,
    *,
    regulators: Sequence[str],
    motifs: Sequence[str],
    levels: Sequence[float],
    device: torch.device,
) -> list[str]:
    """Write the change of every gene in every condition, and return what there is to tell of it.

    A row a gene and knock-out: ``gene``, ``masked`` (whether the motif is), ``level`` (of the regulators; absent where
    they stay), ``sites``, and log2 ratios, a column a condition. Those of the regulators themselves are absent: a
    knock-out sets them.

    Raises
    ------
    UserError
        Where nothing is to be knocked out, a regulator or a letter is not known, a level is no number, the motif is in
        no promoter, or the run cannot be asked.
    """
    if not (regulators or motifs):
        raise UserError("nothing to knock out", fix="Give --regulator NAME, or --motif AGGGG, or both.")
    if not np.isfinite(levels).all():
        raise UserError("a level is a log2 ratio, and no infinite one", where="--level", fix="For example --level -5")
    patterns = [pattern for motif in motifs for pattern in read_patterns(motif)]
    run = read_expression_run(folder, data)
    places, sites = run.places(regulators), find_sites(run, patterns)
    if patterns and not sites.number.any():
        raise UserError(f"no promoter has a site of {', '.join(motifs)}", where="--motif")
    what = knock_outs(levels, has_motif=bool(patterns), has_regulators=bool(regulators))
    is_set = np.isin(run.genes, list(regulators))
    with table_written_whole(out) as write:
        changes = predicted_changes(run.network, run.block, what, sites.bases, places, device)
        for each, change in zip(what, changes, strict=True):
            change[is_set] = np.nan
            write(_rows(run, each, sites, change))
    return list(_notes(sites, patterns, is_set))


def _rows(run: ExpressionRun, what: KnockOut, sites: Sites, change: np.ndarray) -> pd.DataFrame:
    level = np.nan if what.level is None else what.level
    first = {"gene": run.genes, "masked": "yes" if what.is_masked else "no", "level": level, "sites": sites.number}
    return pd.concat([pd.DataFrame(first), pd.DataFrame(change, columns=run.conditions)], axis=1)


def _notes(sites: Sites, patterns: Sequence[Pattern], is_set: np.ndarray) -> Iterator[str]:
    if patterns:
        names = ", ".join(pattern.name for pattern in patterns)
        n, has_site = int(sites.number.sum()), int((sites.number > 0).sum())
        yield f"{names}: {n:,} sites in {has_site:,} of {len(sites.number):,} promoters"
    if is_set.any():
        yield f"{int(is_set.sum()):,} genes are knocked out themselves: what they do is set, and stands as absent"
