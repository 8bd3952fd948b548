"""``cislearn evaluate``: score a trained model on another dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cislearn.cli.options import Device, Method


def evaluate(
    run: Annotated[Path, typer.Argument(help="The folder of an experiment or of a run.")],
    on: Annotated[Path, typer.Option(help="A labelled dataset folder.")],
    method: Method = None,
    out: Annotated[Path | None, typer.Option(help="Also write the scores to this .tsv or .parquet.")] = None,
    device: Device = "auto",
) -> None:
    """Score a trained model on every labelled window of a dataset, each domain by itself, with intervals.

    Thresholds and temperatures are those that the model was trained with. Of a single run DeLong's interval of the
    AUROC stands below the table; --out holds every metric.
    """
    from cislearn.cli.show import console, number, show_table
    from cislearn.cli.show_experiment import FURTHER
    from cislearn.data.dataset import read_dataset
    from cislearn.engine.devices import choose_device
    from cislearn.experiment.evaluate import evaluate_on
    from cislearn.tables import check_table_name, write_table

    if out is not None:
        check_table_name(out)
    dataset = read_dataset(on)
    scores = evaluate_on(run, dataset, method=method, device=choose_device(device).torch)  # type: ignore[arg-type]
    shown = ["domain", "task", "metric", "estimate", "low", "high", "seeds_sd", "n", "prevalence"]
    first = scores.iloc[0]
    rows = scores[~scores["metric"].isin(FURTHER - {"calibration error"})]
    show_table(rows[shown], title=f"{run} on {on} (method {first['method']}, {first['n_seeds']} seeds)")
    if "delong_low" in scores:
        for row in scores[scores["metric"] == "AUROC"].to_dict("records"):
            ends = f"{number(row['delong_low'])} - {number(row['delong_high'])}"
            console().print(f"{row['domain']}, {row['task']}: AUROC by DeLong, if rows were independent: {ends}")
    for domain, n in scores.groupby("domain", sort=False)["left_out"].first().items():
        if n:
            console().print(f"{domain}: {n:,} windows left out: training saw their labels, or that of one they overlap")
    console().print(f"the model: {first['protocol']}; selection: {first['selection'].replace('_', ' ')}")
    if out is not None:
        write_table(out, scores)
        console().print(f"scores: {out}")
