"""Write the pages of docs/ that are made from the code: the commands, the keys of a configuration, their JSON schema.

Run ``make docs`` after a change of a verb, of the configuration, or of the options of an encoder, method or schedule.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cislearn.experiment.config import STRAND_PRESETS, ExperimentConfig
from cislearn.experiment.methods import ALIASES
from cislearn.experiment.recipes import RECIPES
from cislearn.models.encoder import encoders
from cislearn.objectives.objective import objectives
from cislearn.objectives.schedules import SCHEDULES
from cislearn.registry import options_of
from tools.commands import commands_page
from tools.rows import row

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEAD = """\
# Configuration

*Written by `make docs` from the code; do not edit it here.*

An experiment is one YAML file. Every key but `data.path` has a default, and a key that is not listed here is refused.
`cislearn new NAME.yaml` writes a file with all keys in it, `cislearn new --schema` prints their JSON schema
([experiment.schema.json](experiment.schema.json)), which editors can check a file against, and
`cislearn train NAME.yaml --set training.epochs=20` changes single values.
"""
TABLE = ["| key | default | values | meaning |", "|---|---|---|---|"]


def pages() -> dict[str, str]:
    """Return the text of each page by its name."""
    schema = json.dumps(ExperimentConfig.model_json_schema(), indent=2)
    return {
        "commands.md": commands_page(),
        "configuration.md": configuration_page(),
        "experiment.schema.json": f"{schema}\n",
    }


def configuration_page() -> str:
    """Return the page of all keys, and of the options of encoders, methods and schedules."""
    lines = [HEAD, "## Keys", "", *TABLE, *_rows(ExperimentConfig), ""]
    presets = [f"`{name}` is `{json.dumps(each)}`" for name, each in STRAND_PRESETS.items()]
    lines += ["Presets of `model.reverse_complement`: " + "; ".join(presets) + ".", ""]
    lines += ["## Encoders", "", "Options stand beside the name: `encoder: {name: motif_cnn, motifs: 64}`.", ""]
    lines += _parts({name: encoders.get(name) for name in encoders.names()})
    lines += ["Where `training` does not say otherwise, an encoder takes the defaults above, but:", ""]
    lines += [f"- `{name}`: `{json.dumps(recipe)}`" for name, recipe in RECIPES.items()]
    lines += ["", "## Methods", "", "Options stand beside the name: `{name: adversarial, weight: 0.5}`.", ""]
    aliases = [f"`{name}` is `{what}` on the labels of the {whose}" for name, (what, whose) in ALIASES.items()]
    lines += ["; ".join(aliases) + ". [methods.md](methods.md) says what each method is for.", ""]
    lines += _parts({name: objectives.get(name) for name in objectives.names()})
    lines += ["## Schedules", "", "For `schedule` of a method: a name, or `{name: late, start: 0.3}`.", ""]
    lines += ["| schedule | options | what it is, p being the share of the training that is done |", "|---|---|---|"]
    lines += [_schedule_row(name, part) for name, part in SCHEDULES.items()]
    return "\n".join(lines).rstrip() + "\n"


def _rows(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield one row a key, those of a section below its own."""
    for name, info in section.model_fields.items():
        below = info.annotation
        if isinstance(below, type) and issubclass(below, BaseModel) and below.model_config.get("extra") != "allow":
            summary = info.description or _first_sentence(below)
            yield row(f"**{prefix}{name}**", "", "", summary)
            yield from _rows(below, f"{prefix}{name}.")
        else:
            default = "required" if info.is_required() else _plain(info.get_default(call_default_factory=True))
            yield row(f"`{prefix}{name}`", default, _values(info), info.description or "")


def _plain(value: Any) -> str:
    """Return a value as YAML has it, on one line."""
    if isinstance(value, BaseModel):
        values = value.model_dump(mode="json", exclude_none=True)
        return f"`{values['name']}`" if set(values) == {"name"} else f"`{json.dumps(values)}`"
    if isinstance(value, list):
        return "`[" + ", ".join(_plain(each).strip("`") for each in value) + "]`"
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value, default=str)}`"


def _values(info: FieldInfo) -> str:
    """Return the values that a key takes, as far as its type says."""
    if get_origin(info.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(info.annotation))
    return ""


def _schedule_row(name: str, part: Callable[..., Any]) -> str:
    options = ", ".join(f"`{key}: {value:g}`" for key, value in options_of(part).items())
    return row(f"`{name}`", options, _first_paragraph(inspect.cleandoc(part.__doc__ or "")))


def _parts(parts: dict[str, Callable[..., Any]]) -> list[str]:
    """Return a section for each part: its first paragraph, and its options with what its docstring says of them."""
    lines = []
    for name, part in parts.items():
        text = inspect.cleandoc(part.__doc__ or "")
        lines += [f"### `{name}`", "", _first_paragraph(text), ""]
        meanings = parameter_meanings(text)
        options = options_of(part)
        if options:
            rows = [row(f"`{key}`", _plain(value), *meanings.get(key, ("", ""))) for key, value in options.items()]
            lines += ["| option | default | values | meaning |", "|---|---|---|---|", *rows, ""]
    return lines


def parameter_meanings(docstring: str) -> dict[str, tuple[str, str]]:
    """Return type and meaning of each parameter in the ``Parameters`` section of a numpydoc docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", docstring, re.DOTALL | re.MULTILINE)
    entries = re.findall(r"^(\S.*?) : (.*)\n((?: {4}.*\n?|\n)*)", section[1] if section else "", re.MULTILINE)
    found: dict[str, tuple[str, str]] = {}
    for names, kind, text in entries:
        meaning = " ".join(text.replace("``", "`").split())
        found |= dict.fromkeys(names.split(", "), (kind.removesuffix(", optional"), meaning))
    return found


def _first_paragraph(text: str) -> str:
    """Return the text of a docstring up to its first section."""
    return re.split(r"\n\w+\n-+\n", text)[0].strip().replace("``", "`")


def _first_sentence(part: type) -> str:
    return inspect.cleandoc(part.__doc__ or "").split("\n")[0]


if __name__ == "__main__":
    for page, content in pages().items():
        (DOCS / page).write_text(content, encoding="utf-8")
        print(DOCS / page)
