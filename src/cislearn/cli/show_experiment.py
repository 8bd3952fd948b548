"""What an experiment ends with, on the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cislearn.cli.show import console, number, show_table, signed
from cislearn.data.describe import split_in_words
from cislearn.evaluation.profiles.names import COUNTS, MEANS
from cislearn.reports.files import read_json
from cislearn.reports.label_share import KNEW
from cislearn.runs import AVERAGED, EACH_RECORD, ExperimentFolder, read_record

if TYPE_CHECKING:
    import pandas as pd

    from cislearn.experiment.completion import Experiment

OF_PROFILES = {"JSD", "profile Pearson at 1 bp", "profile NLL", "counts Pearson"}
FURTHER = frozenset(
    {"lift", "recall at 5% FDR", "MCC", "F1 at .5", "calibration error"} | ({*MEANS.values(), *COUNTS} - OF_PROFILES)
)
"""Metrics that stand in the files and the report only: the terminal has 80 columns."""


def show_experiment(experiment: Experiment) -> None:
    """Print the comparison that an experiment ends with, and where its report is."""
    is_each = "part" not in experiment.summary
    if is_each:
        _show_terms(experiment.summary, read_record(experiment.path / EACH_RECORD))
    else:
        _show_scores(experiment)
    if experiment.left_out is not None:
        _show_left_out(experiment.left_out, is_each)
    console().print(f"report: {experiment.report}")


def _show_scores(experiment: Experiment) -> None:
    """Print the scores on the target, or on the sources where it has no label."""
    import pandas as pd

    summary = experiment.summary
    parts = set(summary["part"])
    part = "target test" if "target test" in parts else "source test"
    rows = summary[summary["part"] == part]
    trained = rows[rows["selection"] != "none"]
    first = trained.iloc[0]
    info, data = ExperimentFolder(experiment.path).info, read_json(experiment.path / "data.json")
    groups = _tasks_by_metrics(rows)
    one = groups == [groups[0][:1]]
    prevalence = f", prevalence {number(first['prevalence'])}" if one and not math.isnan(first["prevalence"]) else ""
    console().print(f"\n{first['domain']}, {part}, {first['n']:,} windows{prevalence}")
    _show_terms(trained, {**info, "split": split_in_words(data["split"])})
    if info["target"] is not None and part == "source test":
        console().print(f"nothing is measured on {info['target']}, which has no label: these are loci of its sources")
    if data["split"].get("leaks") == "keep":
        test = data["leaks"]["test"]
        apart = "; leaked.tsv scores them apart" if (experiment.path / "leaked.tsv").is_file() else ""
        console().print(
            f"LEAKS KEPT: {test['leaky']:,} of {test['rows']:,} test windows are shared with training{apart}"
        )
    for tasks in groups:
        tables = [_scores(rows[rows["task"] == task], experiment.comparison, task) for task in tasks]
        table = pd.concat(tables, ignore_index=True)
        console().print()
        show_table(table.drop(columns=["task", "prevalence"], errors="ignore") if one else table, is_narrow=True)
    console().print()
    _show_averaged(experiment, part, one)
    _show_bar(experiment, one)
    if (rows["selection"] == "oracle").any():
        console().print("selection: oracle; weights of every network above were chosen with the target's labels")
    console().print(f"every metric: {experiment.path / 'summary.tsv'}")


def _show_terms(rows: pd.DataFrame, record: Mapping[str, Any]) -> None:
    """Print what a number means nothing without: protocol, selection and split of trained methods, and seeds."""
    trained = rows[rows["method"].isin(record["methods"])]
    n_seeds = len(record["seeds"])
    seeds = f"{n_seeds} seed{'s' if n_seeds > 1 else ''}"
    rule = f"selection: {str(record.get('selection', '')).replace('_', ' ')}"
    console().print(f"protocol: {_protocols(trained)}, {rule}, {seeds}, split: {record.get('split', '')}")


def _protocols(rows: pd.DataFrame) -> str:
    """Say which labels were seen: in a word where nothing has to be told, and of which methods where they differ."""
    methods = rows.groupby("protocol", sort=False)["method"].unique()
    words = [protocol.partition(":")[0] for protocol in methods.index]
    told = [
        protocol if "%" in protocol or KNEW in protocol or words.count(word) > 1 else word  # never left unsaid
        for protocol, word in zip(methods.index, words, strict=True)
    ]
    if len(told) == 1:
        return told[0]
    names = [", ".join(name.replace("_", " ") for name in theirs) for theirs in methods]
    return "; ".join(f"{protocol} ({theirs})" for protocol, theirs in zip(told, names, strict=True))


def _show_averaged(experiment: Experiment, part: str, one_task: bool) -> None:
    """Print what the seeds of each method reach as one model, for a single task."""
    import pandas as pd

    path = experiment.path / AVERAGED
    if not (one_task and path.is_file()):
        return
    rows = pd.read_csv(path, sep="\t")
    rows = rows[(rows["part"] == part) & (rows["metric"] == rows["metric"].iloc[0])]
    for row in rows.to_dict("records"):
        interval = f"({number(row['low'])} - {number(row['high'])})"
        name = _method_name(row["method"], row["protocol"])
        console().print(f"seeds averaged, {name}: {row['metric']} {number(row['estimate'])} {interval}")


def _show_bar(experiment: Experiment, one_task: bool) -> None:
    """Print how far each method is from the best simple model, for a single task."""
    import pandas as pd

    path = experiment.path / "over_simple.tsv"
    if not (one_task and path.is_file()):
        return
    rows = pd.read_csv(path, sep="\t")
    for row in rows[rows["metric"] == "AUROC"].to_dict("records"):
        names = [row[key].replace("_", " ") for key in ("method", "baseline")]
        console().print(f"{names[0]} over the best simple model, {names[1]}: {signed(row)}")


def _tasks_by_metrics(rows: pd.DataFrame) -> list[list[str]]:
    """Tasks that share their metrics, and so a table."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for task in rows["task"].unique():
        groups.setdefault(tuple(rows.loc[rows["task"] == task, "metric"].unique()), []).append(task)
    return list(groups.values())


