"""``cislearn score``: numbers for any table of predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from cislearn.data.readers.scored import ScoredRows


def score(
    table: Annotated[Path, typer.Argument(help="TSV, CSV or Parquet with a header: any tool's predictions.")],
    label: Annotated[str, typer.Option(help="Column of 0 and 1; empty is no label.")],
    score: Annotated[
        list[str], typer.Option(help="Column of scores, more for a 1 than for a 0. Several are compared to the first.")
    ],
    locus: Annotated[
        str, typer.Option(help="Columns CHROM,START,END, or one with chr1:100-201; auto finds them; none.")
    ] = "auto",
    out: Annotated[Path | None, typer.Option(help="Also write all of it to this .tsv or .parquet.")] = None,
) -> None:
    """Score columns of a table against its labels, with intervals, and compare them, paired.

    Windows that overlap are drawn together where their places are known, since they are not independent.
    """
    import pandas as pd

    from cislearn.cli.show import console
    from cislearn.data.readers.scored import read_scored
    from cislearn.evaluation.score_columns import compare_columns, score_columns
    from cislearn.tables import check_table_name, write_table

    if out is not None:
        check_table_name(out)
    rows = read_scored(table, label=label, scores=score, locus=locus)
    _tell(table, rows)
    found = score_columns(rows.labels, rows.scores, rows.clusters)
    _show_scores(found)
    written = [found]
    if len(rows.scores) > 1:
        written.append(compare_columns(rows.labels, rows.scores, rows.clusters))
        _show_differences(written[1])
    if out is not None:
        write_table(out, pd.concat(written, ignore_index=True))
        console().print(f"scores: {out}")


def _tell(path: Path, rows: ScoredRows) -> None:
    """Print what is scored, and what is to be known of it."""
    import numpy as np

    from cislearn.cli.show import console
    from cislearn.evaluation.handed_in import CALLS, are_calls

    n, n_clusters = len(rows.labels), len(np.unique(rows.clusters))
    lines = [
        f"{path}: {n:,} labelled rows, {int(rows.labels.sum()):,} of them 1 (prevalence {rows.labels.mean():.3f})",
        f"intervals: {n_clusters:,} clusters of overlapping windows, by {', '.join(rows.locus)}"
        if rows.locus
        else "intervals: each row by itself, without coordinates; they are too narrow where windows overlap",
    ]
    if rows.n_unlabelled:
        lines.append(f"{rows.n_unlabelled:,} rows without a label are left out")
    for name, values in rows.scores.items():
        if are_calls(values):
            lines.append(f"{name}: {CALLS}")
        if (values == values[0]).all():
            lines.append(f"{name}: all scores are {values[0]:g}; they rank nothing")
    for line in lines:
        console().print(line, markup=False)


def _show_scores(found: pd.DataFrame) -> None:
    """Print two tables: how well rows are ranked, and what thresholds reach."""
    import pandas as pd

    from cislearn.cli.show import console, number, show_table
    from cislearn.evaluation.score_columns import BEST_F1, CALLED_F1, DELONG

    ranked, reached = [], []
    for name, mine in found.groupby("score", sort=False):
        of = mine.set_index("metric")
        estimate, low, high = (of[column].to_dict() for column in ("estimate", "low", "high"))
        interval = {metric: f"{number(low[metric])} - {number(high[metric])}" for metric in estimate}
        ranked.append(
            {
                "score": name,
                "AUROC": number(estimate["AUROC"]),
                "95 % interval": interval["AUROC"],
                "DeLong's": interval[DELONG],
                "AUPRC": number(estimate["AUPRC"]),
                "95 % interval ": interval["AUPRC"],
                "lift": number(estimate["lift"]),
            }
        )
        shown = {"score": name} | {f"recall at {x}% FDR": number(estimate[f"recall at {x}% FDR"]) for x in (5, 10)}
        best = estimate.get(BEST_F1)
        shown |= {"F1": f"{number(estimate[CALLED_F1])}, of the calls"} if best is None else {"F1": f"{number(best)} *"}
        shown["calibration error"] = number(estimate.get("calibration error", float("nan")))
        reached.append(shown)
    show_table(pd.DataFrame(ranked), title="")
    show_table(pd.DataFrame(reached))
    if BEST_F1 in set(found["metric"]):
        console().print("* F1 max at an oracle threshold: it was chosen on these very rows, so it flatters")


def _show_differences(found: pd.DataFrame) -> None:
    import pandas as pd

    from cislearn.cli.show import number, show_table, signed
    from cislearn.evaluation.score_columns import DELONG

    shown = []
    for name, mine in found.groupby("score", sort=False):
        rows = {str(row["metric"]): {str(k): v for k, v in row.items()} for row in mine.to_dict("records")}
        p = rows[DELONG]["p"]
        shown.append(
            {
                "score": name,
                "AUROC": signed(rows["AUROC"]),
                "DeLong's p": "< .001" if p < 0.001 else number(p),
                "AUPRC": signed(rows["AUPRC"]),
            }
        )
    show_table(pd.DataFrame(shown), title=f"minus {found['baseline'].iloc[0]}, paired, with 95 % intervals")
