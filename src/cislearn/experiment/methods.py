"""Methods by name: which objective, and whose labels it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cislearn.errors import UserError, nearest
from cislearn.experiment.config import MethodConfig
from cislearn.experiment.roles import Sight
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
    labelled : {"sources", "both", "share", "target"}
        Whose labels training sees: `Sight`. ``target`` makes it an upper bound for methods that may not.
    share : float
        Of the target's labels, how many may be seen.
    source_share : float
        Of the sources' labels, how many may be seen.
    knew_target : bool
        Whether training begins at a run that saw labels of the target.
    """

    config: MethodConfig
    objective: type[Objective]
    labelled: Sight = "both"
    share: float = 0.0
    source_share: float = 1.0
    knew_target: bool = False

    @property
    def title(self) -> str:
        """Its name in folders and tables."""
        return self.config.title

    @property
    def needs_target(self) -> bool:
        """Whether it cannot do without a target domain."""
        return self.labelled in ("share", "target") or "target" in self.objective.draws

    def sees_share(self, selection: str) -> bool:
        """Whether the labelled share of the target has a part in training or in the choice of the weights."""
        return self.share > 0 and (self.labelled in ("both", "share") or selection == "target_validation")

    def protocol(self, selection: str) -> str:
        """What its numbers are under a selection rule, in a few words."""
        if not self.objective.learns_task:
            return "pre-training: no label seen, scored by a head that was not trained"
        if self.labelled == "target":
            return "upper bound: trained on target labels"
        sees_share = self.sees_share(selection)
        seen = of_target(self.share if sees_share else 0)
        if self.knew_target:
            seen = "target labels seen by the run that it begins at" + (f", {seen}" if sees_share else "")
        some = of_sources(self.source_share) if self.sees_few_of_sources else ""
        if selection != "oracle":
            return f"honest: {seen}{some}"
        others = f", {seen}" if sees_share or self.knew_target else ""
        return f"oracle: weights chosen by target labels{others}{some}"

    @property
    def sees_few_of_sources(self) -> bool:
        """Whether training sees labels of the sources, and only a share of these."""
        return self.source_share < 1 and self.labelled in ("sources", "both")

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


def of_target(share: float) -> str:
    """Say in a protocol which share of the target's labels was seen."""
    return f"{100 * share:g} % of the target labels seen" if share else "no target label seen"


def of_sources(share: float) -> str:
    """Say the same of the sources' labels; nothing where all of them were."""
    return f", {100 * share:g} % of the source labels seen" if share < 1 else ""


ALIASES: dict[str, tuple[str, Sight]] = {
    "source_only": ("supervised", "sources"),
    "source_and_target": ("supervised", "both"),
    "target_only": ("supervised", "share"),
    "target_labels": ("supervised", "target"),
}
"""Names for the supervised objective that say whose labels it sees."""


def resolve_method(
    config: MethodConfig,
    search: Sequence[Path] = (),
    share: float = 0.0,
    source_share: float = 1.0,
    *,
    knew_target: bool = False,
) -> Method:
    """Return the method that a configuration names; options are checked against its objective.

    `share` is that of the target's labels which training may see, `source_share` that of the sources', and
    `knew_target` whether it begins at a run that saw labels of the target.

    Raises
    ------
    UserError
        Where the name or an option is unknown.
    """
    name, labelled = ALIASES.get(config.name, (config.name, "both"))
    if ":" not in name and name not in objectives.names():
        known = [*objectives.names(), *ALIASES]
        raise UserError(f"method {config.name!r} is not known{nearest(config.name, known)}")
    objective = objectives.get(name, search)
    check_options(objective, config.options, what=f"method {config.name}")
    return Method(config, objective, labelled, share, source_share, knew_target)