def _scores(rows: pd.DataFrame, comparison: pd.DataFrame | None, task: str) -> pd.DataFrame:
    import pandas as pd

    metrics = [metric for metric in rows["metric"].unique() if metric not in FURTHER]
    table = []
    for method in rows["method"].unique():
        mine = rows[rows["method"] == method].set_index("metric")
        main = mine.loc[metrics[0]]
        shown = {"task": task, "method": _method_name(method, main["protocol"]), metrics[0]: number(main["estimate"])}
        shown["95 %\ninterval"] = f"{number(main['low'])} - {number(main['high'])}"
        for metric in metrics[1:]:
            shown[metric.replace(" at ", "\nat ").replace(" FDR", "\nFDR")] = number(mine.loc[metric, "estimate"])
        if not math.isnan(main["prevalence"]):
            shown["prevalence"] = f"{main['prevalence']:.2g}".removeprefix("0")
        if comparison is not None:
            name = f"over {comparison['baseline'].iloc[0].replace('_', ' ')}"
            shown[name] = _difference(comparison, method, task, metrics[0])
        table.append(shown)
    return pd.DataFrame(table)


def _method_name(method: str, protocol: str) -> str:
    return f"{method.replace('_', ' ')}{' (bound)' if protocol.startswith('upper bound') else ''}"


def _difference(comparison: pd.DataFrame, method: str, task: str, metric: str) -> str:
    names = ("method", method), ("task", task), ("metric", metric)
    rows = comparison[[all(row[key] == value for key, value in names) for row in comparison.to_dict("records")]]
    if rows.empty:
        return ""
    return signed(rows.iloc[0].to_dict())


def _show_left_out(left_out: pd.DataFrame, is_each: bool) -> None:
    """Print the main metric of each method on each domain that was left out, and the mean over them."""
    import pandas as pd

    from cislearn.reports.left_out import MEAN

    tasks = list(left_out["task"].unique())
    for task in tasks:
        rows = left_out[left_out["task"] == task]
        metric = rows["metric"].iloc[0]
        rows = rows[rows["metric"] == metric]
        mean = rows["domain"].iloc[-1]
        table = [_left_out_row(mine.set_index("domain"), mean) for _, mine in rows.groupby("method", sort=False)]
        title = (
            "each domain left out in turn" if is_each else "leave-one-source-out estimate for the target without labels"
        )
        console().print(f"\n{title}: {metric}{f' of {task}' if len(tasks) > 1 else ''}\n")
        show_table(pd.DataFrame(table), is_narrow=True)
    n_domains = sum(not MEAN.fullmatch(name) for name in left_out["domain"].unique())
    console().print(f"intervals of the mean: over loci and seeds of these {n_domains} domains, not over domains")


def _left_out_row(rows: pd.DataFrame, mean: str) -> dict[str, str]:
    shown = {"method": _method_name(rows["method"].iloc[0], rows["protocol"].iloc[0])}
    shown |= {str(domain): number(value) for domain, value in rows["estimate"].items() if domain != mean}
    main = rows.loc[mean].to_dict()
    shown |= {"mean": number(main["estimate"]), "95 % interval": f"{number(main['low'])} - {number(main['high'])}"}
    difference = {name: main[f"difference_{name}"] for name in ("low", "high")} | {"difference": main["difference"]}
    return shown | {"over the first": "" if math.isnan(main["difference"]) else signed(difference)}
