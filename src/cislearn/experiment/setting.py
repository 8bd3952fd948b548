"""What all runs of an experiment share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Int

from cislearn.engine.devices import Device
from cislearn.engine.processes import Processes, current
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.methods import Method
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.roles import Roles, Sight
from cislearn.models.saving import ModelCard


@dataclass(frozen=True)
class Setting:
    """Data, configuration and device.

    Parameters
    ----------
    config : ExperimentConfig
        As resolved.
    roles : Roles
        The dataset with its rows told apart.
    device : Device
        Where to compute.
    search : tuple of Path
        Folders in which the user's own parts are looked for.
    reporter : Reporter
        Hears of the progress.
    processes : Processes
        That train together: those that this one has joined.
    """

    config: ExperimentConfig
    roles: Roles
    device: Device
    search: tuple[Path, ...] = ()
    reporter: Reporter = field(default_factory=Reporter)
    processes: Processes = field(default_factory=current)

    def judged_rows(self, method: Method) -> Int[np.ndarray, " n"]:
        """Return the labelled validation rows that say which weights of a method are kept."""
        selection, roles = self.config.selection, self.roles
        if roles.target is not None and selection == "oracle":
            return roles.labelled_rows("target", "valid")
        sight: Sight = "share" if selection == "target_validation" else method.labelled
        return roles.seen_rows("sources" if sight == "both" else sight, "valid")

    @property
    def card(self) -> ModelCard:
        """The model that the configuration describes."""
        encoder = self.config.model.encoder
        return ModelCard(
            encoder=encoder.name,
            spec=self.roles.dataset.spec,
            options=encoder.options | self.config.model.reverse_complement.layers,
            predict=self.config.model.reverse_complement.predict,
            kmers=self.config.model.input.kmers,
            search=[str(folder) for folder in self.search] if ":" in encoder.name else [],
        )
