"""Parts by name: ours, and any class that a user's own file or package holds."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from cislearn.errors import UserError, nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """Named parts of one kind (encoders, objectives ...).

    Parameters
    ----------
    kind : str
        What the parts are, for messages: ``"encoder"``.
    home : str
        The package whose modules register themselves when imported; it is imported at the first look-up.
    """

    def __init__(self, kind: str, home: str) -> None:
        self.kind, self.home = kind, home
        self._parts: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Class decorator that makes a part known as `name`."""

        def add(part: T) -> T:
            if name in self._parts and _address(self._parts[name]) != _address(part):
                raise ValueError(f"two {self.kind}s are called {name!r}")
            self._parts[name] = part
            return part

        return add

    def names(self) -> list[str]:
        """Names of all registered parts, sorted."""
        importlib.import_module(self.home)
        return sorted(self._parts)

    def get(self, name: str, search: Sequence[Path] = ()) -> T:
        """Return the part called `name`, or that which ``package.module:Class`` or ``path/to/file.py:Class`` points to.

        Parameters
        ----------
        name : str
            A registered name, or an address with a colon.
        search : sequence of Path
            Folders in which a relative ``file.py`` or a package is looked for, beside the Python path.

        Raises
        ------
        UserError
            Where nothing of that name exists; says the nearest known name.
        """
        if ":" in name:
            return self._load(name, search)
        if name not in self.names():
            raise UserError(
                f"{self.kind} {name!r} is not known{nearest(name, self._parts)}",
                fix=f"A {self.kind} of your own is given as package.module:Class or file.py:Class.",
            )
        return self._parts[name]

    def _load(self, address: str, search: Sequence[Path]) -> T:
        place, _, attribute = address.rpartition(":")
        try:
            module = _import_file(place, search) if place.endswith(".py") else _import_package(place, search)
        except (ImportError, SyntaxError, TypeError, ValueError) as error:  # the last three: no name of a module
            raise UserError(f"{self.kind} {address!r} cannot be imported: {error}") from error
        if not hasattr(module, attribute):
            raise UserError(f"{place} has no {attribute!r}{nearest(attribute, vars(module))}", where=address)
        return getattr(module, attribute)


def _address(part: object) -> tuple[object, object]:
    """Return module and name: those of a part do not change when its file is read a second time."""
    return getattr(part, "__module__", None), getattr(part, "__qualname__", part)


def _import_file(place: str, search: Sequence[Path]) -> ModuleType:
    for path in [Path(place), *(folder / place for folder in search)]:
        if path.is_file():
            spec = importlib.util.spec_from_file_location(f"{path.stem} at {path.resolve()}", path)
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module  # dataclasses look their module up there
            spec.loader.exec_module(module)
            return module
    raise ImportError(f"no file {place} here or in {', '.join(map(str, search)) or 'any searched folder'}")


def _import_package(place: str, search: Sequence[Path]) -> ModuleType:
    added = [str(folder) for folder in search]
    sys.path[:0] = added
    try:
        return importlib.import_module(place)
    finally:
        for folder in added:
            sys.path.remove(folder)


def options_of(part: Callable[..., Any]) -> dict[str, Any]:
    """Return the options of a part and their defaults: what is keyword-only, or has a default and a keyword."""
    parameters = inspect.signature(part).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.kind is p.KEYWORD_ONLY or (p.kind is p.POSITIONAL_OR_KEYWORD and p.default is not p.empty)
    }


def check_options(part: Callable[..., Any], options: Mapping[str, Any], *, what: str) -> None:
    """Refuse options that `part` does not take, with the nearest that it does.

    Raises
    ------
    UserError
        Names the option and `what` it was given to.
    """
    parameters = inspect.signature(part).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return
    for name in options:
        if name not in options_of(part):
            raise UserError(f"{what} has no option {name!r}{nearest(name, options_of(part))}")
