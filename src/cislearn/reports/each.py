"""The folder above the experiments in which each labelled domain is the target in turn, as its report sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cislearn.errors import UserError
from cislearn.reports.files import UNFINISHED
from cislearn.reports.left_out import LeftOut, read_left_out
from cislearn.runs import EACH_RECORD, read_record


@dataclass(frozen=True)
class Each:
    """All that the report above the experiments draws from.

    Parameters
    ----------
    name : str
        Of the folder.
    left_out : LeftOut
        What each method reaches on each domain in its turn, with links to the reports that are there.
    info : mapping
        ``each.json``.
    config : str
        ``config.yaml`` as it stands; empty where it is absent.
    """

    name: str
    left_out: LeftOut
    info: Mapping[str, Any]
    config: str


def read_each(folder: Path) -> Each:
    """Read what an experiment with ``target: each`` leaves above those of its domains.

    Raises
    ------
    UserError
        If ``each.json`` or ``leave_one_out.tsv`` is absent, cut short or without what it has to hold.
    """
    info = read_record(folder / EACH_RECORD)
    for name in ("methods", "seeds"):
        if name not in info:
            raise UserError(f"has no {name!r}", where=folder / EACH_RECORD, fix=UNFINISHED)
    left_out = read_left_out(folder / "leave_one_out.tsv", info, folder)
    config = folder / "config.yaml"
    return Each(folder.resolve().name, left_out, info, config.read_text(encoding="utf-8") if config.is_file() else "")
