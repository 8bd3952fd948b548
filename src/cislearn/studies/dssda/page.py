"""The page of the study: label efficiency, gains over the supervised method, and how gains go with class size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cislearn.reports.figures.label_efficiency import label_efficiency
from cislearn.reports.numbers import DASH, decimal, signed
from cislearn.reports.palette import method_styles
from cislearn.studies.dssda.classes import BASELINE, class_gains, left_out, of_classes, rank_by_size
from cislearn.studies.dssda.figures import class_distributions, gains_by_class_size
from cislearn.studies.dssda.scores import TOGETHER
from cislearn.studies.markdown import not_run, table

MAIN = "AUROC"
PLACE = ["data", "protocol", "network"]
PUBLISHED = """## Beside the paper

Mean AUROC over 164 classes on the validation windows, as printed (Table 2; there called accuracy). DNase peaks of
600 bp in 164 cell types, 1,930,000 windows: another task than ours, whose data are not at hand. gkm-SVM and LeNet are
the published numbers of Basset on its test windows.

| gkm-SVM | LeNet | Inception | AlexNet | DSSDA, all labels | DSSDA, 10 % | DSSDA, 25 % |
| --- | --- | --- | --- | --- | --- | --- |
| .780 | .895 | .911 | .929 | .946 | .822 | .853 |

The paper has no supervised network at 10 % or 25 %, so it does not say what the windows without labels bought. Its
Figures 3 and 4 show single classes as pictures, without a number that ours could stand beside."""


def dssda_page(scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
    """Return the parts of the page below its introduction."""
    parts = []
    if len(scores):
        together = scores[scores["task"] == TOGETHER]
        parts.append("![Label efficiency](dssda-efficiency.svg)")
        for keys, mine in together.groupby(PLACE, sort=False):
            parts += [f"## {', '.join(map(str, keys))}", _by_share(mine), _gains(mine), _calls(mine)]
            parts += _drawn(scores[(scores[PLACE] == list(keys)).all(axis=1)], [str(key) for key in keys])
        parts += ["## Gain and class size", _by_class_size(scores)]
    parts.append(PUBLISHED)
    left = [[*map(str, keys), not_run(mine)] for keys, mine in progress.groupby([*PLACE, "labels"], sort=False)]
    left = [row for row in left if row[-1]]
    return parts + (["## Not run", table([*PLACE, "labels", "runs"], left)] if left else [])


def name_of(*keys: str) -> str:
    """Return where something stands as a part of a file's name."""
    return "-".join(keys).replace(", ", "_").replace(" ", "_")


def _drawn(scores: pd.DataFrame, keys: list[str]) -> list[str]:
    """The pictures of one set, protocol and network, and which classes are in none of them."""
    name, shares = name_of(*keys), _shares(scores)
    absent, n = left_out(scores)
    rows = "validation" if keys[1] == "published" else "test"
    some = f" Left out, with one label only in the {rows} windows: {absent} of {n} classes." if absent else ""
    ten = ", ".join(f"{share} %" for share in shares)
    gains = [f"![Gain by class size](dssda-gains-{name}.svg)"] if len(class_gains(scores, MAIN)) else []
    if absent == n:
        return [f"None of the classes has both labels in the {rows} windows."]
    return [
        f"### Classes one by one\n\nMeans over seeds; dots: means over classes.{some}",
        f"![Scores of single classes](dssda-classes-{name}.svg)",
        *gains,
        "### ROC curves\n\nThe same classes for every model, at most ten, drawn by a fixed seed among those with both"
        f" labels in the {rows} windows; means over seeds. Labels seen: {ten}.",
        *(f"![ROC curves, {share} % of the labels](dssda-roc-{name}-{share}.svg)" for share in shares),
    ]


def _shares(scores: pd.DataFrame) -> list[str]:
    return sorted(map(str, scores["labels"].unique()), key=float)


def _pick(scores: pd.DataFrame, share: str, method: str, metric: str) -> pd.Series:
    rows = scores[(scores["labels"] == share) & (scores["method"] == method) & (scores["metric"] == metric)]
    return rows.iloc[0] if len(rows) else pd.Series(dtype=object)


