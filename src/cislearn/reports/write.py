"""Writing ``report.html``: one file that needs nothing else, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from cislearn.atomic import file_written_whole
from cislearn.data.describe import split_in_words
from cislearn.errors import UserError
from cislearn.models.files import TWO_TOWERS
from cislearn.reports.answer import Answer, answer, answer_left_out
from cislearn.reports.blocks import Section, Table
from cislearn.reports.each import Each, read_each
from cislearn.reports.explained import Explained, find_explained
from cislearn.reports.numbers import DASH, count, listed
from cislearn.reports.palette import adapt_colours, method_styles, theme_css
from cislearn.reports.read import ReportData, read_report_data
from cislearn.reports.sections.averaged import averaged_section
from cislearn.reports.sections.calibration import calibration_section
from cislearn.reports.sections.choosing import choosing_section
from cislearn.reports.sections.comparison import comparison_section
from cislearn.reports.sections.counted_words import counted_words_section
from cislearn.reports.sections.distributions import distributions_section
from cislearn.reports.sections.domains import domains_section
from cislearn.reports.sections.explanations import explanation_sections
from cislearn.reports.sections.health import health_section
from cislearn.reports.sections.label_efficiency import (
    label_efficiency_of_left_out,
    label_efficiency_section,
)
from cislearn.reports.sections.label_shift import label_shift_section
from cislearn.reports.sections.leaks import leaks_section
from cislearn.reports.sections.left_out import left_out_section
from cislearn.reports.sections.origin import environment_section, origin_section
from cislearn.reports.sections.predictions import predictions_section
from cislearn.reports.sections.profiles import profiles_section
from cislearn.reports.sections.setting import data_section, model_section
from cislearn.reports.sections.strands import strands_section
from cislearn.reports.sections.training import learning_section
from cislearn.runs import EACH_RECORD

# A line may break after an en dash even before a space that may not; the word joiner forbids it.
UNBROKEN_DASH = f"\N{NO-BREAK SPACE}{DASH}\N{WORD JOINER}\N{NO-BREAK SPACE}"


def write_report(folder: Path, *, command: str | None = None) -> Path:
    """Write ``report.html`` into the folder of an experiment, of one run or of each domain's turn; give back its path.

    Parameters
    ----------
    folder : Path
        As ``cislearn train`` wrote it.
    command : str, optional
        The command that makes it again, where it is another one than the experiment recorded.

    Raises
    ------
    UserError
        If the folder is none of these, one of its files is absent or cut short, or the report cannot be written.
    """
    if (folder / EACH_RECORD).is_file():
        return write_each_report(folder, command=command)
    if (folder / TWO_TOWERS).is_file():
        raise UserError(
            "is a run of `express`, which wrote its report when it ended",
            where=folder,
            fix="Open report.html there, which runs of classes have none of; `express --overwrite` makes it anew.",
        )
    page = render(read_report_data(folder), command=command, explained=find_explained(folder))
    return write_page(page, folder)


def write_each_report(folder: Path, *, command: str | None = None) -> Path:
    """Write the ``report.html`` above the experiments in which each labelled domain is the target in turn.

    Parameters
    ----------
    folder : Path
        It holds ``each.json``, ``leave_one_out.tsv`` and, for each domain, the folder of its experiment.
    command : str, optional
        As for `write_report`.

    Raises
    ------
    UserError
        If one of these files is absent or cut short, or the report cannot be written.
    """
    return write_page(render_each(read_each(folder), command=command), folder)


def write_page(page: str, folder: Path, name: str = "report.html") -> Path:
    """Write a page into `folder`, whole or not at all; give back its path."""
    path = folder / name
    with file_written_whole(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def render(data: ReportData, *, command: str | None = None, explained: Sequence[Explained] = ()) -> str:
    """Make the page of an experiment or a run as HTML text; equal data give equal text."""
    return render_page(data.name, answer(data), key_facts(data), sections(data, command, explained))


def render_each(each: Each, *, command: str | None = None) -> str:
    """Make the page above the experiments of `target: each` as HTML text; equal data give equal text."""
    facts = {
        "Protocol": "each labelled domain left out in turn",
        "Selection": str(each.info.get("selection", "")).replace("_", " "),
        "Split": each.info.get("split", ""),
        "Seeds": _seeds(each.info["seeds"]),
        "Domains": listed(list(each.left_out.domains)),
    }
    styles = method_styles(each.left_out.methods)
    found = [
        left_out_section(each.left_out, styles),
        label_efficiency_of_left_out(each.left_out, styles),
        origin_section(command or each.info.get("command"), {}, each.config),
    ]
    kept = [section for section in found if section is not None]
    return render_page(each.name, answer_left_out(each.left_out), _told(facts), kept)


def render_page(name: str, answer: Answer, facts: list[tuple[str, str]], sections: list[Section]) -> str:
    """Fill the template: what was found, what it rests on, and the sections below."""
    can_sort = any(isinstance(block, Table) and block.is_sortable for section in sections for block in section.blocks)
    script = sorting() if can_sort else ""
    return fill("template.html.j2", name=name, answer=answer, facts=facts, sections=sections, script=script)


def sorting() -> str:
    """Return the script by which a page lets its tables be sorted."""
    return files("cislearn.reports").joinpath("sort.js").read_text(encoding="utf-8")


def fill(template: str, **values: Any) -> str:
    """Fill a template of this package, which finds the style of all pages as ``style``."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    package = files("cislearn.reports")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        loader=FunctionLoader(lambda name: package.joinpath(name).read_text(encoding="utf-8")),
    )  # fmt: skip
    environment.filters["adapt"] = adapt_colours
    environment.filters["unbroken"] = lambda text: text.replace(f" {DASH} ", UNBROKEN_DASH)
    style = theme_css() + package.joinpath("style.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(style=style, **values)


def sections(data: ReportData, command: str | None = None, explained: Sequence[Explained] = ()) -> list[Section]:
    """Make the sections that this experiment has something for, from top to bottom."""
    left_out = data.left_out
    methods = [*data.methods, *(left_out.methods if left_out else ())]
    styles = method_styles(list(dict.fromkeys(methods)))
    found = [
        comparison_section(data, styles),
        label_efficiency_section(data, styles),
        averaged_section(data, styles),
        predictions_section(data, styles),
        profiles_section(data, styles),
        distributions_section(data, styles),
        learning_section(data, styles),
        health_section(data, styles),
        domains_section(data, styles),
        label_shift_section(data, styles),
        choosing_section(data),
        calibration_section(data, styles),
        strands_section(data, styles),
        *explanation_sections(explained),
        counted_words_section(data),
        model_section(data),
        data_section(data),
        leaks_section(data, styles),
        environment_section(data),
        origin_section(command or data.info.get("command"), _known_of(data), data.config),
    ]
    if left_out is not None:
        stands_for = data.target if data.is_told_by_left_out else None
        # What the answer is told from stands first.
        found.insert(0 if stands_for else 1, left_out_section(left_out, styles, stands_for=stands_for))
    return [section for section in found if section is not None]


def key_facts(data: ReportData) -> list[tuple[str, str]]:
    """List what a number means nothing without: protocol, selection, split, seeds, target, window."""
    return _told(
        {
            "Protocol": _values(data, "protocol"),
            "Selection": _values(data, "selection"),
            "Split": split_in_words(data.dataset.get("split", {})),
            "Seeds": _seeds(data.seeds),
            "Target": data.target or "none",
            "Windows": f"{count(data.dataset['length'])} bp" if "length" in data.dataset else "",
        }
    )


def _told(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values, less those that are empty."""
    return [(name, str(value)) for name, value in known.items() if value]


def _seeds(seeds: Sequence[int]) -> str:
    """``3 (0, 1, 2)``."""
    return f"{len(seeds)} ({', '.join(map(str, seeds))})"


def _values(data: ReportData, column: str) -> str:
    """List the values of a text column of the summary, for the methods that have checkpoints to select."""
    trained = data.summary[data.summary["selection"] != "none"]
    return "; ".join(value.replace("_", " ") for value in dict.fromkeys(trained[column]))


def _known_of(data: ReportData) -> dict[str, Any]:
    """What the numbers depend on, by name."""
    return {
        "data": data.dataset.get("dataset"),
        "data hash": data.dataset.get("hash"),
        "run identity": data.info.get("identity"),
    }
