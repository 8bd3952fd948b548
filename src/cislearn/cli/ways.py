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
    options = {str(part.name): part.opts[0] for part in context.command.params if part.param_type_name == "option"}
    given = [name for name in options if is_given(context, name)]
    for chosen, way in ways.items():
        if chosen in given:
            allowed = {chosen} | way.own | way.shared | ALWAYS
            for name in given:
                if name not in allowed:
                    others = sorted(text for each, text in options.items() if each in allowed - {chosen})
                    fix = f"It takes {', '.join(others)}."
                    raise UserError(f"does not go with {option(chosen)}", where=options[name], fix=fix)
            return
    for name in given:
        for chosen, way in ways.items():
            if name in way.own:
                raise UserError(f"goes with {option(chosen)}, which is not given", where=options[name])


def is_given(context: typer.Context, name: str) -> bool:
    """Whether an option was given on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def option(name: str) -> str:
    """Return an option as it is written."""
    return f"--{name.replace('_', '-')}"