def _by_share(scores: pd.DataFrame) -> str:
    shares, rows = _shares(scores), []
    for method in scores["method"].unique():
        found = [(_pick(scores, s, str(method), MAIN), _pick(scores, s, str(method), "AUPRC")) for s in shares]
        cells = [
            f"{decimal(a['estimate'])} ({decimal(a['low'])}, {decimal(a['high'])}) / {decimal(b['estimate'])}"
            if len(a)
            else DASH
            for a, b in found
        ]
        rows.append([str(method).replace("_", " "), *cells])
    seeds = int(scores["n_seeds"].max())
    note = f"AUROC with its interval / AUPRC, means over tasks and over up to {seeds} seeds."
    return f"{table(['method', *(f'{share} % of the labels' for share in shares)], rows)}\n\n{note}"


def _gains(scores: pd.DataFrame) -> str:
    shares, rows = _shares(scores), []
    for method in scores["method"].unique():
        cells = [_gain(_pick(scores, share, str(method), MAIN)) for share in shares]
        if method != BASELINE and any(cell != DASH for cell in cells):
            rows.append([str(method).replace("_", " "), *cells])
    note = (
        f"{MAIN} over {BASELINE} with the same labels, the same shifts and strands and both strands averaged, paired by"
        " locus and seed; **bold** where the interval is clear of 0."
    )
    return f"{table([f'over {BASELINE}', *(f'{share} %' for share in shares)], rows)}\n\n{note}"


def _gain(row: pd.Series) -> str:
    if not len(row) or pd.isna(row.get("difference", np.nan)):
        return DASH
    low, high = float(row["difference_low"]), float(row["difference_high"])
    text = f"{signed(row['difference'])} ({signed(low)}, {signed(high)})"
    return f"**{text}**" if low > 0 or high < 0 else text


def _calls(scores: pd.DataFrame) -> str:
    shares, rows = _shares(scores), []
    for method in scores["method"].unique():
        found = [[_pick(scores, s, str(method), m) for m in ("subset accuracy", "Hamming loss")] for s in shares]
        cells = [" / ".join(decimal(each["estimate"]) if len(each) else DASH for each in pair) for pair in found]
        rows.append([str(method).replace("_", " "), *cells])
    note = "Share of the windows with every label right / of the labels that are wrong, at thresholds from validation."
    return f"{table(['method', *(f'{share} %' for share in shares)], rows)}\n\n{note}"


def _by_class_size(scores: pd.DataFrame) -> str:
    rows = []
    for keys, mine in scores.groupby([*PLACE, "labels"], sort=False):
        auroc = of_classes(mine, MAIN).groupby("method")["estimate"]
        for method, gains in class_gains(mine, MAIN).groupby("method", sort=False):
            spread = f"{decimal(auroc.mean()[method])} ± {decimal(auroc.std()[method])}"
            low, high = signed(gains["gain"].min()), signed(gains["gain"].max())
            rank = signed(rank_by_size(gains))
            rows.append([*map(str, keys), str(method).replace("_", " "), spread, f"{low} to {high}", rank])
    head = [*PLACE, "labels", "method", "AUROC ± sd over classes", "gain by class", "rank correlation with class size"]
    return table(head, rows)


def efficiency_curves(scores: pd.DataFrame) -> str:
    """Draw AUROC against the share of the labels, a panel for each set and protocol of the small network."""
    mine = scores[(scores["task"] == TOGETHER) & (scores["metric"] == MAIN) & (scores["network"] == "motif_cnn")]
    mine = mine.assign(share=mine["labels"].astype(float))
    panels = {", ".join(map(str, keys)): rows for keys, rows in mine.groupby(["data", "protocol"], sort=False)}
    return label_efficiency(panels, method_styles(list(mine["method"].unique())), MAIN, key="dssda-efficiency")


def class_pictures(scores: pd.DataFrame) -> dict[str, str]:
    """Draw the scores of single classes and their gains, by set, protocol and network; empty where there is none."""
    pictures = {}
    for keys, mine in scores.groupby(PLACE, sort=False):
        name = name_of(*map(str, keys))
        pictures[f"classes-{name}"] = class_distributions(mine, f"dssda-classes-{name}")
        pictures[f"gains-{name}"] = gains_by_class_size(mine, f"dssda-gains-{name}")
    return pictures
