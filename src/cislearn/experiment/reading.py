"""From a YAML file and ``--set key=value`` to a configuration, with errors that name line and nearest known key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cislearn.errors import UserError, nearest
from cislearn.experiment.config import ExperimentConfig, Section

Key = tuple[str | int, ...]
FIX = "`cislearn new --schema` lists all keys."


def read_config(path: Path, settings: Iterable[str] = ()) -> ExperimentConfig:
    """Read an experiment from YAML; `settings` (``training.epochs=5``) replace what stands in the file.

    Relative paths are those of the working folder. Without `out`, the folder is ``runs/`` and the file's name.

    Raises
    ------
    UserError
        Where the file is not YAML, a key is unknown or a value not allowed: names the line and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = yaml.safe_load(text)
        lines = key_lines(yaml.compose(text), where=path)
    except FileNotFoundError as error:
        raise UserError("no such file", where=path, fix="`cislearn new NAME.yaml` writes one to fill in.") from error
    except UnicodeDecodeError as error:
        raise UserError("is not a text file in UTF-8", where=path, fix="Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise UserError(f"is not YAML: {getattr(error, 'problem', error)}", where=path, line=line) from error
    except (
        ValueError,
        IndexError,
    ) as error:  # PyYAML lets through what a value that looks like a date or number is not
        raise UserError(f"holds a value that is none: {error}", where=path, fix="Put it in quotes.") from error
    except RecursionError as error:
        raise UserError("holds itself (an alias *), or is nested too deeply", where=path) from error
    if not isinstance(values, dict):
        raise UserError(
            "is empty or no mapping of keys", where=path, fix="`cislearn new NAME.yaml` writes one to fill in."
        )
    values.setdefault("out", f"runs/{path.stem}")
    return make_config(values, settings, where=path, lines=lines)


def make_config(
    values: Mapping[str, Any],
    settings: Iterable[str] = (),
    *,
    where: Path | str = "configuration",
    lines: Mapping[Key, int] | None = None,
) -> ExperimentConfig:
    """Return the configuration of plain `values`; see `read_config`."""
    wanted = _copy(values)
    for setting in settings:
        _set(wanted, setting)
    try:
        return ExperimentConfig.model_validate(wanted)
    except ValidationError as error:
        raise _explain(error, where, lines or {}) from error


def dotted(settings: Mapping[str, Any], parents: Sequence[str] = ()) -> dict[str, Any]:
    """Return settings by dotted keys: sections are taken apart, so that one key of theirs leaves the others alone.

    What is a value by itself stays whole: an encoder with its options, the chromosomes of each part.
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        here = (*parents, *key.split("."))
        is_section = isinstance(value, Mapping) and _section(here) is not None
        found |= dotted(value, here) if is_section else {".".join(here): value}
    return found


def _set(values: dict[str, Any], setting: str) -> None:
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise UserError(f"{setting!r} is not key=value", where="--set", fix="For example --set training.epochs=5")
    *parents, last = key.split(".")
    place = values
    for parent in parents:
        below = place.get(parent)
        if isinstance(below, str):
            below = {"name": below}
        place[parent] = below if isinstance(below, dict) else {}
        place = place[parent]
    try:
        place[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problem = f"{text!r} is not a YAML value: {getattr(error, 'problem', error)}"
        raise UserError(
            problem, where=f"--set {key}", fix="Write a list as [1, 2] and quote the whole word."
        ) from error


def _copy(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {key: _copy(value) for key, value in values.items()}
    return [_copy(value) for value in values] if isinstance(values, list) else values


def key_lines(node: yaml.Node | None, key: Key = (), *, where: Path) -> dict[Key, int]:
    """Line of each key of a YAML document, 1-based. YAML itself would take the last of two equal keys in silence."""
    found: dict[Key, int] = {}
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            here, line = (*key, name.value), name.start_mark.line + 1
            if here in found:
                text = f"{'.'.join(map(str, here))} stands here and in line {found[here]}"
                raise UserError(text, where=where, line=line, fix="Keep one of the two.")
            found[here] = line
            found |= key_lines(value, here, where=where)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            found[(*key, i)] = value.start_mark.line + 1
            found |= key_lines(value, (*key, i), where=where)
    return found


def _explain(error: ValidationError, where: Path | str, lines: Mapping[Key, int]) -> UserError:
    """The first problem as a `UserError`."""
    problem = error.errors(include_url=False)[0]
    key = tuple(part for part in problem["loc"] if not (isinstance(part, str) and "[" in part))
    name = ".".join(str(part) for part in key)
    line = next((lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in lines), None)
    if problem["type"] == "extra_forbidden":
        text = _not_known(key)
    elif problem["type"] == "missing":
        text = f"{name} is missing"
    else:
        text = f"{name}: {problem['msg'][0].lower()}{problem['msg'][1:]}; it is {problem['input']!r}"
    return UserError(text, where=where, line=line, fix=FIX)


def check_key(key: str, where: Path | str, line: int | None = None) -> None:
    """Refuse a dotted key that the configuration does not have; options of a part that is named are left to that part.

    Raises
    ------
    UserError
        With the nearest key.
    """
    parts = key.split(".")
    for n in range(1, len(parts) + 1):
        section = _section(parts[: n - 1])
        if section is not None and parts[n - 1] not in section.model_fields:
            raise UserError(_not_known(parts[:n]), where=where, line=line, fix=FIX)


def _not_known(key: Sequence[str | int]) -> str:
    """Say that the last part of a key is not known where the others are, and which is near."""
    section, name = _section(key[:-1]), ".".join(map(str, key))
    prefix = "".join(f"{part}." for part in key[:-1])
    return f"{name} is not known{nearest(name, [prefix + known for known in section.model_fields] if section else [])}"


def _section(key: Sequence[str | int]) -> type[Section] | None:
    """Return the section of the configuration that a key leads to; None where it leads to a value, or nowhere."""
    section: type[Section] = ExperimentConfig
    for part in key:
        field = section.model_fields.get(str(part))
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, Section)):
            return None
        section = annotation
    return section
