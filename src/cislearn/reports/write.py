"""Writing ``report.html``: one file that needs nothing else, whole or not at all."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from cislearn.atomic import file_written_whole
from cislearn.reports.answer import answer
from cislearn.reports.blocks import Section
from cislearn.reports.numbers import DASH, count
from cislearn.reports.palette import adapt_colours, method_styles, theme_css
from cislearn.reports.read import ReportData, read_report_data
from cislearn.reports.sections.comparison import comparison_section
from cislearn.reports.sections.distributions import distributions_section
from cislearn.reports.sections.origin import environment_section, origin_section
from cislearn.reports.sections.predictions import predictions_section
from cislearn.reports.sections.setting import data_section, model_section
from cislearn.reports.sections.training import adversary_section, learning_section

# A line may break after an en dash even before a space that may not; the word joiner forbids it.
UNBROKEN_DASH = f"\N{NO-BREAK SPACE}{DASH}\N{WORD JOINER}\N{NO-BREAK SPACE}"


def write_report(folder: Path, *, command: str | None = None) -> Path:
    """Write ``report.html`` into the folder of an experiment or of one run, and give back its path.

    Parameters
    ----------
    folder : Path
        As ``cislearn train`` wrote it.
    command : str, optional
        The command that makes it again, where it is another one than the experiment recorded.

    Raises
    ------
    UserError
        If the folder is none of the two, one of its files is absent or cut short, or the report cannot be written.
    """
    page = render(read_report_data(folder), command=command)
    path = folder / "report.html"
    with file_written_whole(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def render(data: ReportData, *, command: str | None = None) -> str:
    """Make the page as HTML text; equal data give equal text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["adapt"] = adapt_colours
    environment.filters["unbroken"] = lambda text: text.replace(f" {DASH} ", UNBROKEN_DASH)
    package = files("cislearn.reports")
    template = environment.from_string(package.joinpath("template.html.j2").read_text(encoding="utf-8"))
    return template.render(
        data=data,
        answer=answer(data),
        facts=key_facts(data),
        sections=sections(data, command),
        style=theme_css() + package.joinpath("style.css").read_text(encoding="utf-8"),
    )


def sections(data: ReportData, command: str | None) -> list[Section]:
    """Make the sections that this experiment has something for, from top to bottom."""
    styles = method_styles(data.methods)
    found = [
        comparison_section(data, styles),
        predictions_section(data, styles),
        distributions_section(data, styles),
        learning_section(data, styles),
        adversary_section(data, styles),
        model_section(data),
        data_section(data),
        environment_section(data),
        origin_section(data, command),
    ]
    return [section for section in found if section is not None]


def key_facts(data: ReportData) -> list[tuple[str, str]]:
    """List what a number means nothing without: protocol, selection, split, seeds, target, window."""
    known = {
        "Protocol": _each(data, "protocol"),
        "Selection": _each(data, "selection"),
        "Split": data.dataset.get("split", {}).get("how", ""),
        "Seeds": f"{len(data.seeds)} ({', '.join(map(str, data.seeds))})",
        "Target": data.target or "none",
        "Windows": f"{count(data.dataset['length'])} bp" if "length" in data.dataset else "",
    }
    return [(name, str(value)) for name, value in known.items() if value]


def _each(data: ReportData, column: str) -> str:
    """List the values of a text column of the summary."""
    return "; ".join(value.replace("_", " ") for value in dict.fromkeys(data.summary[column]))
