"""Whether each method did its part: what it logs of its health, what to expect of it, and what looks wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cislearn.reports.blocks import Block, Drawing, Drawings, Section, Text
from cislearn.reports.figures.training import step_plot
from cislearn.reports.logs import Logs, ends, logged
from cislearn.reports.numbers import decimal
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData
from cislearn.reports.sections.metric_tables import Styles

ROOM = 0.05
"""Above and below a figure that has a line to hold the values against."""


def health_section(data: ReportData, styles: Styles) -> Section | None:
    """Draw what the methods logged of their health against the step, and say what looks wrong."""
    concerns = [
        Text(f"{label_of(run.method)}, seed {run.seed}: {concern}.", is_warning=True)
        for run in data.runs
        for concern in run.info.get("concerns", [])
    ]
    signals = {signal["name"]: signal for run in data.runs for signal in run.signals}
    logs = {name: logged(data, name) for name in signals}
    drawings = tuple(_drawing(signal, logs[name], styles) for name, signal in signals.items() if logs[name])
    blocks: list[Block] = [*concerns]
    if drawings:
        key = tuple(styles[method] for method in data.methods if any(method in each for each in logs.values()))
        blocks.append(Drawings(drawings, key=key))
    return Section("health", "Health of the methods", tuple(blocks)) if blocks else None


def _drawing(signal: Mapping[str, Any], logs: Logs, styles: Styles) -> Drawing:
    """Draw one signal, with what it is and what to expect of it below."""
    name, title, reference = signal["name"], signal["title"], signal.get("reference")
    limits, reference_label = None, ""
    if reference is not None:
        drawn = [reference, *(float(value) for series in logs.values() for values in series for value in values)]
        limits = (min(drawn) - ROOM, max(drawn) + ROOM)
        reference_label = f"{signal['reference_name']} {decimal(reference, 2)}"
    svg = step_plot(
        logs, styles, key=name.replace("_", "-"), title=title, alt=f"{title} against the step: {ends(logs)}",
        reference=reference, reference_label=reference_label, limits=limits,
    )  # fmt: skip
    healthy = f" Healthy: {signal['healthy']}" if signal.get("healthy") else ""
    return Drawing(svg, f"{signal.get('meaning', '')}{healthy}")
