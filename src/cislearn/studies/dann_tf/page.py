"""The page of the study: Table 1, the JunD comparisons, gains over all pairs, the bugs, and the data of the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from cislearn.reports.numbers import DASH, decimal, signed
from cislearn.studies.criteria import shortfall_table
from cislearn.studies.dann_tf.figures import FIGURES, box_plots, scatter_plots
from cislearn.studies.dann_tf.table import (
    PLACE,
    baseline_of,
    mean_over_folds,
    published_scores,
    source_counts,
)
from cislearn.studies.markdown import not_run, table
from cislearn.studies.replicated import paired_interval
from cislearn.studies.study import Trial

F1 = {"published": "F1 at .5", "honest": "F1"}
"""The metric that a protocol calls F1: called at .5, or at a threshold chosen on validation rows."""
MAIN = ("honest", "published")
AXES = [*PLACE, "fold"]
TABLE_1 = "paper, Table 1"


def dann_tf_page(
    trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame, left_out: Mapping[str, str]
) -> list[str]:
    """Return the parts of the page; what was not run says so, and which pairs of the folder cannot be."""
    parts = []
    if len(scores):
        found = mean_over_folds(scores)
        parts += ["## Over all pairs", _gains(found)]
        for network in found["network"].unique():
            mine = found[found["network"] == network]
            parts += [f"## Table 1, {network}", _table_1(mine, source_counts(trials)), *_figures(network, mine)]
        parts += ["## Four comparisons of JunD", *_jund(found)]
        if set(found["protocol"]) - set(MAIN):
            parts += ["## What each bug does", _bugs(found)]
    choosing = shortfall_table(scores[scores["labels"] == "0"], AXES) if len(scores) else None
    if choosing:
        parts += ["## Choosing between the two without target labels, 0 %", choosing]
    left = progress[progress["done"] < progress["runs"]]
    if len(left):
        parts += ["## Not run", _not_run(left)]
    if left_out:
        rows = [[pair, reason] for pair, reason in left_out.items()]
        parts += ["## Pairs of the folder that are left out", table(["pair", "it has"], rows)]
    return parts


def dann_tf_pictures(scores: pd.DataFrame) -> dict[str, str]:
    """Return Figures 1 to 3 as SVG documents, by network: scatters and box plots of the published protocol."""
    pictures = {}
    if len(scores):
        found = mean_over_folds(scores)
        for network in found["network"].unique():
            for figure, shares in FIGURES.items():
                pairs = _pairs_of_figure(found[found["network"] == network], shares)
                if len(pairs):
                    name = f"{figure.lower().replace(' ', '_')}_{network}"
                    pictures[f"{name}_scatter"] = scatter_plots(pairs, name)
                    pictures[f"{name}_box"] = box_plots(pairs, name)
    return pictures


def _figures(network: str, found: pd.DataFrame) -> list[str]:
    lines = []
    for figure, shares in FIGURES.items():
        if len(_pairs_of_figure(found, shares)):
            name = f"dann_tf-{figure.lower().replace(' ', '_')}_{network}"
            per_cent = ", ".join(f"{share} %" for share in shares)
            lines.append(
                f"{figure}, {network}, published protocol, {per_cent} of the target's labels:\n\n"
                f"![{figure}: scatter]({name}_scatter.svg)\n\n![{figure}: box plots]({name}_box.svg)"
            )
    return lines


def _pairs_of_figure(found: pd.DataFrame, shares: Sequence[str]) -> pd.DataFrame:
    """Rows of a figure: labels, factor, cell, metric, adversarial, baseline, of the published protocol."""
    tables = []
    for share in shares:
        mine = found[(found["protocol"] == "published") & (found["labels"] == share)]
        for metric, name in (("AUROC", "AUROC"), (F1["published"], "F1")):
            both = _side_by_side(mine, metric, baseline_of(share))
            tables.append(both.assign(labels=share, metric=name))
    return pd.concat(tables, ignore_index=True)


def _side_by_side(found: pd.DataFrame, metric: str, baseline: str) -> pd.DataFrame:
    """Pairs that have both methods: factor, cell, adversarial, baseline."""
    wide = found[found["metric"] == metric].pivot_table(
        index=["factor", "cell"], columns="method", values="estimate", sort=False
    )
    if not {"adversarial", baseline} <= set(wide):
        return pd.DataFrame(columns=["factor", "cell", "adversarial", "baseline"])
    return wide[["adversarial", baseline]].dropna().set_axis(["adversarial", "baseline"], axis=1).reset_index()


def _gains(found: pd.DataFrame) -> str:
    """A row for each protocol, network and share: pairs better, significantly so, mean gain, paired test."""
    rows = []
    for (protocol, network, share), mine in found.groupby(["protocol", "network", "labels"], sort=False):
        if protocol not in MAIN:
            continue
        auroc = mine[(mine["metric"] == "AUROC") & (mine["method"] == "adversarial")].dropna(subset="difference")
        gain = auroc["difference"].to_numpy()
        if len(gain) == 0:
            continue
        mean, low, high = paired_interval(gain)
        test = decimal(float(wilcoxon(gain).pvalue)) if len(gain) >= 6 else DASH
        rows.append([
            str(protocol), str(network), f"{share} %", str(len(gain)), f"{int((gain > 0).sum())}",
            f"{int((auroc['better'] == 1).sum())}", f"{int((auroc['worse'] == 1).sum())}",
            f"{signed(mean)} ({signed(low)}, {signed(high)})", test,
        ])  # fmt: skip
    head = ["protocol", "network", "target labels", "pairs", "adversarial higher", "interval above 0",
            "interval below 0", "mean gain in AUROC", "Wilcoxon p"]  # fmt: skip
    note = (
        "The adversarial network against the baseline with the same labels and the same sampler. The interval of a pair"
        " is over clusters of loci and seeds; that of the mean is a t interval over pairs; Wilcoxon's signed-rank test"
        " from six pairs on."
    )
    return f"{table(head, rows)}\n\n{note}"


def _table_1(found: pd.DataFrame, sources: Mapping[tuple[str, str], int]) -> str:
    """Published Table 1 beside the runs of one network: a row a pair, both protocols, 0 % and 100 %."""
    published = published_scores()
    printed = published[published["source"] == TABLE_1].set_index(["factor", "cell", "metric", "method"])["value"]
    kept = dict.fromkeys(
        [(f, c) for f, c, *_ in printed.index] + list(zip(found["factor"], found["cell"], strict=True))
    )
    columns = [(p, s) for p in MAIN for s in ("0", "100") if _has(found, p, s)]
    rows = []
    for factor, cell in kept:
        n = sources.get((factor, cell))
        mine = found[(found["factor"] == factor) & (found["cell"] == cell)]
        first = [
            "/".join(decimal(printed.get((factor, cell, metric, m), np.nan)) for m in ("adversarial", "target_only"))
            for metric in ("AUROC", "F1")
        ]
        cells = [_pair_of(mine, p, s, metric) for p, s in columns for metric in ("AUROC", F1[p])]
        rows.append([factor, cell, "" if n is None else str(n) if n == 4 else f"{n} instead of 4", *first, *cells])
    head = ["factor", "cell type", "source cells", "paper AUROC", "paper F1"]
    head += [f"{p}, {s} %: {metric}" for p, s in columns for metric in ("AUROC", "F1")]
    note = (
        "Paper: DANN_TF / baseline as printed in its Table 1, which equals its run with all target labels (Figure 1);"
        " the baseline there learns from the target alone. Ours: adversarial / baseline with the same labels (0 %: the"
        f" sources alone; 100 %: sources and target in one sampler) / target alone. {DASH}: not run, or no data. A row"
        " with fewer source cells than the paper's four is no reproduction of it."
    )
    return f"{table(head, rows)}\n\n{note}"


def _has(found: pd.DataFrame, protocol: str, share: str) -> bool:
    return bool(((found["protocol"] == protocol) & (found["labels"] == share)).any())


def _pair_of(found: pd.DataFrame, protocol: str, share: str, metric: str) -> str:
    mine = found[(found["protocol"] == protocol) & (found["labels"] == share) & (found["metric"] == metric)]
    by_method = mine.set_index("method")["estimate"]
    methods = ["adversarial", baseline_of(share), *(["target_only"] if share != "0" else [])]
    return "/".join(decimal(by_method.get(method, np.nan)) for method in methods)


def _jund(found: pd.DataFrame) -> list[str]:
    """The review's four comparisons: printed, and ours under the published protocol where a cell was run."""
    published = published_scores()
    review = published[(published["factor"] == "JunD") & (published["metric"] == "AUROC")]
    ours = found[(found["factor"] == "JunD") & (found["metric"] == "AUROC") & (found["protocol"] == "published")]
    comparisons = {
        "1. paper against the review's own runs: DANN_TF": (
            (TABLE_1, "adversarial", "100"), ("review, 'cross'", "adversarial", "100")),
        "2. DANN_TF 'cross' against 'supervised': one condition twice, all labels seen": (
            ("review, 'cross'", "adversarial", "100"), ("review, 'supervised'", "adversarial", "100")),
        "3. baseline: no target label against all": (
            ("review, 'cross'", "source_only", "0"), ("review, 'supervised'", "source_and_target", "100")),
        "4. baseline with all labels against DANN_TF 'cross' (which saw all)": (
            ("review, 'supervised'", "source_and_target", "100"), ("review, 'cross'", "adversarial", "100")),
    }  # fmt: skip
    parts = []
    for title, sides in comparisons.items():
        rows = []
        for cell in review["cell"].unique():
            printed = [_value(review[review["source"] == source], cell, m, share) for source, m, share in sides]
            row = [cell, *map(decimal, printed), signed(printed[1] - printed[0])]
            for network in ours["network"].unique():
                mine = ours[ours["network"] == network]
                row += ["/".join(decimal(_value(mine, cell, m, share)) for _, m, share in sides)]
            if not np.isnan(printed).all():
                rows.append(row)
        head = ["cell type", *(f"{source}: {method.replace('_', ' ')}" for source, method, _ in sides), "difference"]
        head += [f"ours, {network}" for network in ours["network"].unique()]
        parts.append(f"**{title}**, AUROC\n\n{table(head, rows)}")
    return parts


