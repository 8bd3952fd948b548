"""What regulators are worth to runs of `express`: their ranking, who acts on whom, the test of known targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cislearn.atomic import folder_written_whole
from cislearn.data.expression.edges import read_edges
from cislearn.errors import UserError
from cislearn.evaluation.targets import target_test
from cislearn.experiment.expression_run import ExpressionRun, read_expression_runs
from cislearn.explain.expression.ranking import ranking
from cislearn.explain.expression.regulators import Worth, strongest, worth_of_regulators
from cislearn.explain.expression.rules import RULES
from cislearn.progress import Progress, silent
from cislearn.reports.figures.influences import influence_drawing, write_graphml
from cislearn.tables import write_table

RANKING, INFLUENCES, TARGETS = "ranking.tsv", "influences.tsv", "targets.tsv"
GRAPH, DRAWING = "influences.graphml", "influences.svg"


def explain_regulators(
    folders: Sequence[Path],
    data: Path,
    out: Path,
    *,
    rule: str,
    edges: int,
    targets: Path | None = None,
    overwrite: bool = False,
    device: torch.device,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Write a folder of tables and return the ranking; runs of several seeds are averaged, each ranked by itself.

    ``ranking.tsv`` (`ranking`); ``influences.tsv``, the so many strongest pairs of regulator and gene with the mean
    absolute contribution (``size``, log2) and the contribution a log2 of the regulator (``slope``), also as a graph
    (``influences.graphml``) of which the strongest pairs are drawn (``influences.svg``); with `targets`
    ``targets.tsv``, a row a regulator that has any (`target_test`), with the name of the list and of the rule.

    Raises
    ------
    UserError
        Where a run cannot be asked or handed down, or no regulator of the list is one of the runs'.
    """
    known = None if targets is None else read_edges(targets)
    runs = read_expression_runs(folders, data)
    run = runs[0]
    listed = {name: known[name] for name in run.regulators if name in known} if known is not None else {}
    if known is not None and not listed:
        raise UserError(f"names none of the {len(run.regulators):,} regulators", where=targets, fix="Name genes alike.")
    found = []
    for folder, each in zip(folders, runs, strict=True):
        progress(f"what regulators are worth to {folder}")
        found.append(worth_of_regulators(each.network, each.block, RULES[rule], device))
    totals = np.stack([each.size.mean(dim=0).numpy() for each in found])
    mean = Worth(*(torch.stack(values).mean(dim=0) for values in zip(*found, strict=True)))
    ranked = ranking(totals, run.regulators)
    with folder_written_whole(out, marker=RANKING, overwrite=overwrite) as partial:
        pairs = strongest(mean, run.genes, run.regulators, edges)
        write_table(partial / INFLUENCES, pairs)
        write_graphml(partial / GRAPH, pairs)
        (partial / DRAWING).write_text(influence_drawing(pairs), encoding="utf-8")
        if targets is not None:
            table = _tested(run, mean, listed)
            write_table(partial / TARGETS, table.assign(rule=rule, runs=len(folders), list=targets.name))
        write_table(partial / RANKING, ranked.assign(rule=rule, runs=len(folders)))
    return ranked


def _tested(run: ExpressionRun, mean: Worth, listed: Mapping[str, set[str]]) -> pd.DataFrame:
    labels = run.dataset.labels_float(np.arange(len(run.dataset)))
    has_label = ~np.isnan(labels).all(axis=1)
    variance = np.zeros(len(labels))
    variance[has_label] = np.nanvar(labels[has_label].astype(np.float64), axis=1)
    own = run.dataset.loci["regulator"].to_numpy(np.int64)
    rows = []
    for name, targets in listed.items():
        is_target = np.isin(run.genes, list(targets))
        test = target_test(mean.size.numpy(), run.regulators.index(name), is_target, variance, own)
        rows.append({"regulator": name, **test._asdict()})
    return pd.DataFrame(rows).sort_values("p", kind="stable", ignore_index=True)
