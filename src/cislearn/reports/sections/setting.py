"""What the numbers rest on: the model and the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cislearn.reports.blocks import Block, Cell, Column, Section, Table, Text
from cislearn.reports.numbers import DASH, count, decimal, interval
from cislearn.reports.read import ReportData

PARTS = ("train", "valid", "test", "left out")


def model_section(data: ReportData) -> Section | None:
    """List the layers of the model, their shapes, parameters and receptive fields."""
    layers = data.layers.get("layers", [])
    if not layers:
        return None
    columns = (
        Column("Layer", is_number=False), Column("Kind", is_number=False), Column("Output shape"),
        Column("Parameters"), Column("Receptive field", "bp"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(str(layer["name"])),
            Cell(str(layer["kind"])),
            Cell(_shape(layer["shape"])),
            Cell(_count(layer.get("parameters"))),
            Cell(_count(layer.get("receptive_field"))),
        )
        for layer in layers
    )
    total, field = _count(data.layers.get("parameters")), _count(data.layers.get("receptive_field"))
    caption = f"{data.layers.get('encoder', 'Model')}: {total} parameters, receptive field {field} bp."
    return Section("model", "The model", (Table(caption, columns, rows),))


def _shape(shape: Any) -> str:
    """``64 x 101`` with a multiplication sign."""
    return " \N{MULTIPLICATION SIGN} ".join(map(str, shape)) if isinstance(shape, list | tuple) else str(shape)


def _count(number: Any) -> str:
    """Write a whole number, or a dash for none."""
    return count(number) if isinstance(number, int | float) else DASH


def data_section(data: ReportData) -> Section | None:
    """Domains and parts, labels, composition, how it was split, what was dropped and why."""
    dataset = data.dataset
    if not dataset:
        return None
    blocks: list[Block] = [_domain_table(dataset.get("domains", []))]
    blocks += _label_tables(dataset.get("domains", []))
    if dataset.get("composition"):
        blocks += _composition(dataset["composition"])
    split = dataset.get("split", {})
    told = "; ".join([str(split.get("how", "not recorded")), *map(str, split.get("notes", []))])
    blocks += [Text(f"Split: {told}."), _reasons("Regions that were dropped, and why.", dataset.get("dropped", []))]
    if split.get("left_out"):
        blocks.append(_reasons("Loci that are in no part, and why.", split["left_out"]))
    return Section("data", "The data", tuple(blocks))


def _domain_table(domains: list[Mapping[str, Any]]) -> Table:
    """Loci of each domain in each part."""
    columns = (
        Column("Domain", is_number=False), Column("Role", is_number=False), Column("Loci"),
        *(Column(part.capitalize()) for part in PARTS), Column("GC", "mean"),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(str(domain["name"])),
            Cell(str(domain.get("role", ""))),
            Cell(_count(domain.get("n"))),
            *(Cell(_count(domain.get("per_part", {}).get(part))) for part in PARTS),
            Cell(decimal(domain["gc_mean"]) if isinstance(domain.get("gc_mean"), int | float) else DASH),
        )
        for domain in domains
    )
    return Table("Loci of each domain and the part they are in.", columns, rows)


def _label_tables(domains: list[Mapping[str, Any]]) -> list[Table]:
    """Labels of each domain and task, in the counts that the data report gives."""
    rows = [(domain["name"], task, counts) for domain in domains for task, counts in domain.get("per_task", {}).items()]
    names = list(dict.fromkeys(name for _, _, counts in rows for name in counts))
    if not names:
        return []
    several = len({task for _, task, _ in rows}) > 1
    columns = [Column("Domain", is_number=False), *([Column("Task", is_number=False)] if several else [])]
    columns += [Column(name.replace("_", " ").capitalize()) for name in names]
    cells = tuple(
        (
            Cell(str(domain)),
            *([Cell(str(task))] if several else []),
            *(Cell(_value(counts.get(name))) for name in names),
        )
        for domain, task, counts in rows
    )
    return [Table("Labels" + ("." if several else f" of {rows[0][1]}."), tuple(columns), cells)]


def _value(found: Any) -> str:
    """Write a count as a count, several as a list of names and counts, none as a dash."""
    if isinstance(found, Mapping):
        return ", ".join(f"{name} {_count(value)}" for name, value in found.items()) or DASH
    return _count(found)


def _composition(found: Mapping[str, Any]) -> list[Block]:
    """Say how well composition alone tells the domains apart, and the warning where that is well."""
    if found.get("auroc") is None:
        return [Text("Too few windows to say whether composition alone tells the domains apart.")]
    around = interval(found["low"], found["high"], 2)
    told = (
        "GC content and dinucleotides alone tell windows of the sources from windows of the target with AUROC "
        f"{decimal(found['auroc'], 2)}{f' ({around})' if around else ''}; .5 is no difference."
    )
    warning = found.get("warning")
    return [Text(told), *([Text(f"{str(warning).rstrip('.')}.", is_warning=True)] if warning else [])]


def _reasons(caption: str, entries: list[Mapping[str, Any]]) -> Block:
    """List reasons and how many rows each holds for."""
    if not entries:
        return Text("No region was dropped.")
    rows = tuple((Cell(str(entry["reason"])), Cell(_count(entry["n"]))) for entry in entries)
    return Table(caption, (Column("Reason", is_number=False), Column("Number")), rows)