def _value(rows: pd.DataFrame, cell: str, method: str, share: str) -> float:
    """Return the value of a cell type, a method and a share, NaN where there is none."""
    mine = rows[(rows["cell"] == cell) & (rows["method"] == method) & (rows["labels"] == share)]
    return float(mine["value" if "value" in mine else "estimate"].iloc[0]) if len(mine) else float("nan")


def _bugs(found: pd.DataFrame) -> str:
    """AUROC at 0 % under the published protocol and with each bug, adversarial and baseline."""
    mine = found[(found["metric"] == "AUROC") & (found["labels"] == "0")]
    rows = []
    for keys, group in mine.groupby(["network", "factor", "cell", "protocol"], sort=False):
        by_method = group.set_index("method")["estimate"]
        values = [by_method.get(method, np.nan) for method in ("adversarial", "source_only")]
        rows.append([*map(str, keys), *map(decimal, values), signed(values[0] - values[1])])
    focal = {tuple(row[:3]) for row in rows if row[3] not in MAIN}
    rows = [row for row in rows if tuple(row[:3]) in focal]
    return table(["network", "factor", "cell type", "protocol", "adversarial", "source only", "difference"], rows)


def _not_run(left: pd.DataFrame) -> str:
    lines = [[*map(str, keys), not_run(mine)] for keys, mine in left.groupby(PLACE[:3], sort=False)]
    return table([*PLACE[:3], "runs"], lines)
