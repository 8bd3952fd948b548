"""How training went: learning curves, and whether the adversary did its part."""

from __future__ import annotations

import pandas as pd

from cislearn.reports.blocks import Block, Cell, Column, Drawing, Drawings, Section, Table, Text
from cislearn.reports.figures.training import step_plot
from cislearn.reports.measures import measure, primary
from cislearn.reports.numbers import decimal, interval
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData, Run
from cislearn.reports.sections.metric_tables import Styles, method_cell

CHANCE = 0.5
HEALTHY = (
    "A healthy adversary: while lambda is small, domain accuracy rises well above chance, so the discriminator has "
    "learned something; as lambda grows, accuracy falls towards chance, and the proxy A-distance ends below that of "
    "the source-only features. At chance from the first step, the discriminator never learned and nothing was aligned; "
    "near one to the end, the features were not aligned either."
)
DISTANCE = (
    "Proxy A-distance of held-out features: 0 where a linear classifier cannot tell the domains apart, 2 where it "
    "always can. A smaller one is a sign of alignment, not of better predictions."
)


def learning_section(data: ReportData, styles: Styles) -> Section | None:
    """Training loss and the validation score on source loci, against the step."""
    metric = measure(primary(data.metrics_of(data.tasks[0]))).label
    panels = {
        "train_loss": (
            "Training loss",
            "Loss on training batches; for an adversarial method, the domain loss included.",
        ),
        "valid_score": ("Source validation score", f"{metric} on source validation loci: no target label is seen."),
    }
    drawings = []
    for column, (title, caption) in panels.items():
        logs = {method: _series(data.runs_of(method), column) for method in data.methods}
        logs = {method: series for method, series in logs.items() if series}
        if logs:
            names = ", ".join(styles[method].label for method in logs)
            svg = step_plot(
                logs,
                styles,
                key=f"learning-{column.replace('_', '-')}",
                title=title,
                alt=f"{title} against the step: {names}",
            )
            drawings.append(Drawing(svg, caption))
    if not drawings:
        return None
    return Section(
        "learning", "Learning curves", (Drawings(tuple(drawings), key=tuple(styles[method] for method in logs)),)
    )


def _series(runs: list[Run], column: str, *, health: bool = False) -> list[pd.Series]:
    """`column` against the step, one series a seed; runs that did not log it are left out."""
    tables = [run.health if health and run.health is not None else run.history for run in runs]
    return [
        table.dropna(subset=[column]).drop_duplicates("step", keep="last").set_index("step")[column]
        for table in tables
        if table is not None and column in table.columns and table[column].notna().any()
    ]


def adversary_section(data: ReportData, styles: Styles) -> Section | None:
    """Domain accuracy and lambda against the step, and the distance of the domains per method."""
    drawings = [drawing for drawing in (_accuracy(data, styles), _lambda(data, styles)) if drawing]
    blocks: list[Block] = []
    if drawings:
        adversaries = tuple(styles[method] for method in data.methods if _logged(data, "domain_accuracy").get(method))
        blocks += [Text(HEALTHY), Drawings(tuple(drawings), key=adversaries)]
    if len(data.distances):
        blocks.append(_distance_table(data, styles))
    title = "The adversary" if drawings else "Distance of the domains"
    return Section("adversary", title, tuple(blocks)) if blocks else None


def _logged(data: ReportData, column: str) -> dict[str, list[pd.Series]]:
    """Collect a column of the health log per method; methods without an adversary are left out."""
    logs = {method: _series(data.runs_of(method), column, health=True) for method in data.methods}
    return {method: series for method, series in logs.items() if series}


def _accuracy(data: ReportData, styles: Styles) -> Drawing | None:
    """Domain accuracy against the step with the line of chance."""
    logs = _logged(data, "domain_accuracy")
    if not logs:
        return None
    logged_chance = _logged(data, "chance")
    chance = float(next(iter(logged_chance.values()))[0].iloc[-1]) if logged_chance else CHANCE
    ends = "; ".join(
        f"{label_of(m)} ends at {decimal(sum(s.iloc[-1] for s in series) / len(series), 2)}"
        for m, series in logs.items()
    )
    svg = step_plot(
        logs, styles, key="domain-accuracy", title="Domain accuracy", alt=f"Domain accuracy against the step: {ends}",
        reference=chance, reference_label=f"chance {decimal(chance, 2)}", limits=(min(0.4, chance - 0.1), 1.02),
    )  # fmt: skip
    return Drawing(svg, "How often the discriminator names the domain of a window rightly.")


def _lambda(data: ReportData, styles: Styles) -> Drawing | None:
    """Weight of the reversed gradient against the step."""
    logs = _logged(data, "lambda")
    if not logs:
        return None
    svg = step_plot(logs, styles, key="lambda", title="Lambda", alt="Weight of the reversed gradient against the step")
    return Drawing(svg, "Weight of the reversed gradient.")


def _distance_table(data: ReportData, styles: Styles) -> Table:
    """Proxy A-distance: methods down, seeds across."""
    table = data.distances
    seeds = sorted(table["seed"].dropna().unique())
    rows = []
    for method in dict.fromkeys(table["method"]):
        here = table[table["method"] == method].drop_duplicates("seed").set_index("seed")
        cells = [
            Cell(decimal(here.loc[seed, "pad"], 2), interval(here.loc[seed, "low"], here.loc[seed, "high"], 2))
            if seed in here.index
            else Cell("")
            for seed in seeds
        ]
        rows.append((method_cell(data, method, styles), *cells))
    columns = (Column("Method", is_number=False), *(Column(f"Seed {int(seed)}") for seed in seeds))
    return Table(DISTANCE, columns, tuple(rows))
