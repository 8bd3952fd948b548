"""A configuration with every key and what it means, written from the typed configuration itself."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cislearn.experiment.config import DataConfig, ExperimentConfig

HEAD = """\
# An experiment: what is trained, on what, and how it is judged. Every key below has the default that it would have
# anyway, but for data.path; unknown keys are refused. Single values can be changed on the command line:
#   cislearn train {name} --set training.epochs=20
"""


def commented_config(data: Path, target: str) -> str:
    """Return the YAML text of a default experiment on `data`, each key with its meaning behind it."""
    config = ExperimentConfig(data=DataConfig(path=data, target=None if target == "null" else target))
    if config.data.target is None:
        config = config.model_copy(update={"methods": [config.methods[0].model_copy(update={"name": "supervised"})]})
    lines = _section(config, 0, skip={"out"})
    return HEAD.format(name="THIS_FILE.yaml") + "\n".join(lines) + "\n"


def _section(section: BaseModel, depth: int, skip: Collection[str] = ()) -> list[str]:
    lines = []
    for name, field in type(section).model_fields.items():
        if name in skip:
            continue
        value, indent = getattr(section, name), "  " * depth
        comment = f"  # {field.description}" if field.description else ""
        if isinstance(value, BaseModel) and type(value).model_config.get("extra") != "allow":
            lines += [f"{indent}{name}:{comment}", *_section(value, depth + 1)]
        elif isinstance(value, list) and value and isinstance(value[0], BaseModel):
            lines += [f"{indent}{name}:{comment}", *(f"{indent}  - {_inline(item)}" for item in value)]
        else:
            lines.append(f"{indent}{name}: {_inline(value)}{comment}")
    return lines


def _inline(value: Any) -> str:
    """A value as YAML on one line; a part with nothing but its name as the name."""
    if isinstance(value, BaseModel):
        values = value.model_dump(mode="json", exclude_none=True)
        return str(values["name"]) if set(values) == {"name"} else json.dumps(values)
    if isinstance(value, str | Path):
        text = str(value)
        return text if re.fullmatch(r"[A-Za-z_./][\w./-]*", text) else json.dumps(text, ensure_ascii=False)
    return json.dumps(value)
