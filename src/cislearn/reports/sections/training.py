"""How training went: learning curves, and whether the adversary did its part."""

from __future__ import annotations

import pandas as pd

from cislearn.reports.blocks import Drawing, Drawings, Section, Text
from cislearn.reports.figures.training import step_plot
from cislearn.reports.numbers import decimal, listed
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData
from cislearn.reports.run import Run
from cislearn.reports.sections.metric_tables import Styles

# Half of each batch is target, whether sources are one class or many: to say `target` always is right half the time.
CHANCE = 0.5
HEALTHY = (
    "A healthy adversary: while lambda is small, domain accuracy rises well above chance, so the discriminator has "
    "learned something; as lambda grows, accuracy falls towards chance, and the proxy A-distance ends below that of "
    "the source-only features. At chance from the first step, the discriminator never learned and nothing was aligned; "
    "near one to the end, the features were not aligned either."
)


def learning_section(data: ReportData, styles: Styles) -> Section | None:
    """Draw the training loss and the validation score against the step."""
    drawings = [drawing for drawing in (_loss(data, styles), _validation(data, styles)) if drawing]
    if not drawings:
        return None
    key = tuple(styles[method] for method in data.methods if _logged(data, "train_loss").get(method))
    return Section("learning", "Learning curves", (Drawings(tuple(drawings), key=key),))


def _loss(data: ReportData, styles: Styles) -> Drawing | None:
    """Draw the training loss."""
    logs = _logged(data, "train_loss")
    if not logs:
        return None
    alt = f"Training loss against the step: {_ends(logs)}"
    svg = step_plot(logs, styles, key="training-loss", title="Training loss", alt=alt)
    return Drawing(svg, "Loss on training batches; for an adversarial method, the domain loss included.")


def _validation(data: ReportData, styles: Styles) -> Drawing | None:
    """Draw the score on validation loci and the step whose weights are kept."""
    logs = _logged(data, "valid_score")
    if not logs:
        return None
    is_binary = all(data.kind(task) == "binary" for task in data.tasks)
    stamp = next((f" [{data.stamp(method)}]" for method in logs if data.stamp(method)), "")
    title = f"{'AUROC' if is_binary else 'Score (minus the loss)'} on validation loci{stamp}"
    steps = {method: [run.info.get("step", -1) for run in data.runs_of(method)] for method in logs}
    svg = step_plot(
        logs, styles, key="validation", title=title, alt=f"{title} against the step: {_ends(logs)}", marked=steps
    )
    seen = "target labels are seen here" if stamp else "of the source: no target label is seen"
    bounds = [label_of(method) for method in logs if data.sees_target(method)]
    except_for = f"; {listed(bounds)}: of the target" if bounds and not stamp else ""
    return Drawing(svg, f"Validation loci {seen}{except_for}. Marker: the weights that are kept.")


def _ends(logs: dict[str, list[pd.Series]]) -> str:
    """Tell where each method ends, as the mean over seeds."""
    means = {method: sum(float(s.iloc[-1]) for s in series) / len(series) for method, series in logs.items()}
    return "; ".join(f"{label_of(method)} ends at {decimal(mean)}" for method, mean in means.items())


def _series(runs: list[Run], column: str) -> list[pd.Series]:
    """`column` against the step, one series a seed; runs that did not log it are left out."""
    tables = [run.health if run.health is not None and column in run.health.columns else run.history for run in runs]
    return [
        table.dropna(subset=[column]).drop_duplicates("step", keep="last").set_index("step")[column]
        for table in tables
        if table is not None and column in table.columns and table[column].notna().any()
    ]


def adversary_section(data: ReportData, styles: Styles) -> Section | None:
    """Domain accuracy and lambda against the step."""
    drawings = [drawing for drawing in (_accuracy(data, styles), _lambda(data, styles)) if drawing]
    if not drawings:
        return None
    adversaries = tuple(styles[method] for method in data.methods if _logged(data, "domain_accuracy").get(method))
    return Section("adversary", "The adversary", (Text(HEALTHY), Drawings(tuple(drawings), key=adversaries)))


def _logged(data: ReportData, column: str) -> dict[str, list[pd.Series]]:
    """Collect a column of the logs per method; methods that did not log it are left out."""
    logs = {method: _series(data.runs_of(method), column) for method in data.methods}
    return {method: series for method, series in logs.items() if series}


def _accuracy(data: ReportData, styles: Styles) -> Drawing | None:
    """Domain accuracy against the step with the line of chance."""
    logs = _logged(data, "domain_accuracy")
    if not logs:
        return None
    lowest = min(CHANCE - 0.1, *(float(values.min()) - 0.02 for series in logs.values() for values in series))
    svg = step_plot(
        logs, styles, key="domain-accuracy", title="Domain accuracy",
        alt=f"Domain accuracy against the step: {_ends(logs)}",
        reference=CHANCE, reference_label=f"chance {decimal(CHANCE, 2)}", limits=(lowest, 1.02),
    )  # fmt: skip
    return Drawing(svg, "How often the discriminator names the domain of a window rightly.")


def _lambda(data: ReportData, styles: Styles) -> Drawing | None:
    """Weight of the reversed gradient against the step."""
    logs = _logged(data, "lambda")
    if not logs:
        return None
    svg = step_plot(logs, styles, key="lambda", title="Lambda", alt="Weight of the reversed gradient against the step")
    return Drawing(svg, "Weight of the reversed gradient.")
