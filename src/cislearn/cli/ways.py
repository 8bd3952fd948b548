"""A verb that works in several ways: an option that would do nothing in the way chosen is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import typer

from cislearn.errors import UserError

ALWAYS = {"out", "overwrite"}
"""Options that go with every way."""


class Way(NamedTuple):
    """Options of a way: those that it has to itself, and those that it shares with the common one."""

    own: frozenset[str]
    shared: frozenset[str]


def refuse_options_of_other_ways(context: typer.Context, ways: Mapping[str, Way]) -> None:
    """Refuse an option that was given and does not go with the way that was chosen.

    Parameters
    ----------
    context : Context
        Of the verb.
    ways : mapping of str to Way
        By the option that chooses it. Where none is given the way is the common one.

    Raises
    ------
    UserError
        With the option and what it does not go with, or what it needs.
    """
    given = [name for name in context.params if is_given(context, name)]
    for chosen, options in ways.items():
        if chosen in given:
            allowed = {chosen} | options.own | options.shared | ALWAYS
            for name in given:
                if name not in allowed:
                    fix = f"It takes {', '.join(map(option, sorted(allowed - {chosen})))}."
                    raise UserError(f"does not go with {option(chosen)}", where=option(name), fix=fix)
            return
    for name in given:
        for way, options in ways.items():
            if name in options.own:
                raise UserError(f"goes with {option(way)}, which is not given", where=option(name))


def is_given(context: typer.Context, name: str) -> bool:
    """Whether an option was given on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def option(name: str) -> str:
    """Return an option as it is written."""
    return f"--{name.replace('_', '-')}"
