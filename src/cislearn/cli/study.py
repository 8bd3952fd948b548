"""``cislearn study``: carry out a study, or say what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def study(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Which; without a name of a study the message lists them.")],
    files: Annotated[
        Path | None, typer.Option(help="Folder of the real data that it is made of; none for simulated studies.")
    ] = None,
    size: Annotated[str, typer.Option(help="smoke (minutes), desk (what is committed) or paper.")] = "desk",
    out: Annotated[Path | None, typer.Option(help="Datasets and experiments; by default runs/studies/NAME.")] = None,
    results: Annotated[
        Path | None, typer.Option(help="Folder of the ledger and the tables; by default OUT/results.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="AXIS=VALUE[,VALUE]: only trials that have it, e.g. target=K562; several narrow it."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Trials that run at the same time, in processes of their own.")] = 1,
    job: Annotated[
        str | None,
        typer.Option(help="I/N: the I-th of N equal shares of the trials, for a scheduler's array."),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler on whose workers the trials run; they share --out and --results."
        ),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Time a few steps, say runs and core-hours, and leave.")] = False,
) -> None:
    """Run a study seed by seed; what stands in its ledger is not run again.

    Broken off, the same command goes on where it stood, on this machine or with the ledger on another. Processes that
    --job or --only gives different trials may share --out and --results.
    """
    from cislearn.atomic import alone
    from cislearn.cli.arguments import share_argument
    from cislearn.cli.processes import in_processes
    from cislearn.cli.progress import TerminalReporter, resumable
    from cislearn.cli.show import console, show_table
    from cislearn.errors import UserError, nearest
    from cislearn.studies import STUDIES
    from cislearn.studies.carry_out import Results, carry_out
    from cislearn.studies.dask_workers import dask_workers
    from cislearn.studies.jobs import carry_out_side_by_side, own_processes
    from cislearn.studies.plan import estimate_costs
    from cislearn.studies.show import plan_lines, progress_table, write_page
    from cislearn.studies.study import SIZES, choose_trials, deal_trials

    known = name.replace("-", "_")
    if known == DEEPREG:
        _without_training(context, files, out or Path("runs/studies") / known, results)
        return
    if known == NETWORKS:
        _networks(context, files, out or Path("runs/studies") / known, results, size, only or [])
        return
    if known == SMALL_CNN:
        _small_cnn(context, files, out or Path("runs/studies") / known, results, size)
        return
    if known not in STUDIES:
        names = [*STUDIES, DEEPREG, NETWORKS, SMALL_CNN]
        raise UserError(f"study {name!r} is not known{nearest(known, names)}", fix=f"Known: {', '.join(names)}.")
    if size not in SIZES:
        raise UserError(f"size {size!r} is not known{nearest(size, SIZES)}")
    chosen = STUDIES[known]()
    if chosen.needs_files and files is None:
        raise UserError(f"study {name!r} is made of real data", fix="Give --files with the folder that holds it.")
    out = out or Path("runs/studies") / known
    tables = Results.of(chosen, results or out / "results", size)
    if jobs > 1 and dask is not None:
        raise UserError(
            "the workers of a cluster are as many as they are", where="--jobs", fix="Leave it or --dask out."
        )
    if (jobs > 1 or dask is not None) and chosen.processes > 1:
        where = "--dask" if dask else "--jobs"
        fix = f"Leave {where} out, or give some of the trials to another command (--only)."
        raise UserError(f"each training of {name} runs in {chosen.processes} processes", where=where, fix=fix)
    print_ = console().print

    def work() -> None:
        print_(f"{chosen.title} (size: {size})")
        with alone(out / "datasets"):  # the first of several jobs makes them
            trials = chosen.trials(size, files or Path(), out)
        wanted = choose_trials(trials, only or [])
        if job is not None:
            wanted = deal_trials(wanted, *share_argument(job, "--job"))
        costs = estimate_costs(tables.unfinished(trials))
        show_table(progress_table(trials, tables, costs))
        for line in plan_lines(progress_table(wanted, tables, costs)):
            print_(line)
        if plan:
            return
        reporter, scored = TerminalReporter(), lambda: write_page(chosen, trials, tables, costs)
        if dask is not None or jobs > 1:
            with own_processes(jobs) if dask is None else dask_workers(dask) as pool:
                carry_out_side_by_side(chosen, wanted, tables, reporter, scored, pool=pool)
        else:
            carry_out(chosen, wanted, tables, reporter, scored)
        print_(f"results: {write_page(chosen, trials, tables, costs)}")

    with resumable():
        in_processes(1 if plan else chosen.processes, work)


DEEPREG = "deepreg"
"""The study that trains no network: some minutes, begun anew each time."""


NETWORKS = "deepreg_networks"
"""Its networks, which are no experiments on windows: a ledger of its own, one training at a time."""


SMALL_CNN = "small_cnn"
"""Trainings of seconds that are no experiments: begun anew each time, like the simple models."""


def _small_cnn(context: typer.Context, files: Path | None, out: Path, results: Path | None, size: str) -> None:
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console
    from cislearn.cli.ways import is_given, option
    from cislearn.errors import UserError, nearest
    from cislearn.studies.small_cnn import run_small_cnn
    from cislearn.studies.study import SIZES

    for name in ("only", "jobs", "job", "dask", "plan"):
        if is_given(context, name):
            raise UserError(f"does not go with {SMALL_CNN}, which is begun anew each time", where=option(name))
    if size not in SIZES:
        raise UserError(f"size {size!r} is not known{nearest(size, SIZES)}")
    if files is None:
        raise UserError(f"study {SMALL_CNN!r} is made of real data", fix="Give --files with the folder that holds it.")
    page = run_small_cnn(files, out, results or out / "results", size, progress=Steps())
    console().print(f"results: {page}")


def _networks(
    context: typer.Context, files: Path | None, out: Path, results: Path | None, size: str, only: list[str]
) -> None:
    from cislearn.cli.progress import Steps, resumable
    from cislearn.cli.show import console
    from cislearn.cli.ways import is_given, option
    from cislearn.engine.devices import choose_device
    from cislearn.errors import UserError
    from cislearn.studies.deepreg.networks import run_networks

    for name in ("jobs", "job", "dask", "plan"):
        if is_given(context, name):
            raise UserError(f"does not go with {NETWORKS}", where=option(name))
    if files is None:
        raise UserError(f"study {NETWORKS!r} is made of real data", fix="Give --files with the folder that holds it.")
    with resumable():
        page = run_networks(files, out, results or out / "results", size, only, choose_device("auto"), Steps())  # type: ignore[arg-type]
    console().print(f"results: {page}")


def _without_training(context: typer.Context, files: Path | None, out: Path, results: Path | None) -> None:
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console
    from cislearn.cli.ways import is_given, option
    from cislearn.errors import UserError
    from cislearn.studies.deepreg import run_deepreg

    for name in ("size", "only", "jobs", "job", "dask", "plan"):
        if is_given(context, name):
            raise UserError(f"does not go with {DEEPREG}, which trains no network", where=option(name))
    if files is None:
        raise UserError(f"study {DEEPREG!r} is made of real data", fix="Give --files with the folder that holds it.")
    page = run_deepreg(files, out, results or out / "results", progress=Steps())
    console().print(f"results: {page}")
