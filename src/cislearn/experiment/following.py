"""What all processes but the first do: train with it whatever run it trains next, and write nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cislearn.data.dataset import read_dataset
from cislearn.engine.devices import choose_device
from cislearn.engine.processes import Processes
from cislearn.errors import UserError
from cislearn.experiment.composition import compose_methods
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.materials import gather_materials
from cislearn.experiment.methods import Method
from cislearn.experiment.roles import assign_roles
from cislearn.experiment.setting import Setting
from cislearn.models.network import Network
from cislearn.training.fit import fit
from cislearn.training.judge import Validation


@dataclass(frozen=True)
class Job:
    """A run that all processes are to train.

    Parameters
    ----------
    config : str
        Of its experiment, as JSON.
    search : tuple of Path
        Folders of the user's own parts.
    method : str
        Its title.
    seed : int
        Of the run.
    checkpoint : Path
        Which the first process writes, and all go on from.
    dataset : str
        Hash of the examples.
    """

    config: str
    search: tuple[Path, ...]
    method: str
    seed: int
    checkpoint: Path
    dataset: str

    @classmethod
    def of(cls, setting: Setting, method: Method, seed: int, checkpoint: Path) -> Job:
        """Return the job of a run."""
        config, dataset = setting.config.model_dump_json(), setting.roles.dataset.hash
        return cls(config, setting.search, method.title, seed, checkpoint, dataset)


def follow(processes: Processes) -> None:
    """Train what the first process trains, until it says that there is nothing left.

    Raises
    ------
    UserError
        Where this machine has other data than that of the first process.
    """
    while (job := processes.tell(None)) is not None:
        setting, methods = _settled(job.config, job.search, processes)
        if setting.roles.dataset.hash != job.dataset:
            raise UserError(
                "holds other examples here than where the first process reads it",
                where=setting.config.data.path,
                fix="Give all machines the same data, best on a disk that they share.",
            )
        method = next(method for method in methods if method.title == job.method)
        made = gather_materials(setting, method, job.seed)
        fit(
            made.network,
            made.objective,
            made.batches,
            made.views,
            _never,
            made.plan,
            checkpoint=job.checkpoint,
            device=setting.device,
            processes=processes,
        )


@lru_cache(maxsize=1)
def _settled(config: str, search: Sequence[Path], processes: Processes) -> tuple[Setting, list[Method]]:
    """Return data and methods of a configuration that the first process has checked; its runs share them."""
    wanted = ExperimentConfig.model_validate_json(config)
    dataset = read_dataset(wanted.data.path)
    roles = assign_roles(dataset if wanted.data.tracks else dataset.without_tracks(), wanted.data)
    setting = Setting(wanted, roles, choose_device(wanted.training.device), tuple(search), processes=processes)
    return setting, compose_methods(wanted, search)


def _never(network: Network) -> Validation:
    raise AssertionError("the first process validates")
