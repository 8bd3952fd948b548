"""``cislearn compare``: finished runs beside each other, on the loci that they share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import pandas as pd

    from cislearn.experiment.comparing import Comparison

MARKS = ("upper bound", "oracle")
"""Beginnings of protocols that saw the target's labels; they stand beside the method."""


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Two or more: an experiment, EXPERIMENT:METHOD, a method's folder, a run. The first is the baseline."
        ),
    ],
    metric: Annotated[
        str | None, typer.Option(help="The one to show; by default AUROC, accuracy or Pearson. --out holds all.")
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option(help="Where a dataset of theirs lies now, if it has moved.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write every metric to this .tsv or .parquet.")] = None,
    curve: Annotated[
        Path | None,
        typer.Option(help="Also draw the metric by the share of the labels seen, a line each method, to this .svg."),
    ] = None,
    allow_unlike: Annotated[
        bool, typer.Option("--allow-unlike", help="Compare although data, domains or split differ; it is stamped.")
    ] = False,
) -> None:
    """Compare finished runs on the test loci that they share, paired by locus and seed, with intervals.

    Says in what they differ beside the method, and refuses what does not answer one question.
    """
    from cislearn.cli.show import console
    from cislearn.experiment.comparing import compare_runs
    from cislearn.tables import check_table_name, write_table

    if out is not None:
        check_table_name(out)
    found = compare_runs(runs, data=data or [], allow_unlike=allow_unlike)
    shown = _of_metric(found.table, metric)
    _tell_terms(found)
    for task in shown["task"].unique():
        _show(shown[shown["task"] == task])
    if out is not None:
        write_table(out, found.table)
        console().print(f"every metric: {out}")
    if curve is not None:
        _draw(curve, shown)
        console().print(f"by the share of the labels: {curve}")


def _draw(path: Path, shown: pd.DataFrame) -> None:
    """Write the curves of label efficiency, a panel each task."""
    from cislearn.atomic import file_written_whole
    from cislearn.errors import UserError
    from cislearn.reports.figures.label_efficiency import label_efficiency
    from cislearn.reports.palette import method_styles

    if shown["label_share"].nunique() < 2:
        fix = f"Compare runs of several shares, such as --set data.labels.{shown['share_of'].iloc[0]}=0.1 gives."
        raise UserError("all runs saw the same share of the labels, which makes no curve", where="--curve", fix=fix)
    rows = shown.rename(columns={"label_share": "share"}).assign(method=_lines(shown))
    panels = {str(task): mine for task, mine in rows.groupby("task", sort=False)}
    styles, metric = method_styles(list(rows["method"].unique())), " / ".join(rows["metric"].unique())
    drawing = label_efficiency(panels, styles, metric, key="label-efficiency")
    with file_written_whole(path) as partial:
        partial.write_text(drawing, encoding="utf-8")


def _lines(rows: pd.DataFrame) -> list[str]:
    """Name the line that each run is a point of: its method, and what it saw of the sources where its runs differ."""
    differ = rows.groupby("method")["other_labels"].transform("nunique") > 1
    of_sources = rows["other_labels"].replace("", "all source labels")
    told = zip(rows["method"], of_sources, differ, strict=True)
    return [f"{method}, {others}" if is_told else method for method, others, is_told in told]


def _of_metric(table: pd.DataFrame, metric: str | None) -> pd.DataFrame:
    """Rows of one metric, of each task its first where none is named."""
    from cislearn.errors import UserError, nearest

    if metric is None:
        return table[table["metric"] == table.groupby("task", sort=False)["metric"].transform("first")]
    known = {name.lower(): name for name in table["metric"].unique()}
    if metric.lower() not in known:
        raise UserError(f"{metric!r} is not known{nearest(metric, known.values())}", where="--metric")
    return table[table["metric"] == known[metric.lower()]]


def _tell_terms(found: Comparison) -> None:
    """Print which loci and seeds are compared, and in what the runs differ."""
    from cislearn.cli.show import console

    print_ = console().print
    for note in found.notes:
        print_(f"  {note}", markup=False)
    unlike, unequal = found.of_weight("question"), found.of_weight("terms")
    for each in unlike:
        print_(f"  NOT ALIKE, the numbers do not answer one question: {each}", style="bold", markup=False)
    for each in unequal:
        print_(f"  NOT ON EQUAL TERMS: {each}", style="bold", markup=False)
    for each in [*found.of_weight("also"), *found.of_weight("options")]:
        print_(f"  also differ: {each}" if each.weight == "also" else f"  {each}", markup=False)
    if not unlike and not unequal:
        print_("  like for like: same data, split, labels, batches, steps and selection")


def _show(rows: pd.DataFrame) -> None:
    """Print one metric of one task."""
    import pandas as pd

    from cislearn.cli.show import console, show_table

    first, *others = ({str(key): value for key, value in row.items()} for row in rows.to_dict("records"))
    prevalence = "" if pd.isna(first["prevalence"]) else f", prevalence {first['prevalence']:.2f}"
    print_ = console().print
    print_(f"\n{first['metric']} of {first['task']} in {first['domain']}, {first['n']:,} shared test loci{prevalence}")
    show_table(pd.DataFrame([_row(row, first) for row in (first, *others)]))
    for row in others:
        if row["difference_low"] <= 0 <= row["difference_high"]:
            print_(f"{row['run']}: the interval holds 0, so no difference to {first['run']} was shown", markup=False)


def _row(row: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, Any]:
    from cislearn.cli.show import number, signed

    mark = next((f" ({word})" for word in MARKS if row["protocol"].startswith(word)), "")
    shown = {"run": row["run"], "method": row["method"].replace("_", " ") + mark}
    shown |= {row["metric"]: number(row["estimate"]), "95 % interval": f"{number(row['low'])} - {number(row['high'])}"}
    difference = {"difference": row["difference"], "low": row["difference_low"], "high": row["difference_high"]}
    return shown | {"minus the first": "" if row is first else signed(difference)}
