"""``cislearn study``: carry out a study, or say what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cislearn.errors import UserError
    from cislearn.studies.own_ways import OwnWay


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
    from cislearn.studies.own_ways import OWN_WAYS
    from cislearn.studies.plan import estimate_costs
    from cislearn.studies.show import plan_lines, progress_table, write_page
    from cislearn.studies.study import SIZES, choose_trials, deal_trials

    known = name.replace("-", "_")
    out = out or Path("runs/studies") / known
    if size not in SIZES:
        raise UserError(f"size {size!r} is not known{nearest(size, SIZES)}")
    if known in STUDIES:
        chosen = STUDIES[known]()
    elif known in OWN_WAYS:
        _go_own_way(context, OWN_WAYS[known], files, out, results or out / "results")
        return
    else:
        names = [*STUDIES, *OWN_WAYS]
        raise UserError(f"study {name!r} is not known{nearest(known, names)}", fix=f"Known: {', '.join(names)}.")
    if chosen.needs_files and files is None:
        raise _without_files(name)
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


def _go_own_way(context: typer.Context, study: OwnWay, files: Path | None, out: Path, results: Path) -> None:
    from contextlib import nullcontext

    from cislearn.cli.progress import Steps, resumable
    from cislearn.cli.show import console
    from cislearn.cli.ways import is_given, option
    from cislearn.errors import UserError

    for name in ("size", "only", "jobs", "job", "dask", "plan"):
        if name not in study.takes and is_given(context, name):
            raise UserError(f"does not go with {study.name}, which {study.habit}", where=option(name))
    if files is None:
        raise _without_files(study.name)
    taken = {name: context.params[name] for name in study.takes}
    with resumable() if study.resumes else nullcontext():
        page = study.run(files, out, results, **taken, progress=Steps())
    console().print(f"results: {page}")


def _without_files(name: str) -> UserError:
    from cislearn.errors import UserError

    return UserError(f"study {name!r} is made of real data", fix="Give --files with the folder that holds it.")
