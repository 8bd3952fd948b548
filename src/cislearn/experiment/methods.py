"""Methods by name: which objective, and whose labels it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cislearn.errors import UserError, nearest
from cislearn.experiment.config import MethodConfig
from cislearn.objectives.objective import Objective, objectives
from cislearn.registry import check_options


@dataclass(frozen=True)
class Method:
    """What a method of the configuration stands for.

    Parameters
    ----------
    config : MethodConfig
        As configured.
    objective : type
        The objective's class.
    labelled : {"sources", "target"}
        Whose labels training sees. ``target`` makes it an upper bound for methods that may not.
    """

    config: MethodConfig
    objective: type[Objective]
    labelled: Literal["sources", "target"] = "sources"

    @property
    def title(self) -> str:
        """Its name in folders and tables."""
        return self.config.title

    @property
    def needs_target(self) -> bool:
        """Whether it cannot do without a target domain."""
        return self.labelled == "target" or "target" in self.objective.draws

    def protocol(self, selection: str) -> str:
        """What its numbers are under a selection rule, in a few words."""
        if self.labelled == "target":
            return "upper bound: trained on target labels"
        if selection == "oracle":
            return "oracle: weights chosen by target labels"
        return "honest: no target label seen"

    def make(self) -> Objective:
        """Return a new objective.

        Raises
        ------
        UserError
            Where an option has a value that the objective refuses.
        """
        try:
            return self.objective(**self.config.options)
        except (TypeError, ValueError) as error:
            raise UserError(f"method {self.title}: {error}") from error


ALIASES: dict[str, tuple[str, Literal["sources", "target"]]] = {
    "source_only": ("supervised", "sources"),
    "target_labels": ("supervised", "target"),
}
"""Names for the supervised objective that say whose labels it sees."""


def resolve_method(config: MethodConfig, search: Sequence[Path] = ()) -> Method:
    """Return the method that a configuration names; options are checked against its objective.

    Raises
    ------
    UserError
        Where the name or an option is unknown.
    """
    name, labelled = ALIASES.get(config.name, (config.name, "sources"))
    if ":" not in name and name not in objectives.names():
        known = [*objectives.names(), *ALIASES]
        raise UserError(f"method {config.name!r} is not known{nearest(config.name, known)}")
    objective = objectives.get(name, search)
    check_options(objective, config.options, what=f"method {config.name}")
    return Method(config, objective, labelled)
