"""Where and how it ran, and how to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cislearn.reports.blocks import Block, Code, Facts, Section, Text
from cislearn.reports.numbers import duration
from cislearn.reports.read import ReportData


def environment_section(data: ReportData) -> Section | None:
    """Device, threads, versions, git, seconds."""
    facts = list(_flat(data.environment))
    if isinstance(data.info.get("finished"), str):
        facts.append(("finished", data.info["finished"].replace("T", " ")))
    if isinstance(data.info.get("seconds"), int | float):
        facts.append(("took", duration(data.info["seconds"])))
    return Section("environment", "Environment", (Facts(tuple(facts)),)) if facts else None


def _flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Nested names and values as one list; an empty value is left out."""
    facts: list[tuple[str, str]] = []
    for name, value in values.items():
        label = f"{before}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            facts += _flat(value, "" if name == "packages" else f"{label} ")
        elif isinstance(value, bool):
            facts.append((label, "yes" if value else "no"))
        elif value is not None and value != "":
            facts.append((label, ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return facts


def origin_section(command: Any, known: Mapping[str, Any], config: str) -> Section | None:
    """Show the command, what is known of the data and the run, and the resolved configuration; each may be absent."""
    blocks: list[Block] = [Code(str(command))] if command else []
    facts = tuple((name, str(value)) for name, value in known.items() if value)
    blocks += [Facts(facts)] if facts else []
    if config:
        blocks += [
            Text("The configuration below, every default filled in, makes the same runs again."),
            Code(config, title="Resolved configuration"),
        ]
    return Section("again", "How to make it again", tuple(blocks)) if blocks else None
