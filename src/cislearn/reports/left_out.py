"""``leave_one_out.tsv``: what each method reaches on each labelled domain while that one is left out, and the mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from cislearn.errors import UserError
from cislearn.reports.files import UNFINISHED
from cislearn.reports.label_share import sees_target
from cislearn.reports.measures import in_order
from cislearn.reports.tables import LEAVE_ONE_OUT
from cislearn.runs import EXPERIMENT, read_record

MEAN = re.compile(r"mean over \d+ domains?")


@dataclass(frozen=True)
class LeftOut:
    """Each labelled domain left out in turn.

    Parameters
    ----------
    table : DataFrame
        As the file, metrics called by their keys. Rows whose domain is ``mean over N domains`` are the means.
    methods : tuple of str
        In the order of the experiment, simple models after those that were trained; differences are to the first.
    trained : tuple of str
        Those of the methods that are no simple models.
    n_seeds : int
        Of each method.
    is_oracle : bool
        Whether checkpoints were chosen with the labels of the domain that was left out.
    links : mapping of str to str
        Domain to the address of its own report, relative to this one; empty where they have none.
    """

    table: pd.DataFrame
    methods: tuple[str, ...]
    trained: tuple[str, ...]
    n_seeds: int
    is_oracle: bool = False
    links: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Tasks, in the order of the table."""
        return tuple(dict.fromkeys(self.table["task"]))

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The domains that were left out, in the order of the table."""
        return tuple(name for name in dict.fromkeys(self.table["domain"]) if not MEAN.fullmatch(name))

    @cached_property
    def means(self) -> pd.DataFrame:
        """The rows of means over the domains."""
        return self.table[~self.table["domain"].isin(self.domains)]

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """The differences to the first method, in the columns of ``comparison.tsv``."""
        rows = self.table[self.table["difference"].notna()]
        differences = rows[["difference", "difference_low", "difference_high"]].set_axis(
            ["difference", "low", "high"], axis=1
        )
        return pd.concat([rows[["method", "domain", "task", "metric"]], differences], axis=1).assign(
            baseline=self.methods[0]
        )

    def metrics_of(self, task: str) -> list[str]:
        """Metrics of `task`, the one that stands for it first."""
        return in_order(self.table.loc[self.table["task"] == task, "metric"])

    def sees_target(self, method: str) -> bool:
        """Whether `method` learns from the labels of the domain that is left out."""
        protocols = self.table.loc[self.table["method"] == method, "protocol"]
        return any(map(sees_target, protocols))

    @property
    def stamp(self) -> str:
        """``oracle`` where checkpoints were chosen with labels of the domain left out, else nothing."""
        return "oracle" if self.is_oracle else ""


def read_left_out(path: Path, info: Mapping[str, Any], rounds: Path) -> LeftOut:
    """Read ``leave_one_out.tsv``.

    Parameters
    ----------
    path : Path
        The file.
    info : mapping
        ``experiment.json`` or ``each.json``: methods, seeds, selection.
    rounds : Path
        Folder of the experiments in which the domains were left out, each in a folder of its own; it need not be there.

    Raises
    ------
    UserError
        If it is absent, cut short or without its means.
    """
    table = LEAVE_ONE_OUT.read(path)
    scored = list(dict.fromkeys(table["method"]))
    trained = tuple(name for name in info["methods"] if name in scored)
    methods = (*trained, *(name for name in scored if name not in trained))
    is_oracle = info.get("selection") == "oracle"
    left_out = LeftOut(table, methods, trained, len(info["seeds"]), is_oracle, _links(path.parent, rounds))
    if left_out.means.empty or not trained:
        problem = "has no row 'mean over N domains'" if trained else "has no row of a method of the experiment"
        raise UserError(problem, where=path, fix=UNFINISHED)
    return left_out


def _links(folder: Path, rounds: Path) -> dict[str, str]:
    """Map the target of each experiment below `rounds` that has a report to the address of that, from `folder`."""
    reports = [record.with_name("report.html") for record in sorted(rounds.glob(f"*/{EXPERIMENT}"))]
    return {
        read_record(report.with_name(EXPERIMENT))["target"]: quote(report.relative_to(folder).as_posix())
        for report in reports
        if report.is_file()
    }
