"""What a benchmark found, kept as JSON, and the page that is made of all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from cislearn.engine.environment import cpu_has_bf16, cpu_name, package_version

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
ORDER = (
    "loader",
    "training_step",
    "pair",
    "growth",
    "gkm",
    "compendium",
    "at_scale",
    "prediction",
    "equivariant",
    "profiles",
    "attribution",
    "kmers",
    "two_towers",
    "throughput",
    "gpu",
)
HEAD = """\
# Benchmarks

Speed and memory, measured side by side. Contenders take turns, round after round, on one machine; a ratio is the median
over rounds of the ratio within a round, with the 95 % bootstrap interval of that median. Absolute figures drift by a
third on a shared machine, so only ratios of one table are comparable; what was measured on several processors stands
here for each, the last first. `make bench` runs all that need no peer; `python -m benchmarks.NAME` runs one and writes
this page anew.
"""


@dataclass(frozen=True)
class Result:
    """One table of `docs/benchmarks.md`.

    Parameters
    ----------
    name : str
        Of the module: ``python -m benchmarks.NAME`` made it.
    title : str
        Heading.
    text : str
        What was measured, in full sentences.
    rows : list of mapping
        Alike in their keys; `compare` makes such rows.
    versions : mapping of str to str
        Of peers and libraries beside torch and cislearn.
    """

    name: str
    title: str
    text: str
    rows: Sequence[Mapping[str, Any]]
    versions: Mapping[str, str] = field(default_factory=dict)


def machine(device: str = "cpu") -> dict[str, Any]:
    """Return what the figures depend on: processor and its bf16, threads, versions, GPU where it was used."""
    found: dict[str, Any] = {"cpu": cpu_name(), "bf16": cpu_has_bf16(), "threads": torch.get_num_threads()}
    if device != "cpu":
        found["gpu"] = torch.cuda.get_device_name()
    return found | {"torch": torch.__version__, "cislearn": package_version("cislearn")}


def keep(results: Sequence[Result], name: str, *, device: str = "cpu") -> None:
    """Write what the benchmark `name` found (a table or several) in the place of what this machine's kind had found.

    Then write the page of all.
    """
    content = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(device),
        "tables": [asdict(result) for result in results],
    }
    RESULTS.mkdir(exist_ok=True)
    found = [content, *(old for old in found_by(name) if _kind(old) != _kind(content))]
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_page()


def found_by(name: str) -> list[dict[str, Any]]:
    """Return what a benchmark has found on each kind of machine, the last first; nothing where it was never run."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def _kind(content: Mapping[str, Any]) -> tuple[str | None, ...]:
    return tuple(content["machine"].get(key) for key in ("cpu", "gpu"))


def show_or_keep(results: Sequence[Result], name: str, *, show: bool) -> None:
    """Print the tables and keep nothing, or `keep` them."""
    if show:
        print(json.dumps([asdict(table) for table in results], indent=1))
    else:
        keep(results, name)


def write_page() -> None:
    """Write `docs/benchmarks.md` from all results at hand."""
    parts = [HEAD]
    for name in ORDER:
        last, *others = found_by(name) or [None]
        parts += [] if last is None else [_section(name, last)]
        parts += [_section(name, other, on=f" ({other['machine']['cpu']})") for other in others]
    PAGE.write_text("\n".join(parts), encoding="utf-8")


def _section(name: str, content: Mapping[str, Any], on: str = "") -> str:
    blocks = [_table(table, on) for table in content["tables"]]
    m = content["machine"]
    facts = [
        m["cpu"] + (" (bf16)" if m["bf16"] else " (no bf16)"),
        f"{m['threads']} threads",
        f"torch {m['torch']}",
    ]
    facts += [m["gpu"]] if "gpu" in m else []
    versions: dict[str, str] = {}
    for table in content["tables"]:
        versions |= table["versions"]
    facts += [f"{package} {version}" for package, version in versions.items()]
    return "\n".join([*blocks, f"`python -m benchmarks.{name}`, {content['date']}: {', '.join(facts)}.\n"])


def _table(table: Mapping[str, Any], on: str) -> str:
    rows = [{key: _cell(value) for key, value in row.items()} for row in table["rows"]]
    for row, values in zip(rows, table["rows"], strict=True):
        if "low" in row:
            row["ratio"] = f"{values['ratio']:.2f} ({values['low']:.2f}, {values['high']:.2f})"
            del row["low"], row["high"]
    header = list(rows[0])
    lines = [header, ["---"] * len(header), *([row[key] for key in header] for row in rows)]
    return "\n".join(
        [f"## {table['title']}{on}\n", table["text"] + "\n", *("| " + " | ".join(line) + " |" for line in lines), ""]
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
