"""Studies that are no list of experiments on windows: each is carried out by a function of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cislearn.studies.deepreg import run_deepreg
from cislearn.studies.deepreg.networks import run_networks
from cislearn.studies.small_cnn import run_small_cnn


@dataclass(frozen=True)
class OwnWay:
    """A study that goes its own way; all of them are made of real data.

    Parameters
    ----------
    name : str
        As the command line names it.
    habit : str
        What it does, by which options of other studies do not go with it.
    run : callable
        Of three folders: that of the real data, one for what it makes, one for its results. Returns the page.
    takes : tuple of str
        Options of other studies that go with it, which `run` takes by name.
    resumes : bool
        Whether it goes on where it was broken off.
    """

    name: str
    habit: str
    run: Callable[..., Path]
    takes: tuple[str, ...] = ()
    resumes: bool = False


OWN_WAYS = {
    study.name: study
    for study in (
        OwnWay("deepreg", "trains no network", run_deepreg),
        OwnWay("deepreg_networks", "trains one network after the other", run_networks, ("size", "only"), resumes=True),
        OwnWay("small_cnn", "is begun anew each time", run_small_cnn, ("size",)),
    )
}
"""Each by its name."""
