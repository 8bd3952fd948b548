"""How training went: learning curves."""

from __future__ import annotations

from cislearn.reports.blocks import Drawing, Drawings, Section
from cislearn.reports.figures.training import step_plot
from cislearn.reports.logs import ends, logged
from cislearn.reports.numbers import listed
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData
from cislearn.reports.sections.metric_tables import Styles


def learning_section(data: ReportData, styles: Styles) -> Section | None:
    """Draw the training loss and the validation score against the step."""
    drawings = [drawing for drawing in (_loss(data, styles), _validation(data, styles)) if drawing]
    if not drawings:
        return None
    key = tuple(styles[method] for method in data.methods if logged(data, "train_loss").get(method))
    return Section("learning", "Learning curves", (Drawings(tuple(drawings), key=key),))


def _loss(data: ReportData, styles: Styles) -> Drawing | None:
    """Draw the training loss."""
    logs = logged(data, "train_loss")
    if not logs:
        return None
    alt = f"Training loss against the step: {ends(logs)}"
    svg = step_plot(logs, styles, key="training-loss", title="Training loss", alt=alt)
    return Drawing(svg, "Loss on training batches; whatever the method adds to the task loss included.")


def _validation(data: ReportData, styles: Styles) -> Drawing | None:
    """Draw the score on validation loci and the step whose weights are kept."""
    logs = logged(data, "valid_score")
    if not logs:
        return None
    is_binary = all(data.kind(task) == "binary" for task in data.tasks)
    stamp = next((f" [{data.stamp(method)}]" for method in logs if data.stamp(method)), "")
    title = f"{'AUROC' if is_binary else 'Score (minus the loss)'} on validation loci{stamp}"
    steps = {method: [run.info.get("step", -1) for run in data.runs_of(method)] for method in logs}
    svg = step_plot(
        logs, styles, key="validation", title=title, alt=f"{title} against the step: {ends(logs)}", marked=steps
    )
    seen = "target labels are seen here" if stamp else "of the source: no target label is seen"
    bounds = [label_of(method) for method in logs if data.sees_target(method)]
    except_for = f"; {listed(bounds)}: of the target" if bounds and not stamp else ""
    return Drawing(svg, f"Validation loci {seen}{except_for}. Marker: the weights that are kept.")
