"""One command in several processes: started here, by torchrun or by srun; the first one does it, the others help."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import typer


def how_many(asked: int) -> int:
    """Return the processes that whoever started this one has started, where `asked` leaves it to them; else `asked`."""
    from cislearn.engine.processes import find_place

    place = find_place(os.environ)
    return asked if place is None or asked > 1 else place.world


def in_processes(n: int, work: Callable[[], None]) -> None:
    """Do `work` in this process or, where there are several, in the first of them.

    Where nobody has started the others, the same command is started `n` times on this machine.
    """
    from cislearn.engine.launch import end_with_launcher, launch
    from cislearn.engine.processes import LostProcess, find_place, join, leave
    from cislearn.errors import UserError
    from cislearn.experiment.following import follow

    place = find_place(os.environ)
    if place is None and n > 1:
        raise typer.Exit(launch(["-m", "cislearn", *sys.argv[1:]], n))
    if place is None or place.world == 1:
        work()
        return
    # One that waits for the others would never come to leave as `main` has it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_launcher()
    processes = join(place)
    try:
        if processes.is_first:
            work()
            processes.tell(None)
        else:
            follow(processes)
    except LostProcess as lost:
        if lost.is_told:
            _leave_at_once(2)
        _leave_at_once(2, f"error: {lost}")
    except KeyboardInterrupt:
        if processes.is_first:
            raise
        _leave_at_once(130)
    except UserError as error:
        processes.say_farewell()
        _leave_at_once(2, f"error: {error}")
    leave()


def _leave_at_once(status: int, message: str = "") -> None:
    """End the process; the usual way would wait for those that are not there any more."""
    if message:
        typer.echo(message, err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
