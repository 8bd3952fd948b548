"""Carry out an experiment: every method from every seed, then the tables and the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cislearn.atomic import the_only_one_in
from cislearn.data.dataset import Dataset, read_dataset
from cislearn.errors import UserError
from cislearn.experiment.claim import claim_rounds
from cislearn.experiment.completion import Experiment, complete, complete_each
from cislearn.experiment.config import EACH, ExperimentConfig
from cislearn.experiment.presets import tell_costs
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.rounds import FEWEST, Round, begin_rounds, labelled_domains, train_rounds
from cislearn.experiment.underway import Underway, begin

__all__ = ["Experiment", "run_experiment"]


def run_experiment(
    config: ExperimentConfig,
    *,
    search: Sequence[Path] = (),
    reporter: Reporter | None = None,
    overwrite: bool = False,
    command: str | None = None,
) -> Experiment:
    """Train, score and report all that `config` asks for; finished runs are kept, a partial one is resumed.

    Runs go seed by seed, so that an experiment broken off is still balanced over its methods.

    Parameters
    ----------
    config : ExperimentConfig
        Its `out` says where to.
    search : sequence of Path
        Folders in which the user's own encoders and objectives are looked for.
    reporter : Reporter, optional
        Hears of the progress.
    overwrite : bool
        Remove what the folder holds first; only ever a folder of an experiment.
    command : str, optional
        The command line, for the report.

    Raises
    ------
    UserError
        Where data, configuration or folder do not allow it, or another process is at work in the folder.
    """
    if config.out is None:
        raise UserError("is missing", where="out", fix="Say where the experiment shall stand: out: runs/NAME")
    dataset, reporter = read_dataset(config.data.path), reporter or Reporter()
    with the_only_one_in(config.out):
        return _carry_out(config, dataset, config.out, search, reporter, overwrite=overwrite, command=command)


def _carry_out(
    config: ExperimentConfig,
    dataset: Dataset,
    out: Path,
    search: Sequence[Path],
    reporter: Reporter,
    *,
    overwrite: bool,
    command: str | None,
) -> Experiment:
    if config.data.target == EACH:
        if EACH in dataset.spec.domains:
            raise UserError(
                f"{EACH!r} is the name of a domain of {config.data.path}, and asks for each of its domains too",
                where="data.target",
                fix="Prepare the data with another name for that domain.",
            )
        domains = labelled_domains(dataset, config.data.sources)
        claim_rounds(out, config, domains)
        rounds = begin_rounds(config, domains, dataset, out, search=search, reporter=reporter, overwrite=overwrite)
        return complete_each(config, domains, train_rounds(rounds, command), command)
    underway = begin(config, search=search, reporter=reporter, overwrite=overwrite, dataset=dataset)
    if reporter.asks_for_costs and not underway.is_trained:
        tell_costs(underway.setting, underway.methods)
    rounds = _rounds(underway, search, reporter, overwrite=overwrite)
    battery = underway.fit_battery()
    for seed in config.training.seeds:
        for method in underway.methods:
            underway.train(method, seed)
    left_out = train_rounds(rounds, command) if rounds else None
    return complete(underway, battery, command, left_out)


def _rounds(underway: Underway, search: Sequence[Path], reporter: Reporter, *, overwrite: bool) -> list[Round]:
    """Begin the rounds that give the estimate for a target without labels; none where it has some or few sources do."""
    roles, config = underway.setting.roles, underway.setting.config
    is_unlabelled = roles.target is not None and not len(roles.labelled_rows("target", "test"))
    domains = labelled_domains(roles.dataset, roles.sources)
    if not (is_unlabelled and config.leave_one_out and len(domains) >= FEWEST):
        return []
    reporter.note(
        f"{roles.target} has no label, so each of the {len(domains)} sources is left out in turn for an estimate"
        " (leave_one_out: false saves that time)"
    )
    methods = [method.config for method in underway.methods if method.labelled != "target"]
    folder = underway.folder.path / "leave_one_out"
    return begin_rounds(
        config.model_copy(update={"methods": methods}),
        domains,
        roles.dataset,
        folder,
        search=search,
        reporter=reporter,
        overwrite=overwrite,
    )
