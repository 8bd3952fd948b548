"""The page of the command line: every verb with its arguments, options and defaults, as the command knows them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import typer

from cislearn.cli.main import app
from tools.rows import row

HEAD = """\
# Commands

*Written by `make docs` from the code; do not edit it here.*

`cislearn VERB --help` prints the same. An option that says *each* may be given several times.
"""
TABLE = ["| option | takes | default | meaning |", "|---|---|---|---|"]
TAKES = {Path: "a path", str: "text", int: "a number", float: "a number"}


def commands_page() -> str:
    """Return the page of all verbs, in the order of ``cislearn --help``."""
    lines = [HEAD]
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for verb in app.registered_commands:
        assert verb.name is not None and verb.callback is not None
        lines += _section(verb.name, verb.callback, known[verb.name].params)
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, callback: Callable[..., Any], parameters: list[Any]) -> Iterator[str]:
    """Yield what a verb does, how it is called, and a row for each thing that it takes, arguments first."""
    arguments = [_called(each) for each in parameters if _is_argument(each)]
    yield from (f"## `{name}`", "", inspect.getdoc(callback) or "", "")
    yield from ("```text", " ".join(["cislearn", name, *arguments, "[OPTIONS]"]), "```", "")
    if parameters:
        hints = get_type_hints(callback)
        shown = sorted((each for each in parameters if not each.hidden), key=lambda each: not _is_argument(each))
        yield from (*TABLE, *(_row(each, hints[each.name]) for each in shown), "")


def _is_argument(parameter: Any) -> bool:
    return not parameter.opts[0].startswith("-")


def _called(argument: Any) -> str:
    name = argument.name.upper() + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"


def _row(parameter: Any, hint: Any) -> str:
    off = parameter.secondary_opts if parameter.default is True else []
    names = [_called(parameter)] if _is_argument(parameter) else [*parameter.opts, *off]
    default = "required" if parameter.required else _default(parameter.default)
    return row(", ".join(f"`{name}`" for name in names), _takes(hint), default, parameter.help or "")


def _default(value: Any) -> str:
    """Return what it is unless it is given: nothing for a flag that is off, or where the meaning says it."""
    if value is None or value is False or value in ("", []):
        return ""
    return "`yes`" if value is True else f"`{value}`"


def _takes(hint: Any) -> str:
    """Return in words what a parameter of this type takes; nothing for a flag."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    if get_origin(hint) is list:
        return f"{_takes(get_args(hint)[0])}, each"
    return "" if hint is bool else TAKES[hint]
