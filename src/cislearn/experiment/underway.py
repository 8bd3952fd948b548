"""An experiment under way: data, methods and folder are settled, and its runs can be trained one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cislearn.baselines import BATTERY, GappedKmerSVM
from cislearn.data.dataset import Dataset
from cislearn.engine.devices import choose_device
from cislearn.errors import UserError
from cislearn.experiment.battery import SimpleModel, fit_battery
from cislearn.experiment.claim import claim_folder, run_identity, split_identity
from cislearn.experiment.composition import check_composition, compose_methods
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.counted_words import joined_in_words
from cislearn.experiment.domain_check import check_target, composition_record
from cislearn.experiment.labelled import labelled_notes, write_labelled
from cislearn.experiment.learned_before import leave_out_learned
from cislearn.experiment.methods import Method
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.roles import assign_roles
from cislearn.experiment.setting import Setting
from cislearn.experiment.single import train_run
from cislearn.models.encoder import encoders
from cislearn.models.network import Network
from cislearn.models.summary import summary_record
from cislearn.runs import ExperimentFolder, RunFolder


@dataclass(frozen=True)
class Underway:
    """What is settled before the first training.

    Parameters
    ----------
    setting : Setting
        Configuration, data with their roles, device.
    methods : list of Method
        In the order of the configuration.
    identities : mapping of str to str
        Method's title to the hash of all that its runs depend on beside their seed.
    folder : ExperimentFolder
        Claimed.
    model : mapping
        ``model_summary.json``.
    composition : mapping, optional
        How far composition alone tells the target from the sources; see `composition_record`.
    """

    setting: Setting
    methods: Sequence[Method]
    identities: Mapping[str, str]
    folder: ExperimentFolder
    model: Mapping[str, Any]
    composition: Mapping[str, Any] | None

    @property
    def is_trained(self) -> bool:
        """Whether all runs are finished."""
        return all(run.is_finished for run in self.runs)

    @property
    def runs(self) -> list[RunFolder]:
        """All runs, method by method, seed by seed."""
        seeds = self.setting.config.training.seeds
        return [self.folder.run(method.title, seed) for method in self.methods for seed in seeds]

    def train(self, method: Method, seed: int) -> RunFolder:
        """Train one run, or keep it where it is finished."""
        run = self.folder.run(method.title, seed)
        if run.is_finished:
            self.setting.reporter.note(f"{method.title}, seed {seed}: finished before, kept")
            return run
        train_run(self.setting, method, seed, run, self.identities[method.title])
        self.setting.reporter.end(f"{run.info['seconds']:.0f} s")
        for task, told in run.info["kmer_counts"].items():
            self.setting.reporter.note(f"{method.title}, seed {seed}: {joined_in_words(task, told)}")
        for concern in run.info["concerns"]:
            self.setting.reporter.note(f"{method.title}, seed {seed}: {concern}")
        return run

    def fit_battery(self) -> dict[SimpleModel, RunFolder]:
        """Fit the simple models, or keep those that are fitted; empty where the configuration wants none."""
        config = self.setting.config
        wanted: dict[str, Mapping[str, Any]] = {name: {} for name in BATTERY} if config.battery else {}
        if config.gkm_svm:
            wanted[GappedKmerSVM.name] = config.gkm_svm.model_dump()
        identity = split_identity(config, self.setting.roles.dataset.hash)
        return fit_battery(self.setting, wanted, self.folder.path / "battery", identity)


def begin(
    config: ExperimentConfig,
    *,
    search: Sequence[Path] = (),
    reporter: Reporter | None = None,
    overwrite: bool = False,
    dataset: Dataset,
) -> Underway:
    """Settle all that can be refused before anything is trained; takes what `run_experiment` does, and the dataset."""
    assert config.out is not None
    setting, methods, network, remarks = settle(config, dataset, search, reporter)
    if setting.processes.world != config.training.processes:
        raise UserError(
            f"{config.training.processes} processes are asked for, and {setting.processes.world} here",
            where="training.processes",
            fix="cislearn train starts as many as are asked for; torchrun and srun have to start that many.",
        )
    identities = run_identities(config, methods, dataset.hash, search)
    folder = ExperimentFolder(config.out)
    claim_folder(folder, config, identities, overwrite=overwrite)
    write_labelled(setting.roles, folder.path)
    model = summary_record(network, config.model.encoder.name)
    check = check_target(setting.roles)
    composition = None if check is None else composition_record(check)
    _tell(setting, model, remarks + ([composition["warning"]] if composition and composition["warning"] else []))
    return Underway(setting, methods, identities, folder, model, composition)


def settle(
    config: ExperimentConfig, dataset: Dataset, search: Sequence[Path] = (), reporter: Reporter | None = None
) -> tuple[Setting, list[Method], Network, list[str]]:
    """Return data and device, methods, a fresh network and remarks, all checked; no folder is touched."""
    methods = compose_methods(config, search)
    roles = assign_roles(dataset if config.data.tracks else dataset.without_tracks(), config.data)
    roles = leave_out_learned(roles, config)
    setting = Setting(config, roles, choose_device(config.training.device), tuple(search), reporter or Reporter())
    network = setting.card.build()
    return setting, methods, network, check_composition(config, methods, roles, network)


def run_identities(
    config: ExperimentConfig, methods: Sequence[Method], dataset_hash: str, search: Sequence[Path] = ()
) -> dict[str, str]:
    """Return the identity of the runs of each method, by its title."""
    encoder = encoders.get(config.model.encoder.name, search)
    return {method.title: run_identity(config, method, encoder, dataset_hash) for method in methods}


def _tell(setting: Setting, model: Mapping[str, Any], remarks: Sequence[str]) -> None:
    roles, say = setting.roles, setting.reporter.note
    spec, n = roles.dataset.spec, len(roles.dataset)
    adapted = "" if roles.target is None else f" -> {roles.target} (target)"
    say(f"{n:,} windows of {spec.length} bp: {', '.join(roles.sources)}{adapted}")
    say("; ".join([f"split: {roles.split.how}", *roles.split.notes]))
    say(f"leak check: {roles.leaks}")
    for note in labelled_notes(roles):
        say(note)
    if spec.tracks:
        say(f"tracks: {', '.join(track.name for track in spec.tracks)}, beside the sequence")
    say(f"model: {model['encoder']}, {model['parameters']:,} parameters, receptive field {model['receptive_field']} bp")
    say(f"device: {setting.device}")
    for remark in remarks:
        say(f"note: {remark}")
