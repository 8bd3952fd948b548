"""Where a process stands, as whoever started it says, and what is told where it cannot join the others."""

from __future__ import annotations

import os
import socket

import pytest

from cislearn.engine.processes import ALONE, Place, current, find_place, join, meeting_point
from cislearn.errors import UserError

SRUN = {"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8", "SLURM_LOCALID": "1", "SLURM_NTASKS": "8"}
MEETING = {"MASTER_ADDR": "node1", "MASTER_PORT": "29500"}


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, None),
        ({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}, Place(5, 8, 1)),
        (SRUN | MEETING, Place(3, 8, 1)),
        (SRUN | MEETING | {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0"}, Place(0, 2, 0)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_LOCALID": "0"}, None),
        (SRUN | {"SLURM_STEP_NUM_TASKS": "1"}, None),
    ],
    ids=["nobody", "torchrun", "srun", "torchrun within srun", "a batch script, which is no step", "a step of one"],
)
def test_the_place_is_what_torchrun_or_srun_say(variables, place):
    assert find_place(variables) == place


def test_srun_without_a_meeting_point_is_told_how_to_give_one():
    with pytest.raises(UserError, match=r"(?s)MASTER_ADDR: srun has started several.*export MASTER_ADDR=\$\(scontrol"):
        find_place(dict(SRUN))


def test_a_port_that_is_taken_is_told(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
        monkeypatch.setenv("MASTER_PORT", str(port))
        with pytest.raises(UserError, match=rf"MASTER_PORT \(127\.0\.0\.1:{port}\): the port is taken(?s:.*)29501"):
            join(Place(0, 2, 0), patience=5)
    assert current() is ALONE


def test_processes_that_do_not_come_are_waited_for_and_named_by_the_place(monkeypatch):
    with meeting_point() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(UserError, match="process 1 of 2 could not meet the others there within 2 s"):
            join(Place(1, 2, 1), patience=2)
    assert "RANK" not in os.environ  # else all that this process starts takes itself for the second of two
