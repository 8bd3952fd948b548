"""The ``cislearn`` command: its verbs, and how errors reach the user."""

from __future__ import annotations

import os
import signal
import sys

import typer

from cislearn.cli import (
    attribute,
    compare,
    doctor,
    embed,
    evaluate,
    export,
    express,
    features,
    inspect,
    knock_out,
    motifs,
    new,
    predict,
    prepare,
    promoters,
    quickstart,
    regulators,
    report,
    runs,
    score,
    search,
    simulate,
    study,
    train,
    variants,
)
from cislearn.errors import UserError

app = typer.Typer(
    name="cislearn",
    help="Learn what regulatory DNA does, in cell types where few labels or none exist.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    quickstart,
    simulate,
    prepare,
    inspect,
    new,
    embed,
    train,
    search,
    express,
    knock_out,
    regulators,
    promoters,
    evaluate,
    export,
    compare,
    score,
    predict,
    attribute,
    motifs,
    features,
    variants,
    report,
    runs,
    study,
    doctor,
):
    name = verb.__name__.rpartition(".")[2]
    app.command(name.replace("_", "-"))(getattr(verb, name))


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:
    if version:
        from cislearn.version import __version__

        typer.echo(f"cislearn {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line. Problems that the user can mend end with one message and status 2, without a traceback."""
    # What is half written is taken away as Python leaves, and at SIGTERM (kill, scancel) it would not leave by itself.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except UserError as error:
        _leave(f"error: {error}", 2)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _leave(f"error: {place}{error.strerror or error}", 2)
    except MemoryError:
        _leave("error: there is not enough memory\n       Give fewer windows at once, or a smaller batch_size.", 2)
    except Exception as error:
        if os.environ.get("CISLEARN_TRACEBACK"):
            raise
        _leave(
            f"error: {type(error).__name__}: {error}\n       This looks like a fault of cislearn rather than of your"
            " input. Set CISLEARN_TRACEBACK=1 to see where it happened, and please report it.",
            1,
        )


def _leave(message: str, status: int) -> None:
    typer.echo(message, err=True)
    sys.exit(status)
